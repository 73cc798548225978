"""Findings of series for the tests of alerts and sentences."""

from stream_monitor.core.detector import Kind
from stream_monitor.core.drift_event import (
    Claim,
    Direction,
    Distribution,
    EffectSize,
    EffectSizes,
    Evidence,
    Severity,
)
from stream_monitor.core.series import Finding, SeriesKey, Transition

T0 = 1_795_255_200_000  # 2026-11-21T10:00:00Z
EFFECT_SIZES = EffectSizes(
    psi=EffectSize.of(0.1, 0.1), js_distance=EffectSize.of(0.2, 0.1), wasserstein=EffectSize.of(0.3, 0.1),
    ks=EffectSize.of(0.1, 0.1), chi_square=None, cramers_v=None, l_infinity=None,
)  # fmt: skip


def distribution(mean: float | None = 1.0, spread: float | None = 2.0) -> Distribution:
    return Distribution(
        size=64, mean=mean, standard_deviation=spread, missing=0.0, bins=("low", "high"), shares=(0.5, 0.5)
    )


def evidence(view: str = "value", effect: float = 1.0, direction: Direction | None = None) -> Evidence:
    upward = Direction.UP if effect > 0 else Direction.DOWN
    return Evidence(
        detector="adwin", claim=Claim.CHANGED, bounded=False, view=view, statistic=3.0, threshold=2.0, effect=effect,
        direction=direction or upward, parameters={},
    )  # fmt: skip


def finding(
    name: str = "feature:x",
    *,
    row: int = 100,
    transition: Transition = Transition.BEGAN,
    effect: float = 1.0,
    version: str | None = None,
    change_row: int = 50,
) -> Finding:
    return Finding(
        series=SeriesKey(name, version), kind=Kind.NUMERIC, transition=transition, row=row, time=T0 + row,
        change_row=change_row, change_time=T0 + change_row, severity=Severity.WARNING, effect=effect,
        evidence=(evidence(effect=effect),), effect_sizes=EFFECT_SIZES,
        reference=distribution(), current=distribution(mean=2.0),
    )  # fmt: skip
