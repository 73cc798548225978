"""Reading topics to their ends and on, and writing operations, over a `MemoryLog`."""

from collections.abc import Mapping, Sequence

from stream_monitor.core.errors import StreamMonitorError
from stream_monitor.core.events import Source
from stream_monitor.formats.encoded import EncodedRecord
from stream_monitor.memory.log import MemoryLog
from stream_monitor.runtime.deadline import Deadline
from stream_monitor.runtime.ports import Begin, Fetched


class MemoryTopicReader:
    """Implements `runtime.ports.TopicReader`; never waits. May be used by another thread than the log's writers."""

    def __init__(self, log: MemoryLog, topics: Mapping[str, Begin]) -> None:
        """Raises StreamMonitorError where a topic does not exist."""
        counts = log.partition_counts()
        missing = [topic for topic in topics if topic not in counts]
        if missing:
            raise StreamMonitorError(f"there is no topic {', '.join(missing)}")
        self._log = log
        self._next = {
            Source(topic, number): self._start(Source(topic, number), begin)
            for topic, begin in topics.items()
            for number in range(counts[topic])
        }
        self._behind = set(self._next)

    def read(self, max_records: int, timeout: float) -> Sequence[Fetched]:  # noqa: ARG002 - answers at once
        """See the port."""
        found: list[Fetched] = []
        left = max_records
        for source, offset in self._next.items():
            if left <= 0:
                break
            records, after = self._log.read(source, max(offset, self._log.low(source)), left)
            self._next[source] = after
            if len(records) < left:
                self._behind.discard(source)
            left -= len(records)
            if records:
                found.append(Fetched(source, records))
        return found

    def caught_up(self) -> bool:
        """See the port."""
        return not self._behind

    def close(self) -> None:
        """See the port."""

    def _start(self, source: Source, begin: Begin) -> int:
        low, high = self._log.low(source), self._log.high(source)
        start = low if begin.latest is None else max(low, high - begin.latest)
        if begin.time is not None:
            records, _ = self._log.read(source, low, high)
            since = [record.offset for record in records if record.timestamp >= begin.time]
            start = max(start, since[0] if since else high)
        return start


class MemoryOperationsWriter:
    """Implements `runtime.ports.OperationsWriter`."""

    def __init__(self, log: MemoryLog, topic: str) -> None:
        self._log = log
        self._topic = topic

    def write(self, record: EncodedRecord, deadline: Deadline) -> None:  # noqa: ARG002 - is there at once
        """See the port."""
        self._log.append(
            self._topic,
            record.value,
            key=record.key,
            timestamp=self._log.now(),
            headers=record.headers,
        )

    def close(self) -> None:
        """See the port."""
