import csv
import io
from pathlib import Path

import pytest

from stream_monitor.core.errors import StreamMonitorError
from stream_monitor.core.events import Reason, Role, Source
from stream_monitor.files.columns import FileColumns
from stream_monitor.files.opening import MAX_LINE
from stream_monitor.files.rows import read
from tests.unit.files.written import everything, read_text, written


def test_every_column_is_a_feature_where_none_is_named(tmp_path: Path) -> None:
    got = read_text(tmp_path, "fraud.csv", "amount,country\n1.5,DE\n2,FR\n")
    assert [row.features for row in got.rows] == [
        {"amount": 1.5, "country": "DE"},
        {"amount": 2.0, "country": "FR"},
    ]
    assert {row.model for row in got.rows} == {"fraud"}
    assert {row.roles for row in got.rows} == {Role.FEATURES}
    assert [row.time for row in got.rows] == got.offsets == [0, 1]
    assert all(row.outputs == {} and row.id is None and row.version is None for row in got.rows)


def test_a_column_that_mixes_keeps_what_each_cell_is(tmp_path: Path) -> None:
    got = read_text(tmp_path, "m.csv", "x,y\n1,a\n,a\ntrue,a\nFalse,a\nabc,a\n1_000,a\n-.5e3,a\n")
    assert [row.features["x"] for row in got.rows] == [1.0, None, True, False, "abc", "1_000", -500.0]


@pytest.mark.parametrize("cell", ["nan", "NaN", "inf", "-Infinity"])
def test_numbers_that_are_none_stay_floats_so_that_they_count_as_bad_numbers(
    tmp_path: Path, cell: str
) -> None:
    (row,) = read_text(tmp_path, "m.csv", f"x\n{cell}\n").rows
    assert isinstance(row.features["x"], float)


def test_named_columns_become_time_id_version_and_outputs(tmp_path: Path) -> None:
    text = "ts,key,v,y_pred,proba,ms,truth,amount\n2026-11-21 10:00:00,0017,7,fraud,0.9,12.5,legit,3\n"
    columns = FileColumns(
        time="ts",
        id="key",
        version="v",
        prediction="y_pred",
        probability="proba",
        latency="ms",
        label="truth",
        model="cards",
    )
    (row,) = read_text(tmp_path, "f.csv", text, columns).rows
    assert row.time == 1795255200000
    assert (row.model, row.version, row.id) == ("cards", "7", "0017")
    assert row.outputs == {"prediction": "fraud", "probability": 0.9, "latency_ms": 12.5, "label": "legit"}
    assert row.features == {"amount": 3.0}
    assert row.roles == Role.FEATURES | Role.PREDICTION | Role.LABEL


def test_an_empty_label_has_not_come_yet_but_an_empty_prediction_is_missing(tmp_path: Path) -> None:
    columns = FileColumns(label="y", prediction="p", id="i")
    (row,) = read_text(tmp_path, "f.csv", "y,p,i,x\n,,,1\n", columns).rows
    assert row.outputs == {"prediction": None}
    assert row.roles == Role.FEATURES | Role.PREDICTION
    assert row.id is None


def test_a_file_of_outputs_alone_carries_no_features(tmp_path: Path) -> None:
    (row,) = read_text(tmp_path, "f.csv", "p\nfraud\n", FileColumns(prediction="p")).rows
    assert row.roles == Role.PREDICTION
    assert row.features == {}


@pytest.mark.parametrize("suffix", ["", ".gz"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("last", ["", "end"])
def test_packed_marked_and_foreign_line_ends_read_the_same(
    tmp_path: Path, suffix: str, end: str, mark: str, last: str
) -> None:
    text = mark + end.join(["a,b", '1,"x, ""y"""', '2,"two', 'lines"']) + (end if last else "")
    got = read_text(tmp_path, f"t.csv{suffix}", text)
    assert [row.features for row in got.rows] == [
        {"a": 1.0, "b": 'x, "y"'},
        {"a": 2.0, "b": f"two{end}lines"},
    ]
    assert got.rows[0].model == "t"


@pytest.mark.parametrize(("name", "delimiter"), [("t.csv", ";"), ("t.csv", "\t"), ("t.tsv", "\t")])
def test_other_delimiters_are_read_from_the_header(tmp_path: Path, name: str, delimiter: str) -> None:
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter).writerows([["a", "b"], ["1", "2,5"]])
    (row,) = read_text(tmp_path, name, out.getvalue()).rows
    assert row.features == {"a": 1.0, "b": "2,5"}


def test_bad_rows_are_rejects_with_their_place_and_the_others_are_kept(tmp_path: Path) -> None:
    text = 'ts,a\n1000,1\n\nyesterday,2\n3000,3,3\n4000\n5000,"x"y\n6000,6\n'
    got = read_text(tmp_path, "t.csv", text, FileColumns(time="ts"))
    assert got.offsets == [0, 5]
    assert [row.time for row in got.rows] == [1000, 6000]
    assert [(bad.record.offset, bad.reason) for bad in got.rejected] == [
        (1, Reason.INVALID_TIME),
        (2, Reason.NOT_AN_EVENT),
        (3, Reason.NOT_AN_EVENT),
        (4, Reason.NOT_AN_EVENT),
    ]
    assert {bad.source for bad in got.rejected} == {Source("t.csv", 0)}


def test_a_huge_line_is_one_reject(tmp_path: Path) -> None:
    huge = ",".join(["1"] * MAX_LINE)
    got = read_text(tmp_path, "t.csv", f"a,b\n1,2\n{huge}\n3,4\n")
    assert [row.features["a"] for row in got.rows] == [1.0, 3.0]
    assert [(bad.record.offset, bad.reason) for bad in got.rejected] == [(1, Reason.TOO_LARGE)]


def test_a_huge_cell_is_one_reject(tmp_path: Path) -> None:
    got = read_text(tmp_path, "t.csv", f"a,b\n1,2\n{'x' * 200_000},2\n3,4\n")
    assert [row.features["a"] for row in got.rows] == [1.0, 3.0]
    assert [bad.reason for bad in got.rejected] == [Reason.TOO_LARGE]


def test_a_quote_nobody_closed_loses_what_follows_and_says_so(tmp_path: Path) -> None:
    got = read_text(tmp_path, "t.csv", 'a,b\n1,2\n3,"4\n5,6\n')
    assert len(got.rows) == 1
    assert [bad.reason for bad in got.rejected] == [Reason.NOT_AN_EVENT]


def test_text_that_is_not_utf8_is_kept_as_far_as_it_can_be_read(tmp_path: Path) -> None:
    got = read_text(tmp_path, "t.csv", b"city\nM\xfcnchen\n")
    assert [row.features["city"] for row in got.rows] == ["M\ufffdnchen"]


def test_the_row_index_of_pandas_is_not_read(tmp_path: Path) -> None:
    (row,) = read_text(tmp_path, "t.csv", ",a\n0,5\n").rows
    assert row.features == {"a": 5.0}


def test_only_a_header_gives_no_rows(tmp_path: Path) -> None:
    assert read_text(tmp_path, "t.csv", "a,b\n").rows == []


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "has no header line"),
        (b"\n\n", "has no header line"),
        (b"a,b,a\n1,2,3\n", "two columns are called 'a'"),
        ("a,b\n1,2\n".encode("utf-16"), "UTF-16"),
    ],
)
def test_a_file_without_a_usable_header_is_an_error(tmp_path: Path, content: bytes, message: str) -> None:
    with pytest.raises(StreamMonitorError, match=message):
        read(written(tmp_path, "t.csv", content))


@pytest.mark.parametrize("size", [1, 2, 7, 1000])
def test_the_size_of_chunks_does_not_matter(tmp_path: Path, size: int) -> None:
    lines = [f"{i},{'x' if i % 3 else ''}" for i in range(20)]
    lines[11] = "1,2,3"
    lines[3], lines[4], lines[5] = "\u0661,1_000", " 7,-", '"\n8",9'
    path = written(tmp_path, "t.csv", "a,b\n" + "\n".join(lines))
    rows = read(path, chunk_rows=size)
    assert max(len(chunk.rows) for chunk in rows) <= size
    assert everything(rows) == everything(read(path))
