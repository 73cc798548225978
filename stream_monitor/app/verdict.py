"""Whether the drift events that came out of a test are those it expects. Pure; says why not in words."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from stream_monitor.config.configuration_tests import ConfigurationTest, Expectation
from stream_monitor.core.drift_event import Direction, DriftEvent, Status


@dataclass(frozen=True, slots=True, kw_only=True)
class Unmet:
    """An expectation that no drift event met. nearest: the one that came closest, if any; why: what it lacked, or what
    else is known of the series.
    """

    expectation: Expectation
    nearest: DriftEvent | None
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """unmet: in the order of the file. unexpected: opened alerts that no expectation names."""

    unmet: tuple[Unmet, ...]
    unexpected: tuple[DriftEvent, ...]

    @property
    def kept(self) -> bool:
        """Whether everything came out as expected, and nothing else."""
        return not (self.unmet or self.unexpected)


def judge(test: ConfigurationTest, events: Sequence[DriftEvent], silent: Callable[[str], str]) -> Verdict:
    """Each expectation takes one drift event of its own; all that can be met are met, in whatever order they stand.

    silent: says of a series of which nothing came out why that may be. An opened alert is expected, too, if a later drift
    event of it is.
    """
    met = _matched(test.expect, events)
    alerts = {events[at].alert_id for at in met.values()}
    unexpected = [event for event in events if event.status is Status.OPENED and event.alert_id not in alerts]
    return Verdict(
        unmet=tuple(
            _unmet(expectation, events, silent) for at, expectation in enumerate(test.expect) if at not in met
        ),
        unexpected=tuple(unexpected) if test.unexpected == "fail" else (),
    )


def direction_of(event: DriftEvent) -> Direction:
    """Where the values went, as the sentence of the drift event says it."""
    return max(event.evidence, key=lambda found: (found.view == "value", abs(found.effect))).direction


def _matched(expected: Sequence[Expectation], events: Sequence[DriftEvent]) -> dict[int, int]:
    """Position of an expectation → position of its drift event: as many pairs as there can be (augmenting paths)."""
    wanted_by: dict[int, int] = {}

    def place(at: int, tried: set[int]) -> bool:
        for candidate, event in enumerate(events):
            if candidate in tried or next(_lacks(expected[at], event), None) is not None:
                continue
            tried.add(candidate)
            if candidate not in wanted_by or place(wanted_by[candidate], tried):
                wanted_by[candidate] = at
                return True
        return False

    for at in range(len(expected)):
        place(at, set())
    return {at: candidate for candidate, at in wanted_by.items()}


def _lacks(expected: Expectation, event: DriftEvent) -> Iterator[str]:
    """What keeps `event` from being the expected one, the worst first."""
    first, last = expected.between
    if event.series != expected.series:
        yield "another series"
    if event.status != expected.status:
        yield f"{event.status}, not {expected.status}"
    if event.row < first:
        yield f"{_rows(first - event.row)} too early"
    if event.row > last:
        yield f"{_rows(event.row - last)} too late"
    if expected.severity not in {None, event.severity.value}:
        yield f"{event.severity}, not {expected.severity}"
    if expected.direction not in {None, direction_of(event).value}:
        yield f"{direction_of(event)}, not {expected.direction}"


def _unmet(expected: Expectation, events: Sequence[DriftEvent], silent: Callable[[str], str]) -> Unmet:
    same = [event for event in events if event.series == expected.series]
    if not same:
        return Unmet(expectation=expected, nearest=None, why=silent(expected.series))
    nearest = min(same, key=lambda event: (event.status != expected.status, _distance(expected, event)))
    # one that fits has been taken by another expectation
    why = "; ".join(_lacks(expected, nearest)) or "it is already expected once"
    return Unmet(expectation=expected, nearest=nearest, why=why)


def _distance(expected: Expectation, event: DriftEvent) -> int:
    first, last = expected.between
    return max(first - event.row, event.row - last, 0)


def _rows(n: int) -> str:
    return f"{n} row" if n == 1 else f"{n} rows"
