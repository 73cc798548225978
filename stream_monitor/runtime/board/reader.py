"""Feeds a board in a thread of its own: only while somebody looks, or from the start where that is what the program is for."""

import threading
from collections.abc import Callable, Mapping
from contextlib import ExitStack, closing
from typing import Final

from stream_monitor.core.errors import StreamMonitorError
from stream_monitor.runtime.board.board import Board, BoardTopics
from stream_monitor.runtime.deadline import Deadline
from stream_monitor.runtime.ports import Begin, Clock, TopicReader
from stream_monitor.telemetry.logs import get_logger

IDLE_SECONDS: Final = 300.0
MOST_HISTORY: Final = 20_000  # records read when it begins: 7 days of one model
LEAST_HISTORY: Final = 500
SERIES_READ: Final = 1_500_000  # of these records, all together: 15 s of work or so
BATCH: Final = 50
_HISTORY_BATCH: Final = 10  # a record may hold 500 series, and nobody is answered while it is folded
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
    """What is compacted or short is read as a whole, and first."""
    return {topics.status: Begin(), topics.alerts: Begin(), topics.operations: Begin()}


def history_begin(topics: BoardTopics, series: float) -> Mapping[str, Begin]:
    """Of the history the latest records: the fewer, the more `series` a model has on average."""
    records = round(SERIES_READ / max(1.0, series))
    return {topics.history: Begin(latest=min(MOST_HISTORY, max(LEAST_HISTORY, records)))}


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
        with ExitStack() as opened:
            reader = opened.enter_context(closing(self._open(begins(self._topics))))
            history: TopicReader | None = None
            board.clear()
            while not stop.is_set() and self._wanted():
                busy = board.fold(reader.read(BATCH, 0.0 if history else _TURN_SECONDS))
                if history is not None:
                    busy |= board.fold(history.read(_HISTORY_BATCH, 0.0 if busy else _TURN_SECONDS))
                elif reader.caught_up():
                    begin = history_begin(self._topics, board.series_per_model())
                    history = opened.enter_context(closing(self._open(begin)))
                caught_up = history is not None and history.caught_up()
                board.told(caught_up=caught_up, problem=None)
                if caught_up:
                    fresh.set()
                    if not busy:
                        stop.wait(_TURN_SECONDS)

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
