"""Seeded streams with known changes: for tests of detectors and configurations, benchmarks and examples.

A *family* makes the values of one series; changes wrap families, so they combine freely; a `ModelStream` makes events of
a model from named families. Everything is drawn by numpy generators from explicit seeds: the same call gives the same
stream on every machine. Knows nothing of detectors.

A mean shift of half a standard deviation after 2,000 values, with 1% missing throughout:

>>> family = missing(shifted(normal(), by=0.5, start=2_000), rate=0.01)
>>> values = family(np.random.default_rng(1), 10_000)
>>> usable = np.array([value for value in values if value is not None])
>>> bool(usable[:1_900].mean() < 0.1), bool(usable[2_100:].mean() > 0.4)
(True, True)
"""

import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from stream_monitor.core.events import Role, Row

Values: TypeAlias = NDArray[Any]
"""(n,) in arrival order: float64, int64, bool, or object (texts, and None for a missing value)."""

Family: TypeAlias = Callable[[np.random.Generator, int], Values]
"""Draws n values. A prefix of a longer draw need not equal a shorter one."""


# ------------------------------------------------------------------------------------ stationary


def normal(mean: float = 0.0, sd: float = 1.0) -> Family:
    """Independent normal values."""
    return lambda random, n: random.normal(mean, sd, n)


def student_t(degrees: float = 3.0) -> Family:
    """Independent values with heavy tails; with 3 degrees of freedom the standard deviation is √3."""
    return lambda random, n: random.standard_t(degrees, n)


def lognormal(log_mean: float = 0.0, log_sd: float = 1.0) -> Family:
    """Independent positive values with one heavy tail, as amounts and durations have it."""
    return lambda random, n: random.lognormal(log_mean, log_sd, n)


def poisson(rate: float) -> Family:
    """Independent counts."""
    return lambda random, n: random.poisson(rate, n)


def bernoulli(rate: float) -> Family:
    """Independent truth values, true with probability `rate`."""
    return lambda random, n: random.random(n) < rate


def categories(shares: Mapping[str, float]) -> Family:
    """Independent texts; `shares` are relative.

    >>> categories({"DE": 3, "FR": 1})(np.random.default_rng(1), 4).tolist()
    ['DE', 'FR', 'DE', 'FR']
    """
    texts = np.array(list(shares), object)
    weights = np.array(list(shares.values()), float)
    return lambda random, n: texts[random.choice(len(texts), n, p=weights / weights.sum())]


def identifiers(prefix: str) -> Family:
    """Texts that practically never repeat."""
    return lambda random, n: np.array(
        [f"{prefix}{x:016x}" for x in random.integers(0, 2**63, n).tolist()], object
    )


def ar1(phi: float, sd: float = 1.0) -> Family:
    """Values that remember: x[i] = phi·x[i-1] + noise, stationary from the first one, with standard deviation `sd`."""
    if not -1 < phi < 1:
        raise ValueError(f"phi must be between -1 and 1, not {phi}")

    def draw(random: np.random.Generator, n: int) -> Values:
        noise = random.normal(0.0, sd, n)
        noise[1:] *= np.sqrt(1 - phi**2)
        values, last = [], 0.0
        for step in noise.tolist():
            last = phi * last + step
            values.append(last)
        return np.array(values)

    return draw


def seasonal(period: int, amplitude: float = 1.0, sd: float = 1.0) -> Family:
    """A sine of `period` rows plus independent normal noise: its mean moves, yet nothing drifts."""
    return lambda random, n: (
        amplitude * np.sin(np.arange(n) * (2 * np.pi / period)) + random.normal(0.0, sd, n)
    )


def given(values: Values) -> Family:
    """These values, (m,), m >= n; for series that depend on each other."""
    return lambda _, n: values[:n]


def rounded(family: Family, digits: int) -> Family:
    """Numbers with so many digits after the point; whole numbers for 0."""

    def draw(random: np.random.Generator, n: int) -> Values:
        values = np.round(family(random, n), digits)
        return values if digits else values.astype(np.int64)

    return draw


# ------------------------------------------------------------------------------------ changes


def shifted(family: Family, *, by: float, start: int, stop: int | None = None, ramp: int = 0) -> Family:
    """Mean shift: `by` is added in rows [start, stop), growing linearly over the first `ramp` rows.

    >>> shifted(normal(sd=0.0), by=2.0, start=2, stop=6, ramp=4)(np.random.default_rng(1), 7).tolist()
    [0.0, 0.0, 0.5, 1.0, 1.5, 2.0, 0.0]
    """

    def draw(random: np.random.Generator, n: int) -> Values:
        values = family(random, n).astype(np.float64)
        part = values[start:stop]
        part += by * np.minimum(1.0, np.arange(1, len(part) + 1) / max(ramp, 1))
        return values

    return draw


def scaled(
    family: Family, *, factor: float, start: int, stop: int | None = None, centre: float = 0.0
) -> Family:
    """Change of spread: distances from `centre` are multiplied in rows [start, stop)."""

    def draw(random: np.random.Generator, n: int) -> Values:
        values = family(random, n).astype(np.float64)
        values[start:stop] = centre + factor * (values[start:stop] - centre)
        return values

    return draw


def switched(family: Family, other: Family, *, start: int, stop: int | None = None) -> Family:
    """Another family in rows [start, stop): change of shape, of category shares, a new category, another rate.

    >>> stream = switched(categories({"DE": 1}), categories({"DE": 1, "XX": 1}), start=2)
    >>> stream(np.random.default_rng(1), 6).tolist()
    ['DE', 'DE', 'XX', 'DE', 'XX', 'XX']
    """

    def draw(random: np.random.Generator, n: int) -> Values:
        values = family(random, n).copy()
        others = other(random, n)
        if values.dtype != others.dtype:
            values = values.astype(np.result_type(values, others))
        values[start:stop] = others[start:stop]
        return values

    return draw


def missing(family: Family, *, rate: float, start: int = 0, stop: int | None = None) -> Family:
    """Values lost with probability `rate` in rows [start, stop), beside those that `family` itself lacks."""

    def draw(random: np.random.Generator, n: int) -> Values:
        values = family(random, n).astype(object)
        lost = random.random(n) < rate
        values[start:stop][lost[start:stop]] = None
        return values

    return draw


# ------------------------------------------------------------------------------------ events


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelStream:
    """Events of one model. Each series has a generator of its own, so adding one changes no other.

    outputs: `prediction`, `probability`, `latency_ms`, `label`. Event i happens at start_ms + (i + u·jitter)·step_ms, with
    u uniform in [0, 1) and jitter in [0, 1]: in order of time.

    >>> stream = ModelStream(
    ...     features={"amount": rounded(lognormal(), 2)}, outputs={"label": bernoulli(0.5)}, seed=1
    ... )
    >>> for event in stream.events(2):
    ...     print(event["id"], event["time"], event["features"], event["label"])
    e-0 1735689600000 {'amount': 0.4} True
    e-1 1735689601000 {'amount': 0.55} True
    """

    features: Mapping[str, Family]
    outputs: Mapping[str, Family] = field(default_factory=dict)
    seed: int
    model: str = "model"
    version: str | None = None
    start_ms: int = 1_735_689_600_000  # 2025-01-01T00:00:00Z
    step_ms: float = 1_000.0
    jitter: float = 0.0
    prefix: str = "e-"

    def rows(self, n: int) -> Iterator[Row]:
        """The first n events as rows. All values are drawn at once: 8 bytes a number, until the last row is taken."""
        features = [self._drawn(f"feature:{name}", family, n) for name, family in self.features.items()]
        outputs = [self._drawn(name, family, n) for name, family in self.outputs.items()]
        late = self.jitter * self._generator("time").random(n)
        times = (self.start_ms + np.floor((np.arange(n) + late) * self.step_ms)).astype(np.int64)
        roles = Role(0) if not self.features else Role.FEATURES
        roles |= Role.LABEL if "label" in self.outputs else Role(0)
        roles |= Role.PREDICTION if self.outputs.keys() - {"label"} else Role(0)
        for at in range(n):
            yield Row(
                self.model,
                self.version,
                f"{self.prefix}{at}",
                int(times[at]),
                int(roles),
                {name: values[at] for name, values in zip(self.features, features, strict=True)},
                {name: values[at] for name, values in zip(self.outputs, outputs, strict=True)},
            )

    def events(self, n: int) -> Iterator[dict[str, object]]:
        """The first n events as native JSON objects."""
        for row in self.rows(n):
            event: dict[str, object] = {"model": row.model, "id": row.id, "time": row.time}
            if row.version is not None:
                event["version"] = row.version
            if row.features:
                event["features"] = row.features
            yield event | dict(row.outputs)

    def _generator(self, name: str) -> np.random.Generator:
        return np.random.default_rng([self.seed, zlib.crc32(name.encode())])

    def _drawn(self, name: str, family: Family, n: int) -> list[object]:
        values: list[object] = family(self._generator(name), n).tolist()
        return values
