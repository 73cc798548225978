"""The benchmark runs and says what it promises; how fast is no test."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from bench import __main__ as bench
from bench import figures, join
from bench.core_path import FLOOR, STEPS
from bench.profiling import profile_core
from bench.reader import Cost
from bench.stream import PARTITIONS, records
from tests.kafka_broker import RunningKafka

ROOT = Path(__file__).parents[2]


@pytest.mark.kafka
@pytest.mark.slow
def test_a_quick_run_prints_every_step_and_the_ratio_to_the_floor(kafka: RunningKafka) -> None:
    command = [sys.executable, "-m", "bench", "--quick", "--bootstrap", kafka.bootstrap]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=240)
    assert done.returncode == 0, done.stderr
    lines = {
        name.strip(): rest for name, rest in re.findall(r"^\| (.*?) \|(.*)\|$", done.stdout, re.MULTILINE)
    }
    wanted = [FLOOR, *STEPS[:-1], figures.WHOLE, figures.KAFKA_FLOOR, figures.KAFKA_WHOLE]
    for name in wanted:
        per_second, cpu, ratio = (float(cell.replace(",", "")) for cell in lines[name].split("|"))
        assert min(per_second, cpu, ratio) > 0, name


def test_the_profile_names_functions_of_every_step() -> None:
    profile = profile_core(records(5_000))
    assert list(profile) == list(STEPS)
    assert any("shape" in hot.name for hot in profile["decode"])
    assert all(0 <= hot.own <= hot.total + 1e-6 for hots in profile.values() for hot in hots)


def test_the_stream_is_dealt_out_in_turn_and_is_the_same_every_time() -> None:
    first, again = records(2_001), records(2_001)
    assert first == again
    assert [len(dealt) for dealt in first.values()] == [1_001, 1_000]
    assert len(first) == PARTITIONS


def test_ratios_are_of_one_repeat_and_their_median_is_shown() -> None:
    pairs = [
        (_cost(cpu=1.0, wall=2.0), _cost(cpu=2.0, wall=4.0)),
        (_cost(cpu=2.0, wall=2.0), _cost(cpu=12.0, wall=4.0)),
        (_cost(cpu=3.0, wall=2.0), _cost(cpu=9.0, wall=4.0)),
    ]
    floor, monitor = figures.kafka_lines(pairs)
    assert floor.cells() == (figures.KAFKA_FLOOR, "500", "2000.00", "1.0")
    assert monitor.cells() == (figures.KAFKA_WHOLE, "250", "9000.00", "3.0")


@pytest.mark.parametrize("arguments", [["--events", "10"], ["--repeats", "0"], ["--write", "--no-kafka"]])
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


def _cost(*, cpu: float, wall: float) -> Cost:
    return Cost(events=1_000, cpu_seconds=cpu, wall_seconds=wall)
