"""Has the error rate risen above its lowest level so far? DDM: drift detection method.

With p the rate of errors over all values so far and s = sqrt(p (1 - p) / n), it remembers p and s where p + s
was lowest and fires when

    p + s > p_min + drift_threshold * s_min.

The next value begins anew.

Input:
    Boolean: 1.0 is the bad event (an error), 0.0 the good one. Fires on a rise of the rate of bad events
    only.

Parameters:
    warm_start: values before the first test. Raising it delays the first possible detection and steadies
        p_min.
    warning_threshold: standard deviations at which the warning gauge is set; no effect on detection.
    drift_threshold: standard deviations at which it fires. Raising it fires later and falsely less often.

Detection:
    statistic: p + s. threshold: p_min + drift_threshold * s_min. length: 0, it does not say.

Cost:
    About 0.5 µs a value; state 0.1 kB.

Guarantees:
    None. Where the first `warm_start` values hold no error, p_min and s_min are 0 and the next error fires:
    unfit for rates near 0. The mean over all values makes it slow after a long quiet past.

Example:
    >>> import numpy as np
    >>> from stream_monitor.detectors.river import DDM
    >>> rng = np.random.default_rng(42)
    >>> column = np.concatenate([rng.random(1000) < 0.1, rng.random(1000) < 0.4]).astype(float)
    >>> [found.at for found in DDM.build({}, seed=0).update(column)]
    [1172]

References:
    Gama, Medas, Castillo, Rodrigues (2004), Learning with drift detection, SBIA, 286-295.
"""
# ruff: noqa: SLF001 - river keeps its state in private attributes, and this file is their map

import math
from collections.abc import Mapping
from math import inf
from typing import Any

from stream_monitor.detectors.algorithm import BITS, Algorithm, bits, one_by_one, ratio
from stream_monitor.detectors.fields import Field, Values, count, flag, optional_real, real, require
from stream_monitor.detectors.parameters import number, whole


def _evidence(it: Any) -> tuple[float, float]:
    if it._p_min is None:
        return 0.0, 0.0
    rate = it._p.get()
    spread = math.sqrt(rate * (1 - rate) / it._p.n)
    return rate + spread, it._p_min + it.drift_threshold * it._s_min


def _write_lowest_spread(it: Any, value: float | None) -> None:
    it._s_min = value
    it._ps_min = inf if value is None else it._p_min + value  # as river computes it


def _coherent(values: Values, parameters: Mapping[str, Any]) -> None:
    warm = values["values"] > parameters["warm_start"]
    require((values["lowest_rate"] is not None) == warm, "`lowest_rate` is known after `warm_start`")
    require((values["lowest_spread"] is not None) == warm, "`lowest_spread` is known after `warm_start`")
    require(warm or not (values["fired"] or values["warning"]), "it fired or warned after `warm_start`")


def _agree(parameters: Mapping[str, Any]) -> None:
    if parameters["warning_threshold"] > parameters["drift_threshold"]:
        raise ValueError(
            f"ddm: `warning_threshold` is {parameters['warning_threshold']}: "
            f"write at most the `drift_threshold`, {parameters['drift_threshold']}"
        )


def _gauges(it: Any) -> dict[str, float]:
    return {
        "values": float(it._p.n),
        "rate": float(it._p.get()),
        "warning": float(it._warning_detected),
        "evidence": ratio(*_evidence(it)),
    }


_lowest_spread = optional_real("lowest_spread", "_s_min", 0.0, 0.5)

DDM = Algorithm(
    id="ddm",
    doc=__doc__,
    river_class="binary.DDM",
    attributes=frozenset(
        {"warm_start", "warning_threshold", "drift_threshold", "_drift_detected", "_warning_detected"}
        | {"_p", "_p_min", "_s_min", "_ps_min"}
    ),
    kinds=BITS,
    parameters=(
        whole("warm_start", 30, 1, 1_000_000_000),
        number("warning_threshold", 2.0, 0.0, 1000.0),
        number("drift_threshold", 3.0, 0.0, 1000.0),
    ),
    fields=(
        flag("fired", "_drift_detected"),
        flag("warning", "_warning_detected"),
        count("values", "_p.n", float),
        real("rate", "_p._mean", 0.0, 1.0),
        optional_real("lowest_rate", "_p_min", 0.0, 1.0),
        Field(
            name="lowest_spread",
            read=_lowest_spread.read,
            write=_write_lowest_spread,
            check=_lowest_spread.check,
        ),
    ),
    coherent=_coherent,
    column=bits,
    feeder=one_by_one(_evidence, lambda it: 0),  # noqa: ARG005 - it never says since when
    gauges=_gauges,
    agree=_agree,
)
