"""What is fed in: events of several models that drift again and again, labels of one, and bad records among them; seeded.

Also says where every event must end up. Knows nothing of workers.
"""

import time
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
import orjson
from confluent_kafka import Producer

from stream_monitor.core.events import Source
from tests.chaos.labels import CLASSES, Label, labels_of
from tests.committed import TIMEOUT, end_offsets
from tests.property.naive_join import Event

PARTITIONS: Final = 4
STEP_MS: Final = 10  # event time between two events
REST_MS: Final = 8 * 24 * 3_600_000  # half-way nothing comes for longer than a prediction waits for its label
JITTER_MS: Final = 1_500  # how far event times are out of order; less than LATENESS
LATENESS: Final = "2s"
START_MS: Final = (
    1_767_225_600_000  # 2026-01-01: long before any run, so that no event is ahead of its record
)
MAX_RECORD: Final = "4 KiB"
MODELS: Final = ("fraud", "churn", "credit", "returns", "pricing")
LABELLED: Final = "fraud"
VERSION: Final = "7"
REGIME: Final = 1_900  # rows of a model between two changes
BAD_SHARE: Final = 0.02
ROLLING: Final = 50_000  # records handed to the client between two flushes


class Item(NamedTuple):
    """One input event: its place."""

    topic: str
    partition: int
    offset: int
    item: int


class Row(NamedTuple):
    """A row of the labelled model. Rows sort as the monitor must observe them: by event time, then by place."""

    time: int
    source: Source
    offset: int
    item: int
    event: Event


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """What was written. expected: for every event the model whose columns hold it, or why it is rejected.

    labelled: the events of the model with labels, in the order in which they must be observed.
    """

    topic: str
    expected: Mapping[Item, str]
    labelled: Sequence[Row]


def produce(bootstrap: str, topic: str, *, events: int, seed: int) -> Workload:
    """Write `events` events (and as many records, but for arrays) in order of event time over the partitions."""
    producer = Producer({"bootstrap.servers": bootstrap, "linger.ms": 20, "enable.idempotence": True})
    expected: dict[Item, str] = {}
    labelled: list[Row] = []
    ends = [0] * PARTITIONS
    for number, (partition, value, fates) in enumerate(_records(events, seed)):
        producer.produce(topic, value, partition=partition)
        place = Source(topic, partition), ends[partition]
        expected.update({Item(*place[0], place[1], at): fate for at, fate in enumerate(fates)})
        if LABELLED in fates:
            labelled += _rows(value, fates, *place)
        ends[partition] += 1
        if number % ROLLING == 0:
            producer.flush(TIMEOUT)
    assert producer.flush(TIMEOUT) == 0
    assert end_offsets(bootstrap, topic) == dict(enumerate(ends)), "every record where it was counted"
    return Workload(topic=topic, expected=expected, labelled=sorted(labelled, key=lambda row: row[:4]))


def _rows(value: bytes | None, fates: Sequence[str], source: Source, offset: int) -> Iterator[Row]:
    """The events in a record that are rows of the labelled model."""
    read = orjson.loads(value or b"")
    for item, (said, fate) in enumerate(zip(read if isinstance(read, list) else [read], fates, strict=True)):
        if fate == LABELLED:
            names = ("id", "time", "version", "prediction", "probability", "label")
            event = Event(**{name: said.get(name) for name in names})
            yield Row(event.time, source, offset, item, event)


def _records(events: int, seed: int) -> Iterator[tuple[int, bytes | None, Sequence[str]]]:
    """(partition, value, the fate of every event in it)."""
    random = np.random.default_rng(seed)
    streams = [_Stream(model, events, random) for model in MODELS]
    which = random.integers(len(MODELS), size=events)
    partitions = random.integers(PARTITIONS, size=events)
    bad = random.random(events) < BAD_SHARE
    times = START_MS + STEP_MS * np.arange(events) - random.integers(JITTER_MS, size=events)
    times[events // 2 :] += REST_MS
    kinds = random.integers(len(_BAD) + 2, size=events)
    predicted = streams[MODELS.index(LABELLED)]
    labels = deque(labels_of(LABELLED, predicted.truth, random))
    made = 0
    while made < events:
        partition, model, time_ms = int(partitions[made]), MODELS[which[made]], int(times[made])
        if labels and labels[0].due <= predicted.made:
            yield partition, _label(labels.popleft(), time_ms), [LABELLED]
            made += 1
            continue
        event = streams[which[made]].next(time_ms)
        if not bad[made]:
            yield partition, orjson.dumps(event), [model]
            made += 1
        elif kinds[made] >= len(_BAD):  # an array of three, of which the middle one is bad
            value = [event, {"model": model, "when": 1}, {"model": model, "time": time_ms, "label": True}]
            yield partition, orjson.dumps(value), [model, "unknown_role", model]
            made += 3
        else:
            value_of, reason = _BAD[kinds[made]]
            yield partition, value_of, [reason]
            made += 1


def _label(label: Label, time_ms: int) -> bytes:
    event: dict[str, object] = {"model": LABELLED, "time": time_ms, "label": label.value}
    return orjson.dumps(event if label.id is None else {**event, "id": label.id})


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
    """Events of one model: numeric, categorical, boolean and missing values, a prediction; a change every REGIME rows.

    made: how many so far. truth: what each will turn out to be, 0 or 1: as likely as its probability says, but for the
    regimes in which the concept has drifted.
    """

    def __init__(self, model: str, rows: int, random: np.random.Generator) -> None:
        self._model = model
        self.made = 0
        regime = np.arange(rows) // REGIME
        moved = [(regime % 4 == turn) & (regime > 0) for turn in range(4)]
        self._amount = np.round(np.exp(3.0 + 0.5 * random.standard_normal(rows) + 0.6 * moved[1]), 2)
        self._score = np.round(50 + 8 * random.standard_normal(rows) + 10 * moved[2], 3)
        self._age = np.round(44 + 13 * random.standard_normal(rows)).astype(np.int64)
        self._lost = random.random(rows) < np.where(moved[3], 0.3, 0.01)
        self._device = np.where(moved[0] & (random.random(rows) < 0.4), 4, random.integers(4, size=rows))
        self._new = random.random(rows) < np.where(moved[1], 0.4, 0.15)
        self._wrong = random.random(rows) < 0.005
        probability = random.beta(2, 5, rows) + 0.3 * moved[2]
        self._probability = np.clip(np.round(probability, 4), 1e-4, 1 - 1e-4)
        flipped = moved[3] & (random.random(rows) < 0.4)
        self.truth = ((random.random(rows) < self._probability) ^ flipped).astype(np.float64)

    def next(self, at_ms: int) -> dict[str, object]:
        """The next event, with the event time `at_ms`."""
        at = self.made
        self.made += 1
        probability = float(self._probability[at])
        return {
            "model": self._model,
            "version": VERSION,
            "id": f"{self._model}-{at}",
            "time": at_ms,
            "features": {
                "amount": "n/a" if self._wrong[at] else float(self._amount[at]),
                "score": float(self._score[at]),
                "age": None if self._lost[at] else int(self._age[at]),
                "device": ("ios", "android", "web", "pos", "tablet")[self._device[at]],
                "is_new": bool(self._new[at]),
            },
            "prediction": CLASSES[probability > 0.5],
            "probability": probability,
        }
