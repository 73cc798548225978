import json
from pathlib import Path

import pytest

from tests.unit.cli.commands import CONFIGURATION, configuration, run

OUTCOMES: dict[str, object] = {
    "task": None,
    "positive": None,
    "expected": False,
    "wait_ms": 604_800_000,
    "pending": 1_000_000,
    "window": 2_048,
    "reference": 1_024,
    "min_labels": 256,
    "min_coverage": 0.5,
    "promised": {},
    "referenced": [],
    "tolerance": 0.02,
}
BAD = "version: 1\nkafka: {bootstrap_servers: k:1}\nmodels:\n  - {name: fraud, sources: [t], tolerence: 1}\n"


def test_a_valid_configuration_is_summed_up(tmp_path: Path) -> None:
    ran = run("check", "-c", configuration(tmp_path))
    assert ran.code == 0
    assert ran.out.splitlines()[0].endswith("monitor.yaml: valid")
    for said in (
        "model        fraud",
        "fraud.predictions, fraud.labels",
        "the first 1000 events",
        "2 per week",
    ):
        assert said in ran.out


def test_every_problem_has_its_place_on_standard_error_and_the_code_is_2(tmp_path: Path) -> None:
    file = configuration(tmp_path, BAD)
    ran = run("check", "-c", file)
    assert ran.code == 2
    assert ran.out == ""
    assert ran.err.startswith(f"{file}:4:")
    assert 'did you mean "tolerance"?' in ran.err


def test_problems_as_json_are_data(tmp_path: Path) -> None:
    file = configuration(tmp_path, BAD)
    ran = run("check", "-c", file, "--json")
    said = json.loads(ran.out)
    assert ran.code == 2
    assert said["valid"] is False
    (problem,) = said["problems"]
    assert (problem["file"], problem["line"]) == (str(file), 4)
    assert set(problem) == {"file", "line", "column", "path", "what", "write"}


def test_the_summary_as_json(tmp_path: Path) -> None:
    said = json.loads(run("check", "-c", configuration(tmp_path), "--json").out)
    assert said["valid"] is True
    assert said["problems"] == []
    assert said["models"] == [
        {
            "name": "fraud",
            "sources": ["fraud.predictions", "fraud.labels"],
            "reference": "the first 1000 events",
            "reference_features": None,
            "reference_versions": [],
            "false_alarms": "2 per week",
            "outcomes": OUTCOMES,
        }
    ]
    assert said["topics"]["alerts"] == "stream-monitor.alerts"


def test_what_becomes_of_predictions_is_said(tmp_path: Path) -> None:
    file = configuration(tmp_path)
    assert [line for line in run("check", "-c", file).out.splitlines() if line.startswith("  ")][3:] == [
        "  task       told from the first labelled predictions",
        "  labels     not expected: from the first label on, a prediction waits 7 days, at most 1,000,000 at a time",
        "  promised   that of the first 1,024 labelled predictions, over 2,048; a drop of 0.02 is tolerated",
    ]
    more = "    positive: 1\n    labels: {delay: 36h}\n    performance: {expected: {recall: 0.8}, tolerance: 0.1}\n"
    said = run("check", "-c", configuration(tmp_path, CONFIGURATION + more)).out
    assert "  task       binary, positive 1\n" in said
    assert "  labels     expected, a prediction waits 36 hours, at most" in said
    assert "  promised   recall 0.8, over 2,048 labelled predictions; a drop of 0.1 is tolerated\n" in said


def test_what_becomes_of_predictions_of_discovered_models_is_said(tmp_path: Path) -> None:
    text = "version: 1\nkafka: {bootstrap_servers: k:1}\ndiscovery: {topics: [t]}\nlabels: {pending: 5}\n"
    assert "at most 5 at a time" in run("check", "-c", configuration(tmp_path, text)).out


def test_the_reference_file_is_read(tmp_path: Path) -> None:
    text = CONFIGURATION + "    reference: train.csv\n"
    (tmp_path / "train.csv").write_text("amount,country\n1,DE\n2,FR\n")
    ran = run("check", "-c", configuration(tmp_path, text))
    assert "train.csv (2 features)" in ran.out
    (tmp_path / "train.csv").write_text("")
    ran = run("check", "-c", configuration(tmp_path, text))
    assert ran.code == 2
    assert "train.csv" in ran.err


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("1 per week", "1 per week"),
        ("3 per 2 days", "3 per 2 days"),
        ("1 per 90s", None),
        ("2 per 1_000_000 events", "2 per 1,000,000 events"),
        (None, "1 per week of event time (in files without time 1 per 100,000 events)"),
    ],
)
def test_budgets_are_said_as_they_are_written(tmp_path: Path, written: str | None, said: str | None) -> None:
    text = "version: 1\nkafka: {bootstrap_servers: k:1}\ndiscovery: {topics: [t]}\n"
    if written is not None:
        text += f"alerting: {{false_alarms: {written}}}\n"
    ran = run("check", "-c", configuration(tmp_path, text))
    assert ran.code == (2 if said is None else 0)
    assert said is None or f"budget     {said}, for each model" in ran.out
