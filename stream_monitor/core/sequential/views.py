"""What a series is watched through, and whether that is white: the value, its forecast error, what is left of the hour, and the
forecast error of that.

One view at a time: the first whose own past is free of material autocorrelation. The choice is made at scheduled numbers of
blocks, from the past up to the look before, so that a change does not hide its own alarm.
"""

from collections.abc import Mapping, Sequence
from enum import IntEnum
from typing import ClassVar, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from stream_monitor.core.detector import FloatArray
from stream_monitor.core.fields import Fields
from stream_monitor.core.sequential import rows as stores
from stream_monitor.core.sequential.autocorrelation import (
    LAGS,
    ORDER,
    RUN_SUMS,
    SLOW_SUMS,
    SUMS,
    correlations,
    forecast,
    forecast_sums,
    inflation,
    is_even,
    is_white,
    slow_forecast,
    sums_of,
)
from stream_monitor.core.sequential.calendar import Calendar, Hours
from stream_monitor.core.sequential.choices import (
    ENOUGH,
    INFLATED,
    LEARN,
    LEAST_SIZE,
    RUN_RATE,
    SIZE_RATE,
    SLOW_RATE,
    VIEW_WARM_UP,
)
from stream_monitor.core.sequential.sums import COARSE, Layout, exact_product, on_grid, running_mean, total
from stream_monitor.core.window import BLOCK


class View(IntEnum):
    """LEFT: the value less what is usual at the hour of the day."""

    VALUE = 0
    RESIDUAL = 1
    LEFT = 2
    LEFT_RESIDUAL = 3


_OF: Final = (
    0,
    0,
    1,
    1,
)  # the line of values that a view is made from: standardised values, or what is left of them
_LARGEST: Final = 8.0
_FINER: Final = 2.0**20  # for running means of sizes: sums of their squares over a block are exact
_KEPT: Final = (1.0 - SIZE_RATE) ** np.arange(BLOCK + 1)
"""What is left of a running mean of sizes before each value of a block, and after the last."""
_LATER: Final = np.arange(BLOCK + 1) - np.arange(BLOCK)[:, None] - 1
_WITHIN: Final = on_grid(
    np.where(_LATER >= 0, SIZE_RATE * (1.0 - SIZE_RATE) ** np.maximum(_LATER, 0), 0.0), 2.0**40
)
"""(BLOCK, BLOCK + 1): what each size puts into it by then. On a grid on which products with sizes are exact."""
_OWN: Final = 2  # the line of the view itself


class Seen(NamedTuple):
    """Blocks through the views of their series. values: (N, BLOCK), meaningless for View.VALUE. usable: (N,) whether all its
    hours are known, where the view needs them.
    """

    values: FloatArray
    usable: NDArray[np.bool_]


class Views:
    """One row a series. Of three lines (values, what is left, the view itself): sums, number of values, the last LAGS values."""

    ARRAYS: ClassVar[Mapping[str, str]] = {
        "sums": "<f8",
        "number": "<i8",
        "looked": "<f8",
        "looked_number": "<i8",
        "last": "<f8",
        "model": "<f8",
        "slow": "<f8",
        "slow_sums": "<f8",
        "slow_model": "<f8",
        "looked_slow": "<f8",
        "size": "<f8",
        "size_sums": "<f8",
        "size_model": "<f8",
        "run": "<f8",
        "run_sums": "<f8",
        "looked_run": "<f8",
        "power": "<f8",
        "view": "<u1",
        "open": "<u1",
    }
    STILL: ClassVar[frozenset[str]] = frozenset(
        {"looked", "looked_number", "looked_slow", "looked_run", "model", "slow_model", "size_model"}
        | {"power", "view", "open"}
    )
    MADE: ClassVar[tuple[str, ...]] = ()

    def __init__(self, rows: int = 0) -> None:
        self.free: list[int] = []
        self.sums: FloatArray = np.zeros((rows, 3, 2, SUMS))
        self.number = np.zeros((rows, 3), np.int64)
        self.looked: FloatArray = np.zeros((rows, 3, 2, SUMS))  # the sums at the last look
        self.looked_number = np.zeros((rows, 3), np.int64)
        self.last: FloatArray = np.zeros((rows, 3, LAGS))
        self.model: FloatArray = np.zeros((rows, 1 + ORDER))  # constant and coefficients of the forecast
        # Of the view itself: a running mean of its block means, sums, and their forecast of the next block mean.
        self.slow: FloatArray = np.zeros(rows)
        self.slow_sums: FloatArray = np.zeros((rows, SLOW_SUMS))
        self.slow_model: FloatArray = np.zeros((rows, 2))
        self.looked_slow: FloatArray = np.zeros((rows, SLOW_SUMS))  # the sums at the last look
        # A running mean of how far its values lie from 0, sums, and their forecast of the next.
        self.size: FloatArray = np.zeros(rows)
        self.size_sums: FloatArray = np.zeros((rows, SLOW_SUMS))
        self.size_model: FloatArray = np.zeros((rows, 2))
        # A slower running mean of what is left then, sums, and those at the last look.
        self.run: FloatArray = np.zeros(rows)
        self.run_sums: FloatArray = np.zeros((rows, RUN_SUMS))
        self.looked_run: FloatArray = np.zeros((rows, RUN_SUMS))
        self.power: FloatArray = np.ones(
            rows
        )  # of the evidence: less than 1 where the view is not quite white
        self.view = np.zeros(rows, np.int64)
        self.open = np.ones(rows, np.bool_)  # whether the view is white

    def fresh(self, rows: int) -> "Views":
        """So many rows as they begin."""
        return Views(rows)

    def push(
        self, rows: NDArray[np.intp], layout: Layout, values: FloatArray, calendar: Calendar, hours: Hours
    ) -> Seen:
        """Standardised values (N, BLOCK) of new blocks of these series, and the hour of each value."""
        line = self._line(rows, layout, values, 0)
        self._add(rows, layout, line, 0)
        left, known = self._left(rows, layout, values, calendar, hours)
        calendar.learn(rows, layout, values, hours)
        view = self.view[rows]
        if not view.any():
            return Seen(values, np.ones(len(values), np.bool_))
        seen = Seen(np.empty_like(values), np.ones(len(values), np.bool_))
        for which in (View.RESIDUAL, View.LEFT, View.LEFT_RESIDUAL):
            watched = np.flatnonzero(view == which)
            if len(watched):
                mine, part = layout.part(watched)
                source = (line, left)[_OF[which]][mine]
                model = part.each(self.model[rows[watched]])
                seen.values[mine] = source[:, LAGS:] if which is View.LEFT else _errors(source, model)
                seen.usable[mine] = known[mine] | (_OF[which] == 0)
        indirect = np.flatnonzero(view)
        mine, part = layout.part(indirect)
        seen.values[mine] = self._evened(rows[indirect], part, seen.values[mine], seen.usable[mine])
        return seen

    def rest(self, rows: NDArray[np.intp], blocks: NDArray[np.int64]) -> None:
        """So many (n,) new blocks of these series are nothing but zeros, which add nothing to any sum."""
        self.number[rows, 0] += blocks * BLOCK
        self.last[rows, 0] = 0.0

    def look(self, rows: NDArray[np.intp], ages: NDArray[np.int64], fixed: NDArray[np.bool_]) -> list[bool]:
        """These series, so many blocks old, choose their view. fixed: (n,) which cannot but watch values.

        Returns which have changed it.
        """
        first = (ages == LEARN)[:, None]
        number = np.where(first, self.number[rows], self.looked_number[rows])
        sums = np.where(first[:, :, None, None], self.sums[rows], self.looked[rows])
        white = np.stack(
            [is_white(number[:, line].astype(float), sums[:, line]) for line in range(_OWN)], axis=1
        )
        for line in range(_OWN):
            white[:, line] &= is_even(number[:, line].astype(float), sums[:, line])
        timed = number[:, 1] >= ENOUGH
        left = np.where(white[:, 1], View.LEFT, View.LEFT_RESIDUAL)
        want = np.where(white[:, 0] | fixed, View.VALUE, np.where(timed, left, View.RESIDUAL))
        changed = want != self.view[rows]
        self.view[rows] = want
        direct = want == View.VALUE
        inflated = inflation(number[:, _OWN].astype(float), sums[:, _OWN], self.looked_run[rows])
        known = ~changed & (self.number[rows, _OWN] >= VIEW_WARM_UP * BLOCK)
        self.open[rows] = np.where(direct, white[:, 0], known & (inflated < INFLATED))
        self.power[rows] = np.where(direct, 1.0, 1.0 / inflated)
        source = np.array(_OF)[want]
        number, sums = self.number[rows, source].astype(float), self.sums[rows, source, 0]
        self.model[rows] = forecast(number, sums)
        self._begin_own(rows[changed])
        self.slow_model[rows] = slow_forecast(self.looked_slow[rows])
        self.looked_slow[rows] = self.slow_sums[rows]
        self.size_model[rows] = slow_forecast(self.size_sums[rows])
        self.looked_run[rows] = self.run_sums[rows]
        self.looked[rows], self.looked_number[rows] = self.sums[rows], self.number[rows]
        return [bool(one) for one in changed]

    def load(self, rows: NDArray[np.intp], many: Sequence[Fields]) -> None:
        """Read these rows, n >= 1. Raises CorruptState."""
        stores.load(self, rows, many)
        if (self.view[rows] >= len(View)).any():
            raise many[0].wrong("view", "no such view")

    def young(self, row: int) -> bool:
        """Whether too little was seen of its view to gather evidence there."""
        return bool(self.view[row] != View.VALUE and self.number[row, _OWN] < VIEW_WARM_UP * BLOCK)

    def lag_1(self, row: int) -> float:
        """Autocorrelation of the values so far."""
        return float(correlations(self.number[row, :1].astype(float), self.sums[row, :1, 0])[0, 0])

    def _begin_own(self, rows: NDArray[np.intp]) -> None:
        """The line of the view begins anew."""
        self.sums[rows, _OWN] = self.last[rows, _OWN] = 0.0
        self.number[rows, _OWN] = 0
        for mean, sums in (
            (self.slow, self.slow_sums),
            (self.size, self.size_sums),
            (self.run, self.run_sums),
        ):
            mean[rows], sums[rows] = 0.0, 0.0
        self.looked_slow[rows] = 0.0

    def _evened(
        self, rows: NDArray[np.intp], layout: Layout, values: FloatArray, usable: NDArray[np.bool_]
    ) -> FloatArray:
        """Views (N, BLOCK) less what is slow in them, in units of their recent size; counts what they are then."""
        means = _means(values)
        slow, self.slow[rows] = running_mean(
            self.slow[rows], layout, SLOW_RATE * means, usable, 1.0 - SLOW_RATE
        )
        self._count(self.slow_sums, rows, layout, forecast_sums(slow, means), usable)
        model = layout.each(self.slow_model[rows])
        values = values - (model[:, 1] * (slow - model[:, 0]))[:, None]
        values = self._in_units(rows, layout, values, usable)
        means = self._add(rows, layout, self._line(rows, layout, values, _OWN), _OWN, usable)
        run, self.run[rows] = running_mean(self.run[rows], layout, RUN_RATE * means, usable, 1.0 - RUN_RATE)
        put = np.stack([np.ones_like(run), run, run * run], axis=1)
        self._count(self.run_sums, rows, layout, put, usable)
        return values

    def _in_units(
        self, rows: NDArray[np.intp], layout: Layout, values: FloatArray, usable: NDArray[np.bool_]
    ) -> FloatArray:
        """Views (N, BLOCK) over what a running mean of their sizes says of each: spells of volatility leave no trace."""
        sizes = on_grid(np.minimum(np.abs(values), _LARGEST), COARSE)
        within = exact_product(sizes, _WITHIN)
        before, self.size[rows] = running_mean(self.size[rows], layout, within[:, -1], usable, _KEPT[-1])
        recent = before[:, None] * _KEPT[:-1]
        recent += within[:, :-1]
        recent = on_grid(recent, _FINER)
        put = np.empty((len(values), SLOW_SUMS))
        put[:, 0], put[:, 1], put[:, 4] = BLOCK, np.einsum("ij->i", recent), np.einsum("ij->i", sizes)
        for at, (left, right) in {2: (recent, recent), 3: (recent, sizes), 5: (sizes, sizes)}.items():
            put[:, at] = np.einsum("ij,ij->i", left, right)
        self._count(self.size_sums, rows, layout, put, usable)
        model = layout.each(self.size_model[rows])
        usual, keeps = np.maximum(model[:, :1], 1.0 / COARSE), model[:, 1:]
        recent /= usual
        recent -= 1.0
        recent *= keeps
        recent += 1.0
        np.maximum(recent, LEAST_SIZE, out=recent)
        return np.asarray(np.divide(values, recent, out=recent))

    def _count(
        self,
        sums: FloatArray,
        rows: NDArray[np.intp],
        layout: Layout,
        put: FloatArray,
        usable: NDArray[np.bool_],
    ) -> None:
        """Add what usable blocks (N,) put in, (N, k) which is used up, to the sums of their series, in order of time."""
        put[~usable] = 0.0
        sums[rows] = total(sums[rows], layout, put)

    def _left(
        self, rows: NDArray[np.intp], layout: Layout, values: FloatArray, calendar: Calendar, hours: Hours
    ) -> tuple[FloatArray, NDArray[np.bool_]]:
        """What is left of the hour, as lines (N, LAGS + BLOCK), and of which blocks (N,) all hours are known."""
        timed = np.asarray(calendar.known[rows].any(axis=1))
        known = np.zeros(len(values), np.bool_)
        if not timed.any():
            return np.zeros((len(values), LAGS + BLOCK)), known
        if hours is None:
            hours = np.full(values.shape, -1, np.int8)
        chosen, part = layout.part(np.flatnonzero(timed))
        usual, known[chosen] = calendar.usual_of(rows[timed], part, hours[chosen])
        left = self._line(rows[timed], part, values[chosen] - usual, 1)
        self._add(rows[timed], part, left, 1, known[chosen])
        if timed.all():
            return left, known
        line = np.zeros((len(values), LAGS + BLOCK))
        line[chosen] = left
        return line, known

    def _line(self, rows: NDArray[np.intp], layout: Layout, values: FloatArray, of: int) -> FloatArray:
        """Blocks (N, BLOCK) with the LAGS values before each."""
        line = np.empty((len(values), LAGS + BLOCK))
        line[:, LAGS:] = values
        line[1:, :LAGS] = values[:-1, -LAGS:]
        line[layout.first, :LAGS] = self.last[rows, of]
        return line

    def _add(
        self,
        rows: NDArray[np.intp],
        layout: Layout,
        line: FloatArray,
        of: int,
        usable: NDArray[np.bool_] | None = None,
    ) -> FloatArray:
        """Put these blocks into the sums of a line. Returns their means (N,)."""
        added = sums_of(line)
        means = added[:, 0, 0] / BLOCK
        number = layout.size
        if usable is not None and not usable.all():
            added[~usable] = 0.0
            number = np.add.reduceat(usable.astype(np.int64), layout.first)
        self.sums[rows, of] = total(self.sums[rows, of], layout, added)
        self.number[rows, of] += number * BLOCK
        self.last[rows, of] = line[layout.first + layout.size - 1, -LAGS:]
        return means


def _means(values: FloatArray) -> FloatArray:
    """Means (N,) of blocks (N, BLOCK); on a grid, so that the order of adding does not matter."""
    return np.asarray(np.einsum("ij->i", on_grid(np.clip(values, -_LARGEST, _LARGEST), COARSE)) / BLOCK)


def _errors(line: FloatArray, model: FloatArray) -> FloatArray:
    """Errors (m, BLOCK) of forecasting each value of the lines (m, LAGS + BLOCK). model: (m, 1 + ORDER)."""
    errors, part = line[:, LAGS:] - model[:, :1], np.empty((len(line), line.shape[1] - LAGS))
    for lag in range(1, ORDER + 1):
        errors -= np.multiply(model[:, lag : lag + 1], line[:, LAGS - lag : -lag], out=part)
    return errors
