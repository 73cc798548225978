"""Which inputs moved together with what a model puts out: the effect of each since a change point, times its importance.

An association in time, no proof of a cause. Reads closed blocks up to the row that decided, and no others: cutting the rows
differently into batches changes nothing. Knows nothing of alerts beyond which are open, and keeps no state of its own.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from math import sqrt
from typing import Final, NamedTuple

import numpy as np

from stream_monitor.core.batch import FEATURE
from stream_monitor.core.drift_event import Attribution, DriftEvent, Importance, MovedInput
from stream_monitor.core.findings import direction_of
from stream_monitor.core.importance.association import Association
from stream_monitor.core.measure import SHAPE, measure
from stream_monitor.core.series import MISSING, SeriesKey
from stream_monitor.core.series_monitor import SeriesMonitor
from stream_monitor.core.standardise import Lens
from stream_monitor.core.window import BLOCK, LENGTH

MOST: Final = 5  # inputs named in an event
# Beyond chance: in standard errors of a mean, and of a distribution function scaled as `shape_effect` is. Both leave about one
# in 20,000 (normal; Kolmogorov), for a model of a thousand inputs.
_MEANS: Final = 4.0
_SHAPES: Final = 5.8
_OUTPUTS: Final = frozenset({"prediction", "probability", "confidence", "error", "performance"})


class Weights(NamedTuple):
    """The importance of features and where it is from. given: by name, or by name and glob, where the first match counts."""

    origin: Importance
    given: Mapping[str, float]

    def of(self, feature: str) -> float:
        """A feature of which nothing is known weighs the mean of the others; where nothing is known at all, each weighs 1."""
        if self.origin is Importance.ESTIMATED and feature in self.given:
            return self.given[feature]
        if self.origin is Importance.CONFIGURED:
            for pattern, weight in self.given.items():
                if fnmatchcase(feature, pattern):
                    return weight
        return sum(self.given.values()) / len(self.given) if self.given else 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Inputs:
    """The features of one model and the indicators of their missing values. importance: name or glob of a feature → weight, the
    first match counts. association: what weighs them where none is given.
    """

    series: Mapping[SeriesKey, SeriesMonitor]
    importance: Mapping[str, float]
    association: Association | None = None

    def weights(self) -> Weights:
        """What each of them weighs now. Cost: ~10 µs an input where it is estimated."""
        if self.importance:
            return Weights(Importance.CONFIGURED, self.importance)
        estimated = {} if self.association is None else self.association.weights()
        return Weights(Importance.ESTIMATED if estimated else Importance.EQUAL, estimated)

    def moved(
        self, change_row: int, row: int, open_alerts: Mapping[SeriesKey, DriftEvent]
    ) -> Attribution | None:
        """What moved between the rows `change_row` and `row`, largest first; None where there is no input to look at.

        Cost: some 30 µs an input; asked for when an alert of an output is opened or updated, at most.
        """
        found, bars = [], []
        weights = self.weights()
        for key, monitor in self.series.items():
            if key != SeriesKey(key.name, None) or not key.name.startswith((FEATURE, MISSING)):
                continue  # an output, or a segment of an input
            if monitor.lens is None or not monitor.lens.views:
                continue
            looked = _look(monitor, monitor.lens, change_row, row, open_alerts.get(key))
            if looked is not None:
                one, bar = looked
                bars.append(bar)
                if abs(one.effect) >= bar:
                    weight = weights.of(key.name.partition(":")[2])
                    found.append(replace(one, importance=weight, score=abs(one.effect) * weight))
        if not bars:
            return None
        ranked = sorted(found, key=lambda one: (-one.score, -abs(one.effect), one.series))
        return Attribution(
            importance=weights.origin,
            inputs=len(bars),
            visible=float(np.median(bars)),
            moved=len(ranked),
            ranked=tuple(ranked[:MOST]),
        )


def is_asked_for(series: str) -> bool:
    """Whether a series is of what the model makes of its inputs: what it puts out, or how good that is."""
    return series.partition(":")[0] in _OUTPUTS


def _look(
    monitor: SeriesMonitor, lens: Lens, change_row: int, row: int, alert: DriftEvent | None
) -> tuple[MovedInput, float] | None:
    """How far one input has moved, and from what size on that counts. None: no block of it lies between the rows."""
    window = monitor.window
    end = int(np.searchsorted(window.rows[:, 1], row, side="right"))
    first = max(
        int(np.searchsorted(window.rows[:, 1], change_row)), end - LENGTH
    )  # the block of the change, too
    if first >= end:
        return None
    tolerance = monitor.parameters.tolerance
    view, effect, blocks = measure(lens, window, end - first, end, tolerance)
    error = sqrt(1 / (blocks * BLOCK) + 1 / max(1, lens.reference.size))
    chance = (_SHAPES if view == SHAPE else _MEANS) * error
    moved = MovedInput(
        series=monitor.key.name,
        view=view,
        effect=effect,
        direction=direction_of(view, effect),
        importance=1.0,
        score=0.0,
        alert_id=None if alert is None else alert.alert_id,
        since=None if alert is None else alert.change_point,
    )
    return moved, tolerance if alert is not None else max(tolerance, chance)
