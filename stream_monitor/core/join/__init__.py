"""The label join: predictions wait for their labels, within bounds, and come back in pairs. `label_join` is the way in."""
