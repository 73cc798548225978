from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, cast

import pytest

from stream_monitor.core.errors import StreamMonitorError
from stream_monitor.core.events import Source
from stream_monitor.kafka.options import KafkaOptions
from stream_monitor.kafka.topic_watch import Recreated, TopicWatch

if TYPE_CHECKING:
    from stream_monitor.kafka.cluster import Cluster

OPTIONS = KafkaOptions(bootstrap_servers="broker:9092", group_id="group", watch_seconds=30)


class StubCluster:
    """Answers from a dictionary; None: does not answer."""

    def __init__(self) -> None:
        self.topics: dict[str, tuple[str, int]] | None = {"columns": ("c1", 12), "in": ("i1", 4)}

    def reach(self) -> Mapping[str, int]:
        counts = self.partition_counts(1)
        assert counts is not None
        return counts

    def partition_counts(self, _: float) -> Mapping[str, int] | None:
        return None if self.topics is None else {name: n for name, (_, n) in self.topics.items()}

    def topic_ids(self, topics: Collection[str], _: float) -> dict[str, str] | None:
        if self.topics is None:
            return None
        return {name: self.topics[name][0] for name in topics if name in self.topics}


class Watched:
    def __init__(self, *inputs: str, internal: Collection[str] = ()) -> None:
        self.now = 0.0
        self.cluster = StubCluster()
        self.watch = TopicWatch(
            OPTIONS,
            cast("Cluster", self.cluster),
            inputs=inputs,
            columns="columns",
            internal=internal,
            monotonic=lambda: self.now,
        )

    def later(self, seconds: float = 31.0) -> list[Recreated]:
        self.now += seconds
        return list(self.watch.look_if_due())


def test_counts_and_ids_are_those_of_the_inputs() -> None:
    watched = Watched("in", "^more-.*")
    watched.watch.start()
    columns, inputs = watched.watch.partitions()
    assert (len(columns), inputs) == (12, [Source("in", number) for number in range(4)])
    assert watched.watch.counts == {"in": 4}
    assert watched.watch.ids == {"in": "i1", "columns": "c1"}
    watched.cluster.topics = {"columns": ("c1", 12), "in": ("i1", 6), "more-1": ("m1", 1), "other": ("o", 1)}
    assert watched.later() == []
    assert watched.watch.counts == {"in": 6, "more-1": 1}


def test_nothing_is_asked_before_it_is_time() -> None:
    watched = Watched("in")
    watched.watch.start()
    watched.later()
    watched.cluster.topics = {"columns": ("c1", 12), "in": ("i2", 4)}
    assert watched.later(29.0) == []
    assert watched.later(2.0) == [Recreated("in", "i1", "i2")]
    assert watched.later() == []


def test_a_broker_that_does_not_answer_changes_nothing() -> None:
    watched = Watched("in")
    watched.watch.start()
    watched.cluster.topics = None
    assert watched.later() == []
    assert watched.watch.counts == {"in": 4}


def test_a_topic_must_be_missing_twice_before_it_is_gone() -> None:
    watched = Watched("in")
    watched.watch.start()
    everything = watched.cluster.topics
    watched.cluster.topics = {"columns": ("c1", 12)}
    assert watched.later() == []
    watched.cluster.topics = everything
    assert watched.later(2.0) == []
    watched.cluster.topics = {"columns": ("c1", 12)}
    assert watched.later() == []
    with pytest.raises(StreamMonitorError, match=r"(?s)missing on broker:9092: in .*--create --topic in"):
        watched.later(2.0)


def test_a_known_topic_with_another_id_is_looked_at_soon() -> None:
    watched = Watched("in")
    watched.watch.start()
    watched.later()
    assert watched.watch.learn({"new": "n1"})
    assert not watched.watch.learn({"in": "i2"})
    watched.cluster.topics = {"columns": ("c1", 12), "in": ("i2", 4)}
    assert watched.later(0.0) == [Recreated("in", "i1", "i2")]


@pytest.mark.parametrize("inputs", [("columns",), ("^.*",), ("in", "^mon.*")])
def test_the_monitor_never_reads_its_own_topics(inputs: tuple[str, ...]) -> None:
    with pytest.raises(StreamMonitorError, match="own topics"):
        Watched(*inputs, internal=["monitor.alerts"])


def test_missing_topics_are_named_with_the_commands_that_create_them() -> None:
    watched = Watched("in", "gone")
    watched.cluster.topics = {"in": ("i1", 1)}
    with pytest.raises(
        StreamMonitorError,
        match=r"columns, gone .*\n  kafka-topics.sh --bootstrap-server broker:9092 --create --topic gone --partitions N"
        r"\n  stream-monitor topics create",
    ):
        watched.watch.start()
