"""`stream-monitor run` as a user starts it: a process with a configuration file, its log, its HTTP address, its exit code."""

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from confluent_kafka import KafkaError, Message, Producer

PROGRAM = Path(sys.executable).parent / "stream-monitor"
PATIENCE = 45.0


@dataclass(slots=True, kw_only=True)
class Service:
    """One process."""

    process: subprocess.Popen[bytes]
    log: Path

    @property
    def text(self) -> str:
        """All it has said so far."""
        return self.log.read_text(errors="replace")

    def wait_for(self, condition: Callable[[], object], what: str, seconds: float = PATIENCE) -> None:
        """Until it is true; the process must live on meanwhile."""
        deadline = time.monotonic() + seconds
        while not condition():
            assert self.process.poll() is None, f"ended with {self.process.returncode}:\n{self.text}"
            assert time.monotonic() < deadline, f"{what}: not within {seconds} s\n{self.text}"
            time.sleep(0.05)

    def wait_for_text(self, pattern: str) -> str:
        """The first match of a regular expression in its log."""
        self.wait_for(lambda: re.search(pattern, self.text), f"no {pattern!r} in the log")
        found = re.search(pattern, self.text)
        assert found is not None
        return found[0]

    def wait_until_ready(self) -> None:
        self.wait_for(lambda: self.metric("stream_monitor_worker_ready") == 1, "not ready")

    def terminate(self, number: signal.Signals = signal.SIGTERM) -> float:
        """Ask for a clean end; it must come with exit code 0. Returns the seconds it took."""
        began = time.monotonic()
        self.process.send_signal(number)
        assert self.ended(seconds=30) == 0, self.text
        return time.monotonic() - began

    def ended(self, *, seconds: float) -> int:
        """Exit code; it must end within so many seconds."""
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"still running after {seconds} s:\n{self.text}") from None

    def url(self) -> str:
        """Where it serves HTTP; it says so in its log."""
        return self.wait_for_text(r"http://127\.0\.0\.1:\d+")

    def get(self, path: str) -> str:
        with urllib.request.urlopen(self.url() + path, timeout=5) as answer:
            body: bytes = answer.read()
        return body.decode()

    def metrics(self) -> Mapping[str, float]:
        """Value of every sample, by name with labels."""
        lines = [line for line in self.get("/metrics").splitlines() if not line.startswith("#")]
        return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines)}

    def metric(self, name: str, **labels: str) -> float:
        """Sum of all samples of this name with these labels; 0 when there is none."""
        wanted = [f'{label}="{value}"' for label, value in labels.items()]
        return sum(
            value
            for sample, value in self.metrics().items()
            if sample.partition("{")[0] == name and all(label in sample for label in wanted)
        )


@dataclass(slots=True, kw_only=True)
class Installation:
    """One group with topics and a configuration of its own; starts services. topic: its input."""

    bootstrap: str
    name: str
    topic: str
    directory: Path
    services: list[Service] = field(default_factory=list)

    @property
    def group(self) -> str:
        return self.name

    def own(self, topic: str) -> str:
        """Name of one of the monitor's own topics."""
        return f"{self.name}.{topic}"

    def configuration(self, overrides: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """As a tree; `overrides` by dotted key."""
        tree: dict[str, Any] = {"version": 1}
        base = {
            "kafka.bootstrap_servers": self.bootstrap,
            "kafka.group_id": self.group,
            "kafka.topic_prefix": self.name,
            "kafka.partitions": 2,
            "kafka.commit_every": "200ms",
            "discovery.topics": [self.topic],
            "http.listen": "127.0.0.1:0",
            "state.purge_columns": False,
        }
        for key, value in {**base, **(overrides or {})}.items():
            *sections, last = key.split(".")
            at = tree
            for section in sections:
                at = at.setdefault(section, {})
            at[last] = value
        return tree

    def start(
        self, overrides: Mapping[str, Any] | None = None, *options: str, command: str = "run"
    ) -> Service:
        """`stream-monitor COMMAND -c FILE` with this configuration."""
        number = len(self.services)
        file = self.directory / f"monitor-{number}.yaml"
        file.write_text(yaml.safe_dump(self.configuration(overrides)))
        log = self.directory / f"monitor-{number}.log"
        environment = {k: v for k, v in os.environ.items() if not k.startswith("STREAM_MONITOR_")}
        with log.open("wb") as out:
            process = subprocess.Popen(
                [PROGRAM, command, "-c", file, *options],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                env=environment,
            )
        service = Service(process=process, log=log)
        self.services.append(service)
        return service

    def remove(self) -> None:
        for service in self.services:
            if service.process.poll() is None:
                service.process.kill()
                service.process.wait()

    def produce(self, values: Sequence[bytes | None], *, partition: int = 0, timestamp: int = 0) -> None:
        """Write records to the input, and make sure that they are there."""
        producer = Producer({"bootstrap.servers": self.bootstrap, "linger.ms": 5})
        failed: list[KafkaError] = []

        def delivered(error: KafkaError | None, _: Message) -> None:
            if error is not None:
                failed.append(error)

        for at, value in enumerate(values):
            producer.produce(
                self.topic, value, partition=partition, timestamp=timestamp, on_delivery=delivered
            )
            if at % 10_000 == 9_999:
                producer.flush(30)
        assert producer.flush(30) == 0
        assert failed == []


def events(n: int, *, first: int = 0, model: str = "m") -> list[bytes]:
    """Native events with one feature, an hour ago, a second apart."""
    start = round(time.time() * 1000) - 3_600_000
    return [
        json.dumps(
            {"model": model, "id": f"e{at}", "time": start + at, "features": {"x": at * 7919 % 1009}}
        ).encode()
        for at in range(first, first + n)
    ]
