from collections.abc import Mapping

import pytest

from stream_monitor.core.errors import CorruptState
from stream_monitor.core.events import Source
from stream_monitor.core.tick import SourceProgress, Tick
from stream_monitor.core.watermarks import ABANDONED_MS, FOREVER, NEVER, Watermarks

A0, A1, B0 = Source("a", 0), Source("a", 1), Source("b", 0)
TOPICS = frozenset({"a"})
LATENESS = 1_000


def tick(wall: int, counts: Mapping[str, int] | None = None, **told: tuple[int | None, int, bool]) -> Tick:
    """`a0=(max_time, next_offset, at_end)`."""
    sources = {Source(name[0], int(name[1:])): SourceProgress(*progress) for name, progress in told.items()}
    return Tick(worker="w", wall=wall, partitions={"a": 2} if counts is None else counts, sources=sources)


def heard(*ticks: Tick) -> Watermarks:
    watermarks = Watermarks()
    for one in ticks:
        watermarks.hear(one)
    return watermarks


def bound(watermarks: Watermarks, topics: frozenset[str] = TOPICS) -> int:
    return watermarks.bound(topics, LATENESS)


def test_the_slowest_source_decides_a_millisecond_short_of_the_lateness() -> None:
    watermarks = heard(tick(0, a0=(50_000, 5, False), a1=(20_000, 5, False)))
    assert bound(watermarks) == 20_000 - LATENESS - 1
    assert watermarks.slowest(TOPICS) == 20_000


def test_nothing_is_released_before_every_partition_was_heard_of() -> None:
    watermarks = heard(tick(0, a0=(50_000, 5, False)))
    assert (bound(watermarks), watermarks.slowest(TOPICS)) == (NEVER, NEVER)
    watermarks.hear(tick(10, a1=(40_000, 5, False)))
    assert bound(watermarks) == 40_000 - LATENESS - 1


def test_a_partition_that_nobody_ever_reports_is_awaited_only_for_a_while() -> None:
    watermarks = heard(tick(0, a0=(50_000, 5, False)), tick(ABANDONED_MS, a0=(50_000, 5, False)))
    assert bound(watermarks) == NEVER
    watermarks.hear(tick(ABANDONED_MS + 1, a0=(50_000, 5, False)))
    assert bound(watermarks) == 50_000 - LATENESS - 1


def test_partitions_that_are_added_are_awaited_anew() -> None:
    watermarks = heard(tick(0, {"a": 1}, a0=(50_000, 5, False)))
    assert bound(watermarks) == 50_000 - LATENESS - 1
    watermarks.hear(tick(10**9, {"a": 2}, a0=(60_000, 6, False)))
    assert bound(watermarks) == NEVER


def test_a_source_at_its_end_holds_nobody_back() -> None:
    watermarks = heard(tick(0, a0=(50_000, 5, False), a1=(20_000, 5, True)))
    assert bound(watermarks) == 50_000 - LATENESS - 1
    assert watermarks.slowest(TOPICS) == 50_000


def test_a_source_without_any_row_that_is_not_at_its_end_holds_everybody_back() -> None:
    assert bound(heard(tick(0, a0=(50_000, 5, False), a1=(None, 0, False)))) < 0


def test_when_all_have_been_at_their_end_for_the_lateness_everything_is_released() -> None:
    def resting(wall: int) -> Tick:
        return tick(wall, a0=(50_000, 5, True), a1=(20_000, 5, True))

    watermarks = heard(resting(0))
    assert bound(watermarks) == 50_000 - LATENESS - 1
    assert watermarks.slowest(TOPICS) is None
    watermarks.hear(resting(LATENESS - 1))
    assert bound(watermarks) == 50_000 - LATENESS - 1
    watermarks.hear(resting(LATENESS))
    assert bound(watermarks) == FOREVER


def test_a_row_at_the_end_of_one_source_begins_its_rest_anew() -> None:
    watermarks = heard(tick(0, a0=(50_000, 5, True), a1=(20_000, 5, True)))
    watermarks.hear(tick(LATENESS, a0=(51_000, 6, True), a1=(20_000, 5, True)))
    assert bound(watermarks) == 51_000 - LATENESS - 1
    watermarks.hear(tick(2 * LATENESS, a0=(51_000, 6, True), a1=(20_000, 5, True)))
    assert bound(watermarks) == FOREVER


def test_a_source_whose_worker_has_fallen_silent_is_abandoned_after_a_while() -> None:
    watermarks = heard(tick(0, a0=(50_000, 5, False), a1=(20_000, 5, False)))
    watermarks.hear(tick(ABANDONED_MS, a0=(90_000, 9, False)))
    assert bound(watermarks) == 20_000 - LATENESS - 1
    watermarks.hear(tick(ABANDONED_MS + 1, a0=(90_000, 9, False)))
    assert bound(watermarks) == 90_000 - LATENESS - 1
    watermarks.hear(
        tick(ABANDONED_MS + 2, a1=(21_000, 6, False))
    )  # and it counts again as soon as it is back
    assert bound(watermarks) == 21_000 - LATENESS - 1


def test_a_new_owner_that_has_read_little_does_not_turn_the_clock_back() -> None:
    watermarks = heard(tick(0, a0=(50_000, 5, False), a1=(60_000, 5, False)), tick(5, a0=(None, 5, False)))
    assert bound(watermarks) == 50_000 - LATENESS - 1
    watermarks.hear(tick(6, a0=(30_000, 6, False)))
    assert bound(watermarks) == 50_000 - LATENESS - 1


def test_sources_of_other_topics_do_not_matter() -> None:
    watermarks = heard(
        tick(0, {"a": 2, "b": 1}, a0=(50_000, 5, False), a1=(60_000, 5, False), b0=(1, 1, False))
    )
    assert bound(watermarks) == 50_000 - LATENESS - 1
    assert bound(watermarks, frozenset({"a", "b"})) == 1 - LATENESS - 1
    assert bound(watermarks, frozenset({"c"})) == NEVER


def test_clocks_of_workers_that_differ_never_turn_back() -> None:
    watermarks = heard(tick(100_000, a0=(1, 1, False)), tick(50_000, a1=(1, 1, False)))
    assert watermarks.wall == 100_000


def test_a_dump_goes_on_as_the_original() -> None:
    first = heard(tick(0, a0=(50_000, 5, True), a1=(None, 0, False)))
    other = Watermarks()
    other.load(first.dump())
    for one in (first, other):
        one.hear(tick(LATENESS, a0=(50_000, 5, True), a1=(20_000, 5, True)))
    assert (first.dump(), bound(first)) == (other.dump(), bound(other))


@pytest.mark.parametrize(
    "plain", [None, {}, {"heard": [], "topics": {}}, {"heard": [1], "topics": {}, "wall": 0}]
)
def test_fields_that_make_no_sense_are_corrupt(plain: object) -> None:
    with pytest.raises(CorruptState):
        Watermarks().load(plain)  # type: ignore[arg-type]
