"""docs/cli.md names every command and option there is, and none that there is not."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from stream_monitor.cli.failures import ExitCode
from stream_monitor.cli.main import app
from tests.e2e.test_replay import FIELDS

DOCS = Path(__file__).parents[2] / "docs"
TEXT = (DOCS / "cli.md").read_text()
OF_THE_SHELL = {"--help", "-h", "--install-completion", "--show-completion"}


def commands(group: Any, before: str = "") -> Iterator[tuple[str, Any]]:
    """Name and command, those of groups with the name of their group."""
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, f"{before}{name} ")
        else:
            yield before + name, command


COMMANDS = dict(commands(typer.main.get_command(app)))
SECTIONS = dict(re.findall(r"^## (.+?)\n(.*?)(?=^## |\Z)", TEXT, re.MULTILINE | re.DOTALL))


def words(section: str) -> set[str]:
    """Options and arguments in the first column of its tables."""
    rows = re.findall(r"^\| (.+?) \|", section, re.MULTILINE)
    return {word for row in rows for word in re.findall(r"`(--?[\w-]+|[A-Z._]+…?)`", row)}


def test_every_command_has_a_section() -> None:
    assert next(iter(SECTIONS)) == "Conventions"
    assert set(SECTIONS) - {"Conventions"} == set(COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_of_a_command_is_described_and_no_other(name: str) -> None:
    there = {
        option
        for parameter in COMMANDS[name].params
        for option in (parameter.opts if parameter.param_type_name == "option" else [_shown(parameter)])
    }
    assert words(SECTIONS[name]) == there - OF_THE_SHELL


def _shown(argument: Any) -> str:
    return str(argument.metavar or argument.name).strip("[]")


def test_exit_codes_are_those_of_the_program() -> None:
    codes = {int(code) for code in re.findall(r"^\| `(\d+)` \|", SECTIONS["Conventions"], re.MULTILINE)}
    assert codes == {*ExitCode, 130}


def test_the_options_of_the_shell_are_named() -> None:
    assert all(f"`{option}`" in SECTIONS["Conventions"] for option in OF_THE_SHELL)


def test_the_fields_of_a_replayed_drift_event_are_described() -> None:
    table = SECTIONS["replay"].partition("Fields of the JSON object")[2]
    rows = re.findall(r"^\| (`.+?) \|", table, re.MULTILINE)
    assert {field for row in rows for field in re.findall(r"`(\w+)`", row)} == FIELDS


@pytest.mark.parametrize("line", re.findall(r"^stream-monitor [^#|\n]+", TEXT, re.MULTILINE))
def test_examples_are_commands_with_their_options(line: str) -> None:
    _, name, *arguments = shlex.split(line)
    if name not in COMMANDS:  # of a group
        name, *arguments = f"{name} {arguments[0]}", *arguments[1:]
    options = {option for parameter in COMMANDS[name].params for option in parameter.opts}
    assert {argument for argument in arguments if argument.startswith("-")} <= options
