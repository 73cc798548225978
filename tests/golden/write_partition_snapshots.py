"""Writes the golden snapshots of a columns partition, if there are none for the current state versions.

    python -m tests.golden.write_partition_snapshots

Made once, by the release that introduces a state version, and read for ever after by `test_partition_snapshots.py`: the
snapshots of a clock, a model and series of every kind, the log that follows them, and the drift events that the same
release found in it without having stopped.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from stream_monitor.core.batch import ColumnBatch
from stream_monitor.core.detector import Kind
from stream_monitor.core.drift_event import DriftEvent
from stream_monitor.core.parameters import (
    Budget,
    BudgetUnit,
    DetectorChoice,
    ModelParameters,
    SeriesParameters,
)
from stream_monitor.core.partition_monitor import CLOCK_VERSION, PartitionMonitor
from stream_monitor.core.state import MODEL_VERSION, SERIES_VERSION
from stream_monitor.detectors import registry
from stream_monitor.formats import columns, snapshots
from tests.property.logs import log_of
from tests.property.rows import Shape, rows_of

NAME = f"partition.clock{CLOCK_VERSION}.model{MODEL_VERSION}.series{SERIES_VERSION}.bin"
SNAPSHOTS = Path(__file__).parent / "snapshots"
PARAMETERS = ModelParameters(
    name="golden",
    budget=Budget(alarms=1, span=10, unit=BudgetUnit.EVENTS),
    default=SeriesParameters(
        warm_up=50,
        tolerance=0.2,
        detectors=(DetectorChoice(id="adwin"), DetectorChoice(id="ddm", parameters={"warm_start": 20})),
    ),
    overrides={
        "session": SeriesParameters(warm_up=50, kind=Kind.IDENTIFIER),
        "late": SeriesParameters(warm_up=400),  # still warming when the snapshots are written
        "amount": SeriesParameters(warm_up=50),  # the default set, the sequential test included
        "constant": None,
    },
)


def new_monitor() -> PartitionMonitor:
    return PartitionMonitor(lambda _: PARAMETERS, registry.installed(), first=0)


def told(events: Sequence[DriftEvent]) -> list[list[object]]:
    """What of drift events no release may change for the same log; words and figures may get better."""
    return [
        [event.id, event.series, event.version, event.status.value, event.row, event.change_point_row]
        for event in events
    ]


def golden() -> Mapping[str, Any]:
    log = log_of(
        {"golden": rows_of("golden", Shape(seed=7, rows=2_400, jitter_ms=1_000))}, shuffle=7, most=60
    )
    middle = len(log) * 2 // 5
    monitor = new_monitor()
    for at, entry in log[:middle]:
        monitor.apply(at, entry)
    monitor.models["golden"].monitor.association.end()  # as every few thousand rows: tables are begun
    stored = {snapshot.key: snapshots.encode(snapshot) for snapshot in monitor.snapshots()}
    assert monitor.models["golden"].order.held_rows, "no row waits: the order would not be shown"
    assert monitor.models["golden"].monitor.alerts.open, "no alert is open: its state would not be shown"
    first = monitor.purgeable
    events: list[list[object]] = []
    for at, entry in log[middle:]:
        events += told(monitor.apply(at, entry).drift_events)
    encoded = [
        [at, "batch", columns.encode_batch(entry)]
        if isinstance(entry, ColumnBatch)
        else [at, "tick", columns.encode_tick(entry)]
        for at, entry in log
        if at >= first
    ]
    return {
        "format": 1,
        "snapshots": stored,
        "committed": log[middle][0],
        "log": encoded,
        "drift_events": events,
    }


def main() -> None:
    path = SNAPSHOTS / NAME
    if path.exists():
        print(f"kept    {NAME}")
    else:
        path.write_bytes(msgspec.msgpack.encode(golden()))
        print(f"written {NAME}")


if __name__ == "__main__":
    main()
