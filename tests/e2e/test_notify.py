"""From a drift on Kafka to people: the program with a real Alertmanager and a webhook that is away at first."""

import base64
import json
import time
import urllib.request
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from standardwebhooks import Webhook

from tests.e2e.service import Installation, Service
from tests.kafka_broker import RunningKafka, create_topic
from tests.prometheus_servers import alertmanager, eventually
from tests.receiver import Receiver, receiver

pytestmark = pytest.mark.kafka

NORMAL, SHIFTED = 3_000, 1_500
SECRET = "whsec_" + base64.b64encode(b"0123456789abcdef0123456789abcdef").decode()
ROUTING = {
    "route": {"receiver": "nobody", "group_wait": "1s"},
    "receivers": [{"name": "nobody"}],
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A running monitor and those it tells."""

    monitor: Installation
    service: Service
    manager: str
    hook: Receiver
    start: int

    def produce(self, first: int, rows: int, *, shift: float) -> None:
        """Rows from `first` on; one feature is moved by `shift` standard deviations."""
        rng = np.random.default_rng(first)
        amounts = rng.normal(50 + 5 * shift, 5, rows)
        self.monitor.produce(
            [
                json.dumps(
                    {"model": "fraud", "time": self.start + 200 * at, "features": {"amount": float(amount)}}
                ).encode()
                for at, amount in enumerate(amounts, first)
            ]
        )

    def firing(self) -> list[dict[str, Any]]:
        with urllib.request.urlopen(f"{self.manager}/api/v2/alerts", timeout=10) as answer:
            found: list[dict[str, Any]] = json.load(answer)
        return found

    def events(self) -> list[str]:
        """What the webhook took, by the last parts of its types."""
        return [one.event["type"].split(".")[-2] for one in self.hook.taken()]


@pytest.fixture(scope="module")
def told(kafka: RunningKafka, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    """The webhook answers 503 twice before it takes anything."""
    name, directory = f"notify-{uuid.uuid4().hex[:8]}", tmp_path_factory.mktemp("notify")
    monitor = Installation(
        bootstrap=kafka.bootstrap,
        name=name,
        topic=create_topic(kafka.bootstrap, f"{name}-events", partitions=1),
        directory=directory,
    )
    with alertmanager(directory / "manager", ROUTING) as manager, receiver(503, 503, 200) as hook:
        sinks = [
            {"alertmanager": {"url": manager, "repeat_every": "1s"}},
            {"webhook": {"url": f"{hook.url}/drift", "secret": SECRET}},
        ]
        service = monitor.start({"sinks": sinks, "alerting.false_alarms": "1 per 20000 events"})
        service.wait_until_ready()
        made = Told(
            monitor=monitor,
            service=service,
            manager=manager,
            hook=hook,
            start=round(time.time() * 1000) - 3_600_000,
        )
        made.produce(0, NORMAL, shift=0.0)
        made.produce(NORMAL, SHIFTED, shift=3.0)
        yield made
        monitor.remove()


def test_a_drift_fires_in_alertmanager(told: Told) -> None:
    (alert,) = eventually(told.firing, "no alert", 30.0)
    assert alert["labels"]["series"] == "feature:amount"
    assert alert["labels"]["model"] == "fraud"
    assert "rose" in alert["annotations"]["summary"]
    assert alert["status"]["state"] == "active"


def test_a_webhook_that_was_away_gets_the_signed_event(told: Told) -> None:
    eventually(lambda: "opened" in told.events(), "no event", 30.0)
    assert [one.answered for one in told.hook.got][:3] == [503, 503, 200]
    assert len({one.headers["webhook-id"] for one in told.hook.got[:3]}) == 1  # the same event, tried again
    for one in told.hook.taken():
        Webhook(SECRET).verify(one.body, dict(one.headers))
        assert one.headers["webhook-id"] == one.event["id"]
    assert told.hook.got[0].path == "/drift"


def test_what_is_delivered_is_counted(told: Told) -> None:
    eventually(lambda: "opened" in told.events(), "no event", 30.0)
    delivered = "stream_monitor_sink_deliveries_total"
    eventually(
        lambda: told.service.metric(delivered, sink="webhook", outcome="delivered") >= 1, "not counted", 10.0
    )
    assert told.service.metric(delivered, sink="webhook", outcome="unavailable") == 2
    assert told.service.metric(delivered, sink="alertmanager", outcome="delivered") >= 1
    last = told.service.metric("stream_monitor_sink_last_success_timestamp_seconds", sink="alertmanager")
    assert abs(last - time.time()) < 60


def test_when_it_is_over_both_are_told(told: Told) -> None:
    eventually(told.firing, "no alert", 30.0)
    told.produce(NORMAL + SHIFTED, 6_000, shift=0.0)
    eventually(lambda: "resolved" in told.events(), "not resolved at the webhook", 45.0)
    eventually(lambda: not told.firing(), "not resolved at Alertmanager", 45.0)


def test_notify_alone_goes_on_where_the_worker_stopped_to(told: Told, tmp_path: Path) -> None:
    """The same groups, another process: nothing is told a second time, and what comes later is."""
    eventually(lambda: "resolved" in told.events(), "not resolved", 60.0)
    told.service.terminate()
    before = len(told.hook.taken())
    sinks = [{"webhook": {"url": f"{told.hook.url}/drift", "secret": SECRET}}]
    alone = told.monitor.start({"sinks": sinks, "notify.listen": "127.0.0.1:0"}, command="notify")
    worker = told.monitor.start(
        {"sinks": sinks, "notify.in_run": False, "alerting.false_alarms": "1 per 20000 events"}
    )
    worker.wait_until_ready()
    assert "run `stream-monitor notify`" in worker.text
    told.produce(NORMAL + SHIFTED + 6_000, 1_500, shift=4.0)
    eventually(lambda: len(told.hook.taken()) > before, "nothing came", 45.0)
    ids = [one.headers["webhook-id"] for one in told.hook.taken()]
    assert len(ids) == len(set(ids))
    assert urllib.request.urlopen(f"{alone.url()}/readyz", timeout=5).status == 200
    assert alone.metric("stream_monitor_sink_deliveries_total", outcome="delivered") >= 1
    worker.terminate()
    alone.terminate()
