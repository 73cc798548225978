"""The demo on a real Kafka: its story over a broker's topics, and a producer alone for a monitor that already runs."""

import os
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from stream_monitor.app.dashboard import kafka_reach
from stream_monitor.app.demo import (
    Audience,
    Event,
    Result,
    Show,
    decoded,
    encoded,
    perform,
    settings_of,
    stage,
    with_training,
)
from stream_monitor.app.export import Wanted, export
from stream_monitor.app.service import SystemClock, kafka_adapters, kafka_options, topic_plans
from stream_monitor.config import Settings
from stream_monitor.core.retrain_request import RetrainRequest
from stream_monitor.formats.alerts_topic import Published
from stream_monitor.kafka.plain_clients import PlainProducer, TopicReader
from stream_monitor.kafka.topics import TopicPlan, verify_topics
from stream_monitor.testing.scenario import Scenario

PARTITIONS = 4
LONGEST_SLEEP = 0.2  # seconds between two looks at whether to stop


def perform_on_kafka(
    scenario: Scenario,
    audience: Audience,
    *,
    duration: float,
    overrides: Mapping[str, object],
) -> Result:
    """The demo on topics of its own, which stay, with event times of now.

    duration: seconds that the events take, 0 as fast as possible. overrides: `kafka.bootstrap_servers` and what else the
    connection needs. Raises StreamMonitorError if the brokers cannot be worked with, or nothing moves any more.
    """
    name = f"stream-monitor-demo-{uuid.uuid4().hex[:8]}"
    inputs = f"{name}.events"
    settings = settings_of(
        scenario,
        {
            **overrides,
            "kafka.topic_prefix": name,
            "kafka.partitions": PARTITIONS,
            "kafka.group_id": name,
            # what 1 per month is on the scenario's ten weeks
            "alerting.false_alarms": f"1 per {scenario.events * 3 // 7} events",
        },
        topic=inputs,
    )
    # Every millisecond one: in order across partitions, and a second's lateness is a second of the stream.
    began, spacing = time.time_ns() // 1_000_000, max(1.0, 1_000 * duration / scenario.events)
    options = kafka_options(settings)
    verify_topics(options, [_input_plan(inputs), *topic_plans(settings)], create=True)
    adapters = kafka_adapters(settings, options, SystemClock(), os.environ)
    with (
        closing(TopicReader(options, settings.topics.alerts)) as reader,
        stage(settings, adapters, kafka_reach(settings, options, always=True)) as (worker, holder, served),
    ):
        show = Show(
            scenario=scenario,
            duration=duration,
            log=_OnKafka(PlainProducer(options), inputs, reader),
            holder=holder,
            audience=audience,
            wait=_poll_waits,
            time_of=lambda at: began + round(at * spacing),
        )
        audience.started(scenario, served, f"the topics {name}.* at {options.bootstrap_servers}")
        result = with_training(perform(worker, show), partial(_exported, settings))
        audience.finished(result)
        return result


def _exported(settings: Settings, request: RetrainRequest, path: Path) -> tuple[int, int]:
    """Cases and labels that `stream-monitor export` writes for the request."""
    done = export(settings, Wanted(id=request.id), path, lambda _: None)
    return done.written, done.labels


def _poll_waits(_seconds: float) -> None:
    """The worker's poll waits for records: no need to."""


class _OnKafka:
    """The demo's log on a broker."""

    def __init__(self, producer: PlainProducer, topic: str, reader: TopicReader) -> None:
        self._producer = producer
        self._topic = topic
        self._reader = reader

    def write(self, events: Sequence[Event]) -> None:
        for key, value in events:
            self._producer.write(self._topic, key, value)

    def published(self) -> Sequence[Published]:
        return decoded(self._reader.read())


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """seconds: for all events of the scenario once. cycles: how often, None for ever."""

    seconds: float
    cycles: int | None


def produce(
    scenario: Scenario,
    pace: Pace,
    stop: Callable[[], bool],
    *,
    topic: str,
    overrides: Mapping[str, object],
) -> int:
    """Only write the scenario's events, each with the time at which it is written; returns how many were.

    overrides: `kafka.bootstrap_servers` and what else the connection needs. Raises StreamMonitorError.
    """
    options = kafka_options(settings_of(scenario, overrides))
    verify_topics(options, [_input_plan(topic)], create=True)
    producer = PlainProducer(options)
    written, cycle = 0, 0
    while not stop() and cycle != pace.cycles:
        began = time.monotonic()
        for at, event in enumerate(scenario):
            due = began + at * pace.seconds / scenario.events
            while (early := due - time.monotonic()) > 0 and not stop():
                time.sleep(min(early, LONGEST_SLEEP))
            if stop():
                break
            event["id"] = f"{event['id']}-{cycle}"
            event["time"] = time.time_ns() // 1_000_000
            producer.write(topic, *encoded(event))
            written += 1
        cycle += 1
    producer.flush()
    return written


def _input_plan(topic: str) -> TopicPlan:
    return TopicPlan(name=topic, purpose="events of the demo", partitions=PARTITIONS, partitions_fixed=False)
