"""`compare` in words, and how it ends."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from stream_monitor.app import explain
from stream_monitor.app.explain import Statuses
from stream_monitor.config import load
from stream_monitor.core.events import Record
from stream_monitor.formats.status import encode
from tests.unit.app.test_compare import BESIDE, status, version
from tests.unit.cli.commands import configuration, run
from tests.unit.formats.core_values import STATUS


@pytest.fixture
def published(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> str:
    """A configuration whose status topic holds two versions of a model."""
    file = configuration(tmp_path)
    both = status(version("6", 0.75), version("7", 0.72), beside=(BESIDE,))
    model = replace(STATUS, performance=both.performance, side_by_side=both.side_by_side)
    record = encode(model, "g")

    def read(_: Any) -> Statuses:
        return Statuses(load(file, {}), [Record(0, 0, record.key, record.value)])

    monkeypatch.setattr(explain, "read_statuses", read)
    return str(file)


def test_a_verdict_a_line(published: str) -> None:
    ran = run("compare", "fraud", "--old", "6", "--new", "7", "-c", published)
    assert (ran.code, ran.err) == (0, "")
    head, *lines = ran.out.splitlines()
    assert head == "fraud: version 7 against version 6: worse (accuracy)"
    assert [" ".join(line.split()) for line in lines] == [
        "accuracy worse 0.75 → 0.72 worse by 0.03 [0.01, 0.05] on the same 1,500 cases",
        "precision not enough labels none → none 0 labels",
        "log_loss no difference shown (within ±0.12) 0.25 → 0.28 worse by 0.03 [-0.0584, 0.118] on 2,048 labels or more",
    ]


def test_json_and_an_exit_code_for_scripts(published: str) -> None:
    asked = ("compare", "fraud", "-c", published, "--json")
    ran = run(*asked, "--old", "6", "--new", "7", "--fail-when-worse")
    assert ran.code == 1
    found = json.loads(ran.out)
    assert (found["verdict"], found["lead"], found["figures"][0]["paired"]) == ("worse", "accuracy", True)
    assert run(*asked, "--old", "7", "--new", "6", "--fail-when-worse").code == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["fraud", "--old", "6", "--new", "6"], "the same version"),
        (["fraud", "--old", "6", "--new", "9"], "version '9' of fraud has no labels; there are 6, 7"),
        (["frod", "--old", "6", "--new", "7"], "did you mean fraud?"),
    ],
)
def test_what_cannot_be_compared_is_wrong_usage(published: str, arguments: list[str], said: str) -> None:
    ran = run("compare", "-c", published, *arguments)
    assert (ran.code, ran.out) == (2, "")
    assert said in ran.err
