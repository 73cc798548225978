"""Several workers of one group on the same events: what an event costs them together."""

import json
import time
import uuid
from collections.abc import Sequence
from contextlib import ExitStack
from statistics import median
from typing import Final

from bench.asked import Asked
from bench.figures import table
from bench.member import Member
from bench.produce import producer, send
from bench.service import own_settings
from bench.stream import Shape
from tests.kafka_broker import create_topic

_MODELS: Final = 16  # so that every worker has some
_PARTITIONS: Final = 4
_REPEATS: Final = 3
_QUIET_SECONDS: Final = 3.0


def workers(asked: Asked) -> str:
    """CPU an event of 1 to 4 workers together, and its ratio to one worker in the same repeat."""
    events = asked.sized(asked.events, 20_000)
    found: dict[int, list[float]] = {number: [] for number in ((1, 2) if asked.quick else (1, 2, 3, 4))}
    for _ in range(min(asked.repeats, _REPEATS)):
        for number, costs in found.items():
            costs.append(_cost(asked, number, events))
            asked.say(f"{number} workers: {costs[-1]:.2f} µs an event")
    rows = [
        [str(number), f"{median(costs):.2f}", f"{_ratio(costs, found[1]):.2f}"]
        for number, costs in found.items()
    ]
    return (
        f"{_MODELS} models, {_PARTITIONS} input partitions, {events:,} events that all workers see at the same moment.\n\n"
        + table(["workers", "µs/event (CPU)", "× one worker"], rows)
    )


def _ratio(costs: Sequence[float], ones: Sequence[float]) -> float:
    return median(cost / one for cost, one in zip(costs, ones, strict=True))


def _cost(asked: Asked, number: int, events: int) -> float:
    """µs of CPU an event, from when the events become readable until all are observed.

    The workers have joined and restored by then: the events are in one transaction, which is committed as the clock starts.
    """
    bootstrap, topic = asked.kafka.bootstrap, f"bench-workers-{uuid.uuid4().hex[:8]}"
    shape = Shape(models=_MODELS, partitions=_PARTITIONS)
    create_topic(bootstrap, topic, partitions=_PARTITIONS, config={"retention.ms": "-1"})
    settings = own_settings(bootstrap, topic)
    writer = producer(bootstrap, {"transactional.id": topic, "transaction.timeout.ms": 600_000})
    writer.init_transactions(60)
    writer.begin_transaction()
    with ExitStack() as running:
        members = [running.enter_context(Member(settings)) for _ in range(number)]
        for member in members:
            member.until(lambda told: told["assigned"] > 0)
        send(writer, topic, events, shape)
        _settle(members)
        before = _totals(members, "cpu")
        writer.commit_transaction(60)
        observed = 0.0
        while observed < events:
            time.sleep(0.05)
            observed = _totals(members, "observed")
        spent = _totals(members, "cpu") - before
        for member in members:
            member.end()
    return spent / events * 1e6


def _settle(members: Sequence[Member]) -> None:
    """Wait until nothing is assigned or restored any more."""
    last, since = "", time.monotonic()
    while time.monotonic() - since < _QUIET_SECONDS:
        time.sleep(0.1)
        now = json.dumps([(member.look()["assigned"], member.told["restored"]) for member in members])
        if now != last:
            last, since = now, time.monotonic()


def _totals(members: Sequence[Member], name: str) -> float:
    return sum(member.look()[name] for member in members)
