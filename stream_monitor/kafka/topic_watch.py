"""The topics of the subscription, looked at now and then: which exist, how many partitions, and whether they are the same.

A topic that is deleted and created again keeps its name and starts its offsets anew; only its id (KIP-516) tells.
Knows nothing of offsets and assignment.
"""

import re
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Final, NamedTuple

from stream_monitor.core.errors import StreamMonitorError
from stream_monitor.core.events import Source
from stream_monitor.kafka.cluster import Cluster, all_partitions
from stream_monitor.kafka.options import KafkaOptions

_LOOK_SECONDS: Final = 2.0


class Recreated(NamedTuple):
    """A topic whose id has changed."""

    topic: str
    before: str
    now: str


class TopicWatch:
    """Names, ids and partition counts of the input topics and the columns topic.

    inputs: exact names, and patterns that start with ^. internal: the monitor's other topics, which no pattern may match:
    it would read its own output.
    """

    def __init__(
        self,
        options: KafkaOptions,
        cluster: Cluster,
        *,
        inputs: Sequence[str],
        columns: str,
        internal: Collection[str] = (),
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._options = options
        self._cluster = cluster
        self._monotonic = monotonic
        self._exact = {name for name in inputs if not name.startswith("^")}
        self._patterns = [re.compile(name) for name in inputs if name.startswith("^")]
        self._missing: set[str] = set()
        self._next_look = 0.0
        self._columns_count: Mapping[str, int] = {}
        self.columns = columns
        self.counts: Mapping[str, int] = {}
        self.ids: Mapping[str, str] = {}
        own = sorted(name for name in {columns, *internal} if name in self._exact or self._matches(name))
        if own:
            raise StreamMonitorError(
                f"the sources would read the monitor's own topics {', '.join(own)}; name the input topics more narrowly"
            )

    def start(self) -> None:
        """Look for the first time.

        Raises StreamMonitorError when no broker answers, or a topic is missing, with the command that creates it.
        """
        counts = self._cluster.reach()
        missing = sorted({self.columns, *self._exact} - counts.keys())
        if missing:
            raise StreamMonitorError(self._missing_text(missing))
        self._take(counts, seconds=10.0)

    def partitions(self) -> tuple[Sequence[Source], Sequence[Source]]:
        """All partitions of the columns topic and of the inputs, as of the last look."""
        return all_partitions(self._columns_count, [self.columns]), all_partitions(self.counts, self.counts)

    def suspect(self) -> None:
        """Something is wrong with a topic: look soon."""
        self._next_look = min(self._next_look, self._monotonic() + _LOOK_SECONDS)

    def learn(self, ids: Mapping[str, str]) -> bool:
        """Remember the ids of topics not known yet; False when a known one has another id now: look soon."""
        if any(self.ids.get(topic, current) != current for topic, current in ids.items()):
            self._next_look = 0.0
            return False
        self.ids = {**self.ids, **ids}
        return True

    def look_if_due(self, *, now: bool = False) -> Sequence[Recreated]:
        """Look again every `watch_seconds`; a broker that does not answer in 2 s is asked again the next time.

        Raises StreamMonitorError when a topic was missing twice in a row.
        """
        if not now and self._monotonic() < self._next_look:
            return []
        self._next_look = self._monotonic() + self._options.watch_seconds
        counts = self._cluster.partition_counts(_LOOK_SECONDS)
        if counts is None:
            return []
        missing = {self.columns, *self._exact} - counts.keys()
        if missing & self._missing:
            raise StreamMonitorError(self._missing_text(sorted(missing)))
        if missing:  # a broker that has just started may not know all topics yet
            self.suspect()
        self._missing = missing
        return self._take(counts, seconds=_LOOK_SECONDS)

    def _take(self, counts: Mapping[str, int], *, seconds: float) -> Sequence[Recreated]:
        names = {name for name in counts if name in self._exact or self._matches(name)}
        ids = self._cluster.topic_ids({self.columns, *names} & counts.keys(), seconds)
        if ids is None:
            return []
        changed = [
            Recreated(t, self.ids[t], ids[t]) for t in sorted(ids) if self.ids.get(t, ids[t]) != ids[t]
        ]
        self.counts = {name: counts[name] for name in sorted(names)}
        self._columns_count = {self.columns: counts.get(self.columns, 0)}
        self.ids = {**self.ids, **ids}
        return changed

    def _matches(self, name: str) -> bool:
        return any(pattern.match(name) for pattern in self._patterns)

    def _missing_text(self, topics: Sequence[str]) -> str:
        servers = self._options.bootstrap_servers
        commands = [
            f"kafka-topics.sh --bootstrap-server {servers} --create --topic {topic} --partitions N"
            for topic in topics
            if topic != self.columns
        ]
        if self.columns in topics:
            commands.append("stream-monitor topics create")
        return (
            f"missing on {servers}: {', '.join(topics)} (or not allowed to see them); create with:\n  "
            + "\n  ".join(commands)
        )
