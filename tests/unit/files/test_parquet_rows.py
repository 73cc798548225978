import subprocess
import sys
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from stream_monitor.core.errors import StreamMonitorError
from stream_monitor.core.events import Role
from stream_monitor.files.columns import FileColumns
from stream_monitor.files.rows import read
from tests.unit.files.written import everything, written

TEN = datetime(2026, 11, 21, 10, 0, 0, 123000, tzinfo=UTC).replace(tzinfo=None)
TEN_MS = 1795255200123


def stored(folder: Path, table: pa.Table, name: str = "fraud.parquet") -> Path:
    path = folder / name
    pq.write_table(table, path)
    return path


def test_types_become_what_json_has(tmp_path: Path) -> None:
    table = pa.table(
        {
            "f": pa.array([1.5, None, float("nan")]),
            "i": pa.array([1, None, 3], pa.int32()),
            "b": pa.array([True, None, False]),
            "s": pa.array(["x", None, "y"]),
            "dictionary": pa.array(["x", None, "x"]).dictionary_encode(),
            "decimal": pa.array([Decimal("1.25"), None, Decimal(3)]),
            "raw": pa.array([b"x", None, b"\xff"]),
            "day": pa.array([date(2026, 11, 21), None, date(1970, 1, 1)]),
            "moment": pa.array([TEN, None, TEN], pa.timestamp("ns", tz="Europe/Berlin")),
            "nested": pa.array([[1], None, []]),
        }
    )
    rows = [dict(row.features) for row in everything(read(stored(tmp_path, table))).rows]
    assert str(rows[2].pop("f")) == "nan"
    assert rows == [
        {
            "f": 1.5,
            "i": 1,
            "b": True,
            "s": "x",
            "dictionary": "x",
            "decimal": 1.25,
            "raw": "x",
            "day": "2026-11-21 00:00:00.000",
            "moment": "2026-11-21 10:00:00.123",
            "nested": [1],
        },
        dict.fromkeys(table.column_names),
        {
            "i": 3,
            "b": False,
            "s": "y",
            "dictionary": "x",
            "decimal": 3.0,
            "raw": "\ufffd",
            "day": "1970-01-01 00:00:00.000",
            "moment": "2026-11-21 10:00:00.123",
            "nested": [],
        },
    ]


@pytest.mark.parametrize(
    "times",
    [
        pa.array([TEN], pa.timestamp("ms")),
        pa.array([TEN], pa.timestamp("ns", tz="UTC")),
        pa.array([TEN.replace(tzinfo=UTC)], pa.timestamp("us", tz="America/New_York")),
        pa.array([TEN_MS]),
        pa.array([float(TEN_MS)]),
        pa.array(["2026-11-21T10:00:00.123Z"]),
        pa.array([str(TEN_MS)]),
    ],
)
def test_times_of_any_type(tmp_path: Path, times: "pa.Array[Any]") -> None:
    rows = read(stored(tmp_path, pa.table({"t": times, "a": [1]})), FileColumns(time="t"))
    assert rows.timed
    (row,) = everything(rows).rows
    assert row.time == TEN_MS
    assert row.features == {"a": 1}


def test_named_columns(tmp_path: Path) -> None:
    table = pa.table({"a": [1, 2], "p": [0.5, None], "y": ["x", None], "i": [10, 11]})
    got = everything(
        read(stored(tmp_path, table), FileColumns(probability="p", label="y", id="i", model="m"))
    )
    assert [row.outputs for row in got.rows] == [{"probability": 0.5, "label": "x"}, {"probability": None}]
    assert [row.id for row in got.rows] == ["10", "11"]
    assert [row.roles for row in got.rows] == [7, Role.FEATURES | Role.PREDICTION]
    assert {row.model for row in got.rows} == {"m"}


@pytest.mark.parametrize("size", [1, 4, 1000])
def test_the_size_of_chunks_does_not_matter(tmp_path: Path, size: int) -> None:
    path = tmp_path / "t.pq"
    pq.write_table(pa.table({"a": list(range(10)), "b": ["x", None] * 5}), path, row_group_size=3)
    got = everything(read(path, chunk_rows=size))
    assert got == everything(read(path))
    assert got.offsets == list(range(10))


def test_a_file_without_rows(tmp_path: Path) -> None:
    assert everything(read(stored(tmp_path, pa.table({"a": pa.array([], pa.int64())})))).rows == []


def test_no_column_may_occur_twice(tmp_path: Path) -> None:
    table = pa.table([[1], [2]], names=["a", "a"])
    with pytest.raises(StreamMonitorError, match="two columns are called 'a'"):
        read(stored(tmp_path, table))


@pytest.mark.parametrize("content", [b"", b"PAR1 but not really PAR1", b"a,b\n1,2\n"])
def test_what_is_no_parquet_is_a_clear_error(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(StreamMonitorError, match=r"t\.parquet: cannot be read as Parquet"):
        read(written(tmp_path, "t.parquet", content))


def test_a_damaged_page_is_a_clear_error(tmp_path: Path) -> None:
    path = stored(tmp_path, pa.table({"a": [f"text {i}" for i in range(5000)]}))
    raw = bytearray(path.read_bytes())
    raw[100:2000] = bytes(1900)
    path.write_bytes(raw)
    rows = read(path)
    with pytest.raises(StreamMonitorError, match="cannot be read as Parquet"):
        everything(rows)


def test_pyarrow_and_pandas_are_imported_by_no_one_but_parquet() -> None:
    code = "import sys, stream_monitor.files.rows, stream_monitor.files.reference; print('pyarrow' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
