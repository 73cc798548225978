"""Fixtures of all tests: a real Kafka broker, names and topics on it, and no swallowed errors."""

import os
import re
import signal
import uuid
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Protocol

import pytest
from hypothesis import settings

from tests.kafka_broker import ExternalKafka, KafkaCluster, RunningKafka, create_topic
from tests.swallowed_errors import fail_on_swallowed_errors

# A slow machine is no failed law; a failure prints how to repeat it.
settings.register_profile("project", deadline=None, print_blob=True)
settings.load_profile("project")

# A shell starts background jobs with SIGINT ignored, and every process that a test starts would inherit that.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

BOOTSTRAP_VARIABLE = "STREAM_MONITOR_TEST_BOOTSTRAP"


class TopicFactory(Protocol):
    """``new_topic(role, partitions=…, config=…)`` creates a topic of this test and returns its name."""

    def __call__(
        self, role: str = "topic", *, partitions: int = 1, config: Mapping[str, str] | None = None
    ) -> str: ...


class ClusterFactory(Protocol):
    """``kafka_cluster(size=…, properties=…)`` starts a cluster that belongs to this test alone."""

    def __call__(
        self, *, size: int = 1, properties: Mapping[str, str | int] | None = None
    ) -> KafkaCluster: ...


@pytest.fixture(autouse=True)
def _no_swallowed_errors() -> Iterator[None]:
    with fail_on_swallowed_errors():
        yield


@pytest.fixture(scope="session")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningKafka]:
    """One broker for the whole run; tests keep apart by names (``topic_name``) and never stop it."""
    if named := os.environ.get(BOOTSTRAP_VARIABLE):
        yield ExternalKafka(bootstrap=named)
        return
    cluster = KafkaCluster(directory=tmp_path_factory.mktemp("kafka"))
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.remove()


@pytest.fixture
def topic_name(request: pytest.FixtureRequest) -> Callable[[str], str]:
    """Make names (topics, groups, transactional ids) that no other test and no earlier run has used."""
    test = re.sub(r"[^A-Za-z0-9._-]+", "-", request.node.name)[:60].strip("-")
    unique = uuid.uuid4().hex[:8]

    def name(role: str = "topic") -> str:
        return f"{test}-{unique}-{role}"

    return name


@pytest.fixture
def new_topic(kafka: RunningKafka, topic_name: Callable[[str], str]) -> TopicFactory:
    """Create a topic with a fresh name on the shared broker."""

    def new(role: str = "topic", *, partitions: int = 1, config: Mapping[str, str] | None = None) -> str:
        return create_topic(kafka.bootstrap, topic_name(role), partitions=partitions, config=config)

    return new


@pytest.fixture
def kafka_cluster(tmp_path: Path) -> Iterator[ClusterFactory]:
    """Start clusters of one or three nodes that the test may kill, pause and restart."""
    clusters: list[KafkaCluster] = []

    def start(*, size: int = 1, properties: Mapping[str, str | int] | None = None) -> KafkaCluster:
        directory = tmp_path / f"kafka-{len(clusters) + 1}"
        cluster = KafkaCluster(directory=directory, size=size, properties=properties or {})
        clusters.append(cluster)
        cluster.start()
        return cluster

    yield start
    for cluster in clusters:
        cluster.remove()
