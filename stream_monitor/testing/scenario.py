"""The story of the demo: a believable model to which things of several kinds happen at known rows, and how to mark a
monitor that watched it. Pure: knows no log, no worker and no console.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from fnmatch import fnmatchcase

from stream_monitor.core.drift_event import DriftEvent, Status
from stream_monitor.core.performance.note import Verdict
from stream_monitor.testing.story import BAD_COUNTRY, Part, Parts, Timeline, events_of, timeline

EVENTS = 100_000
FEWEST_EVENTS = (
    40_000  # below, the first drift would come before a warm-up of 1,000 predictions and as many again
)


class DriftKind(StrEnum):
    """What happens to the model, as its owner would call it."""

    HARMLESS = "harmless input drift"
    HARMFUL = "harmful input drift"
    QUALITY = "quality fault"
    LATENCY = "latency regression"
    SEGMENT = "bad segment"
    CONCEPT = "concept drift"


@dataclass(frozen=True, slots=True, kw_only=True)
class InjectedDrift:
    """One drift of the scenario, in rows [row, end_row); end_row None: for ever.

    series: those on which it must be found, each; `error of country=PL` is the series of a segment. also: names and globs of
    others that truly move with it, or may.
    """

    name: str
    series: tuple[str, ...]
    also: tuple[str, ...]
    row: int
    end_row: int | None
    kind: DriftKind
    description: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What became of one injected drift. delays: for each of its series events from its first row up to the first alert, both
    counted; None: missed. alerts: opened alerts that it explains, the return to normal included.

    performance: what the last drift event on the first of its series, while it lasted, says of the model's performance.
    """

    drift: InjectedDrift
    delays: tuple[int | None, ...]
    alerts: int
    performance: Verdict | None = None

    @property
    def detected(self) -> bool:
        """An alert opened on each of its series while it lasted."""
        return None not in self.delays


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
    """Ten weeks of a fraud model: eleven features, class, probability and latency, and the truth of four in five cases up to a
    day later; six drifts, nine days or more apart, all but the last ending after five. Everything scales with `events`,
    predictions and labels together; the values follow from `seed`.

    Raises ValueError for fewer than 40,000 events.

    >>> [(drift.series[0], drift.row, drift.end_row) for drift in Scenario().drifts][:2]
    [('feature:amount', 12749, 19808), ('feature:device_score', 25815, 32841)]
    """

    seed: int = 1
    events: int = EVENTS

    def __post_init__(self) -> None:
        if self.events < FEWEST_EVENTS:
            raise ValueError(f"the scenario needs {FEWEST_EVENTS} events or more, not {self.events}")

    @property
    def drifts(self) -> tuple[InjectedDrift, ...]:
        """What happens, in order of rows."""
        rows = self._when.rows
        return tuple(
            InjectedDrift(
                name=kind.value,
                series=series,
                also=also,
                row=int(rows[part.first]),
                end_row=None if part.end is None else int(rows[part.end]),
                kind=kind,
                description=description,
            )
            for part, (kind, series, also, description) in zip(self._parts, _DRIFTS, strict=True)
        )

    def __iter__(self) -> Iterator[dict[str, object]]:
        """The events as native JSON objects, in order of time."""
        return events_of(self.seed, self._when, self._parts)

    @property
    def _when(self) -> Timeline:
        return timeline(self.seed, self.events)

    @property
    def _parts(self) -> Parts:
        n = len(self._when.rows)
        bounds = [(start, start + _LASTING) for start in _STARTS]
        parts = [Part(round(first * n), round(end * n)) for first, end in bounds]
        return Parts._make([*parts[:-1], parts[-1]._replace(end=None)])


def series_of(event: DriftEvent) -> str:
    """The name of its series, with the segment if it is of one."""
    return event.series if event.segment is None else f"{event.series} of {event.segment}"


def score(scenario: Scenario, drift_events: Iterable[DriftEvent]) -> Scorecard:
    """Mark the drift events that a monitor raised over the whole scenario; only those of status opened count as alerts.

    A drift is detected by alerts that open on its series while it lasts. The return to normal is a change too: alerts on
    these series are explained for as long again after its end. Any other opened alert is a false alarm.
    """
    found = sorted(drift_events, key=lambda event: event.row)
    opened = [event for event in found if event.status is Status.OPENED]
    drifts = scenario.drifts
    return Scorecard(
        findings=tuple(
            replace(_finding(drift, opened), performance=_performance(drift, found)) for drift in drifts
        ),
        false_alarms=tuple(event for event in opened if not any(_explains(drift, event) for drift in drifts)),
    )


def _finding(drift: InjectedDrift, opened: Sequence[DriftEvent]) -> Finding:
    explained = [event for event in opened if _explains(drift, event)]
    during = [event for event in explained if drift.end_row is None or event.row < drift.end_row]
    rows = [[event.row for event in during if series_of(event) == series] for series in drift.series]
    delays = tuple(found[0] - drift.row + 1 if found else None for found in rows)
    return Finding(drift=drift, delays=delays, alerts=len(explained))


def _performance(drift: InjectedDrift, found: Sequence[DriftEvent]) -> Verdict | None:
    said = [
        event.performance.verdict
        for event in found
        if event.performance is not None
        and series_of(event) == drift.series[0]
        and drift.row <= event.row
        and (drift.end_row is None or event.row < drift.end_row)
    ]
    return said[-1] if said else None


def _explains(drift: InjectedDrift, event: DriftEvent) -> bool:
    name = series_of(event)
    if event.row < drift.row or not (
        name in drift.series or any(fnmatchcase(name, glob) for glob in drift.also)
    ):
        return False
    return drift.end_row is None or event.row < drift.end_row + (drift.end_row - drift.row)


# what it is, where it must be found, what else moves, and what a person would say of it
_DRIFTS: tuple[tuple[DriftKind, tuple[str, ...], tuple[str, ...], str], ...] = (
    (
        DriftKind.HARMLESS,
        ("feature:amount",),
        ("outlier",),
        "a campaign: amounts are 65% higher, and the model is as good as ever",
    ),
    (
        DriftKind.HARMFUL,
        ("feature:device_score", "error"),
        ("error of *", "performance:*", "outlier"),
        "a new scoring library: twice the spread, and scores that are often wrong",
    ),
    (
        DriftKind.QUALITY,
        ("missing:age", "quality:type_error"),
        ("missing:account_days", "feature:age", "feature:account_days", "schema:*"),
        "a broken form: 12% lack the age, and 6% write a number as text",
    ),
    (DriftKind.LATENCY, ("latency_ms",), (), "a smaller machine: answers take half as long again"),
    (
        DriftKind.SEGMENT,
        (f"error of country={BAD_COUNTRY}",),
        ("error", f"* of country={BAD_COUNTRY}", "performance:*"),
        "one country changed its cards: there, and only there, scores mean nothing",
    ),
    (
        DriftKind.CONCEPT,
        ("error",),
        ("error of *", "performance:*"),
        "fraudsters have learned: the same payments, and many are now fraud that were none",
    ),
)
_STARTS = (0.13, 0.26, 0.39, 0.52, 0.65, 0.80)
_LASTING = 0.07  # five days of ten weeks
