"""The events that are measured: one model, 20 numeric features, two input partitions; three features shift half way."""

import itertools
from collections.abc import Iterator
from typing import Final

import numpy as np
import orjson

from stream_monitor.core.events import Record, Source

MODEL: Final = "fraud"
TOPIC: Final = "features"
PARTITIONS: Final = 2
FEATURES: Final = 20
SHIFTED: Final = 3
_BEGIN_MS: Final = 1_735_689_600_000  # one event a millisecond from 2025-01-01 on
_ROWS: Final = 1_000


def values(events: int, *, seed: int = 1) -> Iterator[tuple[int, bytes]]:
    """Event time (ms UTC) and JSON of every event, in order. About 400 bytes each."""
    random = np.random.default_rng(seed)
    names = [f"f{i:02d}" for i in range(FEATURES)]
    for begin in range(0, events, _ROWS):
        block = random.normal(50.0, 10.0, (min(_ROWS, events - begin), FEATURES))
        if begin >= events // 2:
            block[:, :SHIFTED] += 10.0
        for at, row in enumerate(np.round(block, 3).tolist(), begin):
            time = _BEGIN_MS + at
            features = dict(zip(names, row, strict=True))
            event = {"model": MODEL, "version": "7", "id": f"e-{at}", "time": time, "features": features}
            yield time, orjson.dumps(event)


def records(events: int) -> dict[Source, list[Record]]:
    """The same events as records of the input partitions, dealt out in turn."""
    dealt: dict[Source, list[Record]] = {Source(TOPIC, p): [] for p in range(PARTITIONS)}
    for source, (time, value) in zip(itertools.cycle(dealt), values(events), strict=False):
        dealt[source].append(Record(len(dealt[source]), time, b"", value))
    return dealt
