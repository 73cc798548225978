"""Sizes and names that no linter checks: a function fits on one screen, a name says what it is."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "stream_monitor"
LONGEST_FILE = 400
LONGEST_FUNCTION = 50
# What such a name would hold is whatever nobody found a place for.
EMPTY_NAMES = {"util", "utils", "helper", "helpers", "manager", "managers", "common", "misc"}


def complaints(path: Path, source: str) -> Iterator[str]:
    """What the file does against the house style; sizes include docstrings, comments and decorators."""
    lines = len(source.splitlines())
    if lines > LONGEST_FILE:
        yield f"{path}: {lines} lines, {LONGEST_FILE} allowed"
    if empty := EMPTY_NAMES.intersection(part.strip("_") for part in path.with_suffix("").parts):
        yield f"{path}: the name {empty.pop()!r} says nothing"
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
            assert node.end_lineno is not None
            if (length := node.end_lineno - first + 1) > LONGEST_FUNCTION:
                yield f"{path}:{first} {node.name}: {length} lines, {LONGEST_FUNCTION} allowed"


def test_files_functions_and_names_keep_the_house_style() -> None:
    files = sorted(PACKAGE.rglob("*.py"))
    assert files, f"no code found in {PACKAGE}"
    found = [
        complaint
        for file in files
        for complaint in complaints(file.relative_to(PACKAGE.parent), file.read_text())
    ]
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    ("path", "source", "said"),
    [
        ("a/long.py", "x = 1\n" * (LONGEST_FILE + 1), ["401 lines, 400 allowed"]),
        ("a/full.py", "x = 1\n" * LONGEST_FILE, []),
        ("a/f.py", "@cache\ndef f():\n" + "    x = 1\n" * 49, ["f: 51 lines, 50 allowed"]),
        ("a/f.py", "def f():\n" + "    x = 1\n" * 49, []),
        (
            "a/g.py",
            "class A:\n    async def g(self):\n" + "        x = 1\n" * 50,
            ["g: 51 lines, 50 allowed"],
        ),
        ("a/utils.py", "", ["the name 'utils' says nothing"]),
        ("common/b.py", "", ["the name 'common' says nothing"]),
        ("a/commonest.py", "", []),
    ],
)
def test_the_check_sees_what_it_forbids(path: str, source: str, said: list[str]) -> None:
    assert [complaint.split(" ", maxsplit=1)[1] for complaint in complaints(Path(path), source)] == said
