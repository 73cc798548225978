"""Public test tools for authors of detectors: conformance check and stream generators."""

from stream_monitor.testing.detector_check import check_detector

__all__ = ["check_detector"]
