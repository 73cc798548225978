"""What is compared, behind one face: many streams side by side, fed in parts, telling where they alarmed."""

from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import NamedTuple, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from stream_monitor.core.batch import FEATURE, Cell, Column, ColumnBatch, Columns
from stream_monitor.core.detector import Detector, FloatArray, Kind, Scalar
from stream_monitor.core.drift_event import Status
from stream_monitor.core.events import Role, Source
from stream_monitor.core.ids import Ids
from stream_monitor.core.model_monitor import ModelMonitor
from stream_monitor.core.parameters import Budget, BudgetUnit, ModelParameters
from stream_monitor.core.sequential.series import Blocks
from stream_monitor.core.sequential.tests import SequentialTests
from stream_monitor.core.window import BLOCK
from stream_monitor.detectors import registry

Times: TypeAlias = NDArray[np.int64]
OF_RIVER: Mapping[str, Mapping[str, Scalar]] = {
    "adwin": {"clock": 32, "max_buckets": 5, "min_window_length": 5, "grace_period": 10}
}
"""Defaults of river where ours are for block sums."""
Z_FROM = 500  # values from which a tuned detector learns mean and spread


class Part(NamedTuple):
    """The next k values of some streams. live: which. values: (len(live), k). start: rows before. times: (k,) ms or None."""

    live: Sequence[int]
    values: FloatArray
    start: int
    times: Times | None


class Session(Protocol):
    """Streams being watched."""

    def feed(self, part: Part) -> Mapping[int, Sequence[int]]:
        """Stream → rows of its alarms in this part."""
        ...


class Monitor(NamedTuple):
    """begin: makes a session of so many streams of this kind. cost: relative; above 1 it gets fewer values."""

    name: str
    begin: Callable[[int, Kind], Session]
    cost: float = 0.0


class _Each:
    """One detector a stream."""

    def __init__(self, make: Callable[[int], Detector], streams: int) -> None:
        self._detectors = [make(seed) for seed in range(streams)]

    def feed(self, part: Part) -> Mapping[int, Sequence[int]]:
        return {
            stream: [part.start + found.at for found in self._detectors[stream].update(column)]
            for stream, column in zip(part.live, part.values, strict=True)
        }


class _Standardised:
    """A detector on values standardised by the first Z_FROM of its stream, which it does not see."""

    def __init__(self, inner: _Each, streams: int) -> None:
        self._inner = inner
        self._first: list[FloatArray] = [np.zeros(0)] * streams

    def feed(self, part: Part) -> Mapping[int, Sequence[int]]:
        found: dict[int, Sequence[int]] = {}
        for stream, column in zip(part.live, part.values, strict=True):
            first = self._first[stream]
            missing = Z_FROM - len(first)
            if missing > 0:
                first = self._first[stream] = np.concatenate([first, column[:missing]])
            rest = column[max(0, missing) :]
            z = (rest - first.mean()) / (first.std() + 1e-300)
            start = part.start + len(column) - len(rest)
            found |= self._inner.feed(Part([stream], z[None], start, None))
        return found


class SequentialSession:
    """The sequential test of all streams at once, as a model's series."""

    def __init__(self, budget: float, streams: int, *, timed: bool, upward: bool) -> None:
        self.confirmations = 0  # alarms that confirm another
        self._tests = SequentialTests()
        self._weight = BLOCK / budget
        self._timed = timed
        self._waiting: list[FloatArray] = [np.zeros(0)] * streams
        self._waiting_times: list[Times] = [np.zeros(0, np.int64)] * streams
        for stream in range(streams):
            self._tests.add(stream, seed=1_000_003 * stream, upward=upward)

    def feed(self, part: Part) -> Mapping[int, Sequence[int]]:
        arrived: dict[Hashable, Blocks] = {}
        first: dict[Hashable, int] = {}
        timed = self._timed and part.times is not None
        new_times = (
            part.times if timed and part.times is not None else np.zeros(part.values.shape[1], np.int64)
        )
        for stream, column in zip(part.live, part.values, strict=True):
            values = np.concatenate([self._waiting[stream], column])
            times = np.concatenate([self._waiting_times[stream], new_times])
            first[stream] = part.start - len(self._waiting[stream])
            m = len(values) // BLOCK
            self._waiting[stream], self._waiting_times[stream] = values[m * BLOCK :], times[m * BLOCK :]
            if m:
                numbers, of = values[: m * BLOCK].reshape(m, BLOCK), times[: m * BLOCK].reshape(m, BLOCK)
                arrived[stream] = Blocks(numbers, of, np.full(m, self._weight))
        found: dict[int, Sequence[int]] = {}
        for stream in part.live:
            found[stream] = []
        for key, alarms in self._tests.advance(arrived).items():
            assert isinstance(key, int)
            found[key] = [first[key] + (alarm.at + 1) * BLOCK - 1 for alarm in alarms]
            self.confirmations += sum(alarm.confirms for alarm in alarms)
        return found

    def blind(self) -> int:
        """Streams of which neither single values nor any view takes part in the test at present."""
        seen = [self._tests.diagnosis(name) for name in self._tests.series]
        return sum(not one.learning and not one.values_white and one.views_white == 0 for one in seen)


class _Product:
    """The whole core with its default set, one model of one feature a stream."""

    def __init__(self, budget: float, streams: int, kind: Kind) -> None:
        allowed = Budget(alarms=1, span=budget, unit=BudgetUnit.EVENTS)
        self._kind = kind
        self._models = [
            ModelMonitor(ModelParameters(name=str(stream), budget=allowed), registry.installed())
            for stream in range(streams)
        ]

    def feed(self, part: Part) -> Mapping[int, Sequence[int]]:
        found = {}
        for stream, column in zip(part.live, part.values, strict=True):
            events = self._models[stream].observe(self._batch(str(stream), column, part)).drift_events
            found[stream] = [event.row for event in events if event.status is Status.OPENED]
        return found

    def _batch(self, model: str, values: FloatArray, part: Part) -> ColumnBatch:
        n = len(values)
        offsets = part.start + np.arange(n)
        return ColumnBatch(
            model=model,
            times=offsets * 1_000 if part.times is None else part.times,
            sources=(Source("bench", 0),),
            source_at=np.zeros(n, np.uint16),
            offsets=offsets,
            items=np.zeros(n, np.uint32),
            versions=(None,),
            version_at=np.zeros(n, np.uint16),
            ids=Ids.none(n),
            roles=np.full(n, int(Role.FEATURES), np.uint8),
            columns=Columns.of({f"{FEATURE}x": self._column(values)}, n),
        )

    def _column(self, values: FloatArray) -> Column:
        if self._kind is Kind.BOOLEAN:
            codes = np.where(values > 0, Cell.TRUE, Cell.FALSE).astype(np.uint8)
            return Column(values=np.zeros(len(values)), codes=codes)
        if self._kind is Kind.CATEGORICAL:
            codes = np.full(len(values), Cell.TEXT, np.uint8)
            return Column(values=values, codes=codes, texts=tuple("abcde"))
        return Column(values=values, codes=np.full(len(values), Cell.NUMBER, np.uint8))


class _Periodic:
    """A dummy that looks at nothing: an alarm every `period` rows, from a random row on."""

    def __init__(self, period: int, streams: int) -> None:
        self._period = period
        self._phase = np.random.default_rng(7).integers(0, period, streams)

    def feed(self, part: Part) -> Mapping[int, Sequence[int]]:
        rows = np.arange(part.start, part.start + part.values.shape[1])
        return {stream: rows[rows % self._period == self._phase[stream]].tolist() for stream in part.live}


class _Never:
    def feed(self, part: Part) -> Mapping[int, Sequence[int]]:
        return dict.fromkeys(part.live, ())


def never() -> Monitor:
    return Monitor("never", lambda _streams, _kind: _Never())


def periodic(period: float) -> Monitor:
    return Monitor("periodic", lambda streams, _kind: _Periodic(int(period), streams))


def river(name: str, label: str, *, cost: float = 0.0) -> Monitor:
    """A detector of river at river's defaults, by its registered id, on values as they are, one by one."""
    return Monitor(label, lambda streams, _kind: _each(name, {}, streams), cost)


def tuned(name: str, label: str, **parameters: Scalar) -> Monitor:
    """A detector of river set to about one false alarm in 100,000 on N(0,1), on standardised values."""
    return Monitor(label, lambda streams, _kind: _Standardised(_each(name, parameters, streams), streams))


def _each(name: str, parameters: Mapping[str, Scalar], streams: int) -> _Each:
    spec, chosen = registry.get(name), {**OF_RIVER.get(name, {}), **parameters}
    return _Each(lambda seed: spec.build(chosen, seed=seed), streams)


def sequential(
    budget: float, label: str = "sequential", *, timed: bool = False, upward: bool = False
) -> Monitor:
    return Monitor(
        label, lambda streams, _kind: SequentialSession(budget, streams, timed=timed, upward=upward)
    )


def product(budget: float) -> Monitor:
    return Monitor("product, default set", lambda streams, kind: _Product(budget, streams, kind))


BUDGET = 100_000.0
FLOODS = river("kswin", "KSWIN", cost=100.0)  # 0.2 ms a value: it gets a sample of the values
STANDARD: Sequence[Monitor] = (
    sequential(BUDGET),
    product(BUDGET),
    river("adwin", "ADWIN"),
    tuned("adwin", "ADWIN, z, δ .03", delta=0.03),
    river("page_hinkley", "PageHinkley"),
    tuned("page_hinkley", "PageHinkley, z, λ 270", threshold=270.0),
    never(),
    periodic(BUDGET),
)
ERRORS: Sequence[Monitor] = (
    sequential(BUDGET),
    sequential(BUDGET, "sequential, one-sided", upward=True),
    sequential(1e6, "sequential, 1 per 1,000,000"),
    sequential(1e6, "sequential, one-sided, 1 per 1,000,000", upward=True),
    product(BUDGET),
    river("page_hinkley", "PageHinkley"),
    river("hddm_a", "HDDM_A"),
    river("hddm_w", "HDDM_W"),
    river("adwin", "ADWIN"),
    river("ddm", "DDM"),
    river("eddm", "EDDM"),
    river("fhddm", "FHDDM"),
    never(),
    periodic(5_000),
)
