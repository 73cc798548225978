"""JSON Schema of reference profiles. That names, counts and views fit together is checked by reading one."""

from typing import Any

from stream_monitor.core.detector import Kind
from stream_monitor.core.performance.task import ProbabilityOf, TaskKind
from stream_monitor.formats.reference_constraints import FIELDS
from stream_monitor.formats.reference_profile import FORMAT, KIND, VIEWS

_COUNT = {"type": "integer", "minimum": 0}
_NUMBER = {"type": "number"}


def reference_profile() -> dict[str, Any]:
    """Schema of the files that `stream-monitor reference build` writes and `reference:` of a model reads."""
    properties = {
        "format": {"const": FORMAT, "description": "Of this file; a newer one is refused."},
        "kind": {"const": KIND, "description": "What tells the file from one of training data."},
        "model": _text_or_null("Whose reference it is; null where nobody said."),
        "version": _text_or_null("Version of the model; null where nobody said."),
        "created_from": {
            "type": "array",
            "items": {"$ref": "#/$defs/origin"},
            "description": "What it was made from, without folders.",
        },
        "rows": _COUNT | {"description": "Events with features behind it."},
        "constraints": {
            "type": "object",
            "additionalProperties": {"$ref": "#/$defs/constraints"},
            "description": "Feature → what is demanded of its values, where the configuration says nothing.",
        },
        "features": {
            "type": "object",
            "additionalProperties": {"$ref": "#/$defs/reference"},
            "description": "Feature → its reference, by name.",
        },
        "versions": {
            "type": "object",
            "additionalProperties": {"$ref": "#/$defs/version"},
            "description": "Version of the model, empty for events that name none → what it puts out.",
        },
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:stream-monitor:schema:reference:v{FORMAT}",
        "title": "Reference profile",
        "description": "What is normal for the features of a model. Holds no raw rows.",
        "$defs": {
            "constraints": _constraints(),
            "origin": _origin(),
            "performance": _performance(),
            "reference": _reference(),
            "version": _version(),
        },
        **_object(properties, optional=frozenset({"versions", "constraints"})),
    }


def _object(properties: dict[str, Any], optional: frozenset[str] = frozenset()) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": [name for name in properties if name not in optional],
        "additionalProperties": False,
    }


def _text_or_null(description: str) -> dict[str, Any]:
    return {"type": ["string", "null"], "description": description}


def _origin() -> dict[str, Any]:
    return _object(
        {
            "kind": {
                "type": "string",
                "description": "How it was written: csv, json lines, parquet, topic, sagemaker.",
            },
            "name": {"type": "string", "description": "Name of the file, or topic and offsets."},
            "rows": _COUNT | {"description": "Events with features in it."},
        }
    )


def _constraints() -> dict[str, Any]:
    end = {"type": ["number", "null"]}
    properties: dict[str, Any] = {
        "range": {
            "type": "array",
            "items": end,
            "minItems": 2,
            "maxItems": 2,
            "description": "Least and largest number, both allowed; null for no bound on one side.",
        },
        "allowed": {
            "type": "array",
            "items": {"type": "string"},
            "minItems": 1,
            "description": "The only categories it may have.",
        },
        "required": {"type": "boolean", "description": "Whether every event with features must have it."},
        "at_most": {
            "type": "number",
            "minimum": 0,
            "maximum": 1,
            "description": "Share of events that may break it before an alert says so; if absent only the drift of that"
            " share is told.",
        },
    }
    assert tuple(properties) == FIELDS
    return _object(properties, optional=frozenset(properties))


def _version() -> dict[str, Any]:
    return _object(
        {
            "rows": _COUNT | {"description": "Predictions behind it."},
            "series": {
                "type": "object",
                "additionalProperties": {"$ref": "#/$defs/reference"},
                "description": "prediction, probability, probability:CLASS, latency_ms → its reference, by name.",
            },
            "performance": {
                "$ref": "#/$defs/performance",
                "description": "What is promised of the version; absent without labels.",
            },
        },
        optional=frozenset({"performance"}),
    )


def _performance() -> dict[str, Any]:
    end = {"type": ["number", "null"]}
    figure = {"type": "array", "prefixItems": [_NUMBER, end, end, _COUNT], "minItems": 4, "maxItems": 4}
    task = {
        "kind": {"enum": [str(kind) for kind in TaskKind], "description": "What is predicted."},
        "classes": {"type": "array", "items": {"type": "string"}, "description": "None of a regression."},
        "positive": _text_or_null("Of two classes."),
        "probability_of": {
            "enum": [str(of) for of in ProbabilityOf],
            "description": "Whose probability a lone one is.",
        },
    }
    return _object(
        {
            "task": _object(task),
            "pairs": {"type": "integer", "minimum": 1, "description": "Labelled predictions behind it."},
            "figures": {
                "type": "object",
                "additionalProperties": figure,
                "description": "Figure → its value, both ends of the 95 % interval, and the labelled predictions it is of.",
            },
        }
    )


def _reference() -> dict[str, Any]:
    moments = {"type": "array", "prefixItems": [_NUMBER, _NUMBER], "minItems": 2, "maxItems": 2}
    names = sorted({name for views in VIEWS.values() for name in views})
    return _object(
        {
            "kind": {"enum": [str(kind) for kind in Kind], "description": "What its values are."},
            "size": _COUNT | {"description": "Usable values."},
            "unusable": _COUNT | {"description": "Missing cells, and cells of another kind."},
            "edges": {
                "type": "array",
                "items": _NUMBER,
                "description": "Numbers: ascending; bin i is [edges[i], edges[i+1]), the last one closed.",
            },
            "categories": {
                "type": "array",
                "items": {"type": "string"},
                "description": "Categories, most frequent first; false and true of booleans.",
            },
            "counts": {
                "type": "array",
                "items": _COUNT,
                "minItems": 1,
                "description": "Numbers: below, one a bin, above. Otherwise one a category, then the rest.",
            },
            "mean": _NUMBER | {"description": "Of numbers and booleans; 0 of others."},
            "scale": {
                "type": "number",
                "exclusiveMinimum": 0,
                "description": "Standard deviation; 1 of others.",
            },
            "views": {
                "type": "object",
                "properties": dict.fromkeys(names, moments),
                "additionalProperties": False,
                "description": "Mean and standard deviation of what detectors watch.",
            },
        }
    )
