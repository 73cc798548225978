"""`stream-monitor ui` beside a running worker: it sees what the worker publishes, and writes what people do."""

import http.client
import json
import time
import urllib.request
from typing import Any

import pytest
from confluent_kafka import Consumer, TopicPartition
from confluent_kafka.admin import AdminClient

from tests.e2e.service import Installation, Service

pytestmark = pytest.mark.kafka

TOKEN = "a-token-of-this-test-alone"


def api(service: Service, path: str) -> Any:
    return json.loads(service.get(f"/api/v1{path}"))


def send(service: Service, method: str, path: str, body: dict[str, Any] | None = None) -> tuple[int, Any]:
    request = urllib.request.Request(
        f"{service.url()}/api/v1{path}",
        method=method,
        data=None if body is None else json.dumps(body).encode(),
        headers={"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=15) as answer:
        content = answer.read()
        return answer.status, json.loads(content) if content else None


def shifted_events(n: int, *, shift_at: int) -> list[bytes]:
    """One feature that rises by five times its range at a place, an hour ago."""
    start = round(time.time() * 1000) - 3_600_000
    return [
        json.dumps(
            {"model": "m", "id": f"e{at}", "time": start + at, "features": {"x": at * 7919 % 1009 + rise}}
        ).encode()
        for at in range(n)
        for rise in [5_000 if at >= shift_at else 0]
    ]


def values_on(installation: Installation, topic: str) -> dict[str, Any]:
    """Key → value of every record on the one partition of one of the monitor's own topics."""
    consumer = Consumer(
        {"bootstrap.servers": installation.bootstrap, "group.id": "unused", "enable.auto.commit": False}
    )
    try:
        consumer.assign([TopicPartition(installation.own(topic), 0, 0)])
        _, end = consumer.get_watermark_offsets(TopicPartition(installation.own(topic), 0), 10)
        found: dict[str, Any] = {}
        while len(found) < end:
            message = consumer.poll(10)
            assert message is not None
            assert message.error() is None
            key, value = message.key(), message.value()
            assert isinstance(key, bytes)
            found[key.decode()] = None if value is None else json.loads(value)
    finally:
        consumer.close()
    return found


def test_a_process_of_its_own_sees_models_and_writes_what_people_do(installation: Installation) -> None:
    worker = installation.start()
    page = installation.start({"http.token": TOKEN, "logging.level": "warning"}, command="ui")
    page.wait_for(lambda: api(page, "/overview")["caught_up"], "the topics are not read")
    assert page.get("/readyz") == "ok\n"
    stream = http.client.HTTPConnection(page.url().removeprefix("http://"), timeout=30)
    stream.request("GET", "/api/v1/stream")
    events = stream.getresponse()
    assert events.headers["content-type"].startswith("text/event-stream")

    installation.produce(shifted_events(4_000, shift_at=2_500))
    page.wait_for(lambda: api(page, "/alerts")["alerts"], "no alert")
    page.wait_for(lambda: api(page, "/overview")["models"], "no model")
    (model,) = api(page, "/overview")["models"]
    assert (model["model"], model["state"]) == ("m", "needs_attention")
    assert any(
        line.startswith(b"data: ") and b'"models":["m"]' in line for line in iter(events.readline, b"")
    )
    alert = api(page, "/alerts")["alerts"][0]
    page.wait_for(lambda: api(page, "/pipeline")["partitions"], "no partitions")
    pipeline = api(page, "/pipeline")
    assert {one["topic"] for one in pipeline["partitions"]} == {
        installation.topic,
        installation.own("columns"),
    }
    assert [one["ready"] for one in pipeline["workers"]] == [True]

    status, answer = send(
        page, "POST", f"/alerts/{alert['alert_id']}/acknowledge", {"by": "ann", "reason": "ok"}
    )
    assert (status, answer["by"]) == (200, "ann")
    key = f"acknowledge/{alert['alert_id']}"
    assert values_on(installation, "operations")[key] == {"format": 1, "action": "acknowledge", **answer}
    # the worker's own dashboard wakes up when somebody asks, and reads the same
    worker.wait_for(
        lambda: (api(worker, f"/alerts/{alert['alert_id']}")["acknowledged"] or {}).get("by") == "ann",
        "the worker does not see the acknowledgement",
        seconds=15,
    )

    admin = AdminClient({"bootstrap.servers": installation.bootstrap})
    groups = admin.describe_consumer_groups([installation.group])
    assert len(groups[installation.group].result(20).members) == 1
    assert page.terminate() < 3.0  # with a stream open
    assert worker.terminate() < 10.0
    stream.close()
