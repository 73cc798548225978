"""The sections of the benchmark: each measures one thing and gives the Markdown that says so."""
