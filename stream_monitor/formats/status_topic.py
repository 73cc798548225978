"""What is on the status topic, told apart by key: statuses of models and workers, and what is normal of series."""

from typing import TypeAlias

from stream_monitor.core.errors import NewerState
from stream_monitor.core.reference_status import ReferenceStatus
from stream_monitor.core.status import ModelStatus
from stream_monitor.formats import reference_status, status, worker_status
from stream_monitor.formats.worker_status import WorkerStatus

Kept: TypeAlias = ModelStatus | WorkerStatus | ReferenceStatus


def decode(key: bytes, value: bytes) -> Kept:
    """The value under `key`; a record without value takes back what was under it, and is not for here.

    Raises NewerState for a key or a format that this release does not know, CorruptState for a value that is none.
    """
    name = key.decode(errors="replace")
    if name.startswith(status.KEY_PREFIX):
        return status.decode(value)
    if name.startswith(worker_status.KEY_PREFIX):
        return worker_status.decode(value)
    if name.startswith(reference_status.KEY_PREFIX):
        return reference_status.decode(value)
    raise NewerState(f"the status topic holds {name.partition('/')[0]!r}, which this release does not know")
