"""The pure heart: rows of a model in, drift events out. No I/O, no clock, no threads; standard library and numpy only."""
