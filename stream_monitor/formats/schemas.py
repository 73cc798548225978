"""JSON Schemas of what crosses the border, generated from the values and limits of the code: `stream-monitor schema`.

They describe structure. What no schema can say (an event time after the record's, a model that is not configured, a date
that does not exist) is said by the reasons of `docs/events.md`.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from pydantic import TypeAdapter

from stream_monitor.core.drift_event import DriftEvent, Status
from stream_monitor.core.retrain_request import RetrainRequest
from stream_monitor.core.status import ModelStatus
from stream_monitor.formats import drift_events, native_json, retrain_requests, status
from stream_monitor.formats.reference_schema import reference_profile
from stream_monitor.formats.schema_parts import DIALECT, Schema, or_null, tidied
from stream_monitor.formats.timestamps import EARLIEST_MS, LATEST_MS
from stream_monitor.formats.topic_schemas import history, operation, series_references, worker

_TIME = {"type": "string", "format": "date-time"}
_RFC3339 = (
    r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?"
    r"([Zz]|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$"
)
_EVENT_FIELDS: Mapping[str, str] = {
    "alert_id": "The same for all drift events of one alert; hangs on group, model, version, segment, series and ordinal.",
    "incident_id": "The same for the alerts of a model that opened together.",
    "number": "Place of this drift event in its alert, from 0.",
    "status": "What this drift event says of its alert.",
    "claim": "What it says: `changed` from its own past, `differs_from_reference`, or `observed`, a plain fact.",
    "severity": "How bad, by effect size.",
    "resolution": "Why the alert was resolved; null while it is open.",
    "summary": "One sentence for people.",
    "model": "The model.",
    "version": "Version of the model for series of its outputs; null for features.",
    "segment": "The slice of the data; null for all of it.",
    "series": "The series that drifted, such as feature:amount or prediction.",
    "kind": "What the values of the series are.",
    "row": "Ordinal of the row at which this was said, among the observed rows of the model, from 0.",
    "detected_at": "Event time at which this was said; the same as the envelope's time.",
    "change_point": "Estimated event time of the onset.",
    "change_point_row": "Ordinal of the row of the onset, from 0.",
    "evidence": "What each detector saw.",
    "effect_sizes": "Distances between reference and current.",
    "reference": "Summary of normal.",
    "current": "Summary since the onset.",
    "positions": "Where the new regime lies in the input topics, so that exactly this data can be read again.",
    "labels": "Labels of the model from the configuration: owner, team, runbook.",
    "attribution": "Of outputs: the inputs that moved with them, by score; null for inputs, and where there is none to look at.",
    "at_fault": "Of the series of faults and outliers: the features that were, with the number of events, most first.",
    "performance": "Whether the model got worse, and how that is known; null where it has no labels.",
}
_REQUEST_FIELDS: Mapping[str, str] = {
    "number": "Place of this request among those of the model, from 0.",
    "summary": "One sentence for people.",
    "model": "The model.",
    "version": "Version whose alerts ask for it; null for those of features.",
    "row": "Ordinal of the row at which it was made, among the observed rows of the model, from 0.",
    "requested_at": "Event time at which it was made; the same as the envelope's time.",
    "change_point": "Estimated event time at which the new regime began, of the first piece of evidence.",
    "change_point_row": "Ordinal of the row at which the new regime began, from 0.",
    "rows": "Rows of the model in the new regime so far.",
    "ongoing": "Whether the new regime goes on behind the positions.",
    "evidence": "The open alerts it rests on, the one that led to it first.",
    "positions": "Where the new regime lies in the input topics, so that exactly this data can be read again.",
    "labels": "Labels of the model from the configuration: owner, team, runbook.",
}


def input_event() -> Schema:
    """Schema of the value of an input record in native JSON: one event or an array of events."""
    return {
        "$schema": DIALECT,
        "$id": "urn:stream-monitor:schema:input-event:v1",
        "title": "Input of stream-monitor",
        "description": "One event, or an array of events. Unknown fields are ignored.",
        "anyOf": [
            {"$ref": "#/$defs/event"},
            {"type": "array", "minItems": 1, "items": {"$ref": "#/$defs/event"}},
        ],
        "$defs": {"event": _event()},
    }


def drift_event() -> Schema:
    """Schema of the value of a record of the alerts topic."""
    data = TypeAdapter(DriftEvent).json_schema(mode="serialization")
    definitions = tidied(data.pop("$defs"))
    _let_numbers_be_null(definitions)
    definitions["MovedInput"]["properties"]["since"] = {"anyOf": [dict(_TIME), {"type": "null"}]}
    properties: Schema = {}
    for name, described in data["properties"].items():
        if name == "change_point":
            properties["detected_at"] = dict(_TIME)
            properties[name] = dict(_TIME)
        elif name not in drift_events.ENVELOPE_ONLY:
            properties[name] = tidied(described)
    for name, text in _EVENT_FIELDS.items():
        properties[name]["description"] = text
    return {
        "$schema": DIALECT,
        "$id": drift_events.FORM.schema,
        "title": "Drift event",
        "description": "CloudEvents 1.0, structured mode. Fields may be added within v1; ignore those you do not know.",
        "type": "object",
        "properties": _attributes() | {"data": {"$ref": "#/$defs/DriftEvent"}},
        "required": [*_attributes(), "data"],
        "$defs": definitions
        | {"DriftEvent": {"type": "object", "properties": properties, "required": list(properties)}},
    }


def model_status() -> Schema:
    """Schema of the value of a record `model/<model>` of the status topic."""
    body = TypeAdapter(ModelStatus).json_schema(mode="serialization")
    definitions = tidied(body.pop("$defs"))
    event = drift_event()
    shown = definitions["SeriesStatus"]["properties"]
    for name in ("warm_up", "missing", "effect"):
        shown[name] = or_null(shown[name])
    shown["gauges"]["additionalProperties"] = {"type": ["number", "null"]}
    properties = {"format": {"const": status.FORMAT}} | tidied(body["properties"])
    properties["budget_credit"] = or_null(properties["budget_credit"])
    properties["open_alerts"] = {"type": "array", "items": {"$ref": "#/$defs/CloudEvent"}}
    properties["omitted"] = {
        "type": "object",
        "description": "How much was left out because the record would have been too large.",
        "additionalProperties": {"type": "integer", "minimum": 0},
    }
    return {
        "$schema": DIALECT,
        "$id": f"urn:stream-monitor:schema:status:v{status.FORMAT}",
        "title": "Status of a model",
        "description": "The latest state; open_alerts holds the latest CloudEvent of every alert that is not resolved.",
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "$defs": definitions
        | event.pop("$defs")
        | {"CloudEvent": {name: event[name] for name in ("type", "properties", "required")}},
    }


def retrain_request() -> Schema:
    """Schema of the value of a record of the alerts topic that asks to train a model anew."""
    data = TypeAdapter(RetrainRequest).json_schema(mode="serialization")
    definitions = tidied(data.pop("$defs"))
    _let_numbers_be_null(definitions)
    definitions["MovedInput"]["properties"]["since"] = {"anyOf": [dict(_TIME), {"type": "null"}]}
    for name in ("opened_at", "change_point"):
        definitions["RetrainEvidence"]["properties"][name] = dict(_TIME)
    properties: Schema = {}
    for name, described in data["properties"].items():
        if name == "change_point":
            properties["requested_at"] = dict(_TIME)
            properties[name] = dict(_TIME)
        elif name not in drift_events.ENVELOPE_ONLY:
            properties[name] = tidied(described)
    for name, text in _REQUEST_FIELDS.items():
        properties[name]["description"] = text
    attributes = _attributes() | {
        "type": {"const": retrain_requests.FORM.type()},
        "subject": {
            "type": "string",
            "description": "models/<model>, with /versions/<version>; percent-encoded.",
        },
        "dataschema": {"const": retrain_requests.FORM.schema},
    }
    return {
        "$schema": DIALECT,
        "$id": retrain_requests.FORM.schema,
        "title": "Retrain request",
        "description": "CloudEvents 1.0, structured mode. Fields may be added within v1; ignore those you do not know.",
        "type": "object",
        "properties": attributes | {"data": {"$ref": "#/$defs/RetrainRequest"}},
        "required": [*attributes, "data"],
        "$defs": definitions
        | {"RetrainRequest": {"type": "object", "properties": properties, "required": list(properties)}},
    }


SCHEMAS: Mapping[str, Callable[[], Schema]] = MappingProxyType(
    {
        "event": input_event,
        "drift-event": drift_event,
        "retrain-request": retrain_request,
        "status": model_status,
        "worker": worker,
        "series-references": series_references,
        "history": history,
        "operation": operation,
        "reference": reference_profile,
    }
)
"""What `stream-monitor schema NAME` prints."""


def _event() -> Schema:
    name = {"type": "string", "minLength": 1, "maxLength": native_json.MAX_NAME}
    whole = {"type": "integer", "minimum": -(2**63), "maximum": 2**64 - 1}
    return {
        "type": "object",
        "properties": {
            "model": name | {"description": "The model this event belongs to."},
            "version": {
                "anyOf": [name, whole, {"type": "null"}],
                "description": "Version of the model; a number is read as its digits.",
            },
            "id": {
                "anyOf": [name, whole, {"type": "null"}],
                "description": "Joins prediction, features and label of one case.",
            },
            "time": {
                "anyOf": [
                    _TIME | {"pattern": _RFC3339},
                    {"type": "integer", "minimum": EARLIEST_MS, "maximum": LATEST_MS},
                    {"type": "null"},
                ],
                "description": "RFC 3339 with an offset, or epoch milliseconds; without it, the record's timestamp.",
            },
            "features": {
                "type": ["object", "null"],
                "propertyNames": name,
                "maxProperties": native_json.MAX_FEATURES,
                "description": "Value by feature: number, text, true, false or null. Anything else counts as bad data"
                " of that feature.",
            },
        }
        | _outputs(),
        "required": ["model"],
        "anyOf": [
            {"required": ["features"], "properties": {"features": {"type": "object"}}},
            {"required": ["prediction"]},
            {"required": ["probability"]},
            {"required": ["probabilities"], "properties": {"probabilities": {"type": "object"}}},
            {"required": ["latency_ms"]},
            {"required": ["label"], "properties": {"label": {"type": ["string", "number", "boolean"]}}},
        ],
    }


def _outputs() -> Schema:
    name = {"type": "string", "minLength": 1, "maxLength": native_json.MAX_NAME}
    number = {"type": ["number", "null"]}
    scalar = ["string", "number", "boolean", "null"]
    return {
        "prediction": {"type": scalar, "description": "What the model said; null counts as missing."},
        "probability": number | {"description": "Of the prediction."},
        "probabilities": {
            "type": ["object", "null"],
            "propertyNames": name,
            "minProperties": 1,
            "maxProperties": native_json.MAX_CLASSES,
            "additionalProperties": number,
            "description": "Probability by class.",
        },
        "latency_ms": number | {"description": "How long the model took."},
        "label": {"type": scalar, "description": "What was true; null means not known yet."},
    }


def _attributes() -> Schema:
    """The CloudEvents attributes, in the order in which they are written."""
    text = {"type": "string", "minLength": 1}
    return {
        "specversion": {"const": "1.0"},
        "id": text
        | {"description": "Deterministic: the same input gives the same id, so a reader can deduplicate."},
        "source": text | {"format": "uri-reference", "description": "/stream-monitor/<consumer group>"},
        "type": {"enum": [drift_events.FORM.type(one) for one in Status]},
        "subject": text | {"description": "models/<model>/series/<series>, percent-encoded."},
        "time": _TIME | {"description": "Event time at which this was said."},
        "datacontenttype": {"const": "application/json"},
        "dataschema": {"const": drift_events.FORM.schema},
        "partitionkey": text | {"description": "The model; also the key of the record."},
    }


def _let_numbers_be_null(definitions: Schema) -> None:
    """JSON has no NaN and no infinity: where the core has a number, null says it is not finite."""
    for definition in definitions.values():
        for name, described in definition.get("properties", {}).items():
            if described.get("type") == "number":
                definition["properties"][name] = or_null(described)
            elif described.get("items") == {"type": "number"}:
                described["items"] = {"type": ["number", "null"]}
