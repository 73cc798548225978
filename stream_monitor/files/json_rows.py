"""Rows of JSON lines, in chunks: native events, or flat objects whose keys are columns. Blank lines are not rows."""

import codecs
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from io import BufferedIOBase
from itertools import chain, islice, repeat
from pathlib import Path

import orjson

from stream_monitor.core.columnise import Arrived, Gathered
from stream_monitor.core.events import Decoded, Reason, Record, Source
from stream_monitor.files.flat import Chunk, FlatRules
from stream_monitor.files.opening import MAX_LINE, line_blocks, opened
from stream_monitor.formats.native_json import Rules, decode
from stream_monitor.formats.shaped import ShapedReader

_SAMPLE = 1000  # lines looked at before the reading starts
_PARTS = ("features", "prediction", "label")


@dataclass(frozen=True, slots=True, kw_only=True)
class JsonLayout:
    """What the first lines of a file show. names: the keys of its objects, in order of appearance."""

    native: bool
    names: tuple[str, ...]


def json_layout(path: Path) -> JsonLayout:
    """Look at the first 1,000 lines; the first object tells native events from flat rows."""
    with opened(path) as stream:
        first = [event for line in islice(_lines(stream), _SAMPLE) for event in _objects(_parsed(line))]
    names = tuple(dict.fromkeys(name for event in first for name in event))
    return JsonLayout(native=bool(first) and _is_native(first[0]), names=names)


def native_chunks(path: Path, source: Source, rules: Rules, size: int, *, timed: bool) -> Iterator[Decoded]:
    """The native events of the file, up to `size` lines a chunk. timed: else the time of an event is its row (ms).

    Cost: `native_json.decode` plus about 0.3 µs a line.
    """
    with opened(path) as stream:
        lines, first = _lines(stream), 0
        while taken := list(islice(lines, size)):
            yield decode(source, _records(taken, first, timed=timed), rules)
            first += len(taken)


def gather_native(
    path: Path, rules: Rules, source: Source, gathered: Gathered, *, timed: bool
) -> Iterator[Arrived]:
    """The same events as the service reads them, into `gathered`; as many at a time as come at once.

    Cost: `ShapedReader.read` plus about 0.3 µs a line.
    """
    reader, first = ShapedReader(), 0
    with opened(path) as stream:
        for taken in _blocks(stream):
            if taken:
                yield reader.read(source, _records(taken, first, timed=timed), rules, gathered)
            first += len(taken)


def flat_chunks(path: Path, rules: FlatRules, size: int) -> Iterator[Decoded]:
    """The flat objects of the file, up to `size` lines a chunk; a line may hold an array of them.

    Cost: orjson.loads plus about 2 µs a row.
    """
    roles = tuple(rules.named.items())
    with opened(path) as stream:
        lines, first = _lines(stream), 0
        while taken := list(islice(lines, size)):
            chunk = Chunk(rules)
            for offset, line in enumerate(taken, first):
                _add_line(chunk, offset, line, roles)
            yield chunk.decoded()
            first += len(taken)


def _records(lines: Sequence[bytes], first: int, *, timed: bool) -> list[Record]:
    offsets = range(first, first + len(lines))
    times: Iterable[int] = repeat(-1) if timed else offsets
    return list(map(tuple.__new__, repeat(Record), zip(offsets, times, repeat(None), lines, repeat(()))))


def _lines(stream: BufferedIOBase) -> Iterator[bytes]:
    return chain.from_iterable(_blocks(stream))


def _blocks(stream: BufferedIOBase) -> Iterator[list[bytes]]:
    """The lines that hold anything, without blanks around them. One over the limit comes cut: it is rejected later."""
    mark = codecs.BOM_UTF8
    for lines in line_blocks(stream):
        if mark and lines:
            lines[0], mark = lines[0].removeprefix(mark), b""
        yield [line for line in map(bytes.strip, lines) if line]


def _parsed(line: bytes) -> object:
    try:
        return orjson.loads(line)
    except orjson.JSONDecodeError:
        return None


def _objects(parsed: object) -> list[Mapping[str, object]]:
    events = parsed if isinstance(parsed, list) else [parsed]
    return [event for event in events if isinstance(event, dict)]


def _is_native(event: Mapping[str, object]) -> bool:
    return isinstance(event.get("features"), dict) or (
        "model" in event and any(part in event for part in _PARTS)
    )


def _add_line(chunk: Chunk, offset: int, line: bytes, roles: Sequence[tuple[str, str]]) -> None:
    if len(line) > MAX_LINE:
        chunk.reject(offset, Reason.TOO_LARGE, f"the line is longer than {MAX_LINE} bytes")
        return
    try:
        parsed = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        chunk.reject(offset, Reason.NOT_JSON, f"not JSON in UTF-8 at column {error.colno}", raw=line)
        return
    if parsed == []:
        chunk.reject(offset, Reason.EMPTY, "the array holds no row", raw=line)
    for item, row in enumerate(parsed if isinstance(parsed, list) else [parsed]):
        if isinstance(row, dict):
            named = {role: row.pop(column) for role, column in roles if column in row}
            chunk.add(offset, row, named, item=item)
        else:
            chunk.reject(offset, Reason.NOT_AN_EVENT, "the row is not an object", raw=line, item=item)
