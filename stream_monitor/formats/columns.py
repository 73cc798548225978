"""Entries of the columns topic: a `ColumnBatch` as an Arrow IPC stream (lz4), a `Tick` as JSON; headers say which.

The stream holds one record batch, one row per event: any Arrow reader can open it. What is the same in all rows (a code, a
source, a role; everything when there is one row) is in the schema's metadata and not a column; a column of numbers is only
its numbers. Arrays are handed over as buffers: `pyarrow.array` imports pandas when that is installed: 2.5 s of start-up.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, TypeAlias, TypeVar

import msgspec
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from stream_monitor.core.batch import FEATURE, Cell, Column, ColumnBatch, cell_of_absence
from stream_monitor.core.errors import CorruptState, NewerState
from stream_monitor.core.events import Source
from stream_monitor.core.tick import SourceProgress, Tick

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

_METADATA = b"stream-monitor"
_KEPT_CHARACTERS = 256
_ENTRY_OVERHEAD = 4_096
_COLUMN_OVERHEAD = 400  # two Arrow fields, their buffers' descriptions and padding
_CONSTANT_OVERHEAD = 80  # one object in the metadata
_ROW_BYTES = 8 + 8 + 4 + 2 + 2 + 1 + 4 + 1
_CELL_BYTES = 9
# characters of a column's name shown to other Arrow readers; the whole name is in the metadata
_LONGEST_FIELD = 64
_ROW_ARRAYS: dict[str, Any] = {
    "time": np.int64,
    "offset": np.int64,
    "item": np.uint32,
    "source": np.uint16,
    "version": np.uint16,
    "role": np.uint8,
}
_ARROW = {
    np.dtype(np.int64): pa.int64(),
    np.dtype(np.float64): pa.float64(),
    np.dtype(np.uint32): pa.uint32(),
    np.dtype(np.uint16): pa.uint16(),
    np.dtype(np.uint8): pa.uint8(),
}
_OPTIONS = pa.ipc.IpcWriteOptions(compression="lz4")


class _ColumnHead(msgspec.Struct, frozen=True, omit_defaults=True):
    """value, code: of every cell; None where an array of them is stored (the values first)."""

    name: str
    code: int | None = None
    value: float | None = None
    texts: tuple[str, ...] = ()


class _Head(msgspec.Struct, frozen=True):
    """What a batch holds besides columns. constants: row arrays that have one value. ids: whether any row has one."""

    model: str
    rows: int
    sources: tuple[tuple[str, int], ...]
    versions: tuple[str | None, ...]
    constants: dict[str, int]
    ids: bool
    columns: tuple[_ColumnHead, ...]


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
    StopIteration,  # fewer columns than named, or no batch in the stream
    ValueError,
)
_heads = msgspec.json.Decoder(_Head)
_ticks = msgspec.json.Decoder(_TickBody)


def encode_batch(batch: ColumnBatch) -> bytes:
    """The entry of `batch`: value for the headers `BATCH_HEADERS`. Not bounded; see `split`.

    Values of cells whose code carries none (all but NUMBER and TEXT) are 0 by contract and may not be stored.
    Cost: ~0.3 ms plus ~0.3 µs a row of 20 numbers.
    """
    arrays: list[Any] = []
    names: list[str] = []
    constants: dict[str, int] = {}
    for name, array in _row_arrays(batch).items():
        if _is_constant(array):
            constants[name] = int(array[0])
        else:
            arrays.append(_arrow(array))
            names.append(name)
    has_ids = any(identifier is not None for identifier in batch.ids)
    if has_ids:
        arrays.append(_arrow_texts(batch.ids))
        names.append("id")
    heads = []
    for name, column in batch.columns.items():
        described, parts = _encode_column(name, column)
        heads.append(described)
        arrays += map(_arrow, parts)
        shown = name[:_LONGEST_FIELD]
        names += [shown] * (described.value is None) + [shown + " code"] * (described.code is None)
    head = _Head(
        model=batch.model,
        rows=len(batch),
        sources=batch.sources,
        versions=batch.versions,
        constants=constants,
        ids=has_ids,
        columns=tuple(heads),
    )
    return _write(arrays, names, msgspec.json.encode(head))


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
    Cost: ~0.3 ms plus ~0.15 µs a row of 20 numbers, and 0.1 µs an id.
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
    """An upper bound of the bytes of the entry of `batch`. Cost: ~1 µs a column, and 20 ns a text and id."""
    texts: list[Any] = [batch.model, batch.sources, batch.versions, list(batch.columns)]
    texts += [column.texts for column in batch.columns.values()]
    identifiers = sum(len(identifier.encode()) for identifier in batch.ids if identifier is not None)
    size = _ENTRY_OVERHEAD + len(msgspec.json.encode(texts)) + identifiers
    if len(batch) <= 1:
        return size + len(batch.columns) * _CONSTANT_OVERHEAD
    # A name is shown twice, with up to four bytes a character.
    shown = sum(min(len(name), _LONGEST_FIELD) * 8 for name in batch.columns)
    arrays = len(batch) * (_ROW_BYTES + len(batch.columns) * _CELL_BYTES)
    # LZ4 adds 1/255 to what it cannot compress.
    return size + shown + len(batch.columns) * _COLUMN_OVERHEAD + arrays + (arrays + identifiers) // 255


def _compact(batch: ColumnBatch) -> ColumnBatch:
    sources, source_at = _used(batch.sources, batch.source_at)
    versions, version_at = _used(batch.versions, batch.version_at)
    absent = {True: cell_of_absence(FEATURE, batch.roles), False: cell_of_absence("", batch.roles)}
    return replace(
        batch,
        sources=sources,
        source_at=source_at,
        versions=versions,
        version_at=version_at,
        columns={
            name: _compact_column(column)
            for name, column in batch.columns.items()
            if not np.array_equal(column.codes, absent[name.startswith(FEATURE)])
        },
    )


def _compact_column(column: Column) -> Column:
    if not column.texts:
        return column
    is_text = column.codes == Cell.TEXT
    texts, at = _used(column.texts, column.values[is_text].astype(np.intp))
    values = column.values.copy()
    values[is_text] = at
    return replace(column, values=values, texts=texts)


def _used(entries: tuple[Entry, ...], at: NDArray[Position]) -> tuple[tuple[Entry, ...], NDArray[Position]]:
    """The entries that positions point at, in their order, and the positions among them."""
    used, place = np.unique(at, return_inverse=True)
    return tuple([entries[i] for i in used.tolist()]), place.astype(at.dtype)


def _cut_texts(batch: ColumnBatch) -> ColumnBatch:
    """One row has one text a column: cutting it cannot make two texts the same."""
    cut = {
        name: replace(column, texts=tuple([text[:_KEPT_CHARACTERS] for text in column.texts]))
        for name, column in batch.columns.items()
    }
    return replace(batch, columns=cut)


def _encode_column(name: str, column: Column) -> tuple[_ColumnHead, list[NDArray[Any]]]:
    """What is said of a column, and what is stored of it: values, then codes, each only where they differ."""
    codes, values = column.codes, column.values
    code = int(codes[0]) if _is_constant(codes) else None
    # The codes to look at: one stands for all where they are the same.
    looked_at = codes if code is None else codes[:1]
    carries = bool(((looked_at == Cell.NUMBER) | (looked_at == Cell.TEXT)).any())
    value = 0.0 if not carries else float(values[0]) if _is_constant(values.view(np.int64)) else None
    if value is not None and not math.isfinite(value):
        value = None  # JSON could not say it
    parts: list[NDArray[Any]] = [values] if value is None else []
    if code is None:
        parts.append(codes)
    return _ColumnHead(name=name, code=code, value=value, texts=column.texts), parts


def _row_arrays(batch: ColumnBatch) -> dict[str, NDArray[Any]]:
    arrays = (batch.times, batch.offsets, batch.items, batch.source_at, batch.version_at, batch.roles)
    return dict(zip(_ROW_ARRAYS, arrays, strict=True))


def _is_constant(array: NDArray[Any]) -> bool:
    return len(array) > 0 and array[0] == array[-1] and bool((array == array[0]).all())


def _arrow(array: NDArray[Any]) -> Any:
    return pa.Array.from_buffers(
        _ARROW[array.dtype], len(array), [None, _buffer(np.ascontiguousarray(array))]
    )


def _buffer(data: Any) -> Any:
    return pa.py_buffer(data)  # takes arrays too, which its annotation does not say


def _arrow_texts(texts: Sequence[str | None]) -> Any:
    encoded = [b"" if text is None else text.encode() for text in texts]
    ends = np.zeros(len(texts) + 1, np.int32)
    np.cumsum(np.fromiter(map(len, encoded), np.int32, len(encoded)), out=ends[1:])
    present = np.fromiter((text is not None for text in texts), np.bool_, len(texts))
    valid = None if present.all() else _buffer(np.packbits(present, bitorder="little"))
    buffers = [valid, _buffer(ends), _buffer(b"".join(encoded))]
    return pa.Array.from_buffers(pa.utf8(), len(texts), buffers)


def _write(arrays: list[Any], names: list[str], metadata: bytes) -> bytes:
    fields = [
        pa.field(name, array.type, nullable=name == "id") for name, array in zip(names, arrays, strict=True)
    ]
    schema = pa.schema(fields, metadata={_METADATA: metadata})
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, schema, options=_OPTIONS) as writer:
        writer.write_batch(pa.RecordBatch.from_arrays(arrays, schema=schema))
    entry: bytes = sink.getvalue().to_pybytes()
    return entry


def _decode_batch(value: bytes) -> ColumnBatch:
    with pa.ipc.open_stream(value) as reader:
        head = _heads.decode((reader.schema.metadata or {})[_METADATA])
        stored = reader.read_next_batch()
    stored.validate(full=True)
    _require(head.rows == stored.num_rows or (stored.num_columns == 0 and head.rows <= MAX_CELLS), "rows")
    parts = iter(stored.columns)
    arrays = {
        name: np.full(head.rows, head.constants[name], dtype)
        if name in head.constants
        else _numbers(next(parts), head.rows, dtype)
        for name, dtype in _ROW_ARRAYS.items()
    }
    ids = tuple(next(parts).to_pylist()) if head.ids else (None,) * head.rows
    columns = {column.name: _decode_column(column, head.rows, parts) for column in head.columns}
    _require(next(parts, None) is None, "more columns than named")
    _require(len(ids) == head.rows and _below(arrays["source"], len(head.sources)), "ids or sources")
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
        ids=ids,
        roles=arrays["role"],
        columns=columns,
    )


def _decode_column(head: _ColumnHead, rows: int, parts: Iterator[Any]) -> Column:
    values = _numbers(next(parts), rows, np.float64) if head.value is None else np.full(rows, head.value)
    constant = head.code is not None
    codes = np.full(rows, head.code, np.uint8) if constant else _numbers(next(parts), rows, np.uint8)
    _require(_below(codes, len(Cell)), "codes")
    if head.code is None or head.code == Cell.TEXT:
        places = values[codes == Cell.TEXT]
        _require(bool(((places >= 0) & (places < len(head.texts)) & (places % 1 == 0)).all()), "texts")
    return Column(values=values, codes=codes, texts=head.texts)


def _numbers(array: Any, rows: int, dtype: Any) -> NDArray[Any]:
    _require(array.type == _ARROW[np.dtype(dtype)] and array.null_count == 0, "type")
    return np.frombuffer(array.buffers()[1], dtype, rows)


def _below(positions: NDArray[Any], limit: int) -> bool:
    return len(positions) == 0 or int(positions.max()) < limit


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
