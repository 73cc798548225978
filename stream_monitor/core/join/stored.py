"""The journals of a join as plain fields: a chunk of rows each under a number, and what changes more often apart from them."""

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from stream_monitor.core.batch import Cell
from stream_monitor.core.detector import Plain
from stream_monitor.core.errors import CorruptState
from stream_monitor.core.fields import Fields, as_bytes
from stream_monitor.core.join.cells import CODES, VALUES, column_names
from stream_monitor.core.join.journal import Arrays, Journal
from stream_monitor.core.join.matching import FIXED, LABEL, Matching
from stream_monitor.core.join.reading import NO_VERSION, Reader
from stream_monitor.core.join.table import Where

Journals = Mapping[Where, Journal]
_KINDS: Final = {
    where: {name: np.dtype(kind).newbyteorder("<").str for name, kind in fixed.items()}
    for where, fixed in FIXED.items()
}


def dirty_chunks(journals: Journals) -> dict[int, Plain]:
    """Fields of the chunks that have changed since the last call, by number."""
    return {
        _number(where, int(journal.chunks.numbers[at])): _chunk(where, journal.held(at))
        for where, journal in journals.items()
        for at in journal.chunks.take_dirty()
    }


def all_chunks(journals: Journals) -> dict[int, Plain]:
    """Fields of every chunk as of now, written or not, by number."""
    return {
        _number(where, int(number)): _chunk(where, journal.held(at))
        for where, journal in journals.items()
        for at, number in enumerate(journal.chunks.numbers.tolist())
    }


def gone_chunks(journals: Journals) -> list[int]:
    """Numbers of the written chunks that exist no longer, since the last call."""
    return [_number(where, n) for where, journal in journals.items() for n in journal.chunks.take_gone()]


def number_from(journals: Journals, number: int) -> None:
    """New chunks get numbers of at least `number`."""
    for journal in journals.values():
        journal.chunks.next_number = -(-number // len(FIXED))


def _number(where: Where, number: int) -> int:
    """One sequence of numbers for all journals."""
    return len(FIXED) * number + int(where) - 1


def _chunk(where: Where, rows: Arrays) -> dict[str, Plain]:
    columns = {}
    for name in column_names(list(rows)):
        codes, values = rows[CODES + name], rows[VALUES + name]
        if codes.any():
            columns[name] = {
                "codes": as_bytes(codes[:1] if (codes == codes[0]).all() else codes, "u1"),
                "numbers": as_bytes(values[codes == Cell.NUMBER], "<f8"),
                "places": as_bytes(values[codes == Cell.TEXT], "<u2"),
            }
    fixed = {name: as_bytes(rows[name], kind) for name, kind in _KINDS[where].items()}
    return {"journal": where.name.lower(), **fixed, "columns": columns}


def dump_journals(journals: Journals) -> dict[str, Plain]:
    """Numbers and sizes of the chunks, and which rows of them are open."""
    return {where.name.lower(): _dump_journal(journal) for where, journal in journals.items()}


def _dump_journal(journal: Journal) -> dict[str, Plain]:
    chunks = journal.chunks
    marks = [
        np.packbits(journal.open_in(at)).tobytes()
        for at in np.flatnonzero(chunks.open < chunks.held).tolist()
    ]
    return {
        "next": chunks.next_number,
        "numbers": as_bytes(chunks.numbers, "<i8"),
        "held": as_bytes(chunks.held, "<u2"),
        "open": as_bytes(chunks.open, "<u2"),
        "marks": b"".join(marks),
    }


def load_journals(journals: Journals, fields: Fields, chunks: Mapping[int, Plain]) -> None:
    """Fill empty journals. Raises CorruptState; also when a chunk is missing, or one too many."""
    left = dict(chunks)
    for where, journal in journals.items():
        _load_journal(where, journal, fields.inside(where.name.lower()), left)
    if left:
        raise CorruptState(f"join: unknown chunks {sorted(left)[:5]}")


def _load_journal(where: Where, journal: Journal, fields: Fields, chunks: dict[int, Plain]) -> None:
    numbers = fields.array("numbers", "<i8")
    held, opens = fields.array("held", "<u2"), fields.array("open", "<u2")
    if not len(numbers) == len(held) == len(opens) or (opens > held).any():
        raise fields.wrong("held", "not one size per chunk")
    journal.chunks.next_number = fields.integer("next", least=0)
    if (np.diff(numbers) <= 0).any() or (numbers < 0).any() or (numbers >= journal.chunks.next_number).any():
        raise fields.wrong("numbers", "do not rise")
    marks = fields.array("marks", "u1")
    journal.reserve(int(held.sum()))
    for number, size, is_open in zip(numbers.tolist(), held.tolist(), opens.tolist(), strict=True):
        chunk = chunks.pop(_number(where, number), None)
        if chunk is None:
            raise fields.wrong("numbers", f"chunk {number} is missing")
        mark = np.ones(size, np.bool_)
        if is_open < size:
            used = -(-size // 8)
            mark = np.unpackbits(marks[:used])[:size].astype(np.bool_)
            marks = marks[used:]
        if int(mark.sum()) != is_open or len(mark) != size:
            raise fields.wrong("marks", f"not {is_open} of {size} rows of chunk {number}")
        rows = _rows(where, Fields(chunk, f"join/{where.name.lower()}/{number}"), size)
        journal.adopt(rows, mark, number)
    if len(marks):
        raise fields.wrong("marks", "more than there are rows")


def _rows(where: Where, fields: Fields, size: int) -> dict[str, NDArray[Any]]:
    if fields.text("journal") != where.name.lower():
        raise fields.wrong("journal", "another one")
    rows: dict[str, NDArray[Any]] = {}
    for name, kind in _KINDS[where].items():
        rows[name] = fields.array(name, kind, (size,)).astype(FIXED[where][name])
    columns = fields.inside("columns")
    for name in columns.names():
        cells = columns.inside(name)
        codes = cells.array("codes", "u1")
        codes = np.full(size, codes[0]) if len(codes) == 1 else codes
        if len(codes) != size or (codes > max(Cell)).any():
            raise cells.wrong("codes", "not one per row")
        values = np.zeros(size)
        for part, kind, code in (("numbers", "<f8", Cell.NUMBER), ("places", "<u2", Cell.TEXT)):
            values[codes == code] = cells.array(part, kind, (int((codes == code).sum()),))
        rows[CODES + name], rows[VALUES + name] = codes, values
    return rows


def check(matching: Matching, reader: Reader, clock: int) -> None:
    """What must hold among the rows of all journals, or lookups would go wrong. Raises CorruptState."""
    keys = np.concatenate([journal["key"][journal.is_open()] for journal in matching.journals.values()])
    keys.sort()  # numpy's unique takes ten times as long
    if len(keys) and (keys[0] == 0 or (keys[1:] == keys[:-1]).any()):
        raise CorruptState("join: an id twice, or none")
    for where, journal in matching.journals.items():
        clocks = journal["clock"]
        if len(clocks) and ((np.diff(clocks) < 0).any() or clocks[-1] > clock):
            raise CorruptState(f"join/{where.name.lower()}: times fall, or pass the clock")
    pending = matching.pending
    versions = pending["version"][pending.is_open()]
    if (versions[versions != NO_VERSION] >= len(reader.versions.texts())).any():
        raise CorruptState("join/pending: a version that has no name")
    kept = {pending: set(reader.texts) - {LABEL}, matching.early: {LABEL}, matching.used: {LABEL}}
    for journal, names in kept.items():
        for name in column_names(journal.names()):
            _check_places(journal, name, len(reader.texts[name].texts()) if name in names else 0)


def _check_places(journal: Journal, name: str, texts: int) -> None:
    is_text = journal.is_open() & (journal[CODES + name] == Cell.TEXT)
    if (journal[VALUES + name][is_text] >= texts).any():
        raise CorruptState(f"join: a text of {name} that is not in its dictionary")
