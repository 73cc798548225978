"""From a drift of the relation to the data for a new training: the program on a real broker, all the way."""

import json
import time
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from stream_monitor.core.drift_event import DriftEvent
from stream_monitor.core.retrain_request import RetrainRequest
from stream_monitor.formats import alerts_topic
from tests.committed import read_topic
from tests.e2e.program import run
from tests.e2e.service import Installation

pytestmark = pytest.mark.kafka

CASES, CHANGE = 4_000, 2_400
LATE = 40  # cases before a label comes
START = round(time.time() * 1000) - 3_600_000
MODEL = {
    "name": "fraud",
    "task": "binary",
    "warm_up": 500,
    "alerting": {"false_alarms": "1 per 20_000 events"},
    "features": {"amount": {"importance": 2}},
    "retrain": {"on": ["error"], "after": "500 events", "at_most": "1 per 10_000 events", "rows": 1_000},
}


def truth_of(case: int, amount: float, noise: float) -> bool:
    """What is fraud turns around at CHANGE; the amounts stay what they are."""
    return bool((amount > 0) == (case < CHANGE)) != (noise < 0.1)


def cases() -> list[tuple[float, bool]]:
    """Amount and truth of every case."""
    rng = np.random.default_rng(5)
    drawn = rng.normal(size=CASES), rng.random(CASES)
    return [
        (float(a), truth_of(at, float(a), float(n))) for at, (a, n) in enumerate(zip(*drawn, strict=True))
    ]


def records() -> list[bytes]:
    """Features and prediction of a case in one event; its label LATE cases later."""
    events: list[dict[str, Any]] = []
    known = cases()
    for at in range(CASES + LATE):
        now = START + 500 * at
        if at < CASES:
            amount, _ = known[at]
            said = {"features": {"amount": amount, "steady": at % 7}, "prediction": amount > 0}
            events.append({"model": "fraud", "version": "7", "id": f"c-{at}", "time": now, **said})
        if at >= LATE:
            events.append(
                {"model": "fraud", "id": f"c-{at - LATE}", "time": now, "label": known[at - LATE][1]}
            )
    return [json.dumps(event).encode() for event in events]


def published(installation: Installation) -> list[alerts_topic.Published]:
    found = read_topic(installation.bootstrap, installation.own("alerts"))
    return [alerts_topic.decode(read.value or b"") for read in found]


def test_a_relation_that_changed_asks_for_a_training_and_its_data_can_be_exported(
    installation: Installation, tmp_path: Path
) -> None:
    installation.produce(records())
    overrides = {"models": [{**MODEL, "sources": [installation.topic]}], "discovery.topics": []}
    service = installation.start(overrides)
    service.wait_for(lambda: service.metric("stream_monitor_retrain_requests_total") >= 1, "no request")
    service.wait_for(
        lambda: service.metric("stream_monitor_rows_observed_total") >= 2 * CASES, "not all rows are observed"
    )
    service.terminate()

    everything = published(installation)
    (request,) = [one for one in everything if isinstance(one, RetrainRequest)]
    drifts = [one for one in everything if isinstance(one, DriftEvent)]
    assert {one.series.partition(":")[0] for one in drifts} <= {"error", "performance"}, (
        "the inputs are as before"
    )
    error = next(one for one in drifts if one.series == "error")
    assert ": the relation itself has changed" in error.summary
    assert request.evidence[0].alert_id == error.alert_id
    assert request.version == "7"
    (position,) = request.positions
    assert position.topic == installation.topic
    assert position.first_offset + 2 * LATE + 200 >= 2 * CHANGE
    assert position.last_offset + 1 - position.first_offset >= 1_000

    data = tmp_path / "data.parquet"
    config = installation.directory / "monitor-0.yaml"
    ended = run("export", request.id, "-o", data, "-c", config, "--labels-within", "1h")
    assert ended.code == 0, ended.err
    rows = pq.read_table(data).to_pylist()
    events = [json.loads(value) for value in records()]
    expected = [event for event in events[position.first_offset :] if "features" in event]
    known = cases()
    assert [row["id"] for row in rows] == [event["id"] for event in expected]
    for row in rows:
        amount, truth = known[int(row["id"].removeprefix("c-"))]
        assert (row["amount"], row["prediction"], row["label"]) == (amount, amount > 0, truth)

    profile = tmp_path / "fraud-8.json"
    roles = ["--time", "time", "--id", "id", "--label", "label", "--prediction", "prediction"]
    built = run(
        "reference", "build", data, "-o", profile, "--model", "fraud", *roles, "--version-column", "version"
    )
    assert built.code == 0, built.err
    assert set(json.loads(profile.read_text())["features"]) == {"amount", "steady"}
