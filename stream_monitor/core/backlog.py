"""Rows of one model that a refold has still to observe: nobody waits for its drift events, and a batch of few rows costs as much
as one of many.
"""

from collections.abc import Sequence

from stream_monitor.core.batch import ColumnBatch
from stream_monitor.core.order import in_order


class Backlog:
    """What was released. rows, cells: in it. newest: event time, ms UTC."""

    __slots__ = ("_releases", "cells", "newest", "rows")

    def __init__(self) -> None:
        self._releases: list[Sequence[ColumnBatch]] = []
        self.rows = self.cells = self.newest = 0

    def add(self, release: Sequence[ColumnBatch]) -> None:
        """These rows, n >= 1, follow."""
        self._releases.append(release)
        for batch in release:
            self.rows += len(batch)
            self.cells += len(batch) * len(batch.columns)
            self.newest = max(self.newest, int(batch.times.max()))

    def joined(self) -> ColumnBatch:
        """All of it, n >= 1 rows, as one batch in order."""
        return in_order(*self._releases)
