"""What others would run instead: each a script of its own, which imports nothing but what its requirements name."""
