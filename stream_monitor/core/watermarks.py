"""What the ticks have said of all sources: the one clock of a columns partition, shared by its models."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from stream_monitor.core.detector import Plain
from stream_monitor.core.events import Source
from stream_monitor.core.plain import plain_of, value_of
from stream_monitor.core.tick import SourceProgress, Tick

ABANDONED_MS = 300_000  # a source that no worker has reported for so long holds nobody back
NEVER = -(2**62)
FOREVER = 2**62


class Heard(NamedTuple):
    """What was said of one source last. wall: when. end_since: since when it has been at its end, or None."""

    topic: str
    partition: int
    max_time: int
    next_offset: int
    wall: int
    end_since: int | None


class Known(NamedTuple):
    """How many partitions a topic has, and since when (wall) that has been known."""

    partitions: int
    since: int


class Watermarks:
    """Progress of every source, in the words of the workers that own them."""

    def __init__(self) -> None:
        self._heard: dict[Source, Heard] = {}
        self._topics: dict[str, Known] = {}
        self.wall = 0

    def hear(self, tick: Tick) -> None:
        """Take note of `tick`."""
        self.wall = max(self.wall, tick.wall)
        for topic, partitions in tick.partitions.items():
            known = self._topics.get(topic)
            if known is None or known.partitions < partitions:
                self._topics[topic] = Known(partitions, tick.wall)
        for source, progress in tick.sources.items():
            self._heard[source] = _heard(self._heard.get(source), source, progress, tick.wall)

    def bound(self, topics: frozenset[str], lateness_ms: int) -> int:
        """Event time up to which nothing more is expected from the sources of `topics`.

        The lowest watermark of the sources that still bring rows; NEVER while one has not been heard of; FOREVER once
        all of them have rested at their end for as long as rows may be late. One millisecond short of the lateness, as
        Flink's BoundedOutOfOrdernessWatermarks: a row that is exactly that late, or as old as the newest, is still in time.
        """
        heard = [h for h in self._heard.values() if h.topic in topics]
        if not heard or self._awaited(topics):
            return NEVER
        moving = [h for h in heard if self._moves(h)]
        if moving:
            return min(h.max_time for h in moving) - lateness_ms - 1
        if all(h.end_since is None or self.wall - h.end_since >= lateness_ms for h in heard):
            return FOREVER
        return max(h.max_time for h in heard) - lateness_ms - 1

    def slowest(self, topics: frozenset[str]) -> int | None:
        """Lowest running maximum of event time of a source of `topics` that still brings rows; NEVER while one has not
        been heard of; None if all are at their end.
        """
        if self._awaited(topics):
            return NEVER
        return min(
            (h.max_time for h in self._heard.values() if h.topic in topics and self._moves(h)), default=None
        )

    def silence(self, topics: frozenset[str], since: int) -> int:
        """For how long, ms, no source of `topics` has brought a row of a model whose latest is of the event time `since`: each
        has rested at its end, as its own worker told, or has moved on with rows of others. 0 while one has not been heard of.
        """
        heard = [h for h in self._heard.values() if h.topic in topics]
        if not heard or self._awaited(topics):
            return 0
        rested = (0 if h.end_since is None else h.wall - h.end_since for h in heard)
        return min(max(r, h.max_time - since) for r, h in zip(rested, heard, strict=True))

    def _awaited(self, topics: frozenset[str]) -> bool:
        """Whether a source of `topics` should be heard of soon: it exists, and not for long without a report."""
        return any(
            Source(topic, partition) not in self._heard
            for topic in topics
            if (known := self._topics.get(topic)) is not None and self.wall - known.since <= ABANDONED_MS
            for partition in range(known.partitions)
        )

    def _moves(self, heard: Heard) -> bool:
        return heard.end_since is None and self.wall - heard.wall <= ABANDONED_MS

    def dump(self) -> Plain:
        """Explicit fields."""
        return plain_of(_State(tuple(self._heard.values()), self._topics, self.wall))

    def load(self, plain: Plain) -> None:
        """The inverse of `dump`. Raises CorruptState."""
        state = value_of(_State, plain)
        self._heard = {Source(h.topic, h.partition): h for h in state.heard}
        self._topics, self.wall = dict(state.topics), state.wall


@dataclass(frozen=True, slots=True)
class _State:
    heard: tuple[Heard, ...]
    topics: Mapping[str, Known]
    wall: int


def _heard(before: Heard | None, source: Source, progress: SourceProgress, wall: int) -> Heard:
    resting = (
        before is not None and before.end_since is not None and before.next_offset == progress.next_offset
    )
    since = before.end_since if before is not None and resting else wall
    return Heard(
        topic=source.topic,
        partition=source.partition,
        max_time=max(
            NEVER if progress.max_time is None else progress.max_time, before.max_time if before else NEVER
        ),
        next_offset=progress.next_offset,
        wall=wall,
        end_since=since if progress.at_end else None,
    )
