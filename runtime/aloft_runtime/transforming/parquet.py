"""Writes records as a Parquet file, with nothing but the standard library, in memory bounded by a row group.

    writer = Rows(scratch_file)
    writer.add({"id": 1, "score": 0.5})        # any number of rows, in order
    writer.save(path)

Columns are the members of the rows, in the order in which they first appear; all may be null. A column is BOOLEAN, INT64, DOUBLE, text, or a list of one
of them; integers and numbers together are DOUBLE, and what fits nothing else is text that holds JSON. The format:
https://github.com/apache/parquet-format, with plain values and gzip, which every reader has.
"""

import gzip
import itertools
import json
import struct

ROWS_PER_GROUP = 65_536
_MAGIC = b"PAR1"
_BOOLEAN, _INT64, _DOUBLE, _TEXT = 0, 2, 5, 6
_UTF8, _LIST, _JSON = 0, 3, 19  # converted types
_GZIP, _PLAIN, _RLE = 2, 0, 3
_INT64_RANGE = range(-(1 << 63), 1 << 63)


def _kind(value):
    """What one value is: None where it says nothing, else "boolean", "integer", "number", "text", "json"."""
    if value is None:
        return None
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int):
        return "integer" if value in _INT64_RANGE else "number"
    return "number" if isinstance(value, float) else "text" if isinstance(value, str) else "json"


def _merge(one, other):
    if one is None or other is None or one == other:
        return other if one is None else one
    return "number" if {one, other} == {"integer", "number"} else "json"


class _Column:
    """What is known of a column after all rows: of what kind its values are, and whether they are lists."""

    def __init__(self):
        self.kind, self.is_list, self.is_scalar = None, False, False

    def see(self, value):
        if isinstance(value, list):
            self.is_list = True
            for element in value:
                self.kind = _merge(self.kind, _kind(element))
        elif value is not None:
            self.is_scalar = True
            self.kind = _merge(self.kind, _kind(value))

    def settle(self):
        if self.is_list and (self.is_scalar or self.kind == "json"):
            self.is_list, self.kind = False, "json"
        self.kind = self.kind or "text"
        self.type = {"boolean": _BOOLEAN, "integer": _INT64, "number": _DOUBLE}.get(self.kind, _TEXT)

    def encode(self, values):
        if self.type == _BOOLEAN:
            out = bytearray((len(values) + 7) // 8)
            for index, value in enumerate(values):
                out[index // 8] |= value << (index % 8)
            return bytes(out)
        if self.type != _TEXT:
            return struct.pack(f"<{len(values)}{'q' if self.type == _INT64 else 'd'}", *values)
        texts = [(json.dumps(value, ensure_ascii=False) if self.kind == "json" else value).encode("utf-8", "surrogatepass") for value in values]
        return b"".join(struct.pack("<I", len(text)) + text for text in texts)


class Rows:
    def __init__(self, scratch):
        """`scratch`: a binary file that can be written and read again."""
        self._scratch, self._columns, self._count = scratch, {}, 0

    def add(self, row):
        for name, value in row.items():
            self._columns.setdefault(name, _Column()).see(value)
        self._scratch.write(json.dumps(row).encode() + b"\n")
        self._count += 1

    def save(self, path):
        columns = self._columns or {"prediction": _Column()}  # a file without columns is none
        for column in columns.values():
            column.settle()
        self._scratch.seek(0)
        groups = []
        with open(path, "wb") as out:
            out.write(_MAGIC)
            while lines := list(itertools.islice(self._scratch, ROWS_PER_GROUP)):
                rows = [json.loads(line) for line in lines]
                chunks = [_chunk(out, name, column, [row.get(name) for row in rows]) for name, column in columns.items()]
                groups.append({1: ("structs", chunks), 2: ("i64", sum(chunk[3][1][6][1] for chunk in chunks)), 3: ("i64", len(rows))})
            footer = _struct({1: ("i32", 1), 2: ("structs", _schema(columns)), 3: ("i64", self._count), 4: ("structs", groups),
                              6: ("text", "aloft")})
            out.write(footer + struct.pack("<I", len(footer)) + _MAGIC)


def _schema(columns):
    elements = [{4: ("text", "rows"), 5: ("i32", len(columns))}]
    for name, column in columns.items():
        leaf = {1: ("i32", column.type), 3: ("i32", 1), 4: ("text", "element" if column.is_list else name)}
        if column.type == _TEXT:
            leaf[6] = ("i32", _JSON if column.kind == "json" else _UTF8)
        if column.is_list:
            elements.append({3: ("i32", 1), 4: ("text", name), 5: ("i32", 1), 6: ("i32", _LIST)})
            elements.append({3: ("i32", 2), 4: ("text", "list"), 5: ("i32", 1)})
        elements.append(leaf)
    return elements


def _chunk(out, name, column, cells):
    """Writes one column of a row group as one page; returns its ColumnChunk."""
    if column.is_list:
        levels = [level for cell in cells for level in _levels(cell)]
        values = [value for cell in cells for value in cell or () if value is not None]
        page = _runs([repeat for repeat, _ in levels], 1) + _runs([define for _, define in levels], 2)
        path = [name, "list", "element"]
    else:
        levels = cells
        values = [cell for cell in cells if cell is not None]
        page = _runs([int(cell is not None) for cell in cells], 1)
        path = [name]
    page += column.encode(values)
    packed = gzip.compress(page, 1, mtime=0)
    header = _struct({1: ("i32", 0), 2: ("i32", len(page)), 3: ("i32", len(packed)),
                      5: ("struct", {1: ("i32", len(levels)), 2: ("i32", _PLAIN), 3: ("i32", _RLE), 4: ("i32", _RLE)})})
    offset = out.tell()
    out.write(header + packed)
    meta = {1: ("i32", column.type), 2: ("i32s", [_PLAIN, _RLE]), 3: ("texts", path), 4: ("i32", _GZIP), 5: ("i64", len(levels)),
            6: ("i64", len(header) + len(page)), 7: ("i64", len(header) + len(packed)), 9: ("i64", offset)}
    return {2: ("i64", offset), 3: ("struct", meta)}


def _levels(cell):
    """(repetition, definition) of a list's elements: of an absent list 0, an empty one 1, a null in it 2, a value 3."""
    if not cell:
        return [(0, 0 if cell is None else 1)]
    return [(int(index > 0), 2 if value is None else 3) for index, value in enumerate(cell)]


def _runs(levels, width):
    """Levels of at most `width` bits, at most eight, as runs of equal ones."""
    out = bytearray()
    for level, run in itertools.groupby(levels):
        out += _varint(sum(1 for _ in run) << 1) + bytes([level])
    return struct.pack("<I", len(out)) + bytes(out)


# Thrift's compact protocol, as far as the format needs it. A struct is {field: (kind, value)}.
_WIRE = {"i32": 5, "i64": 6, "text": 8, "structs": 9, "i32s": 9, "texts": 9, "struct": 12}


def _varint(value):
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def _value(kind, value):
    if kind in ("i32", "i64"):
        return _varint((value << 1) ^ (value >> 63))
    if kind == "text":
        text = value.encode("utf-8", "surrogatepass")
        return _varint(len(text)) + text
    if kind == "struct":
        return _struct(value)
    element = kind[:-1]
    head = bytes([len(value) << 4 | _WIRE[element]]) if len(value) < 15 else bytes([0xF0 | _WIRE[element]]) + _varint(len(value))
    return head + b"".join(_value(element, one) for one in value)


def _struct(fields):
    out, last = bytearray(), 0
    for field, (kind, value) in sorted(fields.items()):
        out.append((field - last) << 4 | _WIRE[kind])
        out += _value(kind, value)
        last = field
    return bytes(out) + b"\0"
