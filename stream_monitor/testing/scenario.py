"""The story of the demo: a believable model in which drifts of several kinds happen at known rows, and how to mark a
monitor that watched it. Pure: knows no log, no worker and no console.
"""

import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from stream_monitor.core.drift_event import DriftEvent, Status
from stream_monitor.testing.streams import (
    Family,
    ModelStream,
    Values,
    bernoulli,
    categories,
    given,
    identifiers,
    lognormal,
    missing,
    normal,
    poisson,
    rounded,
    scaled,
    switched,
)

MODEL = "fraud"
VERSION = "7"
FIRST_MS = 1_736_121_600_000  # 2025-01-06T00:00:00Z, a Monday: no clock may find the events in the future
SPAN_MS = 70 * 24 * 3600 * 1000  # ten weeks, whatever the number of events: what budgets per week are about
EVENTS = 60_000
FEWEST_EVENTS = 20_000  # below, the first drift would come before a warm-up of 1,000 events and as many again
FRAUD_THRESHOLD = 0.5


class DriftKind(StrEnum):
    """What is done to a series."""

    MEAN = "mean"
    VARIANCE = "variance"
    NEW_CATEGORY = "new category"
    MISSING = "missing values"
    PREDICTION = "prediction shift"


@dataclass(frozen=True, slots=True, kw_only=True)
class InjectedDrift:
    """One drift of the scenario, in rows [row, end_row); end_row None: for ever. series: all that truly move with it."""

    name: str
    series: tuple[str, ...]
    row: int
    end_row: int | None
    kind: DriftKind
    description: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What became of one injected drift. delay: events from its first row up to the first alert, both counted; None: missed.

    alerts: opened alerts that it explains, on all its series, the return to normal included.
    """

    drift: InjectedDrift
    delay: int | None
    alerts: int

    @property
    def detected(self) -> bool:
        """An alert opened on one of its series while it lasted."""
        return self.delay is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Scorecard:
    """Injected against detected. false_alarms: opened alerts that no injected drift explains, in order of rows."""

    findings: tuple[Finding, ...]
    false_alarms: tuple[DriftEvent, ...]

    @property
    def detected(self) -> int:
        """Number of injected drifts that were detected."""
        return sum(finding.detected for finding in self.findings)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """Ten weeks of a fraud model: a dozen features, class, probability and latency; five drifts, all but the last ending
    after six days, eleven days or more apart. Everything scales with `events`; the values follow from `seed`.

    Raises ValueError for fewer than 20,000 events.

    >>> [(drift.series[0], drift.row, drift.end_row) for drift in Scenario().drifts][:2]
    [('feature:amount', 7028, 12248), ('feature:device_score', 16993, 22213)]
    """

    seed: int = 1
    events: int = EVENTS

    def __post_init__(self) -> None:
        if self.events < FEWEST_EVENTS:
            raise ValueError(f"the scenario needs {FEWEST_EVENTS} events or more, not {self.events}")

    @property
    def drifts(self) -> tuple[InjectedDrift, ...]:
        """What happens, in order of rows."""
        return tuple(
            InjectedDrift(
                name=kind.value,
                series=series,
                row=round(start * self.events),
                end_row=None if kind is _PERMANENT else round((start + _LASTING) * self.events),
                kind=kind,
                description=description,
            )
            for kind, series, start, description in _DRIFTS
        )

    def __iter__(self) -> Iterator[dict[str, object]]:
        """The events as native JSON objects, in order of time; made one by one from values drawn at the start (30 MB)."""
        mean, variance, category, lost, prediction = self.drifts
        probability = self._probability(prediction)
        stream = ModelStream(
            model=MODEL,
            version=VERSION,
            seed=self.seed,
            start_ms=FIRST_MS,
            step_ms=SPAN_MS / self.events,
            jitter=0.9,
            prefix="tx-",
            features=_features(mean, variance, category, lost),
            outputs={
                "prediction": given(
                    np.where(probability >= FRAUD_THRESHOLD, "fraud", "legit").astype(object)
                ),
                "probability": given(probability),
                "latency_ms": rounded(lognormal(2.5, 0.4), 2),
            },
        )
        return stream.events(self.events)

    def _probability(self, drift: InjectedDrift) -> Values:
        """Scores of legitimate and fraudulent payments; more of the latter during the drift."""
        random = np.random.default_rng([self.seed, zlib.crc32(b"scores")])
        n = self.events
        fraud = switched(bernoulli(0.08), bernoulli(0.24), start=drift.row, stop=drift.end_row)(random, n)
        scores: Values = np.round(np.where(fraud, random.beta(9, 2, n), random.beta(1.5, 12, n)), 4)
        return scores


def score(scenario: Scenario, drift_events: Iterable[DriftEvent]) -> Scorecard:
    """Mark the drift events that a monitor raised over the whole scenario; only those of status opened count.

    A drift is detected by an alert that opens on one of its series while it lasts. The return to normal is a change too:
    alerts on these series are explained for as long again after its end. Any other opened alert is a false alarm.
    """
    opened = sorted(
        (event for event in drift_events if event.status is Status.OPENED), key=lambda event: event.row
    )
    drifts = scenario.drifts
    return Scorecard(
        findings=tuple(_finding(drift, opened) for drift in drifts),
        false_alarms=tuple(event for event in opened if not any(_explains(drift, event) for drift in drifts)),
    )


def _finding(drift: InjectedDrift, opened: Iterable[DriftEvent]) -> Finding:
    explained = [event for event in opened if _explains(drift, event)]
    during = [event.row for event in explained if drift.end_row is None or event.row < drift.end_row]
    return Finding(drift=drift, delay=during[0] - drift.row + 1 if during else None, alerts=len(explained))


def _explains(drift: InjectedDrift, event: DriftEvent) -> bool:
    if event.series not in drift.series or event.row < drift.row:
        return False
    return drift.end_row is None or event.row < drift.end_row + (drift.end_row - drift.row)


# what is done, to which series, from which share of the scenario on, and what a person would say of it
_DRIFTS: tuple[tuple[DriftKind, tuple[str, ...], float, str], ...] = (
    (DriftKind.MEAN, ("feature:amount", "outlier"), 0.11713, "a campaign: amounts are 65% higher"),
    (
        DriftKind.VARIANCE,
        ("feature:device_score", "outlier"),
        0.28321,
        "a new scoring library: twice the spread",
    ),
    (
        DriftKind.NEW_CATEGORY,
        ("feature:device", "quality:unseen"),
        0.45719,
        "a new app: 20% of devices are unheard of",
    ),
    (DriftKind.MISSING, ("missing:age", "feature:age"), 0.62123, "a broken form: 12% lack the age, not 1%"),
    (DriftKind.PREDICTION, ("prediction", "probability"), 0.80319, "three times as much is called fraud"),
)
_LASTING = 0.087  # six days of ten weeks
_PERMANENT = DriftKind.PREDICTION

_DEVICES = {"ios": 38, "android": 41, "web": 16, "pos": 5}


def _features(
    mean: InjectedDrift, variance: InjectedDrift, category: InjectedDrift, lost: InjectedDrift
) -> dict[str, Family]:
    age = missing(rounded(normal(44, 13), 0), rate=0.01)
    return {
        "amount": rounded(
            switched(lognormal(3.6, 0.6), lognormal(4.1, 0.6), start=mean.row, stop=mean.end_row), 2
        ),
        "age": missing(age, rate=1 - 0.88 / 0.99, start=lost.row, stop=lost.end_row),
        "account_days": rounded(lognormal(6.2, 1.1), 0),
        "transactions_24h": poisson(2.6),
        "device_score": rounded(
            scaled(normal(50, 8), factor=2, centre=50, start=variance.row, stop=variance.end_row), 3
        ),
        "distance_km": rounded(lognormal(1.8, 1.3), 3),
        "country": categories({"DE": 40, "FR": 18, "NL": 12, "PL": 10, "ES": 9, "IT": 8, "AT": 3}),
        "merchant": categories(
            {"grocery": 31, "fuel": 17, "fashion": 14, "travel": 9, "electronics": 12, "games": 8, "other": 9}
        ),
        "device": switched(
            categories(_DEVICES),
            categories(_DEVICES | {"tablet_app": 25}),
            start=category.row,
            stop=category.end_row,
        ),
        "is_new_customer": bernoulli(0.17),
        "card_present": bernoulli(0.62),
        "session_id": identifiers("s-"),
    }
