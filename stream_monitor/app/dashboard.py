"""The dashboard of a process: a board that is fed from the monitor's topics, a writer of operations, endpoints over both."""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import partial

from stream_monitor.app.effective import Effective
from stream_monitor.config import Settings
from stream_monitor.formats.encoded import EncodedRecord
from stream_monitor.kafka.operations_writer import KafkaOperationsWriter
from stream_monitor.kafka.options import KafkaOptions
from stream_monitor.kafka.topic_reader import KafkaTopicReader
from stream_monitor.memory.log import MemoryLog
from stream_monitor.memory.topics import MemoryOperationsWriter, MemoryTopicReader
from stream_monitor.runtime.board.board import BoardTopics
from stream_monitor.runtime.board.reader import BoardReader
from stream_monitor.runtime.deadline import Deadline
from stream_monitor.runtime.ports import Begin, Clock, OperationsWriter, TopicReader
from stream_monitor.web.dashboard import Dashboard, Endpoints


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """How a dashboard gets at the topics. always: feed the board from the start, not only while somebody looks."""

    open_reader: Callable[[Mapping[str, Begin]], TopicReader]
    open_writer: Callable[[], OperationsWriter]
    always: bool


def kafka_reach(settings: Settings, options: KafkaOptions, *, always: bool) -> Reach:
    """Over the brokers. Nothing connects before somebody looks."""
    return Reach(
        open_reader=partial(KafkaTopicReader, options),
        open_writer=partial(KafkaOperationsWriter, options, settings.topics.operations),
        always=always,
    )


def memory_reach(settings: Settings, log: MemoryLog) -> Reach:
    """Over a log in this process."""
    return Reach(
        open_reader=partial(MemoryTopicReader, log),
        open_writer=partial(MemoryOperationsWriter, log, settings.topics.operations),
        always=True,
    )


def board_topics(settings: Settings) -> BoardTopics:
    """Names of the topics that are read."""
    topics = settings.topics
    return BoardTopics(
        status=topics.status, history=topics.history, alerts=topics.alerts, operations=topics.operations
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenDashboard:
    """What is served, and what feeds it."""

    endpoints: Endpoints
    reader: BoardReader


@contextmanager
def open_dashboard(settings: Settings, reach: Reach, clock: Clock) -> Iterator[OpenDashboard]:
    """The dashboard while the block runs."""
    reader = BoardReader(board_topics(settings), reach.open_reader, clock, always=reach.always)
    secret = settings.http.bearer_token
    token = None if secret is None else secret.value
    with closing(WriterOnDemand(reach.open_writer)) as writer:
        endpoints = Endpoints(
            Dashboard(
                board=reader.board,
                writer=writer,
                configuration=Effective(settings, token=token),
                token=token,
                wall=clock.wall,
            )
        )
        if reach.always:
            reader.start()
        try:
            yield OpenDashboard(endpoints=endpoints, reader=reader)
        finally:
            endpoints.close()
            reader.stop()


class WriterOnDemand:
    """Implements `runtime.ports.OperationsWriter`: opens another one when it is first written to. Most workers never are."""

    def __init__(self, open_writer: Callable[[], OperationsWriter]) -> None:
        self._open = open_writer
        self._lock = threading.Lock()
        self._writer: OperationsWriter | None = None

    def write(self, record: EncodedRecord, deadline: Deadline) -> None:
        """See the port."""
        with self._lock:
            if self._writer is None:
                self._writer = self._open()
        self._writer.write(record, deadline)

    def close(self) -> None:
        """See the port."""
        with self._lock:
            if self._writer is not None:
                self._writer.close()
                self._writer = None
