"""What a worker tells of itself: in its life every documented metric moves, and each counts what its help says."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np
import orjson
from prometheus_client import CollectorRegistry

from stream_monitor.core.events import Record, Source
from stream_monitor.telemetry import metrics
from stream_monitor.telemetry.collector import ViewCollector
from stream_monitor.telemetry.metric import Rebalance, Stage, Type
from stream_monitor.telemetry.metrics import CATALOGUE
from stream_monitor.telemetry.sink_metrics import DELIVERED
from tests.driver import Cluster, RunningWorker
from tests.property.produced import SETTINGS, T0, TOPICS, Produced, records
from tests.views import BUILD

# Nothing of this happens to a worker that is well, with few series and sources that keep up with each other.
ONLY_IN_TROUBLE = {
    metrics.CHECKPOINTS_ABORTED,
    metrics.DISCARDED,
    metrics.LOSSES,
    metrics.RECORDS_LOST,
    metrics.PAUSED,
    metrics.MODEL_SERIES_DROPPED,
    metrics.MODEL_SERIES_HIDDEN,
    metrics.PERFORMANCE_HIDDEN,
    metrics.PERFORMANCE_ESTIMATE_UNRELIABLE,
    metrics.SERIES_BLIND,
    metrics.MODEL_BLIND,
    *DELIVERED,  # of those who serve sinks
}
# Alarms that wait for the budget, and a detector that shows its evidence.
MODELS: Sequence[Mapping[str, Any]] = [
    {
        "name": name,
        "sources": list(TOPICS),
        "warm_up": 40,
        "detectors": [{"id": "adwin", "params": {"delta": 0.3, "clock": 1}}, "sequential"],
        "features": {"session": {"type": "identifier"}, "amount": {"detectors": ["adwin", "page_hinkley"]}},
        "alerting": {"false_alarms": "1 per 200 events"},
        "retrain": {"on": ["*"], "after": "10 events", "rows": 10},
        "segments": ["member"],
        "fairness": {"feature": "member", "favourable": True, "window": 256},
    }
    for name in ("fraud", "churn", "scored")
]
# Snapshots are written after the first worker was killed, so that whoever takes over from it has rows to refold.
CHOSEN = {**SETTINGS, "models": MODELS, "state.checkpoint_every": "5s"}


@dataclass(slots=True)
class Scraped:
    """A worker that is scraped at every turn. highest: of every sample, by its name and labels."""

    running: RunningWorker
    registry: CollectorRegistry = field(default_factory=CollectorRegistry)
    highest: dict[tuple[str, frozenset[tuple[str, str]]], float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.registry.register(self.running.worker._parts.telemetry)
        ViewCollector(self.registry, self.running.holder, BUILD)

    def scrape(self) -> None:
        for family in self.registry.collect():
            for sample in family.samples:
                key = (sample.name, frozenset(sample.labels.items()))
                self.highest[key] = max(abs(sample.value), self.highest.get(key, 0.0))

    def most(self, name: str, **labels: str) -> float:
        """The highest value that a sample of this name and these labels, among others, ever had."""
        found = (
            value for (its, has), value in self.highest.items() if its == name and labels.items() <= set(has)
        )
        return max(found, default=0.0)


def turns(cluster: Cluster, workers: list[RunningWorker], scraped: Scraped | None, n: int) -> None:
    for _ in range(n):
        for running in workers:
            running.worker.step()
        cluster.clock.seconds += 0.3
        if scraped is not None:
            scraped.scrape()


def append(cluster: Cluster, produced: Iterator[Produced], n: int) -> None:
    for record, _ in zip(produced, range(n), strict=False):
        cluster.append(record.source, record.value, record.timestamp)


def append_scored(cluster: Cluster, n: int) -> None:
    """Predictions of a model whose labels come a little later, but for some, and some before their prediction."""
    rng = np.random.default_rng(1)
    for at in range(n):
        time, p = T0 + 100 * at, float(rng.random())
        features = {"member": p > 0.3}
        prediction = {"model": "scored", "id": at, "time": time, "prediction": p > 0.5, "probability": p}
        prediction["features"] = features
        label = {"model": "scored", "id": at, "time": time + 50, "label": bool(rng.random() < p)}
        early = {"model": "scored", "id": at + 10_000_000, "time": time, "label": True}
        events = [prediction, label if rng.random() < 0.9 else early]
        cluster.append(Source("events", at % 3), orjson.dumps(events), time)


def kill(cluster: Cluster, running: RunningWorker) -> None:
    cluster.log.group(cluster.settings.kafka.group_id).expire(running.source.member)


@cache
def life() -> Scraped:
    """A worker takes over from one that was killed, shares the work with another for a while, and ends it alone."""
    cluster = Cluster(TOPICS, CHOSEN, most_records=60)
    produced = iter(records(1))
    killed = cluster.worker("killed")
    append(cluster, produced, 500)
    turns(cluster, [killed], None, 9)
    kill(cluster, killed)

    worker = cluster.worker("worker")
    scraped = Scraped(worker)
    append(cluster, produced, 300)
    turns(cluster, [worker], scraped, 25)
    other = cluster.worker("other")
    append(cluster, produced, 300)
    turns(cluster, [worker, other], scraped, 25)
    other.source.close()
    append(cluster, produced, 1_000)
    append_scored(cluster, 2800)
    turns(cluster, [worker], scraped, 80)
    late = {"model": "fraud", "time": T0, "features": {"amount": 0.0}}
    cluster.append(Source("events", 0), orjson.dumps(late), T0)
    turns(cluster, [worker], scraped, 25)
    return scraped


def test_every_metric_of_the_catalogue_moves_in_the_life_of_a_healthy_worker() -> None:
    scraped = life()
    suffix = {Type.HISTOGRAM: "_count"}
    still = {m for m in CATALOGUE if scraped.most(m.full_name + suffix.get(m.type, "")) == 0}
    assert sorted(m.name for m in still - ONLY_IN_TROUBLE) == []


def test_every_stage_is_timed_and_every_turn_of_the_group_counted() -> None:
    scraped = life()
    for stage in Stage:
        assert scraped.most(metrics.STAGE_SECONDS.full_name + "_count", stage=stage) > 0, stage
    for kind in (Rebalance.ASSIGNED, Rebalance.REVOKED):
        assert scraped.most(metrics.REBALANCES.full_name, kind=kind) > 0, kind


def test_what_is_written_is_counted_with_its_keys_and_values() -> None:
    cluster = Cluster(TOPICS, SETTINGS, most_records=60)
    append(cluster, iter(records(2)), 400)
    worker = cluster.worker("only")
    scraped = Scraped(worker)
    cluster.run([worker])
    worker.source.close()
    scraped.scrape()

    names, partitions = cluster.settings.topics, range(cluster.settings.kafka.partitions)
    others = (names.state, names.alerts, names.dead_letter, names.status, names.history)
    written = {topic: [record for _, record in cluster.log.records(topic)] for topic in others}
    written[names.columns] = [record for at in partitions for record in cluster.log_of(at)]
    every = [record for found in written.values() for record in found]
    snapshots = [record for record in written[names.state] if record.value is not None]
    assert len(snapshots) > 0
    assert scraped.most(metrics.RECORDS_PRODUCED.full_name) == len(every)
    assert scraped.most(metrics.BYTES_PRODUCED.full_name) == size(every)
    assert scraped.most(metrics.SNAPSHOTS.full_name) == len(snapshots)
    assert scraped.most(metrics.SNAPSHOT_BYTES.full_name) == size(snapshots)


def size(found: Sequence[Record]) -> int:
    return sum(len(record.key or b"") + len(record.value or b"") for record in found)


def test_rows_are_counted_that_are_observed_again_not_entries_of_the_log() -> None:
    cluster = Cluster(TOPICS, {**CHOSEN, "state.checkpoint_every": "1h"}, most_records=60)
    append(cluster, iter(records(2)), 400)
    killed = cluster.worker("killed")
    before = Scraped(killed)
    cluster.run([killed])
    turns(cluster, [killed], before, 5)
    kill(cluster, killed)
    worker = cluster.worker("worker")
    after = Scraped(worker)
    turns(cluster, [worker], after, 5)

    observed = sum(before.most(metrics.ROWS_OBSERVED.full_name, model=model["name"]) for model in MODELS)
    assert after.most(metrics.ROWS_RESTORED.full_name) == observed > 300
