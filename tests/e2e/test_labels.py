"""Labels through the running service: what it knows of them is what a naive join and scikit-learn say of the same events."""

import time

import numpy as np
import orjson
import pytest

from stream_monitor.app.composition import parameters_by_name
from stream_monitor.config import load
from stream_monitor.core.events import Source
from tests.chaos.labels import CLASSES, labels_of
from tests.chaos.truth import truth_of
from tests.chaos.verdict import learned, read_outcome
from tests.chaos.workload import VERSION, Row
from tests.e2e.service import Installation
from tests.property.naive_join import Event

pytestmark = pytest.mark.kafka

PREDICTIONS = 3_000
STEP_MS = 100
MODEL = "m"


def rows_of(topic: str) -> list[Row]:
    """Predictions and their labels as they come, dealt out to both partitions at random; the last is ten minutes old."""
    random = np.random.default_rng(1)
    p = np.clip(random.beta(2, 3, PREDICTIONS), 0.001, 0.999).round(4)
    labels = iter(labels_of(MODEL, (random.random(PREDICTIONS) < p).astype(np.float64), random))
    events: list[Event] = []
    label = next(labels)
    for at in range(PREDICTIONS):
        while label.due <= at:
            events.append(Event(label.id, 0, label=label.value))
            label = next(labels)
        events.append(Event(f"{MODEL}-{at}", 0, VERSION, CLASSES[int(p[at] > 0.5)], float(p[at])))
    begin = round(time.time() * 1000) - 600_000 - STEP_MS * len(events)
    ends, rows = [0, 0], []
    for at, event in enumerate(events):
        partition = int(random.integers(2))
        time_ms = begin + STEP_MS * at
        rows.append(Row(time_ms, Source(topic, partition), ends[partition], 0, event._replace(time=time_ms)))
        ends[partition] += 1
    return rows


def native(event: Event) -> bytes:
    said = {name: value for name, value in event._asdict().items() if value is not None}
    return orjson.dumps({"model": MODEL, **said})


def test_the_join_and_the_figures_of_a_running_service(installation: Installation) -> None:
    rows = rows_of(installation.topic)
    for partition in range(2):
        mine = [native(row.event) for row in rows if row.source.partition == partition]
        installation.produce(mine, partition=partition)
    service = installation.start()
    service.wait_for(
        lambda: service.metric("stream_monitor_rows_observed_total") >= len(rows), "not all observed"
    )
    service.terminate()

    settings = load(installation.directory / "monitor-0.yaml", {})
    told = parameters_by_name(settings, {})(MODEL).outcomes
    truth = truth_of(rows, told.join, told.performance)
    known = learned(read_outcome(settings), MODEL)
    assert truth.differences(known) == []
    assert {"joined", "duplicate_label", "conflicting_label", "label_without_id"} <= known.counts.keys()
    assert len(known.figures) >= len(truth.figures)
