"""The OpenAPI 3.1 document of the API, made from its operations and their types: it cannot fall behind them."""

import re
from collections.abc import Iterator, Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final, Literal

from pydantic import TypeAdapter

from stream_monitor.web.operations import PREFIX, Operation, Parameters
from stream_monitor.web.refusals import ErrorAnswer

Json = dict[str, Any]
_REF: Final = "#/components/schemas/{model}"
_STREAM: Final = "text/event-stream"
_PART: Final = re.compile(r"\{(\w+)\}")
_PARTS: Final = {
    "model": "Name of a model.",
    "alert_id": "Identity of an alert.",
    "mute_id": "Identity of a mute.",
}
_DESCRIPTION: Final = """\
What the monitor knows, read from its own topics: models, series, alerts, workers. Times are epoch milliseconds, UTC; times of
data are event times. What is not known is null. No raw feature values.

Reading needs no token. Acknowledging and muting do: `Authorization: Bearer TOKEN`, the token being http.token of the
configuration. Every error is `{"error": "what is wrong and what to do", "status": 404}`.

Fields may be added to answers at any time; nothing is removed or changes its meaning within /api/v1.
"""


def document(operations: Sequence[Operation], version: str) -> Json:
    """The document of these operations. version: of the release."""
    schemas, definitions = _schemas(operations)
    paths: dict[str, Json] = {}
    for operation in operations:
        described = _operation(operation, schemas)
        paths.setdefault(PREFIX + operation.path, {})[operation.method.lower()] = described
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "stream-monitor",
            "version": version,
            "description": _DESCRIPTION,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {
            "schemas": definitions,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def _schemas(operations: Sequence[Operation]) -> tuple[Mapping[object, Json], Json]:
    """Type → its schema (mostly a reference), and the definitions these refer to."""
    told = {kind for operation in operations for kind in (operation.answer, operation.event)}
    answers = told - {None} | {ErrorAnswer}
    bodies = {operation.body for operation in operations if operation.body is not None}
    inputs: list[tuple[object, Literal["validation", "serialization"], TypeAdapter[Any]]] = [
        *((kind, "serialization", TypeAdapter(kind)) for kind in sorted(answers, key=_name)),
        *((kind, "validation", TypeAdapter(kind)) for kind in sorted(bodies, key=_name)),
    ]
    found, rest = TypeAdapter.json_schemas(inputs, ref_template=_REF)
    definitions: Json = {name: _plain(schema) for name, schema in rest["$defs"].items()}
    taken = {_name(kind) for kind in bodies}
    for name, schema in definitions.items():
        if "properties" in schema and name not in taken:  # answers hold all of their fields, always
            schema["required"] = list(schema["properties"])
    return {kind: _plain(schema) for (kind, _), schema in found.items()}, definitions


def _name(kind: Any) -> str:
    return str(getattr(kind, "__name__", kind))


def _plain(schema: Any) -> Any:
    """Without titles, which only repeat names, and with descriptions in one line."""
    if isinstance(schema, list):
        return [_plain(inner) for inner in schema]
    if not isinstance(schema, dict):
        return schema
    kept = {k: v for k, v in schema.items() if not (k == "title" and isinstance(v, str))}
    return {
        key: " ".join(value.split()) if key == "description" and isinstance(value, str) else _plain(value)
        for key, value in kept.items()
    }


def _operation(operation: Operation, schemas: Mapping[object, Json]) -> Json:
    described: Json = {
        "operationId": operation.name,
        "summary": operation.summary,
        "tags": [operation.path.split("/")[1].partition(".")[0]],
        "responses": dict(_responses(operation, schemas)),
    }
    parameters = [*_path_parameters(operation.path), *_query_parameters(operation.query)]
    if parameters:
        described["parameters"] = parameters
    if operation.body is not None:
        content = {"application/json": {"schema": schemas[operation.body]}}
        described["requestBody"] = {"required": True, "content": content}
    if operation.changes:
        described["security"] = [{"token": []}]
    return described


def _responses(operation: Operation, schemas: Mapping[object, Json]) -> Iterator[tuple[str, Json]]:
    success: Json = {"description": "Done" if operation.changes else "The answer"}
    if operation.event is not None:
        told = f"Events `changed`, whose data is JSON of the schema {_name(operation.event)}."
        success["content"] = {_STREAM: {"schema": {"type": "string", "description": told}}}
    elif operation.answer is not None:
        success["content"] = {"application/json": {"schema": schemas[operation.answer]}}
    yield str(operation.status), success
    for status in operation.errors:
        content = {"application/json": {"schema": schemas[ErrorAnswer]}}
        yield str(status), {"description": HTTPStatus(status).phrase, "content": content}


def _path_parameters(path: str) -> Iterator[Json]:
    for name in _PART.findall(path):
        schema = {"type": "string", "minLength": 1}
        yield {"name": name, "in": "path", "required": True, "description": _PARTS[name], "schema": schema}


def _query_parameters(query: type[Parameters] | None) -> Iterator[Json]:
    if query is None:
        return
    schema = query.model_json_schema(ref_template=_REF)
    for name, field in schema["properties"].items():
        bare = _plain(field)
        if "$ref" in bare:  # an enumeration: said in place, no answer needs a name for it
            told = schema["$defs"][bare.pop("$ref").rpartition("/")[2]]
            bare |= {"type": told["type"], "enum": told["enum"]}
        described = {"name": name, "in": "query", "required": name in schema.get("required", ())}
        yield {**described, "description": bare.pop("description", ""), "schema": _without_null(bare)}


def _without_null(schema: Json) -> Json:
    """A query cannot say null: an optional parameter is left out."""
    forms = [form for form in schema.get("anyOf", []) if form != {"type": "null"}]
    if len(forms) != 1:
        return schema
    return {**{k: v for k, v in schema.items() if k not in ("anyOf", "default")}, **forms[0]}
