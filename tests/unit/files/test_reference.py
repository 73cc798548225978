import json
from pathlib import Path

import numpy as np

from stream_monitor.core.batch import Cell
from tests.unit.files.written import read_columns, written


def numbers(folder: Path, rows: int) -> Path:
    text = "x,name,customer_id\n" + "".join(f"{i},{'ab'[i % 2]}{i % 5},c{i}\n" for i in range(rows))
    return written(folder, "train.csv", text)


def test_a_short_file_is_read_whole_in_file_order(tmp_path: Path) -> None:
    columns = read_columns(numbers(tmp_path, 2500))
    assert list(columns) == ["x", "name", "customer_id"]
    np.testing.assert_array_equal(columns["x"].values, np.arange(2500.0))
    names = columns["name"]
    assert [names.texts[int(at)] for at in names.values[:3]] == ["a0", "b1", "a2"]
    assert (names.codes == Cell.TEXT).all()


def test_columns_are_excluded_by_name_or_glob(tmp_path: Path) -> None:
    assert list(read_columns(numbers(tmp_path, 3), exclude=["name", "*_id"])) == ["x"]


def test_a_long_file_is_sampled_evenly_and_always_the_same(tmp_path: Path) -> None:
    path = numbers(tmp_path, 20_000)
    columns = read_columns(path, max_rows=500)
    x = columns["x"].values
    assert len(x) == 500
    assert (np.diff(x) > 0).all()
    # a uniform sample of 500: each tenth of the file holds 50 ± 6.7 rows; five standard deviations
    assert np.abs(np.histogram(x, 10, (0, 20_000))[0] - 50).max() < 34
    np.testing.assert_array_equal(read_columns(path, max_rows=500)["x"].values, x)


def test_only_texts_that_occur_are_kept(tmp_path: Path) -> None:
    columns = read_columns(numbers(tmp_path, 20_000), max_rows=500)
    ids = columns["customer_id"]
    assert sorted(ids.texts[int(at)] for at in ids.values) == sorted(
        f"c{int(x)}" for x in columns["x"].values
    )
    assert len(ids.texts) == 500


def test_a_feature_that_a_row_has_not_is_absent(tmp_path: Path) -> None:
    events = [
        {"model": "a", "time": 1, "features": {"x": 1, "y": None}},
        {"model": "a", "time": 1, "prediction": "p"},
        {"model": "a", "time": 1, "features": {"x": True}},
    ]
    columns = read_columns(written(tmp_path, "e.jsonl", "\n".join(map(json.dumps, events))))
    assert columns["x"].codes.tolist() == [Cell.NUMBER, Cell.TRUE]
    assert columns["y"].codes.tolist() == [Cell.NULL, Cell.ABSENT]
