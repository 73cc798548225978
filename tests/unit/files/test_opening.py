import gzip
import io
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream_monitor.core.errors import StreamMonitorError
from stream_monitor.files.columns import FileColumns
from stream_monitor.files.opening import FileKind, bounded_lines, kind_of, line_blocks, stem_of
from stream_monitor.files.rows import read
from tests.unit.files.written import everything, written


@pytest.mark.parametrize(
    ("name", "kind", "stem"),
    [
        ("fraud.csv", FileKind.CSV, "fraud"),
        ("fraud.CSV.GZ", FileKind.CSV, "fraud"),
        ("fraud.v7.tsv", FileKind.CSV, "fraud.v7"),
        ("fraud.jsonl.gz", FileKind.JSON_LINES, "fraud"),
        ("fraud.json", FileKind.JSON_LINES, "fraud"),
        ("fraud.ndjson", FileKind.JSON_LINES, "fraud"),
        ("fraud.parquet", FileKind.PARQUET, "fraud"),
        ("fraud.pq", FileKind.PARQUET, "fraud"),
    ],
)
def test_kind_and_model_come_from_the_name(name: str, kind: FileKind, stem: str) -> None:
    assert kind_of(Path("data") / name) is kind
    assert stem_of(Path("data") / name) == stem


@pytest.mark.parametrize("name", ["fraud", "fraud.xlsx", "fraud.gz", "fraud.parquet.gz", ".csv"])
def test_other_extensions_are_refused_with_those_that_are_read(name: str) -> None:
    with pytest.raises(StreamMonitorError, match=r"\.jsonl"):
        kind_of(Path(name))


@pytest.mark.parametrize("name", ["no.csv", "no.csv.gz", "no.jsonl", "no.parquet"])
def test_a_missing_file_is_a_clear_error(tmp_path: Path, name: str) -> None:
    with pytest.raises(StreamMonitorError, match="no such file"):
        read(tmp_path / name)


@pytest.mark.parametrize("name", ["d.csv", "d.jsonl", "d.parquet"])
def test_a_directory_is_a_clear_error(tmp_path: Path, name: str) -> None:
    (tmp_path / name).mkdir()
    with pytest.raises(StreamMonitorError, match="cannot be read"):
        read(tmp_path / name)


def test_what_is_no_gzip_is_a_clear_error(tmp_path: Path) -> None:
    path = tmp_path / "t.csv.gz"
    path.write_bytes(b"a,b\n1,2\n")
    with pytest.raises(StreamMonitorError, match="not a whole gzip file"):
        read(path)


def test_a_cut_gzip_gives_the_rows_before_the_cut_and_then_a_clear_error(tmp_path: Path) -> None:
    packed = gzip.compress(b"a\n" + b"".join(b"%d\n" % (i * i) for i in range(100_000)))
    path = tmp_path / "t.csv.gz"
    path.write_bytes(packed[: len(packed) // 2])
    chunks = iter(read(path))
    assert len(next(chunks).rows) == 1000
    with pytest.raises(StreamMonitorError, match="not a whole gzip file"):
        list(chunks)


@pytest.mark.parametrize(
    ("named", "message"),
    [
        (FileColumns(time="timestmp"), "did you mean 'timestamp'"),
        (FileColumns(prediction="output"), "did you mean 'y_pred'"),
        (FileColumns(label="zzz"), "The columns are: timestamp, amount, y_pred"),
        (FileColumns(time="amount", id="amount"), "cannot be both time and id"),
    ],
)
@pytest.mark.parametrize("name", ["t.csv", "t.jsonl"])
def test_a_column_that_is_not_there_is_named_with_those_that_are(
    tmp_path: Path, name: str, named: FileColumns, message: str
) -> None:
    text = {"t.csv": "timestamp,amount,y_pred\n", "t.jsonl": '{"timestamp": 1, "amount": 2, "y_pred": 3}'}[
        name
    ]
    with pytest.raises(StreamMonitorError, match=message):
        read(written(tmp_path, name, text), named)


def test_columns_that_by_their_names_could_be_more_than_features_are_told(tmp_path: Path) -> None:
    path = written(tmp_path, "t.csv", "timestamp,amount,y_pred,actual\n1,2,3,4\n")
    rows = read(path, FileColumns(label="actual"))
    assert rows.lookalikes == {"time": "timestamp", "prediction": "y_pred"}
    assert list(everything(rows).rows[0].features) == ["timestamp", "amount", "y_pred"]


@pytest.mark.parametrize("end", [b"", b"\n"])
def test_lines_are_bounded(end: bytes) -> None:
    raw = b"1234\n12345\n123456\n" + b"x" * 50 + b"\n\n12" + end
    got = list(bounded_lines(io.BytesIO(raw), limit=6))
    assert got == [b"1234\n", b"12345\n", b"123456\n", b"x" * 7, b"\n", b"12" + end]


class Drops(io.RawIOBase):
    """A stream that gives its bytes in parts."""

    def __init__(self, parts: list[bytes]) -> None:
        self._parts = parts

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        part = self._parts.pop(0) if self._parts else b""
        buffer[: len(part)] = part
        return len(part)


@given(st.lists(st.text("ab\n", max_size=12).map(str.encode).filter(bool)), st.integers(1, 8))
def test_lines_do_not_depend_on_how_the_bytes_come(parts: list[bytes], limit: int) -> None:
    lines = b"".join(parts).split(b"\n")
    lines = lines if lines[-1] else lines[:-1]
    found = [line for block in line_blocks(io.BufferedReader(Drops(parts[:])), limit) for line in block]
    assert found == [line[: limit + 1] for line in lines]
