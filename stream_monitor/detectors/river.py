"""The detectors of river, through one adapter. The only file that imports river, and only when a detector is
made: it costs 1.7 s.

What is particular to an algorithm is in `detectors.algorithms`. This file makes the objects, proves once per
process that the installed river keeps its state as those files say, and moves fields in and out. No pickle:
whoever can write a record to the state topic would run code here.
"""

import importlib.metadata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from operator import attrgetter
from random import Random
from typing import Any

import numpy as np

from stream_monitor.core.detector import Detection, FloatArray, Grain, Kind, Plain, Scalar
from stream_monitor.core.errors import CorruptState
from stream_monitor.detectors import fields
from stream_monitor.detectors.algorithm import Algorithm, UnknownLayout
from stream_monitor.detectors.algorithms import adwin, ddm, eddm, fhddm, hddm_a, hddm_w, kswin, page_hinkley
from stream_monitor.detectors.parameters import resolve

PROBE_VALUES = 130  # enough for KSWIN's first test and EDDM's warm-up


class RiverDetector:
    """One object of river with the state of one view of one series."""

    __slots__ = ("_algorithm", "_feed", "_it")

    def __init__(self, algorithm: Algorithm, it: Any) -> None:
        self._algorithm = algorithm
        self._it = it
        self._feed = algorithm.feeder(it)

    def update(self, values: FloatArray) -> Sequence[Detection]:
        """Feed `values`: (k,) float64 in arrival order.

        Raises ValueError, before any is used, if one is not finite (binary detectors: neither 0.0 nor 1.0).
        """
        return self._feed(self._algorithm.column(values))

    def dump(self) -> Mapping[str, Plain]:
        """The whole state as explicit fields."""
        return fields.dump(self._algorithm.fields, self._it)

    def gauges(self) -> Mapping[str, float]:
        """What a dashboard may show right now; `evidence` is statistic over threshold, from 1 on it fires."""
        return self._algorithm.gauges(self._it)


@dataclass(frozen=True)
class RiverSpec:
    """A `DetectorSpec` for one algorithm of river.

    Each instance carries the docstring of its algorithm as its own, hence no slots.
    """

    algorithm: Algorithm

    def __post_init__(self) -> None:
        object.__setattr__(self, "__doc__", self.algorithm.doc)

    @property
    def id(self) -> str:
        """Stable name, as in the entry point."""
        return self.algorithm.id

    @property
    def state_version(self) -> int:
        """Version of the fields of `dump`."""
        return self.algorithm.state_version

    @property
    def library_version(self) -> str:
        """The installed river, major.minor; found without importing it."""
        return _installed()

    @property
    def kinds(self) -> frozenset[Kind]:
        """The kinds of series it can watch."""
        return self.algorithm.kinds

    @property
    def grain(self) -> Grain:
        """What it is fed."""
        return self.algorithm.grain

    @property
    def defaults(self) -> Mapping[str, Scalar]:
        """Every parameter with its default."""
        return {parameter.name: parameter.default for parameter in self.algorithm.parameters}

    def build(self, parameters: Mapping[str, Scalar], *, seed: int) -> RiverDetector:
        """A fresh detector. Raises ValueError naming a wrong parameter, UnknownLayout if this river is another."""
        resolved = self._resolved(parameters)
        _prove(self.algorithm)
        return RiverDetector(self.algorithm, _fresh(self.algorithm, resolved, seed))

    def load(
        self, parameters: Mapping[str, Scalar], fields: Mapping[str, Plain], *, seed: int
    ) -> RiverDetector:
        """A detector with the state of `dump`. Raises CorruptState; see `build` for the rest."""
        resolved = self._resolved(parameters)
        _prove(self.algorithm)
        return RiverDetector(self.algorithm, _restored(self.algorithm, resolved, fields, seed))

    def _resolved(self, parameters: Mapping[str, Scalar]) -> dict[str, Scalar]:
        resolved = resolve(self.id, self.algorithm.parameters, parameters)
        self.algorithm.agree(resolved)
        return resolved


def _fresh(algorithm: Algorithm, resolved: Mapping[str, Scalar], seed: int) -> Any:
    import river.drift  # noqa: PLC0415 - 1.7 s, which `--help` and a check of parameters must not pay

    river_class = attrgetter(algorithm.river_class)(river.drift)
    # Never without a seed: river would take one from the operating system, and a replay would differ.
    return river_class(**resolved, seed=seed) if algorithm.seeded else river_class(**resolved)


def _restored(
    algorithm: Algorithm, resolved: Mapping[str, Scalar], state: Mapping[str, Plain], seed: int
) -> Any:
    try:
        values = fields.check(algorithm.fields, state)
        algorithm.coherent(values, resolved)
    except CorruptState as error:
        raise CorruptState(f"snapshot of {algorithm.id}: {error}") from None
    it = _fresh(algorithm, resolved, seed)
    for field in algorithm.fields:
        field.write(it, values[field.name])
    return it


@cache
def _installed() -> str:
    return ".".join(importlib.metadata.version("river").split(".")[:2])


@cache
def _prove(algorithm: Algorithm) -> None:
    """Round trip of a known object, once per process. Raises UnknownLayout if river is not as `algorithm` says."""
    resolved = resolve(algorithm.id, algorithm.parameters, algorithm.probe)
    ramp = np.arange(PROBE_VALUES)
    column = (ramp % 3 == 0) * 1.0 if Kind.NUMERIC not in algorithm.kinds else (ramp * 7 % 13) / 6.0 - 1.0
    try:
        it = _fresh(algorithm, resolved, 1)
        _expect(set(vars(it)) == algorithm.attributes)
        algorithm.feeder(it)(algorithm.column(column))
        state = fields.dump(algorithm.fields, it)
        twin = _restored(algorithm, resolved, state, 1)
        _expect(_alike(it, twin) and fields.dump(algorithm.fields, twin) == state)
    except (UnknownLayout, CorruptState, AttributeError, TypeError, ValueError) as error:
        raise UnknownLayout(
            f"river {importlib.metadata.version('river')} keeps the state of {algorithm.id} in another way than "
            f"this release knows ({error}); install river 0.26, or a newer release of stream-monitor"
        ) from error


def _alike(one: Any, other: Any) -> bool:
    """Whether two objects of river hold the same, private attributes and Rust included."""
    if isinstance(one, Random):
        return one.getstate() == other.getstate()  # type: ignore[no-any-return]
    if callable(one):
        return one.__name__ == other.__name__  # type: ignore[no-any-return]
    if hasattr(one, "__dict__"):
        mine, theirs = vars(one), vars(other)
        return mine.keys() == theirs.keys() and all(_alike(mine[name], theirs[name]) for name in mine)
    if type(one).__module__.startswith("river"):
        return bytes(one.__getstate__()) == bytes(other.__getstate__())
    return bool(one == other)


def _expect(holds: bool) -> None:  # noqa: FBT001 - reads like `assert holds`
    if not holds:
        raise UnknownLayout("a known state did not survive the round trip")


ADWIN = RiverSpec(adwin.ADWIN)
PAGE_HINKLEY = RiverSpec(page_hinkley.PAGE_HINKLEY)
KSWIN = RiverSpec(kswin.KSWIN)
DDM = RiverSpec(ddm.DDM)
EDDM = RiverSpec(eddm.EDDM)
FHDDM = RiverSpec(fhddm.FHDDM)
HDDM_A = RiverSpec(hddm_a.HDDM_A)
HDDM_W = RiverSpec(hddm_w.HDDM_W)
