"""Asks everything that can be asked of a running installation without changing it, one part after the other."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from typing import Final

from stream_monitor.app.composition import input_topics as configured_inputs
from stream_monitor.app.doctor import running, topics
from stream_monitor.app.doctor.checks import Check, counted, failed, passed, warned
from stream_monitor.app.doctor.sinks import sink_check
from stream_monitor.app.operating import board_now, connected, wall
from stream_monitor.app.service import topic_plans
from stream_monitor.config import Settings
from stream_monitor.core.errors import StreamMonitorError
from stream_monitor.core.events import Source
from stream_monitor.kafka.clients import client_version
from stream_monitor.kafka.cluster import Bounds, Cluster, all_partitions
from stream_monitor.kafka.first_start import refuse_expired_group
from stream_monitor.kafka.group_offsets import Noted, group_offsets
from stream_monitor.kafka.inspection import Inspection
from stream_monitor.kafka.options import KafkaOptions
from stream_monitor.kafka.topic_reader import KafkaTopicReader
from stream_monitor.runtime.deadline import Deadline
from stream_monitor.runtime.ports import Begin

_ASK_SECONDS: Final = 10.0
_LATEST: Final = 3  # offsets: a transaction's marker takes one
_INPUTS_READ: Final = 10


class BrokersUnreachable(StreamMonitorError):
    """No broker answers: nothing else can be asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Patient:
    """What is examined. counts: partitions of all topics that can be seen; inputs: names of those that are read."""

    settings: Settings
    options: KafkaOptions
    cluster: Cluster
    inspection: Inspection
    counts: Mapping[str, int]
    inputs: Sequence[str]

    @property
    def columns(self) -> list[Source]:
        """Partitions of the columns topic."""
        return all_partitions(self.counts, [self.settings.topics.columns])


def examine(settings: Settings) -> Iterator[Check]:
    """All checks, as they are made. Raises BrokersUnreachable at the first, StreamMonitorError where no broker is named."""
    options = connected(settings)
    cluster = Cluster(options)
    try:
        counts = cluster.reach()
    except StreamMonitorError as error:
        raise BrokersUnreachable(str(error)) from error
    patient = Patient(
        settings=settings,
        options=options,
        cluster=cluster,
        inspection=Inspection(options),
        counts=counts,
        inputs=_inputs(settings, counts),
    )
    for what, part in _PARTS.items():
        try:
            yield from part(patient)
        except StreamMonitorError as error:
            said, _, fix = str(error).partition(": ")
            yield failed(what, said if fix else "could not be looked at", fix or str(error))


def _brokers(patient: Patient) -> Iterator[Check]:
    found = patient.inspection.cluster()
    number = counted(len(found.brokers), "broker")
    where = ", ".join(found.brokers[:5])
    yield passed("brokers", f"{number} at {where}; cluster {found.cluster_id}, librdkafka {client_version()}")


def _own_topics(patient: Patient) -> Iterator[Check]:
    plans = topic_plans(patient.settings)
    facts = patient.inspection.topics([plan.name for plan in plans])
    kafka = patient.settings.kafka
    around = topics.Surroundings(
        servers=patient.options.bootstrap_servers,
        brokers=len(patient.inspection.cluster().brokers),
        may_create=kafka.create_topics,
        replicas=kafka.replication_factor,
    )
    configs: topics.Configs = {}
    refused: str | None = None
    try:
        configs = patient.inspection.configs(facts)
    except StreamMonitorError as error:
        refused = str(error)
    yield from topics.own_topics(plans, facts, configs, around)
    if refused is not None:
        yield warned(
            "settings of topics", f"could not be looked at ({refused})", "grant DescribeConfigs on them"
        )


def _input_topics(patient: Patient) -> Iterator[Check]:
    own = {plan.name for plan in topic_plans(patient.settings)}
    yield from topics.input_topics(configured_inputs(patient.settings), patient.counts, own)


def _rights(patient: Patient) -> Iterator[Check]:
    names, settings = patient.settings.topics, patient.settings
    needed: dict[str, Sequence[str]] = dict.fromkeys(patient.inputs, ("read", "describe"))
    for plan in topic_plans(settings):
        needed[plan.name] = ("read", "write", "describe")
    needed[names.dead_letter] = ("write", "describe")
    if settings.state.purge_columns:
        needed[names.columns] = ("read", "write", "describe", "delete")
    facts = patient.inspection.topics(needed)
    yield from topics.rights(facts, needed, patient.options.bootstrap_servers)


def _transactions(patient: Patient) -> Iterator[Check]:
    name = f"{patient.options.group_id}.doctor"
    why = Inspection(_as_instance(patient.options, "doctor")).why_no_transactions()
    if why is None:
        yield passed("transactions", f"one can be opened under the transactional id {name}")
    else:
        yield failed(
            "transactions",
            why,
            f"grant Write and Describe on the transactional id {patient.options.group_id}.* (prefixed); exactly-once needs"
            " a broker of Kafka 2.5 or newer",
        )


def _group(patient: Patient) -> Iterator[Check]:
    facts = patient.inspection.group()
    yield from running.group_check(patient.options.group_id, facts)
    inputs = all_partitions(patient.counts, patient.inputs)
    known = _committed(patient, [*inputs, *patient.columns])
    bounds = _bounds(patient, [*inputs, *patient.columns])
    yield running.lag_check(known, bounds, inputs, runs=facts.members > 0)


def _restore_point(patient: Patient) -> Iterator[Check]:
    names = patient.settings.topics
    inputs = all_partitions(patient.counts, patient.inputs)
    sources = [*inputs, *patient.columns]
    if not patient.columns:
        yield passed("restore point", "a first start")
        return
    refuse_expired_group(patient.options, patient.cluster, patient.columns, inputs)
    known, bounds = _committed(patient, sources), _bounds(patient, sources)
    ids = patient.cluster.topic_ids({source.topic for source in sources}, _ASK_SECONDS) or {}
    yield from running.restore_checks(
        sources, known, bounds, ids, group=patient.options.group_id, columns=names.columns
    )
    state = _bounds(patient, all_partitions(patient.counts, [names.state]))
    columns = {source: bounds[source] for source in patient.columns if source in bounds}
    yield running.state_check(columns, state, topic=names.state, group=patient.options.group_id)


def _workers(patient: Patient) -> Iterator[Check]:
    needed = (
        patient.settings.topics.status,
        patient.settings.topics.alerts,
        patient.settings.topics.operations,
    )
    if any(name not in patient.counts for name in needed):
        yield warned(
            "workers", "nothing to read yet: the topics do not exist", "start one: stream-monitor run"
        )
        return
    board, now = board_now(patient.settings), wall()
    yield from running.worker_checks(board.pipeline(now), now)
    for problem in board.problems():
        yield warned("published records", problem, "all parts of an installation should have one release")


def _times(patient: Patient) -> Iterator[Check]:
    wanted = {topic: Begin(latest=_LATEST) for topic in patient.inputs[:_INPUTS_READ]}
    if not wanted:
        return
    newest: dict[str, int] = {}
    deadline = Deadline(_ASK_SECONDS)
    with closing(KafkaTopicReader(patient.options, wanted)) as reader:
        while not reader.caught_up() and not deadline.passed:
            for source, records in reader.read(1_000, 0.2):
                latest = max(record.timestamp for record in records)
                newest[source.topic] = max(newest.get(source.topic, -1), latest)
    allowed = round(patient.settings.ingest.max_clock_skew.total_seconds() * 1000)
    for topic, time in newest.items():
        yield running.future_check(topic, time, wall(), allowed)


def _sinks(patient: Patient) -> Iterator[Check]:
    for sink in patient.settings.sinks:
        if sink.alertmanager is not None:
            yield sink_check(sink.label, sink.alertmanager.url)
        elif sink.webhook is not None:
            yield sink_check(sink.label, sink.webhook.url.value)


_PARTS: Final[Mapping[str, Callable[[Patient], Iterator[Check]]]] = {
    "brokers": _brokers,
    "own topics": _own_topics,
    "input topics": _input_topics,
    "rights on topics": _rights,
    "transactions": _transactions,
    "group": _group,
    "restore point": _restore_point,
    "workers": _workers,
    "times of inputs": _times,
    "sinks": _sinks,
}


def _inputs(settings: Settings, counts: Mapping[str, int]) -> Sequence[str]:
    """Names of the inputs that exist."""
    own = {plan.name for plan in topic_plans(settings)}
    found: dict[str, None] = {}
    for name in configured_inputs(settings):
        if name.startswith("^"):
            found |= dict.fromkeys(
                topic for topic in sorted(counts) if topic not in own and re.search(name, topic)
            )
        elif name in counts:
            found[name] = None
    return list(found)


def _committed(patient: Patient, sources: Sequence[Source]) -> Mapping[Source, Noted]:
    found = group_offsets(patient.options, sources, _ASK_SECONDS)
    if found is None:
        raise StreamMonitorError("the offsets of the group were not told in time: are all brokers up?")
    return found


def _bounds(patient: Patient, sources: Sequence[Source]) -> Mapping[Source, Bounds]:
    found = patient.cluster.bounds(sources, _ASK_SECONDS)
    if found is None:
        raise StreamMonitorError("the ends of the topics were not told in time: are all brokers up?")
    return found


def _as_instance(options: KafkaOptions, name: str) -> KafkaOptions:
    return replace(options, instance_id=name)
