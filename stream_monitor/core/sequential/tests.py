"""The sequential tests of all series of a model, advanced together: one row a series, one block a step.

A series learns its slots from its first LEARN blocks, then every block moves its evidence: the base test on bin counts while
single values are white, and the tests of its views and scales while those are. The largest of them, each weighted, is the
evidence of the series: it reaches 1 with at most the probability that the shares of the alarm budget add up to.
"""

from collections.abc import Hashable, Mapping, Sequence
from typing import ClassVar, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from stream_monitor.core.detector import FloatArray, Plain
from stream_monitor.core.fields import Fields
from stream_monitor.core.sequential.autocorrelation import LAGS, SUMS, correlations, is_white, sums_of
from stream_monitor.core.sequential.bank import Bank
from stream_monitor.core.sequential.rows import append, dump, load
from stream_monitor.core.sequential.series import Blocks, Series
from stream_monitor.core.sequential.views import Views

DELAY: Final = 19  # blocks by which the past that the base gate sees lags behind
RECHECK: Final = 1.1
BASE_WEIGHT: Final = 0.35
ENOUGH: Final = 200.0  # values in the delayed past; before that the gate sees all of it


class Alarm(NamedTuple):
    """at: place of the block among the new ones. evidence: >= 1."""

    at: int
    evidence: float


class Diagnosis(NamedTuple):
    """evidence: 1 is an alarm. lag_1: autocorrelation of the scores. values_white: the base test takes part. views_white: of
    how many views and scales the test takes part. learning: no evidence is gathered yet.
    """

    evidence: float
    lag_1: float
    values_white: bool
    views_white: int
    learning: bool


class Gate:
    """Whether single values are white, from the past of each series, one row a series."""

    ARRAYS: ClassVar[Mapping[str, str]] = {
        "sums": "<f8",
        "line": "<f8",
        "last": "<f8",
        "blocks": "<i8",
        "next": "<i8",
        "white": "<u1",
    }

    def __init__(self, rows: int) -> None:
        self.sums: FloatArray = np.zeros((rows, SUMS))  # of blocks older than DELAY
        self.line: FloatArray = np.zeros((rows, DELAY, SUMS))
        self.last: FloatArray = np.zeros((rows, LAGS))  # the last scores
        self.blocks = np.zeros(rows, np.int64)
        self.next = np.zeros(rows, np.int64)  # number of blocks at which to look again
        self.white = np.ones(rows, np.bool_)

    def push(self, rows: NDArray[np.intp], scores: FloatArray) -> None:
        """One block of scores (n, b) of each of these series."""
        new = sums_of(scores, self.last[rows])
        self.last[rows] = scores[:, -LAGS:]
        self.sums[rows] += self.line[rows, 0]
        self.line[rows] = np.concatenate([self.line[rows, 1:], new[:, None]], axis=1)
        blocks = self.blocks[rows] = self.blocks[rows] + 1
        look = rows[blocks >= self.next[rows]]
        if len(look):
            self.next[look] = np.ceil(self.blocks[look] * RECHECK).astype(np.int64)
            past = self.sums[look]
            short = past[:, 0] < ENOUGH
            past[short] += self.line[look[short]].sum(axis=1)
            self.white[look] = is_white(past)

    def restart(self, row: int) -> None:
        """Begin anew."""
        for name in self.ARRAYS:
            getattr(self, name)[row] = 0
        self.white[row] = True


class SequentialTests:
    """Add series, then `advance` them with their blocks."""

    def __init__(self) -> None:
        self.series: dict[Hashable, Series] = {}
        self._free: list[Series] = []
        self.gate = Gate(0)
        self.views = Views(0)
        self.banks: dict[tuple[bool, int], Bank] = {}

    def add(self, key: Hashable, *, seed: int) -> None:
        """A new series."""
        if self._free:
            free = self._free.pop()
            self.series[key] = Series(name=key, row=free.row, seed=seed, bank_rows=free.bank_rows)
            return
        self.series[key] = Series(name=key, row=len(self.gate.blocks), seed=seed)
        append(self.gate, Gate(1))
        self.views.add()

    def remove(self, key: Hashable) -> None:
        """A series ends; its row is for another. Raises KeyError."""
        series = self.series.pop(key)
        self.gate.restart(series.row)
        self.views.restart(series.row)
        self._free.append(series)

    def advance(self, arrived: Mapping[Hashable, Blocks]) -> dict[Hashable, list[Alarm]]:
        """Take the new blocks of these series. Returns the alarms of each, in order."""
        alarms: dict[Hashable, list[Alarm]] = {}
        for name, blocks in arrived.items():
            self.series[name].take(blocks)
        for at in range(max((len(blocks.times) for blocks in arrived.values()), default=0)):
            here = [name for name, blocks in arrived.items() if at < len(blocks.times)]
            ready = [self.series[name] for name in here if self.series[name].slots is not None]
            for name in here:
                if self.series[name].slots is None and self.series[name].learn(at):
                    self._begin(self.series[name])
            if ready:
                evidence = self._step(ready, at)
                for series, value in zip(ready, evidence.tolist(), strict=True):
                    if value >= 1.0:
                        alarms.setdefault(series.name, []).append(Alarm(at, value))
                        self._restart(series)
        return alarms

    def _step(self, ready: Sequence[Series], at: int) -> FloatArray:
        """One block of each of these series. Returns their evidence."""
        rows = np.array([series.row for series in ready], np.intp)
        scores = np.stack([series.scores[at] for series in ready])
        weights = np.array([series.weight(at) for series in ready])
        jitter = np.array([series.jitter[at] for series in ready])
        phases = np.array([series.phases[at] for series in ready])
        self.gate.push(rows, scores)
        base = np.zeros(len(ready))
        for key, bank in self.banks.items():
            mine = [place for place, series in enumerate(ready) if series.bank == key]
            if mine:
                chosen = [ready[place] for place in mine]
                bank_rows = np.array([series.bank_row for series in chosen], np.intp)
                counts = np.stack([series.counts(at, key[1]) for series in chosen])
                evidence = bank.step(bank_rows, counts, weights[mine])
                white = self.gate.white[rows[mine]]
                bank.evidence[bank_rows[~white]] = 0.0
                base[mine] = np.where(white, evidence, 0.0)
        self.views.push(rows, scores, phases, jitter, weights)
        return np.maximum(BASE_WEIGHT * base, (1.0 - BASE_WEIGHT) * self.views.statistic(rows))

    def _begin(self, series: Series) -> None:
        """The slots of a series are learned: its bank row starts, and the blocks it learned from pass through the views."""
        self._place(series)
        rows = np.array([series.row], np.intp)
        for scores, phase, jitter in series.learned():
            self.gate.push(rows, scores[None])
            self.views.push(rows, scores[None], np.array([phase]), np.array([jitter]), np.zeros(1))

    def _restart(self, series: Series) -> None:
        """After an alarm a series learns anew what is normal, from the blocks that follow."""
        self.gate.restart(series.row)
        self.views.restart(series.row)
        series.restart()

    def dump(self, key: Hashable) -> dict[str, Plain]:
        """Explicit fields of the test of one series, between two calls of `advance`."""
        series = self.series[key]
        row = slice(series.row, series.row + 1)
        fields: dict[str, Plain] = {
            "series": series.dump(),
            "gate": dump(self.gate, row),
            "views": self.views.dump(series.row),
        }
        if series.slots is not None:
            fields["bank"] = dump(self.banks[series.bank], slice(series.bank_row, series.bank_row + 1))
        return fields

    def load(self, key: Hashable, plain: Plain) -> None:
        """The inverse of `dump`, for a series just added. Raises CorruptState."""
        fields = Fields(plain, "sequential")
        series = self.series[key]
        row = slice(series.row, series.row + 1)
        series.load(fields.inside("series"))
        expected = {"series", "gate", "views"} | ({"bank"} if series.slots is not None else set())
        if set(fields.names()) != expected:
            raise fields.wrong("bank", f"fields are {fields.names()}")
        load(self.gate, row, fields.inside("gate"))
        self.views.load(series.row, fields.inside("views"))
        if series.slots is not None:
            bank = self._place(series)
            at = slice(series.bank_row, series.bank_row + 1)
            load(bank, at, fields.inside("bank"))
            if (bank.urn[at] < 1).any() or (bank.seen[at] < 1).any():
                raise fields.wrong("bank", "an urn without a place")
            bank.remake(at)

    def diagnosis(self, key: Hashable) -> Diagnosis:
        """What the test of one series can see at present."""
        series = self.series[key]
        past = self.gate.sums[series.row] + self.gate.line[series.row].sum(axis=0)
        evidence = 0.0
        if series.slots is not None:
            rows = np.array([series.row], np.intp)
            base = (
                self.banks[series.bank].evidence[series.bank_row].mean()
                if self.gate.white[series.row]
                else 0.0
            )
            evidence = float(max(BASE_WEIGHT * base, (1.0 - BASE_WEIGHT) * self.views.statistic(rows)[0]))
        return Diagnosis(
            evidence=evidence,
            lag_1=float(correlations(past[None])[0, 0]) if past[0] > LAGS else 0.0,
            values_white=bool(self.gate.white[series.row]),
            views_white=int(self.views.active(series.row).sum()),
            learning=series.slots is None or series.blocks <= series.warm_up,
        )

    def _place(self, series: Series) -> Bank:
        """The bank of a series whose slots are known, with a row for it."""
        assert series.slots is not None
        places = series.slots.places
        series.bank = (len(series.levels) == 0, len(places))
        bank = self.banks.setdefault(series.bank, Bank(bins=len(places), numeric=series.bank[0]))
        if series.bank in series.bank_rows:
            bank.begin(series.bank_row, places)
        else:
            series.bank_rows[series.bank] = bank.add(places)
        return bank
