"""Facts about features: one that vanished, appeared, became constant or another kind, or breaks what is demanded of it.

Looked at every few thousand rows of the model, always at the same ones: nothing is done per event. A feature is watched for
drift all the same; these facts say what a person would ask first.
"""

import math
from collections.abc import Mapping
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from stream_monitor.core.batch import FEATURE, Cell
from stream_monitor.core.derived.facts import Fact
from stream_monitor.core.derived.names import CONSTRAINT, SCHEMA
from stream_monitor.core.derived.parameters import Constraints
from stream_monitor.core.derived.quality_counts import COUNTERS, NOT_ALLOWED, OUT_OF_RANGE, WRONG_KIND
from stream_monitor.core.derived.words import APPEARED, BROKEN, CONSTANT, OTHER_KIND, VANISHED
from stream_monitor.core.detector import Kind, Plain, Scalar
from stream_monitor.core.drift_event import Severity
from stream_monitor.core.fields import Fields, as_bytes
from stream_monitor.core.parameters import ModelParameters
from stream_monitor.core.reference import CLIP
from stream_monitor.core.series import SeriesKey
from stream_monitor.core.series_monitor import SeriesMonitor
from stream_monitor.core.window import BLOCK

Counts = NDArray[np.int64]

LEAST: Final = 200  # cells since the last look
STILL: Final = 32  # blocks of one and the same value
SURE: Final = 27.6  # -log of 1e-12: what comes by chance less often is no chance
_MISSING: Final = [int(Cell.NULL), int(Cell.ABSENT), int(Cell.NAN)]
_PRESENT: Final = [int(Cell.NUMBER), int(Cell.TEXT), int(Cell.FALSE), int(Cell.TRUE)]


class Schema:
    """Counts of cells by feature at the last look. State: 120 bytes a feature."""

    def __init__(self, parameters: ModelParameters) -> None:
        self._parameters = parameters
        self._looked = False
        self._counts: dict[str, Counts] = {}
        self._new: set[str] = set()  # appeared after the first look, not watched yet

    def look(
        self, series: Mapping[SeriesKey, SeriesMonitor], since: tuple[int, int]
    ) -> dict[SeriesKey, Fact | None]:
        """What holds of each feature now, in order of names; None: nothing is the matter. since: row and event time after the
        last look.
        """
        found: dict[SeriesKey, Fact | None] = {}
        for name in sorted(key.name.removeprefix(FEATURE) for key in series if _is_feature(key)):
            monitor = series[SeriesKey(FEATURE + name, None)]
            before = self._counts.get(name)
            grown = monitor.quality - (np.zeros(COUNTERS, np.int64) if before is None else before)
            if self._parameters.derived.quality:
                found |= _placed(SCHEMA + name, monitor, self._of(name, monitor, grown, before), since)
            demanded = monitor.parameters.constraints
            if demanded is not None and demanded.at_most is not None:
                found |= _placed(
                    CONSTRAINT + name, monitor, _broken(demanded, demanded.at_most, grown), since
                )
            self._counts[name] = monitor.quality.copy()
        self._looked = True
        return found

    def _of(self, name: str, monitor: SeriesMonitor, grown: Counts, before: Counts | None) -> "_What | None":
        """The first that is true, what is worst first."""
        if before is None and self._looked:
            self._new.add(name)
        elif monitor.lens is not None:
            self._new.discard(name)  # told at one look at least
        present = int(grown[_PRESENT].sum())
        absent, others = int(grown[Cell.ABSENT]), int(grown[1 : len(Cell)].sum() - grown[Cell.ABSENT])
        if before is not None and absent >= LEAST and others == 0:
            cells = int(before[1 : len(Cell)].sum())
            if (cells - before[Cell.ABSENT]) * absent >= SURE * cells:
                return _What(VANISHED, Severity.CRITICAL, float(absent), 0.0, {})
        wrong = int(grown[WRONG_KIND] + grown[Cell.WRONG])
        if present + int(grown[Cell.WRONG]) >= LEAST and 2 * wrong > present + grown[Cell.WRONG]:
            share = wrong / (present + int(grown[Cell.WRONG]))
            return _What(OTHER_KIND, Severity.CRITICAL, share, 0.5, {})
        still = _still(monitor)
        if still:
            return _What(CONSTANT, Severity.CRITICAL, float(still), float(STILL * BLOCK), {})
        if name in self._new:
            return _What(APPEARED, Severity.WARNING, 1.0, 1.0, {})
        return None

    def dump(self) -> dict[str, Plain]:
        """Explicit fields; arrays as little-endian bytes."""
        names = sorted(self._counts)
        counts = np.array([self._counts[name] for name in names], np.int64).reshape(-1)
        return {
            "looked": int(self._looked),
            "names": list(names),
            "counts": as_bytes(counts, "<i8"),
            "new": sorted(self._new),
        }

    def load(self, plain: Plain) -> None:
        """The inverse of `dump`. Raises CorruptState."""
        fields = Fields(plain, "schema")
        names, counts = fields.texts("names"), fields.array("counts", "<i8", (-1, COUNTERS))
        if len(names) != len(counts):
            raise fields.wrong("counts", "not those of each feature")
        self._looked = bool(fields.integer("looked", least=0))
        self._counts = dict(zip(names, counts, strict=True))
        self._new = set(fields.texts("new"))


class _What(NamedTuple):
    """A fact before it has a place."""

    name: str
    severity: Severity
    statistic: float
    threshold: float
    parameters: Mapping[str, Scalar]


def _is_feature(key: SeriesKey) -> bool:
    return key.name.startswith(FEATURE) and key.segment is None


def _placed(
    name: str, monitor: SeriesMonitor, what: _What | None, since: tuple[int, int]
) -> dict[SeriesKey, Fact | None]:
    key = SeriesKey(name, None)
    if what is None:
        return {key: None}
    fact = Fact(
        key=key,
        kind=Kind.NUMERIC if monitor.lens is None else monitor.lens.kind,
        detector=name.partition(":")[0],
        name=what.name,
        statistic=what.statistic,
        threshold=what.threshold,
        severity=what.severity,
        change_row=since[0],
        change_time=since[1],
        parameters=what.parameters,
    )
    return {key: fact}


def _broken(demanded: Constraints, at_most: float, grown: Counts) -> _What | None:
    """More events than allowed broke what is demanded of the feature."""
    events = int(grown[1 : len(Cell)].sum())
    broken = int(grown[OUT_OF_RANGE] + grown[NOT_ALLOWED])
    if demanded.required:
        broken += int(grown[_MISSING].sum())
    if events < LEAST or broken <= at_most * events:
        return None
    figures: dict[str, Scalar] = {"broken": broken, "events": events}
    return _What(BROKEN, Severity.CRITICAL, broken / events, at_most, figures)


def _still(monitor: SeriesMonitor) -> int:
    """Values in a row, up to now, that are all the same though the reference makes that impossible; 0: they are not, or beyond 5
    standard deviations, where a window does not tell.
    """
    lens, window = monitor.lens, monitor.window
    if lens is None or len(window) < STILL:
        return 0
    counts = window.counts[-STILL:]
    at = int(counts[-1].argmax())
    if (counts[:, at] != BLOCK).any():
        return 0
    if lens.kind is Kind.NUMERIC:
        total, squares = window.moments[-STILL:, 0], window.moments[-STILL:, 1]
        mean = total[-1] / BLOCK
        if (total != total[-1]).any() or abs(mean) >= CLIP or not math.isclose(squares[-1], mean * total[-1]):
            return 0
    elif at == lens.bins - 1:
        return 0  # other: any of many
    share = (lens.reference.counts[at] + 0.5) / (lens.reference.size + 1)
    return STILL * BLOCK if -math.log(min(share, 1.0)) * STILL * BLOCK >= SURE else 0
