"""What is on the alerts topic, whatever it is: drift events and retrain requests, told apart by their CloudEvents type."""

from collections.abc import Mapping
from typing import TypeAlias

from stream_monitor.core.drift_event import DriftEvent
from stream_monitor.core.retrain_request import RetrainRequest
from stream_monitor.formats import drift_events, retrain_requests
from stream_monitor.formats.cloud_events import parsed

Published: TypeAlias = DriftEvent | RetrainRequest


def decode(value: bytes) -> Published:
    """The value of a record of the alerts topic. Raises NewerState for a later version, CorruptState for anything else."""
    event = parsed(value, "neither a drift event nor a retrain request")
    kind = event.get("type") if isinstance(event, Mapping) else None
    if isinstance(kind, str) and kind.startswith(retrain_requests.FORM.prefix):
        return retrain_requests.from_cloud_event(event)
    return drift_events.from_cloud_event(event)
