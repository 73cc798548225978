"""What is on the alerts topic, whatever it is: drift events and retrain requests, told apart by their CloudEvents type."""

from collections.abc import Mapping
from typing import TypeAlias

import orjson

from stream_monitor.core.drift_event import DriftEvent
from stream_monitor.core.errors import CorruptState
from stream_monitor.core.retrain_request import RetrainRequest
from stream_monitor.formats import drift_events, retrain_requests

Published: TypeAlias = DriftEvent | RetrainRequest


def decode(value: bytes) -> Published:
    """The value of a record of the alerts topic. Raises NewerState for a later version, CorruptState for anything else."""
    try:
        parsed = orjson.loads(value)
    except orjson.JSONDecodeError as error:
        raise CorruptState("neither a drift event nor a retrain request: not JSON") from error
    kind = parsed.get("type") if isinstance(parsed, Mapping) else None
    if isinstance(kind, str) and kind.startswith(retrain_requests.TYPE_PREFIX):
        return retrain_requests.from_cloud_event(parsed)
    return drift_events.from_cloud_event(parsed)
