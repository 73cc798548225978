"""What must be known to tell people of alerts: which are open, and what people have done about them. A fold of two topics."""

from collections.abc import Sequence
from typing import Final

from stream_monitor.core.drift_event import DriftEvent
from stream_monitor.core.errors import CorruptState, NewerState
from stream_monitor.core.events import Record
from stream_monitor.formats import operations, status
from stream_monitor.runtime.board.operations import OperationBook
from stream_monitor.runtime.ports import TopicReader

_MOST: Final = 500  # records a turn


class TopicsAround:
    """Reads the status and the operations topic. status_topic: name of the former; what is not of it is an operation."""

    def __init__(self, reader: TopicReader, status_topic: str) -> None:
        self.operations = OperationBook()
        self._reader = reader
        self._status_topic = status_topic
        self._open: dict[str, tuple[DriftEvent, ...]] = {}

    def refresh(self) -> bool:
        """Take what has come. Returns whether everything up to the start is known. Raises StreamMonitorError."""
        while True:
            fetched = self._reader.read(_MOST, 0.0 if self._reader.caught_up() else 0.2)
            for source, records in fetched:
                for record in records:
                    self._take(source.topic, record)
            if not fetched:
                return self._reader.caught_up()

    def open_alerts(self) -> Sequence[DriftEvent]:
        """The latest drift event of every alert that is open, of all models."""
        return [event for of_model in self._open.values() for event in of_model]

    def close(self) -> None:
        """Stop reading."""
        self._reader.close()

    def _take(self, topic: str, record: Record) -> None:
        try:
            if topic != self._status_topic:
                self.operations.take(operations.decode(record.key, record.value), record.timestamp)
            elif (key := (record.key or b"").decode("utf-8", "replace")).startswith(status.KEY_PREFIX):
                value = record.value
                self._open[key] = () if value is None else status.decode(value).open_alerts
        except (CorruptState, NewerState):
            pass  # the board counts and shows them; nobody can be told of what cannot be read
