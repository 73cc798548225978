"""Keys and formats that are known but whose feature this release does not have: refused, but not as a typo."""

from typing import Final

from stream_monitor.config.fields import refuse, shown
from stream_monitor.config.problems import Path

NOT_YET: Final = "not available in this release"

_ALERTING: Final = {
    "group_by": "grouping of alerts",
    "severity": "rules for severity",
    "mute": "muting by configuration",
    "min_events": "a smallest number of events per alert",
    "persist": "alerts only after drift has lasted",
    "cooldown": "silence after an alert",
}
_KEYS: Final = {
    "kafka.schema_registry": "records with a schema registry",
    "sinks[].kafka.mode": "binary CloudEvents; drift events are structured JSON",
    "models[].top_features": "choosing features by importance",
    "models[].features.*.severity": "severity by feature",
    "models[].reference.statistics": "a reference from prepared statistics",
    "models[].reference.window": "a reference from a range of the topic",
    "models[].reference.refresh": "renewing the reference",
    "http.metrics_feature_limit": "a limit on series in the metrics",
    **{f"alerting.{key}": what for key, what in _ALERTING.items()},
    **{f"models[].alerting.{key}": what for key, what in _ALERTING.items()},
}
_FORMATS: Final = frozenset(
    (
        "auto",
        "avro",
        "azureml",
        "bentoml",
        "cloudevents",
        "databricks",
        "debezium",
        "kserve",
        "mlserver",
        "oip",
        "oip-v2",
        "otlp",
        "protobuf",
        "sagemaker",
        "seldon",
        "seldon-v2",
    )
)


def promised(path: Path) -> str | None:
    """What a later release will do with the key at `path`; None if nothing is known of it."""
    general = ""
    for at, part in enumerate(path):
        name = "*" if at == 3 and path[0] == "models" and path[2] == "features" else part
        general += "[]" if isinstance(part, int) else f".{name}" if general else str(name)
    return _KEYS.get(general)


def check_format(name: str) -> str:
    """The format of a source: json, for now. Raises a validation error for any other."""
    if name in _FORMATS:
        raise refuse(f"{NOT_YET}: the format {name}", "write json, or remove it")
    if name != "json":
        raise refuse(f"{shown(name)} is not a format", "write json, or remove it")
    return name
