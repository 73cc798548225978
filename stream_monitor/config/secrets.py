"""Secrets: references to the environment and to files, values that are never shown, and what is masked by its key."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path as FilePath
from typing import Annotated, Any, Final

from pydantic import PlainSerializer, PlainValidator, ValidationInfo, WithJsonSchema

from stream_monitor.config.fields import kind, refuse
from stream_monitor.config.problems import Path

MASK: Final = "***"
_SECRET_KEY: Final = re.compile(r"password|secret|key|token|jaas", re.IGNORECASE)
_REFERENCE: Final = re.compile(r"\$?\$\{([^}]*)\}?")


# Keys whose values may hold references; elsewhere they would be taken as they stand. `*`: any place in a list.
_REFERRING: Final = (
    ("kafka", "properties"),
    ("http", "token"),
    ("sinks", "*", "alertmanager", "bearer_token"),
    ("sinks", "*", "webhook", "url"),
    ("sinks", "*", "webhook", "secret"),
)


def may_refer(path: Path) -> bool:
    """Whether a value at this path of the configuration may hold `${ENV:NAME}` and `${FILE:path}`."""
    general = tuple("*" if isinstance(part, int) else part for part in path)
    return any(general[: len(known)] == known for known in _REFERRING)


def is_secret_key(key: str) -> bool:
    """Whether a value under this key is never shown."""
    return _SECRET_KEY.search(key) is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What references are resolved against: the validation context of `Settings`."""

    environ: Mapping[str, str]
    directory: FilePath


def _resolve(reference: str, around: Surroundings) -> str:
    """The value of `ENV:NAME` or `FILE:path` (a relative path starts at the configuration file)."""
    scheme, _, name = reference.partition(":")
    if scheme == "ENV" and name:
        if name not in around.environ:
            raise refuse(
                f"the environment variable {name} is not set", f"set {name}, or write the value in a file"
            )
        return around.environ[name]
    if scheme == "FILE" and name:
        path = around.directory / name
        try:
            return path.read_text(encoding="utf-8").removesuffix("\n").removesuffix("\r")
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
            raise refuse(f"cannot read {path}: {reason}", "name a readable file of UTF-8 text") from None
    raise refuse(
        "not a reference", "write ${ENV:NAME} or ${FILE:/path}, or $${ for the two characters themselves"
    )


def surroundings(info: ValidationInfo) -> Surroundings:
    """What the references of a value are resolved against. Raises TypeError outside `stream_monitor.config.load`."""
    if not isinstance(info.context, Surroundings):
        raise TypeError("settings with references are made by stream_monitor.config.load")
    return info.context


def interpolated(text: str, around: Surroundings) -> tuple[str, bool]:
    """The text with its references resolved, and whether there was one. Raises a validation error."""
    found = False

    def replace(match: re.Match[str]) -> str:
        nonlocal found
        if match[0].startswith("$$"):
            return match[0][1:]
        if not match[0].endswith("}"):
            raise refuse("a reference is not closed", "write ${ENV:NAME} or ${FILE:/path}")
        found = True
        return _resolve(match[1], around)

    return _REFERENCE.sub(replace, text), found


@dataclass(frozen=True, slots=True)
class Secret:
    """A text that is never shown: neither its repr nor a dump of the settings holds it."""

    value: str = field(repr=False)


def _secret(value: object, info: ValidationInfo) -> Secret:
    if isinstance(value, Secret):
        return value
    if not isinstance(value, str):
        raise refuse(f"must be text, not {kind(value)}", "write text in quotes, ${ENV:NAME} or ${FILE:/path}")
    return Secret(interpolated(value, surroundings(info))[0])


def _secret_file(value: object, info: ValidationInfo) -> Secret:
    if isinstance(value, Secret):
        return value
    if not isinstance(value, str):
        raise refuse(f"must be a path, not {kind(value)}", "name a readable file of UTF-8 text")
    return Secret(_resolve(f"FILE:{value}", surroundings(info)))


_Masked = PlainSerializer(lambda _: MASK, return_type=str)
# Written in clear, or better as a reference.
SecretText = Annotated[
    Secret, PlainValidator(_secret, json_schema_input_type=str), _Masked, WithJsonSchema({"type": "string"})
]
# The path of a file that holds the secret; read when the configuration is, a last line end is not part of it.
SecretFile = Annotated[
    Secret,
    PlainValidator(_secret_file, json_schema_input_type=str),
    _Masked,
    WithJsonSchema({"type": "string"}),
]


def mask(tree: Any, key: str = "") -> Any:
    """The tree with every value under a secret-looking key replaced."""
    if isinstance(tree, dict):
        return {name: mask(value, str(name)) for name, value in tree.items()}
    if isinstance(tree, list):
        return [mask(value, key) for value in tree]
    return MASK if is_secret_key(key) and isinstance(tree, str) else tree
