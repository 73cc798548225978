"""Has the distribution of the newest values changed? KSWIN: Kolmogorov-Smirnov windowing.

Keeps the last `window_size` values. At every value it compares the newest `stat_size` of them with as many
drawn at random from the older ones by a two-sample Kolmogorov-Smirnov test, and fires when its p-value is at
most `alpha` (and the distance above 0.1). The newest `stat_size` values then are all that remains.

Input:
    Numeric: finite values; standardised or not makes no difference, only their order counts. Boolean: 0.0 or
    1.0. No polarity: any change of the distribution. Values beyond ±1e100 count as ±1e100.

Parameters:
    alpha: p-value at which it fires. Raising it fires earlier and falsely more often.
    window_size: values kept. Raising it remembers a longer past and costs memory.
    stat_size: newest values that are compared. Raising it finds smaller changes, later. At most half of
        `window_size`.

Detection:
    statistic: the p-value, so that smaller is stronger. threshold: `alpha`. length: `stat_size`.

Cost:
    About 200 µs a value: a thousand times ADWIN. For a few series of a slow stream. State 2.5 kB of random
    generator and 9 bytes a value of `window_size`.

Guarantees:
    None: the test is repeated at every value. Measured on standard normal values with the defaults: 137 false
    alarms in 100,000. The draws come from the `seed` it is built with, so that a replay gives the same
    answer.

Example:
    >>> import numpy as np
    >>> from stream_monitor.detectors.river import KSWIN
    >>> rng = np.random.default_rng(42)
    >>> column = np.concatenate([rng.normal(0.0, 1.0, 300), rng.normal(3.0, 1.0, 200)])
    >>> [(found.at, found.length) for found in KSWIN.build({"alpha": 0.0001}, seed=0).update(column)]
    [(318, 30)]

References:
    Raab, Heusinger, Schleif (2020), Reactive soft prototype computing for concept drift streams,
    Neurocomputing 416.
"""
# ruff: noqa: SLF001 - river keeps its state in private attributes, and this file is their map

import struct
from collections import deque
from collections.abc import Mapping
from typing import Any

from stream_monitor.core.detector import Plain
from stream_monitor.core.errors import CorruptState
from stream_monitor.detectors.algorithm import LARGEST_VALUE, NUMBERS, Algorithm, numbers, one_by_one
from stream_monitor.detectors.fields import Field, Values, as_octets, as_reals, count, flag, real, require
from stream_monitor.detectors.parameters import share, whole

# The Mersenne twister of `random.Random`: 624 words and the position in them, as `getstate` gives them.
TWISTER = struct.Struct("<625I")
LARGEST_WINDOW = 4_096


def _twister(value: Plain) -> bytes:
    octets = as_octets(value, TWISTER.size)
    if len(octets) != TWISTER.size:
        raise CorruptState(f"must be {TWISTER.size} bytes")
    *words, position = TWISTER.unpack(octets)
    if position > 624 or not any(
        words[1:]
    ):  # all zeros stay so for ever, and drawing without replacement never ends
        raise CorruptState("must be the state of a Mersenne twister")
    return octets


def _coherent(values: Values, parameters: Mapping[str, Any]) -> None:
    expected = (
        parameters["stat_size"] if values["fired"] else min(values["values"], parameters["window_size"])
    )
    require(len(values["window"]) == expected, f"`window` holds {expected} values")


def _agree(parameters: Mapping[str, Any]) -> None:
    if 2 * parameters["stat_size"] > parameters["window_size"]:
        raise ValueError(
            f"kswin: `stat_size` is {parameters['stat_size']} of a `window_size` of {parameters['window_size']}: "
            f"write at most half of it"
        )


def _gauges(it: Any) -> dict[str, float]:
    tested = it.n >= it.window_size
    return {"values": float(it.n), "p_value": float(it.p_value) if tested else 1.0}


KSWIN = Algorithm(
    id="kswin",
    doc=__doc__,
    river_class="KSWIN",
    attributes=frozenset(
        {"alpha", "window_size", "stat_size", "seed", "_drift_detected", "p_value", "n", "window", "_rng"}
    ),
    kinds=NUMBERS,
    parameters=(
        share("alpha", 0.005),
        whole("window_size", 100, 4, LARGEST_WINDOW),
        whole("stat_size", 30, 2, LARGEST_WINDOW // 2),
    ),
    fields=(
        flag("fired", "_drift_detected"),
        real("p_value", "p_value", 0.0, 1.0),
        count("values", "n"),
        Field(
            name="window",
            read=lambda it: [float(value) for value in it.window],
            write=lambda it, values: setattr(it, "window", deque(values, maxlen=it.window_size)),
            check=lambda value: as_reals(value, LARGEST_WINDOW, LARGEST_VALUE),
        ),
        Field(
            name="twister",
            read=lambda it: TWISTER.pack(*it._rng.getstate()[1]),
            write=lambda it, octets: it._rng.setstate((it._rng.VERSION, TWISTER.unpack(octets), None)),
            check=_twister,
        ),
    ),
    coherent=_coherent,
    column=numbers,
    feeder=one_by_one(lambda it: (it.p_value, it.alpha), lambda it: int(it.stat_size)),
    gauges=_gauges,
    agree=_agree,
    seeded=True,
)
