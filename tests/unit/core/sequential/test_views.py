"""What a series is watched through, and when that is chosen anew."""

import numpy as np
import pytest

from stream_monitor.core.detector import FloatArray
from stream_monitor.core.errors import CorruptState
from stream_monitor.core.fields import Fields
from stream_monitor.core.sequential import rows
from stream_monitor.core.sequential.calendar import Calendar
from stream_monitor.core.sequential.choices import LEARN
from stream_monitor.core.sequential.sums import Layout
from stream_monitor.core.sequential.views import View, Views
from stream_monitor.core.window import BLOCK

ROW = np.zeros(1, np.intp)
FREE = np.zeros(1, np.bool_)


def _ar1(phi: float, blocks: int) -> FloatArray:
    random, values = np.random.default_rng(1), np.zeros(blocks * BLOCK)
    for at in range(1, len(values)):
        values[at] = phi * values[at - 1] + random.normal()
    return np.asarray(values / values.std()).reshape(-1, BLOCK)


def _pushed(values: FloatArray, hours: FloatArray | None = None) -> tuple[Views, Calendar]:
    views, calendar = Views(1), Calendar(1)
    layout = Layout.of(np.array([len(values)]))
    views.push(ROW, layout, values, calendar, None if hours is None else hours.astype(np.int8))
    return views, calendar


def test_white_values_are_watched_as_they_are() -> None:
    views, calendar = _pushed(np.random.default_rng(2).normal(size=(LEARN, BLOCK)))
    assert views.look(ROW, np.array([LEARN]), FREE) == [False]
    assert (views.view[0], views.open[0]) == (View.VALUE, True)
    more = np.ones((1, BLOCK))
    seen = views.push(ROW, Layout.of(np.array([1])), more, calendar, None)
    assert seen.usable.tolist() == [True]


def test_errors_of_a_forecast_take_the_place_of_dependent_values() -> None:
    values = _ar1(0.8, LEARN + 40)
    views, calendar = _pushed(values[:LEARN])
    assert views.look(ROW, np.array([LEARN]), FREE) == [True]
    assert (views.view[0], views.open[0]) == (View.RESIDUAL, True)
    seen = views.push(ROW, Layout.of(np.array([40])), values[LEARN:], calendar, None)
    constant, *phi = views.model[0]
    line = values.ravel()
    expected = [
        line[at] - constant - sum(phi[k] * line[at - 1 - k] for k in range(3))
        for at in range(LEARN * BLOCK, len(line))
    ]
    assert seen.values.ravel() == pytest.approx(expected)
    assert np.corrcoef(seen.values.ravel()[1:], seen.values.ravel()[:-1])[0, 1] == pytest.approx(
        0.0, abs=0.25
    )


def test_a_series_that_was_constant_cannot_but_watch_its_values_and_is_blind_when_they_depend() -> None:
    values = np.repeat(np.random.default_rng(3).random((LEARN, 4)) < 0.2, BLOCK // 4, axis=1).astype(
        np.float64
    )
    views, _ = _pushed(values)
    views.look(ROW, np.array([LEARN]), np.ones(1, np.bool_))
    assert (views.view[0], views.open[0]) == (View.VALUE, False)


def test_the_past_is_that_up_to_the_look_before() -> None:
    """What comes between two looks closes the gate at the look after them: a change does not hide its own alarm."""
    random = np.random.default_rng(4)
    views, calendar = _pushed(random.normal(size=(LEARN, BLOCK)))
    states = [views.look(ROW, np.array([LEARN]), FREE)]
    for look in (1, 2):
        views.push(ROW, Layout.of(np.array([LEARN])), _ar1(0.9, LEARN), calendar, None)
        states.append(views.look(ROW, np.array([LEARN * (1 + look)]), FREE))
    assert states == [[False], [False], [True]]


def test_what_is_left_of_the_hour_is_watched_where_the_hour_is_known() -> None:
    random = np.random.default_rng(5)
    hours = (np.arange(200 * BLOCK) // 12 % 24).reshape(-1, BLOCK)
    values = random.normal(size=hours.shape) * 0.3 + np.sin(hours * (2 * np.pi / 24))
    views, calendar = Views(1), Calendar(1)
    for start in range(0, 192, 16):
        part = slice(start, start + 16)
        views.push(ROW, Layout.of(np.array([16])), values[part], calendar, hours[part].astype(np.int8))
        calendar.renew(ROW)
        views.look(ROW, np.array([start + 16]), FREE)
    assert (views.view[0], views.open[0]) == (View.LEFT, True)
    late, unknown = hours[192:194].astype(np.int8), np.full((1, BLOCK), -1, np.int8)
    seen = views.push(
        ROW, Layout.of(np.array([3])), values[192:195], calendar, np.concatenate([late, unknown])
    )
    assert seen.usable.tolist() == [True, True, False]
    assert seen.values[:2] == pytest.approx(
        values[192:194] - np.sin(hours[192:194] * (2 * np.pi / 24)), abs=0.15 + 1.2
    )
    assert seen.values[:2].std() < 0.5


def test_no_such_view_is_refused() -> None:
    views = Views(1)
    plain = rows.dump(views, 0)
    with pytest.raises(CorruptState, match="view"):
        views.load(0, Fields({**plain, "view": b"\x09"}, "views"))
