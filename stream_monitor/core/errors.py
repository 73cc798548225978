"""Every error the pure core raises. Bad *input* is never among them: a bad record is a value (see `core.events`)."""


class StreamMonitorError(Exception):
    """Base of all errors that the product raises on purpose; its text says what to do."""


class CorruptState(StreamMonitorError):
    """A snapshot cannot be trusted (checksum, shape, range, non-finite number): that series must warm up again."""


class NewerState(StreamMonitorError):
    """A snapshot was written by a newer release: stop, and never overwrite it (a roll-back must not erase state)."""
