"""How well drift is detected, and how often where there is none. Knows the truth of its streams; the package does not."""
