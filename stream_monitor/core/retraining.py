"""Decides when a model should be trained anew: a policy over its open alerts.

A request is made at the first row at which an alert that the policy names has been open for long enough, the new regime holds
enough rows to train on, and the last request is long enough ago. While the alert stays open it is made again, as often as the
policy allows. All of it hangs on rows and event time, never on batches or a clock.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from stream_monitor.core.alerts import Where
from stream_monitor.core.attribution import Inputs, is_asked_for
from stream_monitor.core.detector import Plain
from stream_monitor.core.drift_event import DriftEvent, Severity, Status
from stream_monitor.core.parameters import BudgetUnit, ModelParameters, RetrainPolicy, Span
from stream_monitor.core.plain import plain_of, value_of
from stream_monitor.core.positions import together
from stream_monitor.core.retrain_request import RetrainEvidence, RetrainRequest
from stream_monitor.core.sentence import moved_with, summary_of
from stream_monitor.core.series import SeriesKey
from stream_monitor.core.snapshot import digest


class Moment(NamedTuple):
    """A row and the latest event time there, ms UTC."""

    row: int
    time: int


class Standing(NamedTuple):
    """An open alert that asks for retraining: its latest drift event, and when it was opened."""

    event: DriftEvent
    opened: Moment


class Retraining:
    """The requests of one model. Without a policy it does nothing and holds nothing."""

    def __init__(self, parameters: ModelParameters, inputs: Inputs) -> None:
        self._parameters = parameters
        self._inputs = inputs
        self._open: dict[SeriesKey, DriftEvent] = {}  # all alerts
        self.standing: dict[str, Standing] = {}  # by alert id
        self.last: Moment | None = None  # request
        self.requested = 0

    def decide(
        self,
        events: Sequence[DriftEvent],
        rows: NDArray[np.int64],
        clock: NDArray[np.int64],
        where: Where,
    ) -> list[RetrainRequest]:
        """The requests that fall due at these rows (n,), n >= 1, with the drift events that were found in them, by row.
        clock: (n,) latest event time at each row.
        """
        policy = self._parameters.retrain
        if policy is None:
            return []
        requests: list[RetrainRequest] = []
        done = 0
        for event in events:
            at = event.row - int(rows[0])
            if at > done and self.standing:
                requests += self._due(policy, rows[done:at], clock[done:at], where)
            done = max(done, at)
            self.hear(event)
        return requests + self._due(policy, rows[done:], clock[done:], where)

    def hear(self, event: DriftEvent) -> None:
        """A drift event that was found outside of rows: it leads to no request, but may end what asks for one."""
        policy = self._parameters.retrain
        if policy is None:
            return
        key = SeriesKey(event.series, event.version, event.segment)
        self._open.pop(key, None)
        known = self.standing.pop(event.alert_id, None)
        if event.status is Status.RESOLVED:
            return
        self._open[key] = event
        if any(fnmatchcase(event.series, one) for one in policy.on):
            opened = Moment(event.row, event.time) if known is None else known.opened
            self.standing[event.alert_id] = Standing(event, opened)

    def _due(
        self, policy: RetrainPolicy, rows: NDArray[np.int64], clock: NDArray[np.int64], where: Where
    ) -> list[RetrainRequest]:
        """Requests at these rows, between which the open alerts stay the same."""
        requests = []
        serious = [
            one
            for one in self.standing.values()
            if one.event.severity is Severity.CRITICAL or policy.severity is Severity.WARNING
        ]
        while serious:
            reached = [(self._reached(policy, one, rows, clock), one) for one in serious]
            at = min(place for place, _ in reached)
            if at >= len(rows):
                break
            first = min((one for place, one in reached if place <= at), key=_by_weight)
            now = Moment(int(rows[at]), int(clock[at]))
            requests.append(self._request(first, serious, now, where))
            self.last = now
            self.requested += 1
        return requests

    def _reached(
        self, policy: RetrainPolicy, one: Standing, rows: NDArray[np.int64], clock: NDArray[np.int64]
    ) -> int:
        """Place of the first row at which `one` may lead to a request; the number of rows where there is none."""
        enough = int(np.searchsorted(rows, one.event.change_point_row + policy.rows))
        places = [enough, _passed(policy.after, one.opened, rows, clock)]
        if self.last is not None:
            places.append(_passed(policy.apart, self.last, rows, clock))
        return max(places)

    def _request(
        self, first: Standing, serious: Iterable[Standing], now: Moment, where: Where
    ) -> RetrainRequest:
        event, parameters = self._as_of(first.event, now), self._parameters
        alike = [one for one in serious if one.event.version in (None, event.version) and one is not first]
        rows = now.row + 1 - event.change_point_row
        name = parameters.name + (f" version {event.version}" if event.version else "")
        return RetrainRequest(
            id=digest([parameters.group, parameters.name, "retrain", self.requested]),
            number=self.requested,
            summary=f"{name} should be trained anew: {event.series} has drifted for {rows:,} rows{moved_with(event)}",
            model=parameters.name,
            version=event.version,
            time=now.time,
            row=now.row,
            change_point=event.change_point,
            change_point_row=event.change_point_row,
            rows=rows,
            ongoing=True,
            evidence=tuple(
                _evidence(self._as_of(one.event, now), one.opened)
                for one in [first, *sorted(alike, key=_by_weight)]
            ),
            positions=together(event.positions, where(event.change_point_row, now.row)),
            labels=dict(parameters.labels),
        )

    def _as_of(self, event: DriftEvent, now: Moment) -> DriftEvent:
        """With what has moved with an output up to now: when the alert was opened there were few values to tell it from."""
        if not is_asked_for(event.series):
            return event
        found = self._inputs.moved(event.change_point_row, now.row, self._open)
        if found is None:
            return event
        told = replace(event, attribution=found)
        return replace(told, summary=summary_of(told))

    def dump(self) -> dict[str, Plain]:
        """Explicit fields; the events of open alerts are in the state of the alerts."""
        opened = {alert_id: one.opened for alert_id, one in self.standing.items()}
        plain = plain_of(_State(opened=opened, last=self.last, requested=self.requested))
        assert isinstance(plain, dict)
        return plain

    def load(self, plain: Plain, open_alerts: Iterable[DriftEvent]) -> None:
        """The inverse of `dump`, with the latest drift event of every open alert. Raises CorruptState.

        The policy of now counts: an alert that was open before it was named counts from its latest drift event on.
        """
        state = value_of(_State, plain)
        self.last, self.requested = state.last, state.requested
        self.standing, self._open = {}, {}
        latest = {event.alert_id: event for event in open_alerts}
        for alert_id in dict.fromkeys([*(one for one in state.opened if one in latest), *latest]):
            self.hear(latest[alert_id])
        for alert_id, moment in state.opened.items():
            if alert_id in self.standing:
                self.standing[alert_id] = Standing(latest[alert_id], moment)


@dataclass(frozen=True, slots=True, kw_only=True)
class _State:
    opened: Mapping[str, Moment]
    last: Moment | None
    requested: int


def _passed(span: Span, since: Moment, rows: NDArray[np.int64], clock: NDArray[np.int64]) -> int:
    """Place of the first row at least `span` after `since`."""
    if span.unit is BudgetUnit.EVENTS:
        return int(np.searchsorted(rows, since.row + span.length))
    return int(np.searchsorted(clock, since.time + span.length))


def _by_weight(one: Standing) -> tuple[bool, int, str, str, str]:
    """Critical ones first, then the oldest."""
    event = one.event
    return (
        event.severity is not Severity.CRITICAL,
        one.opened.row,
        event.series,
        event.version or "",
        event.alert_id,
    )


def _evidence(event: DriftEvent, opened: Moment) -> RetrainEvidence:
    return RetrainEvidence(
        alert_id=event.alert_id,
        series=event.series,
        segment=event.segment,
        severity=event.severity,
        opened_at=opened.time,
        change_point=event.change_point,
        summary=event.summary,
        attribution=event.attribution,
    )
