"""The channels and operations of an AsyncAPI document: which topic carries which messages, and who reads or writes it."""

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Final, NamedTuple

from stream_monitor.app.asyncapi.messages import KAFKA_BINDING, mapped_event
from stream_monitor.app.service import topic_plans
from stream_monitor.config import Settings, TopicSource, topic_sources
from stream_monitor.core.drift_event import Status
from stream_monitor.formats.schema_parts import Schema
from stream_monitor.kafka.topics import TopicPlan

ALERTS: Final = (*(f"drift-{one}" for one in Status), "retrain-requested")


class _Own(NamedTuple):
    """One of the monitor's topics. actions: what the monitor does with it, and what is said of that."""

    title: str
    description: str
    messages: Sequence[str]
    actions: Mapping[str, str]


_OWN: Final[Mapping[str, _Own]] = MappingProxyType(
    {
        "alerts": _Own(
            "Alerts",
            "Drift events and retrain requests; told apart by the CloudEvents type.",
            ALERTS,
            {"send": "Publish what became of alerts, and requests to train a model anew."},
        ),
        "status": _Own(
            "Status",
            "Compacted: the latest state of models and workers, and what is normal of series. Read to its end it says what"
            " is open.",
            ("model-status", "worker-status", "worker-left", "series-references"),
            {"send": "Tell the state of models about every five seconds, and of each worker."},
        ),
        "history": _Own(
            "History",
            "Counts and scores of each minute, for the dashboard.",
            ("history",),
            {"send": "Write down what came since the last snapshot, in the transaction of the next."},
        ),
        "operations": _Own(
            "Operations",
            "Compacted: what people did about alerts. It changes who is told and what is shown, never what is detected.",
            ("acknowledge", "mute", "taken-back"),
            {
                "send": "Write what was asked for on the command line or over the HTTP API.",
                "receive": "Learn what is acknowledged and muted.",
            },
        ),
        "dead_letter": _Own(
            "Dead letters",
            "One record for every rejected event.",
            ("dead-letter",),
            {"send": "Set aside an event that cannot be understood."},
        ),
        "columns": _Own(
            "Columns",
            "Internal: the write-ahead log of the monitor, in a binary form that may change.",
            (),
            {},
        ),
        "state": _Own("State", "Internal: snapshots, in a binary form that may change.", (), {}),
    }
)


def channels(settings: Settings) -> Schema:
    """`channels`: the inputs first, then the monitor's own topics."""
    plans = {plan.name: plan for plan in topic_plans(settings)}
    replicas = settings.kafka.replication_factor
    found: Schema = dict(_inputs(settings))
    for role, own in _OWN.items():
        name = getattr(settings.topics, role)
        found[_channel_id(role)] = {
            "address": name,
            "title": own.title,
            "description": own.description,
            "messages": {message: {"$ref": f"#/components/messages/{message}"} for message in own.messages},
            "tags": [{"name": "output" if own.messages else "internal"}],
            "bindings": {"kafka": _binding(plans[name], replicas)},
        }
    return found


def operations(settings: Settings) -> Schema:
    """`operations`, as the monitor sees them: it receives events, and sends alerts."""
    group = {"groupId": {"type": "string", "const": settings.kafka.group_id}}
    found: Schema = {}
    for channel, described in _inputs(settings):
        found[f"receive-{channel}"] = {
            **_operation("receive", channel, "Read events of models, exactly once.", described["messages"]),
            "bindings": {"kafka": {**group, "bindingVersion": KAFKA_BINDING}},
        }
    for role, own in _OWN.items():
        channel = _channel_id(role)
        for action, summary in own.actions.items():
            found[f"{action}-{channel}"] = _operation(action, channel, summary, own.messages)
    return found


def _operation(action: str, channel: str, summary: str, messages: Sequence[str]) -> Schema:
    place = f"#/channels/{channel}"
    return {
        "action": action,
        "channel": {"$ref": place},
        "summary": summary,
        "messages": [{"$ref": f"{place}/messages/{message}"} for message in messages],
    }


def _channel_id(role: str) -> str:
    return role.replace("_", "-")


def _inputs(settings: Settings) -> Iterator[tuple[str, Schema]]:
    """The channels that are read for events."""
    for topic, source in topic_sources(settings).items():
        yield _input(topic, _told(source), source)
    patterns = []
    for topic in settings.discovery.topics:
        if topic.startswith("^"):
            patterns.append(topic)
        else:
            yield _input(topic, "Events of any model.")
    if patterns or not (settings.models or settings.discovery.topics):
        which = f"Any topic that matches {' or '.join(patterns)}." if patterns else "Any topic of events."
        yield "input", _input_channel("{topic}", which) | {"parameters": {"topic": {"description": which}}}


def _input(topic: str, told: str, source: TopicSource | None = None) -> tuple[str, Schema]:
    channel = _input_channel(topic, told)
    if source is not None and (source.paths is not None or source.features is not None):
        where = {**(source.paths or {}), **({"features": source.features} if source.features else {})}
        channel["messages"] = {"mapped-event": mapped_event(where)}
    channel["bindings"] = {"kafka": {"topic": topic, "bindingVersion": KAFKA_BINDING}}
    return f"input.{topic}", channel


def _input_channel(address: str, told: str) -> Schema:
    return {
        "address": address,
        "title": "Events",
        "description": told,
        "messages": {"event": {"$ref": "#/components/messages/event"}},
        "tags": [{"name": "input"}],
    }


def _told(source: TopicSource) -> str:
    models = ", ".join(source.models)
    role = f" Read for their {source.role} only." if source.role else ""
    return (
        f"Events of {models}; records need not name the model.{role}"
        if source.owner
        else f"Events of {models}.{role}"
    )


def _binding(plan: TopicPlan, replicas: int | None) -> Schema:
    """partitions: as the monitor creates it; only those of columns and state are fixed."""
    binding: Schema = {"topic": plan.name, "partitions": plan.partitions}
    if replicas is not None:
        binding["replicas"] = replicas
    settings = {key: _setting(key, value) for key, value in plan.config.items()}
    return {**binding, "topicConfiguration": settings, "bindingVersion": KAFKA_BINDING}


def _setting(key: str, value: str) -> object:
    """As the binding has it: policies as a list, numbers as numbers."""
    if key == "cleanup.policy":
        return value.split(",")
    return int(value) if value.lstrip("-").isdigit() else value
