"""The open drift of one series and the signs it rests on, as explicit fields. Decisions are made in `drift`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from stream_monitor.core.detector import FloatArray, Plain
from stream_monitor.core.drift_event import Severity
from stream_monitor.core.errors import CorruptState
from stream_monitor.core.fields import Fields
from stream_monitor.core.window import BLOCK, LENGTH

PATIENCE = 32  # blocks a candidate lives
RECENT = 8  # blocks that must be back inside half the tolerance before a drift is over


@dataclass(slots=True, kw_only=True)
class Sign:
    """A detector fired on a view: its evidence, how many blocks the new regime has lasted, and the sign's age in blocks."""

    statistic: float
    threshold: float
    blocks: int
    age: int = 0


@dataclass(slots=True, kw_only=True)
class Episode:
    """An open drift: when the new regime began, and the signs that were confirmed, by watch."""

    change_row: int
    change_time: int
    blocks: int
    severity: Severity
    signs: dict[int, Sign] = field(default_factory=dict)

    def dump(self) -> dict[str, Plain]:
        """Explicit fields."""
        return {
            "change_row": self.change_row,
            "change_time": self.change_time,
            "blocks": self.blocks,
            "severity": self.severity.value,
            "signs": dump_signs(self.signs),
        }

    @classmethod
    def load(cls, plain: Plain) -> "Episode":
        """The inverse of `dump`. Raises CorruptState."""
        fields = Fields(plain, "episode")
        try:
            severity = Severity(fields.text("severity"))
        except ValueError as error:
            raise fields.wrong("severity", str(error)) from error
        return cls(
            change_row=fields.integer("change_row", least=0),
            change_time=fields.integer("change_time"),
            blocks=fields.integer("blocks", least=1),
            severity=severity,
            signs=load_signs(fields.rows("signs")),
        )


def mean_effect(views: FloatArray, blocks: int) -> float:
    """Mean of a standardised view over the last `blocks` blocks. views: (L,) sums per block."""
    return float(views[-blocks:].sum() / (min(blocks, len(views)) * BLOCK))


def is_over(views: FloatArray, tolerance: float) -> bool:
    """Whether every view (L, views) has been back inside half the tolerance lately: the hysteresis of an alert."""
    return all(abs(mean_effect(views[:, at], RECENT)) < tolerance / 2 for at in range(views.shape[1]))


def aged(signs: Mapping[int, Sign]) -> dict[int, Sign]:
    """The candidates one block later, without those that waited long enough."""
    older = {
        watch: Sign(
            statistic=sign.statistic,
            threshold=sign.threshold,
            blocks=min(sign.blocks + 1, LENGTH),
            age=sign.age + 1,
        )
        for watch, sign in signs.items()
    }
    return {watch: sign for watch, sign in older.items() if sign.age <= PATIENCE}


def dump_signs(signs: Mapping[int, Sign]) -> list[Plain]:
    """Explicit fields of signs by watch."""
    return [[watch, s.statistic, s.threshold, s.blocks, s.age] for watch, s in signs.items()]


def load_signs(rows: Sequence[Any]) -> dict[int, Sign]:
    """The inverse of `dump_signs`. Raises CorruptState."""
    signs = {}
    for row in rows:
        if not isinstance(row, Sequence) or len(row) != 5:
            raise CorruptState("signs: a sign has five fields")
        fields = Fields(dict(zip(("watch", "statistic", "threshold", "blocks", "age"), row, strict=True)), "sign")
        signs[fields.integer("watch", least=0)] = Sign(
            statistic=fields.number("statistic"),
            threshold=fields.number("threshold"),
            blocks=fields.integer("blocks", least=1),
            age=fields.integer("age", least=0),
        )
    return signs
