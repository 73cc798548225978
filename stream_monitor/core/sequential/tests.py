"""The sequential tests of all series of a model, advanced together, many blocks at a time.

A series learns its slots from its first LEARN blocks. Then a bank counts the bins of the view that is white, and the evidence
of the series moves with every part of a block: it reaches 1 with at most the probability that the shares of the alarm budget
add up to. After an alarm evidence begins from 0; a second alarm soon after confirms it, and the series learns the new regime.
"""

from collections.abc import Hashable, Mapping, Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from stream_monitor.core.detector import Plain
from stream_monitor.core.fields import Fields
from stream_monitor.core.sequential.calendar import hours_of
from stream_monitor.core.sequential.choices import CONFIRM, LEARN
from stream_monitor.core.sequential.engine import Engine, Pass, Tested
from stream_monitor.core.sequential.layout import Layout
from stream_monitor.core.sequential.series import Blocks, Series
from stream_monitor.core.sequential.views import View
from stream_monitor.core.window import BLOCK

_MOST: Final = 64  # blocks of a series in one pass: what a pass needs in memory has a bound
_WASTE: Final = 1.5  # how much larger than its blocks a pass may be


class Alarm(NamedTuple):
    """at: place of the block among the new ones. evidence: >= 1. confirms: the alarm shortly before was of the same change, and
    the series now learns the new regime.
    """

    at: int
    evidence: float
    confirms: bool = False


class HoursOf:
    """Hours of the day of all values of blocks that arrived, found once where series share one array of event times."""

    def __init__(self) -> None:
        self._found: dict[int, NDArray[np.int8]] = {}

    def __getitem__(self, blocks: Blocks) -> NDArray[np.int8]:
        found = self._found.get(id(blocks.times))
        if found is None:
            found = self._found[id(blocks.times)] = hours_of(blocks.times)
        return found


class Diagnosis(NamedTuple):
    """evidence: 1 is an alarm. lag_1: autocorrelation of the values. values_white: they are watched as they are. views_white: 1
    if another view is watched; if neither, the series is blind. view: which one. learning: no evidence is gathered yet. power: of
    the evidence; less than 1 where the view is not quite white.
    """

    evidence: float
    lag_1: float
    values_white: bool
    views_white: int
    view: View
    learning: bool
    power: float = 1.0


class SequentialTests:
    """Add series, then `advance` them with their blocks."""

    def __init__(self) -> None:
        self.series: dict[Hashable, Series] = {}
        self._engine = Engine()

    def add(self, key: Hashable, *, seed: int, upward: bool = False) -> None:
        """A new series. Its tie-breakers are those of the seed and of its values' ordinals. upward: only a rise is looked for."""
        self.series[key] = Series(key=key, row=self._engine.claim(), seed=seed % 2**64, upward=upward)

    def remove(self, key: Hashable) -> None:
        """A series ends; its place is for another. Raises KeyError."""
        self._engine.release(self.series.pop(key))

    def advance(self, arrived: Mapping[Hashable, Blocks]) -> dict[Hashable, list[Alarm]]:
        """Take the new blocks of these series. Returns the alarms of each, in order."""
        alarms: dict[Hashable, list[Alarm]] = {}
        taken = dict.fromkeys(arrived, 0)
        hours = HoursOf()
        while left := {key: rest for key, at in taken.items() if (rest := len(arrived[key].weights) - at)}:
            whole: list[Series] = []
            constant: list[Series] = []
            running: list[Series] = []
            for key in left:
                series = self.series[key]
                if series.slots is None:
                    taken[key] += _collect(series, arrived[key], taken[key], hours)
                    whole += [series] if len(series.sample) == LEARN else []
                else:
                    (constant if series.constant else running).append(series)
            if whole:
                self._begin(whole)
            if constant:
                running += self._rest(constant, arrived, taken)
            if running:
                size = _evened([min(left[series.key], self._room(series)) for series in running])
                new = _gathered(running, size, arrived, taken, hours)
                for series, alarm in self._run(new, taken):
                    alarms.setdefault(series.key, []).append(alarm)
        return alarms

    def dump(self, key: Hashable) -> dict[str, Plain]:
        """Explicit fields of the test of one series, between two calls of `advance`."""
        series = self.series[key]
        fields: dict[str, Plain] = {"series": series.dump()}
        return fields if series.slots is None else {**fields, **self._engine.dump(series)}

    def load(self, plains: Sequence[tuple[Hashable, Plain]]) -> None:
        """The inverse of `dump`, for series just added: all at once, a fifth of what they cost one by one. Raises CorruptState if
        one is not as it should be; then those that are can be loaded again, without it.
        """
        many = {key: Fields(plain, "sequential") for key, plain in plains}
        for key, fields in many.items():
            self._engine.leave(self.series[key])
            self.series[key].load(fields.inside("series"))
        begun = [key for key in many if self.series[key].slots is not None]
        if begun:
            self._engine.load([self.series[key] for key in begun], [many[key] for key in begun])
        for key, fields in many.items():
            series = self.series[key]
            expected = {"series"} if series.slots is None else {"series", "views", "calendar"}
            if set(fields.names()) != expected | ({"bank"} if series.bank is not None else set()):
                raise fields.wrong("bank", f"fields are {fields.names()}")

    def diagnosis(self, key: Hashable) -> Diagnosis:
        """What the test of one series can see at present."""
        series, engine = self.series[key], self._engine
        view, open_ = engine.view(series), bool(engine.views.open[series.row])
        evidence = 0.0 if series.bank is None else engine.bank(series).peak[series.bank_row]
        return Diagnosis(
            evidence=float(evidence),
            lag_1=engine.views.lag_1(series.row),
            values_white=open_ and view is View.VALUE,
            views_white=int(open_ and view is not View.VALUE),
            view=view,
            learning=series.bank is None or series.blocks <= series.warm_up or engine.views.young(series.row),
            power=float(engine.views.power[series.row]),
        )

    def _room(self, series: Series) -> int:
        """Blocks up to the next choice about a series."""
        room = min(_MOST, series.look - series.blocks, series.until)
        return room if series.bank is not None else min(room, LEARN - len(series.sample))

    def _rest(
        self, constant: Sequence[Series], arrived: Mapping[Hashable, Blocks], taken: dict[Hashable, int]
    ) -> list[Series]:
        """The next blocks of these series, up to the next choice about each, are passed over where nothing happens in them.

        Returns the series where something may.
        """
        awake, resting, many = [], [], []
        for series in constant:
            blocks, start = arrived[series.key], taken[series.key]
            stop = min(len(blocks.weights), start + series.look - series.blocks)
            if blocks.hold_only(float(series.testing().edges[0]), start, stop):
                resting.append(series)
                many.append(stop - start)
            else:
                awake.append(series)
        due = []
        for series, size, passed in zip(
            resting, many, self._engine.rest(resting, many).tolist(), strict=True
        ):
            if passed:
                self._move(series, size, taken)
                due += [series] if series.blocks == series.look else []
            else:
                awake.append(series)
        if due:
            self._engine.look(due)
        return awake

    def _move(self, series: Series, blocks: int, taken: dict[Hashable, int]) -> None:
        """So many blocks more of a series were seen."""
        taken[series.key] += blocks
        series.seen += blocks * BLOCK
        series.blocks += blocks

    def _begin(self, whole: Sequence[Series]) -> None:
        """The samples of these series are whole: they get their slots, and their first blocks pass through the views."""
        for series in whole:
            series.learn()
            self._engine.enter(series)
        hours = np.concatenate([np.array(series.sample_hours) for series in whole])
        numbers = np.concatenate([np.array(series.sample) for series in whole])
        ordinals = np.array([series.sample_at[0] for series in whole])
        layout = Layout.of(np.full(len(whole), LEARN))
        rows = np.array([series.row for series in whole])
        self._engine.see(Pass(whole, rows, layout, numbers, hours, np.zeros(len(numbers)), ordinals))
        for series in whole:
            series.forget()
        self._engine.look(whole)

    def _run(self, new: Pass, taken: dict[Hashable, int]) -> list[tuple[Series, Alarm]]:
        """One pass. Returns its alarms, and moves on what was taken of each series."""
        tested = self._engine.run(new)
        found, look = [], []
        over = tested.evidence >= 1.0
        alarmed = np.logical_or.reduceat(over, new.layout.first).tolist()
        places = zip(new.series, new.layout.first.tolist(), new.layout.size.tolist(), alarmed, strict=True)
        for at, (series, first, size, alarm) in enumerate(places):
            mine = slice(first, first + size)
            series.until = int(np.argmax(over[mine])) + 1 if alarm else _MOST
            if series.until < size:  # the pass went past an alarm: once more, up to there
                self._engine.take_back(series, tested)
                continue
            self._move(series, size, taken)
            if alarm:
                confirms = self._alarm(series)
                found.append(
                    (series, Alarm(taken[series.key] - 1, float(tested.evidence[mine][-1]), confirms))
                )
            elif series.bank is None:
                self._learn_own(series, tested, mine, int(new.ordinals[at]))
            series.until = _MOST
            look += [series] if series.slots is not None and series.blocks == series.look else []
        if look:
            self._engine.look(look)
        return found

    def _alarm(self, series: Series) -> bool:
        """An alarm at the last block of a series. Returns whether it confirms the one before."""
        if series.alarmed >= 0 and series.blocks - series.alarmed <= CONFIRM:
            self._engine.restart(series)
            series.restart()
            return True
        bank = self._engine.bank(series)
        bank.evidence[series.bank_row] = bank.peak[series.bank_row] = 0.0
        series.alarmed = series.blocks
        return False

    def _learn_own(self, series: Series, tested: Tested, mine: slice, ordinal: int) -> None:
        """A view that has no slots yet learns them from its blocks."""
        usable = np.flatnonzero(tested.usable[mine])
        series.sample += list(tested.numbers[mine][usable])
        series.sample_at += (ordinal + usable * BLOCK).tolist()
        if len(series.sample) == LEARN:
            series.learn_own()
            self._engine.enter(series)


def _collect(series: Series, blocks: Blocks, start: int, hours: HoursOf) -> int:
    """A series that has no slots yet takes blocks to learn them from. Returns how many."""
    stop = min(len(blocks.weights), start + LEARN - len(series.sample))
    series.keep(blocks.values(start, stop), hours[blocks][start:stop])
    series.seen += (stop - start) * BLOCK
    series.blocks += stop - start
    return stop - start


def _evened(size: Sequence[int]) -> NDArray[np.int64]:
    """How many blocks of each series go into one pass: none waits for another's many."""
    wanted, levels = np.array(size), sorted(set(size), reverse=True)
    fits = (most for most in levels if most * len(size) <= _WASTE * np.minimum(wanted, most).sum())
    return np.asarray(np.minimum(wanted, next(fits)))


def _gathered(
    series: Sequence[Series],
    size: NDArray[np.int64],
    arrived: Mapping[Hashable, Blocks],
    taken: Mapping[Hashable, int],
    hours: HoursOf,
) -> Pass:
    """The next so many (n,) blocks of each series."""
    parts = []
    for one, many in zip(series, size.tolist(), strict=True):
        blocks, start = arrived[one.key], taken[one.key]
        span = slice(start, start + many)
        parts.append((blocks.values(start, start + many), hours[blocks][span], blocks.weights[span]))
    numbers, told, weights = (np.concatenate(part) for part in zip(*parts, strict=True))
    rows, ordinals = np.array([one.row for one in series]), np.array([one.seen for one in series])
    return Pass(series, rows, Layout.of(size), numbers, told, weights, ordinals)
