"""An application with a dashboard over a board that tests tell things, and what was written to the operations topic."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from prometheus_client import CollectorRegistry
from starlette.testclient import TestClient

from stream_monitor.app.effective import Effective
from stream_monitor.config import load
from stream_monitor.core.errors import StreamMonitorError
from stream_monitor.formats.encoded import EncodedRecord
from stream_monitor.runtime.board.board import Board
from stream_monitor.runtime.deadline import Deadline
from stream_monitor.web.app import Published, create_app
from stream_monitor.web.dashboard import Dashboard, Endpoints
from tests.unit.formats.core_values import NOON, OPENED, STATUS
from tests.unit.formats.topic_values import HISTORY, REFERENCES, WORKER
from tests.unit.runtime.board.boards import a_board
from tests.views import BUILD

TOKEN = "0123456789abcdef"
BEARER = {"authorization": f"Bearer {TOKEN}"}
SETTINGS: Mapping[str, object] = {
    "kafka.bootstrap_servers": "broker:9092",
    "models": [{"name": "fraud", "sources": ["fraud.events"], "alerting": {"false_alarms": "2 per week"}}],
    "http.token": TOKEN,
}


@dataclass
class Written:
    """An `OperationsWriter` that keeps what is written. problem: with which it refuses."""

    records: list[EncodedRecord] = field(default_factory=list)
    problem: str | None = None

    def write(self, record: EncodedRecord, deadline: Deadline) -> None:
        assert deadline.left() > 0
        if self.problem is not None:
            raise StreamMonitorError(self.problem)
        self.records.append(record)

    def close(self) -> None: ...


def a_full_board() -> Board:
    return a_board(STATUS, REFERENCES, HISTORY, WORKER, OPENED)


def client(
    board: Board | None = None, *, token: str | None = TOKEN, written: Written | None = None
) -> TestClient:
    """now: NOON."""
    filled = a_full_board() if board is None else board
    endpoints = Endpoints(
        Dashboard(
            board=lambda _: filled,
            writer=written or Written(),
            configuration=Effective(load(None, {}, SETTINGS), token=token),
            token=token,
            wall=lambda: NOON,
        )
    )
    published = Published(registry=CollectorRegistry(), build=BUILD, endpoints=endpoints)
    return TestClient(create_app(published), base_url="http://localhost:8080")
