"""How far performance fell: in the metric's own unit, higher is worse, with an interval that knows both sides."""

import pytest

from stream_monitor.core.errors import CorruptState
from stream_monitor.core.performance.expected import Expected, Origin, drop_of, from_window, given, tolerated
from stream_monitor.core.performance.figure import Figure, undefined


def of(value: float, low: float, high: float) -> Figure:
    return Figure(value=value, low=low, high=high, n=100)


@pytest.mark.parametrize(
    ("name", "before", "now", "drop"),
    [
        ("accuracy", 0.9, 0.8, 0.1),
        ("f1:fraud", 0.8, 0.9, -0.1),
        ("recall_macro", 0.9, 0.8, 0.1),
        ("rmse", 2.0, 3.0, 1.0),
        ("log_loss", 0.5, 0.4, -0.1),
        ("r2", 0.9, 0.2, 0.7),
        ("bias", -1.0, 3.0, 2.0),
        ("bias", 3.0, -1.0, -2.0),
    ],
)
def test_a_drop_is_positive_where_a_metric_got_worse(
    name: str, before: float, now: float, drop: float
) -> None:
    figures = {name: of(now, now - 0.05, now + 0.05)}
    found = drop_of(figures, given({name: before}))[name]
    assert (found.value, found.low, found.high) == pytest.approx((drop, drop - 0.05, drop + 0.05))


def test_the_interval_takes_both_sides_that_face_each_other() -> None:
    expected = from_window({"accuracy": of(0.9, 0.86, 0.92)})
    drop = drop_of({"accuracy": of(0.8, 0.74, 0.83)}, expected)["accuracy"]
    assert drop.low == pytest.approx(0.1 - (0.04**2 + 0.03**2) ** 0.5)
    assert drop.high == pytest.approx(0.1 + (0.02**2 + 0.06**2) ** 0.5)


def test_a_bias_around_zero_is_of_any_small_size() -> None:
    drop = drop_of({"bias": of(-0.2, -0.5, 0.1)}, given({"bias": 0.0}))["bias"]
    assert (drop.value, drop.low, drop.high) == pytest.approx((0.2, 0.0, 0.5))


def test_a_drop_is_beyond_a_tolerance_only_with_its_whole_interval() -> None:
    drop = drop_of({"accuracy": of(0.8, 0.74, 0.83)}, given({"accuracy": 0.9}))["accuracy"]
    assert drop.beyond(0.05)
    assert not drop.beyond(0.08)


def test_without_an_interval_nothing_is_certain() -> None:
    figures = {"mae": Figure(value=9.0, low=None, high=None, n=1, reason="few")}
    drop = drop_of(figures, given({"mae": 1.0}))["mae"]
    assert (drop.value, drop.low, drop.beyond(0.0)) == (8.0, None, False)


def test_only_what_both_know_is_compared() -> None:
    expected = from_window(
        {"accuracy": of(0.9, 0.8, 1.0), "f1": undefined("never"), "recall": of(0.5, 0.4, 0.6)}
    )
    assert set(expected.figures) == {"accuracy", "recall"}
    assert set(drop_of({"accuracy": of(0.9, 0.8, 1.0), "recall": undefined("none")}, expected)) == {
        "accuracy"
    }


def test_expected_figures_must_be_of_metrics_and_finite() -> None:
    with pytest.raises(KeyError):
        given({"acuracy": 0.9})
    with pytest.raises(ValueError, match="accuracy"):
        given({"accuracy": float("nan")})


def test_expected_figures_are_themselves_again() -> None:
    expected = from_window({"accuracy": of(0.9, 0.8, 1.0)})
    again = Expected.from_plain(expected.to_plain())
    assert (dict(again.figures), again.origin) == (dict(expected.figures), Origin.FIRST_WINDOW)


@pytest.mark.parametrize(
    "figures",
    [
        {"nothing": {"value": 1.0, "low": 1.0, "high": 1.0, "n": 1, "reason": None}},
        {"accuracy": {"value": 1.0, "low": 2.0, "high": 3.0, "n": 1, "reason": None}},
        {"accuracy": {"value": float("nan"), "low": 1.0, "high": 1.0, "n": 1, "reason": None}},
        {"accuracy": 0.9},
    ],
)
def test_nonsense_is_corrupt(figures: object) -> None:
    with pytest.raises(CorruptState):
        Expected.from_plain({"figures": figures, "origin": "given"})  # type: ignore[dict-item]  # what it must refuse


@pytest.mark.parametrize(
    ("name", "expected", "drop"),
    [
        ("accuracy", {"accuracy": 0.9}, 0.02),
        ("f1:fraud", {"f1:fraud": 0.1}, 0.02),
        ("log_loss", {"log_loss": 3.0}, 0.02),
        ("mape", {"mape": 0.4}, 0.02),
        ("r2", {"r2": 0.4}, 0.02),
        ("mae", {"mae": 50.0}, 1.0),
        ("rmse", {"rmse": 100.0, "mae": 50.0}, 2.0),
        ("bias", {"bias": -10.0}, 0.2),
        ("bias", {"bias": 0.0, "rmse": 100.0}, 2.0),
        ("bias", {"bias": 0.0, "rmse": 100.0, "mae": 50.0}, 1.0),
    ],
)
def test_a_tolerance_is_in_the_unit_of_the_metric_or_a_share_of_the_expected_error(
    name: str, expected: dict[str, float], drop: float
) -> None:
    assert tolerated(name, given(expected), 0.02) == pytest.approx(drop)
