"""A board for tests, and records of the monitor's topics for it."""

from collections.abc import Sequence
from dataclasses import replace

from stream_monitor.core.drift_event import DriftEvent
from stream_monitor.core.events import Record, Source
from stream_monitor.core.history import ModelHistory
from stream_monitor.core.reference_status import ReferenceStatus
from stream_monitor.core.status import ModelStatus
from stream_monitor.formats import drift_events, history, operations, reference_status, status, worker_status
from stream_monitor.formats.encoded import EncodedRecord
from stream_monitor.formats.operations import Operation
from stream_monitor.formats.worker_status import WorkerStatus
from stream_monitor.runtime.board.board import MAX_CELLS, Board, BoardTopics
from stream_monitor.runtime.ports import Fetched
from tests.unit.formats.core_values import NOON

GROUP = "stream-monitor"
TOPICS = BoardTopics(
    status="monitor.status",
    history="monitor.history",
    alerts="monitor.alerts",
    operations="monitor.operations",
)
Said = ModelStatus | WorkerStatus | ReferenceStatus | ModelHistory | DriftEvent | Operation


def encoded(said: Said) -> tuple[str, Sequence[EncodedRecord]]:
    """The topic and the records of what is said."""
    match said:
        case ModelStatus():
            return TOPICS.status, [status.encode(said, GROUP)]
        case WorkerStatus():
            return TOPICS.status, [worker_status.encode(said)]
        case ReferenceStatus():
            return TOPICS.status, [reference_status.encode(said)]
        case ModelHistory():
            return TOPICS.history, list(history.encode(said))
        case DriftEvent():
            return TOPICS.alerts, [drift_events.encode(said, GROUP)]
        case _:
            return TOPICS.operations, [operations.encode(said)]


def fetched(topic: str, *records: EncodedRecord, written: int = NOON) -> Fetched:
    return Fetched(Source(topic, 0), [Record(0, written, one.key, one.value) for one in records])


def tell(board: Board, *said: Said, written: int = NOON) -> Board:
    for one in said:
        topic, records = encoded(one)
        board.fold([fetched(topic, *records, written=written)])
    return board


def a_board(*said: Said, max_cells: int = MAX_CELLS) -> Board:
    return tell(Board(TOPICS, max_cells=max_cells), *said)


def an_alert(event: DriftEvent, name: str, **changes: object) -> DriftEvent:
    return replace(event, alert_id=name, **changes)  # type: ignore[arg-type]  # the test gives what the types forbid or cannot follow
