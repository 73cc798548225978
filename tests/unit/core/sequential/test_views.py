"""What a series is watched through, and when that is chosen anew."""

import numpy as np
import pytest
from numpy.typing import NDArray

from stream_monitor.core.detector import FloatArray
from stream_monitor.core.errors import CorruptState
from stream_monitor.core.fields import Fields
from stream_monitor.core.sequential import rows
from stream_monitor.core.sequential.autocorrelation import correlations
from stream_monitor.core.sequential.calendar import Calendar
from stream_monitor.core.sequential.choices import LEARN, VIEW_WARM_UP
from stream_monitor.core.sequential.layout import Layout
from stream_monitor.core.sequential.views import View, Views
from stream_monitor.core.window import BLOCK

ROW = np.zeros(1, np.intp)
FREE = np.zeros(1, np.bool_)


def _ar1(phi: float, blocks: int) -> FloatArray:
    random, values = np.random.default_rng(1), np.zeros(blocks * BLOCK)
    for at in range(1, len(values)):
        values[at] = phi * values[at - 1] + random.normal()
    return np.asarray(values / values.std()).reshape(-1, BLOCK)


def _push(
    views: Views, calendar: Calendar, values: FloatArray, hours: NDArray[np.int64] | None = None
) -> tuple[FloatArray, list[bool]]:
    """What is seen of one series, and whether it is usable."""
    seen, told = values.copy(), np.full(values.shape, -1) if hours is None else hours
    usable = views.push(ROW, Layout.of(np.array([len(values)])), seen, calendar, told.astype(np.int8))
    return seen, usable.tolist()


def _pushed(values: FloatArray) -> tuple[Views, Calendar]:
    views, calendar = Views(1), Calendar(1)
    _push(views, calendar, values)
    return views, calendar


def test_white_values_are_watched_as_they_are() -> None:
    views, calendar = _pushed(np.random.default_rng(2).normal(size=(LEARN, BLOCK)))
    assert views.look(ROW, np.array([LEARN]), FREE) == [False]
    assert (views.view[0], views.open[0]) == (View.VALUE, True)
    assert _push(views, calendar, np.ones((1, BLOCK)))[1] == [True]


def test_errors_of_a_forecast_take_the_place_of_dependent_values() -> None:
    values = _ar1(0.8, LEARN + 40)
    views, calendar = _pushed(values[:LEARN])
    assert views.look(ROW, np.array([LEARN]), FREE) == [True]
    assert (views.view[0], views.open[0]) == (View.RESIDUAL, False)  # of which nothing was seen yet
    seen, _ = _push(views, calendar, values[LEARN:])
    constant, *phi = views.model[0]
    line = values.ravel()
    expected = [
        line[at] - constant - sum(phi[k] * line[at - 1 - k] for k in range(3))
        for at in range(LEARN * BLOCK, len(line))
    ]
    assert seen.ravel() == pytest.approx(expected)
    assert np.corrcoef(seen.ravel()[1:], seen.ravel()[:-1])[0, 1] == pytest.approx(0.0, abs=0.25)


def test_a_series_that_was_constant_cannot_but_watch_its_values_and_is_blind_when_they_depend() -> None:
    values = np.repeat(np.random.default_rng(3).random((LEARN, 4)) < 0.2, BLOCK // 4, axis=1).astype(
        np.float64
    )
    views, _ = _pushed(values)
    views.look(ROW, np.array([LEARN]), np.ones(1, np.bool_))
    assert (views.view[0], views.open[0]) == (View.VALUE, False)


def _watched(values: FloatArray) -> Views:
    """Pushed look by look."""
    views, calendar = Views(1), Calendar(1)
    for start in range(0, len(values), LEARN):
        _push(views, calendar, values[start : start + LEARN])
        views.look(ROW, np.array([start + LEARN]), FREE)
    return views


def test_a_view_must_have_been_seen_for_a_while() -> None:
    values = _ar1(0.8, 2 * LEARN + VIEW_WARM_UP)
    assert _watched(values[: LEARN + VIEW_WARM_UP]).open[0]
    early = _watched(values[:VIEW_WARM_UP])
    assert (early.view[0], early.open[0], early.young(0)) == (View.RESIDUAL, False, True)


def test_spells_of_volatility_do_not_close_the_view_of_forecast_errors() -> None:
    random = np.random.default_rng(6)
    spread = np.repeat(np.exp(np.convolve(random.normal(size=640), np.ones(8) / 8, "same")), BLOCK // 2)
    values = (random.normal(size=len(spread)) * spread / spread.mean()).reshape(-1, BLOCK)
    views = _watched(values)
    assert (views.view[0], views.open[0]) == (View.RESIDUAL, True)
    n = views.number[:, 2].astype(float)
    left, whole = correlations(n, views.sums[:, 2, 1])[0], correlations(n, views.sums[:, 0, 1])[0]
    assert np.abs(left).sum() < 0.5 * np.abs(whole).sum()


def test_evidence_of_a_view_that_is_not_quite_white_is_tempered_and_of_one_that_is_not_closed() -> None:
    """What is slower than any forecast that is made stays in the errors."""
    noise = np.random.default_rng(7).normal(size=(32 * LEARN, BLOCK))
    waves = np.sin(np.arange(noise.size) / 150).reshape(noise.shape)
    white, slow = _watched(_ar1(0.5, 32 * LEARN)), _watched(noise + 0.6 * waves)
    assert (white.open[0], white.power[0]) == (True, pytest.approx(1.0, abs=0.1))
    assert slow.power[0] < 0.8
    assert slow.view[0] == View.RESIDUAL


def test_the_past_is_that_up_to_the_look_before() -> None:
    """What comes between two looks closes the gate at the look after them: a change does not hide its own alarm."""
    random = np.random.default_rng(4)
    views, calendar = _pushed(random.normal(size=(LEARN, BLOCK)))
    states = [views.look(ROW, np.array([LEARN]), FREE)]
    for look in (1, 2):
        _push(views, calendar, _ar1(0.9, LEARN))
        states.append(views.look(ROW, np.array([LEARN * (1 + look)]), FREE))
    assert states == [[False], [False], [True]]


def test_what_is_left_of_the_hour_is_watched_where_the_hour_is_known() -> None:
    random = np.random.default_rng(5)
    hours = (np.arange(200 * BLOCK) // 12 % 24).reshape(-1, BLOCK)
    values = random.normal(size=hours.shape) * 0.3 + np.sin(hours * (2 * np.pi / 24))
    views, calendar = Views(1), Calendar(1)
    for start in range(0, 192, 16):
        part = slice(start, start + 16)
        _push(views, calendar, values[part], hours[part])
        calendar.renew(ROW)
        views.look(ROW, np.array([start + 16]), FREE)
    assert (views.view[0], views.open[0]) == (View.LEFT, True)
    unknown = np.full((1, BLOCK), -1)
    seen, usable = _push(views, calendar, values[192:195], np.concatenate([hours[192:194], unknown]))
    assert usable == [True, True, False]
    assert seen[:2] == pytest.approx(
        values[192:194] - np.sin(hours[192:194] * (2 * np.pi / 24)), abs=0.15 + 1.2
    )
    assert seen[:2].std() < 0.5


def test_no_such_view_is_refused() -> None:
    views = Views(1)
    plain = rows.dump(views, 0)
    with pytest.raises(CorruptState, match="view"):
        views.load(np.array([0]), [Fields({**plain, "view": b"\x09"}, "views")])
