"""The board: everything that people are shown, as a fold of the monitor's own topics."""
