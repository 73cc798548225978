"""The arrays of all series, and a pass of new blocks through them: standardised, seen through the views, counted, tested.

A pass takes blocks of many series at once, and of none more than up to the next number of blocks at which something is chosen:
so within a pass everything but the counts stands still.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from stream_monitor.core.detector import FloatArray, Plain
from stream_monitor.core.fields import Fields
from stream_monitor.core.kernels.standardise import score, standardise
from stream_monitor.core.sequential import rows as stores
from stream_monitor.core.sequential.bank import Bank, Binned
from stream_monitor.core.sequential.binning import Bins, Sorter
from stream_monitor.core.sequential.calendar import Calendar
from stream_monitor.core.sequential.choices import (
    INDIRECT_WEIGHT,
    LARGEST,
    LEARN,
    LOOKS,
)
from stream_monitor.core.sequential.layout import Layout
from stream_monitor.core.sequential.series import BankKind, Series
from stream_monitor.core.sequential.views import View, Views


class Pass(NamedTuple):
    """Blocks of `series`, which have these rows, one series after the other. numbers, hours: (N, BLOCK), used up. weights: (N,).
    ordinals: (n,) of their first values.
    """

    series: Sequence[Series]
    rows: NDArray[np.intp]
    layout: Layout
    numbers: FloatArray
    hours: NDArray[np.int8]
    weights: FloatArray
    ordinals: NDArray[np.int64]


class Tested(NamedTuple):
    """What became of a pass. numbers: (N, BLOCK) through the views, where these are not the value. usable: (N,) blocks.
    evidence: (N,) at each block; 1 is an alarm. before: the rows of the stores as they were.
    """

    numbers: FloatArray
    usable: NDArray[np.bool_]
    evidence: FloatArray
    before: Sequence[tuple[Any, NDArray[np.intp], Mapping[str, NDArray[Any]]]]


class Engine:
    """The state of all series, a row each."""

    def __init__(self) -> None:
        self.views = Views()
        self.calendar = Calendar()
        self.banks: dict[BankKind, Bank] = {}

    def claim(self) -> int:
        """A row for a new series."""
        row, twin = stores.claim(self.views), stores.claim(self.calendar)
        assert row == twin  # they are claimed and given back together
        return row

    def release(self, series: Series) -> None:
        """A series ends."""
        stores.give_back(self.views, series.row)
        stores.give_back(self.calendar, series.row)
        self.leave(series)

    def view(self, series: Series) -> View:
        """What a series is watched through."""
        return View(int(self.views.view[series.row]))

    def bank(self, series: Series) -> Bank:
        """The bank in which the bins of a series are counted."""
        assert series.bank is not None
        return self.banks[series.bank]

    def enter(self, series: Series) -> None:
        """A series has slots: it gets a row in a bank, that begins from their places."""
        self._place(series)
        self.bank(series).begin(series.bank_row, series.testing().places, LEARN)

    def _place(self, series: Series) -> None:
        """A row for the bins of a series."""
        numeric, bins = not series.levels or series.own is not None, len(series.testing().places)
        series.bank = kind = BankKind(numeric, bins, series.upward)
        if kind not in self.banks:
            self.banks[kind] = Bank(bins=bins, numeric=numeric, upward=kind.upward)
        series.bank_row = stores.claim(self.banks[kind])

    def leave(self, series: Series) -> None:
        """A series has no slots any more."""
        if series.bank is not None:
            stores.give_back(self.bank(series), series.bank_row)
            series.bank = None

    def dump(self, series: Series) -> dict[str, Plain]:
        """Explicit fields of a series with slots."""
        fields: dict[str, Plain] = {
            "views": stores.dump(self.views, series.row),
            "calendar": stores.dump(self.calendar, series.row),
        }
        if series.bank is not None:
            fields["bank"] = stores.dump(self.bank(series), series.bank_row)
        return fields

    def load(self, series: Sequence[Series], many: Sequence[Fields]) -> None:
        """The inverse of `dump`, for many series at once, n >= 1. Raises CorruptState."""
        rows = np.array([one.row for one in series])
        self.views.load(rows, [fields.inside("views") for fields in many])
        stores.load(self.calendar, rows, [fields.inside("calendar") for fields in many])
        for one, fields in zip(series, many, strict=True):
            indirect = self.view(one) is not View.VALUE
            if (one.own is not None and not indirect) or (
                one.sample and (not indirect or one.own is not None)
            ):
                raise fields.wrong("views", "do not fit the slots")
            if one.own is not None or not indirect:
                self._place(one)
        for kind, group in _by_bank(series).items():
            at_bank = np.array([series[at].bank_row for at in group])
            self.banks[kind].load(at_bank, [many[at].inside("bank") for at in group])

    def restart(self, series: Series) -> None:
        """A series begins anew."""
        stores.begin(self.views, series.row)
        stores.begin(self.calendar, series.row)
        self.leave(series)

    def look(self, due: Sequence[Series]) -> None:
        """These series choose anew what they are watched through."""
        rows = np.array([series.row for series in due])
        self.calendar.renew(rows)
        ages = np.array([series.blocks for series in due])
        fixed = np.array([series.constant for series in due])
        changed = self.views.look(rows, ages, fixed)
        for series, anew, after in zip(due, changed, LOOKS.after(ages).tolist(), strict=True):
            series.look = after
            if anew:
                series.own = None
                series.forget()
                self.leave(series)
                if self.view(series) is View.VALUE:
                    self.enter(series)

    def rest(self, constants: Sequence[Series], blocks: Sequence[int]) -> NDArray[np.bool_]:
        """Pass over so many new blocks of these series, which hold nothing but the level of each, where there is no evidence that
        they are constants no longer. It comes to the same as `run`, and costs next to nothing. Returns where (n,).
        """
        rows, many = np.array([series.row for series in constants], np.intp), np.array(blocks, np.int64)
        passed = np.zeros(len(rows), np.bool_)
        for kind, group in _by_bank(constants).items():
            at_bank = np.array([constants[at].bank_row for at in group])
            passed[group] = quiet = ~self.banks[kind].evidence[at_bank].any(axis=1)
            self.banks[kind].rest(at_bank[quiet], many[group][quiet])
        self.views.rest(rows[passed], many[passed])
        return passed

    def run(self, new: Pass) -> Tested:
        """Take the blocks in."""
        rows = new.rows
        before: list[tuple[Any, NDArray[np.intp], Mapping[str, NDArray[Any]]]] = [
            (store, rows, stores.saved(store, rows)) for store in (self.views, self.calendar)
        ]
        usable, bins = self.see(new)
        evidence = np.zeros(len(usable))
        weights = self._weights(new, usable)
        for kind, group in _by_bank(new.series).items():
            bank, at_view = self.banks[kind], rows[group]
            at_bank = np.array([new.series[at].bank_row for at in group])
            before.append((bank, at_bank, stores.saved(bank, at_bank)))
            first, size = new.layout.first[group], new.layout.size[group]
            gate = self.views.open[at_view], self.views.power[at_view]
            bank.advance(Binned(at_bank, first, size, bins, usable, weights, *gate), evidence)
        return Tested(new.numbers, usable, evidence, before)

    def take_back(self, series: Series, tested: Tested) -> None:
        """One series has not seen its blocks of a pass."""
        for store, rows, copy in tested.before:
            if isinstance(store, Bank):
                if series.bank is not None and store is self.bank(series):
                    stores.restore(store, series.bank_row, copy, int(np.argmax(rows == series.bank_row)))
                    store.make(np.array([series.bank_row]))
            else:
                stores.restore(store, series.row, copy, int(np.argmax(rows == series.row)))

    def see(self, new: Pass) -> tuple[NDArray[np.bool_], Bins]:
        """The numbers of a pass become values of the views of their series: which blocks (N,) are usable, and bins (N, BLOCK) of
        those that have slots for their view.
        """
        view = self.views.view[new.rows].tolist()
        sorter = Sorter(new.layout, np.array([series.seed for series in new.series], np.uint64), new.ordinals)
        bins = np.empty(new.numbers.shape, np.uint8)
        slots = [
            series.slots if at == View.VALUE or series.unit == 0.0 else None
            for series, at in zip(new.series, view, strict=True)
        ]
        sorter.sort(slots, new.numbers, bins)
        _standardise(new, sorter.seeds, bins)
        constant = np.array([series.constant for series in new.series])
        if constant.any():  # it has no hours: blocks without them can be passed over
            new.hours[new.layout.each(constant)] = -1
        usable = self.views.push(new.rows, new.layout, new.numbers, self.calendar, new.hours)
        sorter.sort([series.own for series in new.series], new.numbers, bins)
        return usable, bins

    def _weights(self, new: Pass, usable: NDArray[np.bool_]) -> FloatArray:
        """Of every block (N,): 0 while its series warms up, and where its view cannot be used."""
        weights = np.where(usable, new.weights, 0.0)
        weights *= new.layout.each(np.where(self.views.view[new.rows] != View.VALUE, INDIRECT_WEIGHT, 1.0))
        missing = [series.warm_up - series.blocks for series in new.series]
        if max(missing) > 0:
            weights[np.arange(len(usable)) < new.layout.each(new.layout.first + missing)] = 0.0
        return weights


def _by_bank(series: Sequence[Series]) -> dict[BankKind, list[int]]:
    """Places of the series of each bank."""
    groups: dict[BankKind, list[int]] = {}
    for at, one in enumerate(series):
        if one.bank is not None:
            groups.setdefault(one.bank, []).append(at)
    return groups


def _standardise(new: Pass, seeds: NDArray[np.uint64], bins: Bins) -> None:
    """Numbers in units of their spread; of those that tie the normal scores of their bins, 0 and 1 of a constant."""
    first, size = new.layout
    units = np.array([series.unit for series in new.series])
    centers = np.array([series.center for series in new.series])
    standardise(new.numbers, first, size, centers, units, LARGEST)
    tied = np.flatnonzero(units == 0.0)
    if len(tied):
        scores = [new.series[at].scores for at in tied.tolist()]
        places = np.cumsum([0, *map(len, scores[:-1])])
        ordinals, flat = new.ordinals[tied], np.concatenate(scores)
        score(bins, first[tied], size[tied], ordinals, seeds[tied], places, flat, new.numbers)
