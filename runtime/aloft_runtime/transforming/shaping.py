"""What DataProcessing asks for: InputFilter before the model, JoinSource and OutputFilter after it, record by record.

JSON and JSON Lines: the answer goes into the record as "SageMakerOutput"; a record that is no object becomes
{"SageMakerInput": ..., "SageMakerOutput": ...}. CSV: the answer's fields are put after the record's.

With an Accept of Parquet the model is asked for the kind of its input, else for JSON, and its answers are rows with named columns.
"""

import csv
import io
import json

from .jsonpath import PathError, compile_path
from .records import BadInput

_JSON_LINES = ("application/jsonlines", "application/jsonl", "application/x-ndjson", "application/x-jsonlines")


PARQUET = ("application/vnd.apache.parquet", "application/x-parquet")


def _number(text):
    """A field of CSV as what it says."""
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            pass
    return text or None


def _kind(content_type):
    kind = (content_type or "").split(";")[0].strip().lower()
    return "csv" if kind == "text/csv" else "json" if kind == "application/json" or kind in _JSON_LINES else ""


def _is_parquet(content_type):
    return (content_type or "").split(";")[0].strip().lower() in PARQUET


def accept_of(job):
    """What the model is asked for; None: its own default."""
    accept = job["TransformOutput"].get("Accept")
    if not _is_parquet(accept):
        return accept
    source = job["TransformInput"].get("ContentType")
    return source if _kind(source) else "application/json"


class Shaping:
    def __init__(self, job):
        processing = job.get("DataProcessing") or {}
        self._select_input = compile_path(processing.get("InputFilter"))
        self._select_output = compile_path(processing.get("OutputFilter"))
        self._join = processing.get("JoinSource", "None") == "Input"
        self._input = _kind(job["TransformInput"].get("ContentType"))
        self.parquet = _is_parquet(job["TransformOutput"].get("Accept"))
        accept = accept_of(job)
        self._output = _kind(accept) if accept else self._input
        self._lines = job["TransformInput"].get("SplitType", "None") != "None"
        self.per_record = bool(self._join or self._select_output)
        if (self.per_record or self._select_input) and not (self._input and self._output == self._input):
            raise BadInput("DataProcessing needs a ContentType and an Accept of one kind: text/csv, application/json or application/jsonlines")

    def before(self, record):
        """The record as the model gets it."""
        if self._select_input is None:
            return record
        return self._write(self._apply(self._select_input, self._read(record), "InputFilter"))

    def after(self, batch, answer):
        """The records of the answer to a batch, one per record that went in."""
        answers = self._answers(answer, len(batch))
        if len(answers) != len(batch):
            raise BadInput(f"the model answered {len(answers)} records for {len(batch)}; joining and filtering need one for one")
        return [self._write(self._one(record, value)) for record, value in zip(batch, answers)]

    def rows(self, batch, answer):
        """The answer to a batch as rows of Parquet, one per record; an object that was not split may be answered with many."""
        answers = self._answers(answer, len(batch))
        if not self._lines and not self.per_record:
            if len(answers) == 1 and isinstance(answers[0], dict) and isinstance(answers[0].get("predictions"), list):
                answers = answers[0]["predictions"]
            elif len(answers) == 1 and isinstance(answers[0], list) and self._output != "csv":
                answers = answers[0]
        elif len(answers) != len(batch):
            raise BadInput(f"the model answered {len(answers)} records for {len(batch)}; Parquet with split records needs one for one")
        if self.per_record:
            answers = [self._one(record, value) for record, value in zip(batch, answers)]
        return [self._row(value) for value in answers]

    def _row(self, value):
        if isinstance(value, dict):
            return value
        if self._output != "csv" or not isinstance(value, list):
            return {"prediction": _number(value) if self._output == "csv" else value}
        name = "column" if self.per_record else "prediction"
        fields = [_number(field) if isinstance(field, str) else field for field in value]
        return {name: fields[0]} if len(fields) == 1 else {f"{name}_{index}": field for index, field in enumerate(fields)}

    def _one(self, record, value):
        if self._join:
            source = self._read(record)
            if self._input == "csv":
                value = source + (value if isinstance(value, list) else [value])
            elif isinstance(source, dict):
                value = {**source, "SageMakerOutput": value}
            else:
                value = {"SageMakerInput": source, "SageMakerOutput": value}
        if self._select_output:
            value = self._apply(self._select_output, value, "OutputFilter")
        return value

    def _answers(self, answer, count):
        text = answer.decode("utf-8-sig")
        if self._output == "csv":
            return [row for row in csv.reader(io.StringIO(text)) if row]
        if count == 1 or not self._lines:
            try:
                value = json.loads(text)
            except ValueError:
                value = None
            else:
                # A list of one row for one record, as models answer; anything else is the record's answer itself.
                return value if isinstance(value, list) and len(value) == count == 1 else [value]
        lines = [line for line in text.splitlines() if line.strip()]
        if len(lines) == 1:
            value = json.loads(lines[0])
            if isinstance(value, dict) and isinstance(value.get("predictions"), list):
                value = value["predictions"]
            return value if isinstance(value, list) else [value]
        return [json.loads(line) for line in lines]

    def _read(self, record):
        try:
            text = record.decode("utf-8-sig")
            return next(csv.reader([text])) if self._input == "csv" else json.loads(text)
        except (ValueError, StopIteration, csv.Error) as error:
            raise BadInput(f"a record is no valid {self._input}: {error}") from error

    def _write(self, value):
        if self._input == "csv":
            out = io.StringIO()
            csv.writer(out, lineterminator="").writerow(value if isinstance(value, list) else [value])
            return out.getvalue().encode()
        return json.dumps(value, ensure_ascii=False).encode()

    @staticmethod
    def _apply(select, value, name):
        try:
            return select(value)
        except PathError as error:
            raise BadInput(f"{name}: {error}") from error
