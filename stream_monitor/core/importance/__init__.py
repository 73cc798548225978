"""How much a feature weighs in what a model predicts, as its own stream shows it.

Nothing here knows of drifts or alerts.
"""
