"""What commands beside a running monitor do: read its topics once or follow them, and write acknowledgements and mutes."""

import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from typing import Final

from stream_monitor.app.dashboard import board_topics
from stream_monitor.app.service import kafka_options
from stream_monitor.config import Settings
from stream_monitor.core.errors import StreamMonitorError
from stream_monitor.core.events import Record
from stream_monitor.formats import operations
from stream_monitor.formats.operations import Acknowledgement, Mute, Operation
from stream_monitor.kafka.operations_writer import KafkaOperationsWriter
from stream_monitor.kafka.options import KafkaOptions
from stream_monitor.kafka.topic_reader import KafkaTopicReader
from stream_monitor.runtime.board.board import Board
from stream_monitor.runtime.board.reader import BATCH, begins, read_now
from stream_monitor.runtime.deadline import Deadline
from stream_monitor.runtime.ports import Begin

_READ_SECONDS: Final = 60.0
_WRITE_SECONDS: Final = 10.0
_TURN_SECONDS: Final = 0.5


def wall() -> int:
    """Now, ms UTC."""
    return time.time_ns() // 1_000_000


def board_now(settings: Settings) -> Board:
    """The board as of now, without history. Raises StreamMonitorError."""
    topics = board_topics(settings)
    board = Board(topics)
    with closing(KafkaTopicReader(connected(settings), begins(topics))) as reader:
        read_now(board, reader, Deadline(_READ_SECONDS))
    return board


def followed_board(settings: Settings) -> Iterator[Board]:
    """The same board again and again, whenever there was time for something to change. Raises StreamMonitorError."""
    topics = board_topics(settings)
    board = Board(topics)
    with closing(KafkaTopicReader(connected(settings), begins(topics))) as reader:
        read_now(board, reader, Deadline(_READ_SECONDS))
        while True:
            yield board
            board.fold(reader.read(BATCH, _TURN_SECONDS))


def followed_alerts(settings: Settings, since: int | None) -> Iterator[Sequence[Record]]:
    """Records of the alerts topic as they come, perhaps none in a while; since: and those not older, ms UTC.

    Raises StreamMonitorError.
    """
    begin = Begin(latest=0) if since is None else Begin(time=since)
    with closing(KafkaTopicReader(connected(settings), {settings.topics.alerts: begin})) as reader:
        while True:
            for _, records in reader.read(BATCH, _TURN_SECONDS):
                yield records
            yield ()


def acknowledge(settings: Settings, alert_ids: Sequence[str], *, by: str, reason: str) -> Sequence[str]:
    """Say of these alerts that somebody knows; what each says. Raises StreamMonitorError, also for an unknown one."""
    board, now = board_now(settings), wall()
    summaries = [_known(board, alert_id, now) for alert_id in alert_ids]
    _write(
        settings,
        [Acknowledgement(alert_id=one, by=by, reason=reason, at=now) for one in alert_ids],
    )
    return summaries


def take_back_acknowledgements(settings: Settings, alert_ids: Sequence[str]) -> None:
    """Nobody knows of these alerts any more. Raises StreamMonitorError."""
    board, now = board_now(settings), wall()
    for alert_id in alert_ids:
        _known(board, alert_id, now)
    _take_back(settings, "acknowledge", alert_ids)


def mute(settings: Settings, wanted: Mute) -> bool:
    """Mute it; whether its model is known. Raises StreamMonitorError."""
    board = board_now(settings)
    _write(settings, [wanted])
    return any(one.model == wanted.model for one in board.overview(wanted.at).models)


def unmute(settings: Settings, mute_ids: Sequence[str]) -> None:
    """Take mutes back. Raises StreamMonitorError, also for one that does not hold."""
    held = {one.mute_id for one in board_now(settings).mutes(wall()).mutes}
    for mute_id in mute_ids:
        if mute_id not in held:
            raise StreamMonitorError(
                f"no mute {mute_id!r} is in force; there are {', '.join(sorted(held)) or 'none'}"
            )
    _take_back(settings, "mute", mute_ids)


def connected(settings: Settings) -> KafkaOptions:
    """How to reach the brokers. Raises StreamMonitorError where none is named."""
    if settings.kafka.bootstrap_servers is None:
        raise StreamMonitorError(
            "no brokers: write --bootstrap-servers HOST:PORT, or kafka.bootstrap_servers in the file"
        )
    return kafka_options(settings)


def _known(board: Board, alert_id: str, now: int) -> str:
    found = board.alert(alert_id, now)
    if found is None:
        raise StreamMonitorError(f"there is no alert {alert_id!r}: `stream-monitor alerts list` shows them")
    return found.summary


def _write(settings: Settings, made: Sequence[Operation]) -> None:
    records = [operations.encode(one) for one in made]  # refused before anything is written
    with closing(KafkaOperationsWriter(connected(settings), settings.topics.operations)) as writer:
        for record in records:
            writer.write(record, Deadline(_WRITE_SECONDS))


def _take_back(settings: Settings, action: str, names: Sequence[str]) -> None:
    with closing(KafkaOperationsWriter(connected(settings), settings.topics.operations)) as writer:
        for name in names:
            writer.write(operations.taken_back(action, name), Deadline(_WRITE_SECONDS))
