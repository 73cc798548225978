import pytest

from stream_monitor.core import positions
from stream_monitor.core.batch import ColumnBatch
from stream_monitor.core.drift_event import Positions
from stream_monitor.core.errors import CorruptState
from stream_monitor.core.events import Source
from stream_monitor.core.positions import MARK, PositionLog, together
from tests.unit.core.batches import batch_at

A, B = Source("a", 0), Source("b", 3)


def told(log: PositionLog, batch: ColumnBatch, first_row: int, change_row: int, row: int) -> list[Positions]:
    log.observe(batch, first_row)
    return list(log.since(batch, first_row, change_row, row))


def in_turns(rows: int) -> list[tuple[Source, int]]:
    return [((A, B)[at % 2], 1000 * (at % 2) + at // 2) for at in range(rows)]


def test_a_change_is_told_from_the_mark_before_it_to_the_row_of_the_event() -> None:
    found = told(PositionLog(), batch_at(in_turns(4 * MARK)), 0, change_row=2 * MARK + 10, row=3 * MARK + 1)
    assert found == [
        Positions(topic="a", partition=0, first_offset=MARK, last_offset=MARK * 3 // 2),
        Positions(topic="b", partition=3, first_offset=1000 + MARK, last_offset=1000 + MARK * 3 // 2),
    ]


def test_a_source_without_rows_since_the_change_is_not_told() -> None:
    places = [(A, at) for at in range(MARK)] + [(B, at) for at in range(MARK)]
    found = told(PositionLog(), batch_at(places), 0, change_row=MARK, row=2 * MARK - 1)
    assert found == [Positions(topic="b", partition=3, first_offset=0, last_offset=MARK - 1)]


def test_a_source_begins_at_its_first_row_in_whatever_order_its_offsets_come() -> None:
    """Sorted by event time, offsets of a source are out of order; the batch must not decide which one came first."""
    places = [(A, 7), (A, 5), (A, 9)]
    whole, rows = PositionLog(), PositionLog()
    whole.observe(batch_at(places), 0)
    for at, place in enumerate(places):
        rows.observe(batch_at([place]), at)
    assert whole.dump() == rows.dump()
    batch = batch_at([(A, 10)])
    assert told(whole, batch, 3, 0, 3) == [Positions(topic="a", partition=0, first_offset=7, last_offset=10)]


def test_sources_are_kept_in_the_order_of_their_first_rows_not_of_the_batchs_dictionary() -> None:
    log = PositionLog()
    log.observe(batch_at([(B, 1), (A, 1)], sources=(A, B)), 0)
    assert log.dump()["sources"] == [["b", 3], ["a", 0]]


@pytest.mark.parametrize("size", [1, 10, MARK, 5 * MARK, 1000 * MARK])
def test_how_far_back_is_remembered_does_not_depend_on_batches(
    size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(positions, "KEPT", 4)
    places = [(A, at) for at in range(20 * MARK)]
    log = PositionLog()
    row = 12 * MARK + 5
    for begin in range(0, len(places), size):
        batch = batch_at(places[begin : begin + size])
        log.observe(batch, begin)
        if begin <= row < begin + size:
            (found,) = log.since(batch, begin, 3, row)
            assert (found.first_offset, found.last_offset) == (9 * MARK, row)
    assert len(PositionLog.load(log.dump()).dump()["rows"]) == 4 * 8  # type: ignore[arg-type]


def test_a_dump_goes_on_as_the_original() -> None:
    log = PositionLog()
    log.observe(batch_at(in_turns(100)), 0)
    other = PositionLog.load(log.dump())
    batch = batch_at(in_turns(300)[100:])
    assert told(log, batch, 100, 70, 250) == told(other, batch, 100, 70, 250)
    assert log.dump() == other.dump()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("sources", [["a"]]),
        ("sources", [["a", "x"]]),
        ("sources", []),
        ("now", b""),
        ("now", "text"),
        ("rows", b"1234567"),
        ("marks", b""),
    ],
)
def test_fields_that_do_not_fit_are_corrupt(name: str, value: object) -> None:
    log = PositionLog()
    log.observe(batch_at(in_turns(200)), 0)
    fields = dict(log.dump())
    fields[name] = value  # type: ignore[assignment]
    with pytest.raises(CorruptState, match="positions"):
        PositionLog.load(fields)


def at(topic: str, first: int, last: int) -> Positions:
    return Positions(topic=topic, partition=0, first_offset=first, last_offset=last)


def test_a_regime_keeps_the_begin_that_was_told_first_and_gains_sources() -> None:
    before = (at("b", 100, 150),)
    assert together(before, [at("a", 7, 9), at("b", 120, 180)]) == (at("a", 7, 9), at("b", 100, 180))
    assert together(before, []) == before
