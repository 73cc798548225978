"""Tests of a configuration by the installed program."""

import json
import os
import pty
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.program import PROGRAM, Ended, run
from tests.e2e.test_replay import FIELDS
from tests.unit.app.files import spliced

EXAMPLE = Path(__file__).parents[2] / "examples" / "tests" / "tests.yaml"
CHANGED = "{stream: {rows: 5000, features: {x: {normal: {}, changes: [{at: 3000, shift: 2}]}}}}"
TESTS = f"""\
version: 1
config: monitor.yaml
tests:
  - name: a change is told
    input: {CHANGED}
    expect: [{{series: feature:x, between: [3000, 3500], direction: up}}]
  - name: nothing is told too early
    input: {CHANGED}
    expect: [{{series: feature:x, between: [2000, 2999]}}]
  - name: nothing is told
    input: {CHANGED}
    expect: none
"""


def file_of(folder: Path, text: str = TESTS, configuration: str = "models: [{name: fraud}]") -> Path:
    (folder / "monitor.yaml").write_text(f"version: 1\n{configuration}\n")
    file = folder / "tests.yaml"
    file.write_text(text)
    return file


def document(ended: Ended) -> Any:
    assert "Traceback" not in ended.err
    return json.loads(ended.out)


def test_the_example_passes() -> None:
    ended = run("test", EXAMPLE)
    assert (ended.code, ended.err) == (0, "5 tests passed\n")
    assert [line[:4] for line in ended.out.splitlines()] == ["ok  "] * 5
    assert f"{EXAMPLE}:5  calm events stay calm (10,000 rows)" in ended.out


def test_a_failing_test_shows_what_was_expected_and_what_happened(tmp_path: Path) -> None:
    file = file_of(tmp_path)
    ended = run("test", file)
    lines = ended.out.splitlines()
    assert (ended.code, ended.err) == (1, "1 test passed, 2 failed\n")
    assert lines[0] == f"ok    {file}:4  a change is told (5,000 rows)"
    assert lines[1] == f"FAIL  {file}:7  nothing is told too early (5,000 rows)"
    assert lines[2] == "  - expected    feature:x opened in rows 2000 to 2999"
    assert lines[3].startswith("  + happened    row 3")
    assert lines[4].endswith(" rows too late")
    assert lines[5] == f"FAIL  {file}:10  nothing is told (5,000 rows)"
    assert lines[6].startswith("  + unexpected  row 3")
    assert "feature:x of fraud rose" in lines[6]
    assert "\x1b" not in ended.out + ended.err


def test_tests_are_chosen_by_name_whatever_its_case(tmp_path: Path) -> None:
    file = file_of(tmp_path)
    ended = run("test", file, "-k", "A Change")
    assert (ended.code, ended.err) == (0, "1 test passed\n")
    ended = run("test", file, "-k", "no such")
    assert (ended.code, ended.out) == (2, "")
    assert ended.err == "error: no test has 'no such' in its name\n"


def test_results_as_json(tmp_path: Path) -> None:
    file = file_of(tmp_path)
    ended = run("test", "--json", file)
    said = document(ended)
    assert ended.code == 1
    assert (said["valid"], said["problems"], said["passed"], said["failed"]) == (True, [], 1, 2)
    good, early, silent = said["tests"]
    assert (good["file"], good["line"], good["name"]) == (str(file), 4, "a change is told")
    assert (good["passed"], good["rows"], good["unmet"], good["unexpected"]) == (True, 5_000, [], [])
    assert set(good["drift_events"][0]) == FIELDS
    (unmet,) = early["unmet"]
    assert unmet["expected"]["between"] == [2000, 2999]
    assert unmet["nearest"] == early["unexpected"][0] == early["drift_events"][0]
    assert unmet["why"].endswith(" too late")
    assert (silent["passed"], silent["unmet"], silent["hollow"]) == (False, [], None)


def test_problems_of_all_files_are_told_at_once_and_nothing_runs(tmp_path: Path) -> None:
    good = file_of(tmp_path)
    bad = tmp_path / "bad.yaml"
    bad.write_text(TESTS.replace("series: feature:x, between: [2", "series: feature:y, between: [2"))
    folder = tmp_path / "other"
    folder.mkdir()
    of_bad = file_of(folder, configuration="models: [{name: fraud, tolerence: 1}]")
    ended = run("test", good, bad, of_bad)
    assert (ended.code, ended.out) == (2, "")
    assert ended.err.splitlines() == [
        f'{bad}:9:23 tests[1].expect[0].series: the stream has no series "feature:y"; did you mean "feature:x"?',
        f'{folder}/monitor.yaml:2:24 models[0].tolerence: unknown key; did you mean "tolerance"?',
    ]
    ended = run("test", "--json", good, bad)
    said = document(ended)
    assert (ended.code, said["valid"]) == (2, False)
    assert [(one["file"], one["line"]) for one in said["problems"]] == [(str(bad), 9)]


def test_two_files_of_one_bad_configuration_name_its_problem_once(tmp_path: Path) -> None:
    first = file_of(tmp_path, configuration="modles: []")
    second = tmp_path / "second.yaml"
    second.write_text(TESTS)
    ended = run("test", first, second)
    assert (ended.code, len(ended.err.splitlines())) == (2, 1)


@pytest.mark.parametrize(
    ("text", "code", "said"),
    [
        ("", 2, "1:1: the file is empty; begin with `version: 1`"),
        (TESTS.replace("{stream: {rows: 5000,", "{file: gone.csv, x: {rows: 5000,"), 2, "unknown key"),
        (TESTS.replace(CHANGED, "{file: cut.csv.gz}"), 1, "not a whole gzip file"),
    ],
)
def test_errors_are_messages_and_their_code(tmp_path: Path, text: str, code: int, said: str) -> None:
    import gzip

    whole = gzip.compress(spliced(tmp_path / "season.csv").read_bytes())
    (tmp_path / "cut.csv.gz").write_bytes(whole[: len(whole) // 2])
    ended = run("test", file_of(tmp_path, text))
    assert ended.code == code
    assert said in ended.err
    assert "Traceback" not in ended.err


def test_rejected_rows_are_told(tmp_path: Path) -> None:
    good = '{"model": "fraud", "features": {"x": 1.5}}\n'
    (tmp_path / "events.jsonl").write_text(good * 2_000 + "{broken\n")
    text = "version: 1\nconfig: monitor.yaml\ntests: [{name: a, input: {file: events.jsonl}, expect: none}]\n"
    ended = run("test", file_of(tmp_path, text))
    assert ended.code == 0
    assert "    1 row rejected; the first is row 2000 of " in ended.out


def test_progress_is_shown_on_a_terminal_only(tmp_path: Path) -> None:
    master, slave = pty.openpty()
    try:
        done = subprocess.run(
            [PROGRAM, "test", file_of(tmp_path), "-k", "change"],
            stdout=subprocess.PIPE,
            stderr=slave,
            timeout=60,
            check=True,
        )
        shown = os.read(master, 65_536).decode()
    finally:
        os.close(slave)
        os.close(master)
    assert "test 1 of 1: a change is told, 5,000 rows" in shown
    assert "of 1" not in done.stdout.decode()
