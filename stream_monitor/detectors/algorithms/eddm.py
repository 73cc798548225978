"""Do errors come closer to each other than they used to? EDDM: early drift detection method.

With p and s the mean and standard deviation of the distances between successive errors, it remembers the
largest p + 2 s and fires, at an error, when

    (p + 2 s) / max(p + 2 s) < beta.

The next value begins anew.

Input:
    Boolean: 1.0 is the bad event (an error), 0.0 the good one. Fires on a rise of the rate of bad events
    only.

Parameters:
    warm_start: errors before the first test. Raising it delays the first possible detection.
    alpha: level below which the warning gauge is set; no effect on detection.
    beta: level below which it fires. Raising it fires earlier and falsely more often.

Detection:
    statistic: (p + 2 s) / max(p + 2 s), so that smaller is stronger. threshold: `beta`. length: 0, it does
        not say.

Cost:
    About 0.2 µs a value, 1 µs more an error; state 0.1 kB.

Guarantees:
    None. The maximum is a record of the past, so chance alone leads below it in the end.

Example:
    >>> import numpy as np
    >>> from stream_monitor.detectors.river import EDDM
    >>> rng = np.random.default_rng(42)
    >>> column = np.concatenate([rng.random(1000) < 0.1, rng.random(1000) < 0.4]).astype(float)
    >>> [found.at for found in EDDM.build({"alpha": 0.8, "beta": 0.75}, seed=0).update(column)]
    [1244]

References:
    Baena-García et al. (2006), Early drift detection method, 4th workshop on knowledge discovery from data
    streams.
"""
# ruff: noqa: SLF001 - river keeps its state in private attributes, and this file is their map

from collections.abc import Mapping
from typing import Any

from stream_monitor.core.detector import Plain
from stream_monitor.detectors.algorithm import BITS, Algorithm, bits, one_by_one, ratio
from stream_monitor.detectors.fields import LARGEST_COUNT, Field, Values, as_whole, count, flag, real, require
from stream_monitor.detectors.parameters import Parameter, whole


def _evidence(it: Any) -> tuple[float, float]:
    distances = it._error_distances
    reach = distances.mean.get() + 2 * distances.get() ** 0.5
    return reach / it._p2s_prime_max if it._p2s_prime_max > 0 else 1.0, it.beta


def _write_errors(it: Any, errors: int) -> None:
    it._n_errors = errors
    it._error_distances.mean.n = float(errors)  # one distance an error


def _check_errors(value: Plain) -> int:
    return as_whole(value, 0, LARGEST_COUNT)


def _coherent(values: Values, parameters: Mapping[str, Any]) -> None:
    errors, last, seen = values["errors"], values["last_error"], values["values"]
    require(errors <= last <= seen, "`errors` is at most `last_error`, that at most `values`")
    require((errors == 0) == (last == 0), "there is a `last_error` where there are `errors`")
    total = values["mean_distance"] * errors
    moments = values["mean_distance"], values["squared_deviations"]
    require(errors > 0 or moments == (0.0, 0.0), "0 distances sum to 0")
    require(abs(total - last) <= 1e-6 * max(1, last), "the distances sum to `last_error`")
    require(
        values["longest_reach"] == -1.0 or values["longest_reach"] > 0, "`longest_reach` is -1 or positive"
    )
    may_fire = errors > parameters["warm_start"]
    require(may_fire or not (values["fired"] or values["warning"]), "it fired or warned after `warm_start`")


def _agree(parameters: Mapping[str, Any]) -> None:
    if parameters["beta"] > parameters["alpha"]:
        raise ValueError(
            f"eddm: `beta` is {parameters['beta']}: write at most `alpha`, {parameters['alpha']}"
        )


def _gauges(it: Any) -> dict[str, float]:
    level, _ = _evidence(it)
    return {
        "values": float(it._n),
        "errors": float(it._n_errors),
        "mean_distance": float(it._error_distances.mean.get()),
        "warning": float(it._warning_detected),
        "evidence": ratio(it.beta, level),
    }


def _level(name: str, default: float) -> Parameter:
    return Parameter(
        name=name,
        default=default,
        accepts=lambda value: (
            isinstance(value, int | float) and not isinstance(value, bool) and 0 < value <= 1
        ),
        write="a number above 0, at most 1",
    )


EDDM = Algorithm(
    id="eddm",
    doc=__doc__,
    river_class="binary.EDDM",
    attributes=frozenset(
        {"warm_start", "alpha", "beta", "_drift_detected", "_warning_detected"}
        | {"_error_distances", "_n", "_last_error", "_n_errors", "_p2s_prime_max"}
    ),
    kinds=BITS,
    parameters=(whole("warm_start", 30, 1, 1_000_000_000), _level("alpha", 0.95), _level("beta", 0.9)),
    fields=(
        flag("fired", "_drift_detected"),
        flag("warning", "_warning_detected"),
        count("values", "_n"),
        count("last_error", "_last_error"),
        Field(name="errors", read=lambda it: int(it._n_errors), write=_write_errors, check=_check_errors),
        real("mean_distance", "_error_distances.mean._mean", 0.0, LARGEST_COUNT),
        real("squared_deviations", "_error_distances._S", 0.0, LARGEST_COUNT**3),
        real("longest_reach", "_p2s_prime_max", -1.0, LARGEST_COUNT**2),
    ),
    coherent=_coherent,
    column=bits,
    feeder=one_by_one(_evidence, lambda it: 0),  # noqa: ARG005 - it never says since when
    gauges=_gauges,
    agree=_agree,
)
