"""The built-in XGBoost's hyperparameters and tables, without XGBoost."""

import os
import pathlib
import sys
import threading

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "runtime"))

from aloft_runtime.algorithms import tables, xgboost_parameters
from aloft_runtime.algorithms.errors import Refused

CSV = {"ContentType": "text/csv"}


# Texts come as JSON (framework estimators) and as they are (generic ones); numbers leave as numbers, what is only ours does not reach XGBoost.
def test_parameters():
    values = xgboost_parameters.check({"objective": '"reg:linear"', "num_round": "5", "eta": "0.1", "silent": "1", "lambda": "2"})
    assert values == {"objective": "reg:squarederror", "num_round": 5, "eta": 0.1, "silent": "1", "lambda": 2.0}
    assert xgboost_parameters.of_booster(values) == {"objective": "reg:squarederror", "eta": 0.1, "lambda": 2.0}


# Each refusal names the parameter and what it may be.
@pytest.mark.parametrize(("given", "says"), [
    ({}, "num_round is missing"),
    ({"num_round": "0"}, "at least 1"),
    ({"num_round": "2.5"}, "an integer"),
    ({"eta": "1.5"}, "at most 1"),
    ({"subsample": "0"}, "more than 0"),
    ({"eta": "nan"}, "eta"),
    ({"booster": "tree"}, "gbtree, gblinear, dart"),
    ({"objective": "multi:softmax"}, "num_class"),
    ({"_kfold": "3"}, "not built"),
    ({"depth": "3"}, "no hyperparameter depth"),
])  # fmt: skip
def test_refused_parameters(given, says):
    with pytest.raises(Refused, match=says):
        xgboost_parameters.check(given if not given or "num_round" in given else given | {"num_round": "1"})


def write(tmp_path, name, text):
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


# Several files are one table, in the order of their names; what is empty, hidden or a mark of another system is none.
def test_csv(tmp_path):
    for name, text in (("b.csv", "0;3;4"), ("a.csv", "1;1;\n"), ("deep/c.csv", "1;5;6\n"), ("_SUCCESS", "x"), ("empty", "")):
        write(tmp_path, f"train/{name}", text)
    table = tables.read(str(tmp_path), "train", CSV)
    assert table.labels.tolist() == [1, 0, 1] and table.rows.shape == (3, 2) and table.rows[1].tolist() == [3, 4] and table.weights is None
    assert str(table.rows[0][1]) == "nan"  # missing, not zero
    (tmp_path / "none").mkdir()
    assert tables.read(str(tmp_path), "none", CSV) is None


# csv_weights: the second column.
def test_csv_weights(tmp_path):
    write(tmp_path, "train/a", "1,0.5,7\n0,2,8\n")
    table = tables.read(str(tmp_path), "train", CSV, weighted=True)
    assert table.weights.tolist() == [0.5, 2] and table.rows.tolist() == [[7], [8]]


# A channel in mode Pipe is read once, from its FIFO.
def test_csv_from_a_pipe(tmp_path):
    os.mkfifo(tmp_path / "train_0")
    writer = threading.Thread(target=(tmp_path / "train_0").write_text, args=["1,2,3\n0,4,5\n"])
    writer.start()
    table = tables.read(str(tmp_path), "train", CSV | {"TrainingInputMode": "Pipe"})
    writer.join()
    assert table.rows.tolist() == [[2, 3], [4, 5]]


# Indices from 0, files of different widths, weights and query groups as XGBoost reads them.
def test_libsvm(tmp_path):
    write(tmp_path, "train/a", "1 0:2 3:1\n0 1:5\n")
    write(tmp_path, "train/b", "1 5:1 # said\n")
    table = tables.read(str(tmp_path), "train", {})
    assert table.rows.shape == (3, 6) and table.rows[0, 3] == 1 and table.labels.tolist() == [1, 0, 1]
    write(tmp_path, "weighted/a", "1:0.5 qid:1 0:2\n0:2 qid:2 1:5\n")
    table = tables.read(str(tmp_path), "weighted", {"ContentType": "text/x-libsvm"})
    assert table.weights.tolist() == [0.5, 2] and table.queries.tolist() == [1, 2]


@pytest.mark.parametrize(("config", "text", "says"), [
    ({}, "1,2,3\n", "train/a is no libsvm"),
    (CSV, "y,a\n1,2\n", "no header"),
    (CSV, "1\n", "1 columns"),
    (CSV, ",2\n", "without a label"),
    ({"ContentType": "text/csv;label_size=2"}, "1,2\n", "label_size must be 1"),
    ({"ContentType": "image/png"}, "1,2\n", "image/png"),
    ({"TrainingInputMode": "Pipe"}, "1 0:1\n", "only CSV"),
])  # fmt: skip
def test_refused_tables(tmp_path, config, text, says):
    write(tmp_path, "train/a", text)
    with pytest.raises(Refused, match=says):
        tables.read(str(tmp_path), "train", config)
