"""Server-sent events: what a browser sees of changes, of reconnecting, and of the end of the server."""

import asyncio
import itertools
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from typing import Any

import orjson
import pytest
from starlette.requests import Request
from starlette.responses import StreamingResponse

from stream_monitor.core.events import Record, Source
from stream_monitor.formats import operations
from stream_monitor.runtime.board.answers import Changed
from stream_monitor.runtime.board.board import Board, BoardTopics
from stream_monitor.runtime.ports import Fetched
from stream_monitor.web import stream
from stream_monitor.web.refusals import Refused
from stream_monitor.web.stream import ChangesSince, Feed, Pace, Streams

QUICK = Pace(every=0.001, alive=10.0)


def changed(version: int, *models: str, alerts: bool = False) -> Changed:
    return Changed(version=version, models=models, alerts=alerts, workers=False, operations=False)


def request(last_event_id: str = "") -> Request:
    headers = [(b"last-event-id", last_event_id.encode())] if last_event_id else []
    return Request({"type": "http", "method": "GET", "path": "/", "query_string": b"", "headers": headers})


def told(asked: list[str], answers: list[Changed]) -> ChangesSince:
    """Answers one after the other, then that nothing changes; what was asked is kept."""
    left = iter(answers)

    def since(last_id: str) -> tuple[str, Changed]:
        asked.append(last_id)
        found = next(left, changed(0))
        return f"x-{found.version}" if found.version else last_id, found

    return since


async def events_of(streams: Streams, count: int, last_event_id: str = "") -> list[str]:
    async with aclosing(chunks(streams, last_event_id)) as found:
        return [await anext(found) for _ in range(count)]


async def chunks(streams: Streams, last_event_id: str = "") -> AsyncGenerator[str, None]:
    response = streams.respond(request(last_event_id))
    assert isinstance(response, StreamingResponse)
    assert isinstance(response.body_iterator, AsyncGenerator)
    async with aclosing(response.body_iterator) as body:
        async for chunk in body:
            assert isinstance(chunk, bytes)
            yield chunk.decode()


def run(work: Awaitable[Any]) -> Any:
    async def bounded() -> Any:
        return await asyncio.wait_for(work, 10)

    return asyncio.run(bounded())


def test_changes_are_told_with_an_id_and_nothing_where_there_are_none() -> None:
    asked: list[str] = []
    answers = [changed(7, "fraud"), changed(7), changed(9, alerts=True)]
    retry, first, second = run(events_of(Streams(told(asked, answers), QUICK), 3))
    assert retry == "retry: 2000\n\n"
    identity, event, data, *rest = first.split("\n")
    assert (identity.endswith("-7"), event, rest) == (True, "event: changed", ["", ""])
    assert orjson.loads(data.removeprefix("data: ")) == {
        "version": 7,
        "models": ["fraud"],
        "alerts": False,
        "workers": False,
        "operations": False,
    }
    assert second.split("\n")[0].endswith("-9")
    assert asked == ["", "x-7", "x-7"]


def test_who_comes_back_is_told_what_changed_since() -> None:
    asked: list[str] = []
    streams = Streams(told(asked, [changed(7, "a"), changed(8, "b")]), QUICK)
    first = run(events_of(streams, 2))[1]
    run(events_of(streams, 2, first.split("\n")[0].removeprefix("id: ")))
    assert asked == ["", "x-7"]


def a_board() -> Board:
    return Board(BoardTopics(status="s", history="h", alerts="a", operations="o"))


def acknowledged(alert_id: str) -> Fetched:
    made = operations.Acknowledgement(alert_id=alert_id, by="ann", reason="", at=1)
    encoded = operations.encode(made)
    return Fetched(Source("o", 0), [Record(0, 1, encoded.key, encoded.value, ())])


def test_the_feed_tells_what_changed_since_an_id_of_the_same_board() -> None:
    board = a_board()
    feed = Feed(lambda: board)
    first, changed_first = feed("")
    board.fold([acknowledged("a")])
    second, changed_second = feed(first)
    assert (changed_first.operations, changed_second.operations, feed(second)[1].operations) == (
        False,
        True,
        False,
    )


@pytest.mark.parametrize("last", ["12", "another-12", "-", "é", "another-x"])
def test_who_comes_from_another_process_is_told_everything(last: str) -> None:
    board = a_board()
    board.fold([acknowledged("a")])
    assert Feed(lambda: board)(last)[1].operations


def test_a_board_that_began_anew_has_other_ids() -> None:
    boards = [a_board(), a_board()]
    for board in boards:
        board.fold([acknowledged("a")])
    feed = Feed(lambda: boards[0])
    last, _ = feed("")
    assert not feed(last)[1].operations
    del boards[0]
    assert feed(last)[1].operations


def test_a_quiet_stream_gives_a_sign_of_life() -> None:
    streams = Streams(told([], [changed(1)]), Pace(every=0.001, alive=0.002))
    assert run(events_of(streams, 3))[1:] == [": alive\n\n"] * 2


def test_it_is_never_buffered_nor_kept() -> None:
    response = Streams(told([], [])).respond
    headers = run(_in_loop(lambda: response(request()))).headers
    assert headers["x-accel-buffering"] == "no"
    assert headers["cache-control"] == "no-store"
    assert headers["content-type"].startswith("text/event-stream")


async def _in_loop(work: Callable[[], Any]) -> Any:
    return work()


def test_closing_ends_all_streams_at_once_and_takes_no_more() -> None:
    async def scene() -> None:
        streams = Streams(told([], []), Pace(every=60.0))
        open_ones = [chunks(streams), chunks(streams)]
        for one in open_ones:
            await anext(one)
        waiting = [asyncio.ensure_future(_rest(one)) for one in open_ones]
        await asyncio.sleep(0)
        await asyncio.to_thread(streams.close)
        assert await asyncio.gather(*waiting) == [[], []]
        with pytest.raises(Refused, match="the server is ending"):
            streams.respond(request())

    run(scene())


async def _rest(found: AsyncIterator[str]) -> list[str]:
    return [one async for one in found]


def test_there_is_a_cap_and_a_stream_that_ends_makes_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "MOST_STREAMS", 2)

    async def scene() -> None:
        numbers = itertools.count(1)
        streams = Streams(lambda _: (f"x-{next(numbers)}", changed(1, "m")), QUICK)
        first, second = chunks(streams), chunks(streams)
        await anext(first)
        await anext(second)
        with pytest.raises(Refused, match="2 streams are open"):
            streams.respond(request())
        await first.aclose()
        assert (await events_of(streams, 2))[1].startswith("id: ")

    run(scene())
