"""The help texts change on purpose only (`UPDATE_GOLDEN=1 pytest tests/unit/cli`), and cost next to nothing."""

import pytest

from tests.golden_files import golden
from tests.unit.cli.commands import NAMES, python, run

HEAVY = (  # pydantic is not among them: typer itself takes it
    "numpy",
    "river",
    "pyarrow",
    "pydantic_settings",
    "confluent_kafka",
    "orjson",
    "rich",
    "starlette",
    "structlog",
    "yaml",
)
LOADED = f"""
import sys
from stream_monitor.cli.main import app
try:
    app(sys.argv[1:], prog_name="stream-monitor")
except SystemExit:
    print("heavy:", sorted(sys.modules.keys() & set({HEAVY!r})))
"""


@pytest.mark.parametrize("name", ["", *NAMES])
def test_the_help_says_what_it_said(name: str) -> None:
    ran = run(*name.split(), "--help")
    assert ran.code == 0
    assert (
        ran.out == golden(f"cli/{name.replace(' ', '-') or 'stream-monitor'}.txt", ran.out.encode()).decode()
    )


@pytest.mark.parametrize("name", ["", *NAMES])
def test_help_imports_nothing_heavy(name: str) -> None:
    said = python(LOADED.replace("sys.argv[1:]", repr([*name.split(), "--help"])))
    assert said.endswith("heavy: []\n")


def test_a_command_does_load_what_the_check_looks_for() -> None:
    assert "'numpy'" in python(LOADED.replace("sys.argv[1:]", repr(["detectors"])))


@pytest.mark.parametrize("arguments", [[], ["topics"], ["replay"]])
def test_without_anything_to_do_the_help_is_shown_as_wrong_usage(arguments: list[str]) -> None:
    ran = run(*arguments)
    assert ran.code == 2
    assert "Usage: stream-monitor" in ran.out + ran.err


def test_a_mistyped_command_is_guessed() -> None:
    ran = run("chek")
    assert ran.code == 2
    assert "Did you mean 'check'" in ran.err
