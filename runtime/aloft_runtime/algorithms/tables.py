"""The files of a channel -> a table for XGBoost: features, labels, weights, query groups.

    table = read("/opt/ml/input/data", "train", {"ContentType": "text/csv"})   # None where the channel holds nothing

CSV has no header and the label first; LIBSVM is `label[:weight] [qid:q] index:value ...` with indices from 0; Parquet has the label in its
first column. Refused names the file and what is wrong with it.
Source: docs.aws.amazon.com/sagemaker/latest/dg/xgboost.html (Input/Output Interface).
"""

import csv
import io
import os
import stat

from .errors import Refused

CSV, LIBSVM, PARQUET = "csv", "libsvm", "parquet"
CONTENT_TYPES = {
    "": LIBSVM,
    "libsvm": LIBSVM,
    "text/libsvm": LIBSVM,
    "text/x-libsvm": LIBSVM,
    "csv": CSV,
    "text/csv": CSV,
    "parquet": PARQUET,
    "application/x-parquet": PARQUET,
}
DELIMITERS = ",;\t| "


class Table:
    def __init__(self, rows, labels, weights=None, queries=None):
        self.rows, self.labels, self.weights, self.queries = rows, labels, weights, queries


def kind_of(channel, config):
    """How the channel's files are written."""
    header = config.get("ContentType", "")
    media, *parameters = [part.strip().lower() for part in header.split(";")]
    kind = CONTENT_TYPES.get(media)
    if kind is None:
        raise Refused(f"The channel {channel} has the ContentType {header}; built are {', '.join(name for name in CONTENT_TYPES if name)}")
    for parameter in parameters:
        if kind == CSV and parameter.startswith("label_size=") and parameter != "label_size=1":
            raise Refused(f"The channel {channel} has the ContentType {header}; label_size must be 1")
    return kind


def files_of(base, channel, config):
    if config.get("TrainingInputMode") == "Pipe":
        return [os.path.join(base, f"{channel}_0")]
    found = []
    for directory, directories, names in os.walk(os.path.join(base, channel)):
        directories.sort()
        paths = (os.path.join(directory, name) for name in sorted(names) if name[0] not in "._")
        found += [path for path in paths if os.path.getsize(path) > 0]
    return found


def read(base, channel, config, weighted=False):
    kind = kind_of(channel, config)
    if config.get("TrainingInputMode") == "Pipe" and kind != CSV:
        raise Refused(f"The channel {channel} is a Pipe of {kind}; only CSV is read from a Pipe")
    parts = []
    for path in files_of(base, channel, config):
        where = os.path.relpath(path, base)
        try:
            part = _READERS[kind](path, where, weighted)
        except (ValueError, OverflowError, UnicodeDecodeError, csv.Error) as error:
            why = str(error).strip().splitlines()
            raise Refused(f"{where} is no {kind} that can be trained on: {why[0] if why else error!r}. " + _HINTS[kind]) from error
        if part is not None:
            parts.append(part)
    return _join(parts, channel) if parts else None


_HINTS = {
    CSV: "CSV has numbers only, no header, and the label in its first column.",
    LIBSVM: "LIBSVM has lines `label index:value ...`; data of another form needs the channel's ContentType, such as text/csv.",
    PARQUET: "Parquet has columns of numbers only, the label in the first.",
}


def _read_csv(path, where, weighted):
    import numpy
    import pandas

    # Opened once: a FIFO can be read only once.
    with open(path, "rb") as file:
        if not stat.S_ISFIFO(os.fstat(file.fileno()).st_mode) and os.fstat(file.fileno()).st_size == 0:
            return None
        first = file.peek(65536).split(b"\n", 1)[0].decode("utf-8-sig").strip()
        if not first and not file.peek(1):
            return None
        delimiter = next((d for d in DELIMITERS if d in first), ",")
        frame = pandas.read_csv(file, header=None, sep=delimiter, dtype=numpy.float32, skip_blank_lines=True)
    return _split(frame.to_numpy(), where, weighted)


def _read_parquet(path, where, weighted):
    import numpy
    import pandas

    return _split(pandas.read_parquet(path).to_numpy(dtype=numpy.float32), where, weighted)


def _split(values, where, weighted):
    import numpy

    first = 2 if weighted else 1
    if values.shape[1] <= first:
        raise Refused(f"{where} has {values.shape[1]} columns; it needs a label{', a weight' if weighted else ''} and features")
    labels = values[:, 0]
    if numpy.isnan(labels).any():
        raise Refused(f"{where} has rows without a label (the first column)")
    return Table(values[:, first:], labels, values[:, 1] if weighted else None)


def _read_libsvm(path, where, _weighted):
    import numpy
    from sklearn.datasets import load_svmlight_file

    with open(path, "rb") as file:
        content = file.read()
    weights = None
    if b":" in content.lstrip().split(None, 1)[0]:  # label:weight
        content, weights = _cut_weights(content)
    rows, labels, queries = load_svmlight_file(io.BytesIO(content), dtype=numpy.float32, zero_based=True, query_id=True)
    if not len(labels):
        return None
    return Table(rows, labels, weights, queries if queries.any() else None)


def _cut_weights(content):
    import numpy

    lines, weights = [], []
    for line in content.splitlines():
        label, _, rest = line.strip().partition(b" ")
        if not label or label.startswith(b"#"):
            continue
        label, _, weight = label.partition(b":")
        lines.append(label + b" " + rest)
        weights.append(float(weight or 1))
    return b"\n".join(lines), numpy.array(weights, dtype=numpy.float32)


_READERS = {CSV: _read_csv, LIBSVM: _read_libsvm, PARQUET: _read_parquet}


def _join(parts, channel):
    import numpy
    import scipy.sparse

    if scipy.sparse.issparse(parts[0].rows):
        width = max(part.rows.shape[1] for part in parts)
        for part in parts:
            part.rows.resize(part.rows.shape[0], width)
        rows = scipy.sparse.vstack([part.rows for part in parts], format="csr")
    else:
        if len({part.rows.shape[1] for part in parts}) > 1:
            raise Refused(f"The files of the channel {channel} do not all have the same number of columns")
        rows = numpy.concatenate([part.rows for part in parts]) if len(parts) > 1 else parts[0].rows
    for name in ("weights", "queries"):
        if len({getattr(part, name) is None for part in parts}) > 1:
            raise Refused(f"Some files of the channel {channel} have {name}, some have none")

    def joined(name):
        return None if getattr(parts[0], name) is None else numpy.concatenate([getattr(part, name) for part in parts])

    return Table(rows, joined("labels"), joined("weights"), joined("queries"))


def same_width(tables):
    """Sparse tables leave the last columns out where they are zero: all get the widest one's width."""
    import scipy.sparse

    width = max(table.rows.shape[1] for table in tables)
    for table in tables:
        if scipy.sparse.issparse(table.rows):
            table.rows.resize(table.rows.shape[0], width)
        elif table.rows.shape[1] != width:
            raise Refused(f"The channels have different numbers of features: {', '.join(str(t.rows.shape[1]) for t in tables)}")
