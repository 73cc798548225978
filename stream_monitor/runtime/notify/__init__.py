"""From the alerts topic to people's tools: one `Delivery` a sink, at least once, in order."""
