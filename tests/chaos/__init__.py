"""Chaos on a real broker: kill workers at every step, restart the broker, storm the group, then prove what is promised."""
