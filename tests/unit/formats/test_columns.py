import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import orjson
import pyarrow as pa
import pytest

from stream_monitor.core.batch import Cell, ColumnBatch, concatenate
from stream_monitor.core.errors import CorruptState, NewerState
from stream_monitor.core.events import Record, Source
from stream_monitor.core.ids import Ids
from stream_monitor.core.tick import SourceProgress, Tick
from stream_monitor.formats.columns import (
    BATCH_HEADERS,
    ENTRY_HEADER,
    FORMAT_HEADER,
    MAX_ENTRY_BYTES,
    TICK_HEADERS,
    decode_entry,
    encode_batch,
    encode_tick,
    entry_bound,
    split,
)
from stream_monitor.formats.native_json import MAX_CLASSES, MAX_FEATURES, MAX_RECORD_BYTES, Rules, decode
from tests.unit.formats.batches import batch_of, bits, rows_of
from tests.unit.formats.core_values import NOON, SOURCE

EVERY_CELL = [1.5, "a", False, True, None, float("nan"), float("inf"), [], -0.0, 2**70, "b", "a", ""]
TICK = Tick(
    worker="worker-1",
    wall=NOON,
    partitions={"fraud.labels": 1, "fraud.events": 4},
    sources={
        Source("fraud.labels", 0): SourceProgress(None, 0, at_end=True),
        Source("fraud.events", 3): SourceProgress(NOON, 1001, at_end=False),
    },
)


def decoded(batch: ColumnBatch) -> ColumnBatch:
    back = decode_entry(encode_batch(batch), BATCH_HEADERS)
    assert isinstance(back, ColumnBatch)
    return back


def head_of(value: bytes) -> dict[str, Any]:
    head: dict[str, Any] = orjson.loads(value[4 : 4 + int.from_bytes(value[:4], "little")])
    return head


def with_head(value: bytes, head: dict[str, Any]) -> bytes:
    described = orjson.dumps(head)
    packed = value[4 + int.from_bytes(value[:4], "little") :]
    return len(described).to_bytes(4, "little") + described + packed


def test_every_cell_comes_back_bit_for_bit() -> None:
    features = [{"mixed": cell, "number": float(at), "same": -0.0} for at, cell in enumerate(EVERY_CELL)]
    del features[2]["mixed"]
    batch = batch_of(features, prediction="fraud")
    assert {int(code) for code in batch.columns["feature:mixed"].codes} == set(range(1, 10)) - {Cell.FALSE}
    assert bits(decoded(batch)) == bits(batch)


@pytest.mark.parametrize("rows", [0, 1, 2, 1000])
def test_any_number_of_rows_comes_back(rows: int) -> None:
    batch = batch_of([{"amount": at / 7, "country": f"c{at % 3}"} for at in range(max(rows, 1))])
    batch = batch.take(np.arange(rows))
    assert bits(decoded(batch)) == bits(batch)


def test_numbers_are_stored_without_codes_and_come_back_contiguous() -> None:
    batch = batch_of([{"amount": at / 7, "age": at} for at in range(10)])
    assert head_of(encode_batch(batch))["numbers"]
    back = decoded(batch)
    assert back.columns.only_numbers
    values = back.columns["feature:amount"].values
    assert values.dtype == np.float64
    assert values.flags.c_contiguous
    assert np.shares_memory(values, back.columns.cells)


def test_rounded_numbers_are_stored_as_whole_ones() -> None:
    rng = np.random.default_rng(1)
    cells = np.round(rng.normal(50, 10, 2_000), 2).tolist()
    batch = batch_of([{"rounded": one, "odd": at / 7, "count": at} for at, one in enumerate(cells)])
    value = encode_batch(batch)
    assert head_of(value)["decimals"] == [2, -1, 0]
    assert bits(decoded(batch)) == bits(batch)
    for changed in ([2, 1, 0], [2, -1], [2, -1, 7], [-1, -1, -1]):
        with pytest.raises(CorruptState):
            decode_entry(with_head(value, head_of(value) | {"decimals": changed}), BATCH_HEADERS)


def test_the_layout_is_the_documented_one() -> None:
    value = encode_batch(batch_of([{"amount": at / 7} for at in range(4)]))
    begin = 4 + int.from_bytes(value[:4], "little")
    body = pa.Codec("lz4").decompress(value[begin:], 8 * 12 + 4 * 8 + 2 * 8 + 6 + 1).to_pybytes()
    assert np.frombuffer(body, "<i8", 4).tolist() == [NOON, NOON + 1, NOON + 2, NOON + 3]
    assert np.frombuffer(body, "<i8", 4, 32).tolist() == [1000, 1001, 1002, 1003]
    assert np.frombuffer(body, "<f8", 4, 64).tolist() == [0.0, 1 / 7, 2 / 7, 3 / 7]
    assert np.frombuffer(body, "<u4", 4, 96).tolist() == [0, 1, 2, 3]
    assert np.frombuffer(body, "<i4", 4, 112).tolist() == [-1, 3, -1, 3]
    assert np.frombuffer(body, "<u2", 4, 128).tolist() == [0, 1, 0, 1]
    assert body[144:] == b"e-1e-3E"


def test_negative_zero_among_zeros_is_kept() -> None:
    batch = batch_of([{"a": 0.0}, {"a": -0.0}, {"a": 0.0}])
    assert np.signbit(decoded(batch).columns["feature:a"].values).tolist() == [False, True, False]


def test_a_part_of_a_batch_is_stored_too() -> None:
    batch = batch_of([{"a": at, "t": "xyz"[at % 3]} for at in range(9)]).slice(2, 7)
    assert not batch.columns.cells.flags.c_contiguous
    assert bits(decoded(batch)) == bits(batch)


def test_a_tick_comes_back() -> None:
    value = encode_tick(TICK)
    assert decode_entry(value, TICK_HEADERS) == TICK
    reordered = Tick(
        worker=TICK.worker,
        wall=TICK.wall,
        partitions=dict(reversed(list(TICK.partitions.items()))),
        sources=dict(reversed(list(TICK.sources.items()))),
    )
    assert encode_tick(reordered) == value


def test_a_newer_format_is_told_from_a_corrupt_one() -> None:
    value = encode_tick(TICK)
    with pytest.raises(NewerState, match="format 2"):
        decode_entry(value, [(ENTRY_HEADER, b"tick"), (FORMAT_HEADER, b"2")])
    for form in (None, b"", b"x", b"0", b"-1"):
        with pytest.raises(CorruptState, match=FORMAT_HEADER):
            decode_entry(value, [(ENTRY_HEADER, b"tick"), (FORMAT_HEADER, form)])
    for kind in (None, b"chunk"):
        with pytest.raises(CorruptState, match=ENTRY_HEADER):
            decode_entry(value, [(ENTRY_HEADER, kind), (FORMAT_HEADER, b"1")])
    with pytest.raises(CorruptState, match="no value"):
        decode_entry(None, TICK_HEADERS)


@pytest.mark.parametrize(
    "value", [b"", b"{}", b"[", b'{"worker":1}', b"\xff\xff\xff\xff\0\0\0\0", b"\2\0\0\0{}"]
)
def test_what_is_no_entry_is_corrupt(value: bytes) -> None:
    for headers in (TICK_HEADERS, BATCH_HEADERS):
        with pytest.raises(CorruptState, match="cannot be read"):
            decode_entry(value, headers)


@pytest.mark.parametrize(
    "change",
    [
        lambda head: head["columns"].pop(),
        lambda head: head["columns"].append("feature:more"),
        lambda head: head.update(columns=["feature:text", "feature:text"]),
        lambda head: head.update(texts={}),
        lambda head: head["texts"].update({"feature:text": ["a"]}),
        lambda head: head["texts"].update({"feature:else": ["a"]}),
        lambda head: head.update(sources=[]),
        lambda head: head.update(versions=[]),
        lambda head: head.update(ids=None),
        lambda head: head.update(ids=head["ids"] + 1),
        lambda head: head.update(ids=-1),
        lambda head: head.update(numbers=True),
        lambda head: head.update(decimals=[0]),
        lambda head: head.update(decimals=[0, 0]),
        lambda head: head.update(decimals=[-1, 7]),
        lambda head: head.update(decimals=[-2, -1]),
        lambda head: head.update(rows=2),
        lambda head: head.update(rows=-1),
        lambda head: head.update(rows=10**12),
        lambda head: head["constants"].pop("role"),
        lambda head: head["constants"].update(role=256),
        lambda head: head.pop("model"),
    ],
)
def test_a_head_that_does_not_fit_its_arrays_is_corrupt(change: object) -> None:
    batch = batch_of([{"mixed": cell, "text": "abc"[at % 3]} for at, cell in enumerate(EVERY_CELL)])
    assert callable(change)
    value = encode_batch(batch)
    head = head_of(value)
    change(head)
    with pytest.raises(CorruptState):
        decode_entry(with_head(value, head), BATCH_HEADERS)


@pytest.mark.parametrize("cells", [{"a": 99.0}, {"a": -1.0}, {"a": 0.5}, {"a": float("nan")}])
def test_a_text_that_is_not_there_is_corrupt(cells: dict[str, float]) -> None:
    batch = batch_of([{"a": "text"}])
    batch.columns.cells[0] = cells["a"]
    with pytest.raises(CorruptState, match="texts"):
        decoded(batch)


@pytest.mark.parametrize(
    ("data", "lengths"),
    [
        (b"\xffbcd", (2, 2)),
        ("aéd".encode(), (2, 2)),
        (b"abcd", (1, 2)),
        (b"abcd", (4, -2)),
        (b"abcd", (4, 1)),
    ],
)
def test_ids_that_are_no_texts_are_corrupt(data: bytes, lengths: tuple[int, int]) -> None:
    batch = replace(batch_of([{"a": 1.0}, {"a": 2.0}]), ids=Ids.of(["ab", "cd"]))
    value = encode_batch(batch)
    begin = 4 + int.from_bytes(value[:4], "little")
    size = 2 * (8 + 8 + 8 + 4 + 4 + 2 + 2) + 4 + 1
    body = pa.Codec("lz4").decompress(value[begin:], size).to_pybytes()
    assert body.count(np.array([2, 2], np.int32).tobytes()) == body.count(b"abcd") == 1
    broken = body.replace(
        np.array([2, 2], np.int32).tobytes(), np.array(lengths, np.int32).tobytes()
    ).replace(b"abcd", data)
    with pytest.raises(CorruptState):
        decode_entry(value[:begin] + pa.Codec("lz4").compress(broken, asbytes=True), BATCH_HEADERS)


def test_an_entry_that_ends_early_is_corrupt() -> None:
    value = encode_batch(batch_of([{"a": at / 7} for at in range(100)]))
    for end in range(len(value)):
        with pytest.raises(CorruptState):
            decode_entry(value[:end], BATCH_HEADERS)


def test_what_fits_is_not_split() -> None:
    batch = batch_of([{"amount": 1.0}] * 100)
    assert list(split(batch)) == [batch]


@pytest.mark.parametrize(("max_cells", "max_bytes"), [(64, 10**9), (10**9, 12_000), (1, 1), (500, 20_000)])
def test_parts_are_bounded_and_hold_the_same_rows(max_cells: int, max_bytes: int) -> None:
    names = [f"f{at}" for at in range(40)]
    features = [
        dict.fromkeys(names[at % 30 : at % 30 + 10], f"text {at % 7}" if at % 3 else at / 7)
        for at in range(200)
    ]
    batch = batch_of(features, prediction=0.5)
    parts = list(split(batch, max_cells=max_cells, max_bytes=max_bytes))
    assert len(parts) > 1
    assert rows_of(concatenate(parts)) == rows_of(batch)
    for part in parts:
        assert bits(decoded(part)) == bits(part)
        assert len(encode_batch(part)) <= entry_bound(part)
        assert len(part) == 1 or (
            entry_bound(part) <= max_bytes and len(part) * len(part.columns) <= max_cells
        )
        for column in part.columns.values():  # only the texts, sources and versions that its rows use
            used = {int(value) for value in column.values[column.codes == Cell.TEXT]}
            assert used == set(range(len(column.texts)))
        assert set(part.source_at.tolist()) == set(range(len(part.sources)))
        assert set(part.version_at.tolist()) == set(range(len(part.versions)))


@pytest.mark.parametrize("noise", ["texts", "ids", "names", "control characters"])
def test_the_bound_counts_everything(noise: str) -> None:
    text = [np.random.default_rng(at).bytes(400).hex() for at in range(50)]
    if noise == "control characters":
        text = ["\x00\x1f\x7f" * 100 + str(at) for at in range(50)]
    batch = batch_of([{one if noise == "names" else "a": one} for one in text])
    if noise == "ids":
        batch = replace(batch, ids=Ids.of(text))
    assert len(encode_batch(batch)) <= entry_bound(batch)


def test_one_event_of_the_largest_record_fits_into_an_entry() -> None:
    """However a record of the largest size is filled, its row cannot be too large to be written: that would be a
    record nobody gets past."""
    rng = np.random.default_rng(1)
    features = {rng.bytes(32).hex(): "" for _ in range(MAX_FEATURES)}
    classes = {rng.bytes(32).hex(): 0.1 for _ in range(MAX_CLASSES)}
    event = {"model": "fraud", "features": features, "probabilities": classes}
    room = (MAX_RECORD_BYTES - len(orjson.dumps(event))) // MAX_FEATURES
    event["features"] = {name: rng.bytes(room).hex()[:room] for name in features}
    wide = orjson.dumps(event)
    long = orjson.dumps({"model": "fraud", "features": {"a": "\x01" * ((MAX_RECORD_BYTES - 64) // 6)}})
    for value in (wide, long):
        assert MAX_RECORD_BYTES * 0.98 < len(value) <= MAX_RECORD_BYTES
        (row,) = decode(SOURCE, [Record(0, NOON, None, value)], Rules()).rows
        (part,) = split(batch_of([row.features], **row.outputs))
        assert len(encode_batch(part)) <= MAX_ENTRY_BYTES + 20_000


def test_one_row_that_is_too_large_keeps_the_beginnings_of_its_texts() -> None:
    (part,) = split(batch_of([{"a": "x" * 500_000, "b": "y" * 500_000, "c": 1.0}]))
    assert part.columns["feature:a"].texts == ("x" * 256,)
    assert part.columns["feature:c"].values.tolist() == [1.0]


def test_pandas_is_not_imported(tmp_path: Path) -> None:
    """It costs 2.5 s of start-up; pyarrow imports it at the first chance when it is installed."""
    package = tmp_path / "pandas"
    package.mkdir()
    (package / "__init__.py").write_text("raise SystemExit('pandas was imported')")
    script = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from tests.unit.formats.test_columns import BATCH_HEADERS, batch_of, decode_entry, encode_batch\n"
        "decode_entry(encode_batch(batch_of([{'a': 1.5, 'b': 'x'}, {'a': None, 'b': 'y'}])), BATCH_HEADERS)\n"
        "print('not yet', flush=True)\n"
        "import pyarrow; pyarrow.array([1])\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)],
        check=False,
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[3],
    )
    # That the last line falls into the trap shows that the trap works.
    assert (run.stdout, run.stderr) == ("not yet\n", "pandas was imported\n")


def test_a_tick_of_many_sources_stays_small() -> None:
    sources = {
        Source(f"topic-{at % 20}", at): SourceProgress(NOON, 10**12, at_end=True) for at in range(5_000)
    }
    tick = Tick(worker="w", wall=NOON, partitions={}, sources=sources)
    value = encode_tick(tick)
    assert len(value) < 400_000
    assert msgspec.json.decode(value)["worker"] == "w"
