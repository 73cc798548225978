import threading
from collections.abc import Mapping

import pytest

from stream_monitor.core.errors import StreamMonitorError
from stream_monitor.memory import MemoryLog, MemoryTopicReader
from stream_monitor.runtime.board.board import Board
from stream_monitor.runtime.board.reader import BoardReader, Interest, begins, history_begin, read_now
from stream_monitor.runtime.deadline import Deadline
from stream_monitor.runtime.ports import Begin, Fetched, TopicReader
from tests.unit.formats.core_values import NOON, STATUS
from tests.unit.formats.topic_values import HISTORY
from tests.unit.runtime.board.boards import TOPICS, Said, encoded

PATIENCE = 20.0


class HandClock:
    """Time that a test sets."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def wall(self) -> int:
        return NOON

    def monotonic(self) -> float:
        return self.seconds


def a_log(*said: Said) -> MemoryLog:
    log = MemoryLog()
    for topic in (TOPICS.status, TOPICS.history, TOPICS.alerts, TOPICS.operations):
        log.create_topic(topic)
    say(log, *said)
    return log


def say(log: MemoryLog, *said: Said) -> None:
    for one in said:
        topic, records = encoded(one)
        for record in records:
            log.append(topic, record.value, key=record.key, timestamp=NOON)


def until_it_ends(reader: BoardReader) -> None:
    assert reader._thread is not None
    reader._thread.join(PATIENCE)
    assert not reader.running


def test_it_begins_with_the_first_question_and_catches_up() -> None:
    log = a_log(STATUS, HISTORY)
    reader = BoardReader(TOPICS, lambda topics: MemoryTopicReader(log, topics), HandClock())
    assert not reader.running
    overview = reader.board(wait=PATIENCE).overview(NOON)
    assert (overview.caught_up, [one.model for one in overview.models]) == (True, ["fraud"])
    reader.stop()
    assert not reader.running


def test_it_ends_when_nobody_asks_and_begins_anew_with_the_next_question() -> None:
    clock, log = HandClock(), a_log(STATUS)
    reader = BoardReader(TOPICS, lambda topics: MemoryTopicReader(log, topics), clock)
    first = reader.board(wait=PATIENCE)
    clock.seconds = 301.0
    until_it_ends(reader)
    second = reader.board(wait=PATIENCE)
    assert second is not first
    assert second.overview(NOON).models != ()
    reader.stop()


def test_interest() -> None:
    interest = Interest(always=False, idle=300.0)
    assert not interest.lasts(0.0)
    interest.asked(10.0)
    assert interest.lasts(310.0)
    assert not interest.lasts(310.5)
    assert Interest(always=True).lasts(1e9)


class Moody:
    """A reader that is refused a few times, in the middle of reading too."""

    def __init__(self, log: MemoryLog, topics: Mapping[str, Begin], fails: bool) -> None:
        self._reader = MemoryTopicReader(log, topics)
        self._fails = fails

    def read(self, max_records: int, timeout: float) -> "list[Fetched]":  # noqa: ARG002 (the protocol's)
        found = list(self._reader.read(1, timeout))
        if self._fails and not found:
            raise StreamMonitorError("the broker went away")
        return found

    def caught_up(self) -> bool:
        return self._reader.caught_up() and not self._fails

    def close(self) -> None:
        self._reader.close()


def test_what_is_refused_is_a_problem_that_is_shown_and_tried_again_without_counting_twice() -> None:
    log, tries, seen = a_log(STATUS, HISTORY), [0], threading.Event()

    def open_reader(topics: Mapping[str, Begin]) -> TopicReader:
        tries[0] += 1
        if tries[0] == 1:
            raise StreamMonitorError("no broker answers")
        if tries[0] == 3:
            shown.append(reader._board.problems())
            seen.set()
        return Moody(log, topics, fails=tries[0] == 2)

    shown: list[tuple[str, ...]] = []
    reader = BoardReader(TOPICS, open_reader, HandClock(), first_pause=0.001)
    board = reader.board(wait=PATIENCE)
    assert seen.is_set()
    assert shown == [("the broker went away",)]
    assert (board.overview(NOON).caught_up, board.problems()) == (True, ())
    (model,) = board.overview(NOON).models
    assert sum(model.sparkline) == sum(HISTORY.rows)
    reader.stop()


def test_history_is_read_from_a_bounded_number_of_records() -> None:
    assert set(begins(TOPICS).values()) == {Begin()}
    assert [history_begin(TOPICS, series)[TOPICS.history].latest for series in (0, 20, 500, 1e6)] == [
        20_000,
        20_000,
        3_000,
        500,
    ]


def test_reading_once_folds_what_is_there_and_gives_up_in_time() -> None:
    log, board = a_log(STATUS), Board(TOPICS)
    read_now(board, MemoryTopicReader(log, begins(TOPICS)), Deadline(PATIENCE))
    assert board.overview(NOON).caught_up
    with pytest.raises(StreamMonitorError, match="in time"):
        read_now(board, Moody(log, begins(TOPICS), fails=False), Deadline(0.0))
