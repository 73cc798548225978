"""Settings from environment variables: `STREAM_MONITOR_KAFKA__BOOTSTRAP_SERVERS` is `kafka.bootstrap_servers`.

A variable without `__` whose name is no key is left alone: Kubernetes sets `STREAM_MONITOR_PORT`,
`STREAM_MONITOR_SERVICE_HOST` and the like in every pod beside a service of the name stream-monitor.
"""

import json
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Any, Final, get_args, get_origin

from pydantic import BaseModel

from stream_monitor.config.problems import Path, Place, Problem, problem_at
from stream_monitor.config.settings import Settings
from stream_monitor.config.yaml_source import Tree

PREFIX: Final = "STREAM_MONITOR_"
_NOT_KEYS: Final = frozenset({"VERSION"})  # images often carry their own version in a variable of this name


def variable(path: Path) -> str:
    """The variable that sets `path`.

    >>> variable(("kafka", "group_id"))
    'STREAM_MONITOR_KAFKA__GROUP_ID'
    """
    return PREFIX + "__".join(str(part).upper() for part in path)


def lay_environment(tree: Tree, environ: Mapping[str, str]) -> list[Problem]:
    """Put the variables over the tree, whole sections before their keys; returns what is wrong with them.

    An empty variable counts as not set: compose files pass `${NAME:-}`.
    """
    problems = []
    chosen = sorted(name for name, text in environ.items() if name.startswith(PREFIX) and text)
    for name in sorted(chosen, key=lambda name: name.count("__")):
        parts = name.removeprefix(PREFIX).split("__")
        path, annotation, unknown = _resolve(parts)
        if unknown or parts[0] in _NOT_KEYS:
            if len(parts) > 1:
                problems.append(problem_at(Place(name), path, *_unknown(parts, path, annotation)))
            continue
        value, wrong = _parse(environ[name], annotation)
        if wrong:
            problems.append(problem_at(Place(name), path, *wrong))
        else:
            tree.put(path, value, Place(name))
    return problems


def _resolve(parts: list[str]) -> tuple[Path, Any, bool]:
    """The path the parts lead to as far as they are keys, what is expected there, and whether a part is unknown."""
    path: Path = ()
    expected: Any = Settings
    for at, part in enumerate(parts):
        section = _section(expected)
        if section is None:
            if path == ("kafka", "properties"):
                return (*path, "__".join(parts[at:]).lower().replace("_", ".")), str, False
            return path, expected, True
        field = section.model_fields.get(part.lower())
        if field is None:
            return path, expected, True
        path, expected = (*path, part.lower()), field.annotation
    return path, expected, False


def _section(annotation: Any) -> type[BaseModel] | None:
    """The section an annotation (perhaps optional) stands for."""
    for candidate in _alternatives(annotation):
        if isinstance(candidate, type) and issubclass(candidate, BaseModel):
            return candidate
    return None


def _alternatives(annotation: Any) -> Iterator[Any]:
    """The annotation with `Annotated` and `| None` taken away."""
    inner = get_args(annotation)
    if hasattr(annotation, "__metadata__"):
        yield from _alternatives(inner[0])
    elif inner and get_origin(annotation) not in {list, dict}:
        for one in inner:
            yield from _alternatives(one)
    else:
        yield annotation


def _parse(text: str, annotation: Any) -> tuple[Any, tuple[str, str] | None]:
    """The value a variable's text stands for; sections and lists are JSON, a list of text may be joined by commas."""
    origins = {get_origin(candidate) or candidate for candidate in _alternatives(annotation)}
    if _section(annotation) is None and not origins & {list, dict}:
        return text, None
    if list in origins and not text.lstrip().startswith("["):
        if _is_list_of_text(annotation):
            return [part.strip() for part in text.split(",")], None
        return None, ("must be a JSON list", 'write JSON such as [{"key": "value"}]')
    try:
        return json.loads(text), None
    except ValueError as error:
        reason = error.msg if isinstance(error, json.JSONDecodeError) else "not JSON"
        form = '["a", "b"]' if list in origins else '{"key": "value"}'
        return None, (f"not JSON: {reason}", f"write JSON such as {form}")


def _is_list_of_text(annotation: Any) -> bool:
    """Whether a list annotation holds plain text."""
    items = [get_args(candidate) for candidate in _alternatives(annotation)]
    return any(str in list(_alternatives(item[0])) for item in items if item)


def _unknown(parts: list[str], path: Path, annotation: Any) -> tuple[str, str]:
    section = _section(annotation)
    if section is None:
        return "a variable cannot set a part of it", f"set {variable(path)} as a whole"
    wrong = parts[len(path)]
    close = get_close_matches(wrong.lower(), section.model_fields, n=1)
    fixed = [*path, *close, *parts[len(path) + 1 :]] if close else []
    write = (
        f"did you mean {variable(tuple(fixed))}?"
        if close
        else f"write one of {', '.join(section.model_fields)}"
    )
    return "no such key", write
