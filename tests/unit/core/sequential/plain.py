"""The sequential test of one series written down plainly: block by block, value by value, from the whole past. Slow."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from stream_monitor.core.detector import FloatArray
from stream_monitor.core.sequential import bets, choices, normal
from stream_monitor.core.sequential.autocorrelation import LAGS, ORDER
from stream_monitor.core.sequential.choices import CONFIRM, LEARN, PARTS
from stream_monitor.core.sequential.series import SPREAD
from stream_monitor.core.sequential.slots import tie_breakers
from stream_monitor.core.sequential.views import View
from stream_monitor.core.window import BLOCK
from tests.kernels.numpy_spreads import spreads


class Heard(NamedTuple):
    """A block: values, hour of each (-1 without time), ordinal of the first, weight."""

    numbers: FloatArray
    hours: Sequence[int]
    ordinal: int
    weight: float


class Line:
    """Values of a view, with the LAGS before each block, and whether the block counts."""

    def __init__(self) -> None:
        self.blocks: list[tuple[FloatArray, bool]] = []

    def add(self, values: FloatArray, *, counts: bool) -> FloatArray:
        before = self.blocks[-1][0][-LAGS:] if self.blocks else np.zeros(LAGS)
        self.blocks.append((np.concatenate([before, values]), counts))
        return self.blocks[-1][0]

    def past(self, until: int) -> list[FloatArray]:
        return [np.rint(np.clip(line, -8, 8) * 256) / 256 for line, counts in self.blocks[:until] if counts]


def _correlations(lines: list[FloatArray]) -> tuple[float, float, list[float]]:
    """Mean, variance, r_1..r_4."""
    values = np.concatenate([line[LAGS:] for line in lines])
    mean, variance = float(values.mean()), float((values**2).mean() - values.mean() ** 2)
    if variance <= 1e-12 * mean**2:
        return mean, 0.0, [0.0] * LAGS
    shifted = [np.concatenate([line[LAGS - k : -k] for line in lines]) for k in range(1, LAGS + 1)]
    return mean, variance, [(float((values * late).mean()) - mean**2) / variance for late in shifted]


def _white(lines: list[FloatArray], *, blocks: bool) -> bool:
    if not lines:
        return True
    n = BLOCK * len(lines)
    for these in (lines, [line**2 for line in lines]):
        mean, variance, r = _correlations(these)
        inflated = 1 + 2 * sum(map(abs, r)) > choices.MATERIAL
        if n * sum(one * one for one in r) > choices.SIGNIFICANT and inflated:
            return False
        means = np.array([line[LAGS:].mean() for line in these])
        most = 1 + max(choices.SLOW, choices.SLOW_NOISE * math.sqrt(2 / len(these)))
        if blocks and BLOCK * ((means**2).mean() - mean**2) > most * variance + 1e-9 * BLOCK * mean**2:
            return False
    return True


def _model(lines: list[FloatArray]) -> list[float]:
    """Constant and coefficients by solving the Yule–Walker equations (their clipping never shows here)."""
    mean, variance, r = _correlations(lines)
    if variance == 0.0:
        return [mean, *[0.0] * ORDER]
    all_r = [1.0, *r]
    matrix = np.array([[all_r[abs(i - j)] for j in range(ORDER)] for i in range(ORDER)])
    phi = np.linalg.solve(matrix, np.array(r[:ORDER]))
    return [mean * (1 - float(phi.sum())), *phi.tolist()]


def _inflation(lines: list[FloatArray], runs: Sequence[float]) -> float:
    if not lines:
        return 1.0
    n, found = BLOCK * len(lines), [1.0]
    noise = choices.INFLATED_NOISE
    for these in (lines, [line**2 for line in lines]):
        _, variance, r = _correlations(these)
        means = np.array([line[LAGS:].mean() for line in these])
        found.append(1 + 2 * sum(r) - noise * 2 * math.sqrt(LAGS / n))
        found.append(BLOCK * float(means.var()) / max(variance, 1e-12) - noise * math.sqrt(2 * BLOCK / n))
    _, variance, _ = _correlations(lines)
    span = BLOCK * (2 - choices.RUN_RATE) / choices.RUN_RATE
    slower = float(np.var(runs)) * span / max(variance, 1e-12)
    return max(*found, slower - choices.RUN_NOISE * math.sqrt(2 * span / n))


def _foretold(pairs: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """Mean of the first, and what of its distance from it the second keeps."""
    if not pairs:
        return 0.0, 0.0
    before, value = np.array(pairs).T
    covariance = float(((before - before.mean()) * (value - value.mean())).mean())
    variance = max(float(before.var()), 1e-12)
    least = choices.SLOW_SIGNIFICANT * variance * max(float(value.var()), 1e-12)
    significant = covariance**2 * len(before) > least
    return float(before.mean()), min(max(covariance / variance, 0.0), 1.0) * significant


def _mean(values: FloatArray) -> float:
    return float(np.floor(np.clip(values, -8, 8) * 256).mean() / 256)


class Urn:
    """One stream of bins and its bettors."""

    def __init__(self, places: Sequence[int], *, numeric: bool, upward: bool) -> None:
        self.numeric = numeric
        self.urn = [float(place) for place in places]
        self.blocks, self.due = LEARN, LEARN
        self.recent, self.late = np.array(self.urn) / sum(self.urn), np.array(self.urn)
        self.constant = not numeric and len(places) == 2
        if self.constant:
            self.priors = bets.constant_priors(len(places))
        else:
            some = bets.ordered_priors if numeric else bets.levels_priors
            self.priors = some(len(places), upward=upward)
        self.m = np.zeros(len(self.priors))

    def step(self, bins: Sequence[int], weight: float, *, opened: bool, power: float) -> float:
        if self.blocks == self.due:
            share = np.array([self.urn]) / sum(self.urn)
            some = bets.constant if self.constant else bets.levels
            self.table = (bets.ordered if self.numeric else some)(share)[0]
            self.due += max(1, int(self.due * 0.06))
        table = self.table
        if self.numeric:
            if self.blocks % choices.RECENT_EVERY == 0:
                added = np.array(self.urn) - self.late
                keep = (1 - 1 / choices.MEMORY) ** added.sum()
                self.recent = keep * self.recent + (1 - keep) * added / max(added.sum(), 1)
                self.late = np.array(self.urn)
                self.late_table = bets.recent(self.recent[None], self.late[None].astype(np.int64))[0]
            table = np.concatenate([table, self.late_table], axis=1)
        if self.constant and not any(bins):
            weight = 0.0
        peaks = []
        size = BLOCK // PARTS
        for part in range(PARTS):
            gain = np.ones(len(self.m))
            for value in bins[part * size : (part + 1) * size]:
                gain *= np.exp(table[value]) / (self.urn[value] / sum(self.urn))
                self.urn[value] += 1
            self.m = (self.m + weight / PARTS) * gain**power * opened
            peaks.append(float(self.priors @ self.m))
        if self.constant:
            self.m[self.m < choices.NOTHING] = 0.0
        self.blocks += 1
        return max(peaks)


class Slotted(NamedTuple):
    """Edges and their tie-breakers."""

    edges: list[tuple[float, float]]
    places: list[int]

    def bins(self, values: FloatArray, ties: FloatArray) -> list[int]:
        if len(self.edges) == 1:  # any other value is above the only one
            return [int(value != self.edges[0][0]) for value in values.tolist()]
        pairs = zip(values.tolist(), ties.tolist(), strict=True)
        return [sum(edge < pair for edge in self.edges) for pair in pairs]


def _slotted(values: FloatArray, ties: FloatArray, *, levels: bool) -> Slotted:
    ordered = sorted(zip(values.tolist(), ties.tolist(), strict=True))
    m = len(ordered)
    if levels:
        ranks = [at + 1 for at in range(m) if at == m - 1 or ordered[at][0] < ordered[at + 1][0]]
    else:
        inner = (m + 1 - 2 * choices.TAIL) / (choices.NUMERIC_BINS - 2)
        ranks = [round(choices.TAIL + at * inner) for at in range(choices.NUMERIC_BINS - 1)]
    places = [late - early for early, late in zip([0, *ranks], [*ranks, m + 1], strict=True)]
    return Slotted([ordered[rank - 1] for rank in ranks], places)


class Plain:
    """`hear` one block after the other."""

    def __init__(self, seed: int, *, upward: bool = False) -> None:
        self.upward, self.size, self.power = upward, 0.0, 1.0
        self.seed, self.seen, self.warm_up = seed, 0, LEARN
        self.sample: list[Heard] = []
        self.slots: Slotted | None = None
        self.blocks = 0
        self.view = View.VALUE
        self.evidence = 0.0
        self.alarmed: int | None = None

    def hear(self, numbers: FloatArray, times: Sequence[int], weight: float) -> float | None:
        """The evidence if this block raises an alarm."""
        hours = [time // 3_600_000 % 24 if time else -1 for time in times]
        block = Heard(numbers, hours, self.seen, weight)
        self.seen += BLOCK
        if self.slots is None:
            self.sample.append(block)
            self.blocks += 1
            if len(self.sample) == LEARN:
                self._begin()
            return None
        return self._watch(block)

    def _begin(self) -> None:
        values = np.concatenate([block.numbers for block in self.sample])
        self.distinct = sorted(set(values.tolist()))
        self.few = len(self.distinct) <= choices.FEW
        self.slots = _slotted(values, self._ties(self.sample), levels=self.few)
        quarter = sorted(values.tolist())
        self.center = quarter[len(quarter) // 2]
        spread = (quarter[3 * len(quarter) // 4] - quarter[len(quarter) // 4]) / 1.349
        self.unit = 1 / spread if 2 * len(self.distinct) > len(values) and spread > 0 else 0.0
        self.lines = [Line(), Line(), Line()]
        self.dated: list[tuple[Sequence[int], FloatArray]] = []
        self.usual: dict[int, float] = {}
        self.view, self.open, self.power, self.model = View.VALUE, True, 1.0, [0.0] * (1 + ORDER)
        self.urn: Urn | None = Urn(self.slots.places, numeric=not self.few, upward=self.upward)
        self.own: Slotted | None = None
        self.slow_model = self.size_model = (0.0, 0.0)
        self._begin_view()
        self.looked, self.look, self.alarmed, self.evidence = (0, 0, 0), LEARN, None, 0.0
        sample, self.sample = self.sample, []
        for block in sample:
            self._see(block)
        self._look(LEARN)

    def _watch(self, block: Heard) -> float | None:
        values, usable = self._see(block)
        late = self.blocks >= self.warm_up
        weight = block.weight * (1.0 if self.view == View.VALUE else choices.INDIRECT_WEIGHT) * late
        self.blocks += 1
        alarm = None
        if self.urn is not None:
            slots = self.slots if self.own is None else self.own
            assert slots is not None
            self.evidence = self._step(slots.bins(values, self._ties([block])), weight, usable=usable)
            if self.evidence >= 1.0:
                alarm = self.evidence
                if self._confirmed():
                    return alarm
        elif usable:
            self.sample.append(block._replace(numbers=values))
            if len(self.sample) == LEARN:
                past = np.concatenate([one.numbers for one in self.sample])
                self.own = _slotted(past, self._ties(self.sample), levels=False)
                self.urn, self.sample = Urn(self.own.places, numeric=True, upward=self.upward), []
        if self.blocks == self.look:
            self._look(self.blocks)
        return alarm

    def _step(self, bins: Sequence[int], weight: float, *, usable: bool) -> float:
        assert self.urn is not None
        if not usable:
            bins, weight = [], 0.0
        return self.urn.step(bins, weight, opened=self.open, power=self.power)

    def _confirmed(self) -> bool:
        assert self.urn is not None
        if self.alarmed is None or self.blocks - self.alarmed > CONFIRM:
            self.urn.m[:], self.evidence, self.alarmed = 0.0, 0.0, self.blocks
            return False
        self.power = 1.0
        soon = self.blocks < choices.PATIENT * self.warm_up
        self.warm_up = min(2 * self.warm_up, choices.LONGEST) if soon else max(LEARN, self.warm_up // 2)
        self.slots, self.alarmed, self.blocks, self.view, self.evidence = None, None, 0, View.VALUE, 0.0
        return True

    def _ties(self, blocks: Sequence[Heard]) -> FloatArray:
        ordinals = np.concatenate([block.ordinal + np.arange(BLOCK) for block in blocks])
        return tie_breakers(self.seed, ordinals)

    def _standardised(self, block: Heard) -> FloatArray:
        assert self.slots is not None
        if self.unit > 0:
            scaled = (block.numbers - self.center) * self.unit
            return np.asarray(np.clip(scaled, -choices.LARGEST, choices.LARGEST))
        if len(self.distinct) == 1:
            return np.asarray(block.numbers != self.distinct[0]).astype(np.float64)
        ends = np.cumsum([0, *self.slots.places])
        bins = np.array(self.slots.bins(block.numbers, self._ties([block])))
        part = (spreads(self.seed, np.array([block.ordinal]))[0] + 0.5) / SPREAD
        return normal.quantile((ends[bins] + part * (ends[bins + 1] - ends[bins])) / ends[-1])

    def _see(self, block: Heard) -> tuple[FloatArray, bool]:
        y = self._standardised(block)
        lines = [self.lines[0].add(y, counts=True), np.zeros(0)]
        known = bool(self.usual) and all(hour in self.usual for hour in block.hours)
        if self.usual:
            left = y - np.array(
                [self.usual.get(hour, self.means.get(max(hour, 0), 0.0)) for hour in block.hours]
            )
            lines[1] = self.lines[1].add(left, counts=known)
        if min(block.hours) >= 0:
            self.dated.append((block.hours, y))
        if self.view == View.VALUE:
            return block.numbers, True
        line = lines[self.view >= View.LEFT]
        usable = known or self.view == View.RESIDUAL
        values = line[LAGS:]
        if self.view != View.LEFT:
            values = values - self.model[0]
            for lag in range(1, ORDER + 1):
                values = values - self.model[lag] * line[LAGS - lag : -lag]
        values = self._in_units(self._steady(values, counts=usable), counts=usable)
        if usable:
            self.runs.append(self.run)
            whole = float(np.rint(np.clip(values, -8, 8) * 256).mean() / 256)
            self.run += choices.RUN_RATE * (whole - self.run)
        self.lines[2].add(values, counts=usable)
        return values, usable

    def _steady(self, values: FloatArray, *, counts: bool) -> FloatArray:
        """Less what the running mean of block means says."""
        base, keeps = self.slow_model
        steady = values - keeps * (self.slow - base)
        if counts:
            mean = _mean(values)
            self.pairs.append((self.slow, mean))
            self.slow += choices.SLOW_RATE * (mean - self.slow)
        return np.asarray(steady)

    def _in_units(self, values: FloatArray, *, counts: bool) -> FloatArray:
        """Over the size that a running mean of sizes says of each."""
        usual, keeps = self.size_model
        size: float = self.size
        out = []
        for value in values.tolist():
            recent = math.floor(size * 2**20) / 2**20
            out.append(value / max(1 + keeps * (recent / max(usual, 1 / 256) - 1), choices.LEAST_SIZE))
            here = math.floor(min(abs(value), 8) * 256) / 256
            size += choices.SIZE_RATE * (here - size)
            if counts:
                self.sizes.append((recent, here))
        self.size = size if counts else self.size
        return np.array(out)

    def _begin_view(self) -> None:
        self.slow, self.size, self.run = 0.0, 0.0, 0.0
        self.pairs: list[tuple[float, float]] = []
        self.sizes: list[tuple[float, float]] = []
        self.runs: list[float] = []
        self.looked_runs = self.looked_pairs = 0

    def _look(self, age: int) -> None:
        self._renew()
        past = [
            line.past(len(line.blocks) if age == LEARN else until)
            for line, until in zip(self.lines, self.looked, strict=True)
        ]
        want = View.RESIDUAL
        if len(self.distinct) == 1 or _white(past[0], blocks=True):
            want = View.VALUE
        elif len(past[1]) * BLOCK >= choices.ENOUGH:
            want = View.LEFT if _white(past[1], blocks=True) else View.LEFT_RESIDUAL
        if want != self.view:
            self.view, self.open, self.power, self.own, self.urn = want, False, 1.0, None, None
            self.sample, self.alarmed, self.lines[2] = [], None, Line()
            self._begin_view()
            if want == View.VALUE:
                assert self.slots is not None
                self.urn = Urn(self.slots.places, numeric=not self.few, upward=self.upward)
            self.evidence = 0.0
        elif want != View.VALUE:
            inflated = _inflation(past[2], self.runs[: self.looked_runs])
            self.open, self.power = inflated < choices.INFLATED, 1 / inflated
            self.open &= sum(counts for _, counts in self.lines[2].blocks) >= choices.VIEW_WARM_UP
        if want == View.VALUE:
            self.open, self.power = len(self.distinct) == 1 or _white(past[0], blocks=True), 1.0
        self.slow_model, self.size_model = _foretold(self.pairs[: self.looked_pairs]), _foretold(self.sizes)
        self.looked_runs, self.looked_pairs = len(self.runs), len(self.pairs)
        source = self.lines[want >= View.LEFT]
        self.model = _model(source.past(len(source.blocks)))
        self.looked = (len(self.lines[0].blocks), len(self.lines[1].blocks), len(self.lines[2].blocks))
        self.look = age + max(16, int(age * 0.1))

    def _renew(self) -> None:
        """What is usual at an hour, and of which that is known."""
        visits, last = dict.fromkeys(range(24), 0), -1
        seen: dict[int, list[float]] = {}
        for hours, values in self.dated:
            for hour, value in zip(hours, values.tolist(), strict=True):
                visits[hour] += hour != last
                last = hour
                seen.setdefault(hour, []).append(round(value * 256) / 256)
        self.means = {hour: float(np.mean(values)) for hour, values in seen.items()}
        self.usual = {hour: mean for hour, mean in self.means.items() if visits[hour] > choices.VISITS}
