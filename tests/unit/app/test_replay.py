import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from stream_monitor.app.replay import Tally, plan, replay
from stream_monitor.config import Settings, load
from stream_monitor.core.drift_event import DriftEvent, Status
from stream_monitor.core.errors import StreamMonitorError
from stream_monitor.core.events import Reason
from stream_monitor.core.parameters import PER_100K_EVENTS, PER_WEEK
from stream_monitor.files.columns import FileColumns
from tests.unit.app.files import CHANGE, ROWS, spliced, table, written

ROOM = "alerting: {false_alarms: 1 per 10 events}"  # so that every change is told


def settings(folder: Path, text: str = "") -> Settings:
    file = folder / "monitor.yaml"
    file.write_text("version: 1\n" + text + "\n")
    return load(file, {}, for_kafka=False)


def replayed(
    paths: Sequence[Path], using: Settings, columns: FileColumns | None = None
) -> tuple[list[DriftEvent], Tally]:
    tally = Tally()
    found = replay(plan(paths, columns or FileColumns(), using), tally)
    return [event for chunk in found for event in chunk], tally


def test_every_change_of_a_file_is_found_where_it_is(tmp_path: Path) -> None:
    events, tally = replayed([spliced(tmp_path / "weather.csv")], settings(tmp_path, ROOM))
    opened = {event.series: event for event in events if event.status is Status.OPENED}
    for series in ("feature:f0", "feature:f1", "feature:f6", "feature:f7"):  # a standard deviation or more
        event = opened[series]
        assert CHANGE <= event.row < CHANGE + 500
        assert abs(event.change_point_row - CHANGE) <= 64
        assert event.model == "weather"
    assert tally.rows == ROWS
    assert not tally.rejected


def test_a_file_without_a_change_is_silent(tmp_path: Path) -> None:
    events, _ = replayed([spliced(tmp_path / "weather.csv", change=None)], settings(tmp_path))
    assert events == []


def test_several_files_are_one_stream_and_positions_name_them(tmp_path: Path) -> None:
    lines = spliced(tmp_path / "whole.csv").read_text().splitlines()
    cut = 3_500
    parts = [
        written(tmp_path / "a.csv", lines[: cut + 1]),
        written(tmp_path / "b.csv", [lines[0], *lines[cut + 1 :]]),
    ]
    using, columns = settings(tmp_path, ROOM), FileColumns(model="whole")
    whole, _ = replayed([tmp_path / "whole.csv"], using, columns)
    split, tally = replayed(parts, using, columns)
    assert [(e.id, e.row, e.series) for e in split] == [(e.id, e.row, e.series) for e in whole]
    assert tally.rows == ROWS
    named = {position.topic for event in split for position in event.positions}
    assert named == {str(part) for part in parts}


def test_without_time_the_sentence_counts_rows(tmp_path: Path) -> None:
    (event, *_), _ = replayed([spliced(tmp_path / "weather.csv")], settings(tmp_path))
    assert event.summary.endswith(f" since row {event.change_point_row}")


def test_time_comes_from_its_column(tmp_path: Path) -> None:
    values = np.random.default_rng(1).normal(size=4_000)
    values[2_000:] += 2
    start = 1_736_121_600_000
    file = table(tmp_path / "m.csv", {"ts": range(start, start + 4_000_000, 1_000), "x": values.round(4)})
    (event, *_), _ = replayed([file], settings(tmp_path), FileColumns(time="ts"))
    assert event.series == "feature:x"
    assert event.time == start + event.row * 1_000
    assert " since 2025-01-06T00:33:" in event.summary


@pytest.mark.parametrize(
    ("configured", "columns", "alarms", "span"),
    [
        ("", FileColumns(), PER_100K_EVENTS.alarms, PER_100K_EVENTS.span),
        ("", FileColumns(time="t"), PER_WEEK.alarms, PER_WEEK.span),
        ("alerting: {false_alarms: 3 per 500 events}", FileColumns(time="t"), 3, 500),
        ("alerting: {false_alarms: 3 per 500 events}", FileColumns(), 3, 500),
        ("alerting: {false_alarms: 2 per week}", FileColumns(time="t"), 2, PER_WEEK.span),
        # rows without time cannot spend a budget that counts time
        ("alerting: {false_alarms: 2 per week}", FileColumns(), PER_100K_EVENTS.alarms, PER_100K_EVENTS.span),
    ],
)
def test_the_budget(
    tmp_path: Path, configured: str, columns: FileColumns, alarms: float, span: float
) -> None:
    file = table(tmp_path / "m.csv", {"t": [1, 2], "x": [1, 2]})
    budget = plan([file], columns, settings(tmp_path, configured)).parameters_of("m").budget
    assert budget is not None
    assert (budget.alarms, budget.span) == (alarms, span)


MODELS = "models: [{name: fraud, tolerance: 0.7}, {name: churn, tolerance: 0.3}]"
ONE = "models: [{name: fraud, tolerance: 0.7}]"


@pytest.mark.parametrize(
    ("text", "name", "chosen", "model", "tolerance"),
    [
        (MODELS, "churn.csv", None, "churn", 0.3),
        (MODELS, "anything.csv", "fraud", "fraud", 0.7),
        (ONE, "anything.csv", None, "fraud", 0.7),
        ("", "anything.csv", None, "anything", 0.2),
    ],
)
def test_whose_the_rows_are(
    tmp_path: Path, text: str, name: str, chosen: str | None, model: str, tolerance: float
) -> None:
    file = table(tmp_path / name, {"x": [1, 2]})
    planned = plan([file], FileColumns(model=chosen), settings(tmp_path, text))
    assert planned.files[file].model == model
    assert planned.parameters_of(model).default.tolerance == tolerance


@pytest.mark.parametrize("chosen", [None, "froud"])
def test_a_model_that_is_not_configured_has_to_be_chosen(tmp_path: Path, chosen: str | None) -> None:
    file = table(tmp_path / "anything.csv", {"x": [1, 2]})
    with pytest.raises(StreamMonitorError, match="--model: fraud, churn"):
        plan([file], FileColumns(model=chosen), settings(tmp_path, MODELS))


def test_the_reference_of_the_configuration_is_loaded(tmp_path: Path) -> None:
    random = np.random.default_rng(3)
    table(tmp_path / "train.csv", {"x": random.normal(size=2_000).round(4)})
    values = random.normal(size=900)
    values[300:] += 2
    file = table(tmp_path / "fraud.csv", {"x": values.round(4)})
    text = f"models: [{{name: fraud, reference: train.csv}}, {{name: b, reference: train.csv}}]\n{ROOM}"
    (event, *_), _ = replayed([file], settings(tmp_path, text))
    assert 300 <= event.row < 800  # within what would else be its warm-up
    assert event.reference.size == 2_000


def test_native_events_name_their_models_and_others_are_rejected(tmp_path: Path) -> None:
    events = [{"model": name, "features": {"x": 1.5}} for name in ("fraud", "other", "fraud")]
    file = written(tmp_path / "events.jsonl", map(json.dumps, events))
    _, tally = replayed([file], settings(tmp_path))
    assert {name: monitor.rows for name, monitor in tally.monitors.items()} == {"fraud": 2, "other": 1}
    _, tally = replayed([file], settings(tmp_path, ONE))
    assert (list(tally.monitors), tally.rows) == (["fraud"], 2)
    assert tally.rejected == {Reason.UNKNOWN_MODEL: 1}
    assert tally.first_rejected is not None
    assert tally.first_rejected[0] == file


def test_models_are_discovered_up_to_the_cap(tmp_path: Path) -> None:
    events = [{"model": f"m{at % 3}", "features": {"x": 1.5}} for at in range(9)]
    file = written(tmp_path / "events.jsonl", map(json.dumps, events))
    _, tally = replayed([file], settings(tmp_path, "discovery: {max_models: 2}"))
    assert list(tally.monitors) == ["m0", "m1"]
    assert tally.rejected == {Reason.TOO_MANY_MODELS: 3}


MAPPED = """models:
  - name: fraud
    sources: [{topic: scores, mapping: {features: {amount: in.amt}, prediction: out}}]
"""
TWO_WAYS = MAPPED + "  - name: b\n    sources: [native]\n"


@pytest.mark.parametrize(("text", "name"), [(MAPPED, "any.jsonl"), (TWO_WAYS, "scores.jsonl")])
def test_json_is_read_through_the_mapping_of_its_topic(tmp_path: Path, text: str, name: str) -> None:
    file = written(tmp_path / name, ['{"in": {"amt": 3}, "out": "yes"}'] * 3)
    _, tally = replayed([file], settings(tmp_path, text))
    assert {key.name for key in tally.monitors["fraud"].series} == {
        "feature:amount",
        "missing:amount",
        "prediction",
    }


def test_where_sources_are_read_differently_a_file_named_after_none_is_read_as_native(tmp_path: Path) -> None:
    file = written(tmp_path / "any.jsonl", ['{"model": "b", "features": {"x": 3}}'] * 3)
    _, tally = replayed([file], settings(tmp_path, TWO_WAYS))
    assert list(tally.monitors) == ["b"]
