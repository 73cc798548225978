"""`explain` as a shell sees it: words, JSON, and what is refused with what to write instead."""

import gzip
import json
from dataclasses import replace
from pathlib import Path

import pytest

from stream_monitor.app.explain import Statuses, Target, explained_series
from stream_monitor.cli.explanation import one_line_each, paragraphs
from stream_monitor.config import load
from stream_monitor.core.detector import Kind
from stream_monitor.core.events import Record
from stream_monitor.core.status import Phase, SeriesStatus
from stream_monitor.formats.status import encode
from tests.unit.app.files import spliced
from tests.unit.cli.commands import configuration, run
from tests.unit.formats.core_values import NOON, STATUS, series_status

WATCHING = series_status("feature:amount", Phase.WATCHING)


def offline(tmp_path: Path, *more: str, wanted: str = "fraud.feature:amount") -> str:
    ran = run("explain", wanted, "-c", configuration(tmp_path), "--series", "40", *more)
    assert ran.code == 0, ran.err
    assert ran.err == ""
    return ran.out


def test_budget_power_and_reasons_are_said_in_words_and_numbers(tmp_path: Path) -> None:
    said = offline(tmp_path, "--rate", "20")
    for text in (
        "learned from its first 1,000 values",
        "sequential, adwin",
        "0.2 standard deviations",
        "keep: the alert stays open",
        "The model accepts 2 per week of event time.",
        "75% of that",
        "each of 40 series",
        "in 27 weeks of event time, about 322,560,000 of its values",
        "one alert, then at most one more in 2 weeks",
        "not reported: effect 0.1, below the tolerance",
        "within  10,000 values: mean ±0.2 sd (the tolerance: less is not reported)",
        "10,000 (assumed)",
        "Not known: read from the configuration alone.",
    ):
        assert text in " ".join(said.split("\n  ")), text


def test_what_is_demanded_is_said_with_who_demands_it(tmp_path: Path) -> None:
    demanded = {"range": [0, None], "required": False, "at_most": 0.01}
    config = tmp_path / "demanding.yaml"
    config.write_text(
        json.dumps({"version": 1, "models": [{"name": "fraud", "features": {"amount": demanded}}]})
    )
    said = run("explain", "fraud.feature:amount", "-c", config, "--series", "40").out
    assert "  demanded     at least 0 (configuration)\n               not required (configuration)\n" in said
    assert "at most 1.00% of events may break it, or an alert says so (configuration)" in said


def test_errors_are_explained_with_what_is_promised(tmp_path: Path) -> None:
    said = offline(tmp_path, wanted="fraud.error")
    assert "task         told from the first labelled predictions" in said
    assert "promised     that of the first 1,024 labelled predictions" in said
    assert "promised" not in offline(tmp_path)


def test_without_a_rate_a_budget_in_time_says_what_to_add(tmp_path: Path) -> None:
    assert "add --rate EVENTS_PER_SECOND" in offline(tmp_path)


def test_json_holds_every_number(tmp_path: Path) -> None:
    (one,) = json.loads(offline(tmp_path, "--rate", "20", "--json"))
    assert (one["model"], one["series"], one["now"]) == ("fraud", "feature:amount", None)
    assert one["budget"]["values_per_alarm"] == pytest.approx(322_560_000)
    assert [found["size"] for found in one["power"]["changes"]] == [0.1, 0.25, 0.5, 1.0, 2.0]
    assert [found["within"] for found in one["power"]["smallest"]] == [1_000, 10_000, 100_000]


def test_a_model_alone_has_a_line_for_each_series(tmp_path: Path) -> None:
    ran = run("explain", "calm", "--replay", spliced(tmp_path / "calm.csv", change=None))
    assert ran.code == 0
    first, head, *lines = ran.out.splitlines()
    assert first == f"calm: 18 series, read from 6,000 rows of {tmp_path / 'calm.csv'}"
    assert head.split()[:3] == ["series", "kind", "now"]
    assert len(lines) == 18
    assert all("watching" in line and "2,400,000 events" in line for line in lines)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["fraud", "--series", "4", "--replay", "FILE"], "goes without --replay"),
        (["fraud", "--series", "4", "-X", "a=b"], "read no topic"),
        (["fraud", "--series", "4", "--time", "t"], "add --replay FILE"),
        (["fraud.feature:f9", "--replay", "FILE"], "no series 'feature:f9'; did you mean feature:f"),
        (["fraud", "--replay", "FILE", "--time", "when"], "there is no column 'when'"),
        (["frod.feature:f0", "--series", "4"], "no model 'frod.feature:f0'"),
        (["fraud", "--series", "4"], "write fraud.feature:NAME"),
    ],
)
def test_what_cannot_be_explained_is_wrong_usage(tmp_path: Path, arguments: list[str], said: str) -> None:
    file = str(spliced(tmp_path / "fraud.csv", rows=50, change=None))
    given = [file if argument == "FILE" else argument for argument in arguments]
    ran = run("explain", "-c", configuration(tmp_path), *given)
    assert (ran.code, ran.out) == (2, "")
    assert said in ran.err


def test_without_brokers_a_topic_cannot_be_read(tmp_path: Path) -> None:
    ran = run("explain", "fraud", "-c", configuration(tmp_path, "version: 1\n"))
    assert ran.code == 2
    assert "bootstrap_servers" in ran.err


def test_a_damaged_file_is_a_failed_job(tmp_path: Path) -> None:
    file = tmp_path / "fraud.csv.gz"
    whole = gzip.compress(spliced(tmp_path / "fraud.csv", rows=5_000).read_bytes())
    file.write_bytes(whole[: len(whole) // 2])
    ran = run("explain", "fraud", "--replay", file)
    assert (ran.code, ran.out) == (1, "")
    assert str(file) in ran.err


# ------------------------------------------------------------------------------------- what is true now


def now(folder: Path, status: SeriesStatus) -> str:
    """What is said of a series with this status."""
    records = []
    for at, values in enumerate((status.values // 2, status.values)):
        model = replace(STATUS, time=NOON + at * 60_000, series=(replace(status, values=values),))
        encoded = encode(model, "g")
        records.append(Record(at, 0, encoded.key, encoded.value))
    known = Statuses(load(configuration(folder), {}), records).knowledge("fraud")
    found = explained_series(Target(model="fraud", series="feature:amount"), known)
    assert any(status.series in text for text, _ in one_line_each(found))
    lines = [text.strip() for text, _ in paragraphs(found)]
    return " ".join(lines[lines.index("Now") :])


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"phase": Phase.WARMING, "warm_up": 0.34}, "warming up, 34%"),
        ({}, "watching; 60,000 values so far, 1.0% missing"),
        ({}, "recent effect: +0.50 standard deviations"),
        ({"phase": Phase.DRIFTING}, "drifting: an alert is open"),
        ({"waiting": True}, "waiting: it drifts, the alarm budget is spent"),
        ({"blind": True}, "blind; 60,000 values so far"),
        ({"phase": Phase.UNWATCHED, "kind": Kind.IDENTIFIER}, "unwatched"),
    ],
)
def test_where_a_series_stands(tmp_path: Path, change: dict[str, object], said: str) -> None:
    assert said in now(tmp_path, replace(WATCHING, **change))  # type: ignore[arg-type]  # fields of the dataclass


def test_what_the_sequential_test_can_see(tmp_path: Path) -> None:
    assert WATCHING.test is not None
    watching = replace(WATCHING.test, words="it watches the rest", view="residual", bounded=False, lag_1=0.8)
    said = now(tmp_path, replace(WATCHING, test=watching))
    assert "sequential test: evidence 0.25, an alarm at 1" in said
    assert "it watches the rest (about 9 such values say as much as one independent one)" in said

    white = replace(watching, view="value", bounded=True, lag_1=0.1, words="the bound holds")
    assert now(tmp_path, replace(WATCHING, test=white)).endswith("the bound holds")
    learning = now(tmp_path, replace(WATCHING, test=replace(white, learning=True, words="it learns")))
    assert learning.endswith("it learns")
    assert "an alarm at 1" not in learning
    assert "an alarm at 1" not in now(tmp_path, replace(WATCHING, test=None))


IN_EVENTS = """\
version: 1
kafka: {bootstrap_servers: k:1}
models:
  - {name: fraud, sources: [t], alerting: {false_alarms: 1 per 100000 events}}
"""


def test_identifiers_and_unknown_shares_are_said_to_be_such(tmp_path: Path) -> None:
    identifier = replace(WATCHING, kind=Kind.IDENTIFIER)
    indicator = replace(WATCHING, series="missing:amount", kind=Kind.BOOLEAN)
    record = encode(replace(STATUS, series=(identifier, indicator)), "g")
    settings = load(configuration(tmp_path, IN_EVENTS), {})
    known = Statuses(settings, [Record(0, 0, record.key, record.value)]).knowledge("fraud")
    first, second = explained_series(Target(model="fraud", series=None), known)
    assert "identifiers are counted and not watched" in " ".join(text for text, _ in paragraphs([first]))
    said = " ".join(text for text, _ in paragraphs([second]))
    assert "share of true ±0.05" in said
    assert "the latest delays" in said
    assert second.power is not None
    assert not second.power.exact
