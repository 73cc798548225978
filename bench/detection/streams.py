"""Stationary streams, and streams with one change whose true densities are known: what the tables are made of.

A draw is (n,) floats. `period`: rows of a day, where events carry a time; what then has a calendar may use it.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np

from stream_monitor.core.detector import FloatArray, Kind
from stream_monitor.testing import streams as families
from stream_monitor.testing.streams import Family

DAY_MS: Final = 24 * 3_600_000
Draw: TypeAlias = Callable[[np.random.Generator, int], FloatArray]
LogRatio: TypeAlias = Callable[[FloatArray], FloatArray]

SHARES: Final = np.array([0.4, 0.3, 0.15, 0.1, 0.05])
CHANGED_SHARES: Final = np.array([0.3, 0.3, 0.15, 0.1, 0.15])
_BIMODAL: Final = math.sqrt(1 - 0.9**2)


def _floats(family: Family) -> Draw:
    return lambda random, n: family(random, n).astype(np.float64)


def _codes(shares: FloatArray) -> Draw:
    return lambda random, n: random.choice(len(shares), n, p=shares).astype(np.float64)


def _times(draw: Draw, factor: float) -> Draw:
    return lambda random, n: draw(random, n) * factor


def _garch(random: np.random.Generator, n: int) -> FloatArray:
    """GARCH(1, 1) with variance 1: volatility comes in spells, the values themselves are not correlated."""
    values, variance = np.empty(n), 1.0
    for at, noise in enumerate(random.normal(size=n).tolist()):
        values[at] = value = math.sqrt(variance) * noise
        variance = 0.05 + 0.1 * value * value + 0.85 * variance
    return values


def _seasonal_ar(random: np.random.Generator, n: int) -> FloatArray:
    season = 2 * np.sin(np.arange(n) * (2 * np.pi / 1440))
    return np.asarray(season + families.ar1(0.8)(random, n))


@dataclass(frozen=True, slots=True, kw_only=True)
class Stationary:
    """A stream in which nothing drifts."""

    name: str
    draw: Draw
    independent: bool = True
    kind: Kind = Kind.NUMERIC
    period: int | None = None

    def times(self, n: int) -> np.ndarray[tuple[int], np.dtype[np.int64]] | None:
        """(n,) event times, ms, if the stream has them."""
        return None if self.period is None else np.arange(n) * (DAY_MS // self.period)


_NORMAL: Final = _floats(families.normal())
INDEPENDENT: Final = (
    Stationary(name="N(0,1)", draw=_NORMAL),
    *(Stationary(name=f"N(0,1) × {scale:g}", draw=_times(_NORMAL, scale)) for scale in (1e-6, 1e-3, 1e6)),
    Stationary(name="N(1000,1)", draw=_floats(families.normal(1000.0))),
    Stationary(name="Student t3", draw=_floats(families.student_t(3))),
    Stationary(name="lognormal", draw=_floats(families.lognormal())),
    Stationary(name="Poisson(3)", draw=_floats(families.poisson(3))),
    Stationary(name="Poisson(0.1)", draw=_floats(families.poisson(0.1))),
    Stationary(name="Bernoulli(0.05)", draw=_floats(families.bernoulli(0.05)), kind=Kind.BOOLEAN),
    Stationary(name="5 categories", draw=_codes(SHARES), kind=Kind.CATEGORICAL),
)
DEPENDENT: Final = (
    *(
        Stationary(name=f"AR(1) {phi}", draw=_floats(families.ar1(phi)), independent=False)
        for phi in (0.2, 0.5, 0.9, 0.99)
    ),
    *(
        Stationary(name=f"season {p}", draw=_floats(families.seasonal(p)), independent=False, period=p)
        for p in (288, 1440)
    ),
    Stationary(name="season 1440 + AR(1) 0.8", draw=_seasonal_ar, independent=False, period=1440),
    Stationary(name="GARCH(.1, .85)", draw=_garch, independent=False),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """`before` turns into `after`. ratio: log of the densities after over before, of single values; None: no oracle."""

    name: str
    group: str
    before: Stationary
    after: Callable[[np.random.Generator, int, int], FloatArray]
    ratio: LogRatio | None = None

    def draw(self, random: np.random.Generator, start: int, horizon: int) -> FloatArray:
        """(start + horizon,) values with the change at `start`."""
        return self.after(random, start, horizon)


def _then(before: Draw, after: Draw) -> Callable[[np.random.Generator, int, int], FloatArray]:
    return lambda random, start, horizon: np.concatenate([before(random, start), after(random, horizon)])


def _shifted(draw: Draw, by: float, ramp: int = 0) -> Callable[[np.random.Generator, int, int], FloatArray]:
    def drawn(random: np.random.Generator, start: int, horizon: int) -> FloatArray:
        family = families.shifted(draw, by=by, start=start, ramp=ramp)
        return np.asarray(family(random, start + horizon), np.float64)

    return drawn


def _normal_ratio(mean: float, sd: float, unit: float = 1.0, offset: float = 0.0) -> LogRatio:
    def ratio(x: FloatArray) -> FloatArray:
        z = (x - offset) / unit
        return np.asarray(z * z / 2 - (z - mean) ** 2 / (2 * sd * sd) - math.log(sd))

    return ratio


def _bimodal(random: np.random.Generator, n: int) -> FloatArray:
    return np.asarray(random.choice([-0.9, 0.9], n) + _BIMODAL * random.normal(size=n))


def _bimodal_ratio(z: FloatArray) -> FloatArray:
    modes = [np.exp(-((z - mode) ** 2) / (2 * _BIMODAL**2)) for mode in (-0.9, 0.9)]
    return np.asarray(np.log(0.5 * (modes[0] + modes[1]) / _BIMODAL) + z * z / 2)


def _exponential_ratio(z: FloatArray) -> FloatArray:
    return np.where(z > -1, -(z + 1) + z * z / 2 + 0.5 * math.log(2 * math.pi), -50.0)


def _t3_ratio(x: FloatArray) -> FloatArray:
    by = 0.5 * math.sqrt(3)
    return np.asarray(2 * np.log1p(x * x / 3) - 2 * np.log1p((x - by) ** 2 / 3))


def _poisson_ratio(before: float, after: float) -> LogRatio:
    return lambda x: x * math.log(after / before) - (after - before)


def _share_ratio(before: FloatArray, after: FloatArray) -> LogRatio:
    return lambda x: np.asarray(np.log(after / before)[x.astype(np.intp)])


def _of(name: str) -> Stationary:
    return {stream.name: stream for stream in (*INDEPENDENT, *DEPENDENT)}[name]


def _mean(by: float) -> Change:
    group = "mean" if abs(by) >= 0.5 else "small mean"
    return Change(
        name=f"mean {by:+g} sd",
        group=group,
        before=_of("N(0,1)"),
        after=_shifted(_NORMAL, by),
        ratio=_normal_ratio(by, 1.0),
    )


def _shape(name: str, after: Draw, ratio: LogRatio) -> Change:
    return Change(
        name=name, group="variance and shape", before=_of("N(0,1)"), after=_then(_NORMAL, after), ratio=ratio
    )


def _unit(name: str, unit: float, offset: float) -> Change:
    before = _of(name)
    return Change(
        name=f"{name}: mean +0.5 sd",
        group="mean",
        before=before,
        after=_shifted(before.draw, 0.5 * unit),
        ratio=_normal_ratio(0.5, 1.0, unit, offset),
    )


def _discrete(name: str, before: str, after: Draw, ratio: LogRatio) -> Change:
    stream = _of(before)
    return Change(name=name, group="discrete", before=stream, after=_then(stream.draw, after), ratio=ratio)


def _without_oracle(name: str, before: str, by: float, ramp: int = 0) -> Change:
    stream = _of(before)
    group = "gradual" if ramp else "dependent"
    return Change(name=name, group=group, before=stream, after=_shifted(stream.draw, by, ramp))


CHANGES: Final = (
    *(_mean(by) for by in (0.1, 0.25, 0.5, 1.0, -0.5)),
    _shape("variance × 2", _times(_NORMAL, math.sqrt(2)), _normal_ratio(0.0, math.sqrt(2))),
    _shape("variance × ½", _times(_NORMAL, math.sqrt(0.5)), _normal_ratio(0.0, math.sqrt(0.5))),
    _shape("N → bimodal", _bimodal, _bimodal_ratio),
    _shape("N → exponential", lambda random, n: random.exponential(size=n) - 1, _exponential_ratio),
    Change(
        name="t3: mean +0.5 sd",
        group="mean",
        before=_of("Student t3"),
        after=_shifted(_floats(families.student_t(3)), 0.5 * math.sqrt(3)),
        ratio=_t3_ratio,
    ),
    _unit("N(0,1) × 0.001", 1e-3, 0.0),
    _unit("N(0,1) × 1e+06", 1e6, 0.0),
    _unit("N(1000,1)", 1.0, 1000.0),
    _discrete("Poisson 3 → 4", "Poisson(3)", _floats(families.poisson(4)), _poisson_ratio(3, 4)),
    _discrete("Poisson 0.1 → 0.2", "Poisson(0.1)", _floats(families.poisson(0.2)), _poisson_ratio(0.1, 0.2)),
    _discrete(
        "Bernoulli 0.05 → 0.1",
        "Bernoulli(0.05)",
        _floats(families.bernoulli(0.1)),
        _share_ratio(np.array([0.95, 0.05]), np.array([0.9, 0.1])),
    ),
    _discrete("5 categories", "5 categories", _codes(CHANGED_SHARES), _share_ratio(SHARES, CHANGED_SHARES)),
    _without_oracle("0 → 1 sd over 5,000", "N(0,1)", 1.0, 5_000),
    _without_oracle("0 → 0.5 sd over 5,000", "N(0,1)", 0.5, 5_000),
    _without_oracle("AR(1) 0.5: mean +0.5 sd", "AR(1) 0.5", 0.5),
    _without_oracle("AR(1) 0.9: mean +1 sd", "AR(1) 0.9", 1.0),
    _without_oracle("season 288: mean +0.5 sd", "season 288", 0.5),
    _without_oracle("GARCH(.1, .85): mean +0.5 sd", "GARCH(.1, .85)", 0.5),
)
GROUPS: Final[Mapping[str, str]] = {
    "mean": "mean shifts of 0.5 sd and more",
    "small mean": "smaller mean shifts",
    "variance and shape": "variance and shape",
    "discrete": "counts and categories",
}
