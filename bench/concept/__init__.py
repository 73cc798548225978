"""Concept drift through the whole product: events with features, prediction and label, replayed, and what was raised."""
