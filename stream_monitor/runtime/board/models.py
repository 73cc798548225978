"""One model of the board: its latest status, references and history, and the answers made of them."""

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from stream_monitor.core.batch import FEATURE
from stream_monitor.core.drift_event import Severity
from stream_monitor.core.status import ModelStatus, Phase, SeriesStatus
from stream_monitor.runtime.board.alerts import Alert
from stream_monitor.runtime.board.answers import (
    Headline,
    ModelDetail,
    ModelOverview,
    ModelState,
    ReferenceDetail,
    ReferenceGroups,
    SeriesCounts,
    SeriesRow,
    WarmUpProgress,
)
from stream_monitor.runtime.board.history import ModelLedger, Scores, SeriesKey
from stream_monitor.runtime.board.operations import OperationBook

SILENT_MS: Final = 5 * 60 * 1000
_RATE_MS: Final = 60_000
_RATES: Final = 24
_HEADLINES: Final = ("roc_auc", "accuracy", "mae", "rmse")


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """What else is known of a model at `now`, ms UTC. open_alerts: of the model."""

    now: int
    open_alerts: Sequence[Alert]
    operations: OperationBook


@dataclass(slots=True, kw_only=True)
class BoardModel:
    """status: the latest. updated: when it was written, ms UTC."""

    status: ModelStatus
    updated: int
    ledger: ModelLedger = field(default_factory=ModelLedger)
    _rows_at: deque[tuple[int, int]] = field(default_factory=lambda: deque(maxlen=_RATES))

    def take(self, status: ModelStatus, written: int) -> None:
        """A newer status, written at `written`."""
        if status.rows < self.status.rows:  # its state was lost: it counts anew
            self._rows_at.clear()
        self.status, self.updated = status, written
        self.seen()

    def seen(self) -> None:
        """Remember how many rows there were."""
        self._rows_at.append((self.updated, self.status.rows))
        while self._rows_at[-1][0] - self._rows_at[0][0] > _RATE_MS:
            self._rows_at.popleft()

    def overview(self, around: Around) -> ModelOverview:
        """At a glance."""
        return ModelOverview(**self._glance(around), series=_counts(self.status))

    def detail(self, around: Around) -> ModelDetail:
        """With all series."""
        status = self.status
        return ModelDetail(
            **self._glance(around),
            counts=_counts(status),
            series=self.rows(around),
            series_dropped=status.series_dropped,
            drift_events=status.drift_events,
            suppressed=status.suppressed,
            labels=status.labels,
            fairness=status.fairness,
            side_by_side=status.side_by_side,
            importance_origin=status.importance_origin,
            outliers=status.outliers,
            segments=status.segments,
            segment_predictions=status.segment_predictions,
        )

    def rows(self, around: Around, only: SeriesKey | None = None) -> tuple[SeriesRow, ...]:
        """Series as rows of a table; drifting ones first, then by effect."""
        alerts = {_key(one): one.latest.alert_id for one in around.open_alerts}
        wanted = [one for one in self.status.series if only in (None, (one.series, one.version, one.segment))]
        scores = self.ledger.scores(self.ledger.recent(), only)
        ordered = sorted(wanted, key=_worst_first)
        return tuple([self._row(one, around, alerts, scores) for one in ordered])

    def reference(self, key: SeriesKey) -> ReferenceDetail | None:
        """What is normal of one series."""
        ledger = self.ledger.series.get(key)
        found = None if ledger is None else ledger.reference
        if found is None:
            return None
        return ReferenceDetail(
            kind=found.kind,
            origin=found.origin,
            size=found.size,
            missing=found.missing,
            mean=found.mean,
            sd=found.sd,
            groups=found.groups,
            edges=found.edges,
            categories=found.categories,
            shares=found.shares,
        )

    def _glance(self, around: Around) -> dict[str, Any]:
        status, alerts = self.status, around.open_alerts
        muted = [one for one in alerts if _muted(one, around)]
        return {
            "model": status.model,
            "state": self._state(around),
            "open_alerts": len(alerts),
            "critical": sum(one.latest.severity is Severity.CRITICAL for one in alerts),
            "muted": len(muted),
            "incidents": len({one.latest.incident_id for one in alerts}),
            "blind": sum(one.blind for one in status.series),
            "rows": status.rows,
            "rows_per_second": self._rate(around.now),
            "time": status.time,
            "updated": self.updated,
            "held_rows": status.held_rows,
            "late_rows": status.late_rows,
            "budget_credit": status.budget_credit,
            "label_coverage": None if status.labels is None else status.labels.coverage,
            "label_delay": None if status.labels is None else status.labels.delays.get("0.5"),
            "headline": _headline(status),
            "warm_up": _warm_up(status),
            "sparkline": self.ledger.row_counts(),
        }

    def _state(self, around: Around) -> ModelState:
        waiting = [
            one
            for one in around.open_alerts
            if not _muted(one, around) and not around.operations.acknowledged(one.latest.alert_id)
        ]
        if waiting:
            return ModelState.NEEDS_ATTENTION
        if around.open_alerts:
            return ModelState.DRIFTING
        if around.now - self.updated > SILENT_MS:
            return ModelState.SILENT
        watched = any(one.phase in (Phase.WATCHING, Phase.DRIFTING) for one in self.status.series)
        return ModelState.WATCHING if watched else ModelState.WARMING

    def _rate(self, now: int) -> float | None:
        if len(self._rows_at) < 2:
            return None
        (began, before), (ended, after) = self._rows_at[0], self._rows_at[-1]
        if now - ended > _RATE_MS:
            return 0.0
        return None if ended <= began else round((after - before) / (ended - began) * 1000, 3)

    def _row(
        self,
        one: SeriesStatus,
        around: Around,
        alerts: Mapping[SeriesKey, str],
        scores: Mapping[SeriesKey, Scores],
    ) -> SeriesRow:
        key = (one.series, one.version, one.segment)
        ledger = self.ledger.series.get(key)
        reference = None if ledger is None else ledger.reference
        return SeriesRow(
            series=one.series,
            version=one.version,
            segment=one.segment,
            kind=one.kind,
            status=one.phase,
            warm_up=one.warm_up,
            values=one.values,
            missing=one.missing,
            effect=one.effect,
            evidence=one.evidence,
            importance=one.importance,
            blind=one.blind,
            waiting=one.waiting,
            muted=around.operations.muted(self.status.model, one.series, around.now) is not None,
            alert_id=alerts.get(key),
            words=None if one.test is None else one.test.words,
            test=one.test,
            reference=None
            if reference is None
            else ReferenceGroups(groups=reference.groups, shares=reference.shares),
            current=None if ledger is None else ledger.current(self.ledger.recent()),
            sparkline=scores.get(key, ()),
        )


def _key(alert: Alert) -> SeriesKey:
    return (alert.latest.series, alert.latest.version, alert.latest.segment)


def _muted(alert: Alert, around: Around) -> bool:
    return around.operations.muted(alert.latest.model, alert.latest.series, around.now) is not None


def _worst_first(one: SeriesStatus) -> tuple[object, ...]:
    effect = abs(one.effect) if one.effect == one.effect else -1.0  # NaN while it warms up
    key = (one.series, one.version or "", one.segment or "")
    return (one.phase is not Phase.DRIFTING, not one.waiting, one.segment is not None, -effect, key)


def _counts(status: ModelStatus) -> SeriesCounts:
    phases = [one.phase for one in status.series]
    return SeriesCounts(
        warming=phases.count(Phase.WARMING),
        watching=phases.count(Phase.WATCHING),
        drifting=phases.count(Phase.DRIFTING),
        unwatched=phases.count(Phase.UNWATCHED),
    )


def _headline(status: ModelStatus) -> Headline | None:
    for version in sorted(status.performance, key=lambda one: -one.pairs):
        for name in _HEADLINES:
            figure = version.figures.get(name)
            if figure is not None and figure.value is not None:
                return Headline(
                    version=version.version,
                    figure=name,
                    value=figure.value,
                    low=figure.low,
                    high=figure.high,
                    expected=figure.expected,
                )
    return None


def _warm_up(status: ModelStatus) -> WarmUpProgress | None:
    """Of the least advanced feature that warms up, else of another series; None when none does.

    One without a value counts while nothing is watched.
    """
    watched = any(one.phase in (Phase.WATCHING, Phase.DRIFTING) for one in status.series)
    warming = [
        one
        for one in status.series
        if one.phase is Phase.WARMING and one.segment is None and (one.values or not watched)
    ]
    if not warming:
        return None
    # Those that every event brings a value to; traffic has one a minute, and labels come when they like.
    steady = [one for one in warming if one.series.startswith(FEATURE)] or warming
    least = min(steady, key=lambda one: (one.warm_up, one.series))
    done = least.values
    return WarmUpProgress(done=done, of=round(done / least.warm_up) if least.warm_up > 0 and done else None)
