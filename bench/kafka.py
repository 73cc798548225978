"""A broker for the sections that need one, topics full of events, and processes that read them and say what it cost."""

import json
import sys
import tempfile
import uuid
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from bench.children import output_of
from bench.peers.environment import environment
from bench.peers.span import Cost
from bench.produce import fill
from bench.stream import ONE_MODEL, Shape
from tests.kafka_broker import KafkaCluster

_SECONDS: Final = 900.0


class Kafka:
    """The broker that was named, or one that is started when it is first needed and lives as long as the block."""

    def __init__(self, named: str | None) -> None:
        self._bootstrap = named
        self._opened = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._opened.close()

    @property
    def bootstrap(self) -> str:
        """Its address."""
        if self._bootstrap is None:
            directory = self._opened.enter_context(tempfile.TemporaryDirectory())
            cluster = KafkaCluster(directory=Path(directory) / "kafka")
            self._opened.callback(cluster.remove)
            cluster.start()
            self._bootstrap = cluster.bootstrap
        return self._bootstrap

    def filled(self, events: int, shape: Shape = ONE_MODEL) -> str:
        """A new topic with that many events."""
        topic = f"bench-features-{uuid.uuid4().hex[:8]}"
        fill(self.bootstrap, topic, events, shape)
        return topic


def own(*command: str) -> list[str]:
    """`python -m …` with the interpreter of the monitor."""
    return [sys.executable, "-m", *command]


def cost_of(command: Sequence[str], *, foreign: bool = False) -> Cost:
    """What a process in the root of the checkout says of itself at its end. foreign: in a peer's environment."""
    return Cost(**told_by(command, foreign=foreign))


def told_by(command: Sequence[str], *, foreign: bool = False, seconds: float = _SECONDS) -> dict[str, Any]:
    """The JSON object that a process prints last. Raises RuntimeError with what it complained about when it fails."""
    printed = output_of(command, environment() if foreign else None, seconds=seconds)
    told: dict[str, Any] = json.loads(printed.splitlines()[-1])
    return told
