"""The events that are measured: 20 numeric features of one model, two input partitions; three features shift half way."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import orjson

from stream_monitor.core.events import Record, Source

MODEL: Final = "fraud"
TOPIC: Final = "features"
BEGIN_MS: Final = 1_735_689_600_000  # one event a millisecond from 2025-01-01 on
_VALUES: Final = 20_000  # that are drawn at once


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """What events look like. shifted: features that shift half way. note: characters of a text that no model asks for."""

    features: int = 20
    models: int = 1
    partitions: int = 2
    note: int = 0
    shifted: int = 3

    def names(self) -> list[str]:
        """Of the models, which have their turn one after the other."""
        return [MODEL] if self.models == 1 else [f"{MODEL}-{at:04}" for at in range(self.models)]

    def sources(self) -> list[Source]:
        """The input partitions."""
        return [Source(TOPIC, partition) for partition in range(self.partitions)]


ONE_MODEL: Final = Shape()


def values(events: int, shape: Shape = ONE_MODEL, *, first: int = 0) -> Iterator[tuple[int, str, bytes]]:
    """Event time (ms UTC), model and JSON of every event, from the `first` one on. About 370 bytes, with 20 features."""
    random = np.random.default_rng(1 + first)
    names = [f"f{i:02d}" for i in range(shape.features)]
    models = itertools.cycle(shape.names())
    note = {"note": "x" * shape.note} if shape.note else {}
    rows = max(1, _VALUES // shape.features)
    for begin in range(0, events, rows):
        block = random.normal(50.0, 10.0, (min(rows, events - begin), shape.features))
        if begin >= events // 2:
            block[:, : shape.shifted] += 10.0
        for at, row in enumerate(np.round(block, 3).tolist(), first + begin):
            model, time = next(models), BEGIN_MS + at
            features = dict(zip(names, row, strict=True))
            event = {"model": model, "version": "7", "id": f"e-{at}", "time": time, "features": features}
            # A copy: what orjson returns keeps the 8 kB that it was written in, unlike what a client library delivers.
            yield time, model, bytes(memoryview(orjson.dumps(event | note)))


def records(events: int, shape: Shape = ONE_MODEL) -> dict[Source, list[Record]]:
    """The same events as records of the input partitions, dealt out in turn."""
    dealt: dict[Source, list[Record]] = {source: [] for source in shape.sources()}
    for source, (time, _, value) in zip(itertools.cycle(dealt), values(events, shape), strict=False):
        dealt[source].append(Record(len(dealt[source]), time, b"", value))
    return dealt
