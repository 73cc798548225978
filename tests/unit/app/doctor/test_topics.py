from collections.abc import Mapping
from dataclasses import replace

import pytest

from stream_monitor.app.doctor.checks import Check, Verdict
from stream_monitor.app.doctor.topics import Surroundings, input_topics, own_topics, rights
from stream_monitor.kafka.inspection import TopicFacts
from stream_monitor.kafka.topics import TopicPlan

LOG = TopicPlan(
    name="m.columns",
    purpose="the log",
    partitions=12,
    partitions_fixed=True,
    config={"cleanup.policy": "delete", "retention.ms": "-1", "max.message.bytes": "8388608"},
)
HISTORY = TopicPlan(
    name="m.history",
    purpose="history",
    partitions=1,
    partitions_fixed=False,
    config={"cleanup.policy": "delete", "retention.ms": "604800000"},
)
FACTS = TopicFacts(partitions=12, replicas=3, in_sync=3, permitted=None)
AROUND = Surroundings(servers="k:9092", brokers=3, may_create=True, replicas=None)


def the_check(
    plan: TopicPlan = LOG,
    facts: TopicFacts | None = FACTS,
    config: Mapping[str, str] | None = None,
    around: Surroundings = AROUND,
) -> Check:
    found = {} if facts is None else {plan.name: facts}
    configs = {} if config is None else {plan.name: {**plan.config, **config}}
    (check,) = own_topics([plan], found, configs, around)
    return check


def test_a_topic_as_planned_is_fine() -> None:
    check = the_check(config={"max.message.bytes": "99999999"})
    assert (check.verdict, check.fix) == (Verdict.OK, None)


@pytest.mark.parametrize(
    ("check", "verdict", "said", "fix"),
    [
        (the_check(facts=None), Verdict.WARN, "does not exist yet", "stream-monitor topics create"),
        (
            the_check(facts=None, around=replace(AROUND, may_create=False)),
            Verdict.FAIL,
            "kafka.create_topics is off",
            "kafka-topics.sh --bootstrap-server k:9092 --create --topic m.columns --partitions 12",
        ),
        (
            the_check(facts=replace(FACTS, partitions=6)),
            Verdict.FAIL,
            "has 6 partitions",
            "set kafka.partitions to 6",
        ),
        (
            the_check(config={"retention.ms": "604800000"}),
            Verdict.FAIL,
            "retention.ms is 604800000, not -1: state can be lost",
            "--entity-name m.columns --add-config retention.ms=-1",
        ),
        (
            the_check(config={"max.message.bytes": "1048588"}),
            Verdict.WARN,
            "max.message.bytes is 1048588",
            "max.message.bytes=8388608",
        ),
        (the_check(facts=replace(FACTS, in_sync=2)), Verdict.WARN, "2 of 3 replicas", "look at the brokers"),
        (
            the_check(facts=replace(FACTS, replicas=1, in_sync=1)),
            Verdict.WARN,
            "one replica although 3 brokers run",
            "kafka.replication_factor",
        ),
        (
            the_check(HISTORY, replace(FACTS, partitions=1), {"cleanup.policy": "compact"}),
            Verdict.WARN,
            "cleanup.policy is compact, not delete",
            "cleanup.policy=delete",
        ),
    ],
)
def test_what_is_otherwise_is_said_with_its_fix(check: Check, verdict: Verdict, said: str, fix: str) -> None:
    assert check.verdict is verdict
    assert said in check.said
    assert fix in (check.fix or "")


def test_how_long_history_is_kept_is_the_users_choice_and_one_broker_has_one_replica() -> None:
    assert the_check(HISTORY, FACTS, {"retention.ms": "1000"}).verdict is Verdict.OK
    alone = replace(FACTS, replicas=1, in_sync=1)
    assert the_check(facts=alone, around=replace(AROUND, brokers=1)).verdict is Verdict.OK


def test_inputs_are_found_by_name_and_by_pattern() -> None:
    known = ["clicks", "fraud.a", "fraud.b", "m.fraud"]
    checks = list(input_topics(["clicks", "gone", "^fraud", "^none"], known, own=["m.fraud"]))
    assert [(check.verdict, check.said) for check in checks] == [
        (Verdict.OK, "exists"),
        (Verdict.WARN, "does not exist, or may not be described"),
        (Verdict.OK, "2 topics: fraud.a, fraud.b"),
        (Verdict.WARN, "no topic matches"),
    ]
    assert all(check.fix for check in checks if check.verdict is not Verdict.OK)


def test_rights_that_lack_are_named_with_the_command_that_grants_them() -> None:
    facts = {
        "in": replace(FACTS, permitted=frozenset({"describe"})),
        "out": replace(FACTS, permitted=frozenset({"all"})),
        "m.columns": replace(FACTS, permitted=frozenset({"read", "write", "describe"})),
    }
    needed = {
        "in": ("read", "describe"),
        "out": ("write",),
        "m.columns": ("read", "write"),
        "gone": ("read",),
    }
    (check,) = rights(facts, needed, "k:9092")
    assert (check.verdict, check.what, check.said) == (Verdict.FAIL, "rights on in", "we may not read")
    assert "--operation Read --topic in" in (check.fix or "")
    (fine,) = rights({"m.columns": facts["m.columns"]}, needed, "k:9092")
    assert (fine.verdict, fine.said) == (Verdict.OK, "all that is needed, on 1 topic")
    (silent,) = rights({"in": FACTS}, needed, "k:9092")
    assert silent.verdict is Verdict.OK
    assert "does not tell" in silent.said
