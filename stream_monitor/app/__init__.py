"""The composition root, and what runs on it: service, demo, replay of files. The only place that knows everyone."""
