import json
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from stream_monitor.core.errors import StreamMonitorError
from stream_monitor.files.cases import Case
from stream_monitor.files.columns import FileColumns
from stream_monitor.files.rows import read
from stream_monitor.files.tables import columns_of, table

T0 = 1_795_255_200_123
CASES = [
    Case(
        "a",
        T0,
        "7",
        {"n": 1, "x": 1, "b": True, "t": "x", "m": "DE", "big": 2**60},
        {"prediction": "yes"},
        True,
    ),
    Case(
        None,
        T0 + 1,
        None,
        {"n": 2, "x": 2.5, "b": None, "label": 3, "m": 4, "o": [1, {"k": None}]},
        {"prediction": "no", "probability": 0.5, "probability:yes": 0.25, "latency_ms": 3},
        None,
    ),
]


def written(path: Path, cases: Sequence[Case] = CASES, groups: int = 1) -> Path:
    with table(path, columns_of([cases]), json.dumps({"id": "9a1c"})) as write:
        for at in range(groups):
            write(cases[at * len(cases) // groups : (at + 1) * len(cases) // groups])
    return path


def test_parquet_has_a_column_for_everything_with_its_type(tmp_path: Path) -> None:
    file = pq.ParquetFile(written(tmp_path / "a.parquet", groups=2))
    types = {field.name: field.type for field in file.schema_arrow}
    assert types == {
        "id": pa.string(),
        "time": pa.timestamp("ms", tz="UTC"),
        "version": pa.string(),
        "b": pa.bool_(),
        "big": pa.string(),
        "feature:label": pa.int64(),
        "m": pa.string(),
        "n": pa.int64(),
        "o": pa.string(),
        "t": pa.string(),
        "x": pa.float64(),
        "prediction": pa.string(),
        "latency_ms": pa.int64(),
        "probability": pa.float64(),
        "probability:yes": pa.float64(),
        "label": pa.bool_(),
    }
    assert list(types)[:4] == ["id", "time", "version", "b"]
    assert file.num_row_groups == 2
    assert json.loads(file.schema_arrow.metadata[b"stream_monitor"]) == {"id": "9a1c"}
    rows = file.read().to_pylist()
    assert (rows[0]["m"], rows[1]["m"], rows[1]["o"]) == ("DE", "4", '[1,{"k":null}]')
    assert (rows[0]["big"], rows[0]["x"], rows[1]["feature:label"]) == (str(2**60), 1.0, 3)
    assert rows[1]["id"] is rows[1]["label"] is rows[0]["probability"] is None


@pytest.mark.parametrize("name", ["a.parquet", "a.csv"])
def test_what_is_written_is_read_back_as_rows_of_a_file(tmp_path: Path, name: str) -> None:
    columns = FileColumns(
        model="m",
        time="time",
        id="id",
        version="version",
        prediction="prediction",
        label="label",
        latency="latency_ms",
    )
    (decoded,) = list(read(written(tmp_path / name), columns))
    first, second = decoded.rows
    assert (first.id, first.time, first.version) == ("a", T0, "7")
    assert (second.id, second.time, second.version) == (None, T0 + 1, None)
    assert (first.outputs["prediction"], first.outputs["label"]) == ("yes", True)
    assert (first.features["b"], first.features["t"], second.features["x"]) == (True, "x", 2.5)
    assert "label" not in second.outputs
    assert decoded.rejected == []


def test_a_column_without_any_value_is_text(tmp_path: Path) -> None:
    cases = [Case("a", T0, None, {"x": None}, {}, None)]
    types = {field.name: field.type for field in pq.read_schema(written(tmp_path / "a.pq", cases))}
    assert types["x"] == types["prediction"] == types["label"] == pa.string()


def _interrupted(path: Path) -> None:
    with table(path, columns_of([CASES]), "{}") as write:
        write(CASES)
        raise KeyError


def test_a_file_is_there_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("before")
    with pytest.raises(KeyError):
        _interrupted(path)
    assert path.read_text() == "before"
    assert [one.name for one in tmp_path.iterdir()] == ["a.csv"]


@pytest.mark.parametrize("name", ["a", "a.json", "a.csv.gz", "a.parquet.gz"])
def test_another_suffix_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(StreamMonitorError, match=r"ends in \.parquet or \.csv"):
        written(tmp_path / name)


def test_a_folder_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(StreamMonitorError, match="cannot be written"):
        written(tmp_path / "nowhere" / "a.csv")
