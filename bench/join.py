"""`python -m bench.join`: what a million predictions that wait for their label cost in memory, time and checkpoint bytes.

Rows come as the monitor gets them, 4,096 at a time, with a class, a probability and an id of 36 characters (a UUID). First
predictions alone, until as many wait as asked for; then as many again, each followed by the label of a prediction of random
age, so that the bytes of a checkpoint are those of the worst case: every chunk meets a label.
"""

import argparse
import gc
import time
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import msgspec
import numpy as np

from stream_monitor.core.batch import Cell, Column, ColumnBatch
from stream_monitor.core.detector import Plain
from stream_monitor.core.events import Role, Source
from stream_monitor.core.join.keys import keys_of
from stream_monitor.core.join.label_join import LabelJoin
from stream_monitor.core.join.parameters import JoinParameters
from stream_monitor.core.snapshot import Snapshot
from stream_monitor.formats import snapshots

_ROWS: Final = 4_096
_CHECKPOINT: Final = 500_000  # rows between two snapshots of the state


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.join", description=__doc__)
    parser.add_argument("--pending", type=int, default=1_000_000)
    pending = parser.parse_args().pending
    parameters = JoinParameters(pending=pending)
    keys_of([_id(0)])
    before = _resident()
    join, stored = LabelJoin(parameters), dict[int, bytes]()
    rows = 0
    watch = _Watch()
    for batch in _predictions(0, pending):
        rows += watch.observe(join, batch, rows)
    gc.collect()
    print(f"{join.pending:,} predictions wait for their label (class, probability, UUID)")
    print(
        f"memory: {_resident() - before:.0f} MB resident more than before, {_peak() - before:.0f} MB at most"
    )
    print(f"time: {watch.told(rows)}")
    _write(join, stored, "first checkpoint, all of them")
    began = time.perf_counter()
    loaded = LabelJoin.load(parameters, *_read(join, stored))
    print(f"restore: {time.perf_counter() - began:.2f} s, from {len(stored):,} decoded chunks")
    del loaded
    watch = _Watch()
    random = np.random.default_rng(1)
    begun = rows
    for made in range(pending, 2 * pending, _ROWS // 2):
        labelled = random.integers(made - pending, made, _ROWS // 2)
        rows += watch.observe(join, _both(made, labelled), rows)
        if (rows - begun) // _CHECKPOINT > (rows - begun - _ROWS) // _CHECKPOINT:
            _write(join, stored, f"checkpoint after {_CHECKPOINT:,} rows, half of them labels of random age")
    gc.collect()
    print(
        f"then {join.pending:,} wait and {join.remembered:,} are remembered; {join.counts.joined:,} were joined"
    )
    print(
        f"memory: {_resident() - before:.0f} MB resident more than before, {_peak() - before:.0f} MB at most"
    )
    print(f"time: {watch.told(rows - begun)}")


class _Watch:
    """Times the join and, apart from it, the hashing of ids."""

    def __init__(self) -> None:
        self._joining = self._hashing = 0.0

    def observe(self, join: LabelJoin, batch: ColumnBatch, first_row: int) -> int:
        began = time.process_time()
        keys_of(batch.ids)
        hashed = time.process_time()
        join.observe(batch, first_row)
        self._joining += time.process_time() - hashed
        self._hashing += hashed - began
        return len(batch)

    def told(self, rows: int) -> str:
        rest = (self._joining - self._hashing) / rows * 1e6
        return f"{rest:.2f} µs an event, and {self._hashing / rows * 1e6:.2f} µs for its id"


def _write(join: LabelJoin, stored: dict[int, bytes], what: str) -> None:
    began = time.perf_counter()
    for number in join.gone_chunks():
        del stored[number]
    dirty = {number: _encoded(f"join/m/{number}", fields) for number, fields in join.dirty_chunks().items()}
    stored.update(dirty)
    rest = len(_encoded("join/m", join.dump()))
    took = time.perf_counter() - began
    written = sum(map(len, dirty.values())) + rest
    print(
        f"{what}: {written / 1e6:.2f} MB in {len(dirty):,} chunks and {rest / 1e6:.2f} MB beside them, {took:.2f} s; "
        f"the whole state has {(sum(map(len, stored.values())) + rest) / 1e6:.1f} MB"
    )


def _encoded(key: str, fields: Plain) -> bytes:
    assert isinstance(fields, Mapping)
    snapshot = Snapshot(
        kind="join", key=key, state_version=1, library_version=None, parameters="", as_of=0, fields=fields
    )
    return snapshots.encode(snapshot)


def _read(join: LabelJoin, stored: Mapping[int, bytes]) -> tuple[Plain, dict[int, Plain]]:
    rest = msgspec.msgpack.decode(msgspec.msgpack.encode(join.dump()))
    return rest, {number: snapshots.decode(value).fields for number, value in stored.items()}


def _predictions(begin: int, end: int) -> Iterator[ColumnBatch]:
    for first in range(begin, end, _ROWS):
        made = np.arange(first, min(first + _ROWS, end))
        yield _batch(made, np.full(len(made), int(Role.PREDICTION)), int(made[0]))


def _both(made: int, labelled: np.ndarray) -> ColumnBatch:
    """Predictions from `made` on and labels in turn."""
    of = np.column_stack([made + np.arange(len(labelled)), labelled]).ravel()
    return _batch(of, np.tile([int(Role.PREDICTION), int(Role.LABEL)], len(labelled)), made)


def _batch(of: np.ndarray, roles: np.ndarray, now: int) -> ColumnBatch:
    number = len(of)
    predicts = roles == Role.PREDICTION
    nothing = np.uint8(Cell.NONE)
    classes, texts = (of % 2).astype(np.float64), ("fraud", "legit")

    def codes(cell: Cell, wanted: np.ndarray) -> np.ndarray:
        return np.where(wanted, np.uint8(cell), nothing)

    return ColumnBatch(
        model="m",
        times=1_795_255_200_000 + now + np.arange(number) // 2,
        sources=(Source("events", 0),),
        source_at=np.zeros(number, np.uint16),
        offsets=np.arange(number),
        items=np.zeros(number, np.uint32),
        versions=("7", None),
        version_at=(~predicts).astype(np.uint16),
        ids=tuple(map(_id, of.tolist())),
        roles=roles.astype(np.uint8),
        columns={
            "prediction": Column(values=classes, codes=codes(Cell.TEXT, predicts), texts=texts),
            "probability": Column(values=of % 1000 / 1000, codes=codes(Cell.NUMBER, predicts)),
            "label": Column(values=classes, codes=codes(Cell.TEXT, ~predicts), texts=texts),
        },
    )


def _id(number: int) -> str:
    return str(uuid.UUID(int=number * 0x9E3779B97F4A7C15F39CC0605CEDC835 % 2**128))


def _resident() -> float:
    """MB of this process in memory."""
    return _status("VmRSS")


def _peak() -> float:
    """The same at its highest."""
    return _status("VmHWM")


def _status(name: str) -> float:
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith(name):
            return int(line.split()[1]) / 1024
    raise RuntimeError(f"/proc/self/status has no {name}: this needs Linux")


if __name__ == "__main__":
    main()
