"""The open drift of one series and the signs it rests on, as explicit fields. Decisions are made in `drift`."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from stream_monitor.core.drift_event import Severity
from stream_monitor.core.window import LENGTH

PATIENCE = 32  # blocks a candidate lives
RECENT = 8  # blocks whose means must be back inside half the tolerance before a drift is over
SETTLED = 32  # blocks whose shape must be back too, where it was the shape that changed


@dataclass(frozen=True, slots=True, kw_only=True)
class Sign:
    """A witness spoke up: its evidence, how many blocks the new regime has lasted, and the sign's age in blocks."""

    statistic: float
    threshold: float
    blocks: int
    age: int = 0


@dataclass(slots=True, kw_only=True)
class Episode:
    """An open drift: when the new regime began, the signs that were confirmed, by witness, whether it was the shape alone
    that changed, and the size of the effect that was told last.
    """

    change_row: int
    change_time: int
    blocks: int
    severity: Severity
    signs: Mapping[str, Sign]
    shape: bool
    told: float


def lasting(signs: Mapping[str, Sign], blocks: int = 1) -> dict[str, Sign]:
    """The signs so many blocks later."""
    return {
        name: replace(sign, blocks=min(sign.blocks + blocks, LENGTH), age=sign.age + blocks)
        for name, sign in signs.items()
    }


def aged(signs: Mapping[str, Sign]) -> dict[str, Sign]:
    """The candidates one block later, without those that waited long enough."""
    return {name: sign for name, sign in lasting(signs).items() if sign.age <= PATIENCE}
