"""YAML text to plain values, remembering where each key and value stands. Knows nothing of what the keys mean.

Scalars are read by the core schema of YAML 1.2, as editors read them: `off`, `no` and `NO` are text, `1e-3` is a
number, `12:30` and dates are text. (PyYAML's own YAML 1.1 rules make `listen: off` false and `country: NO` false.)
"""

import re
from dataclasses import dataclass, field
from typing import Final, TypeAlias

import yaml

from stream_monitor.config.problems import Path, Place, Problem, problem_at

Value: TypeAlias = "bool | int | float | str | list[Value] | dict[str, Value] | None"

MAX_NODES: Final = 100_000  # aliases of aliases can unfold a page of text into millions of values
_BREAKING: Final = "write plain YAML"
_NOWHERE: Final = Place("configuration")
_TAG: Final = "tag:yaml.org,2002:"


class _Loader(yaml.SafeLoader):
    """PyYAML's safe loader with the scalars of YAML 1.2; only its composer is used, no object is ever constructed."""


_Loader.yaml_implicit_resolvers = {}
for _tag, _pattern, _first in (
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("null", r"~|null|Null|NULL|", "~nN"),
    ("int", r"[-+]?[0-9][0-9_]*", "-+0123456789"),
    (
        "float",
        r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)",
        "-+.0123456789",
    ),
    ("merge", r"<<", "<"),
):
    for _character in (*_first, *([""] if _tag == "null" else [])):
        _Loader.yaml_implicit_resolvers.setdefault(_character, []).append(
            (_TAG + _tag, re.compile(rf"^(?:{_pattern})$"))
        )


@dataclass(slots=True)
class Tree:
    """Plain values with the place of every key and value; later sources are laid over earlier ones with `put`."""

    values: dict[str, Value] = field(default_factory=dict)
    keys: dict[Path, Place] = field(default_factory=dict)
    starts: dict[Path, Place] = field(default_factory=dict)
    nowhere: Place = _NOWHERE

    def put(self, path: Path, value: Value, place: Place) -> None:
        """Set the value at `path`, all of whose parts are keys; mappings are merged, everything else is replaced.

        Where something above it is no mapping, that stays, to be refused by its own place.
        """
        parent = self.values
        for part in path[:-1]:
            below = parent.setdefault(str(part), {})
            if not isinstance(below, dict):
                return
            parent = below
        self.keys[path] = self.starts[path] = place
        last = str(path[-1])
        old = parent.get(last)
        if isinstance(old, dict) and isinstance(value, dict):
            for key, inner in value.items():
                self.put((*path, key), inner, place)
            return
        for known in (self.keys, self.starts):
            for inner_path in [p for p in known if len(p) > len(path) and p[: len(path)] == path]:
                del known[inner_path]
        parent[last] = value

    def place(self, path: Path, *, on_key: bool) -> Place:
        """The place of the key or value at `path`, else of the nearest thing above it."""
        while path:
            first, second = (self.keys, self.starts) if on_key else (self.starts, self.keys)
            if path in first or path in second:
                return first.get(path) or second[path]
            path, on_key = path[:-1], True
        return self.nowhere


def read_yaml(text: str, file: str) -> tuple[Tree, list[Problem]]:
    """The values of `text`, and everything that is wrong with it as YAML. Never raises for bad text."""
    tree = Tree(nowhere=Place(file, 1, 1))
    try:
        node = yaml.compose(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        what = ", ".join(filter(None, (error.context, error.problem)))
        return tree, [
            problem_at(
                Place(file, line, column), (), f"not YAML: {what}", "correct the syntax here or just above"
            )
        ]
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        what = f"not YAML: the character #x{int(error.character):04x} is not allowed"
        return tree, [problem_at(Place(file, line, 1), (), what, "save the file as plain UTF-8 text")]
    except RecursionError:
        return tree, [problem_at(tree.nowhere, (), "nested too deeply", _BREAKING)]
    if node is None:
        return tree, [problem_at(tree.nowhere, (), "the file is empty", "begin with `version: 1`")]
    if not isinstance(node, yaml.MappingNode):
        return tree, [
            problem_at(
                _place(file, node), (), "the file must be a mapping of keys", "begin with `version: 1`"
            )
        ]
    reader = _Reader(file, tree)
    try:
        tree.values = reader.mapping(node, ())
    except _TooLarge as error:
        reader.problems.append(
            problem_at(error.place, (), "aliases unfold into too many or endless values", _BREAKING)
        )
    return tree, reader.problems


class _TooLarge(Exception):
    def __init__(self, place: Place) -> None:
        self.place = place
        super().__init__()


def _place(file: str, node: yaml.Node) -> Place:
    return Place(file, node.start_mark.line + 1, node.start_mark.column + 1)


class _Reader:
    """Nodes to values, one pass, collecting places and problems."""

    def __init__(self, file: str, tree: Tree) -> None:
        self.file = file
        self.tree = tree
        self.problems: list[Problem] = []
        self._nodes = 0

    def value(self, node: yaml.Node, path: Path) -> Value:
        self._nodes += 1
        if self._nodes > MAX_NODES or len(path) > 50:  # an alias to its own parent has no end
            raise _TooLarge(_place(self.file, node))
        self.tree.starts[path] = _place(self.file, node)
        if isinstance(node, yaml.MappingNode) and node.tag == _TAG + "map":
            return self.mapping(node, path)
        if isinstance(node, yaml.SequenceNode) and node.tag == _TAG + "seq":
            return [self.value(item, (*path, at)) for at, item in enumerate(node.value)]
        if isinstance(node, yaml.ScalarNode) and node.tag in _SCALARS:
            try:
                return _scalar(str(node.value), node.tag)
            except ValueError:  # an explicit tag that does not fit its text
                self._refuse(node, path, f"not {node.tag.replace(_TAG, '!!')}", "remove the tag")
                return None
        self._refuse(node, path, f"the tag {node.tag.replace(_TAG, '!!')} is not allowed", _BREAKING)
        return None

    def mapping(self, node: yaml.MappingNode, path: Path) -> dict[str, Value]:
        found: dict[str, Value] = {}
        merged: list[yaml.Node] = []
        for key_node, value_node in node.value:
            if key_node.tag == _TAG + "merge":
                merged += value_node.value if isinstance(value_node, yaml.SequenceNode) else [value_node]
                continue
            key = key_node.value
            if key_node.tag != _TAG + "str":
                shown = key if isinstance(key_node, yaml.ScalarNode) else "[…]"
                self._refuse(key_node, path, f"the key {shown} is not text", "write the key in quotes")
                continue
            inner = (*path, key)
            if key in found:
                first = self.tree.keys[inner]
                self._refuse(
                    key_node, inner, f"written twice (first in line {first.line})", "keep one of the two"
                )
                continue
            self.tree.keys[inner] = _place(self.file, key_node)
            found[key] = self.value(value_node, inner)
        for below in merged:
            self._merge(below, found, path)
        return found

    def _merge(self, node: yaml.Node, found: dict[str, Value], path: Path) -> None:
        """`<<: *anchor`: what the mapping itself says wins (https://yaml.org/type/merge.html)."""
        self._nodes += 1
        if self._nodes > MAX_NODES or not isinstance(node, yaml.MappingNode):
            self._refuse(
                node, path, "`<<` takes a mapping", "write an alias of a mapping such as `<<: *name`"
            )
            return
        for key_node, value_node in node.value:
            if key_node.tag == _TAG + "str" and key_node.value not in found:
                inner = (*path, key_node.value)
                self.tree.keys[inner] = _place(self.file, key_node)
                found[key_node.value] = self.value(value_node, inner)

    def _refuse(self, node: yaml.Node, path: Path, what: str, write: str) -> None:
        self.problems.append(problem_at(_place(self.file, node), path, what, write))


_SCALARS: Final = frozenset(_TAG + name for name in ("str", "bool", "null", "int", "float"))


def _boolean(text: str) -> bool:
    if text.lower() not in {"true", "false"}:
        raise ValueError(text)
    return text.lower() == "true"


def _scalar(text: str, tag: str) -> Value:
    match tag.removeprefix(_TAG):
        case "null":
            return None
        case "bool":
            return _boolean(text)
        case "int":
            return int(text)
        case "float":
            return float(text.lower().replace(".inf", "inf").replace(".nan", "nan"))
    return text
