"""Remembers where in its sources a model stood at its recent rows, so that a change point can be told as log positions.

Every MARK rows the highest offset of every source is kept; a change point is told to within that many rows.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from stream_monitor.core.batch import ColumnBatch
from stream_monitor.core.detector import Plain
from stream_monitor.core.drift_event import Positions
from stream_monitor.core.errors import CorruptState
from stream_monitor.core.events import Source
from stream_monitor.core.fields import Fields, as_bytes

MARK = 64  # rows
KEPT = 256  # marks


def together(before: Sequence[Positions], now: Sequence[Positions]) -> tuple[Positions, ...]:
    """Where a regime lies that was at `before` and is at `now`: its begin may have been forgotten since, or be in new sources."""
    found = {Source(one.topic, one.partition): one for one in before}
    for one in now:
        source = Source(one.topic, one.partition)
        known = found.get(source, one)
        found[source] = replace(
            one,
            first_offset=min(known.first_offset, one.first_offset),
            last_offset=max(known.last_offset, one.last_offset),
        )
    return tuple(found[source] for source in sorted(found))


class PositionLog:
    """The highest offset of every source, now and at the last KEPT marks."""

    def __init__(self) -> None:
        self._sources: dict[Source, int] = {}
        self._now: NDArray[np.int64] = np.zeros(0, np.int64)  # (sources,) highest offset so far
        self._before: NDArray[np.int64] = np.zeros(0, np.int64)  # the same before the batch observed last
        self._rows: NDArray[np.int64] = np.zeros(0, np.int64)  # (marks,) the row before which a mark was made
        self._marks: NDArray[np.int64] = np.zeros((0, 0), np.int64)  # (marks, sources)

    def observe(self, batch: ColumnBatch, first_row: int) -> None:
        """The rows of `batch` follow, the first of them with the ordinal `first_row`."""
        places = self._places(batch)
        self._before = self._now.copy()
        rows = np.arange(-(-first_row // MARK) * MARK, first_row + len(batch), MARK)
        if len(rows) == 0:
            np.maximum.at(self._now, places, batch.offsets)
            return
        marks = np.empty((len(rows), len(self._now)), np.int64)
        for place in range(len(self._now)):
            at = np.flatnonzero(places == place)
            highest = np.maximum.accumulate(np.concatenate([self._now[place : place + 1], batch.offsets[at]]))
            marks[:, place] = highest[np.searchsorted(at, rows - first_row)]
            self._now[place] = highest[-1]
        # Those of this batch come on top: which marks count is decided at a row, never at the end of a batch.
        self._rows = np.concatenate([self._rows[-KEPT:], rows])
        self._marks = np.concatenate([self._marks[-KEPT:], marks])

    def since(self, batch: ColumnBatch, first_row: int, change_row: int, row: int) -> tuple[Positions, ...]:
        """Where the rows from `change_row` to `row` lie; `row` is one of `batch`, the batch observed last."""
        made = int(np.searchsorted(self._rows, row, side="right"))
        mark = int(np.searchsorted(self._rows, change_row, side="right")) - 1
        first = self._marks[max(0, made - KEPT, mark)]
        last = self._before.copy()
        upto = slice(0, row - first_row + 1)
        np.maximum.at(last, self._places(batch)[upto], batch.offsets[upto])
        return tuple(
            Positions(
                topic=source.topic,
                partition=source.partition,
                first_offset=int(first[place]) + 1,
                last_offset=int(last[place]),
            )
            for source, place in sorted(self._sources.items())
            if last[place] > first[place]
        )

    def _places(self, batch: ColumnBatch) -> NDArray[np.intp]:
        """Place (n,) of every row's source among all sources; a new source begins just before its first row."""
        fresh = [at for at, source in enumerate(batch.sources) if source not in self._sources]
        here = [np.flatnonzero(batch.source_at == at) for at in fresh]
        for first_row, at in sorted(
            (int(rows[0]), at) for rows, at in zip(here, fresh, strict=True) if len(rows)
        ):
            begin = batch.offsets[first_row] - 1
            self._sources[batch.sources[at]] = len(self._sources)
            self._now = np.append(self._now, begin)
            self._marks = np.column_stack([self._marks, np.full(len(self._marks), begin)])
        return np.array([self._sources.get(source, 0) for source in batch.sources], np.intp)[batch.source_at]

    def dump(self) -> dict[str, Plain]:
        """Explicit fields; arrays as little-endian bytes."""
        return {
            "sources": [[source.topic, source.partition] for source in self._sources],
            "now": as_bytes(self._now, "<i8"),
            "rows": as_bytes(self._rows[-KEPT:], "<i8"),
            "marks": as_bytes(self._marks[-KEPT:], "<i8"),
        }

    @classmethod
    def load(cls, plain: Plain) -> "PositionLog":
        """The inverse of `dump`. Raises CorruptState."""
        fields = Fields(plain, "positions")
        log = cls()
        try:
            log._sources = {Source(str(t), int(p)): at for at, (t, p) in enumerate(fields.rows("sources"))}
        except (TypeError, ValueError) as error:
            raise CorruptState(f"positions.sources: {error}") from error
        log._now, log._rows = fields.array("now", "<i8"), fields.array("rows", "<i8")
        log._marks = fields.array("marks", "<i8", (len(log._rows), len(log._sources)))
        if len(log._now) != len(log._sources):
            raise fields.wrong("now", "not one offset per source")
        return log
