"""YAML is read as editors read it; what is wrong as YAML has a place too."""

import math
from pathlib import Path

import pytest

from stream_monitor.config.yaml_source import MAX_NODES, read_yaml
from tests.unit.config.loaded import MINIMAL, complaints, settings


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("off", "off"),
        ("NO", "NO"),
        ("yes", "yes"),
        ("true", True),
        ("False", False),
        ("~", None),
        ("null", None),
        ("", None),
        ("12", 12),
        ("-1_000", -1000),
        ("007", 7),
        ("12:30", "12:30"),
        ("2026-11-21", "2026-11-21"),
        ("1e-3", 0.001),
        ("1.5", 1.5),
        (".5", 0.5),
        ("-.INF", -math.inf),
        ("1.2.3", "1.2.3"),
        ("'1'", "1"),
        ("!!str 1", "1"),
        ("!!float 1", 1.0),
        ("[1, [a]]", [1, ["a"]]),
    ],
)
def test_scalars_are_those_of_yaml_1_2(text: str, value: object) -> None:
    tree, problems = read_yaml(f"a: {text}\n", "f")
    assert problems == []
    assert tree.values == {"a": value}
    assert type(tree.values["a"]) is type(value)


def test_not_a_number_is_read_as_such() -> None:
    tree, _ = read_yaml("a: .nan\n", "f")
    assert isinstance(tree.values["a"], float)
    assert math.isnan(tree.values["a"])


def test_anchors_aliases_and_merges() -> None:
    text = "base: &b {x: 1, y: 2}\nuse: *b\nmore: {<<: *b, y: 3}\nboth: {<<: [{z: 1}, *b], x: 0}\n"
    tree, problems = read_yaml(text, "f")
    assert problems == []
    assert tree.values == {
        "base": {"x": 1, "y": 2},
        "use": {"x": 1, "y": 2},
        "more": {"y": 3, "x": 1},
        "both": {"x": 0, "z": 1, "y": 2},
    }


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "1:1: the file is empty; begin with `version: 1`"),
        ("# nothing\n", "1:1: the file is empty; begin with `version: 1`"),
        ("- 1\n", "1:1: the file must be a mapping of keys; begin with `version: 1`"),
        ("text\n", "1:1: the file must be a mapping of keys; begin with `version: 1`"),
        (
            "a: 1\n\tb: 2\n",
            (
                "2:1: not YAML: while scanning for the next token, found character '\\t' that cannot start any token;"
                " correct the syntax here or just above"
            ),
        ),
        (
            "a: [1\nb: 2\n",
            (
                "2:2: not YAML: while parsing a flow sequence, expected ',' or ']', but got ':';"
                " correct the syntax here or just above"
            ),
        ),
        ("a: *b\n", "1:4: not YAML: found undefined alias 'b'; correct the syntax here or just above"),
        (
            "a: 1\n---\nb: 2\n",
            (
                "2:1: not YAML: expected a single document in the stream, but found another document;"
                " correct the syntax here or just above"
            ),
        ),
        (
            "a: 1\nb: \x01\n",
            "2:1: not YAML: the character #x0001 is not allowed; save the file as plain UTF-8 text",
        ),
        ("[" * 5000, "1:1: nested too deeply; write plain YAML"),
        ("a: 1\nb: {a: 1, a: 2}\n", "2:11 b.a: written twice (first in line 2); keep one of the two"),
        (
            "a: !!python/name:os.system x\n",
            "1:4 a: the tag !!python/name:os.system is not allowed; write plain YAML",
        ),
        ("a: !secret x\n", "1:4 a: the tag !secret is not allowed; write plain YAML"),
        ("a: !!int x\n", "1:4 a: not !!int; remove the tag"),
        ("a: !!bool x\n", "1:4 a: not !!bool; remove the tag"),
        ("a: {1: x}\n", "1:5 a: the key 1 is not text; write the key in quotes"),
        ("? [a]\n: 1\n", "1:3: the key […] is not text; write the key in quotes"),
        ("a: {<<: x}\n", "1:9 a: `<<` takes a mapping; write an alias of a mapping such as `<<: *name`"),
        ("a: &a [*a]\n", "1:4: aliases unfold into too many or endless values; write plain YAML"),
    ],
)
def test_what_is_not_plain_yaml(text: str, expected: str) -> None:
    _, problems = read_yaml(text, "f")
    assert [str(problem) for problem in problems] == [f"f:{expected}"]


def test_aliases_of_aliases_are_stopped() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    tree, problems = read_yaml("\n".join(lines), "f")
    assert "aliases unfold" in problems[0].what
    assert len(tree.starts) <= MAX_NODES


def test_syntax_and_keys_are_reported_together(tmp_path: Path) -> None:
    text = MINIMAL + "http: {listn: off}\nhttp: {}\n"
    assert complaints(text, tmp_path) == [
        'monitor.yaml:4:8 http.listn: unknown key; did you mean "listen"?',
        "monitor.yaml:5:1 http: written twice (first in line 4); keep one of the two",
    ]


def test_off_without_quotes(tmp_path: Path) -> None:
    assert settings(MINIMAL + "http: {listen: off}\n", tmp_path).http.listen is None
