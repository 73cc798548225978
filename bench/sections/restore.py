"""How long a worker takes to have its state again after a crash, on real Kafka, by the size of that state."""

import time
from dataclasses import dataclass
from typing import Final

from bench.asked import Asked
from bench.figures import table
from bench.member import Member
from bench.produce import producer, send
from bench.service import own_settings
from bench.stream import ONE_MODEL, Shape

_COMMIT_SECONDS: Final = 3.0  # until what was observed is committed for sure
_LEARNED: Final = 1_200  # events of every model: a reference, and the first values after it; all that is by default is at work


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """models: with 20 features and the missing indicator of each: 40 series. rows: of all, observed after the last snapshots."""

    models: int
    rows: int

    @property
    def series(self) -> int:
        """Of all models."""
        return 2 * ONE_MODEL.features * self.models


def restore(asked: Asked) -> str:
    """A worker learns, writes snapshots, sees more rows, and is killed: the next one restores."""
    rows = []
    for size in _sizes(asked):
        for refolded, seconds, written in _restores(asked, size):
            rows.append([f"{size.series:,}", f"{refolded:,.0f}", f"{written / 1e6:.1f}", f"{seconds:.2f}"])
            asked.say(" | ".join(rows[-1]))
    found = table(["series", "rows to refold", "snapshots, MB", "restore, s"], rows)
    return f"{found}\n\nThe bound for 10,000 series with 500,000 rows is 15 s."


def _sizes(asked: Asked) -> list[Size]:
    if asked.quick:
        return [Size(models=5, rows=2_000)]
    return [Size(models=25, rows=50_000), Size(models=250, rows=500_000)]


def _restores(asked: Asked, size: Size) -> list[tuple[float, float, float]]:
    """Rows refolded, seconds, bytes of snapshots: once with snapshots alone, once with all rows behind them too."""
    bootstrap, shape = asked.kafka.bootstrap, Shape(models=size.models, shifted=0)
    learning = size.models * _LEARNED
    topic = asked.kafka.filled(learning, shape)
    # One set of snapshots is written, when all is learned: what comes after that has to be observed again.
    settings = own_settings(
        bootstrap,
        topic,
        {
            "kafka.partitions": 1,
            "models": [{"name": name, "sources": [topic]} for name in shape.names()],
            "state.checkpoint_every": "1h",
            "state.checkpoint_rows": learning,
        },
    )
    with Member(settings) as first:
        first.until(lambda told: told["snapshots"] >= size.series)
        written = first.told["snapshot_bytes"]
        first.kill()
    send(producer(bootstrap), topic, size.rows, shape, first=learning)
    found = []
    settings["state.checkpoint_rows"] = 100 * size.rows
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
