from collections.abc import Callable
from dataclasses import replace
from itertools import islice, pairwise
from typing import Any, cast

import numpy as np
import orjson
import pytest

from stream_monitor.core.batch import Cell, ColumnBatch
from stream_monitor.core.columnise import PlacedRow, columnise
from stream_monitor.core.detector import FloatArray, Kind
from stream_monitor.core.drift_event import (
    Claim,
    Distribution,
    DriftEvent,
    EffectSize,
    EffectSizes,
    Severity,
    Status,
)
from stream_monitor.core.events import Record, Source
from stream_monitor.core.performance.note import Basis, PerformanceNote, Verdict
from stream_monitor.formats.native_json import Rules, decode
from stream_monitor.testing.scenario import EVENTS, DriftKind, InjectedDrift, Scenario, Scorecard, score

DAY_MS = 24 * 3600 * 1000
SCENARIO = Scenario(seed=4)


@pytest.fixture(scope="module")
def events() -> list[dict[str, Any]]:
    return [cast("dict[str, Any]", event) for event in SCENARIO]


@pytest.fixture(scope="module")
def batch(events: list[dict[str, Any]]) -> ColumnBatch:
    """The whole scenario as the monitor sees it, through the wire format."""
    source = Source("events", 0)
    records = [Record(at, -1, None, orjson.dumps(event)) for at, event in enumerate(events)]
    decoded = decode(source, records, Rules())
    assert not decoded.rejected
    placed = [PlacedRow(row, 0, at, 0) for at, row in enumerate(decoded.rows)]
    return columnise("fraud", placed, (source,))


def values(batch: ColumnBatch, series: str, rows: slice) -> FloatArray:
    column = batch.columns[series]
    cells: FloatArray = column.values[rows][column.codes[rows] == Cell.NUMBER]
    return cells


def wrong(events: list[dict[str, Any]], rows: slice, *, country: str | None = None) -> float:
    """Share of the labelled predictions in these rows that are wrong."""
    labels = {event["id"]: event["label"] for event in events if "label" in event}
    mine = [event for event in events[rows] if event["id"] in labels and "prediction" in event]
    judged = [
        event["prediction"] != labels[event["id"]]
        for event in mine
        if country in (None, event["features"]["country"])
    ]
    return float(np.mean(judged))


def test_it_is_a_model_with_a_dozen_features_of_all_kinds_and_late_labels(batch: ColumnBatch) -> None:
    assert len(batch) == EVENTS
    assert set(batch.versions) == {"7", None}
    features = [name for name in batch.columns if name.startswith("feature:")]
    assert len(features) == 12
    assert set(batch.columns) - set(features) == {"prediction", "probability", "latency_ms", "label"}
    codes = {code for name in features for code in np.unique(batch.columns[name].codes).tolist()}
    assert codes == {Cell.NONE, Cell.NUMBER, Cell.TEXT, Cell.TRUE, Cell.FALSE, Cell.NULL}


def test_events_come_in_order_over_ten_weeks(batch: ColumnBatch) -> None:
    assert (np.diff(batch.times) >= 0).all()
    assert (batch.times[-1] - batch.times[0]) / DAY_MS == pytest.approx(70, abs=0.1)


def test_four_in_five_cases_are_labelled_within_a_day_and_not_in_order(events: list[dict[str, Any]]) -> None:
    made = {event["id"]: event["time"] for event in events if "prediction" in event}
    labels = [event for event in events if "label" in event]
    assert len(labels) / len(made) == pytest.approx(0.8, abs=0.001)
    assert len({event["id"] for event in labels}) == len(labels)
    delays = np.array([event["time"] - made[event["id"]] for event in labels]) / DAY_MS
    assert 0.04 < delays.min() < delays.max() < 1.01
    order = [int(event["id"].removeprefix("tx-")) for event in labels]
    assert order != sorted(order)


@pytest.mark.parametrize("events", [40_000, EVENTS, 200_000])
def test_drifts_leave_room_for_warm_up_and_for_a_weekly_budget(events: int) -> None:
    drifts = Scenario(events=events).drifts
    day = events / 70
    assert drifts[0].row >= 2000 * 1.8
    for drift, following in pairwise(drifts):
        assert drift.end_row is not None
        assert (drift.end_row - drift.row) / day == pytest.approx(4.9, abs=0.2)
        assert (following.row - drift.row) / day > 8
    assert drifts[-1].end_row is None
    assert (events - drifts[-1].row) / day > 8


def test_too_few_events_are_refused() -> None:
    with pytest.raises(ValueError, match="40000 events or more"):
        Scenario(events=39_999)


def test_what_is_injected_is_in_the_data_and_goes_away_again(
    batch: ColumnBatch, events: list[dict[str, Any]]
) -> None:
    during = {drift.kind: slice(drift.row, drift.end_row) for drift in SCENARIO.drifts}
    before = {drift.kind: slice(0, drift.row) for drift in SCENARIO.drifts}
    after = {drift.kind: slice(drift.end_row, None) for drift in SCENARIO.drifts if drift.end_row}
    calm = slice(0, SCENARIO.drifts[0].row)

    def parts(kind: DriftKind) -> list[slice]:
        return [one[kind] for one in (before, during, after)]

    means = [values(batch, "feature:amount", part).mean() for part in parts(DriftKind.HARMLESS)]
    assert means[1] / means[0] == pytest.approx(1.65, abs=0.1)
    assert means[2] / means[0] == pytest.approx(1, abs=0.03)

    spreads = [values(batch, "feature:device_score", part).std() for part in parts(DriftKind.HARMFUL)]
    assert spreads == pytest.approx([8, 16, 8], rel=0.05)

    column = batch.columns["feature:age"]
    lost = [
        (column.codes[part] == Cell.NULL).sum() / (column.codes[part] != Cell.NONE).sum()
        for part in parts(DriftKind.QUALITY)
    ]
    assert lost == pytest.approx([0.01, 0.12, 0.01], abs=0.015)
    texts = [
        (batch.columns["feature:account_days"].codes[part] == Cell.TEXT).sum()
        for part in parts(DriftKind.QUALITY)
    ]
    assert texts[0] == texts[2] == 0 < texts[1]

    slow = [np.median(values(batch, "latency_ms", part)) for part in parts(DriftKind.LATENCY)]
    assert [slow[1] / slow[0], slow[2] / slow[0]] == pytest.approx([1.49, 1], abs=0.05)

    usual = wrong(events, calm)
    assert usual == pytest.approx(0.06, abs=0.01)
    assert wrong(events, during[DriftKind.HARMLESS]) == pytest.approx(usual, abs=0.02)
    assert wrong(events, during[DriftKind.HARMFUL]) > 2 * usual
    assert wrong(events, during[DriftKind.CONCEPT]) > 2 * usual
    assert wrong(events, during[DriftKind.SEGMENT], country="PL") > 3 * usual
    assert wrong(events, during[DriftKind.SEGMENT], country="DE") == pytest.approx(usual, abs=0.02)


def test_nothing_else_moves(batch: ColumnBatch) -> None:
    """Halves of all series without a drift differ by no more than five standard errors."""
    moved = {series for drift in SCENARIO.drifts for series in (*drift.series, *drift.also)}
    moved |= {"feature:session_id", "feature:account_days"}
    for name in set(batch.columns) - moved:
        codes, numbers = batch.columns[name].codes, batch.columns[name].values
        here = codes != Cell.NONE
        values_ = np.where(codes == Cell.NUMBER, numbers, numbers + codes)[here]
        half = len(values_) // 2
        first, second = values_[:half], values_[half:]
        if (codes[here] == Cell.TEXT).all():
            first, second = first == 0, second == 0
        error = np.sqrt(values_.var() * 2 / half)
        assert abs(first.mean() - second.mean()) < 5 * error, name


def test_the_seed_decides_everything() -> None:
    first, again, other = Scenario(seed=1), Scenario(seed=1), Scenario(seed=2)
    assert list(islice(first, 100)) == list(islice(again, 100))
    assert list(islice(first, 100)) != list(islice(other, 100))


def alert(series: str, row: int, status: Status = Status.OPENED) -> DriftEvent:
    nothing = Distribution(size=0, mean=None, standard_deviation=None, missing=0.0, bins=(), shares=())
    return DriftEvent(
        id=f"{series}-{row}",
        alert_id=series,
        incident_id=series,
        number=0,
        status=status,
        claim=Claim.CHANGED,
        severity=Severity.WARNING,
        resolution=None,
        summary="",
        model="fraud",
        version=None,
        segment=None,
        series=series,
        kind=Kind.NUMERIC,
        time=0,
        row=row,
        change_point=0,
        change_point_row=row,
        evidence=(),
        effect_sizes=EffectSizes(
            psi=EffectSize.of(0.0, 0.1),
            js_distance=EffectSize.of(0.0, 0.1),
            wasserstein=None,
            ks=None,
            chi_square=None,
            cramers_v=None,
            l_infinity=None,
        ),
        reference=nothing,
        current=nothing,
        positions=(),
        labels={},
    )


def marks(card: Scorecard) -> list[tuple[tuple[int | None, ...], int]]:
    return [(finding.delays, finding.alerts) for finding in card.findings]


NOTHING = [(tuple(None for _ in drift.series), 0) for drift in SCENARIO.drifts]


def test_a_silent_monitor_detects_nothing_and_errs_never() -> None:
    card = score(SCENARIO, [])
    assert card.detected == 0
    assert marks(card) == NOTHING
    assert card.false_alarms == ()


def test_the_first_alert_while_a_drift_lasts_detects_it() -> None:
    harmless, *_ = SCENARIO.drifts
    assert harmless.end_row is not None
    card = score(
        SCENARIO,
        [
            alert("feature:amount", harmless.row + 99),
            alert("feature:amount", harmless.row),
            alert("feature:amount", harmless.end_row + 50),  # the return to normal
        ],
    )
    assert marks(card) == [((1,), 3), *NOTHING[1:]]
    assert card.detected == 1
    assert card.false_alarms == ()


def test_a_drift_is_found_in_each_of_its_series() -> None:
    harmful = SCENARIO.drifts[1]
    one, other = (alert(series, harmful.row + 9) for series in harmful.series)
    moved = alert("performance:f1", harmful.row + 5)
    card = score(SCENARIO, [one, moved])
    assert marks(card)[1] == ((10, None), 2)
    assert card.detected == 0
    card = score(SCENARIO, [one, other])
    assert marks(card)[1] == ((10, 10), 2)
    assert card.detected == 1


def test_what_is_told_last_of_performance_while_it_lasts_is_kept() -> None:
    harmless, *_ = SCENARIO.drifts
    assert harmless.end_row is not None
    unknown, unchanged, worse = (
        PerformanceNote(verdict=verdict, basis=Basis.LABELS, figures=(), reason=None)
        for verdict in (Verdict.UNKNOWN, Verdict.UNCHANGED, Verdict.WORSE)
    )
    opened = replace(alert("feature:amount", harmless.row), performance=unknown)
    updated = replace(alert("feature:amount", harmless.row + 9, Status.UPDATED), performance=unchanged)
    other = replace(alert("feature:age", harmless.row + 10), performance=worse)
    after = replace(alert("feature:amount", harmless.end_row, Status.UPDATED), performance=worse)
    found = [score(SCENARIO, events).findings[0].performance for events in ([], [opened])]
    assert found == [None, Verdict.UNKNOWN]
    assert score(SCENARIO, [other, after, updated, opened]).findings[0].performance is Verdict.UNCHANGED


def test_the_same_series_of_a_segment_is_another_one() -> None:
    segment = next(drift for drift in SCENARIO.drifts if drift.kind is DriftKind.SEGMENT)
    whole = alert("error", segment.row + 9)
    mine, other = (replace(whole, segment=f"country={name}") for name in ("PL", "DE"))
    assert score(SCENARIO, [whole]).detected == 0
    assert score(SCENARIO, [mine]).detected == 1
    assert score(SCENARIO, [other]).false_alarms == (other,)


def test_an_alert_after_the_end_is_no_detection() -> None:
    amount = SCENARIO.drifts[0]
    assert amount.end_row is not None
    card = score(SCENARIO, [alert("feature:amount", amount.end_row)])
    assert marks(card)[0] == ((None,), 1)
    assert card.false_alarms == ()


@pytest.mark.parametrize(
    ("series", "place"),
    [
        ("feature:amount", lambda drift: drift.row - 1),
        ("feature:amount", lambda drift: 2 * drift.end_row - drift.row),
        ("error", lambda drift: drift.row + 1),
        ("feature:country", lambda drift: drift.row + 1),
    ],
)
def test_what_no_drift_explains_is_a_false_alarm(series: str, place: Callable[[InjectedDrift], int]) -> None:
    unexplained = alert(series, place(SCENARIO.drifts[0]))
    card = score(SCENARIO, [unexplained])
    assert card.false_alarms == (unexplained,)
    assert card.detected == 0


@pytest.mark.parametrize("status", [Status.UPDATED, Status.RESOLVED])
def test_only_opened_alerts_count(status: Status) -> None:
    amount = SCENARIO.drifts[0]
    card = score(SCENARIO, [alert("feature:amount", amount.row, status), alert("latency_ms", 5, status)])
    assert card.detected == 0
    assert card.false_alarms == ()
