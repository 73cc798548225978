"""Streaming drift monitor on Kafka: feature, prediction and label events in, exactly-once drift events out."""

__version__ = "0.1.0"
