"""The benchmark runs and says what it promises; how fast is no test."""

import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import orjson
import pytest

from bench import __main__ as bench
from bench import figures, join, report
from bench.asked import Asked
from bench.core_path import STEPS, Core, Setting, Stopwatch, checkpoints
from bench.figures import Anchor, Line
from bench.kafka import Kafka
from bench.peers.naive import NaiveLoop
from bench.profiling import profile_core
from bench.sections import core, memory, on_kafka, scaling
from bench.stream import Shape, records, values
from tests.kafka_broker import RunningKafka

ROOT = Path(__file__).parents[2]


@pytest.mark.kafka
@pytest.mark.slow
def test_a_quick_run_prints_every_line_and_the_ratio_to_the_floor(kafka: RunningKafka) -> None:
    shown = _shown("core,kafka", kafka.bootstrap)
    steps = [step for step in STEPS if step != "publish"]
    mine = [
        core.FLOOR,
        core.KEPT,
        core.NAIVE,
        *steps,
        core.WHOLE,
        on_kafka.FLOOR,
        on_kafka.NAIVE,
        on_kafka.OURS,
    ]
    for name in mine:
        assert len(shown[name]) == 4, name
        assert min(float(cell.replace(",", "")) for cell in shown[name]) > 0, name


@pytest.mark.kafka
@pytest.mark.slow
def test_alarms_are_timed_from_the_record_that_raised_them(kafka: RunningKafka) -> None:
    shown = _shown("latency", kafka.bootstrap)
    assert int(shown["alarms"][0]) >= 50
    assert 0 < float(shown["p50, s"][0]) <= float(shown["p99, s"][0]) <= float(shown["longest, s"][0])


def _shown(sections: str, bootstrap: str) -> Mapping[str, list[str]]:
    """The lines of the tables of a quick run."""
    command = [sys.executable, "-m", "bench", "--quick", "--only", sections, "--bootstrap", bootstrap]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=280)
    assert done.returncode == 0, done.stderr
    lines = re.findall(r"^\| (.*?) +\|(.*)\|$", done.stdout, re.MULTILINE)
    return {name.strip(): [cell.strip() for cell in rest.split("|")] for name, rest in lines}


def test_the_profile_names_functions_of_every_step() -> None:
    profile = profile_core(records(5_000))
    assert list(profile) == list(STEPS)
    assert any("shape" in hot.name for hot in profile["decode"])
    assert all(0 <= hot.own <= hot.total + 1e-6 for hots in profile.values() for hot in hots)


def test_the_stream_is_dealt_out_in_turn_and_is_the_same_every_time() -> None:
    shape = Shape(models=3, partitions=2, features=4, note=5)
    first, again = records(2_001, shape), records(2_001, shape)
    assert first == again
    assert [len(dealt) for dealt in first.values()] == [1_001, 1_000]
    events = [orjson.loads(value) for _, _, value in values(7, shape)]
    assert [event["model"] for event in events] == [*shape.names(), *shape.names(), shape.names()[0]]
    assert {len(event["features"]) for event in events} == {4}
    assert {event["note"] for event in events} == {"xxxxx"}


def test_the_core_observes_every_row_whatever_the_shape_and_the_setting() -> None:
    shape, setting = Shape(models=3, partitions=4, features=2), Setting(poll=100, checkpoint=300)
    core_run = Core(Stopwatch(), shape, setting)
    core_run.run(checkpoints(records(1_234, shape), setting))
    assert core_run.rows == 1_234


def test_the_naive_loop_finds_the_features_that_shift() -> None:
    loop = NaiveLoop()
    found = {name for _, name in loop.take(value for _, _, value in values(4_000, Shape(features=6)))}
    assert {"f00", "f01", "f02"} <= found
    assert loop.alarms >= 3


def test_ratios_are_of_one_repeat_and_their_median_is_shown() -> None:
    floor = Line(name="floor", cpu=[1_000.0, 2_000.0, 3_000.0], per_second=500.0)
    whole = Line(name="whole", cpu=[2_000.0, 12_000.0, 9_000.0])
    _, _, *rows = figures.compared([floor, whole], [Anchor(name="floor", head="× floor")]).splitlines()
    cells = [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]
    assert cells == [["floor", "500", "2,000", "1.00"], ["whole", "111", "9,000", "3.00"]]


def test_the_long_stream_goes_on_in_time_and_repeats_no_position() -> None:
    batches = list(memory.polls(50_000))
    taken = [(source, record) for polls in batches for source, polled in polls for record in polled]
    assert len(taken) == 50_000
    assert len({(source, record.offset) for source, record in taken}) == 50_000
    assert len({orjson.loads(record.value or b"")["time"] for _, record in taken}) == 50_000


def test_every_size_is_held_against_its_base(capsys: pytest.CaptureFixture[str]) -> None:
    with Kafka("nowhere:1") as kafka:
        asked = Asked(events=10_000, repeats=1, quick=True, kafka=kafka)
    every = list(scaling.cases(asked))
    assert {(case.axis, case.size) for case in every} >= {("features", 20), ("features", 1_000)}
    assert all(case.rows == case.base.rows for case in every)


def test_a_section_is_written_between_its_marks_and_nothing_else_changes(tmp_path: Path) -> None:
    path = tmp_path / "report.md"
    one, other = report.marks("core"), report.marks("kafka")
    path.write_text(f"before\n{one[0]}\nold\n{one[1]}\nbetween\n{other[0]}\nkept\n{other[1]}\nafter\n")
    report.write("core", "| new |", "python -m bench --write", path)
    text = path.read_text()
    assert "| new |" in text
    assert "old" not in text
    assert text.startswith("before\n")
    assert text.endswith(f"between\n{other[0]}\nkept\n{other[1]}\nafter\n")
    with pytest.raises(ValueError, match="no place for memory"):
        report.write("memory", "", "", path)


@pytest.mark.parametrize("name", sorted(bench.SECTIONS))
def test_the_report_has_a_place_for_every_section(name: str) -> None:
    text = report.REPORT.read_text(encoding="utf-8")
    assert all(text.count(mark) == 1 for mark in report.marks(name))


@pytest.mark.parametrize(
    "arguments", [["--events", "10"], ["--repeats", "0"], ["--write", "--quick"], ["--only", "nothing"]]
)
def test_what_cannot_be_measured_is_refused(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        bench.main(arguments)
    assert ended.value.code == 2
    assert "error:" in capsys.readouterr().err


def test_what_waits_for_labels_is_measured_in_a_small_size() -> None:
    measured = dict(join.measure(10_000))
    assert measured["predictions that wait (class, probability; ids are UUIDs)"] == "10,000"
    assert sum("checkpoint" in what for what in measured) == 3
    # In a process that did much before, memory may shrink meanwhile: only the benchmark has one of its own.
    assert all(re.match(r"-?[\d.,]+", said) for said in measured.values())
    assert join.table([("a", "1")]).endswith("| a | 1 |")
