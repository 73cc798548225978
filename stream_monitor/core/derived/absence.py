"""Absence: a model that used to bring events and is silent. A fact, by the ticks alone; no local clock has a say.

How long it has been silent is told by its sources: every one of them has been read to its end and stayed there for so long, or
has moved on by so much event time with events of other models only.
"""

from typing import Final

from stream_monitor.core.batch import ColumnBatch
from stream_monitor.core.derived.facts import Fact
from stream_monitor.core.derived.names import ABSENT
from stream_monitor.core.derived.words import SILENT
from stream_monitor.core.detector import Kind, Plain
from stream_monitor.core.drift_event import Severity
from stream_monitor.core.fields import Fields
from stream_monitor.core.series import SeriesKey

LEAST_MS: Final = 600_000
USUAL: Final = (
    20  # silences of the mean length: one of that many happens once in e^20 where events come independently
)
LEAST_ROWS: Final = 100  # to know how often events come
KEY: Final = SeriesKey(ABSENT, None)
_NONE: Final = -(2**62)


class Absence:
    """When the events of a model began. after_ms: silence that is told; None: what is unusual for it, 10 minutes at least."""

    def __init__(self, after_ms: int | None) -> None:
        self._after_ms = after_ms
        self._first = _NONE  # event time of the first row

    @property
    def least_ms(self) -> int:
        """No shorter silence is told."""
        return LEAST_MS if self._after_ms is None else self._after_ms

    def observe(self, batch: ColumnBatch) -> None:
        """Rows came."""
        if self._first == _NONE:
            self._first = int(batch.times[0])

    def fact(self, silent_ms: int, rows: int, clock: int) -> Fact | None:
        """The fact that the model has been silent for so long after so many rows, the last at the event time `clock`."""
        if self._first == _NONE:
            return None
        usual = (clock - self._first) / max(1, rows - 1)
        after = self._after_ms
        if after is None:
            if rows < LEAST_ROWS:
                return None
            after = max(LEAST_MS, round(USUAL * usual))
        if silent_ms < after:
            return None
        return Fact(
            key=KEY,
            kind=Kind.NUMERIC,
            detector="absence",
            name=SILENT,
            statistic=float(silent_ms),
            threshold=float(after),
            severity=Severity.CRITICAL,
            change_row=rows - 1,
            change_time=clock,
            parameters={"usual_ms": round(usual)} if usual >= 1 else {},
        )

    def dump(self) -> dict[str, Plain]:
        """Explicit fields."""
        return {"first": self._first}

    def load(self, plain: Plain) -> None:
        """The inverse of `dump`. Raises CorruptState."""
        self._first = Fields(plain, "absence").integer("first")
