"""What the adapter of a library must be told about one of its algorithms, as one value.

The files of `detectors.algorithms` fill it in; `detectors.river` alone imports the library and puts the two
together.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from math import hypot
from typing import Any, TypeAlias

import numpy as np

from stream_monitor.core.detector import Detection, FloatArray, Grain, Kind, Scalar
from stream_monitor.core.errors import StreamMonitorError
from stream_monitor.detectors.fields import Field, Values
from stream_monitor.detectors.parameters import Parameter

Feed: TypeAlias = Callable[[list[float]], list[Detection]]

LARGEST_VALUE = 1e100
"""Numeric detectors take larger values for this one: squares and their sums then stay finite, and so does the state."""
LARGEST_SUM = 1e120
LARGEST_SQUARES = 1e230

NUMBERS = frozenset({Kind.NUMERIC, Kind.BOOLEAN})
BITS = frozenset({Kind.BOOLEAN})


class UnknownLayout(StreamMonitorError):
    """The installed library keeps its state in another way than this release knows: it cannot be saved."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Algorithm:
    """One algorithm of river.

    id, doc: as published; the doc is the docstring of the algorithm's file.
    river_class: path below `river.drift`. attributes: every instance attribute it has, by which a new layout
    is noticed.
    column: array → what the algorithm is fed. Raises ValueError for what it must never see.
    feeder: object → what takes a column and gives the detections. gauges: object → what a dashboard shows.
    fields: the state. coherent: (values of the fields, parameters) → None; raises CorruptState if they
    contradict.
    agree: parameters → None; raises ValueError if parameters contradict each other.
    seeded: whether it takes a `seed`. probe: parameters under which the layout is proven.
    grain: what it is fed. state_version: rises with the meaning of the fields, of which what it is fed is part.
    """

    id: str
    doc: str
    river_class: str
    attributes: frozenset[str]
    kinds: frozenset[Kind]
    parameters: Sequence[Parameter]
    fields: Sequence[Field]
    coherent: Callable[[Values, Mapping[str, Any]], None]
    column: Callable[[FloatArray], list[float]]
    feeder: Callable[[Any], Feed]
    gauges: Callable[[Any], dict[str, float]]
    agree: Callable[[Mapping[str, Any]], None] = lambda parameters: None  # noqa: ARG005 - most have nothing to check
    seeded: bool = False
    grain: Grain = Grain.VALUE
    state_version: int = 1
    probe: Mapping[str, Scalar] = field(default_factory=dict)


def one_by_one(
    evidence: Callable[[Any], tuple[float, float]], length: Callable[[Any], int]
) -> Callable[[Any], Feed]:
    """Feed a column value by value; `evidence` gives (statistic, threshold) of an object that has just fired."""

    def feed(it: Any, column: list[float]) -> list[Detection]:
        detections = []
        update = it.update
        for at, value in enumerate(column):
            update(value)
            if it._drift_detected:  # noqa: SLF001 - the public property costs 30 ns a value more
                statistic, threshold = evidence(it)
                detections.append(Detection(at, float(statistic), float(threshold), length(it)))
        return detections

    return lambda it: partial(feed, it)


def numbers(values: FloatArray) -> list[float]:
    """The column as floats, clipped to ±LARGEST_VALUE. Raises ValueError if one is not finite."""
    column: list[float] = values.tolist()
    # One pass, a few per cent of ADWIN's cost. How it is rounded decides only whether the two exact lines below are
    # run, which change nothing where nothing is to be changed.
    if not hypot(*column) < LARGEST_VALUE:
        if not np.isfinite(values).all():
            raise ValueError(
                "a detector was fed NaN or an infinity: these are data quality, count them and leave them out"
            )
        column = np.clip(values, -LARGEST_VALUE, LARGEST_VALUE).tolist()
    return column


def bits(values: FloatArray) -> list[float]:
    """The column as floats. Raises ValueError if one is neither 0.0 nor 1.0."""
    if not ((values == 0) | (values == 1)).all():
        raise ValueError("a binary detector was fed a value that is neither 0.0 nor 1.0")
    column: list[float] = values.tolist()
    return column


def complement(values: FloatArray) -> list[float]:
    """The column with 0.0 and 1.0 exchanged. Raises ValueError if a value is neither."""
    return bits(1.0 - values)


def ratio(statistic: float, threshold: float) -> float:
    """Evidence over threshold, 0 where there is no threshold yet: from 1 on the detector fires."""
    return float(statistic / threshold) if threshold > 0 else 0.0
