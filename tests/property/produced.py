"""Input records with what must become of them: good events, bad ones, arrays of both; two models that really drift."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeAlias

import numpy as np
import orjson

from stream_monitor.core.events import Source

TOPICS: Mapping[str, int] = {"events": 3, "labels": 1}
T0 = 1_795_255_200_000
JITTER_MS = 500  # event times are out of order by up to that much; the lateness is a second

Place: TypeAlias = tuple[str, int, int, int]
"""Topic, partition, offset and item of one event."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Produced:
    """One record. good, bad: the items in it that must end in columns or in the dead-letter topic."""

    source: Source
    value: bytes | None
    timestamp: int
    good: tuple[int, ...] = (0,)
    bad: tuple[int, ...] = ()


_BAD: Sequence[bytes | None] = (
    None,
    b"",
    b"{",
    b"[]",
    b'{"model": "fraud"}',
    b'{"features": {"amount": 1}}',
    b'{"model": "nobody", "features": {"amount": 1}}',
    b'{"model": "fraud", "time": "yesterday", "features": {"amount": 1}}',
    b'{"model": "fraud", "time": 4000000000000, "features": {"amount": 1}}',
)


@cache
def records(seed: int, rows: int = 1_400) -> Sequence[Produced]:
    """About `rows` events, in the order in which they are produced."""
    return tuple(_records(np.random.default_rng(seed), rows))


def _records(rng: np.random.Generator, rows: int) -> Iterator[Produced]:
    for at in range(rows):
        time = T0 + 100 * at
        source = Source("labels", 0) if rng.random() < 0.1 else Source("events", int(rng.integers(0, 3)))
        draw = rng.random()
        if draw < 0.03:
            yield Produced(source=source, value=_BAD[at % len(_BAD)], timestamp=time, good=(), bad=(0,))
        elif draw < 0.08:
            events: list[object] = [
                _event(rng, at, rows, time, source),
                17,
                _event(rng, at, rows, time, source),
            ]
            yield Produced(source=source, value=orjson.dumps(events), timestamp=time, good=(0, 2), bad=(1,))
        else:
            event = _event(rng, at, rows, time, source)
            yield Produced(source=source, value=orjson.dumps(event), timestamp=time)


def _event(rng: np.random.Generator, at: int, rows: int, time: int, source: Source) -> dict[str, Any]:
    part = at / rows
    event: dict[str, Any] = {
        "model": "fraud" if rng.random() < 0.6 else "churn",
        "time": time - int(rng.integers(0, JITTER_MS)),
    }
    if source.topic == "labels":
        return {**event, "id": f"e-{max(0, at - int(rng.integers(0, 50)))}", "label": float(rng.normal())}
    drifting = 0.22 < part < 0.38 or part > 0.86
    if rng.random() < 0.05:
        del event["time"]  # the record's own
    event["version"] = "1" if part < 0.5 else "2"
    event["features"] = {
        "amount": float(rng.normal(3.0 if drifting else 0.0)),
        "country": str(rng.choice(["DE", "FR"] if not drifting else ["FR", "XX"])),
        "session": f"s-{at}",
        "flag": None if drifting and rng.random() < 0.5 else bool(rng.random() < 0.3),
    }
    if rng.random() < 0.5:
        event["prediction"] = float(rng.normal(-4.0 if part > 0.75 else 0.0))
        event["id"] = f"e-{at}"
        if rng.random() < 0.8:  # the others have to wait for theirs
            event["label"] = event["prediction"] + float(rng.normal(3.0 if 0.5 < part < 0.75 else 0.0))
    return event


ALERTING = {"false_alarms": "1 per 10 events"}
MODEL = {
    "warm_up": 40,
    "detectors": [
        "sequential",
        "adwin",
        {"id": "page_hinkley", "params": {"threshold": 20, "min_instances": 20}},
    ],
    "features": {"session": {"type": "identifier"}},
    "sources": ["events", "labels"],
    "alerting": ALERTING,
    "labels": True,
    "performance": {"window": 256, "min_labels": 32, "min_coverage": 0, "expected": {"mae": 1.2}},
}
RETRAIN = {"on": ["feature:*", "prediction"], "after": "4s", "at_most": "1 per 200 events", "rows": 100}
SETTINGS: Mapping[str, Any] = {
    "models": [
        {**MODEL, "name": "fraud", "alerting": {**ALERTING, "labels": {"team": "a"}}, "retrain": RETRAIN},
        {
            **MODEL,
            "name": "churn",
            "segments": ["country", {"feature": "amount", "edges": [0], "features": ["flag"]}],
        },
    ],
    # Absence hangs on ticks, which a run that was disturbed has others of: the law of restarts is about it, not this one.
    "derived": {"traffic": "1s", "absent_after": "off", "outliers": "on"},
    "kafka.commit_every": "500ms",
    "state.checkpoint_every": "1s",
    "ingest.lateness": "1s",
}
