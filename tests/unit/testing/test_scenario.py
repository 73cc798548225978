from collections.abc import Callable
from itertools import islice, pairwise

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
from stream_monitor.formats.native_json import Rules, decode
from stream_monitor.testing.scenario import EVENTS, InjectedDrift, Scenario, Scorecard, score

DAY_MS = 24 * 3600 * 1000
SCENARIO = Scenario(seed=4)


@pytest.fixture(scope="module")
def batch() -> ColumnBatch:
    """The whole scenario as the monitor sees it, through the wire format."""
    source = Source("events", 0)
    records = [Record(at, -1, None, orjson.dumps(event)) for at, event in enumerate(SCENARIO)]
    decoded = decode(source, records, Rules())
    assert not decoded.rejected
    placed = [PlacedRow(row, 0, at, 0) for at, row in enumerate(decoded.rows)]
    return columnise("fraud", placed, (source,))


def values(batch: ColumnBatch, series: str, rows: slice) -> FloatArray:
    column = batch.columns[series]
    cells: FloatArray = column.values[rows][column.codes[rows] == Cell.NUMBER]
    return cells


def share(batch: ColumnBatch, series: str, text: str, rows: slice) -> float:
    column = batch.columns[series]
    return float(np.mean(column.values[rows] == column.texts.index(text)))


def test_it_is_a_model_with_a_dozen_features_of_all_kinds(batch: ColumnBatch) -> None:
    assert len(batch) == EVENTS
    assert batch.versions == ("7",)
    features = [name for name in batch.columns if name.startswith("feature:")]
    assert len(features) == 12
    assert set(batch.columns) - set(features) == {"prediction", "probability", "latency_ms"}
    codes = {code for name in features for code in np.unique(batch.columns[name].codes).tolist()}
    assert codes == {Cell.NUMBER, Cell.TEXT, Cell.TRUE, Cell.FALSE, Cell.NULL}


def test_events_come_in_order_over_ten_weeks(batch: ColumnBatch) -> None:
    assert (np.diff(batch.times) >= 0).all()
    assert (batch.times[-1] - batch.times[0]) / DAY_MS == pytest.approx(70, abs=0.1)


@pytest.mark.parametrize("events", [20_000, EVENTS, 200_000])
def test_drifts_leave_room_for_warm_up_and_for_a_weekly_budget(events: int) -> None:
    drifts = Scenario(events=events).drifts
    day = events / 70
    assert drifts[0].row >= 2000
    for drift, following in pairwise(drifts):
        assert drift.end_row is not None
        assert (drift.end_row - drift.row) / day == pytest.approx(6, abs=0.2)
        assert (following.row - drift.row) / day > 8
    assert drifts[-1].end_row is None
    assert (events - drifts[-1].row) / day > 8


def test_too_few_events_are_refused() -> None:
    with pytest.raises(ValueError, match="20000 events or more"):
        Scenario(events=19_999)


def test_what_is_injected_is_in_the_data_and_goes_away_again(batch: ColumnBatch) -> None:
    amount, score_, device, age, prediction = SCENARIO.drifts
    during = {drift.kind: slice(drift.row, drift.end_row) for drift in SCENARIO.drifts}
    before = {drift.kind: slice(0, drift.row) for drift in SCENARIO.drifts}
    after = {drift.kind: slice(drift.end_row, None) for drift in SCENARIO.drifts if drift.end_row}

    means = [values(batch, "feature:amount", part[amount.kind]).mean() for part in (before, during, after)]
    assert means[1] / means[0] == pytest.approx(1.65, abs=0.1)
    assert means[2] / means[0] == pytest.approx(1, abs=0.03)

    spreads = [values(batch, "feature:device_score", p[score_.kind]).std() for p in (before, during, after)]
    assert spreads == pytest.approx([8, 16, 8], rel=0.05)

    shares = [share(batch, "feature:device", "tablet_app", p[device.kind]) for p in (before, during, after)]
    assert shares == pytest.approx([0, 0.2, 0], abs=0.02)

    lost = batch.columns["feature:age"].codes == Cell.NULL
    assert [lost[p[age.kind]].mean() for p in (before, during, after)] == pytest.approx(
        [0.01, 0.12, 0.01], abs=0.015
    )

    rates = [share(batch, "prediction", "fraud", part[prediction.kind]) for part in (before, during)]
    assert rates == pytest.approx([0.08, 0.24], abs=0.02)
    probability = [values(batch, "probability", part[prediction.kind]).mean() for part in (before, during)]
    assert probability[1] - probability[0] > 0.1


def test_nothing_else_moves(batch: ColumnBatch) -> None:
    """Halves of all series without a drift differ by no more than five standard errors."""
    moved = {series for drift in SCENARIO.drifts for series in drift.series}
    for name, column in batch.columns.items():
        if name in moved or name == "feature:session_id":
            continue
        values_ = np.where(column.codes == Cell.NUMBER, column.values, column.values + column.codes)
        first, second = values_[: EVENTS // 2], values_[EVENTS // 2 :]
        if (column.codes == Cell.TEXT).all():
            first, second = first == 0, second == 0
        error = np.sqrt(values_.var() * 4 / EVENTS)
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


def marks(card: Scorecard) -> list[tuple[int | None, int]]:
    return [(finding.delay, finding.alerts) for finding in card.findings]


def test_a_silent_monitor_detects_nothing_and_errs_never() -> None:
    card = score(SCENARIO, [])
    assert card.detected == 0
    assert marks(card) == [(None, 0)] * 5
    assert card.false_alarms == ()


def test_the_first_alert_while_a_drift_lasts_detects_it() -> None:
    amount, *_, prediction = SCENARIO.drifts
    assert amount.end_row is not None
    card = score(
        SCENARIO,
        [
            alert("feature:amount", amount.row + 99),
            alert("feature:amount", amount.row),
            alert("feature:amount", amount.end_row + 50),  # the return to normal
            alert("probability", prediction.row + 9),  # moves with the prediction
            alert("prediction", prediction.row + 199),
        ],
    )
    assert marks(card) == [(1, 3), (None, 0), (None, 0), (None, 0), (10, 2)]
    assert card.detected == 2
    assert card.false_alarms == ()


def test_an_alert_after_the_end_is_no_detection() -> None:
    amount = SCENARIO.drifts[0]
    assert amount.end_row is not None
    card = score(SCENARIO, [alert("feature:amount", amount.end_row)])
    assert marks(card)[0] == (None, 1)
    assert card.false_alarms == ()


@pytest.mark.parametrize(
    ("series", "place"),
    [
        ("feature:amount", lambda drift: drift.row - 1),
        ("feature:amount", lambda drift: 2 * drift.end_row - drift.row),
        ("feature:country", lambda drift: drift.row + 1),
    ],
)
def test_what_no_drift_explains_is_a_false_alarm(series: str, place: Callable[[InjectedDrift], int]) -> None:
    wrong = alert(series, place(SCENARIO.drifts[0]))
    card = score(SCENARIO, [wrong])
    assert card.false_alarms == (wrong,)
    assert card.detected == 0


@pytest.mark.parametrize("status", [Status.UPDATED, Status.RESOLVED])
def test_only_opened_alerts_count(status: Status) -> None:
    amount = SCENARIO.drifts[0]
    card = score(SCENARIO, [alert("feature:amount", amount.row, status), alert("latency_ms", 5, status)])
    assert card.detected == 0
    assert card.false_alarms == ()
