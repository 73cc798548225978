"""Labels through the running service: what it knows of them is what a naive join and scikit-learn say of the same events."""

import time
from itertools import chain
from typing import Any

import numpy as np
import orjson
import pytest

from stream_monitor.app.composition import parameters_by_name
from stream_monitor.config import load
from stream_monitor.core.events import Source
from stream_monitor.core.status import ModelStatus
from stream_monitor.formats.status import decode
from tests.chaos.labels import CLASSES, labels_of
from tests.chaos.truth import Learned, truth_of
from tests.chaos.verdict import learned, read_outcome
from tests.chaos.workload import VERSION, Row
from tests.committed import read_topic
from tests.e2e.service import Installation
from tests.property.naive_join import Event
from tests.unit.cli.commands import run

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


def status_of(installation: Installation) -> ModelStatus | None:
    """The latest on the status topic, as a subscriber reads it."""
    said = read_topic(installation.bootstrap, installation.own("status"))
    mine = [read.value for read in said if read.key == f"model/{MODEL}".encode() and read.value]
    return decode(mine[-1]) if mine else None


def rows_told(installation: Installation) -> int:
    status = status_of(installation)
    return 0 if status is None else status.rows


def check_status(status: ModelStatus, truth: Learned, known: Learned) -> None:
    """Whoever reads the status topic is told the same, to five digits."""
    (performance,) = status.performance
    assert (performance.withheld, performance.positive) == (None, CLASSES[1])
    told = {name: (one.value, one.expected) for name, one in performance.figures.items()}
    for name, value in truth.figures.items():
        assert told[name] == pytest.approx((value, truth.expected[name]), rel=1e-4), name
    assert status.labels is not None
    outcomes = {name: number for name, number in status.labels.outcomes.items() if number}
    assert outcomes == {
        name: number for name, number in known.counts.items() if name not in ("predictions", "labels")
    }


def test_the_join_and_the_figures_of_a_running_service(installation: Installation) -> None:
    rows = rows_of(installation.topic)
    for partition in range(2):
        mine = [native(row.event) for row in rows if row.source.partition == partition]
        installation.produce(mine, partition=partition)
    service = installation.start({"state.checkpoint_every": "1s"})
    service.wait_for(lambda: rows_told(installation) == len(rows), "the status does not tell of all rows")
    status = status_of(installation)
    service.terminate()

    settings = load(installation.directory / "monitor-0.yaml", {})
    told = parameters_by_name(settings, {})(MODEL).outcomes
    truth = truth_of(rows, told.join, told.performance)
    known = learned(read_outcome(settings), MODEL)
    assert truth.differences(known) == []
    assert status is not None
    check_status(status, truth, known)
    assert {"joined", "duplicate_label", "conflicting_label", "label_without_id"} <= known.counts.keys()
    assert len(known.figures) >= len(truth.figures)


CASES = 1_537  # nothing waits before the first label; then a whole number of blocks, so that all are in the figures


def beside(event: int) -> list[dict[str, Any]]:
    """What two versions predict of one case, the new one wrong more often, and then its label."""
    random = np.random.default_rng(event)
    truth, right, also = random.random() < 0.4, random.random() < 0.9, random.random() < 0.85
    old = truth if right else not truth
    new = old if also else not truth
    said: list[dict[str, Any]] = [
        {"version": version, "prediction": bool(one)} for version, one in (("7", old), ("8", new))
    ]
    return [{"id": f"c-{event}", **one} for one in (*said, {"label": bool(truth)})]


def test_a_new_version_is_compared_with_the_old_one_from_what_the_service_publishes(
    installation: Installation,
) -> None:
    cases = [beside(case) for case in range(CASES)]
    begin = round(time.time() * 1000) - 600_000
    rows = [orjson.dumps({"model": MODEL, "time": begin + at, **one}) for at, one in enumerate(chain(*cases))]
    installation.produce(rows)
    service = installation.start()
    service.wait_for(lambda: rows_told(installation) == len(rows), "the status does not tell of all rows")
    service.terminate()

    right = np.array([[one["prediction"] == label["label"] for one in said] for *said, label in cases])
    config = installation.directory / "monitor-0.yaml"
    ended = run("compare", MODEL, "--old", "7", "--new", "8", "-c", config, "--json", "--fail-when-worse")
    assert ended.code == 1, ended.err
    told = orjson.loads(ended.out)
    assert (told["lead"], told["verdict"], told["reasons"]) == ("accuracy", "worse", {})
    (accuracy,) = [one for one in told["figures"] if one["figure"] == "accuracy"]
    assert (accuracy["old"], accuracy["new"]) == pytest.approx(tuple(right[1:].mean(axis=0)), rel=1e-4)
    # side by side are the cases since the task of both was told
    assert accuracy["paired"]
    assert CASES - 258 <= accuracy["n"] < CASES
    old, new = right[-accuracy["n"] :].mean(axis=0)
    assert accuracy["worse"]["value"] == pytest.approx(old - new, rel=1e-4)
    assert 0 < accuracy["worse"]["low"] < old - new < accuracy["worse"]["high"]

    back = run("compare", MODEL, "--old", "8", "--new", "7", "-c", config, "--fail-when-worse")
    assert back.code == 0, back.err
    assert back.out.startswith(f"{MODEL}: version 7 against version 8: better (accuracy)\n")
    unknown = run("compare", MODEL, "--old", "7", "--new", "9", "-c", config)
    assert unknown.code == 2
    assert "version '9' of m has no labels; there are 7, 8" in unknown.err
