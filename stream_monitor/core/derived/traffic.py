"""The series `traffic`: how many events came in each span of event time, spans without any included.

A span is complete when a row of a later one is observed: rows come in event-time order, so nothing but the rows themselves
decides, whatever the batches were. Labels come when they come and are not counted.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np

from stream_monitor.core.batch import Cell, Column, ColumnBatch
from stream_monitor.core.derived.names import TRAFFIC
from stream_monitor.core.detector import Plain
from stream_monitor.core.events import Role
from stream_monitor.core.fields import Fields
from stream_monitor.core.series import SeriesKey, SeriesSlice

LONGEST: Final = 1_440  # empty spans that are counted in a row: of a longer silence the rest is passed over
_COUNTED: Final = int(Role.FEATURES | Role.PREDICTION)
_NO_SPAN: Final = -(2**62)


class Traffic:
    """The span that is not complete yet, and its count. span_ms: its length. Cost: some 20 ns a row."""

    def __init__(self, span_ms: int) -> None:
        self._span_ms = span_ms
        self._span = _NO_SPAN
        self._count = 0
        self._whole = False  # the first span began before the first row

    def observe(self, batch: ColumnBatch, first_row: int) -> Sequence[SeriesSlice]:
        """Take the rows of `batch` (n >= 1) that follow those observed before. Returns the counts of complete spans."""
        spans = np.maximum(np.maximum.accumulate(batch.times // self._span_ms), self._span)
        before = np.concatenate([[self._span if self._span != _NO_SPAN else spans[0]], spans[:-1]])
        counted = np.cumsum((batch.roles & _COUNTED) != 0)
        ends = np.flatnonzero(spans > before)  # rows that complete the span before theirs
        self._span = int(spans[-1])
        if len(ends) == 0:
            self._count += int(counted[-1])
            return ()
        upto = np.where(ends > 0, counted[ends - 1], 0)
        counts = np.diff(upto, prepend=-self._count)
        self._count = int(counted[-1] - upto[-1])
        lengths = np.minimum(
            spans[ends] - before[ends], LONGEST
        )  # the span itself, and the empty ones after it
        first = np.cumsum(lengths) - lengths
        values = np.zeros(int(lengths.sum()))
        values[first] = counts
        within = np.arange(len(values)) - np.repeat(first, lengths)
        times = (np.repeat(before[ends], lengths) + within) * self._span_ms
        rows = np.repeat(first_row + ends, lengths)
        skipped = 0 if self._whole else 1
        self._whole = True
        if len(values) == skipped:
            return ()
        codes = np.full(len(values) - skipped, Cell.NUMBER, np.uint8)
        column = Column(values=values[skipped:], codes=codes)
        return (SeriesSlice(SeriesKey(TRAFFIC, None), column, rows[skipped:], times[skipped:]),)

    def retire(self, version: str) -> None:
        """Traffic is that of all versions."""

    def dump(self) -> dict[str, Plain]:
        """Explicit fields."""
        return {
            "span_ms": self._span_ms,
            "span": self._span,
            "count": self._count,
            "whole": int(self._whole),
        }

    def load(self, plain: Plain) -> None:
        """The inverse of `dump`; of spans of another length nothing is kept. Raises CorruptState."""
        fields = Fields(plain, "traffic")
        span, count = fields.integer("span"), fields.integer("count", least=0)
        whole = fields.integer("whole", least=0)
        if fields.integer("span_ms", least=1) == self._span_ms:
            self._span, self._count, self._whole = span, count, bool(whole)
