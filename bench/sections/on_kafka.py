"""End to end on real Kafka: floor, naive loop, the monitor, and others that watch the same events."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from statistics import median
from typing import Final

from bench.asked import Asked
from bench.figures import Anchor, Line, compared
from bench.kafka import cost_of, own
from bench.peers.environment import python_of, version_of
from bench.peers.span import Cost

FLOOR: Final = "floor: consume + orjson.loads"
NAIVE: Final = "naive loop on Kafka"
OURS: Final = "stream-monitor, exactly once"
QUIX: Final = "Quix Streams + river, exactly once"
STORED: Final = "– with detectors in its state store"
PROFILES: Final = "whylogs, a profile per 1,000"
REPORT: Final = "Evidently, a report per {:,}"
_ANCHORS: Final = (Anchor(name=FLOOR, head="× floor"), Anchor(name=NAIVE, head="× naive"))
_PEER_ANCHORS: Final = (*_ANCHORS, Anchor(name=OURS, head="× ours"))
_PEER_REPEATS: Final = 3
_MUST_FIND: Final = {NAIVE, OURS, QUIX}  # they see the whole stream, which drifts half way

Measure = Callable[[], Cost]


def on_kafka(asked: Asked) -> str:
    """The floor, the naive loop and the service, in turn, each in a process of its own, on one topic."""
    topic = asked.kafka.filled(asked.events)
    costs = _in_turn(asked, _own(asked.kafka.bootstrap, topic, asked.events), asked.repeats)
    ours = costs[OURS]
    megabytes = median(cost.written / cost.wall_seconds for cost in ours) / 1e6
    each = median(cost.written / cost.events for cost in ours)
    return (
        f"{_table(costs, _ANCHORS)}\n\nSnapshots written meanwhile: {megabytes:.2f} MB a second of wall time,"
        f" {each:.1f} bytes an event."
    )


def peers(asked: Asked) -> str:
    """The same and the others. Those that are slow are shown fewer events: their cost an event does not depend on that."""
    bootstrap, topic = asked.kafka.bootstrap, asked.kafka.filled(asked.events)
    measures: dict[str, Measure] = {}

    def add(name: str, peer: str, module: str, events: int, window: int) -> None:
        python = str(python_of(peer))
        command = [python, "-m", f"bench.peers.{module}", bootstrap, topic, str(events), str(window)]
        measures[name] = lambda: cost_of(command, foreign=True)

    asked.say("making the environments of the peers, where they are not there yet")
    most = asked.events
    add(QUIX, "quix", "quix", most, 0)
    add(STORED, "quix", "quix", min(most, asked.sized(5_000, 500)), 1)
    add(PROFILES, "whylogs", "whylogs_profiles", min(most, 50_000), 1_000)
    windows = (1_000, 10_000) if not asked.quick else (1_000, 5_000)
    for window in windows:
        add(REPORT.format(window), "evidently", "evidently_reports", min(most, 6 * window), window)
    repeats = min(asked.repeats, _PEER_REPEATS)
    costs = _in_turn(asked, _own(bootstrap, topic, asked.events) | measures, repeats)
    versions = ", ".join(
        f"{package} {version_of(peer, package)}"
        for peer, package in (("quix", "quixstreams"), ("whylogs", "whylogs"), ("evidently", "evidently"))
    )
    return f"{_table(costs, _PEER_ANCHORS)}\n\nMedians of {repeats}. Versions: {versions}."


def _own(bootstrap: str, topic: str, events: int) -> dict[str, Measure]:
    arguments = (bootstrap, topic, str(events))
    commands = {
        FLOOR: own("bench.reader", "floor", *arguments),
        NAIVE: own("bench.peers.naive", *arguments),
        OURS: own("bench.reader", "monitor", *arguments),
    }
    return {name: partial(cost_of, command) for name, command in commands.items()}


def _in_turn(asked: Asked, measures: Mapping[str, Measure], repeats: int) -> dict[str, list[Cost]]:
    """All of them, one after the other, as often as said: what disturbs one repeat disturbs all."""
    costs: dict[str, list[Cost]] = {name: [] for name in measures}
    for _ in range(repeats):
        for name, measure in measures.items():
            cost = measure()
            if not cost.found and name in _MUST_FIND:
                raise RuntimeError(
                    f"{name} found nothing in a stream that drifts: there is nothing to measure"
                )
            asked.say(f"{name}: {cost.micros:.2f} µs an event, found {cost.found}")
            costs[name].append(cost)
    return costs


def _table(costs: Mapping[str, Sequence[Cost]], anchors: Sequence[Anchor]) -> str:
    return compared([_line(name, of) for name, of in costs.items()], anchors, "what")


def _line(name: str, costs: Iterable[Cost]) -> Line:
    every = list(costs)
    return Line(
        name=name,
        cpu=[cost.micros for cost in every],
        per_second=median(cost.events / cost.wall_seconds for cost in every),
    )
