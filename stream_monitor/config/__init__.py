"""Configuration: YAML to validated settings, every problem with its place in the file; knows no adapter."""
