"""Blocks through the views: the kernel and numpy agree in every bit of the state and of what is seen."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray

from stream_monitor.core.detector import FloatArray
from stream_monitor.core.sequential.autocorrelation import LAGS, ORDER
from stream_monitor.core.sequential.calendar import PHASES, Calendar
from stream_monitor.core.sequential.choices import LEAST_SIZE, RUN_RATE, SIZE_RATE, SLOW_RATE
from stream_monitor.core.sequential.layout import Layout
from stream_monitor.core.sequential.sums import on_grid
from stream_monitor.core.sequential.views import View, Views
from stream_monitor.core.window import BLOCK
from tests.kernels.numpy_sums import pairs_of, running_mean, sums_of, total

COARSE = 256.0
KEPT = (1.0 - SIZE_RATE) ** np.arange(BLOCK + 1)
LATER = np.arange(BLOCK + 1) - np.arange(BLOCK)[:, None] - 1
WITHIN = on_grid(np.where(LATER >= 0, SIZE_RATE * (1.0 - SIZE_RATE) ** np.maximum(LATER, 0), 0.0), 2.0**40)

Rows = NDArray[np.intp]
Flags = NDArray[np.bool_]


def slow_push(
    views: Views, rows: Rows, layout: Layout, values: FloatArray, calendar: Calendar, hours: NDArray[np.int8]
) -> tuple[FloatArray, Flags]:
    """As `Views.push`, a step of all blocks after the other. What is seen, and whether it is usable."""
    seen, usable = values.copy(), np.ones(len(values), np.bool_)
    line = _line(views, rows, layout, values, 0)
    _add(views, rows, layout, line, 0, usable)
    row = layout.each(rows)[:, None]
    left = values - calendar.usual[row, np.maximum(hours, 0)]
    known = (calendar.known[row, hours] & (hours >= 0)).all(axis=1)
    for at, which in enumerate(views.view[rows].tolist()):
        one, mine = rows[[at]], slice(layout.first[at], layout.first[at] + layout.size[at])
        alone, source = Layout.of(layout.size[[at]]), line[mine]
        if calendar.known[one].any():
            rest = _line(views, one, alone, left[mine], 1)
            _add(views, one, alone, rest, 1, known[mine])
        else:
            rest = np.zeros(source.shape)
        if which >= View.LEFT:
            source, usable[mine] = rest, known[mine]
        if which != View.VALUE:
            own = source[:, LAGS:] if which == View.LEFT else _errors(source, views.model[one])
            seen[mine] = _evened(views, one, alone, own, usable[mine])
    return seen, usable


def _line(views: Views, rows: Rows, layout: Layout, values: FloatArray, of: int) -> FloatArray:
    """Blocks (N, BLOCK) with the LAGS values before each."""
    line = np.empty((len(values), LAGS + BLOCK))
    line[:, LAGS:] = values
    line[1:, :LAGS] = values[:-1, -LAGS:]
    line[layout.first, :LAGS] = views.last[rows, of]
    return line


def _add(views: Views, rows: Rows, layout: Layout, line: FloatArray, of: int, usable: Flags) -> FloatArray:
    """Put these blocks into the sums of a line. Returns their means (N,)."""
    added = sums_of(line)
    means = added[:, 0, 0] / BLOCK
    added[~usable] = 0.0
    views.sums[rows, of] = total(views.sums[rows, of], layout, added)
    views.number[rows, of] += np.add.reduceat(usable.astype(np.int64), layout.first) * BLOCK
    views.last[rows, of] = line[layout.first + layout.size - 1, -LAGS:]
    return np.asarray(means)


def _errors(line: FloatArray, model: FloatArray) -> FloatArray:
    errors = line[:, LAGS:] - model[:, :1]
    for lag in range(1, ORDER + 1):
        errors -= model[:, lag : lag + 1] * line[:, LAGS - lag : -lag]
    return errors


def _evened(views: Views, rows: Rows, layout: Layout, values: FloatArray, usable: Flags) -> FloatArray:
    """Less what is slow in them, in units of their recent size; counts what they are then."""
    means = on_grid(np.clip(values, -8.0, 8.0), COARSE).sum(axis=1) / BLOCK
    slow, views.slow[rows] = running_mean(
        views.slow[rows], layout, SLOW_RATE * means, usable, 1.0 - SLOW_RATE
    )
    _count(views.slow_sums, rows, layout, pairs_of(slow, means), usable)
    model = views.slow_model[rows]
    values = _in_units(views, rows, layout, values - (model[:, 1] * (slow - model[:, 0]))[:, None], usable)
    means = _add(views, rows, layout, _line(views, rows, layout, values, 2), 2, usable)
    run, views.run[rows] = running_mean(views.run[rows], layout, RUN_RATE * means, usable, 1.0 - RUN_RATE)
    _count(views.run_sums, rows, layout, pairs_of(run, means)[:, :3], usable)
    return values


def _in_units(views: Views, rows: Rows, layout: Layout, values: FloatArray, usable: Flags) -> FloatArray:
    """Over what a running mean of their sizes says of each."""
    sizes = on_grid(np.minimum(np.abs(values), 8.0), COARSE)
    within = sizes @ WITHIN
    before, views.size[rows] = running_mean(views.size[rows], layout, within[:, -1], usable, KEPT[-1])
    recent = on_grid(before[:, None] * KEPT[:-1] + within[:, :-1], 2.0**20)
    _count(views.size_sums, rows, layout, pairs_of(recent, sizes).sum(axis=1), usable)
    model = views.size_model[rows]
    unit = (recent / np.maximum(model[:, :1], 1.0 / COARSE) - 1.0) * model[:, 1:] + 1.0
    return np.asarray(values / np.maximum(unit, LEAST_SIZE))


def _count(sums: FloatArray, rows: Rows, layout: Layout, put: FloatArray, usable: Flags) -> None:
    put[~usable] = 0.0
    sums[rows] = total(sums[rows], layout, put)


numbers = st.one_of(st.floats(-10.0, 10.0), st.sampled_from([0.0, -0.0, 8.0, -8.0, 1 / 512, 1e9]))
programs = st.lists(
    st.lists(st.tuples(st.sampled_from(View), st.integers(1, 4)), min_size=1, max_size=4),
    min_size=1,
    max_size=3,
)


def _states(views: Views) -> dict[str, bytes]:
    return {name: getattr(views, name).tobytes() for name in Views.ARRAYS}


@given(programs, st.integers(0, 2**32), st.data())
def test_views_of_blocks(program: list[list[tuple[View, int]]], seed: int, data: st.DataObject) -> None:
    """Passes of up to four series, whose models are others in each; what is known of the hours as well."""
    random = np.random.default_rng(seed)
    views, twin, calendar = Views(5), Views(5), Calendar(5)
    for series in program:
        rows = random.permutation(5)[: len(series)]
        layout = Layout.of(np.array([size for _, size in series]))
        for made in (views, twin):
            made.view[rows] = [view for view, _ in series]
        for name in ("model", "slow_model", "size_model"):
            drawn = np.round(random.normal(size=getattr(views, name).shape), 1)
            getattr(views, name)[:] = getattr(twin, name)[:] = drawn
        calendar.usual[:] = random.normal(size=(5, PHASES))
        calendar.known[:] = random.random((5, PHASES)) < random.choice([0.0, 0.99, 1.0], (5, 1))
        shape = int(layout.size.sum()), BLOCK
        values = data.draw(arrays.arrays(np.float64, shape, elements=numbers))
        least = data.draw(st.sampled_from([-1, 0]))
        hours = np.sort(random.integers(least, PHASES, shape)).astype(np.int8)
        seen, usable = slow_push(twin, rows, layout, values, calendar, hours)
        assert views.push(rows, layout, values, calendar, hours).tolist() == usable.tolist()
        assert _states(views) == _states(twin)
        assert values.tobytes() == seen.tobytes()
