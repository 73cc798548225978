"""A YAML file to a validated section, and findings to problems with their places: what every file of ours is read with.

Knows no section: which keys a file may have is said by whoever reads it.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path as FilePath
from typing import Any, TypeVar

from pydantic import ValidationError

from stream_monitor.config.fields import Section
from stream_monitor.config.messages import findings
from stream_monitor.config.problems import Finding, Place, Problem, problem_at
from stream_monitor.config.yaml_source import Tree, Value, read_yaml

AnySection = TypeVar("AnySection", bound=Section)


def read_file(path: FilePath | str | None) -> tuple[Tree, list[Problem]]:
    """The values of the file with their places; problems if it cannot be read, is not YAML, or has no version."""
    if path is None:
        return Tree(), []
    file = str(path)
    try:
        text = FilePath(path).read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return Tree(), [
            problem_at(Place(file), (), "cannot be read: not UTF-8 text", "save the file as UTF-8")
        ]
    except OSError as error:
        return Tree(), [
            problem_at(Place(file), (), f"cannot be read: {error.strerror}", "name a readable YAML file")
        ]
    tree, problems = read_yaml(text, file)
    if (tree.values or not problems) and "version" not in tree.values:
        problems.append(problem_at(tree.nowhere, ("version",), "missing", "begin the file with `version: 1`"))
    return tree, problems


def validated(
    section: type[AnySection], values: Mapping[str, Value], context: Any
) -> tuple[AnySection | None, list[Finding]]:
    """The section, or everything that is wrong with its values. context: what its validators look at."""
    try:
        return section.model_validate(values, context=context), []
    except ValidationError as error:
        # Neither chained nor logged: pydantic's error holds its input, which may be a secret.
        return None, findings(error.errors(include_url=False), section)


def placed(found: Iterable[Finding], tree: Tree) -> list[Problem]:
    """The findings with the places of their keys or values."""
    return [
        problem_at(tree.place(finding.path, on_key=finding.on_key), finding.path, finding.what, finding.write)
        for finding in found
    ]
