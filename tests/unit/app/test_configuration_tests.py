"""Tests of a configuration from file to result."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from stream_monitor.app import replay
from stream_monitor.app.configuration_tests import Prepared, Result, prepare, run
from stream_monitor.config import InvalidConfiguration, load
from stream_monitor.config.configuration_tests import load_tests
from stream_monitor.core.errors import StreamMonitorError
from tests.unit.app.files import table, written

ONE = "models: [{name: fraud, features: {ignored: ignore}}]"
CHANGED = "{rows: 6000, features: {x: {normal: {}, changes: [{at: 3000, shift: 2}]}}}"


def prepared(folder: Path, tests: str, configuration: str = ONE, only: str = "") -> Sequence[Prepared]:
    (folder / "monitor.yaml").write_text(f"version: 1\n{configuration}\n")
    file = written(folder / "tests.yaml", ["version: 1", "config: monitor.yaml", "tests:", tests])
    loaded = load_tests(file)
    settings = load(loaded.config, {}, for_kafka=False)
    return prepare(loaded, settings, lambda name: only in name)


def result(folder: Path, given: str, expect: str = "none", configuration: str = ONE) -> Result:
    test = f"  - {{name: a, input: {given}, expect: {expect}}}"
    (one,) = prepared(folder, test, configuration)
    return run(one, lambda _: None)


def expecting(series: str, first: int = 3000, last: int = 3500) -> str:
    return f"[{{series: {series}, between: [{first}, {last}]}}]"


def test_a_change_of_a_stream_is_told(tmp_path: Path) -> None:
    found = result(tmp_path, f"{{stream: {CHANGED}}}", expecting("feature:x"))
    assert found.passed
    assert (found.tally.rows, found.prepared.line) == (6_000, 4)
    assert {event.model for event in found.events} == {"fraud"}
    assert not result(tmp_path, f"{{stream: {CHANGED}}}").passed


def test_a_calm_stream_is_silent(tmp_path: Path) -> None:
    found = result(tmp_path, "{stream: {rows: 5000, features: {x: {normal: {}}}}}")
    assert found.passed
    assert found.events == ()


def test_a_change_of_a_file_is_told(tmp_path: Path) -> None:
    values = np.random.default_rng(1).normal(size=6_000)
    values[3_000:] += 2
    start = 1_736_121_600_000
    rows = {"ts": range(start, start + 6_000_000, 1_000), "score": values.round(4)}
    table(tmp_path / "data.csv", rows)
    given = "{file: data.csv, columns: {time: ts, prediction: score}}"
    found = result(tmp_path, given, expecting("prediction"))
    assert found.passed
    assert found.events[0].time == start + found.events[0].row * 1_000
    assert found.prepared.plan.timed


def test_each_test_begins_anew_and_says_how_far_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replay, "AT_ONCE", 2_000)
    test = f"input: {{stream: {CHANGED}}}, expect: {expecting('feature:x')}}}"
    both = prepared(tmp_path, f"  - {{name: a, {test}\n  - {{name: b, {test}")
    told: list[int] = []
    first, second = (run(one, told.append) for one in both)
    assert told == [2_000, 4_000, 6_000] * 2
    assert first.passed
    assert first.events == second.events


def test_only_the_wanted_are_prepared(tmp_path: Path) -> None:
    test = f"input: {{stream: {CHANGED}}}, expect: none}}"
    (one,) = prepared(tmp_path, f"  - {{name: first, {test}\n  - {{name: second, {test}", only="sec")
    assert (one.test.name, one.line) == ("second", 5)


@pytest.mark.parametrize(
    ("given", "configuration", "why"),
    [
        ("{stream: {rows: 900, features: {x: {normal: {}}}}}", ONE, "no series came to the end of its"),
        ("{stream: {rows: 3000, features: {ignored: {normal: {}}}}}", ONE, "no series came to the end"),
        ("{file: events.jsonl}", ONE, "no row was read"),
    ],
)
def test_a_test_that_could_not_have_failed_fails(
    tmp_path: Path, given: str, configuration: str, why: str
) -> None:
    written(tmp_path / "events.jsonl", ['{"model": "other", "features": {"x": 1}}'])
    found = result(tmp_path, given, configuration=configuration)
    assert found.verdict.kept
    assert not found.passed
    assert found.hollow is not None
    assert why in found.hollow


def test_a_reference_from_a_file_needs_no_warm_up(tmp_path: Path) -> None:
    values = np.random.default_rng(1).normal(size=2_000)
    table(tmp_path / "train.csv", {"x": values.round(4)})
    configuration = "models: [{name: fraud, reference: train.csv}]"
    given = "{stream: {rows: 900, features: {x: {normal: {}, changes: [{at: 300, shift: 2}]}}}}"
    assert result(tmp_path, given, expecting("feature:x", 300, 800), configuration).passed


TWO_CHANGES = (
    "{rows: 6000, features: {x: {normal: {}, changes: [{at: 3000, shift: 4}]},"
    " y: {normal: {}, changes: [{at: 3600, shift: 2}]}, ignored: {normal: {}}}}"
)


@pytest.mark.parametrize(
    ("given", "series", "why"),
    [
        (f"{{stream: {TWO_CHANGES}}}", "feature:ignored", "the configuration says not to watch it"),
        (f"{{stream: {TWO_CHANGES}}}", "missing:ignored", "the configuration says not to watch it"),
        (
            "{stream: {rows: 4000, features: {x: {normal: {}}}, label: {boolean: 0.5, missing: 0.9}}}",
            "label",
            "it is still in its warm-up of 1000 values",
        ),
        ("{stream: {rows: 4000, features: {x: {normal: {}}}}}", "feature:x", "it did not drift"),
        ("{file: calm.csv}", "feature:z", "no such series is watched; did you mean feature:x?"),
    ],
)
def test_why_a_series_was_silent(tmp_path: Path, given: str, series: str, why: str) -> None:
    table(tmp_path / "calm.csv", {"x": np.random.default_rng(1).normal(size=2_000).round(4)})
    expected = expecting(series, 0, 3999)
    (unmet,) = result(tmp_path, given, expected).verdict.unmet
    assert (unmet.nearest, unmet.why) == (None, why)


def test_a_series_that_waits_for_the_budget_is_told_so(tmp_path: Path) -> None:
    configuration = "models: [{name: fraud, detectors: [adwin], features: {ignored: ignore}}]"
    given = f"{{stream: {TWO_CHANGES}}}"
    (unmet,) = result(tmp_path, given, expecting("feature:y", 0, 3999), configuration).verdict.unmet
    assert (unmet.nearest, unmet.why) == (None, "it drifts, but the alarm budget was spent by then")


def problems(folder: Path, given: str, configuration: str) -> list[str]:
    with pytest.raises(InvalidConfiguration) as caught:
        result(folder, given, configuration=configuration)
    return [str(problem).replace(f"{folder}/", "") for problem in caught.value.problems]


def test_an_input_that_does_not_fit_is_named_with_its_place(tmp_path: Path) -> None:
    table(tmp_path / "data.csv", {"ts": [1], "x": [1]})
    written(tmp_path / "data.xls", [""])
    (found,) = problems(tmp_path, "{file: data.csv, columns: {time: tss}}", ONE)
    assert found.startswith(
        "tests.yaml:4:22 tests[0].input: data.csv: there is no column 'tss'; did you mean"
    )
    (found,) = problems(tmp_path, "{file: data.xls}", ONE)
    assert found.startswith(
        "tests.yaml:4:22 tests[0].input: data.xls: cannot tell how it is written; write CSV"
    )
    two = "models: [{name: fraud}, {name: churn}]"
    for given in ("{file: data.csv}", f"{{stream: {CHANGED}}}"):
        assert problems(tmp_path, given, two) == [
            "tests.yaml:4:5 tests[0]: does not say which model is meant; write model: and one of fraud, churn"
        ]


def test_a_reference_that_cannot_be_read_is_no_result(tmp_path: Path) -> None:
    written(tmp_path / "train.csv", [])
    with pytest.raises(StreamMonitorError, match=r"train\.csv"):
        result(
            tmp_path, f"{{stream: {CHANGED}}}", configuration="models: [{name: fraud, reference: train.csv}]"
        )
