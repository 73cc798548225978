"""Detectors: one algorithm a file, found through entry points; knows no I/O, clock or Kafka."""
