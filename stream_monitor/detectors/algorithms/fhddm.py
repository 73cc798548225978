"""Has the recent error rate risen above its lowest so far? FHDDM: fast Hoeffding drift detection method.

With u the rate of good events among the last `sliding_window_size` values, and u_max its largest so far, it
fires when

    u_max - u > sqrt(ln(1 / confidence_level) / (2 sliding_window_size)),

and the same for the last `short_window_size` values if that is given. The next value begins anew.

Input:
    Boolean: 1.0 is the bad event (an error), 0.0 the good one. Fires on a rise of the rate of bad events
    only. River's own object watches for a fall of the rate of ones (its documentation says otherwise; the
    paper feeds it 1 for a correct prediction), so it is fed the complement.

Parameters:
    sliding_window_size: values in the window. Raising it finds smaller rises, later.
    confidence_level: chance of a false alarm of one test. Raising it fires earlier and falsely more often.
    short_window_size: size of a second, shorter window (none by default). Raising it, as above.

Detection:
    statistic: u_max - u, of the window that exceeds its bound more; u is taken after the oldest value has
        left the long window (at most 1 / sliding_window_size above what was tested). threshold: the bound.
    length: 0, it does not say.

Cost:
    About 0.3 µs a value, 1.5 µs with a short window; state: a byte a value of the window.

Guarantees:
    Hoeffding's bound for each single test against a known rate; none on the time between false alarms.

Example:
    >>> import numpy as np
    >>> from stream_monitor.detectors.river import FHDDM
    >>> rng = np.random.default_rng(42)
    >>> column = np.concatenate([rng.random(1000) < 0.1, rng.random(1000) < 0.6]).astype(float)
    >>> [found.at for found in FHDDM.build({}, seed=0).update(column)]
    [1046]

References:
    Pesaranghader, Viktor (2016), Fast Hoeffding drift detection method for evolving data streams, ECML PKDD.
    Pesaranghader, Viktor, Paquet (2018), Reservoir of diverse adaptive learners, Machine Learning 107.
"""
# ruff: noqa: SLF001 - river keeps its state in private attributes, and this file is their map

from collections import deque
from collections.abc import Mapping
from itertools import islice
from typing import Any

from stream_monitor.core.detector import Plain
from stream_monitor.core.errors import CorruptState
from stream_monitor.detectors.algorithm import BITS, Algorithm, complement, one_by_one, ratio
from stream_monitor.detectors.fields import Field, Values, as_octets, flag, optional_real, real, require
from stream_monitor.detectors.parameters import optional_whole, share, whole

LARGEST_WINDOW = 16_384


def _evidence(it: Any) -> tuple[float, float]:
    window = it._sliding_window
    if len(window) < it.sliding_window_size - 1:
        return 0.0, float(it._epsilon)
    long = float(it._u_max - it.n_one / it.sliding_window_size), float(it._epsilon)
    if it.short_window_size is None:
        return long
    newest = sum(islice(window, len(window) - it.short_window_size, None)) / it.short_window_size
    short = float(it._u_short_max - newest), float(it._epsilon_s)
    return short if ratio(*short) > ratio(*long) else long


def _window_of(value: Plain) -> bytes:
    octets = as_octets(value, LARGEST_WINDOW)
    if octets.strip(b"\0\1"):
        raise CorruptState("must be bytes 0 and 1")
    return octets


def _write_window(it: Any, octets: bytes) -> None:
    it._sliding_window = deque(map(float, octets), maxlen=it.sliding_window_size)
    it.n_one = float(sum(octets))


def _write_short(it: Any, value: float | None) -> None:
    if value is not None:
        it._u_short_max = value


def _coherent(values: Values, parameters: Mapping[str, Any]) -> None:
    size = parameters["sliding_window_size"]
    require(len(values["window"]) < size, f"`window` holds fewer than {size} values")
    stacked = parameters["short_window_size"] is not None
    require((values["best_short_rate"] is not None) == stacked, "`best_short_rate` belongs to a short window")
    full = len(values["window"]) == size - 1
    best = max(values["best_rate"], values["best_short_rate"] or 0.0)
    require(
        full or (best == 0.0 and not values["fired"]), "nothing has been tested before the window is full"
    )


def _agree(parameters: Mapping[str, Any]) -> None:
    short, size = parameters["short_window_size"], parameters["sliding_window_size"]
    if short is not None and short >= size:
        raise ValueError(
            f"fhddm: `short_window_size` is {short}: write less than `sliding_window_size`, {size}"
        )


def _gauges(it: Any) -> dict[str, float]:
    held = len(it._sliding_window)
    return {
        "values": float(held),
        "rate": 1.0 - float(it.n_one) / held if held else 0.0,
        "evidence": ratio(*_evidence(it)),
    }


_short_rate = optional_real("best_short_rate", "_u_short_max", 0.0, 1.0)

FHDDM = Algorithm(
    id="fhddm",
    doc=__doc__,
    river_class="binary.FHDDM",
    attributes=frozenset(
        {
            "sliding_window_size",
            "confidence_level",
            "short_window_size",
            "_drift_detected",
            "_warning_detected",
        }
        | {"n_one", "_sliding_window", "_epsilon", "_u_max", "_short_window", "_u_short_max", "_epsilon_s"}
    ),
    kinds=BITS,
    parameters=(
        whole("sliding_window_size", 100, 2, LARGEST_WINDOW),
        share("confidence_level", 0.000001),
        optional_whole("short_window_size", 1, LARGEST_WINDOW),
    ),
    fields=(
        flag("fired", "_drift_detected"),
        Field(
            name="window",
            read=lambda it: bytes(map(int, it._sliding_window)),
            write=_write_window,
            check=_window_of,
        ),
        real("best_rate", "_u_max", 0.0, 1.0),
        Field(
            name="best_short_rate",
            read=lambda it: None if it.short_window_size is None else _short_rate.read(it),
            write=_write_short,
            check=_short_rate.check,
        ),
    ),
    coherent=_coherent,
    column=complement,
    feeder=one_by_one(_evidence, lambda it: 0),  # noqa: ARG005
    gauges=_gauges,
    agree=_agree,
    probe={"short_window_size": 25},
)
