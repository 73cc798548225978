"""Rows of one model that a refold has still to observe: nobody waits for its drift events, and a batch of few rows costs as much
as one of many.
"""

from stream_monitor.core.batch import ColumnBatch, concatenate


class Backlog:
    """Batches in the order in which they are to be observed. rows, cells: in them. newest: event time, ms UTC."""

    __slots__ = ("_batches", "cells", "newest", "rows")

    def __init__(self) -> None:
        self._batches: list[ColumnBatch] = []
        self.rows = self.cells = self.newest = 0

    def add(self, batch: ColumnBatch) -> None:
        """These rows follow."""
        self._batches.append(batch)
        self.rows += len(batch)
        self.cells += len(batch) * len(batch.columns)
        self.newest = max(self.newest, int(batch.times[-1]))

    def joined(self) -> ColumnBatch:
        """All of them, n >= 1, as one batch."""
        return concatenate(self._batches)
