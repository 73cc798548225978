from collections.abc import Sequence

import pytest

from stream_monitor.core.batch import ColumnBatch
from stream_monitor.core.errors import CorruptState
from stream_monitor.core.events import Source
from stream_monitor.core.order import Order, in_order
from stream_monitor.core.tick import SourceProgress, Tick
from stream_monitor.core.watermarks import NEVER, Watermarks
from tests.unit.core.batches import batch_at

A, B = Source("a", 0), Source("b", 0)
Row = tuple[Source, int, int]  # source, offset, time


def batch(*rows: Row) -> ColumnBatch:
    return batch_at([(source, offset) for source, offset, _ in rows], times=[time for *_, time in rows])


def upto(time: int, *, at_end: bool = False, wall: int = 0) -> Watermarks:
    """Both sources have brought rows up to `time`."""
    watermarks = Watermarks()
    sources = {source: SourceProgress(time, 100, at_end) for source in (A, B)}
    for at in (wall, wall + 1):
        watermarks.hear(Tick(worker="w", wall=at, partitions={"a": 1, "b": 1}, sources=sources))
    return watermarks


def order(*, cap: int = 100, lateness: int = 0, topics: tuple[str, ...] | None = ("a", "b")) -> Order:
    return Order(lateness_ms=lateness, cap_rows=cap, topics=topics)


def rows_of(*releases: Sequence[ColumnBatch]) -> list[Row]:
    if not any(releases):
        return []
    rows = in_order(*releases)
    sources = [rows.sources[at] for at in rows.source_at.tolist()]
    return list(zip(sources, rows.offsets.tolist(), rows.times.tolist(), strict=True))


def test_releases_that_are_brought_in_order_together_come_one_after_the_other() -> None:
    held = order()
    held.add(0, batch((B, 1, 20), (B, 2, 10)))
    first = held.release(upto(31))
    held.add(1, batch((A, 1, 15), (A, 2, 40), (B, 3, 12)))  # two of them late
    second = held.release(upto(50))
    assert held.late == 2
    assert rows_of(first, second) == [(B, 2, 10), (B, 1, 20), (B, 3, 12), (A, 1, 15), (A, 2, 40)]
    assert rows_of(first, second) == rows_of(first) + rows_of(second)


def test_rows_wait_for_the_watermark_and_come_by_time_source_and_offset() -> None:
    held = order()
    held.add(0, batch((B, 1, 20), (B, 2, 10), (B, 3, 40)))
    held.add(1, batch((A, 8, 20), (A, 7, 20), (A, 9, 30)))
    assert rows_of(held.release(upto(31))) == [(B, 2, 10), (A, 7, 20), (A, 8, 20), (B, 1, 20), (A, 9, 30)]
    assert (held.held_rows, held.held_from(99), held.frontier, held.late) == (1, 0, 30, 0)
    assert rows_of(held.release(upto(31))) == []
    assert rows_of(held.release(upto(50))) == [(B, 3, 40)]
    assert held.held_from(99) == 99


def test_a_late_row_comes_with_the_next_tick_and_is_counted() -> None:
    held = order()
    held.add(0, batch((A, 1, 20)))
    held.release(upto(51))
    held.add(1, batch((A, 2, 50), (A, 3, 51), (B, 1, 10)))
    assert rows_of(held.release(upto(51))) == [(B, 1, 10), (A, 2, 50)]
    assert held.late == 2


def test_when_all_sources_rest_everything_comes_and_the_frontier_is_the_last_row() -> None:
    held = order()
    held.add(0, batch((A, 1, 20), (B, 1, 70)))
    assert rows_of(held.release(upto(70, at_end=True))) == [(A, 1, 20), (B, 1, 70)]
    assert held.frontier == 70
    assert held.release(upto(70, at_end=True)) == []
    assert held.frontier == 70


def test_past_the_cap_the_oldest_rows_are_released_whatever_the_watermarks_say() -> None:
    held = order(cap=3)
    held.add(0, batch(*[(A, at, 100 - at) for at in range(5)]))
    assert rows_of(held.release(Watermarks())) == [(A, 4, 96), (A, 3, 97)]
    assert (held.held_rows, held.frontier, held.late) == (3, 97, 0)
    held.add(1, batch((B, 1, 97)))
    held.release(Watermarks())
    assert held.late == 1


def test_without_configured_topics_a_model_waits_for_those_that_bring_it_rows() -> None:
    held = order(topics=None)
    assert held.release(upto(50)) == []
    held.add(0, batch((A, 1, 20)))
    watermarks = Watermarks()
    told = {A: SourceProgress(60, 2, False), B: SourceProgress(5, 1, False)}
    watermarks.hear(Tick(worker="w", wall=0, partitions={"a": 1, "b": 1}, sources=told))
    assert rows_of(held.release(watermarks)) == [(A, 1, 20)]  # b has brought it nothing
    held.add(1, batch((B, 0, 70), (A, 2, 75)))
    watermarks.hear(Tick(worker="w", wall=1, partitions={}, sources={A: SourceProgress(90, 3, False)}))
    assert rows_of(held.release(watermarks)) == []  # now b has


def restored(held: Order, log: Sequence[ColumnBatch]) -> Order:
    other = order()
    other.load(held.dump())
    for at, one in enumerate(log):
        other.add_unreleased(at, one)
    return other


def test_a_restore_takes_the_rows_that_waited_again_from_the_log() -> None:
    log = [batch((A, 1, 20), (A, 2, 60)), batch((B, 1, 10)), batch((B, 2, 90), (B, 3, 80))]
    held = order()
    for at, one in enumerate(log):
        held.add(at, one)
    held.release(upto(51))
    other = restored(held, log)
    assert (other.held_rows, other.held_from(99), other.dump()) == (3, 0, held.dump())
    assert rows_of(other.release(upto(100))) == rows_of(held.release(upto(100)))


def test_before_any_release_nothing_is_older_than_the_frontier() -> None:
    held = order()
    held.add(0, batch((A, 1, -(10**15))))
    assert held.frontier == NEVER
    assert restored(held, [batch((A, 1, -(10**15)))]).held_rows == 1


@pytest.mark.parametrize("plain", [{}, {"topics": ["a"], "frontier": "x", "late": 0}, [], None])
def test_fields_that_make_no_sense_are_corrupt(plain: object) -> None:
    with pytest.raises(CorruptState):
        order().load(plain)  # type: ignore[arg-type]
