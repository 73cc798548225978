"""Public test tools for authors of detectors: conformance check and stream generators."""
