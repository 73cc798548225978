"""How long a worker takes to have its state again after a crash, on real Kafka, by the size of that state."""

import time
from dataclasses import dataclass
from typing import Final

from bench.asked import Asked
from bench.figures import table
from bench.member import Member
from bench.produce import producer, send
from bench.service import own_settings
from bench.stream import Shape

_COMMIT_SECONDS: Final = 3.0  # until what was observed is committed for sure


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """series: of models with 20 features each. rows: that were observed after the last snapshots."""

    series: int
    rows: int


def restore(asked: Asked) -> str:
    """A worker learns, writes snapshots, sees more rows, and is killed: the next one restores."""
    rows = []
    for size in _sizes(asked):
        for refolded, seconds, written in _restores(asked, size):
            rows.append([f"{size.series:,}", f"{refolded:,.0f}", f"{written / 1e6:.1f}", f"{seconds:.2f}"])
            asked.say(" | ".join(rows[-1]))
    return table(["series", "rows to refold", "snapshots, MB", "restore, s"], rows)


def _sizes(asked: Asked) -> list[Size]:
    if asked.quick:
        return [Size(series=200, rows=2_000)]
    return [Size(series=1_000, rows=50_000), Size(series=10_000, rows=500_000)]


def _restores(asked: Asked, size: Size) -> list[tuple[float, float, float]]:
    """Rows refolded, seconds, bytes of snapshots: once with snapshots alone, once with all rows behind them too."""
    bootstrap, shape = asked.kafka.bootstrap, Shape(models=size.series // 20, shifted=0)
    learning = shape.models * 120
    topic = asked.kafka.filled(learning, shape)
    # Nothing is written but at a clean end: what comes after that has to be observed again.
    settings = own_settings(
        bootstrap,
        topic,
        {
            "kafka.partitions": 1,
            "models": [
                {"name": name, "sources": [topic], "reference": {"events": 100}} for name in shape.names()
            ],
            "state.checkpoint_every": "1h",
            "state.checkpoint_rows": 100_000_000,
        },
    )
    with Member(settings) as first:
        first.until(lambda told: told["observed"] >= learning)
        first.end()
        written = first.told["snapshot_bytes"]
    send(producer(bootstrap), topic, size.rows, shape, first=learning)
    found = []
    with Member(settings) as second:
        found.append((*_restored(second), written))
        second.until(lambda told: told["observed"] >= size.rows)
        time.sleep(_COMMIT_SECONDS)
        second.kill()
    with Member(settings) as third:
        found.append((*_restored(third), written))
    return found


def _restored(member: Member) -> tuple[float, float]:
    told = member.until(lambda told: told["restored"] > 0)
    return told["refolded"], told["restore_seconds"]
