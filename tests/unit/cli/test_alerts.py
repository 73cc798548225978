from pathlib import Path

import pytest

from tests.unit.cli.commands import configuration, run


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["mute", "fraud"], "say how long: --for 2h"),
        (["mute", "fraud", "--for", "2h", "--until", "2026-11-22T06:00:00Z"], "say how long"),
        (["mute", "fraud", "--for", "soon"], "--for "),
        (["mute", "fraud", "--for", "91d"], "90 days at most"),
        (["mute", "fraud", "--until", "2001-01-01T00:00:00Z"], "must end after now"),
        (["mute", "fraud", "--until", "soon"], "--until soon: write a time"),
        (["mute", "fraud", "--for", "2h", "--by", " "], "by must not be empty"),
        (["tail", "--since", "soon"], "--since "),
        (["list", "--state", "closed"], "--state closed: write open, resolved or all"),
    ],
)
def test_what_makes_no_sense_is_wrong_usage_before_anything_is_asked(
    tmp_path: Path, arguments: list[str], said: str
) -> None:
    ran = run("alerts", *arguments, "-c", configuration(tmp_path))
    assert (ran.code, said in ran.err) == (2, True), ran.err


def test_without_brokers_it_says_how_to_name_them(tmp_path: Path) -> None:
    file = configuration(tmp_path, "version: 1\n")
    for command in (["status"], ["alerts", "list"], ["alerts", "ack", "x"], ["alerts", "tail"]):
        ran = run(*command, "-c", file)
        assert ran.code == 1
        assert "write --bootstrap-servers HOST:PORT" in ran.err
