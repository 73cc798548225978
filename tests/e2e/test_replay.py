"""Replay of files by the installed program."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.program import Ended, run
from tests.unit.app.files import CHANGE, ROWS, spliced, table, written

FIELDS = {
    "row",
    "series",
    "status",
    "alert_id",
    "severity",
    "change_point_row",
    "effect_sizes",
    "detector",
    "summary",
    "time",
    "change_point",
    "number",
    "model",
    "version",
    "incident_id",
    "resolution",
    "positions",
    "attribution",
}


def events_of(ended: Ended) -> list[dict[str, Any]]:
    assert ended.code == 0, ended.err
    return [json.loads(line) for line in ended.out.splitlines()]


def test_a_known_change_is_found_and_a_stream_without_one_is_silent(tmp_path: Path) -> None:
    events = events_of(run("replay", "--json", spliced(tmp_path / "season.csv")))
    opened = [event for event in events if event["status"] == "opened"]
    assert all(event["row"] >= CHANGE for event in opened)
    together = [event for event in opened if event["row"] < CHANGE + 200]
    assert len({event["series"] for event in together}) == len(together) >= 5
    assert len({event["incident_id"] for event in together}) == 1
    event = opened[0]
    assert set(event) == FIELDS
    assert (event["model"], event["status"], event["number"]) == ("season", "opened", 0)
    assert event["series"] in {"feature:f0", "feature:f7"}  # the largest of the changes
    assert event["row"] < CHANGE + 64
    assert abs(event["change_point_row"] - CHANGE) <= 64
    assert event["effect_sizes"]["wasserstein"]["value"] > 0.5
    assert event["detector"] in {"sequential", "adwin"}
    assert event["time"] is event["change_point"] is None
    assert event["positions"][0]["last_offset"] == event["row"]
    silent = run("replay", "--json", spliced(tmp_path / "calm.csv", change=None))
    assert (silent.code, silent.out) == (0, "")
    assert silent.err == f"{ROWS:,} rows of calm; series: 18, alerts: 0\n"


def test_lines_for_people_say_the_same_and_what_waits_for_the_budget(tmp_path: Path) -> None:
    monitor = tmp_path / "monitor.yaml"
    monitor.write_text(
        "version: 1\nkafka: {bootstrap_servers: unused:9092}\n"
        "models: [{name: season, sources: [unused], detectors: [adwin], alerting: {false_alarms: 1 per 100_000 events}}]\n"
    )
    ended = run("replay", spliced(tmp_path / "season.csv"), "-c", str(monitor))
    line, *_ = ended.out.splitlines()
    assert line.startswith("row 3")
    assert " opened " in line
    assert "\x1b" not in ended.out + ended.err
    assert "drifting too, but the alarm budget is spent: feature:f" in ended.err


def test_a_packed_file_and_a_packed_answer_do_not_change_it(tmp_path: Path) -> None:
    import gzip

    plain = spliced(tmp_path / "season.csv")
    packed = tmp_path / "season.csv.gz"
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    found = [events_of(run("replay", "--json", file))[0] for file in (plain, packed)]
    for event in found:
        del event["positions"]
    assert found[0] == found[1]


def test_bad_rows_are_counted_and_the_rest_is_read(tmp_path: Path) -> None:
    good = json.dumps({"model": "fraud", "features": {"x": 1.0}})
    file = written(tmp_path / "events.jsonl", [good, "{broken", good, '{"model": "fraud"}'])
    ended = run("replay", "--json", file)
    assert (ended.code, ended.out) == (0, "")
    assert ended.err.splitlines()[0] == "2 rows of fraud; series: 2, alerts: 0"
    assert "2 rows rejected: not_json 1, unknown_role 1" in ended.err
    assert f"the first is row 1 of {file}" in ended.err


def test_columns_that_may_not_be_features_are_pointed_out(tmp_path: Path) -> None:
    file = table(tmp_path / "m.csv", {"timestamp": [1, 2], "x": [1, 2]})
    ended = run("replay", file)
    assert f"note: the column 'timestamp' of {file} is watched as a feature" in ended.err
    assert "add --time timestamp" in ended.err
    assert "note:" not in run("replay", "--time", "timestamp", file).err


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["nowhere.csv"], 2, "does not exist"),
        (["--time", "tme", "good.csv"], 2, "no column 'tme'"),
        (["good.xls"], 2, "cannot tell how it is written"),
        (["-c", "bad.yaml", "good.csv"], 2, "bad.yaml:2:1 modles: unknown key"),
        (["good.csv", "cut.csv.gz"], 1, "not a whole gzip file"),
    ],
)
def test_errors_are_one_message_and_their_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], code: int, said: str
) -> None:
    import gzip

    monkeypatch.chdir(tmp_path)
    table(tmp_path / "good.csv", {"t": [1, 2], "x": [1, 2]})
    written(tmp_path / "good.xls", ["x"])
    written(tmp_path / "bad.yaml", ["version: 1", "modles: []"])
    whole = gzip.compress(spliced(tmp_path / "season.csv").read_bytes())
    (tmp_path / "cut.csv.gz").write_bytes(whole[: len(whole) // 2])
    ended = run("replay", *arguments)
    assert ended.code == code
    assert said in ended.err
    assert "Traceback" not in ended.err
