"""Has the recent error rate risen above its lowest? HDDM_W: McDiarmid bounds on weighted averages.

Keeps an exponentially weighted mean of all values, and of those before (`w1`) and after (`w2`) the point
where the mean plus its bound was lowest. With b = lambda_val**2 + (1 - lambda_val)**2 b, the sum of squared
weights of a mean, it fires when

    w2 - w1 > sqrt((b1 + b2) ln(1 / drift_confidence) / 2).

With `two_sided_test` it watches for falls in the same way. The next value begins anew.

Input:
    Boolean: 1.0 is the bad event (an error), 0.0 the good one. Fires on a rise of the rate of bad events,
    with `two_sided_test` on a fall too.

Parameters:
    drift_confidence: chance of a false alarm of one test. Raising it fires earlier and falsely more often.
    warning_confidence: the same for the warning gauge; no effect on detection.
    lambda_val: weight of the newest value. Raising it forgets faster: finds larger changes sooner, small ones
        not at all.
    two_sided_test: true watches for falls too.

Detection:
    statistic: w2 - w1 (or w1 - w2). threshold: its bound. length: 0, it does not say.

Cost:
    About 3 µs a value (river copies its means); state 0.3 kB.

Guarantees:
    McDiarmid's bound for each single test; none on the time between false alarms.

Example:
    >>> import numpy as np
    >>> from stream_monitor.detectors.river import HDDM_W
    >>> rng = np.random.default_rng(42)
    >>> column = np.concatenate([rng.random(1000) < 0.1, rng.random(1000) < 0.6]).astype(float)
    >>> [found.at for found in HDDM_W.build({}, seed=0).update(column)]
    [1012]

References:
    Frías-Blanco et al. (2014), Online and non-parametric drift detection methods based on Hoeffding's bounds,
    IEEE TKDE 27(3), 810-823.
"""
# ruff: noqa: SLF001 - river keeps its state in private attributes, and this file is their map

import math
import struct
from collections.abc import Mapping
from math import inf
from operator import attrgetter
from typing import Any

from stream_monitor.core.detector import Plain
from stream_monitor.core.errors import CorruptState
from stream_monitor.detectors.algorithm import BITS, Algorithm, UnknownLayout, bits, one_by_one, ratio
from stream_monitor.detectors.algorithms.hddm_a import agree
from stream_monitor.detectors.fields import Field, Values, as_flag, as_real, flag, real, require
from stream_monitor.detectors.parameters import flag as switch
from stream_monitor.detectors.parameters import share

# river/rust_src/ewmean.rs as bincode writes it: mean, alpha, 1 - alpha, initialized; then the weight given to
# its binding.
MEAN = struct.Struct("<ddd?d")


def _sample(name: str, path: str) -> Field:
    """A weighted mean with its bound, river's `SampleInfo`: {started, mean, bound}."""
    at = attrgetter(path)
    return Field(
        name=name,
        read=lambda it: _read_sample(at(it)),
        write=lambda it, values: _write_sample(at(it), values),
        check=_check_sample,
    )


def _read_sample(sample: Any) -> dict[str, Plain]:
    raw, weight = bytes(sample._ewma._ewmean.__getstate__()), sample._ewma.fading_factor
    mean = sample._ewma.get()
    if raw != MEAN.pack(mean, weight, 1.0 - weight, sample._is_init, weight):
        raise UnknownLayout("river's EWMean has a layout this release does not know")
    return {"started": sample._is_init, "mean": float(mean), "bound": float(sample._ibc)}


def _write_sample(sample: Any, values: Values) -> None:
    weight = sample._ewma.fading_factor
    raw = MEAN.pack(values["mean"], weight, 1.0 - weight, values["started"], weight)
    sample._ewma._ewmean.__setstate__(raw)
    sample._is_init, sample._ibc = values["started"], values["bound"]


def _check_sample(value: Plain) -> Values:
    if not isinstance(value, Mapping) or set(value) != {"started", "mean", "bound"}:
        raise CorruptState("must have exactly the fields started, mean and bound")
    started, mean = as_flag(value["started"]), as_real(value["mean"], 0.0, 1.0)
    bound = as_real(value["bound"], 0.0, 1.0)
    if not started and (mean, bound) != (0.0, 1.0):
        raise CorruptState("must have mean 0 and bound 1 before it has started")
    return {"started": started, "mean": mean, "bound": bound}


def _sides(it: Any) -> tuple[tuple[float, float], tuple[float, float]]:
    def side(first: Any, second: Any) -> tuple[float, float]:
        if not (first._is_init and second._is_init):
            return 0.0, 0.0
        log = math.log(1 / it.drift_confidence)
        return second.ewma - first.ewma, math.sqrt((first.ibc + second.ibc) * log / 2)

    return side(it._s1_incr, it._s2_incr), side(it._s2_decr, it._s1_decr)


def _evidence(it: Any) -> tuple[float, float]:
    rise, fall = _sides(it)
    return fall if it.two_sided_test and ratio(*fall) > ratio(*rise) else rise


def _coherent(values: Values, parameters: Mapping[str, Any]) -> None:
    del parameters
    started = values["all"]["started"]
    for before, after, cut in (("low", "since_low", "lowest"), ("high", "since_high", "highest")):
        require(values[before]["started"] == started, f"`{before}` has started when `all` has")
        require(started or not values[after]["started"], f"`{after}` has started after `all`")
        require(math.isfinite(values[cut]) == started, f"`{cut}` is infinite before the first value only")
    may_fire = values["since_low"]["started"] or values["since_high"]["started"]
    require(
        may_fire or not (values["fired"] or values["warning"]), "it fires or warns from the second value on"
    )


def _gauges(it: Any) -> dict[str, float]:
    return {
        "rate": float(it._total.ewma),
        "warning": float(it._warning_detected),
        "evidence": ratio(*_evidence(it)),
    }


HDDM_W = Algorithm(
    id="hddm_w",
    doc=__doc__,
    river_class="binary.HDDMW",
    attributes=frozenset(
        {"drift_confidence", "warning_confidence", "lambda_val", "two_sided_test"}
        | {"_drift_detected", "_warning_detected", "_incr_cutpoint", "_decr_cutpoint"}
        | {"_total", "_s1_decr", "_s1_incr", "_s2_decr", "_s2_incr"}
    ),
    kinds=BITS,
    parameters=(
        share("drift_confidence", 0.001),
        share("warning_confidence", 0.005),
        share("lambda_val", 0.05),
        switch("two_sided_test", default=False),
    ),
    fields=(
        flag("fired", "_drift_detected"),
        flag("warning", "_warning_detected"),
        _sample("all", "_total"),
        _sample("low", "_s1_incr"),
        _sample("since_low", "_s2_incr"),
        _sample("high", "_s1_decr"),
        _sample("since_high", "_s2_decr"),
        real("lowest", "_incr_cutpoint", also=(inf,)),
        real("highest", "_decr_cutpoint", also=(-inf,)),
    ),
    coherent=_coherent,
    column=bits,
    feeder=one_by_one(_evidence, lambda it: 0),  # noqa: ARG005
    gauges=_gauges,
    agree=agree,
)
