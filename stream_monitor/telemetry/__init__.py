"""Telemetry: metrics, logs and the immutable view that HTTP reads; never decides anything."""
