"""The JSON Schema editors complete and check the YAML with; made from the settings, so it cannot fall behind them."""

from datetime import timedelta
from typing import Any, Final

from pydantic.json_schema import GenerateJsonSchema

from stream_monitor.config.fields import Listen, Section, format_budget, format_duration
from stream_monitor.config.retraining import format_span
from stream_monitor.config.settings import Settings
from stream_monitor.core.parameters import Budget, Span

SCHEMA_ID: Final = "https://stream-monitor.io/schemas/config-v1.json"


class _Generator(GenerateJsonSchema):
    """Defaults as a person would write them."""

    def encode_default(self, dft: Any) -> Any:
        if isinstance(dft, timedelta):
            return format_duration(dft)
        if isinstance(dft, Listen):
            return str(dft)
        if isinstance(dft, Budget):
            return format_budget(dft)
        if isinstance(dft, Span):
            return format_span(dft)
        return super().encode_default(dft)


def _bare(schema: Any) -> Any:
    """Without titles, which only repeat the keys, and without null as a default: an absent key says the same."""
    if isinstance(schema, list):
        return [_bare(inner) for inner in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        key: _bare(value)
        for key, value in schema.items()
        if not (key == "title" and isinstance(value, str)) and not (key == "default" and value is None)
    }


def json_schema() -> dict[str, Any]:
    """The schema of a configuration file, JSON Schema draft 2020-12."""
    return schema_of(Settings, SCHEMA_ID, "Configuration of stream-monitor", required=["version"])


def schema_of(section: type[Section], identity: str, title: str, required: list[str]) -> dict[str, Any]:
    """The schema of a file of which `section` is the whole. required: the keys that it needs."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": identity,
        "title": title,
        **_bare(section.model_json_schema(schema_generator=_Generator)),
        "required": required,
    }
