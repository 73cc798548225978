"""Neither a split of a column nor a dump and load in between changes what a detector finds or keeps."""

import math
from collections.abc import Sequence

import msgspec
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from stream_monitor.core.detector import Detection, Detector, DetectorSpec, FloatArray, Kind, Scalar
from stream_monitor.detectors import registry

# Parameters under which a few hundred values are enough for firings, resets and merged buckets.
QUICK: dict[str, dict[str, Scalar]] = {
    "adwin": {"delta": 0.5, "clock": 3, "max_buckets": 2, "min_window_length": 1, "grace_period": 2},
    "page_hinkley": {"min_instances": 5, "threshold": 3.0},
    "kswin": {"alpha": 0.1, "window_size": 24, "stat_size": 10},
    "ddm": {"warm_start": 5, "warning_threshold": 0.5, "drift_threshold": 1.0},
    "eddm": {"warm_start": 4},
    "fhddm": {"sliding_window_size": 12, "confidence_level": 0.1, "short_window_size": 5},
    "hddm_a": {"drift_confidence": 0.2, "warning_confidence": 0.3, "two_sided_test": True},
    "hddm_w": {"drift_confidence": 0.2, "warning_confidence": 0.3, "two_sided_test": True},
    "sequential": {"values_per_alarm": 1000},  # its own suite feeds it columns long enough to learn from
}

numbers = st.one_of(
    st.floats(-5, 5), st.sampled_from([0.0, -0.0, 1.0, 3.0]), st.floats(allow_nan=False, allow_infinity=False)
)
# Runs of equal length around levels: what fires a detector is structure, which independent draws seldom have.
regimes = st.lists(
    st.tuples(st.sampled_from([-3.0, 0.0, 0.5, 4.0]), st.integers(1, 60)), min_size=1, max_size=5
)


@st.composite
def numeric_columns(draw: st.DrawFn) -> FloatArray:
    base = np.concatenate([np.full(size, level) for level, size in draw(regimes)])
    noise = np.random.default_rng(draw(st.integers(0, 2**32))).normal(size=len(base))
    odd = draw(st.lists(st.tuples(st.integers(0, len(base) - 1), numbers), max_size=8))
    column = base + noise * draw(st.sampled_from([0.0, 0.5]))
    for at, value in odd:
        column[at] = value
    return column


@st.composite
def bit_columns(draw: st.DrawFn) -> FloatArray:
    rates = draw(st.lists(st.tuples(st.floats(0, 1), st.integers(1, 120)), min_size=1, max_size=4))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    return np.concatenate([(rng.random(size) < rate) for rate, size in rates]).astype(np.float64)


def fed_in_parts(
    spec: DetectorSpec, column: FloatArray, sizes: Sequence[int], *, restored: bool
) -> tuple[list[Detection], bytes]:
    parameters = QUICK[spec.id]
    detector: Detector = spec.build(parameters, seed=3)
    found: list[Detection] = []
    start = turn = 0
    while start < len(column):
        size = sizes[turn % len(sizes)]
        part = detector.update(column[start : start + size])
        found += [detection._replace(at=start + detection.at) for detection in part]
        start, turn = start + size, turn + 1
        if restored:
            packed = msgspec.msgpack.encode(detector.dump())
            detector = spec.load(parameters, msgspec.msgpack.decode(packed), seed=3)
            assert msgspec.msgpack.encode(detector.dump()) == packed
    return found, msgspec.msgpack.encode(detector.dump())


def check_law(spec: DetectorSpec, column: FloatArray, sizes: Sequence[int]) -> None:
    whole = fed_in_parts(spec, column, [len(column)], restored=False)
    assert fed_in_parts(spec, column, sizes, restored=False) == whole
    assert fed_in_parts(spec, column, sizes, restored=True) == whole
    assert all(math.isfinite(detection.statistic) for detection in whole[0])


sizes = st.lists(st.integers(1, 40), min_size=1, max_size=6)


@pytest.mark.parametrize("name", ["adwin", "page_hinkley", "kswin", "sequential"])
def test_numeric_detectors(name: str) -> None:
    examples = 15 if name in {"kswin", "sequential"} else 100

    @settings(max_examples=examples)
    @given(column=numeric_columns(), sizes=sizes)
    @example(column=np.array([1e308, -1e308, 0.0, 5e-324] * 20), sizes=[1])
    def law(column: FloatArray, sizes: list[int]) -> None:
        check_law(registry.get(name), column, sizes)

    law()


@pytest.mark.parametrize("name", [*QUICK])
def test_detectors_of_boolean_series(name: str) -> None:
    examples = 15 if name in {"kswin", "sequential"} else 100

    @settings(max_examples=examples)
    @given(column=bit_columns(), sizes=sizes)
    def law(column: FloatArray, sizes: list[int]) -> None:
        check_law(registry.get(name), column, sizes)

    law()


def test_the_law_covers_every_registered_detector() -> None:
    assert set(QUICK) == set(registry.installed().ids())
    assert all(Kind.BOOLEAN in registry.get(name).kinds for name in QUICK)


@pytest.mark.parametrize("name", [*QUICK])
def test_the_parameters_of_the_law_make_detectors_fire(name: str) -> None:
    rng = np.random.default_rng(0)
    length = 1200 if name == "sequential" else 120  # it learns for a while first
    column = np.concatenate([rng.random(length) < 0.2, rng.random(length) < 0.9] * 2).astype(np.float64)
    found, _ = fed_in_parts(registry.get(name), column, [len(column)], restored=False)
    assert found
