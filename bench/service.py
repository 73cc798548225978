"""The service as `stream-monitor run` runs it, but that the benchmark says when it is enough, and looks at its counters."""

import os
import uuid
from collections.abc import Callable, Mapping
from typing import Any

from prometheus_client import CollectorRegistry

from stream_monitor.app.composition import Shown, compose, first_view
from stream_monitor.app.dashboard import kafka_reach
from stream_monitor.app.process import settle
from stream_monitor.app.service import (
    SystemClock,
    kafka_adapters,
    kafka_options,
    serving,
    topic_plans,
)
from stream_monitor.config import Settings, load
from stream_monitor.kafka.topics import verify_topics
from stream_monitor.telemetry.metric import PREFIX
from stream_monitor.telemetry.metrics import RECORDED
from stream_monitor.telemetry.recorder import Telemetry
from stream_monitor.telemetry.view import ViewHolder


class Counters:
    """What a worker counts. A look makes no family but the one that is asked for: drift events alone have 18 series a model."""

    def __init__(self, telemetry: Telemetry) -> None:
        self._telemetry = telemetry

    def total(self, name: str, **labels: str) -> float:
        """Sum of a counter, or of a histogram's count or sum, over what has these labels."""
        wanted, full = set(labels.items()), PREFIX + name
        metric = next(one for one in RECORDED if name.startswith(one.name))
        return sum(
            sample.value
            for family in self._telemetry.families([metric])
            for sample in family.samples
            if sample.name == full and wanted <= set(sample.labels.items())
        )


def own_settings(bootstrap: str, topic: str, more: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The defaults in a group and with topics of its own; `more` also names the models, or they are discovered."""
    own = f"bench-monitor-{uuid.uuid4().hex[:8]}"
    return {
        "kafka.bootstrap_servers": bootstrap,
        "kafka.group_id": own,
        "kafka.topic_prefix": own,
        "kafka.replication_factor": 1,
        "http.listen": "127.0.0.1:0",
        **(more or {"discovery.topics": [topic]}),
    }


def settings_of(wanted: Mapping[str, Any]) -> Settings:
    """The settings that these values make."""
    return load(None, {}, dict(wanted))


def serve(wanted: Mapping[str, Any], stop_of: Callable[[Counters], Callable[[], bool]], name: str) -> None:
    """One worker of the group that `wanted` names, until the condition that `stop_of` makes."""
    settings, clock, metrics = settings_of(wanted), SystemClock(), CollectorRegistry()
    options, telemetry = kafka_options(settings), Telemetry(metrics)
    holder = ViewHolder(first_view(settings, clock, name=name))
    verify_topics(options, topic_plans(settings), create=True, replication_factor=1)
    with serving(settings, holder, metrics, kafka_reach(settings, options, always=False)):
        adapters = kafka_adapters(settings, options, clock, os.environ)
        worker = compose(settings, adapters, Shown(holder=holder, telemetry=telemetry), name=name)
        settle()
        worker.run(stop_of(Counters(telemetry)))
