"""A broker that takes connections and never answers: whoever restores from it still hears the group and a stop."""

import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest
import yaml
from prometheus_client import CollectorRegistry

from stream_monitor.app.composition import Shown, compose, first_view
from stream_monitor.app.service import SystemClock, kafka_adapters, kafka_options, topic_plans
from stream_monitor.config import load
from stream_monitor.kafka.options import KafkaOptions
from stream_monitor.kafka.state_store import KafkaStateStore
from stream_monitor.kafka.topics import verify_topics
from stream_monitor.runtime.deadline import Deadline
from stream_monitor.telemetry.recorder import Telemetry
from stream_monitor.telemetry.view import ViewHolder
from tests.e2e.service import Installation

SLICE = 3.0


@contextmanager
def silent() -> Iterator[str]:
    """The address of a port whose connections are taken by the kernel and read by nobody."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as listener:
        yield f"127.0.0.1:{listener.getsockname()[1]}"


def test_every_question_of_a_restore_waits_in_slices() -> None:
    with silent() as bootstrap:
        options = KafkaOptions(bootstrap_servers=bootstrap, group_id="g")
        store, deadline = KafkaStateStore(options, columns="columns", state="state"), Deadline(60.0)
        questions = (
            store.committed(0, deadline),
            store.low_watermark(0, deadline),
            store.snapshots(0, deadline),
            store.log(0, 0, 10, deadline),
        )
        for question in questions:
            began = time.monotonic()
            assert next(question) is None
            assert time.monotonic() - began < SLICE
        store.close()


@pytest.mark.kafka
def test_a_stop_during_a_restore_that_is_not_answered_ends_within_ten_seconds(
    installation: Installation,
) -> None:
    file = installation.directory / "monitor.yaml"
    file.write_text(yaml.safe_dump(installation.configuration()))
    settings = load(file, {})
    options, clock = kafka_options(settings), SystemClock()
    verify_topics(options, topic_plans(settings), create=True)
    holder = ViewHolder(first_view(settings, clock, name="w"))
    asked_at = 0.0

    def stop() -> bool:
        """Asked for when a restore has been under way for a while."""
        nonlocal asked_at
        view = holder.view
        if asked_at == 0.0 and any(source.topic == view.columns_topic for source in view.assigned):
            asked_at = time.monotonic() + SLICE
        return asked_at > 0.0 and time.monotonic() > asked_at

    with silent() as bootstrap:
        store = KafkaStateStore(
            replace(options, bootstrap_servers=bootstrap),
            columns=settings.topics.columns,
            state=settings.topics.state,
        )
        adapters = replace(kafka_adapters(settings, options, clock, {}), store=store)
        shown = Shown(holder=holder, telemetry=Telemetry(CollectorRegistry()))
        compose(settings, adapters, shown, name="w").run(stop)
        took = time.monotonic() - asked_at
        store.close()
    assert took < 10.0
    assert not holder.view.restored
