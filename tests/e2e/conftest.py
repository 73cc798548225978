"""`installation`: a group of its own on the shared broker; nothing of it outlives the test."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.conftest import TopicFactory
from tests.e2e.service import Installation
from tests.kafka_broker import RunningKafka


@pytest.fixture
def installation(
    kafka: RunningKafka, new_topic: TopicFactory, topic_name: Callable[[str], str], tmp_path: Path
) -> Iterator[Installation]:
    made = Installation(
        bootstrap=kafka.bootstrap,
        name=topic_name("monitor"),
        topic=new_topic("events", partitions=2),
        directory=tmp_path,
    )
    yield made
    made.remove()
