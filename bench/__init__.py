"""What an event costs, step by step and end to end, always next to the floor that nobody can avoid: `python -m bench`."""
