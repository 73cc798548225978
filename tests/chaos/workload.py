"""What is fed in: events of several models that drift again and again, and bad records among them; seeded.

Also says where every event must end up. Knows nothing of workers.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
import orjson
from confluent_kafka import Producer

from tests.committed import TIMEOUT, end_offsets

PARTITIONS: Final = 4
STEP_MS: Final = 10  # event time between two events
JITTER_MS: Final = 1_500  # how far event times are out of order; less than LATENESS
LATENESS: Final = "2s"
START_MS: Final = (
    1_767_225_600_000  # 2026-01-01: long before any run, so that no event is ahead of its record
)
MAX_RECORD: Final = "4 KiB"
MODELS: Final = ("fraud", "churn", "credit", "returns", "pricing")
REGIME: Final = 1_900  # rows of a model between two changes
BAD_SHARE: Final = 0.02
ROLLING: Final = 50_000  # records handed to the client between two flushes


class Item(NamedTuple):
    """One input event: its place."""

    topic: str
    partition: int
    offset: int
    item: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """What was written. expected: for every event the model whose columns hold it, or why it is rejected."""

    topic: str
    expected: Mapping[Item, str]
    drifts: int


def produce(bootstrap: str, topic: str, *, events: int, seed: int) -> Workload:
    """Write `events` events (and as many records, but for arrays) in order of event time over the partitions."""
    producer = Producer({"bootstrap.servers": bootstrap, "linger.ms": 20, "enable.idempotence": True})
    expected: dict[Item, str] = {}
    ends = [0] * PARTITIONS
    for number, (partition, value, fates) in enumerate(_records(events, seed)):
        producer.produce(topic, value, partition=partition)
        expected.update({Item(topic, partition, ends[partition], at): fate for at, fate in enumerate(fates)})
        ends[partition] += 1
        if number % ROLLING == 0:
            producer.flush(TIMEOUT)
    assert producer.flush(TIMEOUT) == 0
    assert end_offsets(bootstrap, topic) == dict(enumerate(ends)), "every record where it was counted"
    drifts = sum(max(0, n // REGIME - 1) for n in _rows_by_model(expected).values())
    return Workload(topic=topic, expected=expected, drifts=drifts)


def _rows_by_model(expected: Mapping[Item, str]) -> dict[str, int]:
    fates = list(expected.values())
    return {model: fates.count(model) for model in MODELS}


def _records(events: int, seed: int) -> Iterator[tuple[int, bytes | None, Sequence[str]]]:
    """(partition, value, the fate of every event in it)."""
    random = np.random.default_rng(seed)
    streams = [_Stream(model, events, random) for model in MODELS]
    which = random.integers(len(MODELS), size=events)
    partitions = random.integers(PARTITIONS, size=events)
    bad = random.random(events) < BAD_SHARE
    times = START_MS + STEP_MS * np.arange(events) - random.integers(JITTER_MS, size=events)
    kinds = random.integers(len(_BAD) + 2, size=events)
    made = 0
    while made < events:
        event = streams[which[made]].next(int(times[made]))
        partition, model = int(partitions[made]), MODELS[which[made]]
        if not bad[made]:
            yield partition, orjson.dumps(event), [model]
            made += 1
        elif kinds[made] >= len(_BAD):  # an array of three, of which the middle one is bad
            value = [
                event,
                {"model": model, "when": 1},
                {"model": model, "time": event["time"], "label": True},
            ]
            yield partition, orjson.dumps(value), [model, "unknown_role", model]
            made += 3
        else:
            value_of, reason = _BAD[kinds[made]]
            yield partition, value_of, [reason]
            made += 1


_AHEAD: Final = round(time.time() * 1000) + 30 * 24 * 3600 * 1000
_BAD: Final[Sequence[tuple[bytes | None, str]]] = (
    (b'{"model":"fraud","features":{"amount":', "not_json"),
    (b'{"model":"fraud\xff"}', "not_json"),
    (None, "null_value"),
    (b"", "empty"),
    (b"[]", "empty"),
    (b"17", "not_an_event"),
    (b'{"features":{"amount":1.0}}', "missing_model"),
    (b'{"model":"fraud","features":[1]}', "invalid_features"),
    (b'{"model":"fraud","time":"yesterday","features":{"amount":1.0}}', "invalid_time"),
    (b'{"model":"fraud","time":%d,"features":{"amount":1.0}}' % _AHEAD, "clock_skew"),
    (b'{"model":"fraud","features":{"blob":"%s"}}' % (b"x" * 5_000), "too_large"),
)


class _Stream:
    """Events of one model: numeric, categorical, boolean and missing values, a prediction; a change every REGIME rows."""

    def __init__(self, model: str, rows: int, random: np.random.Generator) -> None:
        self._model = model
        self._at = 0
        regime = np.arange(rows) // REGIME
        moved = [(regime % 4 == turn) & (regime > 0) for turn in range(4)]
        self._amount = np.round(np.exp(3.0 + 0.5 * random.standard_normal(rows) + 0.6 * moved[1]), 2)
        self._score = np.round(50 + 8 * random.standard_normal(rows) + 10 * moved[2], 3)
        self._age = np.round(44 + 13 * random.standard_normal(rows)).astype(np.int64)
        self._lost = random.random(rows) < np.where(moved[3], 0.3, 0.01)
        self._device = np.where(moved[0] & (random.random(rows) < 0.4), 4, random.integers(4, size=rows))
        self._new = random.random(rows) < np.where(moved[1], 0.4, 0.15)
        self._wrong = random.random(rows) < 0.005
        self._probability = np.round(random.beta(2, 5, rows) + 0.3 * moved[2], 4)

    def next(self, at_ms: int) -> dict[str, object]:
        """The next event, with the event time `at_ms`."""
        at = self._at
        self._at += 1
        probability = float(self._probability[at])
        return {
            "model": self._model,
            "version": "7",
            "id": f"{self._model}-{at}",
            "time": at_ms,
            "features": {
                "amount": "n/a" if self._wrong[at] else float(self._amount[at]),
                "score": float(self._score[at]),
                "age": None if self._lost[at] else int(self._age[at]),
                "device": ("ios", "android", "web", "pos", "tablet")[self._device[at]],
                "is_new": bool(self._new[at]),
            },
            "prediction": "yes" if probability > 0.5 else "no",
            "probability": probability,
        }
