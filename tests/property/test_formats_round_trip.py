"""Whatever the core can hold comes back from its bytes; whatever bytes arrive, nothing but the named errors is raised."""

import contextlib
import json
import math
import zlib
from dataclasses import replace
from typing import Any

import numpy as np
import orjson
from hypothesis import given
from hypothesis import strategies as st

from stream_monitor.core.batch import Cell, Column, ColumnBatch, Columns, concatenate
from stream_monitor.core.detector import Kind
from stream_monitor.core.drift_event import (
    Attribution,
    Direction,
    DriftEvent,
    EffectSize,
    Importance,
    Resolution,
    Severity,
    Status,
)
from stream_monitor.core.errors import CorruptState, NewerState
from stream_monitor.core.events import Source
from stream_monitor.core.ids import Ids
from stream_monitor.core.snapshot import Snapshot
from stream_monitor.core.tick import SourceProgress, Tick
from stream_monitor.formats import columns, drift_events, snapshots, status
from stream_monitor.formats.timestamps import EARLIEST_MS, LATEST_MS, format_rfc3339, parse_rfc3339
from tests.unit.formats.batches import bits, rows_of
from tests.unit.formats.core_values import ATTRIBUTION, OPENED, STATUS

# Text as JSON can carry it: no lone surrogates.
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
names = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12)
whole = st.integers(-(2**63), 2**63 - 1)
finite = st.floats(allow_nan=False, allow_infinity=False)
effect_sizes = st.builds(EffectSize.of, finite, finite)
times = st.integers(EARLIEST_MS, LATEST_MS)
plain = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats()
    | texts
    | st.binary(max_size=12),
    lambda part: st.lists(part, max_size=4) | st.dictionaries(texts, part, max_size=4),
    max_leaves=12,
)


@st.composite
def some_columns(draw: st.DrawFn, rows: int) -> Column:
    column_texts = tuple(draw(st.lists(texts, min_size=1, max_size=4, unique=True)))
    codes = draw(st.lists(st.sampled_from(list(Cell)), min_size=rows, max_size=rows))
    if draw(st.booleans()):
        codes = [draw(st.sampled_from(list(Cell)))] * rows
    same = draw(finite)
    values = [
        (same if draw(st.booleans()) else draw(finite))
        if code is Cell.NUMBER
        else draw(st.integers(0, len(column_texts) - 1))
        if code is Cell.TEXT
        else 0.0
        for code in codes
    ]
    return Column(
        values=np.array(values, np.float64),
        codes=np.array(codes, np.uint8),
        texts=column_texts if Cell.TEXT in codes or draw(st.booleans()) else (),
    )


@st.composite
def batches(draw: st.DrawFn) -> ColumnBatch:
    rows = draw(st.integers(0, 12))
    sources = draw(st.lists(st.builds(Source, names, st.integers(0, 100)), min_size=1, max_size=3))
    versions = draw(st.lists(st.none() | names, min_size=1, max_size=3))

    def array(elements: st.SearchStrategy[int], dtype: Any) -> np.ndarray[Any, Any]:
        return np.array(draw(st.lists(elements, min_size=rows, max_size=rows)), dtype)

    return ColumnBatch(
        model=draw(names),
        times=array(whole, np.int64),
        sources=tuple(sources),
        source_at=array(st.integers(0, len(sources) - 1), np.uint16),
        offsets=array(whole, np.int64),
        items=array(st.integers(0, 2**32 - 1), np.uint32),
        versions=tuple(versions),
        version_at=array(st.integers(0, len(versions) - 1), np.uint16),
        ids=Ids.of(draw(st.lists(st.none() | texts, min_size=rows, max_size=rows))),
        roles=array(st.integers(0, 7), np.uint8),
        columns=Columns.of(
            {
                name: draw(some_columns(rows))
                for name in draw(st.lists(names | names.map("feature:{}".format), unique=True, max_size=4))
            },
            rows,
        ),
    )


@given(batches())
def test_a_batch_comes_back_bit_for_bit(batch: ColumnBatch) -> None:
    entry = columns.encode_batch(batch)
    back = columns.decode_entry(entry, columns.BATCH_HEADERS)
    assert isinstance(back, ColumnBatch)
    assert bits(back) == bits(batch)
    assert columns.encode_batch(batch) == entry
    assert len(entry) <= columns.entry_bound(batch)


@given(batches(), st.integers(1, 60), st.integers(4_000, 12_000))
def test_parts_hold_the_rows_of_the_whole(batch: ColumnBatch, max_cells: int, max_bytes: int) -> None:
    parts = list(columns.split(batch, max_cells=max_cells, max_bytes=max_bytes))
    assert rows_of(concatenate(parts)) == rows_of(batch)
    assert all(len(part) <= 1 or columns.entry_bound(part) <= max_bytes for part in parts)


@given(
    st.builds(
        Tick,
        worker=names,
        wall=whole,
        partitions=st.dictionaries(names, st.integers(0, 1000), max_size=4),
        sources=st.dictionaries(
            st.builds(Source, names, st.integers(0, 100)),
            st.builds(SourceProgress, st.none() | whole, whole, st.booleans()),
            max_size=4,
        ),
    )
)
def test_a_tick_comes_back(tick: Tick) -> None:
    assert columns.decode_entry(columns.encode_tick(tick), columns.TICK_HEADERS) == tick


@given(st.data(), st.sampled_from([columns.BATCH_HEADERS, columns.TICK_HEADERS]))
def test_a_broken_entry_raises_nothing_but_corrupt_state(
    data: st.DataObject, headers: columns.Headers
) -> None:
    entry = data.draw(batches().map(columns.encode_batch) | st.binary(max_size=200))
    broken = _mutated(data, entry)
    with contextlib.suppress(CorruptState):
        columns.decode_entry(broken, headers)


@given(st.dictionaries(texts, plain, max_size=5), names, whole, st.none() | texts)
def test_a_snapshot_comes_back(fields: dict[str, Any], key: str, number: int, library: str | None) -> None:
    snapshot = Snapshot(
        kind="series",
        key=f"series/{key}",
        state_version=abs(number) % 100,
        library_version=library,
        parameters=key,
        as_of=abs(number) // 2,
        fields=fields,
    )
    value = snapshots.encode(snapshot)
    back = snapshots.decode(value)
    assert snapshots.encode(back) == value
    assert _same(back.fields, snapshot.fields)
    assert replace(back, fields={}) == replace(snapshot, fields={})


@given(st.data(), st.booleans())
def test_a_broken_snapshot_never_panics(data: st.DataObject, mend: bool) -> None:
    """Also with a checksum that fits (mend): then the fields still are plain values, or it is corrupt."""
    fields = data.draw(st.dictionaries(texts, plain, max_size=5))
    value = snapshots.encode(
        Snapshot(
            kind="a", key="a/b", state_version=1, library_version=None, parameters="", as_of=1, fields=fields
        )
    )
    if mend:
        body = _mutated(data, value[8:])
        value = value[:4] + zlib.crc32(body).to_bytes(4, "big") + body
    else:
        value = _mutated(data, value)
    try:
        back = snapshots.decode(value)
    except (CorruptState, NewerState):
        return
    assert snapshots.decode(snapshots.encode(back)).key == back.key


@st.composite
def some_drift_events(draw: st.DrawFn) -> DriftEvent:
    scalars = st.none() | st.booleans() | whole | finite | texts
    evidence = replace(
        OPENED.evidence[0],
        detector=draw(texts),
        statistic=draw(finite),
        effect=draw(finite),
        direction=draw(st.sampled_from(Direction)),
        parameters=draw(st.dictionaries(texts, scalars, max_size=4)),
    )
    summary = replace(
        OPENED.reference,
        size=draw(st.integers(0, 2**53)),
        mean=draw(st.none() | finite),
        bins=tuple(draw(st.lists(texts, max_size=3))),
        shares=tuple(draw(st.lists(finite, max_size=3))),
    )
    return replace(
        OPENED,
        id=draw(names),
        summary=draw(texts),
        status=draw(st.sampled_from(Status)),
        severity=draw(st.sampled_from(Severity)),
        resolution=draw(st.none() | st.sampled_from(Resolution)),
        model=draw(names),
        version=draw(st.none() | names),
        series=draw(names),
        kind=draw(st.sampled_from(Kind)),
        time=draw(times),
        change_point=draw(times),
        evidence=(evidence,) * draw(st.integers(0, 2)),
        effect_sizes=replace(
            OPENED.effect_sizes,
            psi=draw(effect_sizes),
            wasserstein=draw(st.none() | effect_sizes),
            cramers_v=draw(st.none() | effect_sizes),
        ),
        current=summary,
        labels=draw(st.dictionaries(texts, texts, max_size=3)),
        attribution=draw(st.none() | attributions()),
    )


@st.composite
def attributions(draw: st.DrawFn) -> Attribution:
    moved = replace(
        ATTRIBUTION.ranked[0],
        series=draw(names),
        effect=draw(finite),
        alert_id=draw(st.none() | names),
        since=draw(st.none() | times),
    )
    ranked = (moved,) * draw(st.integers(0, 2))
    return replace(ATTRIBUTION, importance=draw(st.sampled_from(Importance)), ranked=ranked)


@given(some_drift_events(), texts)
def test_a_drift_event_comes_back(event: DriftEvent, group: str) -> None:
    value = drift_events.encode(event, group).value
    assert value is not None
    back = drift_events.decode(value)
    assert back == event
    assert drift_events.encode(back, group).value == value


@given(st.lists(some_drift_events(), max_size=2), names, finite)
def test_a_status_comes_back(alerts: list[DriftEvent], model: str, credit: float) -> None:
    one = replace(STATUS, model=model, budget_credit=credit, open_alerts=tuple(alerts))
    value = status.encode(one, "group").value
    assert value is not None
    assert status.decode(value) == one


@given(st.data())
def test_a_broken_event_or_status_raises_nothing_but_the_named_errors(data: st.DataObject) -> None:
    value = drift_events.encode(OPENED, "group").value or b""
    whole_status = status.encode(STATUS, "group").value or b""
    broken = _mutated(data, data.draw(st.sampled_from([value, whole_status])))
    for read in (drift_events.decode, status.decode):
        with contextlib.suppress(CorruptState, NewerState):
            read(broken)


@given(
    st.recursive(
        st.none() | st.booleans() | finite | texts, lambda p: st.lists(p) | st.dictionaries(texts, p)
    )
)
def test_any_json_is_a_drift_event_or_is_said_not_to_be(value: Any) -> None:
    data = orjson.loads(drift_events.encode(OPENED, "group").value or b"")
    for name in list(data["data"]):
        odd = {**data, "data": {**data["data"], name: value}}
        with contextlib.suppress(CorruptState):
            drift_events.from_cloud_event(odd)


@given(times)
def test_a_time_comes_back(time: int) -> None:
    assert parse_rfc3339(format_rfc3339(time)) == time


@given(st.from_regex(r"\A[-0-9TtZz:., +W]{24}\Z") | st.text(min_size=24, max_size=24))
def test_the_straight_path_of_times_takes_nothing_that_the_other_refuses(text: str) -> None:
    """With blanks for a longer fraction the same text takes the general path."""
    for changed in (text, f"2026-11-21T{text[11:19]}.{text[20:23]}Z", f"{text[:10]}T10:00:00.{text[20:23]}Z"):
        longer = changed[:23] + "0" + changed[23:]
        assert _time_of(changed) == _time_of(longer) or changed[19] != "."


def _time_of(text: str) -> int | None:
    try:
        return parse_rfc3339(text)
    except ValueError:
        return None


def _mutated(data: st.DataObject, value: bytes) -> bytes:
    """A few bytes changed, cut out or put in."""
    broken = bytearray(value)
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(broken)))
        length = data.draw(st.integers(0, 4))
        broken[at : at + length] = data.draw(st.binary(max_size=4))
    return bytes(broken)


def _same(one: Any, other: Any) -> bool:
    """Equal in type and value, NaN equal to itself, -0.0 not equal to 0.0."""
    if type(one) is not type(other):
        return False
    if isinstance(one, float):
        return (math.isnan(one) and math.isnan(other)) or one.hex() == other.hex()
    if isinstance(one, dict):
        return list(one) == list(other) and all(_same(one[key], other[key]) for key in one)
    if isinstance(one, list):
        return len(one) == len(other) and all(map(_same, one, other))
    return bool(one == other)


def test_json_of_the_standard_library_reads_what_we_write() -> None:
    assert json.loads(status.encode(STATUS, "group").value or b"")["model"] == "fraud"
