"""Has the mean changed from that of the recent past, at whatever time scale? ADWIN: ADaptive WINdowing.

Keeps a window of recent sums over blocks of 32 values in exponentially growing buckets. Every `clock` blocks it
compares, at each border between buckets, the mean of the older part W0 (n0 sums) with that of the newer part W1
(n1 sums), and fires where

    |mean(W0) - mean(W1)| > sqrt(2 m var ln(2 ln(n)/delta)) + 2/3 m ln(2 ln(n)/delta),   m = 1/n0' + 1/n1',

n0', n1' being n0, n1 less `min_window_length - 1`. It then drops buckets of the older part until no border
differs, and begins a new window with the next sum. Sums, not means, keep both terms of the bound what they are for
single values; where values depend on those before, the variance of sums knows it (docs/adr/0014).

Input:
    Numeric: sums over blocks of 32 finite values in standard deviations of the reference (the bound takes a
    range of about 1 of a value for granted). Boolean: the same of 0 and 1. No polarity: a rise and a fall are
    found alike. Sums beyond ±1e100 count as ±1e100.

Parameters:
    delta: tolerated chance of a false alarm of one test. Raising it fires earlier and falsely more often.
    clock: blocks between two tests. Raising it costs less and delays detection by up to as much.
    max_buckets: buckets of a size. Raising it tests more borders: finer change points, more memory and time.
    min_window_length: blocks that either part must hold. Raising it makes it deaf to short bursts.
    grace_period: blocks that are not tested at first. Raising it delays the first possible detection.

Detection:
    statistic: |mean(W0) - mean(W1)| at the border where it exceeds its bound most, over 32: standard deviations
    of a value. threshold: that bound, over 32. length: n1 there, the blocks of the new regime. (The window that
    is kept says less: its oldest bucket may be mostly of the old one.)

Cost:
    About 0.14 µs a block, 5 ns a value, on columns of 128 blocks, and half as much again with `clock` 1. State,
    growing with the logarithm of the window: 0.3 kB at 1,000 values, 0.7 kB at 1,000,000; in memory three times as
    much. A detection costs about 20 µs: the last blocks are replayed for the evidence.

Guarantees:
    A bound on the false positives of each single test, for values in [0, 1]; none on the time between false
    alarms. Measured on four million values of each family: 0 to 0.2 false alarms in 100,000 independent ones,
    heavy tails or not; 0.1 of AR(1) 0.5, 1.1 of AR(1) 0.9, 46 of AR(1) 0.99. A season of 1,440 values is a change,
    and then another. A window of fewer than 16 blocks is never cut, whatever the shift. Does not see a change
    of variance or shape that leaves the mean.

Example:
    >>> import numpy as np
    >>> from stream_monitor.detectors.river import ADWIN
    >>> rng = np.random.default_rng(42)
    >>> values = np.concatenate([rng.normal(0.0, 1.0, 1000), rng.normal(1.0, 1.0, 1048)])
    >>> sums = values.reshape(64, 32).sum(axis=1)
    >>> [(found.at, found.length) for found in ADWIN.build({}, seed=0).update(sums)]
    [(33, 4)]

References:
    Bifet, Gavaldà (2007), Learning from time-changing data with adaptive windowing, SIAM SDM, 443-448.
"""
# ruff: noqa: SLF001 - river keeps its state in private attributes, and this file is their map

from collections.abc import Iterable, Mapping
from operator import attrgetter, length_hint
from typing import Any, Final

from stream_monitor.core.detector import Detection, Grain
from stream_monitor.core.window import BLOCK
from stream_monitor.detectors.algorithm import NUMBERS, Algorithm, numbers
from stream_monitor.detectors.algorithms.adwin_window import (
    INT32,
    MOST_BUCKETS,
    Cut,
    Cuts,
    checked,
    coherent,
    decode,
    encode,
    strongest_cut,
)
from stream_monitor.detectors.fields import Field, Values, flag
from stream_monitor.detectors.parameters import share, whole

_REPLAYED: Final = 64  # values, from which on the state is kept anew

_cuts_of = attrgetter(*Cuts._fields)


class _Feeder:
    """What `for value in column: it.update(value)` does, a fifth of its cost: the loop runs in C up to each firing.

    Keeps the state at some earlier moment and the values since, from which the evidence of a firing is made.
    """

    __slots__ = ("_before", "_it", "_since")

    def __init__(self, it: Any) -> None:
        self._it = it
        self._since: list[float] = []
        self._before: bytes | None = None

    def __call__(self, column: list[float]) -> list[Detection]:
        it, detections = self._it, []
        start = 0
        while start < len(column):
            if it._drift_detected:
                it._reset()
                self._before = None
            if self._before is None:
                self._before, self._since = bytes(it._helper.__getstate__()), []
            rest = iter(column[start:] if start else column)
            it._drift_detected = any(map(it._helper.update, rest))  # any() stops at the first True
            end = len(column) - length_hint(rest)
            self._since += column[start:end]
            if it._drift_detected:
                statistic, threshold, newer = _evidence(it, self._before, self._since)
                detections.append(Detection(end - 1, statistic / BLOCK, threshold / BLOCK, newer))
            start = end
        if len(self._since) >= _REPLAYED:
            self._before, self._since = None, []
        return detections


def _evidence(it: Any, before: bytes, since: Iterable[float]) -> Cut:
    """The strongest cut as the last value of `since` came in: the values since `before`, replayed without any test."""
    cuts = Cuts(*_cuts_of(it))
    untested = cuts._replace(clock=INT32 - 1)
    helper = type(it._helper)(**untested._asdict())
    helper.__setstate__(encode(decode(before), untested))
    for value in since:
        helper.update(value)
    return strongest_cut(decode(bytes(helper.__getstate__())), cuts)


def _write(it: Any, window: dict[str, Any]) -> None:
    it._helper.__setstate__(encode(window, Cuts(*_cuts_of(it))))


def _coherent(values: Values, parameters: Mapping[str, Any]) -> None:
    coherent(values["window"], Cuts(**parameters), fired=values["fired"])


def _gauges(it: Any) -> dict[str, float]:
    """In values: a window of so many, and their mean."""
    width = float(it._helper.get_width() * BLOCK)
    return {"width": width, "mean": float(it._helper.get_total()) / width if width else 0.0}


ADWIN = Algorithm(
    id="adwin",
    doc=__doc__,
    river_class="ADWIN",
    attributes=frozenset({*Cuts._fields, "_drift_detected", "_helper"}),
    kinds=NUMBERS,
    parameters=(
        share("delta", 0.002),
        whole("clock", 2, 1, 1_000_000),
        # With one bucket of a size river can panic: a row may be empty between two that are not.
        whole("max_buckets", 3, 2, MOST_BUCKETS),
        whole("min_window_length", 1, 1, 1_000_000),
        whole("grace_period", 1, 1, 1_000_000),
    ),
    fields=(
        flag("fired", "_drift_detected"),
        Field(
            name="window",
            read=lambda it: decode(bytes(it._helper.__getstate__())),
            write=_write,
            check=checked,
        ),
    ),
    coherent=_coherent,
    column=numbers,
    feeder=_Feeder,
    gauges=_gauges,
    grain=Grain.BLOCK,
    state_version=2,  # 1 was a window of single values
)
