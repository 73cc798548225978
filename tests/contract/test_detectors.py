"""Every installed detector, found as users find it, passes the public check that plug-ins must pass."""

from collections.abc import Mapping

import pytest

from stream_monitor.core.detector import Scalar
from stream_monitor.detectors import registry
from stream_monitor.testing import check_detector


@pytest.mark.parametrize("name", registry.installed().ids())
def test_every_registered_detector_keeps_the_protocol(name: str) -> None:
    check_detector(registry.get(name))


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("adwin", {"delta": 0.01, "clock": 1, "max_buckets": 2, "min_window_length": 3, "grace_period": 1}),
        ("page_hinkley", {"mode": "up", "alpha": 1}),
        ("ddm", {"warm_start": 100, "drift_threshold": 4}),
        ("eddm", {"alpha": 0.8, "beta": 0.75}),
        ("fhddm", {"sliding_window_size": 50, "short_window_size": 20}),
        ("hddm_a", {"two_sided_test": True}),
        ("hddm_w", {"two_sided_test": True, "lambda_val": 0.2}),
    ],
)
def test_other_parameters_keep_it_too(name: str, parameters: Mapping[str, Scalar]) -> None:
    check_detector(registry.get(name), parameters=parameters)
