"""A monitor as its user runs it, that has read the stories of five models from a real Kafka."""

import json
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.e2e.dashboard_events import FRAUD, IMPORTANCE, STORIES, events
from tests.e2e.service import Installation, Service
from tests.kafka_broker import create_topic


@dataclass(frozen=True, slots=True)
class Monitor:
    """A running one that has read the stories of all models."""

    installation: Installation
    service: Service
    url: str

    def get(self, path: str) -> dict[str, object]:
        answer: dict[str, object] = json.loads(self.service.get(f"/api/v1/{path}"))
        return answer

    def rows(self) -> int:
        models = self.get("overview")["models"]
        assert isinstance(models, list)
        return sum(model["rows"] for model in models)


def produce(installation: Installation, told: Sequence[Mapping[str, object]]) -> None:
    for partition in range(2):
        values = [json.dumps(event).encode() for event in told[partition::2]]
        installation.produce(values, partition=partition)


def batched(told: Sequence[Mapping[str, object]], n: int) -> Iterator[Sequence[Mapping[str, object]]]:
    return (told[at : at + n] for at in range(0, len(told), n))


@contextmanager
def watching(bootstrap: str, directory: Path, *, token: str, slowly: bool) -> Iterator[Monitor]:
    """slowly: the last third of the stories comes while the monitor watches."""
    name = f"dashboard-{uuid.uuid4().hex[:8]}"
    installation = Installation(
        bootstrap=bootstrap,
        name=name,
        topic=create_topic(bootstrap, f"{name}.events", partitions=2),
        directory=directory,
    )
    told = events(time.time_ns() // 1_000_000)
    at_once = len(told) * 7 // 10 if slowly else len(told)  # pictures are of a monitor that sees it happen
    produce(installation, told[:at_once])
    installation.produce([b"this is no JSON", b'{"model": 7}'])
    service = installation.start(
        {
            "http.token": token,
            "state.checkpoint_every": "1s",
            "state.checkpoint_rows": 1_000,
            "alerting.false_alarms": "1 per week",
            "discovery": {},
            "models": [
                {"name": story.model, "sources": [installation.topic], "features": IMPORTANCE}
                for story in STORIES
            ],
        }
    )
    service.wait_until_ready()
    running = Monitor(installation, service, service.url())
    service.wait_for(lambda: running.rows() >= at_once - 100, "the stories are not read", seconds=120)
    for piece in batched(told[at_once:], 250):
        produce(installation, piece)
        time.sleep(1.0)
    service.wait_for(lambda: running.rows() >= len(told), "the stories are not read", seconds=60)
    service.wait_for(lambda: running.get(f"models/{FRAUD}/heat")["starts"], "no history", seconds=30)
    yield running
    installation.remove()


def an_alert(monitor: Monitor, model: str, series: str) -> str:
    alerts = monitor.get(f"alerts?model={model}")["alerts"]
    assert isinstance(alerts, list)
    found = next(alert["alert_id"] for alert in alerts if alert["series"] == series)
    assert isinstance(found, str)
    return found
