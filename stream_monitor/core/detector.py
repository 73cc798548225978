"""The detector protocol: what an algorithm must offer to watch one view of a series.

A detector sees a whole column of finite floats at once, a value of the series each or the sum of a block of them, and answers
with the places where it fired. It knows nothing of series, models, budgets or alerts, and never sees null, NaN, infinities, text
or a clock.
"""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import NamedTuple, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

Scalar: TypeAlias = bool | int | float | str | bytes | None
Plain: TypeAlias = Scalar | Sequence["Plain"] | Mapping[str, "Plain"]
"""What a snapshot may hold: explicit fields of plain values, never objects (no pickle)."""

FloatArray: TypeAlias = NDArray[np.float64]


class Kind(StrEnum):
    """What the values of a series are; fixed at the end of its warm-up or by configuration."""

    NUMERIC = "numeric"
    CATEGORICAL = "categorical"
    BOOLEAN = "boolean"
    IDENTIFIER = "identifier"


class Grain(StrEnum):
    """What one entry of a detector's column is."""

    VALUE = "value"  # every usable value
    BLOCK = "block"  # the sum over a block of values (`window.BLOCK`): a thirty-second of the updates


class Detection(NamedTuple):
    """One firing of a detector inside a column.

    at: position in the column at which it fired.
    statistic, threshold: the evidence and the level it passed, in the detector's own unit.
    length: entries up to and including `at` that the detector takes for the new regime; 0 when it does not say.
    """

    at: int
    statistic: float
    threshold: float
    length: int


class Detector(Protocol):
    """One algorithm with the state of one view of one series. Deterministic; any split of a column gives the same answer."""

    def update(self, values: FloatArray) -> Sequence[Detection]:
        """Feed `values`: (k,) in arrival order, finite. Returns the detections in order of `at`."""
        ...

    def dump(self) -> Mapping[str, Plain]:
        """The whole state as explicit fields (parameters are not state)."""
        ...

    def gauges(self) -> Mapping[str, float]:
        """What a dashboard may show of the state right now (for ADWIN: `width`). Read at scrape time."""
        ...


class DetectorSpec(Protocol):
    """How to make a detector: what an entry point of the group `stream_monitor.detectors` must resolve to.

    Two releases may share an `id` only while the same parameters and values give the same detections; `state_version`
    rises whenever the fields of `dump` change their meaning.
    """

    @property
    def id(self) -> str:
        """Stable name used in configuration, events and state, e.g. `adwin`."""
        ...

    @property
    def state_version(self) -> int:
        """Version of the fields of `dump`."""
        ...

    @property
    def library_version(self) -> str | None:
        """Version of the library whose internals the state mirrors (major.minor), or None."""
        ...

    @property
    def kinds(self) -> frozenset[Kind]:
        """The kinds of series it can watch. Binary detectors see 0.0/1.0; the rest see standardised values."""
        ...

    @property
    def grain(self) -> Grain:
        """What it is fed. Whatever it counts, in parameters, state and detections, it counts in entries of its column."""
        ...

    @property
    def defaults(self) -> Mapping[str, Scalar]:
        """Every parameter with its default."""
        ...

    def build(self, parameters: Mapping[str, Scalar], *, seed: int) -> Detector:
        """A fresh detector. Raises ValueError naming the parameter that is unknown or out of range."""
        ...

    def load(self, parameters: Mapping[str, Scalar], fields: Mapping[str, Plain], *, seed: int) -> Detector:
        """A detector with the state of `dump`. Raises CorruptState if the fields do not make sense."""
        ...
