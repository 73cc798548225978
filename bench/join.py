"""`python -m bench.join`: what a million predictions that wait for their label cost in memory, time and checkpoint bytes.

Rows come as the monitor gets them, 4,096 at a time, with a class, a probability and an id of 36 characters (a UUID). First
predictions alone, until as many wait as asked for; then as many again, each followed by the label of a prediction of random
age, so that the bytes of a checkpoint are those of the worst case: every chunk meets a label. Measured is all that labels
cost a model: the join, the performance of its pairs, and the series of its errors as values to be watched.
"""

import argparse
import datetime as dt
import gc
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Final

import numpy as np

from bench.figures import machine
from bench.waiting import ROWS, both, identifier, predictions
from stream_monitor.core.batch import ColumnBatch
from stream_monitor.core.detector import Plain
from stream_monitor.core.join.keys import keys_of
from stream_monitor.core.join.parameters import JoinParameters
from stream_monitor.core.outcomes import Outcomes
from stream_monitor.core.parameters import OutcomeParameters
from stream_monitor.core.snapshot import Snapshot
from stream_monitor.formats import snapshots

_ROOT: Final = Path(__file__).parents[1]
_REPORT: Final = _ROOT / "docs" / "benchmarks" / "performance.md"
_BEGIN: Final = "<!-- bench-labels:begin -->"
_END: Final = "<!-- bench-labels:end -->"
_OFTEN: Final = 30_000  # rows between two checkpoints: 30 s at 1,000 events/s
_SELDOM: Final = 500_000  # and at 20,000 events/s, where the rows decide


def main(arguments: Sequence[str] | None = None) -> None:
    asked = _parse(arguments)
    lines = measure(asked.pending)
    shown = table(lines)
    print(f"{shown}\n")
    if asked.write:
        _write(shown)


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.join", description=__doc__)
    parser.add_argument("--pending", type=int, default=1_000_000)
    parser.add_argument(
        "--write", action="store_true", help=f"put the result into {_REPORT.relative_to(_ROOT)}"
    )
    asked = parser.parse_args(arguments)
    if asked.pending < ROWS:
        parser.error(f"at least {ROWS} predictions")
    return asked


def measure(pending: int) -> list[tuple[str, str]]:
    """What was measured, in words, and its value."""
    parameters = OutcomeParameters(expected=True, join=JoinParameters(pending=pending))
    outcomes, memory, written, watch = Outcomes(parameters), _Memory(), Written(), _Watch()
    for batch in predictions(0, pending):
        watch.observe(outcomes, batch)
    lines = [
        ("predictions that wait (class, probability; ids are UUIDs)", f"{outcomes.join.pending:,}"),
        ("memory for them", memory.told()),
        ("CPU per prediction", watch.told(0)),
    ]
    written.take(outcomes)
    lines.append(("first checkpoint, all of them", written.told(last=True)))
    for often, made in ((_OFTEN, pending), (_SELDOM, 2 * pending)):
        rows, joined = watch.rows, outcomes.join.counts.joined
        written.clear()
        _with_labels(outcomes, watch, written, slice(made, made + pending, often))
        lines += [
            (f"a checkpoint every {often:,} rows, half of them labels of random age", written.told()),
            ("– CPU per event, in which case", watch.told(rows)),
            ("– CPU per joined pair", watch.per_pair(rows, outcomes.join.counts.joined - joined)),
        ]
    lines += [
        ("memory, also for closed cases that are remembered", memory.told()),
        ("– waiting, remembered", f"{outcomes.join.pending:,}, {outcomes.join.remembered:,}"),
        ("state on the topic after all that", f"{written.stored / 1e6:.0f} MB"),
        ("largest record of it", f"{written.largest_record / 1e3:.0f} kB"),
    ]
    return [*lines, ("restore of it", _restored(outcomes))]


def _with_labels(outcomes: Outcomes, watch: "_Watch", written: "Written", made: slice) -> None:
    """Predictions made.start to made.stop, each followed by a label; a checkpoint every made.step rows."""
    random = np.random.default_rng(1)
    known = outcomes.parameters.join.pending
    for first in range(made.start, made.stop, ROWS // 2):
        before = watch.rows // made.step
        watch.observe(outcomes, both(first, random.integers(first - known, first, ROWS // 2)))
        if watch.rows // made.step > before:
            written.take(outcomes)
    if not written.sizes:  # fewer rows than lie between two
        written.take(outcomes)


def _restored(outcomes: Outcomes) -> str:
    chunks = {number: _encoded(number, fields) for number, fields in outcomes.join.all_chunks().items()}
    rest = _encoded(0, outcomes.dump())
    began = time.process_time()
    stored = {number: snapshots.decode(value).fields for number, value in chunks.items()}
    again = Outcomes.load(outcomes.parameters, snapshots.decode(rest).fields, stored, _unusable)
    took = time.process_time() - began
    if again.join.pending != outcomes.join.pending:
        raise RuntimeError("what was restored is not what was written")
    return f"{took:.2f} s"


def _unusable(part: str, why: str) -> None:
    raise RuntimeError(f"{part} cannot be restored: {why}")


class _Memory:
    """MB more than when it was made."""

    def __init__(self) -> None:
        keys_of([identifier(0)])
        self._before = _status("VmRSS")

    def told(self) -> str:
        gc.collect()
        resident, peak = _status("VmRSS") - self._before, _status("VmHWM") - self._before
        return f"{resident:.0f} MB, {peak:.0f} MB at most"


class _Watch:
    """CPU time, the hashing of ids included."""

    def __init__(self) -> None:
        self.rows = 0
        self._spent: list[tuple[int, float]] = []  # rows before, seconds

    def observe(self, outcomes: Outcomes, batch: ColumnBatch) -> None:
        began = time.process_time()
        outcomes.observe(batch, self.rows)
        self._spent.append((self.rows, time.process_time() - began))
        self.rows += len(batch)

    def _since(self, row: int) -> float:
        return sum(seconds for at, seconds in self._spent if at >= row)

    def told(self, since: int) -> str:
        """From the row `since` on."""
        return f"{self._since(since) / (self.rows - since) * 1e6:.2f} µs"

    def per_pair(self, since: int, pairs: int) -> str:
        return f"{self._since(since) / pairs * 1e6:.2f} µs, labels that joined nothing included"


@dataclass(slots=True)
class Written:
    """What the state topic has got: only how large it is, for it is not in the memory of a worker.

    chunks: bytes by number. sizes, seconds: of the checkpoints.
    """

    chunks: dict[int, int] = field(default_factory=dict)
    rest: int = 0
    sizes: list[int] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)

    def take(self, outcomes: Outcomes) -> None:
        """Write what has changed."""
        began = time.process_time()
        gone, dirty = outcomes.join.gone_chunks(), outcomes.join.dirty_chunks()
        chunks = {number: len(_encoded(number, fields)) for number, fields in dirty.items()}
        self.rest = len(_encoded(0, outcomes.dump()))
        self.seconds.append(time.process_time() - began)
        for number in gone:
            del self.chunks[number]
        self.chunks |= chunks
        self.sizes.append(sum(chunks.values()) + self.rest)

    def clear(self) -> None:
        """Forget how large the checkpoints were."""
        self.sizes, self.seconds = [], []

    @property
    def stored(self) -> int:
        return sum(self.chunks.values()) + self.rest

    @property
    def largest_record(self) -> int:
        return max(self.rest, *self.chunks.values())

    def told(self, *, last: bool = False) -> str:
        if last:
            return f"{self.sizes[-1] / 1e6:.1f} MB, {self.seconds[-1]:.2f} s"
        return (
            f"{median(self.sizes) / 1e6:.1f} MB, the largest {max(self.sizes) / 1e6:.1f} MB;"
            f" {median(self.seconds):.2f} s, the longest {max(self.seconds):.2f} s"
        )


def _encoded(number: int, fields: Plain) -> bytes:
    assert isinstance(fields, Mapping)
    key = f"join/1:m/{number}"
    snapshot = Snapshot(
        kind="join", key=key, state_version=1, library_version=None, parameters="", as_of=0, fields=fields
    )
    return snapshots.encode(snapshot)


def table(lines: Sequence[tuple[str, str]]) -> str:
    """Markdown."""
    return "\n".join(
        ["| what | measured |", "| --- | --- |", *(f"| {what} | {said} |" for what, said in lines)]
    )


def _write(shown: str) -> None:
    """Replace what is between the marks of the report; the words around it are written by people."""
    text = _REPORT.read_text(encoding="utf-8")
    before, _, rest = text.partition(_BEGIN)
    _, _, after = rest.partition(_END)
    today = dt.datetime.now(tz=dt.UTC).date()
    between = f"\nMeasured on {today} by `python -m bench.join --write`.\n\n{machine()}\n\n{shown}\n"
    _REPORT.write_text(f"{before}{_BEGIN}\n{between}\n{_END}{after}", encoding="utf-8")


def _status(name: str) -> float:
    """MB of this process: in memory now (VmRSS), or at most (VmHWM)."""
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith(name):
            return int(line.split()[1]) / 1024
    raise RuntimeError(f"/proc/self/status has no {name}: this needs Linux")


if __name__ == "__main__":
    main()
