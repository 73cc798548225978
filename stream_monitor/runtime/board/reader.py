"""Feeds a board in a thread of its own: only while somebody looks, or from the start where that is what the program is for."""

import threading
from collections.abc import Callable, Mapping
from typing import Final

from stream_monitor.core.errors import StreamMonitorError
from stream_monitor.runtime.board.board import Board, BoardTopics
from stream_monitor.runtime.deadline import Deadline
from stream_monitor.runtime.ports import Begin, Clock, TopicReader
from stream_monitor.telemetry.logs import get_logger

IDLE_SECONDS: Final = 300.0
HISTORY_RECORDS: Final = (
    20_000  # read when it begins: 7 days of one model, or what 20 models wrote in some hours
)
BATCH: Final = 200
_TURN_SECONDS: Final = 0.2
_LONGEST_PAUSE: Final = 30.0
_STOP_SECONDS: Final = 5.0
_log = get_logger("stream_monitor.board")

OpenReader = Callable[[Mapping[str, Begin]], TopicReader]


class Interest:
    """Whether anybody still looks: somebody asked within the last `idle` seconds. always: whether or not anybody does."""

    def __init__(self, *, always: bool, idle: float = IDLE_SECONDS) -> None:
        self._always = always
        self._idle = idle
        self._asked: float | None = None

    def asked(self, now: float) -> None:
        """Somebody looks. now: seconds of a monotonic clock."""
        self._asked = now

    def lasts(self, now: float) -> bool:
        """Whether it is worth to go on."""
        return self._always or (self._asked is not None and now - self._asked <= self._idle)


def begins(topics: BoardTopics) -> Mapping[str, Begin]:
    """From where each topic is read: what is compacted or short as a whole, of the history the latest."""
    return {
        topics.status: Begin(),
        topics.alerts: Begin(),
        topics.operations: Begin(),
        topics.history: Begin(latest=HISTORY_RECORDS),
    }


class BoardReader:
    """A board that is fed. `board()` starts the thread where there is none; it ends when nobody asked for five minutes, and the
    board with it: the next one begins anew. always: started by `start` and never ends by itself. first_pause: seconds between a
    refusal and the next try; doubled each time, up to 30.
    """

    def __init__(
        self,
        topics: BoardTopics,
        open_reader: OpenReader,
        clock: Clock,
        *,
        always: bool = False,
        first_pause: float = 1.0,
    ) -> None:
        self._topics = topics
        self._open = open_reader
        self._clock = clock
        self._interest = Interest(always=always)
        self._first_pause = first_pause
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._board = Board(topics)
        self._fresh = threading.Event()

    def start(self) -> None:
        """Feed the board from now on, if nobody does."""
        with self._lock:
            self._interest.asked(self._clock.monotonic())
            if self._thread is not None and self._thread.is_alive():
                return
            self._board = Board(self._topics)
            self._stop, self._fresh = threading.Event(), threading.Event()
            self._thread = threading.Thread(
                target=self._feed, args=(self._board, self._stop, self._fresh), name="board", daemon=True
            )
            self._thread.start()

    def board(self, wait: float = 0.0) -> Board:
        """The board. wait: at most so many seconds for it to catch up."""
        self.start()
        if wait:
            self._fresh.wait(wait)
        return self._board

    def stop(self) -> None:
        """End the thread; returns within some seconds. May be called again, and `start` after it."""
        with self._lock:
            self._stop.set()
            thread = self._thread
        if thread is not None:
            thread.join(_STOP_SECONDS)

    @property
    def running(self) -> bool:
        """Whether the board is being fed."""
        return self._thread is not None and self._thread.is_alive()

    def _feed(self, board: Board, stop: threading.Event, fresh: threading.Event) -> None:
        """Thread. What the brokers refuse is a problem that the board shows, and is tried again after a while."""
        pause = self._first_pause
        while not stop.is_set() and self._wanted():
            try:
                self._follow(board, stop, fresh)
            except StreamMonitorError as error:
                board.told(caught_up=False, problem=str(error))
                _log.warning("the board cannot be fed", problem=str(error), again_in=pause)
                stop.wait(pause)
                pause = min(2 * pause, _LONGEST_PAUSE)
            else:
                pause = self._first_pause

    def _follow(self, board: Board, stop: threading.Event, fresh: threading.Event) -> None:
        """Read until it is no longer wanted. A reader that is made anew begins anew, and so does the board."""
        reader = self._open(begins(self._topics))
        board.clear()
        try:
            while not stop.is_set() and self._wanted():
                fetched = reader.read(BATCH, _TURN_SECONDS)
                if fetched:
                    board.fold(fetched)
                elif not reader.caught_up():
                    continue
                else:
                    stop.wait(_TURN_SECONDS)
                caught_up = reader.caught_up()
                board.told(caught_up=caught_up, problem=None)
                if caught_up:
                    fresh.set()
        finally:
            reader.close()

    def _wanted(self) -> bool:
        return self._interest.lasts(self._clock.monotonic())


def read_now(board: Board, reader: TopicReader, deadline: Deadline) -> None:
    """Fold everything that is there now. Raises StreamMonitorError when that takes too long."""
    while not reader.caught_up():
        board.fold(reader.read(BATCH, _TURN_SECONDS))
        if deadline.passed:
            raise StreamMonitorError(
                "the monitor's topics could not be read to their ends in time; try again"
            )
    board.told(caught_up=True, problem=None)
