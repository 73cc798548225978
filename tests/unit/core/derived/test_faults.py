"""Faults and facts of a model as a whole, by what it says of them."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pytest

from stream_monitor.core import model_monitor
from stream_monitor.core.derived.parameters import Constraints, DerivedParameters
from stream_monitor.core.derived.recent import Recent
from stream_monitor.core.drift_event import (
    Claim,
    DriftEvent,
    FeatureFaults,
    Resolution,
    Severity,
    Status,
)
from stream_monitor.core.errors import CorruptState
from stream_monitor.core.model_monitor import ModelMonitor
from stream_monitor.core.order import Order
from stream_monitor.core.parameters import PER_100K_EVENTS, ModelParameters, SeriesParameters
from stream_monitor.core.partition_monitor import ModelTask
from stream_monitor.core.reference import learn_categorical, learn_numeric
from stream_monitor.core.report import status_of
from stream_monitor.core.series import SeriesKey
from stream_monitor.core.series_monitor import SeriesMonitor
from stream_monitor.core.status import SeriesStatus
from stream_monitor.detectors import registry
from stream_monitor.formats import drift_events
from tests.unit.core.batches import T0, batch_of, row

ALL = DerivedParameters(quality=True, outliers=True)
Change = Callable[[int, dict[str, object]], None]


def watched(
    change: Change,
    *,
    rows: int,
    derived: DerivedParameters = ALL,
    constraints: Mapping[str, Constraints] | None = None,
) -> tuple[ModelMonitor, list[DriftEvent]]:
    """A model with two numbers and a category whose features are changed by `change`, with the ordinal of the row."""
    overrides = {
        name: SeriesParameters(constraints=demanded) for name, demanded in (constraints or {}).items()
    }
    parameters = ModelParameters(name="m", budget=PER_100K_EVENTS, derived=derived, overrides=overrides)
    monitor = ModelMonitor(parameters, registry.installed())
    random = np.random.default_rng(5)
    events: list[DriftEvent] = []
    for first in range(0, rows, 500):
        made = []
        for at in range(first, first + 500):
            features: dict[str, object] = {
                "amount": float(random.normal(50, 10)),
                "age": float(random.normal(40, 9)),
                "country": str(random.choice(["DE", "FR", "IT"])),
            }
            change(at, features)
            made.append(row(features, time=T0 + at * 1_000)._replace(id=f"e-{at}"))
        events += monitor.observe(batch_of(made, first_offset=first)).drift_events
    return monitor, events


def of(events: Sequence[DriftEvent], series: str) -> list[DriftEvent]:
    return [event for event in events if event.series == series]


def nothing(_: int, __: dict[str, object]) -> None:
    """All stays as it is."""


def text_from(row_: int, every: int) -> Change:
    def change(at: int, features: dict[str, object]) -> None:
        if at >= row_ and at % every == 0:
            features["amount"] = "12,50"

    return change


def test_a_fault_that_comes_late_is_told_soon_and_names_the_feature() -> None:
    _, events = watched(text_from(5_000, 10), rows=6_000)
    opened = of(events, "quality:type_error")[0]
    assert (opened.status, opened.claim) == (Status.OPENED, Claim.CHANGED)
    assert 5_000 < opened.row < 5_200
    assert opened.change_point_row >= 4_990
    (behind,) = opened.at_fault
    assert behind.feature == "amount"
    assert behind.events >= 2
    assert opened.summary.endswith(f"; mostly amount ({behind.events})")
    assert drift_events.decode(drift_events.encode(opened, "g").value or b"") == opened


def test_a_fault_from_the_very_beginning_is_the_normal() -> None:
    monitor, events = watched(text_from(0, 10), rows=6_000)
    assert of(events, "quality:type_error") == []
    learned = monitor.series[SeriesKey("quality:type_error", None)].lens
    assert learned is not None
    assert learned.reference.mean == pytest.approx(0.1, abs=0.01)


def test_an_event_that_never_has_a_fault_costs_no_series() -> None:
    monitor, events = watched(nothing, rows=3_000)
    assert events == []
    assert not [key for key in monitor.series if key.name.startswith(("quality:", "outlier"))]
    off, _ = watched(text_from(0, 2), rows=1_500, derived=DerivedParameters())
    assert {key.name.partition(":")[0] for key in off.series} == {"feature", "missing"}


def test_outliers_are_looked_for_from_fixed_rows_on_and_their_rate_is_watched() -> None:
    def far_out(at: int, features: dict[str, object]) -> None:
        if at >= 8_000 and at % 4 == 0:
            features["age"] = 190.0 if at % 8 else -90.0

    monitor, events = watched(far_out, rows=9_000)
    assert monitor.series[SeriesKey("outlier", None)].born == 4_096
    (opened, *_) = of(events, "outlier")
    assert opened.row > 8_000
    assert opened.at_fault[0].feature == "age"
    told = status_of(ModelTask(order=Order(lateness_ms=0, cap_rows=1, topics=None), monitor=monitor)).outliers
    assert len(told) == 10
    assert all(one.offset >= 8_000 and one.offset % 4 == 0 and list(one.features) == ["age"] for one in told)
    assert [one.score for one in told] == sorted((one.score for one in told), reverse=True)
    assert told[-1].score > 5
    assert (told[0].time, told[0].score) == (T0 + told[0].offset * 1_000, told[0].features["age"])


def test_events_that_come_twice_are_told() -> None:
    monitor = ModelMonitor(
        ModelParameters(name="m", budget=PER_100K_EVENTS, derived=DerivedParameters(quality=True)),
        registry.installed(),
    )
    random = np.random.default_rng(0)
    events: list[DriftEvent] = []
    for first in range(0, 4_000, 500):
        ids = [at - 7 if at > 2_500 and at % 5 == 0 else at for at in range(first, first + 500)]
        made = [row({"x": float(random.normal())}, time=T0 + at)._replace(id=f"e-{at}") for at in ids]
        events += monitor.observe(batch_of(made, first_offset=first)).drift_events
    (opened, *_) = of(events, "quality:duplicate")
    assert 2_500 < opened.row < 2_800
    assert opened.at_fault == ()


def test_constraints_of_the_configuration_are_counted_and_more_than_at_most_is_a_fact() -> None:
    demanded = {
        "amount": Constraints(low=0.0, high=200.0, required=True, at_most=0.01),
        "country": Constraints(allowed=("DE", "FR", "IT")),
    }

    def break_it(at: int, features: dict[str, object]) -> None:
        if at >= 4_096 and at < 8_192 and at % 20 == 0:
            features["amount"] = 1e6 if at % 40 else None
        if at % 100 == 50:
            features["country"] = "XX"

    monitor, events = watched(break_it, rows=12_500, constraints=demanded)
    opened, resolved = of(events, "constraint:amount")
    assert (opened.claim, opened.severity, opened.row) == (Claim.OBSERVED, Severity.CRITICAL, 8_191)
    assert opened.evidence[0].parameters == {"broken": 205, "events": 4_096}
    assert opened.summary.startswith(
        "constraint:amount of m: 5.00% of events break its constraints, at most 1.00% may since"
    )
    assert (resolved.status, resolved.resolution, resolved.row) == (
        Status.RESOLVED,
        Resolution.RECOVERED,
        12_287,
    )
    assert resolved.alert_id == opened.alert_id
    counts = {one.series: one.quality for one in status_of_model(monitor)}
    assert counts["feature:amount"]["out_of_range"] == 103
    assert counts["feature:country"]["not_allowed"] == 125
    assert {key.name for key in monitor.series} >= {
        "quality:out_of_range",
        "quality:required",
        "quality:unseen",
    }


def test_rare_breaks_of_what_a_reference_demands_are_no_alarm_and_many_are() -> None:
    """As the data behind it: one row in 2,000 breaks each constraint, which a suggestion need not have seen."""
    random = np.random.default_rng(8)
    known = {
        "amount": learn_numeric(random.normal(50, 10, 5_000), unusable=0),
        "country": learn_categorical(["DE", "FR", "IT"] * 2_000, unusable=0, cap=64),
    }
    demanded = {
        "amount": Constraints(low=0.0, high=200.0, required=True),
        "country": Constraints(allowed=("DE", "FR", "IT"), required=True),
    }
    parameters = ModelParameters(
        name="m", budget=PER_100K_EVENTS, derived=ALL, references=known, constraints=demanded
    )
    monitor = ModelMonitor(parameters, registry.installed())
    events: list[DriftEvent] = []
    for first in range(0, 24_000, 500):
        rare = 2_000 if first < 20_000 else 20
        amounts = random.normal(50, 10, 500).tolist()
        made = [
            row(
                {
                    "amount": (None if at % 3 else -1.0) if at % rare == 5 else amount,
                    "country": "XX" if at % rare == 9 else ("DE", "FR", "IT")[at * 7 % 3],
                },
                time=T0 + at * 1_000,
            )
            for at, amount in enumerate(amounts, first)
        ]
        events += monitor.observe(batch_of(made, first_offset=first)).drift_events
    opened = {event.series: event.row for event in events if event.status is Status.OPENED}
    assert min(opened.values()) >= 20_000
    assert {"quality:unseen", "quality:required"} <= set(opened)


def status_of_model(monitor: ModelMonitor) -> Sequence[SeriesStatus]:
    order = Order(lateness_ms=0, cap_rows=1, topics=None)
    return status_of(ModelTask(order=order, monitor=monitor)).series


def facts(events: Sequence[DriftEvent], feature: str) -> list[tuple[str, Status, Resolution | None, int]]:
    found = of(events, f"schema:{feature}")
    assert {event.claim for event in found} <= {Claim.OBSERVED}
    return [(event.evidence[0].view, event.status, event.resolution, event.row) for event in found]


def test_a_feature_that_vanishes_and_comes_back() -> None:
    def gone(at: int, features: dict[str, object]) -> None:
        if 4_000 <= at < 9_000:
            del features["age"]

    _, events = watched(gone, rows=12_500)
    assert facts(events, "age") == [
        ("vanished", Status.OPENED, None, 8_191),
        ("vanished", Status.RESOLVED, Resolution.RECOVERED, 12_287),
    ]


def test_a_feature_that_appears_is_told_until_it_is_watched() -> None:
    def new(at: int, features: dict[str, object]) -> None:
        if at >= 5_000:
            features["score"] = float(at % 17)

    _, events = watched(new, rows=12_500)
    assert facts(events, "score") == [
        ("appeared", Status.OPENED, None, 8_191),
        ("appeared", Status.RESOLVED, Resolution.ADOPTED, 12_287),
    ]
    opened = of(events, "schema:score")[0]
    assert opened.severity is Severity.WARNING
    assert opened.summary.startswith("schema:score of m: a feature that was not there before since")


def test_a_feature_that_stands_still_or_comes_as_text() -> None:
    def still(at: int, features: dict[str, object]) -> None:
        if at >= 6_000:
            features["amount"] = 47.0
            features["age"] = "forty"

    _, events = watched(still, rows=8_500)
    assert facts(events, "amount") == [("constant", Status.OPENED, None, 8_191)]
    assert facts(events, "age") == [("other_kind", Status.OPENED, None, 8_191)]


def test_what_rarely_changes_anyway_does_not_stand_still() -> None:
    def seldom(at: int, features: dict[str, object]) -> None:
        features["age"] = 1.0 if at % 900 == 0 else 0.0
        if at % 300 != 0:
            del features["country"]

    _, events = watched(seldom, rows=8_500)
    assert facts(events, "age") == facts(events, "country") == []


def test_facts_spend_no_alarm_budget() -> None:
    def gone(at: int, features: dict[str, object]) -> None:
        if at >= 8_192:
            del features["age"]

    monitor, events = watched(gone, rows=12_500)
    spent = monitor.alerts.credit.spent_at
    assert [event.claim for event in of(events, "schema:age")] == [Claim.OBSERVED]
    assert spent is None or spent != 12_287


def test_the_rows_at_which_features_are_looked_at_are_those_of_the_model(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(model_monitor, "CUT", 1_024)

    def gone(at: int, features: dict[str, object]) -> None:
        if at >= 2_000:
            del features["age"]

    _, events = watched(gone, rows=4_000)
    assert facts(events, "age") == [("vanished", Status.OPENED, None, 3_071)]


def test_recent_faults_are_ranked_between_rows_and_only_so_many_are_kept() -> None:
    recent = Recent()
    recent.add({"b": np.array([1, 5]), "a": np.array([5, 6, 7])})
    assert recent.ranked(0, 10) == faults(a=3, b=2)
    assert recent.ranked(2, 5) == faults(a=1, b=1)
    recent.add({"c": np.arange(10, 2_010)})
    assert recent.ranked(0, 5_000) == faults(c=1_024)
    assert Recent.load(recent.dump()).dump() == recent.dump()


def faults(**events: int) -> tuple[FeatureFaults, ...]:
    return tuple(FeatureFaults(feature=name, events=n) for name, n in events.items())


@pytest.mark.parametrize(
    "wrong", [{"names": []}, {"at": b""}, {"rows": np.array([3, 1], "<i8").tobytes()}, {"names": 7}]
)
def test_faults_that_make_no_sense_are_corrupt(wrong: dict[str, object]) -> None:
    recent = Recent()
    recent.add({"a": np.array([1]), "b": np.array([2])})
    with pytest.raises(CorruptState):
        Recent.load({**recent.dump(), **wrong})  # type: ignore[dict-item]  # what it must refuse


def test_a_series_without_anybody_to_look_at_its_cells_has_no_screen() -> None:
    monitor, _ = watched(nothing, rows=500, derived=DerivedParameters())
    assert all(one.screen is None for one in monitor.series.values())
    looked, _ = watched(nothing, rows=500)
    screened = [one for one in looked.series.values() if one.screen is not None]
    assert {one.key.name.partition(":")[0] for one in screened} == {"feature"}
    assert all(isinstance(one, SeriesMonitor) for one in screened)
