"""Read-only HTTP: metrics and health from the published view; never touches the worker."""
