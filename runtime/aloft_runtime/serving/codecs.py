"""Bytes <-> arrays for the content types that need no code of the user: JSON, CSV, NPY, LIBSVM.

Numbers stay 64-bit, so that a prediction equals the one the library makes in process. Arrays never hold pickled objects.
"""

import io
import json

from .errors import RequestError

JSON = "application/json"
CSV = "text/csv"
NPY = "application/x-npy"
TEXT = "text/plain"
LIBSVM = ("text/libsvm", "text/x-libsvm")  # what the SageMaker SDK sends to an XGBoost model
MAX_LIBSVM_COLUMNS = 1 << 20

# The members of a JSON object that may hold the rows: ours, TensorFlow Serving's, the Open Inference form's plain list.
ROW_MEMBERS = ("instances", "inputs", "features", "data")


def media_type(header: str) -> str:
    """The type without parameters, lower case: "text/csv; charset=utf-8" -> "text/csv"."""
    return header.split(";", 1)[0].strip().lower()


def decode(body: bytes, content_type: str, width=None):
    """The rows of a request body as a numpy array of two dimensions where the body holds numbers. `width`: the model's number of
    features, where it is known: rows that leave zeros out have it."""
    kind = media_type(content_type)
    if kind in LIBSVM:
        return _decode_libsvm(body, width)
    decoder = _DECODERS.get(kind)
    if decoder is None:
        supported = ", ".join(sorted(_DECODERS))
        raise RequestError(415, f"Content-Type {kind or '(none)'} is not supported; supported are {supported}")
    try:
        return decoder(body)
    except RequestError:
        raise
    except (ValueError, UnicodeDecodeError, EOFError, OSError) as error:
        raise RequestError(400, f"The body is not valid {kind}: {error}") from error


def _decode_json(body: bytes):
    import numpy

    value = json.loads(body)
    single = False
    if isinstance(value, dict):
        frame = _decode_frame(value)
        if frame is not None:
            return frame
        member = next((name for name in ROW_MEMBERS if name in value), None)
        if member is None:
            raise RequestError(400, "The JSON object has none of the members " + ", ".join(ROW_MEMBERS))
        single = member == "features"
        value = value[member]
    rows = numpy.array(value)
    if rows.dtype == object:
        raise RequestError(400, "The rows do not all have the same length")
    # {"features": [...]} is one row; a bare list of numbers stays as it is, as in SageMaker's own containers.
    return rows.reshape(1, -1) if single and rows.ndim == 1 else rows


def _decode_frame(value):
    """MLflow's scoring forms of a table: dataframe_split and dataframe_records; a pandas frame where pandas is there, so that models which
    look at column names see them, else an array. "inputs" may be a dictionary of columns."""
    if "dataframe_split" in value:
        table = value["dataframe_split"]
        if not isinstance(table, dict) or not isinstance(table.get("data"), list):
            raise RequestError(400, "dataframe_split needs the member data, and may have columns and index")
        columns, rows, index = table.get("columns"), table["data"], table.get("index")
    elif "dataframe_records" in value:
        records = value["dataframe_records"]
        if not isinstance(records, list) or not all(isinstance(record, dict) for record in records):
            raise RequestError(400, "dataframe_records is no list of objects")
        columns, index = list(records[0]) if records else [], None
        rows = [[record.get(column) for column in columns] for record in records]
    elif isinstance(value.get("inputs"), dict):
        columns, index = list(value["inputs"]), None
        if not all(isinstance(column, list) for column in value["inputs"].values()):
            raise RequestError(400, "inputs is no object of columns")
        rows = [list(row) for row in zip(*value["inputs"].values(), strict=True)]
    else:
        return None
    try:
        import pandas
    except ImportError:
        import numpy

        return numpy.array(rows)
    return pandas.DataFrame(rows, columns=columns, index=index)


def _decode_csv(body: bytes):
    import csv

    import numpy

    text = body.decode("utf-8-sig")
    rows = [row for row in csv.reader(io.StringIO(text)) if row]
    if not rows:
        raise RequestError(400, "The CSV body has no rows")
    if len({len(row) for row in rows}) != 1:
        raise RequestError(400, "The CSV rows do not all have the same number of fields")
    try:
        return numpy.array(rows, dtype=numpy.float64)
    except ValueError:
        return numpy.array(rows)  # text fields: the model decides


def _decode_npy(body: bytes):
    import numpy

    return numpy.load(io.BytesIO(body), allow_pickle=False)


def _decode_libsvm(body: bytes, width):
    """`label index:value ...`, indices from 0 as XGBoost reads them; what is left out is missing (NaN), also as XGBoost has it."""
    import numpy

    rows = []
    try:
        for line in body.decode("ascii").splitlines():
            fields = [field for field in line.split("#", 1)[0].split() if not field.startswith("qid:")]
            if not fields:
                continue
            if ":" not in fields[0]:
                fields = fields[1:]  # the label
            row = {int(index): float(value) for index, value in (field.split(":", 1) for field in fields)}
            if row and not 0 <= min(row) <= max(row) < (width or MAX_LIBSVM_COLUMNS):
                raise ValueError(f"an index is outside of the model's {width} features" if width else "an index is too large")
            rows.append(row)
    except (ValueError, UnicodeDecodeError) as error:
        raise RequestError(400, f"The body is not valid {LIBSVM[0]}: {error}") from error
    if not rows:
        raise RequestError(400, "The body has no rows")
    columns = width or 1 + max((max(row) for row in rows if row), default=0)
    array = numpy.full((len(rows), columns), numpy.nan)
    for number, row in enumerate(rows):
        for index, value in row.items():
            array[number, index] = value
    return array


_DECODERS = {JSON: _decode_json, CSV: _decode_csv, NPY: _decode_npy}


def choose(accept: str, default: str) -> str:
    """The first acceptable type that we can write, by quality and then by order; 406 where there is none."""
    offers = []
    for order, part in enumerate(accept.split(",")):
        kind, *parameters = [piece.strip().lower() for piece in part.split(";")]
        if not kind:
            continue
        quality = 1.0
        for parameter in parameters:
            if parameter.startswith("q="):
                try:
                    quality = float(parameter[2:])
                except ValueError:
                    quality = 0.0
        if quality > 0:
            offers.append((-quality, order, kind))
    if not offers:
        return default
    for _, _, kind in sorted(offers):
        if kind == "*/*" or (kind.endswith("/*") and default.startswith(kind[:-1])):
            return default
        if kind in _ENCODERS:
            return kind
    supported = ", ".join(sorted(_ENCODERS))
    raise RequestError(406, f"Accept {accept} is not supported; supported are {supported}")


def encode(prediction, content_type: str) -> bytes:
    """The prediction (array, list, or what json can write) in that type."""
    encoder = _ENCODERS.get(media_type(content_type))
    if encoder is None:
        raise RequestError(406, f"Accept {content_type} is not supported; supported are {', '.join(sorted(_ENCODERS))}")
    return encoder(prediction)


def _plain(value):
    """Arrays and numpy scalars as what json can write."""
    if hasattr(value, "tolist"):
        return value.tolist()
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if hasattr(value, "to_dict"):  # pandas
        return _plain(value.to_dict(orient="records") if value.ndim == 2 else value.to_list())
    return value


def _encode_json(prediction) -> bytes:
    return json.dumps(_plain(prediction)).encode()


def _encode_csv(prediction) -> bytes:
    import csv

    import numpy

    array = numpy.asarray(prediction)
    rows = array.reshape(-1, 1) if array.ndim <= 1 else array.reshape(array.shape[0], -1)
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(rows.tolist())
    return out.getvalue().encode()


def _encode_npy(prediction) -> bytes:
    import numpy

    out = io.BytesIO()
    numpy.save(out, numpy.asarray(prediction), allow_pickle=False)
    return out.getvalue()


_ENCODERS = {JSON: _encode_json, CSV: _encode_csv, NPY: _encode_npy}
