"""Runtime: the ports and the worker loop between them; knows no adapter by name."""
