"""The in-memory adapter of the ports: a log with transactions, for the demo, replay and tests."""
