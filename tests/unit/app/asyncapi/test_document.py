"""The AsyncAPI document: reviewed, made of real records, and true of what a run writes. No parser of AsyncAPI is needed here."""

import json
import os
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

import pytest
from jsonschema import Draft7Validator

import stream_monitor.app.asyncapi
from stream_monitor import __version__
from stream_monitor.app.asyncapi.document import document
from stream_monitor.app.service import topic_plans
from stream_monitor.config import Settings, load
from stream_monitor.core.events import Record
from stream_monitor.formats.operations import decode, encode, taken_back
from tests.driver import Cluster
from tests.golden_files import GOLDEN, golden
from tests.property.produced import SETTINGS, records

EVENTS_PAGE = Path(__file__).parents[4] / "docs" / "events.md"
EXAMPLES_FILE = Path(stream_monitor.app.asyncapi.__file__).parent / "examples.json"
REVIEWED: Final[Mapping[str, tuple[str, ...]]] = {
    "drift-opened": ("drift_events/opened.json", "drift_events/performance.json"),
    "drift-updated": ("drift_events/updated.json",),
    "drift-resolved": ("drift_events/resolved.json",),
    "retrain-requested": ("drift_events/retrain_requested.json",),
    "model-status": ("status/model_v1.json",),
    "worker-status": ("status/worker_v1.json",),
    "series-references": ("status/reference_v1.json",),
    "history": ("history/model_v1.json",),
    "acknowledge": ("operations/acknowledge_v1.json",),
    "mute": ("operations/mute_v1.json",),
}
DOCUMENT = document()
MESSAGES: dict[str, Any] = DOCUMENT["components"]["messages"]


def validator(schema: dict[str, Any]) -> Draft7Validator:
    """Of a schema inside the document, in the dialect of payloads."""
    return Draft7Validator({"components": DOCUMENT["components"], "allOf": [schema]})


@cache
def validators(name: str) -> tuple[Draft7Validator, Draft7Validator, Draft7Validator]:
    """Of key, headers and payload of a message."""
    message = MESSAGES[name]
    key = message["bindings"]["kafka"].get("key", {})
    return validator(key), validator(message.get("headers", {})), validator(message["payload"])


def objects(part: Any) -> Iterator[dict[str, Any]]:
    if isinstance(part, dict):
        yield part
    for inner in part.values() if isinstance(part, dict) else part if isinstance(part, list) else ():
        yield from objects(inner)


def matching(record: Record, names: list[str]) -> list[str]:
    """Messages of these that the record is one of."""
    headers = {name: (value or b"").decode() for name, value in record.headers}
    payload = None if record.value is None else json.loads(record.value)
    key = None if record.key is None else record.key.decode()
    return [
        name
        for name in names
        if all(
            one.is_valid(part) for one, part in zip(validators(name), (key, headers, payload), strict=True)
        )
    ]


def messages_of(channel: str, of: Mapping[str, Any] = DOCUMENT) -> list[str]:
    return list(of["channels"][channel]["messages"])


def configured(overrides: Mapping[str, Any]) -> Settings:
    return load(None, {}, overrides, for_kafka=False)


def test_it_is_the_reviewed_one() -> None:
    assert DOCUMENT["info"]["version"] == __version__
    said = {**DOCUMENT, "info": {**DOCUMENT["info"], "version": "0"}}
    current = json.dumps(said, indent=2, ensure_ascii=False).encode() + b"\n"
    assert current == golden("schema/asyncapi.json", current)


def test_every_reference_leads_somewhere_and_none_into_definitions_of_another_document() -> None:
    assert "$defs" not in json.dumps(DOCUMENT)
    found = [part["$ref"] for part in objects(DOCUMENT) if isinstance(part.get("$ref"), str)]
    assert len(found) > 100
    for reference in found:
        place: Any = DOCUMENT
        for step in reference.removeprefix("#/").split("/"):
            place = place[step]
        assert isinstance(place, dict), reference


def test_the_examples_are_the_reviewed_records_and_the_events_of_the_documentation() -> None:
    page = EVENTS_PAGE.read_text(encoding="utf-8").partition("### Anybody's JSON")[0]
    events = [json.loads(block) for block in re.findall(r"```json\n(.*?)```", page, re.DOTALL)]
    reviewed = {
        name: [json.loads((GOLDEN / one).read_bytes()) for one in files] for name, files in REVIEWED.items()
    }
    text = json.dumps({"event": events, **reviewed}, indent=2, ensure_ascii=False) + "\n"
    if os.environ.get("UPDATE_GOLDEN"):
        EXAMPLES_FILE.write_text(text, encoding="utf-8")
    assert EXAMPLES_FILE.read_text(encoding="utf-8") == text


def test_every_message_with_a_value_has_examples_and_they_are_valid() -> None:
    without = {"worker-left", "taken-back"}  # records without value
    assert {name for name, message in MESSAGES.items() if "examples" not in message} == without
    for name, message in MESSAGES.items():
        _, of_headers, of_payload = validators(name)
        for example in message.get("examples", ()):
            of_payload.validate(example.get("payload"))
            if "headers" in example:
                of_headers.validate(example["headers"])


@pytest.mark.parametrize("name", REVIEWED)
def test_an_example_that_lacks_a_field_is_none(name: str) -> None:
    example = dict(MESSAGES[name]["examples"][0]["payload"])
    example.pop(next(reversed(example)))
    assert not validators(name)[2].is_valid(example)


def test_each_record_that_a_run_writes_is_one_message_of_its_channel() -> None:
    cluster = Cluster({"events": 3, "labels": 1}, SETTINGS)
    running = cluster.worker("first")
    produced = records(7)
    for part in (produced[:700], produced[700:]):
        for one in part:
            cluster.append(one.source, one.value, one.timestamp)
        cluster.run([running])
        cluster.clock.seconds += 6.0
    running.source.close()
    last = cluster.worker("last")
    last.source.close()  # `run` joins by itself
    turns = iter(range(40))

    def stop() -> bool:
        cluster.clock.seconds += 0.3
        return next(turns) == 30

    last.worker.run(stop)
    seen: set[str] = set()
    topics = cluster.settings.topics
    for channel, topic in {
        "alerts": topics.alerts,
        "status": topics.status,
        "history": topics.history,
        "dead-letter": topics.dead_letter,
    }.items():
        written = cluster.log.records(topic)
        assert written, topic
        for _, record in written:
            found = matching(record, messages_of(channel))
            assert len(found) == 1, (topic, record.key, found)
            seen.update(found)
    operations = messages_of("operations")
    assert seen == set(MESSAGES) - {"event", *operations}


def test_each_operation_is_one_message_of_its_channel() -> None:
    for name in ("acknowledge", "mute"):
        value = (GOLDEN / "operations" / f"{name}_v1.json").read_bytes()
        body = json.loads(value)
        key = f"{name}/{body['alert_id' if name == 'acknowledge' else 'mute_id']}"
        operation = decode(key.encode(), value)
        written = [(name, encode(operation)), ("taken-back", taken_back(name, "x"))]  # type: ignore[arg-type]  # the test gives what the types forbid or cannot follow
        for expected, one in written:
            record = Record(0, 0, one.key, one.value, one.headers)
            assert matching(record, messages_of("operations")) == [expected]


def test_the_topics_are_those_that_the_monitor_creates() -> None:
    settings = configured(
        {"kafka.topic_prefix": "risk", "kafka.partitions": 6, "kafka.replication_factor": 3}
    )
    made = document(settings)
    bindings = [one["bindings"]["kafka"] for one in made["channels"].values() if "bindings" in one]
    plans = topic_plans(settings)
    assert {one["topic"]: (one["partitions"], one["replicas"]) for one in bindings} == {
        plan.name: (plan.partitions, 3) for plan in plans
    }
    assert made["channels"]["state"]["bindings"]["kafka"]["partitions"] == 6
    assert made["channels"]["status"]["bindings"]["kafka"]["topicConfiguration"]["cleanup.policy"] == [
        "compact"
    ]
    assert (
        made["channels"]["history"]["bindings"]["kafka"]["topicConfiguration"]["retention.ms"] == 604_800_000
    )


def test_internal_topics_are_named_and_carry_no_messages() -> None:
    for channel in ("columns", "state"):
        assert messages_of(channel) == []
        assert DOCUMENT["channels"][channel]["description"].startswith("Internal")
    used = {one["channel"]["$ref"].rpartition("/")[2] for one in DOCUMENT["operations"].values()}
    assert used == set(DOCUMENT["channels"]) - {"columns", "state"}


def test_actions_are_the_monitor_s() -> None:
    actions = {name: one["action"] for name, one in DOCUMENT["operations"].items()}
    assert actions == {
        "receive-input": "receive",
        "send-alerts": "send",
        "send-status": "send",
        "send-history": "send",
        "send-operations": "send",
        "receive-operations": "receive",
        "send-dead-letter": "send",
    }


def test_inputs_are_the_topics_of_the_configuration() -> None:
    mapping = {"model": "deployment.name", "features": {"amount": "body.0.amt"}, "time": "at"}
    sources = [
        {"topic": "fraud.events"},
        {"topic": "fraud.labels", "role": "label"},
        {"topic": "foreign", "mapping": mapping},
    ]
    models = [{"name": "fraud", "sources": sources}, {"name": "churn", "sources": ["fraud.events"]}]
    made = document(configured({"models": models, "kafka.group_id": "prod"}))
    inputs = {name: one for name, one in made["channels"].items() if name.startswith("input")}
    assert {name: one["address"] for name, one in inputs.items()} == {
        f"input.{topic}": topic for topic in ("fraud.events", "fraud.labels", "foreign")
    }
    assert inputs["input.fraud.events"]["description"] == "Events of fraud, churn."
    assert inputs["input.fraud.labels"]["description"] == "Events of fraud. Read for their label only."
    (foreign,) = inputs["input.foreign"]["messages"].values()
    assert foreign["x-mapping"] == mapping
    operation = made["operations"]["receive-input.foreign"]
    assert operation["messages"] == [{"$ref": "#/channels/input.foreign/messages/mapped-event"}]
    assert operation["bindings"]["kafka"]["groupId"]["const"] == "prod"
    assert made["id"] == "urn:stream-monitor:prod"


def test_patterns_are_one_channel_whose_address_is_open() -> None:
    made = document(configured({"discovery.topics": ["plain", "^fraud\\..*", "^risk"]}))
    inputs = {name: one for name, one in made["channels"].items() if name.startswith("input")}
    assert {name: one["address"] for name, one in inputs.items()} == {
        "input.plain": "plain",
        "input": "{topic}",
    }
    told = inputs["input"]["parameters"]["topic"]["description"]
    assert told == "Any topic that matches ^fraud\\..* or ^risk."


def test_servers_are_the_brokers_and_no_secret_is_told() -> None:
    properties = {
        "security.protocol": "SASL_SSL",
        "sasl.mechanism": "SCRAM-SHA-512",
        "sasl.username": "kafkaesque",
        "sasl.password": "hunter2",
    }
    made = document(configured({"kafka.bootstrap_servers": "a:9092,b:9093", "kafka.properties": properties}))
    server = {"protocol": "kafka-secure", "security": [{"type": "scramSha512"}]}
    assert made["servers"] == {
        "kafka-1": {"host": "a:9092", **server},
        "kafka-2": {"host": "b:9093", **server},
    }
    assert not {"kafkaesque", "hunter2"} & set(re.findall(r"\w+", json.dumps(made)))
    plain = document(configured({"kafka.bootstrap_servers": "a:9092"}))
    assert plain["servers"] == {"kafka": {"host": "a:9092", "protocol": "kafka"}}


def test_the_same_settings_give_the_same_document() -> None:
    assert json.dumps(document()) == json.dumps(document(Settings())) == json.dumps(DOCUMENT)
