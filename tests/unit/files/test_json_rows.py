import codecs
import json
from collections.abc import Iterable, Mapping
from pathlib import Path

import pytest

from stream_monitor.core.columnise import Gathered
from stream_monitor.core.errors import StreamMonitorError
from stream_monitor.core.events import Reason, Rejected, Role, Source
from stream_monitor.files.columns import FileColumns
from stream_monitor.files.opening import MAX_LINE
from stream_monitor.files.rows import read
from stream_monitor.formats.mapping import Mapping as JsonMapping
from stream_monitor.formats.native_json import Rules
from tests.unit.files.written import everything, read_text, written
from tests.unit.formats.batches import rows_of


def lines(events: Iterable[object]) -> str:
    return "".join(json.dumps(event) + "\n" for event in events)


def native(row: int, **parts: object) -> dict[str, object]:
    return {"model": "fraud", "time": 1795255200000 + row, "features": {"amount": row}} | parts


@pytest.mark.parametrize("name", ["e.jsonl", "e.ndjson", "e.json", "e.jsonl.gz"])
def test_native_events_are_told_by_their_keys(tmp_path: Path, name: str) -> None:
    rows = read(written(tmp_path, name, lines(native(i, id=f"e-{i}") for i in range(3))))
    got = everything(rows)
    assert [(row.model, row.id, row.time) for row in got.rows] == [
        ("fraud", f"e-{i}", 1795255200000 + i) for i in range(3)
    ]
    assert got.offsets == [0, 1, 2]
    assert rows.timed
    assert rows.model is None


@pytest.mark.parametrize(
    "event",
    [
        {"model": "m", "prediction": "a", "time": 1},
        {"model": "m", "label": "a", "time": 1},
        {"model": "m", "features": {}, "time": 1},
        {"features": {"a": 1}, "time": 1},
    ],
)
def test_what_makes_an_event_native(tmp_path: Path, event: Mapping[str, object]) -> None:
    assert read(written(tmp_path, "e.jsonl", lines([event]))).model is None


@pytest.mark.parametrize("event", [{"model": "m", "a": 1}, {"prediction": "x", "a": 1}, {"features": 3}])
def test_what_makes_a_row_flat(tmp_path: Path, event: Mapping[str, object]) -> None:
    rows = read(written(tmp_path, "cards.jsonl", lines([event])))
    assert rows.model == "cards"
    assert everything(rows).rows[0].features == event


def test_arrays_of_events_keep_their_place(tmp_path: Path) -> None:
    got = read_text(
        tmp_path, "e.jsonl", lines([native(0), [native(1), {"model": "x"}, native(2)], native(3)])
    )
    assert list(zip(got.offsets, got.items, strict=True)) == [(0, 0), (1, 0), (1, 2), (2, 0)]
    assert [(bad.record.offset, bad.item) for bad in got.rejected] == [(1, 1)]


def test_native_events_without_time_take_the_row_number(tmp_path: Path) -> None:
    events = [{"model": "m", "features": {"a": i}} for i in range(3)]
    rows = read(written(tmp_path, "e.jsonl", lines(events)))
    assert not rows.timed
    assert [row.time for row in everything(rows).rows] == [0, 1, 2]


def test_a_native_event_without_time_among_timed_ones_is_a_reject(tmp_path: Path) -> None:
    got = read_text(tmp_path, "e.jsonl", lines([native(0), {"model": "m", "features": {"a": 1}}]))
    assert [(bad.record.offset, bad.reason) for bad in got.rejected] == [(1, Reason.INVALID_TIME)]


def test_bad_lines_never_stop_the_reading(tmp_path: Path) -> None:
    good = json.dumps(native(0))
    text = f"{{broken\n{good}\n\n  \n3\n{good[:-9]}\n{json.dumps(native(1, features=4))}\n{good}\r\n"
    got = read_text(tmp_path, "e.jsonl", "\ufeff" + text)
    assert got.offsets == [1, 5]
    assert [(bad.record.offset, bad.reason) for bad in got.rejected] == [
        (0, Reason.NOT_JSON),
        (2, Reason.NOT_AN_EVENT),
        (3, Reason.NOT_JSON),
        (4, Reason.INVALID_FEATURES),
    ]


@pytest.mark.parametrize("event", [native(0), {"amount": 1}])
def test_a_huge_line_is_one_reject(tmp_path: Path, event: Mapping[str, object]) -> None:
    huge = json.dumps({**event, "text": "x" * (3 * MAX_LINE)})
    got = read_text(tmp_path, "e.jsonl.gz", f"{json.dumps(event)}\n{huge}\n{json.dumps(event)}")
    assert got.offsets == [0, 2]
    assert [(bad.record.offset, bad.reason) for bad in got.rejected] == [(1, Reason.TOO_LARGE)]


def test_flat_rows_keep_json_types_and_give_up_their_named_columns(tmp_path: Path) -> None:
    flat = {"ts": "2026-11-21T10:00:00Z", "id": 17, "v": 7, "y": True, "a": 1, "b": None, "c": "x", "d": [1]}
    columns = FileColumns(time="ts", id="id", version="v", label="y")
    (row,) = read_text(tmp_path, "f.jsonl", lines([flat]), columns).rows
    assert (row.time, row.id, row.version) == (1795255200000, "17", "7")
    assert row.features == {"a": 1, "b": None, "c": "x", "d": [1]}
    assert row.outputs == {"label": True}
    assert row.roles == Role.FEATURES | Role.LABEL


def test_flat_rows_may_lack_columns_and_come_in_arrays(tmp_path: Path) -> None:
    text = lines([{"a": 1}, [{"a": 2, "p": 0.5}, 7], {"b": 3}])
    got = read_text(tmp_path, "f.jsonl", text, FileColumns(probability="p"))
    assert [row.features for row in got.rows] == [{"a": 1}, {"a": 2}, {"b": 3}]
    assert [row.outputs for row in got.rows] == [{}, {"probability": 0.5}, {}]
    assert [row.time for row in got.rows] == got.offsets == [0, 1, 2]
    assert [(bad.record.offset, bad.item, bad.reason) for bad in got.rejected] == [
        (1, 1, Reason.NOT_AN_EVENT)
    ]


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        ({"ts": "soon"}, Reason.INVALID_TIME),
        ({}, Reason.INVALID_TIME),
        ({"ts": 1, "i": 1.5}, Reason.INVALID_ID),
        ({"ts": 1, "v": [7]}, Reason.INVALID_VERSION),
    ],
)
def test_flat_rows_with_a_bad_time_id_or_version_are_rejects(
    tmp_path: Path, bad: Mapping[str, object], reason: Reason
) -> None:
    text = lines([{"ts": 1, "i": "a", "v": "7"}, bad])
    got = read_text(tmp_path, "f.jsonl", text, FileColumns(time="ts", id="i", version="v"))
    assert got.offsets == [0]
    assert [(reject.record.offset, reject.reason) for reject in got.rejected] == [(1, reason)]


def test_rejects_of_flat_rows_name_no_values(tmp_path: Path) -> None:
    got = read_text(tmp_path, "f.jsonl", lines([{"ts": "secret"}]), FileColumns(time="ts"))
    assert "secret" not in got.rejected[0].detail


@pytest.mark.parametrize("content", ["", "\n \n"])
def test_an_empty_file_has_no_rows(tmp_path: Path, content: str) -> None:
    assert read_text(tmp_path, "f.jsonl", content, FileColumns(time="ts")).rows == []


def test_foreign_events_are_read_through_a_mapping(tmp_path: Path) -> None:
    rules = Rules(default_model="m", mapping=JsonMapping(time="at", features="in"))
    rows = read(written(tmp_path, "f.jsonl", lines([{"at": 5, "in": {"a": 1}}])), rules=rules)
    assert rows.timed
    assert [(row.model, row.time, row.features) for row in everything(rows).rows] == [("m", 5, {"a": 1})]


def test_columns_of_native_events_cannot_be_chosen(tmp_path: Path) -> None:
    with pytest.raises(StreamMonitorError, match="native events"):
        read(written(tmp_path, "e.jsonl", lines([native(0)])), FileColumns(time="time"))


@pytest.mark.parametrize("size", [1, 3, 1000])
def test_the_size_of_chunks_does_not_matter(tmp_path: Path, size: int) -> None:
    events: list[object] = [native(i) for i in range(10)]
    events[4] = [native(1), 3]
    path = written(tmp_path, "e.jsonl", lines(events))
    assert everything(read(path, chunk_rows=size)) == everything(read(path))


def test_what_is_gathered_are_the_rows_of_the_chunks(tmp_path: Path) -> None:
    events = [{"model": "mn"[at % 2], "id": at, "features": {"x": at / 7, "y": None}} for at in range(3_000)]
    texts = [json.dumps(event).encode() for event in events]
    texts[70], texts[1_500] = b"  ", b'{"model": "m"}'
    texts[2_000:2_002] = [b"[" + b",".join(texts[2_000:2_002]) + b"]\r"]
    rows = read(written(tmp_path, "t.jsonl", codecs.BOM_UTF8 + b"\n".join(texts)))
    whole, fast = Gathered(), Gathered()
    for decoded in rows:
        whole.take(Source("t.jsonl", 0), decoded)
    rejected: list[Rejected] = []
    for arrived in rows.gather(Source("t.jsonl", 0), fast):
        rejected += arrived.rejected
    assert list(map(rows_of, fast.drain())) == list(map(rows_of, whole.drain()))
    assert rejected == [bad for decoded in rows for bad in decoded.rejected]
    assert len(rejected) == 1
