"""What a series is watched through, and whether that is white: the value, its forecast error, what is left of the hour, and the
forecast error of that.

One view at a time: the first whose own past is free of material autocorrelation. The choice is made at scheduled numbers of
blocks, from the past up to the look before, so that a change does not hide its own alarm.
"""

from collections.abc import Mapping, Sequence
from enum import IntEnum
from typing import ClassVar, Final

import numpy as np
from numpy.typing import NDArray

from stream_monitor.core.detector import FloatArray
from stream_monitor.core.fields import Fields
from stream_monitor.core.kernels.views import push
from stream_monitor.core.sequential import rows as stores
from stream_monitor.core.sequential.autocorrelation import (
    LAGS,
    ORDER,
    RUN_SUMS,
    SLOW_SUMS,
    SUMS,
    correlations,
    forecast,
    inflation,
    is_even,
    is_white,
    slow_forecast,
)
from stream_monitor.core.sequential.calendar import Calendar
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
from stream_monitor.core.sequential.layout import Layout
from stream_monitor.core.sequential.sums import on_grid
from stream_monitor.core.window import BLOCK


class View(IntEnum):
    """LEFT: the value less what is usual at the hour of the day."""

    VALUE = 0
    RESIDUAL = 1
    LEFT = 2
    LEFT_RESIDUAL = 3


_OF: Final = np.array(
    [0, 0, 1, 1]
)  # the line that a view is made from: standardised values, or what is left of them
_OWN: Final = 2  # the line of the view itself
_KEPT: Final[FloatArray] = np.asarray((1.0 - SIZE_RATE) ** np.arange(BLOCK + 1.0), np.float64)
"""What is left of a running mean of sizes before each value of a block, and after the last."""
_LATER: Final = np.arange(BLOCK) - np.arange(BLOCK)[:, None]
_RATES: Final = on_grid(
    np.where(_LATER >= 0, SIZE_RATE * (1.0 - SIZE_RATE) ** np.maximum(_LATER, 0), 0.0), 2.0**40
)
"""(BLOCK, BLOCK): what each size puts into it by then. On a grid on which products with sizes are exact."""


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
        self,
        rows: NDArray[np.intp],
        layout: Layout,
        values: FloatArray,
        calendar: Calendar,
        hours: NDArray[np.int8],
    ) -> NDArray[np.bool_]:
        """Standardised values (N, BLOCK) of new blocks of these series become what they are through their views; hours: of each
        value, -1 where there is none. Returns which (N,) are usable: all hours are known, where the view needs them.
        """
        calendar.learn(rows, layout, values, hours)
        usable = np.empty(len(values), np.bool_)
        push(
            self,
            rows,
            *layout,
            hours,
            calendar.usual,
            calendar.known.view(np.uint8),
            _KEPT,
            _RATES,
            SLOW_RATE,
            RUN_RATE,
            LEAST_SIZE,
            values,
            usable.view(np.uint8),
        )
        return usable

    def rest(self, rows: NDArray[np.intp], blocks: NDArray[np.int64]) -> None:
        """So many (n,) new blocks of these series are nothing but zeros, which add nothing to any sum."""
        self.number[rows, 0] += blocks * BLOCK
        self.last[rows, 0] = 0.0

    def look(self, rows: NDArray[np.intp], ages: NDArray[np.int64], fixed: NDArray[np.bool_]) -> list[bool]:
        """These series, so many blocks old, choose their view. fixed: (n,) which cannot but watch values.

        Returns which have changed it.
        """
        first = (ages == LEARN)[:, None]
        number = np.where(first, self.number[rows], self.looked_number[rows]).astype(np.float64)
        sums = np.where(first[:, :, None, None], self.sums[rows], self.looked[rows])
        lines = number[:, :_OWN], sums[:, :_OWN]
        white = is_white(*lines) & is_even(*lines)
        timed = number[:, 1] >= ENOUGH
        left = np.where(white[:, 1], View.LEFT, View.LEFT_RESIDUAL)
        want = np.where(white[:, 0] | fixed, View.VALUE, np.where(timed, left, View.RESIDUAL))
        changed = want != self.view[rows]
        self.view[rows] = want
        self.open[rows], self.power[rows] = white[:, 0], 1.0
        self._begin_own(rows[changed])
        own = want != View.VALUE
        if own.any():
            mine = rows[own]
            inflated = inflation(number[own, _OWN], sums[own, _OWN], self.looked_run[mine])
            known = ~changed[own] & (self.number[mine, _OWN] >= VIEW_WARM_UP * BLOCK)
            self.open[mine], self.power[mine] = known & (inflated < INFLATED), 1.0 / inflated
            self._forecast(mine)
        self.looked_slow[rows] = self.slow_sums[rows]
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

    def _forecast(self, rows: NDArray[np.intp]) -> None:
        """What makes the views of these series, which do not watch values, out of their lines."""
        source = _OF[self.view[rows]]
        self.model[rows] = forecast(self.number[rows, source].astype(float), self.sums[rows, source, 0])
        sums = np.stack([self.looked_slow[rows], self.size_sums[rows]])
        self.slow_model[rows], self.size_model[rows] = slow_forecast(sums)

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
