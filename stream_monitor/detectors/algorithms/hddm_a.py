"""Has the error rate risen above the lowest it has credibly been? HDDM_A: Hoeffding bounds on plain averages.

With z the mean of all n values so far, it keeps as `low` the mean of the first k values where mean +
Hoeffding bound was lowest, and fires when

    z - low >= sqrt((n - k) / (2 k n) ln(2 / drift_confidence)).

With `two_sided_test` it watches for falls in the same way. The next value begins anew.

Input:
    Boolean: 1.0 is the bad event (an error), 0.0 the good one. Fires on a rise of the rate of bad events,
    with `two_sided_test` on a fall too.

Parameters:
    drift_confidence: chance of a false alarm of one test. Raising it fires earlier and falsely more often.
    warning_confidence: the same for the warning gauge; no effect on detection.
    two_sided_test: true watches for falls too.

Detection:
    statistic: z - low (or high - z). threshold: its bound. length: 0, it does not say.

Cost:
    About 2 µs a value (river copies its means); state 0.1 kB.

Guarantees:
    Hoeffding's bound for each single test; none on the time between false alarms. On error streams the best
    of the binary detectors here.

Example:
    >>> import numpy as np
    >>> from stream_monitor.detectors.river import HDDM_A
    >>> rng = np.random.default_rng(42)
    >>> column = np.concatenate([rng.random(1000) < 0.1, rng.random(1000) < 0.4]).astype(float)
    >>> [found.at for found in HDDM_A.build({}, seed=0).update(column)]
    [1053]

References:
    Frías-Blanco et al. (2014), Online and non-parametric drift detection methods based on Hoeffding's bounds,
    IEEE TKDE 27(3), 810-823.
"""
# ruff: noqa: SLF001 - river keeps its state in private attributes, and this file is their map

import math
from collections.abc import Mapping
from typing import Any

from stream_monitor.detectors.algorithm import BITS, Algorithm, bits, one_by_one, ratio
from stream_monitor.detectors.fields import Values, count, flag, nested, real, require
from stream_monitor.detectors.parameters import flag as switch
from stream_monitor.detectors.parameters import share


def _bound(it: Any, values: float) -> float:
    parts = (it._z.n - values) / values * (1.0 / it._z.n)
    return math.sqrt(parts / 2 * math.log(2.0 / it.drift_confidence))


def _evidence(it: Any) -> tuple[float, float]:
    if not it._z.n:
        return 0.0, 0.0
    rise = it._z.get() - it._x_min.get(), _bound(it, it._x_min.n)
    fall = it._x_max.get() - it._z.get(), _bound(it, it._x_max.n)
    return fall if it.two_sided_test and ratio(*fall) > ratio(*rise) else rise


def _coherent(values: Values, parameters: Mapping[str, Any]) -> None:
    del parameters
    seen = values["all"]["values"]
    for name in ("low", "high"):
        part = values[name]["values"]
        require(part <= seen and (part > 0) == (seen > 0), f"`{name}` is the mean of the first of all values")
    for name in ("all", "low", "high"):
        require(values[name]["values"] > 0 or values[name]["mean"] == 0, "the mean of no values is 0")
    require(
        seen > 1 or not (values["fired"] or values["warning"]), "it fires or warns from the second value on"
    )


def _gauges(it: Any) -> dict[str, float]:
    return {
        "values": float(it._z.n),
        "rate": float(it._z.get()),
        "warning": float(it._warning_detected),
        "evidence": ratio(*_evidence(it)),
    }


def agree(parameters: Mapping[str, Any]) -> None:
    """Raise ValueError if the warning would come after the detection."""
    if parameters["drift_confidence"] > parameters["warning_confidence"]:
        raise ValueError(
            f"`drift_confidence` is {parameters['drift_confidence']}: "
            f"write at most the `warning_confidence`, {parameters['warning_confidence']}"
        )


_MEAN = (count("values", "n", float), real("mean", "_mean", 0.0, 1.0))

HDDM_A = Algorithm(
    id="hddm_a",
    doc=__doc__,
    river_class="binary.HDDMA",
    attributes=frozenset(
        {"drift_confidence", "warning_confidence", "two_sided_test", "_drift_detected", "_warning_detected"}
        | {"_x_min", "_x_max", "_z"}
    ),
    kinds=BITS,
    parameters=(
        share("drift_confidence", 0.001),
        share("warning_confidence", 0.005),
        switch("two_sided_test", default=False),
    ),
    fields=(
        flag("fired", "_drift_detected"),
        flag("warning", "_warning_detected"),
        nested("all", _MEAN, at="_z"),
        nested("low", _MEAN, at="_x_min"),
        nested("high", _MEAN, at="_x_max"),
    ),
    coherent=_coherent,
    column=bits,
    feeder=one_by_one(_evidence, lambda it: 0),  # noqa: ARG005
    gauges=_gauges,
    agree=agree,
)
