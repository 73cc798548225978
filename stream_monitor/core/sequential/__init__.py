"""The sequential test with a proven bound on false alarms: a conformal e-detector on bin counts.

Nothing here knows series, models or alerts. See docs/explanation/alarm-budget.md for the theorem.
"""
