"""The composition root: settings and adapters become a running worker. The only place that knows everyone."""
