"""What records of history add up to, as a reader adds them: by model, series, reference and time."""

from collections import Counter
from collections.abc import Iterable
from typing import TypeAlias

from stream_monitor.core.history import ModelHistory
from stream_monitor.core.partition_monitor import PartitionMonitor
from stream_monitor.formats import history

Sums: TypeAlias = Counter[tuple[object, ...]]
"""Model, of a series also series, version, segment and reference, start of the bucket, what is counted."""


def width_of(histories: Iterable[ModelHistory]) -> int:
    """The coarsest: every other one divides it."""
    return max((one.width for one in histories), default=1)


def sums(histories: Iterable[ModelHistory], width: int) -> Sums:
    """Everything that is counted, in buckets of `width` ms."""
    found: Sums = Counter()
    for one in histories:
        assert width % one.width == 0
        assert list(one.starts) == sorted(set(one.starts))
        starts = [start // width * width for start in one.starts]
        for start, rows in zip(starts, one.rows, strict=one.part == 0):
            found[one.model, start, "rows"] += rows
        for series in one.series:
            key = (one.model, series.series, series.version, series.segment, series.reference)
            cells = zip(series.at, series.values, series.unusable, series.counts, strict=True)
            for at, values, unusable, counts in cells:
                assert values == sum(counts)
                found[*key, starts[at], "values"] += values
                found[*key, starts[at], "unusable"] += unusable
                found.update({(*key, starts[at], group): n for group, n in enumerate(counts)})
    return found


def told_now(monitor: PartitionMonitor) -> list[ModelHistory]:
    """What the partition tells with snapshots written now, by way of bytes."""
    monitor.snapshots()
    return [
        history.decode(one.value or b"") for told in monitor.told.histories for one in history.encode(told)
    ]
