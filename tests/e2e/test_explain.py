"""`stream-monitor explain` as installed: before anything runs, on a file, and next to a running monitor."""

import json
from pathlib import Path

import pytest

from tests.e2e import program
from tests.e2e.service import Installation, events
from tests.unit.app.files import CHANGE, spliced


def test_what_is_said_of_a_file_is_what_its_replay_finds(tmp_path: Path) -> None:
    """The expected delay of a change of more than a standard deviation, and when it was reported."""
    file = spliced(tmp_path / "season.csv")
    explained = program.run("explain", "season.feature:f0", "--json", "--replay", file)
    assert explained.code == 0, explained.err
    (one,) = json.loads(explained.out)
    assert one["now"]["phase"] == "drifting"
    large = next(found for found in one["power"]["changes"] if found["size"] == 1.0)
    replayed = program.run("replay", "--json", file)
    opened = [json.loads(line) for line in replayed.out.splitlines()]
    row = next(event["row"] for event in opened if event["series"] == "feature:f0")
    assert 0 <= row - CHANGE <= 2 * large["delay"]


def test_before_anything_runs(tmp_path: Path) -> None:
    monitor = tmp_path / "monitor.yaml"
    monitor.write_text("version: 1\nalerting: {false_alarms: 1 per 1000000 events}\n")
    ended = program.run("explain", "fraud.feature:amount", "-c", monitor, "--series", "400", "--json")
    assert ended.code == 0, ended.err
    (one,) = json.loads(ended.out)
    assert one["budget"]["values_per_alarm"] == pytest.approx(400 / 0.75 * 1e6)


@pytest.mark.kafka
def test_next_to_a_running_monitor(installation: Installation) -> None:
    for partition in range(2):
        installation.produce(events(4_000), partition=partition)
    service = installation.start()
    config = installation.directory / "monitor-0.yaml"

    def all_is_told() -> bool:
        """A status comes at most every five seconds."""
        ended = program.run("explain", "m.feature:x", "-c", config, "--json")
        return ended.code == 0 and json.loads(ended.out)[0]["now"]["values"] >= 7_900

    service.wait_for(lambda: service.metric("stream_monitor_rows_observed_total") >= 7_900, "not observed")
    service.wait_for(all_is_told, "no status of all rows")
    ended = program.run("explain", "m", "-c", config, "--json")
    assert ended.code == 0, ended.err
    explained = json.loads(ended.out)
    assert {one["budget"]["series"] for one in explained} == {len(explained)}
    feature = next(one for one in explained if one["series"].startswith("feature:"))
    assert feature["now"]["values"] > 7_000
    assert feature["power"] is None or feature["power"]["past"] == feature["now"]["values"]

    words = program.run("explain", f"m.{feature['series']}", "-c", config, "--rate", "100")
    assert words.code == 0, words.err
    assert f"of {len(explained)} series" in words.out
    assert "found after" in words.out

    unknown = program.run("explain", "n", "-c", config)
    assert (unknown.code, unknown.out) == (2, "")
    assert "no model 'n'" in unknown.err


@pytest.mark.kafka
def test_without_a_monitor_there_is_nothing_to_read(installation: Installation) -> None:
    config = installation.directory / "monitor.yaml"
    config.write_text(json.dumps(installation.configuration()))
    ended = program.run("explain", "m", "-c", config)
    assert (ended.code, ended.out) == (1, "")
    assert f"there is no topic '{installation.own('status')}'" in ended.err
