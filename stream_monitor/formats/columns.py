"""Entries of the columns topic: a `ColumnBatch` as its arrays (lz4), a `Tick` as JSON; headers say which.

A batch is the length of its head (4 bytes), the head as JSON, and one LZ4 frame that holds the arrays one behind the other, those
of the widest cells first, so that each is aligned where it stands: doubles are read back without a copy. All is little-endian.
What is the same in all rows (a source, a role, that all cells are numbers) is said in the head. docs/adr/0013 has the layout.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final, TypeAlias, TypeVar

import msgspec
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from stream_monitor.core.batch import FEATURE, Cell, ColumnBatch, Columns, cell_of_absence
from stream_monitor.core.errors import CorruptState, NewerState
from stream_monitor.core.events import Source
from stream_monitor.core.ids import Ids
from stream_monitor.core.tick import SourceProgress, Tick
from stream_monitor.formats.decimals import AS_IT_IS, MOST, Scaled, scaled, unscaled

Entry = TypeVar("Entry")
Position = TypeVar("Position", np.uint16, np.intp)
Headers: TypeAlias = Sequence[tuple[str, bytes | None]]

FORMAT = 1
ENTRY_HEADER = "stream-monitor-entry"
FORMAT_HEADER = "stream-monitor-format"
BATCH_HEADERS: tuple[tuple[str, bytes], ...] = ((ENTRY_HEADER, b"batch"), (FORMAT_HEADER, b"1"))
TICK_HEADERS: tuple[tuple[str, bytes], ...] = ((ENTRY_HEADER, b"tick"), (FORMAT_HEADER, b"1"))

MAX_ENTRY_BYTES = 786_432
"""What `split` aims at: well below the 1 MiB that a broker takes by default."""
MAX_CELLS = 400_000

_KEPT_CHARACTERS = 256
_LENGTH: Final = 4  # bytes that tell the length of the head
_ENTRY_OVERHEAD = 512  # the names of the fields of the head, and the frame around the arrays
_ROW_BYTES = 8 + 8 + 4 + 4 + 2 + 2 + 1
_CELL_BYTES = 9
_DECIMALS_BYTES = 3  # of a column, in the head
_END: Final = np.array([69], np.uint8)  # behind the arrays: a body that ends early does not have it
_MOST_EXPANDED: Final = 256  # LZ4 cannot make more bytes of one
# dtype of every array, in the order in which they stand: of a row; of a cell (doubles, codes, decimals); of all ids
_ARRAYS: Final[Mapping[str, Any]] = {
    "time": np.int64,
    "offset": np.int64,
    "doubles": np.float64,
    "item": np.uint32,
    "id": np.int32,
    "source": np.uint16,
    "version": np.uint16,
    "role": np.uint8,
    "codes": np.uint8,
    "decimals": np.uint8,
    "ids": np.uint8,
    "end": np.uint8,
}
_OF_ROWS: Final = ("time", "offset", "item", "source", "version", "role")
_LZ4: Final = pa.Codec("lz4")


class _Head(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a batch holds besides arrays. constants: row arrays that have one value. ids: bytes of all of them, None where no row
    has one. numbers: every cell is one, and codes are not stored. decimals: of each column, see `formats.decimals`; none: all are
    doubles. texts: by column, of those that have any.
    """

    model: str
    rows: int
    sources: tuple[tuple[str, int], ...]
    versions: tuple[str | None, ...]
    constants: dict[str, int]
    columns: tuple[str, ...]
    ids: int | None = None
    numbers: bool = False
    decimals: tuple[int, ...] = ()
    texts: dict[str, tuple[str, ...]] = {}


class _TickBody(msgspec.Struct, frozen=True):
    worker: str
    wall: int
    partitions: dict[str, int]
    sources: tuple[tuple[str, int, int | None, int, bool], ...]


_UNREADABLE = (
    pa.ArrowException,
    msgspec.DecodeError,
    LookupError,
    OSError,
    OverflowError,
    ValueError,
)
_heads = msgspec.json.Decoder(_Head)
_ticks = msgspec.json.Decoder(_TickBody)


def encode_batch(batch: ColumnBatch) -> bytes:
    """The entry of `batch`: value for the headers `BATCH_HEADERS`. Not bounded; see `split`.

    Cost: ~30 µs plus ~0.25 µs a row of 20 numbers, 0.1 µs where they are rounded (`formats.decimals`).
    """
    columns, ids = batch.columns, batch.ids.compact()
    arrays, cells = _row_arrays(batch), scaled(columns.cells)
    head = _Head(
        model=batch.model,
        rows=len(batch),
        sources=batch.sources,
        versions=batch.versions,
        constants={name: int(array[0]) for name, array in arrays.items() if _is_constant(array)},
        columns=columns.names,
        ids=len(ids.data) if ids.present.any() else None,
        numbers=columns.only_numbers,
        decimals=cells.decimals,
        texts=dict(columns.texts),
    )
    arrays |= {"doubles": cells.others, "decimals": cells.planes, "codes": columns.codes}
    arrays |= {"id": ids.lengths, "ids": np.frombuffer(ids.data, np.uint8), "end": _END}
    body = b"".join([_bytes_of(arrays[name]) for name in _layout(head)])
    described, packed = msgspec.json.encode(head), _LZ4.compress(body, asbytes=True)
    return b"".join((len(described).to_bytes(_LENGTH, "little"), described, packed))


def encode_tick(tick: Tick) -> bytes:
    """The entry of `tick`: value for the headers `TICK_HEADERS`. Deterministic: sorted by topic and partition."""
    body = _TickBody(
        worker=tick.worker,
        wall=tick.wall,
        partitions=dict(sorted(tick.partitions.items())),
        sources=tuple((*source, *progress) for source, progress in sorted(tick.sources.items())),
    )
    return msgspec.json.encode(body)


def decode_entry(value: bytes | None, headers: Headers) -> ColumnBatch | Tick:
    """What an entry of the columns topic holds. The arrays of a batch are read-only and contiguous.

    Raises NewerState when a newer release wrote it, CorruptState when it is not what this program writes.
    Cost: ~30 µs plus ~0.06 µs a row of 20 numbers.
    """
    named = dict(headers)
    version = named.get(FORMAT_HEADER) or b""
    if not version.isdigit() or int(version) < 1:
        raise CorruptState(
            f"an entry of the columns topic has no header {FORMAT_HEADER}: was it written by something else?"
        )
    if int(version) > FORMAT:
        raise NewerState(
            f"an entry of the columns topic has format {int(version)}; this release reads format {FORMAT}: run the release"
            " that wrote it, or a newer one"
        )
    kind = named.get(ENTRY_HEADER)
    if value is None or kind not in {b"batch", b"tick"}:
        raise CorruptState(f"an entry of the columns topic has no value or no known {ENTRY_HEADER}")
    try:
        return _decode_batch(value) if kind == b"batch" else _decode_tick(value)
    except _UNREADABLE as error:
        raise CorruptState(
            f"an entry of the columns topic cannot be read: {type(error).__name__}: {error}"
        ) from error


def split(
    batch: ColumnBatch, *, max_cells: int = MAX_CELLS, max_bytes: int = MAX_ENTRY_BYTES
) -> Iterator[ColumnBatch]:
    """The rows of `batch`, in order, in batches whose entries have at most `max_bytes`.

    The bound counts every array without compression, every text, id and name as it is written, and a fixed price per
    column. A part keeps only the sources, versions, texts and columns its rows use. One row cannot be split: the decoder
    bounds it (record bytes, features); where that is not enough its texts are cut to 256 characters, which is what the
    core keeps of a category anyway. Cost: nothing but the count when all fits; otherwise a copy of every array.
    """
    rows, size = len(batch), entry_bound(batch)
    parts = max(-(-rows * len(batch.columns) // max_cells), -(-size // max_bytes))
    if parts <= 1:
        yield batch
    elif rows <= 1:
        yield _cut_texts(batch) if size > max_bytes else batch
    else:
        step = -(-rows // min(parts, rows))
        for start in range(0, rows, step):
            part = _compact(batch.slice(start, min(start + step, rows)))
            yield from split(part, max_cells=max_cells, max_bytes=max_bytes)


def entry_bound(batch: ColumnBatch) -> int:
    """An upper bound of the bytes of the entry of `batch`. Cost: ~10 µs, and 20 ns a column name and text."""
    columns, ids = batch.columns, batch.ids.size
    said = msgspec.json.encode(
        [batch.model, batch.sources, batch.versions, columns.names, dict(columns.texts)]
    )
    arrays = len(batch) * (_ROW_BYTES + len(columns) * _CELL_BYTES) + len(columns) * _DECIMALS_BYTES + ids
    # LZ4 adds 1/255 to what it cannot compress.
    return _ENTRY_OVERHEAD + len(said) + arrays + arrays // 255


def _compact(batch: ColumnBatch) -> ColumnBatch:
    sources, source_at = _used(batch.sources, batch.source_at)
    versions, version_at = _used(batch.versions, batch.version_at)
    return replace(
        batch,
        sources=sources,
        source_at=source_at,
        versions=versions,
        version_at=version_at,
        columns=_compact_columns(batch.columns, batch.roles),
    )


def _compact_columns(columns: Columns, roles: NDArray[np.uint8]) -> Columns:
    """Those that hold anything, with the texts that they use."""
    if columns.only_numbers:
        return columns
    absent = {True: cell_of_absence(FEATURE, roles), False: cell_of_absence("", roles)}
    columns = columns.only(
        name for name in columns if not np.array_equal(columns[name].codes, absent[name.startswith(FEATURE)])
    )
    if not columns.texts:
        return columns
    values, texts = columns.cells.copy(), {}
    for name, entries in columns.texts.items():
        cells, is_text = values[columns.place(name)], columns[name].codes == Cell.TEXT
        texts[name], cells[is_text] = _used(entries, cells[is_text].astype(np.intp))
    return Columns(columns.names, values, columns.codes, {name: used for name, used in texts.items() if used})


def _used(entries: tuple[Entry, ...], at: NDArray[Position]) -> tuple[tuple[Entry, ...], NDArray[Position]]:
    """The entries that positions point at, in their order, and the positions among them."""
    used = np.flatnonzero(np.bincount(at, minlength=len(entries)))
    if len(used) == len(entries):
        return entries, at
    place = np.zeros(len(entries), at.dtype)
    place[used] = np.arange(len(used))
    return tuple([entries[i] for i in used.tolist()]), place[at]


def _cut_texts(batch: ColumnBatch) -> ColumnBatch:
    """One row has one text a column: cutting it cannot make two texts the same."""
    columns = batch.columns
    cut = {name: tuple([text[:_KEPT_CHARACTERS] for text in texts]) for name, texts in columns.texts.items()}
    return replace(batch, columns=Columns(columns.names, columns.cells, columns.codes, cut))


def _row_arrays(batch: ColumnBatch) -> dict[str, NDArray[Any]]:
    arrays = (batch.times, batch.offsets, batch.items, batch.source_at, batch.version_at, batch.roles)
    return dict(zip(_OF_ROWS, arrays, strict=True))


def _is_constant(array: NDArray[Any]) -> bool:
    return len(array) > 0 and array[0] == array[-1] and bool((array == array[0]).all())


def _bytes_of(array: NDArray[Any]) -> Any:
    return np.ascontiguousarray(array).reshape(-1).view(np.uint8)


def _layout(head: _Head) -> dict[str, tuple[int, ...]]:
    """Shapes of the arrays that are stored, in the order in which they stand."""
    left_out = set(head.constants) & set(_OF_ROWS)
    if head.ids is None:
        left_out |= {"id", "ids"}
    if head.numbers:
        left_out.add("codes")
    width = len(head.columns)
    fitted = sum(one != AS_IT_IS for one in head.decimals)
    other = {
        "doubles": (width - fitted, head.rows),
        "codes": (width, head.rows),
        "decimals": (4, fitted * head.rows),
        "ids": (head.ids or 0,),
        "end": _END.shape,
    }
    return {name: other.get(name, (head.rows,)) for name in _ARRAYS if name not in left_out}


def _decode_batch(value: bytes) -> ColumnBatch:
    begin = _LENGTH + int.from_bytes(value[:_LENGTH], "little")
    head = _heads.decode(value[_LENGTH:begin])
    arrays = _stored(head, memoryview(value)[begin:])
    for name in set(_OF_ROWS) - set(arrays):
        arrays[name] = np.full(head.rows, head.constants[name], _ARRAYS[name])
    cells = unscaled(Scaled(head.decimals, arrays["decimals"], arrays["doubles"]), head.rows)
    columns = Columns(head.columns, cells, arrays.get("codes"), head.texts)
    _check_cells(columns)
    _require(_below(arrays["source"], len(head.sources)), "sources")
    _require(_below(arrays["version"], len(head.versions)), "versions")
    return ColumnBatch(
        model=head.model,
        times=arrays["time"],
        sources=tuple([Source(*source) for source in head.sources]),
        source_at=arrays["source"],
        offsets=arrays["offset"],
        items=arrays["item"],
        versions=head.versions,
        version_at=arrays["version"],
        ids=Ids.none(head.rows) if head.ids is None else _ids(arrays["ids"].tobytes(), arrays["id"]),
        roles=arrays["role"],
        columns=columns,
    )


def _stored(head: _Head, packed: memoryview) -> dict[str, NDArray[Any]]:
    """The arrays of the body: views of what it is unpacked to."""
    _require(0 <= head.rows <= MAX_CELLS and (head.ids or 0) >= 0, "rows")
    _require(len(head.decimals) in (0, len(head.columns)), "decimals")
    _require(all(AS_IT_IS <= one <= MOST for one in head.decimals), "decimals")
    layout = _layout(head)
    counts = {name: math.prod(shape) for name, shape in layout.items()}
    size = sum(count * np.dtype(_ARRAYS[name]).itemsize for name, count in counts.items())
    _require(size <= _MOST_EXPANDED * (len(packed) + 1), "rows")
    body, at = memoryview(_LZ4.decompress(packed, size)), 0
    arrays = {}
    for name, shape in layout.items():
        array = np.frombuffer(body, _ARRAYS[name], counts[name], at)
        arrays[name], at = array.reshape(shape), at + array.nbytes
    _require(bool((arrays["end"] == _END).all()), "length")
    return arrays


def _check_cells(columns: Columns) -> None:
    _require(len(set(columns.names)) == len(columns), "columns")
    _require(columns.texts.keys() <= set(columns.names), "texts")
    if columns.only_numbers:
        return
    _require(_below(columns.codes, len(Cell)), "codes")
    is_text = columns.codes == Cell.TEXT
    if is_text.any():
        limits = np.array([len(columns.texts.get(name, ())) for name in columns])[np.nonzero(is_text)[0]]
        places = columns.cells[is_text]
        _require(bool(((places >= 0) & (places < limits) & (places % 1 == 0)).all()), "texts")


def _ids(data: bytes, lengths: NDArray[np.int32]) -> Ids:
    ids = Ids.packed(data, lengths)
    _require(bool((lengths >= -1).all()) and ids.size == len(data), "ids")
    if not data.isascii():
        data.decode()
        first = np.frombuffer(data, np.uint8)[ids.begins[lengths > 0]]
        _require(bool((first & 0xC0 != 0x80).all()), "ids")  # none begins inside of a character
    return ids


def _below(positions: NDArray[Any], limit: int) -> bool:
    return positions.size == 0 or int(positions.max()) < limit


def _require(condition: bool, what: str) -> None:  # noqa: FBT001  # reads as the sentence it is
    if not condition:
        raise ValueError(f"its {what} do not fit together")


def _decode_tick(value: bytes) -> Tick:
    body = _ticks.decode(value)
    return Tick(
        worker=body.worker,
        wall=body.wall,
        partitions=body.partitions,
        sources={
            Source(topic, partition): SourceProgress(max_time, next_offset, at_end)
            for topic, partition, max_time, next_offset, at_end in body.sources
        },
    )
