"""An input file as its records, in order, without ever holding more than one of them.

Line: the text between newlines, without its end ("\\r\\n" or "\\n"); a last line without an end counts, an empty line does not.
RecordIO: MXNet's framing (magic 0xced7230a, little-endian length word, padding to four bytes); a record is kept with its
framing, and the parts of a split record stay together. TFRecord: a length, its check sum, the data, its check sum; kept whole.
None: the file is one record.
"""

import gzip
import struct

MAGIC = 0xCED7230A


class BadInput(Exception):
    """The input is not what the job says it is; the message becomes the job's FailureReason."""


def open_input(path, compression):
    return gzip.open(path, "rb") if compression == "Gzip" else open(path, "rb")


def split(stream, kind, limit):
    """The records of a binary stream, as bytes of at most `limit` each."""
    reader = {"None": _whole, "Line": _lines, "RecordIO": _recordio, "TFRecord": _tfrecords}[kind]
    try:
        yield from reader(stream, limit)
    except (EOFError, OSError, gzip.BadGzipFile) as error:
        raise BadInput(f"it cannot be read: {error}") from error


def _too_large(limit):
    return BadInput(f"a record is larger than the payload limit of {limit} bytes (MaxPayloadInMB)")


def _whole(stream, limit):
    content = stream.read(limit + 1)
    if len(content) > limit:
        raise _too_large(limit)
    if content:
        yield content


def _lines(stream, limit):
    while line := stream.readline(limit + 2):
        if not line.endswith(b"\n") and len(line) > limit:
            raise _too_large(limit)
        line = line.removesuffix(b"\n").removesuffix(b"\r")
        if len(line) > limit:
            raise _too_large(limit)
        if line:
            yield line


def _exactly(stream, size, what):
    content = stream.read(size)
    if len(content) != size:
        raise BadInput(f"it ends in the middle of {what}")
    return content


def _recordio(stream, limit):
    parts = b""
    while head := stream.read(8):
        if len(head) != 8:
            raise BadInput("it ends in the middle of a RecordIO header")
        magic, word = struct.unpack("<II", head)
        if magic != MAGIC:
            raise BadInput("it is not RecordIO: a record does not begin with its magic number")
        flag, length = word >> 29, word & ((1 << 29) - 1)
        if len(parts) + 8 + length > limit:
            raise _too_large(limit)
        parts += head + _exactly(stream, length + (-length) % 4, "a RecordIO record")
        if flag in (0, 3):
            yield parts
            parts = b""
    if parts:
        raise BadInput("it ends in the middle of a RecordIO record")


def _tfrecords(stream, limit):
    while head := stream.read(12):
        if len(head) != 12:
            raise BadInput("it ends in the middle of a TFRecord header")
        length = struct.unpack("<Q", head[:8])[0]
        if 16 + length > limit:
            raise _too_large(limit)
        yield head + _exactly(stream, length + 4, "a TFRecord record")


def batches(records, kind, strategy, limit):
    """Lists of records that go to the model in one request: as many as fit the limit, or one at a time."""
    if strategy == "SingleRecord" or kind == "None":
        for record in records:
            yield [record]
        return
    separator = 1 if kind == "Line" else 0
    batch, size = [], 0
    for record in records:
        if batch and size + len(record) + separator > limit:
            yield batch
            batch, size = [], 0
        batch.append(record)
        size += len(record) + separator
    if batch:
        yield batch


def payload(batch, kind):
    return b"\n".join(batch) if kind == "Line" else b"".join(batch)
