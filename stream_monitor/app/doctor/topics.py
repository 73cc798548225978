"""Whether topics are as they must be and we may use them. Pure: facts in, checks out."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from stream_monitor.app.doctor.checks import Check, counted, failed, passed, warned
from stream_monitor.kafka.inspection import TopicFacts
from stream_monitor.kafka.topics import TopicPlan

Configs = Mapping[str, Mapping[str, str]]
_VITAL: Final = frozenset({"cleanup.policy", "retention.ms", "retention.bytes"})
_AT_LEAST: Final = "max.message.bytes"


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """servers: as configured. brokers: how many answer. may_create: kafka.create_topics. replicas: kafka.replication_factor."""

    servers: str
    brokers: int
    may_create: bool
    replicas: int | None


def own_topics(
    plans: Sequence[TopicPlan], facts: Mapping[str, TopicFacts], configs: Configs, around: Surroundings
) -> Iterator[Check]:
    """The monitor's own topics, each a check."""
    for plan in plans:
        found = facts.get(plan.name)
        if found is None:
            yield _missing(plan, around)
        else:
            yield _own_topic(plan, found, configs.get(plan.name), around)


def input_topics(inputs: Sequence[str], known: Collection[str], own: Collection[str]) -> Iterator[Check]:
    """Inputs, by name or by pattern. known: all topics that can be seen."""
    for name in inputs:
        if not name.startswith("^"):
            if name in known:
                yield passed(f"input {name}", "exists")
            else:
                yield warned(
                    f"input {name}",
                    "does not exist, or may not be described",
                    "create it, or correct its name in the configuration, or grant Describe on it; run waits for it",
                )
            continue
        found = sorted(topic for topic in known if topic not in own and re.search(name, topic))
        if found:
            yield passed(f"inputs {name}", f"{counted(len(found), 'topic')}: {', '.join(found[:5])}")
        else:
            yield warned(
                f"inputs {name}",
                "no topic matches",
                "correct discovery.topics, or grant Describe on the topics; run waits for them",
            )


def rights(
    facts: Mapping[str, TopicFacts], needed: Mapping[str, Collection[str]], servers: str
) -> Iterator[Check]:
    """Whether we may do with topics what is needed, by what the broker says of our rights."""
    checked, lacking = 0, False
    for name, operations in needed.items():
        if name not in facts:
            continue
        permitted = facts[name].permitted
        if permitted is None or "all" in permitted:
            continue
        checked += 1
        missing = [one for one in operations if one not in permitted]
        if missing:
            lacking = True
            grants = " ".join(f"--operation {one.capitalize()}" for one in missing)
            yield failed(
                f"rights on {name}",
                f"we may not {' and '.join(missing)}",
                f"kafka-acls.sh --bootstrap-server {servers} --add --allow-principal User:<ours> {grants} --topic {name}",
            )
    if checked and not lacking:
        yield passed("rights on topics", f"all that is needed, on {counted(checked, 'topic')}")
    elif not checked:
        yield passed("rights on topics", "the broker does not tell; nothing was refused")


def _missing(plan: TopicPlan, around: Surroundings) -> Check:
    fix = f"stream-monitor topics create, or {plan.command(around.servers, around.replicas)}"
    if around.may_create:
        return warned(f"topic {plan.name}", "does not exist yet: run creates it if it has the right to", fix)
    return failed(f"topic {plan.name}", "does not exist, and kafka.create_topics is off", fix)


def _own_topic(
    plan: TopicPlan, found: TopicFacts, config: Mapping[str, str] | None, around: Surroundings
) -> Check:
    what = f"topic {plan.name}"
    if plan.partitions_fixed and found.partitions != plan.partitions:
        return failed(
            what,
            f"has {found.partitions} partitions, but kafka.partitions is {plan.partitions}",
            f"set kafka.partitions to {found.partitions}: another number would part models from their state",
        )
    other = _other_settings(plan, config or {})
    if other:
        said = ", ".join(f"{key} is {(config or {}).get(key)}, not {value}" for key, value in other.items())
        wanted = ",".join(
            f"{key}=[{value}]" if "," in value else f"{key}={value}" for key, value in other.items()
        )
        fix = (
            f"kafka-configs.sh --bootstrap-server {around.servers} --alter --entity-type topics --entity-name {plan.name}"
            f" --add-config {wanted}"
        )
        vital = plan.partitions_fixed and not _VITAL.isdisjoint(other)
        return failed(what, f"{said}: state can be lost", fix) if vital else warned(what, said, fix)
    if found.in_sync < found.replicas:
        return warned(
            what,
            f"{found.in_sync} of {found.replicas} replicas of a partition are in sync",
            "look at the brokers: one is down or behind",
        )
    if found.replicas < 2 <= around.brokers:
        return warned(
            what,
            f"has one replica although {around.brokers} brokers run: what that broker loses is lost",
            "add replicas with kafka-reassign-partitions.sh; set kafka.replication_factor for topics created later",
        )
    return passed(
        what,
        f"{counted(found.partitions, 'partition')}, {counted(found.replicas, 'replica')}: {plan.purpose}",
    )


def _other_settings(plan: TopicPlan, config: Mapping[str, str]) -> dict[str, str]:
    """Settings of the plan that the topic has otherwise; nothing where its configuration is not known."""
    other = {}
    for key, wanted in plan.config.items():
        found = config.get(key)
        if found is None or found == wanted or (key == _AT_LEAST and int(found) >= int(wanted)):
            continue
        if (
            key == "retention.ms" and not plan.partitions_fixed
        ):  # how long history is kept is the user's choice
            continue
        other[key] = wanted
    return other
