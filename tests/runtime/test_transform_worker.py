"""The batch transform's own code: records, batches, filters, joins, order. No server, no sandbox."""

import gzip
import io
import json
import pathlib
import random
import struct
import subprocess
import sys
import textwrap
import threading
import time

import pytest

RUNTIME = pathlib.Path(__file__).resolve().parents[2] / "runtime"
sys.path.insert(0, str(RUNTIME))
from aloft_runtime.transform import Transform  # noqa: E402
from aloft_runtime.transforming import parquet  # noqa: E402
from aloft_runtime.transforming.jsonpath import PathError, compile_path  # noqa: E402
from aloft_runtime.transforming.records import MAGIC, BadInput, batches, split  # noqa: E402


def recordio(*contents, flags=None):
    out = b""
    for content, flag in zip(contents, flags or [0] * len(contents)):
        out += struct.pack("<II", MAGIC, flag << 29 | len(content)) + content + b"\0" * (-len(content) % 4)
    return out


def records_of(content, kind, limit=1 << 20):
    return list(split(io.BytesIO(content), kind, limit))


# What Parquet's readers read is what was written: kinds that widen, absent and late columns, lists, several row groups.
def test_parquet(tmp_path, monkeypatch):
    import duckdb
    import pyarrow.parquet

    monkeypatch.setattr(parquet, "ROWS_PER_GROUP", 100)
    rows = [{"whole": n, "wide": n / 3 if n % 2 else n, "text": f"\u00e9{n}", "yes": n % 3 == 0, "list": [n * 0.5] * (n % 4) if n % 5 else None,
             "texts": ["a", None] if n % 2 else [], "mixed": {"x": n} if n % 2 else 3, "nothing": None, **({"late": n} if n > 250 else {})}
            for n in range(333)]
    path = tmp_path / "rows.parquet"
    for written, expected in (([], []), (rows, rows)):
        with open(tmp_path / "scratch", "w+b") as scratch:
            made = parquet.Rows(scratch)
            for row in written:
                made.add(row)
            made.save(path)
        got = pyarrow.parquet.read_table(path).to_pylist()
        assert got == [{**row, "late": row.get("late"), "mixed": json.dumps(row["mixed"])} for row in expected]
    assert pyarrow.parquet.ParquetFile(path).metadata.num_row_groups == 4
    assert duckdb.sql(f"SELECT count(*), sum(whole), sum(len(list)), max(late) FROM '{path}'").fetchall() == [(333, 55278, 399, 332)]


# Lines without their ends, empty ones left out, a last one without an end kept.
def test_lines():
    assert records_of(b"a\r\n\nb b\n\xc3\xbc", "Line") == [b"a", b"b b", b"\xc3\xbc"]
    assert records_of(b"", "Line") == []
    assert records_of(b"123456\n1234567\n", "Line", 7) == [b"123456", b"1234567"]
    with pytest.raises(BadInput, match="MaxPayloadInMB"):
        records_of(b"12345678\n", "Line", 7)
    with pytest.raises(BadInput, match="MaxPayloadInMB"):
        records_of(b"1" * 100, "Line", 7)
    with pytest.raises(BadInput, match="MaxPayloadInMB"):
        records_of(b"1" * 100, "None", 7)


# RecordIO: framing kept, parts of a split record together, every way of being broken is said.
def test_recordio():
    content = recordio(b"abc", b"", b"12345678")
    assert b"".join(records_of(content, "RecordIO")) == content and len(records_of(content, "RecordIO")) == 3
    parts = recordio(b"one", b"two", b"three", b"alone", flags=[1, 2, 3, 0])
    assert [len(one) for one in records_of(parts, "RecordIO")] == [12 + 12 + 16, 16]
    for broken in (content[:-1], content[:5], b"x" * 12, recordio(b"one", flags=[1])):
        with pytest.raises(BadInput):
            records_of(broken, "RecordIO")


# TFRecord: kept whole.
def test_tfrecord():
    one = struct.pack("<Q", 3) + b"crc1" + b"abc" + b"crc2"
    assert records_of(one * 3, "TFRecord") == [one] * 3
    with pytest.raises(BadInput):
        records_of(one[:-1], "TFRecord")


# Batches hold what fits and lose nothing, whatever the sizes are.
def test_batches_keep_everything():
    chance = random.Random(7)
    for _ in range(200):
        records = [bytes([chance.randrange(97, 123)]) * chance.randrange(1, 30) for _ in range(chance.randrange(0, 60))]
        limit = chance.randrange(30, 90)
        made = list(batches(iter(records), "Line", "MultiRecord", limit))
        assert [record for batch in made for record in batch] == records
        assert all(len(b"\n".join(batch)) <= limit for batch in made)
        assert [len(batch) for batch in batches(iter(records), "Line", "SingleRecord", limit)] == [1] * len(records)


# The documented expressions, and what finds nothing or cannot be read.
@pytest.mark.parametrize("path, value, expected", [
    ("$[1:]", [1, 2, 3], [2, 3]), ("$[-1]", [1, 2, 3], 3), ("$[0,2]", [1, 2, 3], [1, 3]), ("$[:2]", [1, 2, 3], [1, 2]),
    ("$[0:5:2]", [1, 2, 3], [1, 3]), ("$.a.b", {"a": {"b": 1}}, 1), ("$['a b']", {"a b": 1}, 1),
    ("$['a','b']", {"a": 1, "b": 2, "c": 3}, {"a": 1, "b": 2}), ("$.SageMakerOutput[0].x", {"SageMakerOutput": [{"x": 5}]}, 5),
    ('$["a"]', {"a": 1}, 1)])
def test_paths(path, value, expected):
    assert compile_path(path)(value) == expected


def test_paths_that_are_wrong():
    assert compile_path("$") is None and compile_path(None) is None
    for path in ("a", "$[", "$..a", "$[?(@.a)]", "$[a]", "$.a]", "$[0:5:0]"):
        with pytest.raises(PathError):
            compile_path(path)
    for path, value in (("$.a", {}), ("$.a", [1]), ("$[3]", [1]), ("$[0]", {"a": 1})):
        with pytest.raises(PathError):
            compile_path(path)(value)


class Model:
    """Answers after a moment of chance, so that order must be kept by somebody."""

    def __init__(self, answer):
        self.answer, self.bodies, self.running, self.most = answer, [], 0, 0
        self._lock = threading.Lock()

    def invoke(self, body):
        with self._lock:
            self.bodies.append(body)
            self.running += 1
            self.most = max(self.most, self.running)
        time.sleep(random.random() * 0.002)
        with self._lock:
            self.running -= 1
        return self.answer(body)


def run(tmp_path, model, content, name="in.csv", **job):
    for folder in ("in", "out", "scratch"):
        (tmp_path / folder).mkdir(exist_ok=True)
    (tmp_path / "in" / name).write_bytes(content)
    job = {"TransformInput": {"ContentType": "text/csv", "SplitType": "Line", **job.pop("TransformInput", {})},
           "TransformOutput": {"AssembleWith": "Line", "Accept": "text/csv", **job.pop("TransformOutput", {})}, **job}
    transform = Transform(job, tmp_path / "in", tmp_path / "out", tmp_path / "scratch", model, {})
    transform.run([name])
    return (tmp_path / "out" / (name + ".out")).read_bytes()


def double(body):
    return b"\n".join(str(2 * int(line.split(b",")[0])).encode() for line in body.split(b"\n"))


# Ten thousand rows side by side: as many come out, in their order, and no more run at once than were asked for.
@pytest.mark.parametrize("strategy", ["MultiRecord", "SingleRecord"])
def test_order_and_count(tmp_path, strategy):
    rows = 3000
    model = Model(double)
    out = run(tmp_path, model, b"".join(b"%d,x\n" % n for n in range(rows)), BatchStrategy=strategy,
              MaxConcurrentTransforms=8, MaxPayloadInMB=1)
    assert out.splitlines() == [b"%d" % (2 * n) for n in range(rows)]
    assert model.most <= 8 and len(model.bodies) == (rows if strategy == "SingleRecord" else 1)


# gzip in, plain out.
def test_gzip(tmp_path):
    out = run(tmp_path, Model(double), gzip.compress(b"1\n2\n"), "a.csv.gz", TransformInput={"CompressionType": "Gzip"})
    assert out == b"2\n4\n"
    with pytest.raises(BadInput, match="a.csv.gz: it cannot be read"):
        run(tmp_path, Model(double), b"no gzip", "a.csv.gz", TransformInput={"CompressionType": "Gzip"})


# The id column is kept from the model, joined to the answer, and the rest left out: the documented use.
def test_csv_join_and_filters(tmp_path):
    model = Model(double)
    processing = {"InputFilter": "$[1:]", "JoinSource": "Input", "OutputFilter": "$[0,-1]"}
    out = run(tmp_path, model, b'id-1,10,"a,b"\nid-2,20,c\n', DataProcessing=processing)
    assert model.bodies == [b'10,"a,b"\n20,c']
    assert out == b"id-1,20\nid-2,40\n"


# JSON Lines: the answer under SageMakerOutput; a record that is no object under SageMakerInput.
def test_json_join(tmp_path):
    kinds = {"TransformInput": {"ContentType": "application/jsonlines"}, "TransformOutput": {"Accept": "application/jsonlines", "AssembleWith": "Line"}}

    def answer(body):
        return b"\n".join(json.dumps({"p": json.loads(line)}).encode() for line in body.splitlines())

    out = run(tmp_path, Model(answer), b'{"x": 1}\n[2]\n', "in.jsonl", DataProcessing={"JoinSource": "Input"}, **kinds)
    assert [json.loads(line) for line in out.splitlines()] == [
        {"x": 1, "SageMakerOutput": {"p": {"x": 1}}}, {"SageMakerInput": [2], "SageMakerOutput": {"p": [2]}}]
    out = run(tmp_path, Model(lambda body: b"[[1], [2]]"), b'{"x": 1}\n{"x": 2}\n', "in.jsonl",
              DataProcessing={"JoinSource": "Input", "OutputFilter": "$['x','SageMakerOutput']"}, **kinds)
    assert [json.loads(line)["SageMakerOutput"] for line in out.splitlines()] == [[1], [2]]


# What would lose rows silently is the job's failure, with the file's name.
def test_failures(tmp_path):
    with pytest.raises(BadInput, match="in.csv: the model answered 1 records for 2"):
        run(tmp_path, Model(lambda body: b"1"), b"1\n2\n", DataProcessing={"JoinSource": "Input"})
    with pytest.raises(BadInput, match="InputFilter: there is no element 5"):
        run(tmp_path, Model(double), b"1,2\n", DataProcessing={"InputFilter": "$[5]"})
    with pytest.raises(BadInput, match="one kind"):
        run(tmp_path, Model(double), b"1\n", DataProcessing={"JoinSource": "Input"}, TransformOutput={"Accept": "application/json"})
    assert not list((tmp_path / "out").rglob("*.out")), "no half file"


# The program as a task runs it: its own model server beside it, files shared between instances, the reason of a failure left behind.
def test_program(tmp_path):
    model = tmp_path / "model" / "code"
    model.mkdir(parents=True)
    (model / "inference.py").write_text(textwrap.dedent("""
        def model_fn(d): return 3
        def transform_fn(model, body, kind, accept):
            if "bad" in body:
                raise ValueError("a bad row")
            return "\\n".join(str(model * int(x)) for x in body.split()), "text/csv"
        """))
    for name, content in (("a.csv", "1\n2\n"), ("b.csv", "5"), ("deep/c.csv", "7\n")):
        path = tmp_path / "input/data" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    job = {"TransformInput": {"ContentType": "text/csv", "SplitType": "Line"}, "TransformOutput": {"AssembleWith": "Line"},
           "MaxConcurrentTransforms": 2, "ModelClientConfig": {"InvocationsMaxRetries": 0}}
    (tmp_path / "job.json").write_text(json.dumps(job))

    def go(index, count):
        command = [sys.executable, "-m", "aloft_runtime.transform", "--base", tmp_path, "--job", tmp_path / "job.json", "--socket",
                   tmp_path / "s", "--index", str(index), "--count", str(count), "--", sys.executable, "-m", "aloft_runtime.serve"]
        return subprocess.run(command, cwd=RUNTIME, capture_output=True, text=True, timeout=120)

    for index in (0, 1):
        done = go(index, 2)
        assert done.returncode == 0, done.stderr
    outputs = tmp_path / "output/data"
    assert {str(path.relative_to(outputs)): path.read_text() for path in outputs.rglob("*.out")} == {
        "a.csv.out": "3\n6\n", "b.csv.out": "15\n", "deep/c.csv.out": "21\n"}
    (tmp_path / "input/data/bad.csv").write_text("bad\n")
    done = go(0, 1)
    assert done.returncode == 1
    assert "bad.csv: Bad HTTP status received from algorithm: 500" in (tmp_path / "output/failure").read_text()
    (model / "inference.py").write_text("raise KeyError('weights')")
    assert go(0, 1).returncode == 1
    assert "KeyError: 'weights'" in (tmp_path / "output/failure").read_text()
