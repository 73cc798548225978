import math
import zlib
from dataclasses import replace
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
import pytest

from stream_monitor.core.errors import CorruptState, NewerState, StreamMonitorError
from stream_monitor.core.snapshot import Snapshot
from stream_monitor.formats.snapshots import HEADER_BYTES, MAX_SNAPSHOT_BYTES, decode, encode
from tests.golden_files import GOLDEN, golden

LZ4 = pa.Codec("lz4_raw")
SNAPSHOT = Snapshot(
    kind="series",
    key="series/fraud/7/prediction",
    state_version=3,
    library_version="0.26",
    parameters="9f86d081884c7d65",
    as_of=123_456,
    fields={
        "mean": 0.1 + 0.2,
        "lowest": math.inf,
        "highest": -math.inf,
        "zero": -0.0,
        "width": 2**63,
        "least": -(2**63),
        "warm": True,
        "nothing": None,
        "name": "β\x00",
        "packed": b"\x00\xff",
        "rows": [[1, 2.0], []],
        "nested": {"counts": {"DE": 3, "other": 0}, "": {}},
    },
)


def enveloped(body: Any) -> bytes:
    packed = body if isinstance(body, bytes) else msgspec.msgpack.encode(body)
    return sealed(len(packed).to_bytes(4, "big") + LZ4.compress(packed, asbytes=True))


def sealed(rest: bytes, header: bytes = b"SM\x02\x00") -> bytes:
    return header + zlib.crc32(rest).to_bytes(4, "big") + rest


def fields_of(snapshot: Snapshot) -> dict[str, Any]:
    return {name: getattr(snapshot, name) for name in Snapshot.__slots__}


def test_a_snapshot_comes_back() -> None:
    back = decode(encode(SNAPSHOT))
    assert back == SNAPSHOT
    assert list(back.fields) == list(SNAPSHOT.fields)
    assert math.copysign(1, back.fields["zero"]) == -1  # type: ignore[arg-type]  # it is a float
    assert [type(value) for value in back.fields.values()] == [
        type(value) for value in SNAPSHOT.fields.values()
    ]


def test_nan_comes_back() -> None:
    snapshot = replace(SNAPSHOT, fields={"p": math.nan})
    assert encode(decode(encode(snapshot))) == encode(snapshot)


def test_what_was_written_once_is_read_for_ever() -> None:
    """A change needs a new format number and a new file."""
    assert decode(golden("snapshots/envelope_v2.bin", encode(SNAPSHOT))) == SNAPSHOT
    assert decode((GOLDEN / "snapshots" / "envelope_v1.bin").read_bytes()) == SNAPSHOT


def test_the_envelope_is_as_described() -> None:
    value = encode(SNAPSHOT)
    assert (value[:2], value[2], value[3]) == (b"SM", 2, 0)
    assert int.from_bytes(value[4:8], "big") == zlib.crc32(value[8:])
    size = int.from_bytes(value[8:12], "big")
    assert msgspec.msgpack.decode(LZ4.decompress(value[12:], size, asbytes=True)) == fields_of(SNAPSHOT)


@pytest.mark.parametrize("size", [0, 1, 99, 101, MAX_SNAPSHOT_BYTES + 1, 2**32 - 1])
def test_a_size_that_is_not_true_is_corrupt(size: int) -> None:
    body = LZ4.compress(bytes(100), asbytes=True)
    with pytest.raises(CorruptState):
        decode(sealed(size.to_bytes(4, "big") + body))


@pytest.mark.parametrize("bad", [np.float64(1), np.int64(1), np.zeros(2), np.bool_(1), object()])
def test_numpy_never_gets_inside(bad: Any) -> None:
    with pytest.raises(TypeError):
        encode(replace(SNAPSHOT, fields={"bad": [bad]}))


def test_a_snapshot_over_the_cap_is_refused() -> None:
    empty = len(msgspec.msgpack.encode(fields_of(replace(SNAPSHOT, fields={"a": b""}))))
    room = MAX_SNAPSHOT_BYTES - HEADER_BYTES - empty - 3  # a longer length's bytes
    full = replace(SNAPSHOT, fields={"a": bytes(room)})
    assert decode(encode(full)) == full
    with pytest.raises(StreamMonitorError, match="series/fraud/7/prediction has 8000001 bytes"):
        encode(replace(SNAPSHOT, fields={"a": bytes(room + 1)}))


def test_a_kind_is_the_beginning_of_its_key() -> None:
    with pytest.raises(ValueError, match="model"):
        encode(replace(SNAPSHOT, kind="model"))
    with pytest.raises(CorruptState):
        decode(enveloped(fields_of(SNAPSHOT) | {"kind": "model"}))


def test_a_newer_envelope_is_known_before_anything_in_it_is_looked_at() -> None:
    for header in (b"SM\x03\x00", b"SM\xff\x07", b"SM\x02\x01", b"SM\x01\x01"):
        with pytest.raises(NewerState, match="newer"):
            decode(header + b"\x00\x00\x00\x00anything")


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"S",
        b"SM\x01",
        b"SM\x00\x00\x00\x00\x00\x00",
        b"MS\x01\x00" + bytes(10),
        b"\x80\x04\x95" + bytes(20),
    ],
)
def test_what_is_no_envelope_is_corrupt(value: bytes) -> None:
    with pytest.raises(CorruptState):
        decode(value)


def test_every_single_bit_error_is_found() -> None:
    value = encode(SNAPSHOT)
    for bit in range(8 * len(value)):
        broken = bytearray(value)
        broken[bit // 8] ^= 1 << bit % 8
        with pytest.raises((CorruptState, NewerState)):
            decode(bytes(broken))


def test_every_truncation_and_addition_is_found() -> None:
    value = encode(SNAPSHOT)
    for length in range(len(value)):
        with pytest.raises(CorruptState):
            decode(value[:length])
    with pytest.raises(CorruptState):
        decode(value + b"\x00")
    with pytest.raises(CorruptState):
        decode(enveloped(value[8:] + b"\x00"))
    with pytest.raises(CorruptState):
        decode(value + bytes(MAX_SNAPSHOT_BYTES))


@pytest.mark.parametrize(
    "body",
    [
        {},
        [],
        b"",
        b"\x91" * 100_000,
        b"\x81\xa6fields" * 50_000,
        b"\xdd\xff\xff\xff\xff",
        b"\xdf\xff\xff\xff\xff",
        b"\xc6\xff\xff\xff\xff",
        {**fields_of(SNAPSHOT), "more": 1},
        {**fields_of(SNAPSHOT), "as_of": -1},
        {**fields_of(SNAPSHOT), "as_of": 1.5},
        {**fields_of(SNAPSHOT), "state_version": -1},
        {**fields_of(SNAPSHOT), "fields": None},
        {**fields_of(SNAPSHOT), "fields": {1: 2}},
        {**fields_of(SNAPSHOT), "fields": {"a": {1: 2}}},
        {**fields_of(SNAPSHOT), "fields": {"a": [msgspec.msgpack.Ext(5, b"x")]}},
        {**fields_of(SNAPSHOT), "fields": {"a": [msgspec.Raw(b"\xc7\x0c\xff" + bytes(11) + b"\x01")]}},
        {**fields_of(SNAPSHOT), "fields": {"a": msgspec.Raw(b"\xa1\xff")}},
        {name: value for name, value in fields_of(SNAPSHOT).items() if name != "parameters"},
    ],
)
def test_a_body_that_no_release_writes_is_corrupt(body: Any) -> None:
    with pytest.raises(CorruptState):
        decode(enveloped(body))
