"""Columns with several changes, made by the standard library alone, and plain river objects to compare with."""

import random
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import river.drift
from river.drift import binary

from stream_monitor.core.detector import FloatArray, Kind, Scalar
from stream_monitor.detectors import registry

SEED = 5
OURS = {"clock": 2, "max_buckets": 3, "min_window_length": 1, "grace_period": 1}
RIVERS = {"clock": 32, "max_buckets": 5, "min_window_length": 5, "grace_period": 10}


class Case(NamedTuple):
    """A detector with parameters, and the class of river that should answer the same."""

    id: str
    river_class: Any
    parameters: Mapping[str, Scalar]
    size: int = 6_000

    def plain(self) -> Any:
        """River's own object."""
        seed = {"seed": SEED} if self.id == "kswin" else {}
        return self.river_class(**self.parameters, **seed)

    def column(self) -> FloatArray:
        """Values that change every 700."""
        numeric = Kind.NUMERIC in registry.get(self.id).kinds
        rng = random.Random(self.size)
        if numeric:
            values = [rng.gauss(0.0 if i // 700 % 2 == 0 else 2.0, 1.0) for i in range(self.size)]
        else:
            values = [float(rng.random() < (0.1 if i // 700 % 2 == 0 else 0.6)) for i in range(self.size)]
        return np.array(values)

    def given_to_river(self, value: float) -> float:
        """River's FHDDM looks for a fall of the rate of ones, ours for a rise of the bad event."""
        return 1.0 - value if self.id == "fhddm" else value


CASES = [
    Case("adwin", river.drift.ADWIN, OURS),
    Case("adwin", river.drift.ADWIN, RIVERS),
    Case("adwin", river.drift.ADWIN, {**OURS, "delta": 0.3, "max_buckets": 2}),
    Case("adwin", river.drift.ADWIN, {**RIVERS, "max_buckets": 64, "clock": 7, "grace_period": 100}),
    Case("page_hinkley", river.drift.PageHinkley, {}),
    Case("page_hinkley", river.drift.PageHinkley, {"mode": "up", "threshold": 20.0, "alpha": 1.0}),
    Case("page_hinkley", river.drift.PageHinkley, {"mode": "down", "threshold": 20.0}),
    Case("kswin", river.drift.KSWIN, {}, size=1_500),
    Case("kswin", river.drift.KSWIN, {"alpha": 0.0001, "window_size": 60, "stat_size": 20}, size=1_500),
    Case("ddm", binary.DDM, {}),
    Case("ddm", binary.DDM, {"warm_start": 5, "warning_threshold": 1.0, "drift_threshold": 1.5}),
    Case("eddm", binary.EDDM, {}),
    Case("eddm", binary.EDDM, {"alpha": 0.8, "beta": 0.75, "warm_start": 10}),
    Case("fhddm", binary.FHDDM, {}),
    Case("fhddm", binary.FHDDM, {"short_window_size": 25, "confidence_level": 0.0001}),
    Case("hddm_a", binary.HDDMA, {}),
    Case("hddm_a", binary.HDDMA, {"two_sided_test": True}),
    Case("hddm_w", binary.HDDMW, {}),
    Case("hddm_w", binary.HDDMW, {"two_sided_test": True, "lambda_val": 0.2}),
]
