"""`python -m bench.join`: what a million predictions that wait for their label cost in memory, time and checkpoint bytes.

Rows come as the monitor gets them, 4,096 at a time, with a class, a probability and an id of 36 characters (a UUID). First
predictions alone, until as many wait as asked for; then as many again, each followed by the label of a prediction of random
age, so that the bytes of a checkpoint are those of the worst case: every chunk meets a label.
"""

import argparse
import gc
import tempfile
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
    join, memory, written = LabelJoin(parameters), _Memory(), _Written()
    watch = _Watch()
    for batch in _predictions(0, pending):
        watch.observe(join, batch)
    print(f"{join.pending:,} predictions wait for their label (class, probability; ids are UUIDs)")
    print(f"  memory: {memory.told()}\n  time: {watch.told(0)}")
    with tempfile.TemporaryDirectory() as directory:
        file = Path(directory) / "state"
        file.write_bytes(written.take(join, "the first checkpoint, all of them"))
        rows = watch.rows
        random = np.random.default_rng(1)
        for made in range(pending, 3 * pending, _ROWS // 2):
            before = watch.rows // _CHECKPOINT
            watch.observe(join, _both(made, random.integers(made - pending, made, _ROWS // 2)))
            if watch.rows // _CHECKPOINT > before:
                written.take(join, f"{_CHECKPOINT:,} rows later, half of them labels of random age")
        print(
            f"{join.pending:,} wait, {join.remembered:,} are remembered, {join.counts.joined:,} were joined"
        )
        print(f"  memory: {memory.told()}\n  time: {watch.told(rows)}")
        del join
        _restore(parameters, file)


def _restore(parameters: JoinParameters, file: Path) -> None:
    state = msgspec.msgpack.decode(file.read_bytes())
    began = time.process_time()
    chunks = {number: snapshots.decode(value).fields for number, value in state["chunks"].items()}
    decoded = time.process_time()
    join = LabelJoin.load(parameters, snapshots.decode(state["rest"]).fields, chunks)
    took = time.process_time() - decoded
    print(
        f"restore of {join.pending:,} that wait: {took:.2f} s, after {decoded - began:.2f} s to decode the state"
    )


class _Memory:
    """MB more than when it was made."""

    def __init__(self) -> None:
        keys_of([_id(0)])
        self._before = _status("VmRSS")

    def told(self) -> str:
        gc.collect()
        resident, peak = _status("VmRSS") - self._before, _status("VmHWM") - self._before
        return f"{resident:.0f} MB resident, {peak:.0f} MB at most"


class _Watch:
    """CPU time of the join and, apart from it, of the hashing of ids."""

    def __init__(self) -> None:
        self.rows = 0
        self._spent: list[tuple[int, float, float]] = []  # rows before, seconds of hashing and of the rest

    def observe(self, join: LabelJoin, batch: ColumnBatch) -> None:
        began = time.process_time()
        keys_of(batch.ids)
        hashed = time.process_time()
        join.observe(batch, self.rows)
        both = time.process_time() - hashed
        self._spent.append((self.rows, hashed - began, both - (hashed - began)))
        self.rows += len(batch)

    def told(self, since: int) -> str:
        """Per event, from the row `since` on."""
        spent = np.array([(hashing, rest) for row, hashing, rest in self._spent if row >= since])
        hashing, rest = spent.sum(axis=0) / (self.rows - since) * 1e6
        return f"{rest:.2f} µs an event, and {hashing:.2f} µs for its id"


class _Written:
    """Bytes of every chunk as it was last written."""

    def __init__(self) -> None:
        self._sizes: dict[int, int] = {}

    def take(self, join: LabelJoin, what: str) -> bytes:
        """Write what has changed; returns it."""
        began = time.process_time()
        gone, dirty = join.gone_chunks(), join.dirty_chunks()
        chunks = {number: _encoded(f"join/m/{number}", fields) for number, fields in dirty.items()}
        rest = _encoded("join/m", join.dump())
        took = time.process_time() - began
        for number in gone:
            del self._sizes[number]
        self._sizes |= {number: len(value) for number, value in chunks.items()}
        size = sum(map(len, chunks.values()))
        whole = sum(self._sizes.values())
        print(
            f"  written, {what}: {size / 1e6:.1f} MB in {len(chunks):,} of {len(self._sizes):,} chunks of"
            f" {whole / 1e6:.1f} MB, {len(rest) / 1e6:.2f} MB beside them; {took:.2f} s"
        )
        return msgspec.msgpack.encode({"chunks": chunks, "rest": rest})


def _encoded(key: str, fields: Plain) -> bytes:
    assert isinstance(fields, Mapping)
    snapshot = Snapshot(
        kind="join", key=key, state_version=1, library_version=None, parameters="", as_of=0, fields=fields
    )
    return snapshots.encode(snapshot)


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


def _status(name: str) -> float:
    """MB of this process: in memory now (VmRSS), or at most (VmHWM)."""
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith(name):
            return int(line.split()[1]) / 1024
    raise RuntimeError(f"/proc/self/status has no {name}: this needs Linux")


if __name__ == "__main__":
    main()
