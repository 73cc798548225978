"""Ticks: what a worker tells, once a checkpoint, about the sources it owns. They are the core's only clock."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from stream_monitor.core.events import Source


class SourceProgress(NamedTuple):
    """How far a source has been read.

    max_time: running maximum of event time over what this worker has read of it, ms UTC; None before the first row.
    next_offset: the first offset not read. at_end: nothing more was there at the time of the tick.
    """

    max_time: int | None
    next_offset: int
    at_end: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    """One worker's report. wall: its clock, ms UTC. partitions: partition count of every input topic it knows."""

    worker: str
    wall: int
    partitions: Mapping[str, int]
    sources: Mapping[Source, SourceProgress]
