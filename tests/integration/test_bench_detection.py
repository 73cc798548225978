"""The harness of the detection benchmark marks as it says."""

import math
import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
import pytest
from river.drift import ADWIN

from bench.detection import __main__ as bench
from bench.detection import figures, monitors, runs, sections, streams
from bench.detection.datasets import Real, naive_bayes
from bench.detection.figures import Point
from bench.detection.injected import HORIZON, information, is_findable
from bench.detection.monitors import Part
from bench.detection.scoring import Score, geometric_mean, lower_limit, poisson_interval
from bench.detection.sections import Measured, Size
from stream_monitor.core.detector import Kind


def test_the_first_alarm_in_a_window_is_the_detection_and_others_are_repeats_or_false() -> None:
    score = Score()
    score.add([99, 100, 150, 199, 200, 480, 650], [100, 450, 500], range(700), 100)
    assert (score.changes, score.window, score.stationary) == (3, 100 + 50 + 100, 450)
    assert score.delays == [1, 31]  # nothing is credited before a change, and the last one was missed
    assert score.repeats == 2
    assert score.false_alarms == 3  # before, between, and behind the last window
    assert score.restricted_delay == pytest.approx((1 + 31 + 100) / 3)
    assert score.recall == pytest.approx(2 / 3)
    assert score.f1 == pytest.approx(2 * 2 / (3 + 2 + 3))


def test_chance_and_skill_tell_a_flood_from_a_detection() -> None:
    flood, good = Score(), Score()
    for at in range(50):
        flood.add(range(at, 2_000, 70), [1_000], range(2_000), 500)
        good.add([1_030], [1_000], range(2_000), 500)
    assert flood.recall == good.recall == 1.0
    assert flood.chance > 0.99
    assert good.chance == 0.0
    assert good.skill == 1.0


def test_intervals_are_exact() -> None:
    assert poisson_interval(0) == pytest.approx((0.0, 3.689), abs=1e-3)
    assert poisson_interval(10) == pytest.approx((4.795, 18.390), abs=1e-3)
    assert lower_limit(0, 1) == 0.0
    assert lower_limit(10, 1) == pytest.approx(5.425, abs=1e-3)
    assert lower_limit(10, 30) < lower_limit(10, 1)
    assert geometric_mean([1.0, 4.0]) == pytest.approx(2.0)
    assert math.isnan(geometric_mean([]))


def test_the_oracle_is_shiryaev_roberts_with_the_true_densities() -> None:
    change = next(one for one in streams.CHANGES if one.name == "mean +1 sd")
    columns, starts = runs.drawn(change, 3, 5)
    score = runs.oracle_delays(change, 3, 5, 1e5)
    evidence, delays = 0.0, []
    for column, start in zip(columns, starts, strict=True):
        evidence = 0.0
        for at, value in enumerate(column.tolist()):
            evidence = (evidence + 1) * math.exp(value - 0.5)
            if evidence >= 1e5 and at >= start:
                delays.append(at - start + 1)
                break
            evidence = evidence if evidence < 1e5 else 0.0
    assert score.delays == delays


@pytest.mark.parametrize(
    "monitor", [*monitors.STANDARD[:6], *monitors.STANDARD[6:]], ids=lambda one: one.name
)
def test_every_monitor_says_the_same_however_streams_are_cut(monitor: monitors.Monitor) -> None:
    random = np.random.default_rng(1)
    columns = random.normal(size=(3, 3_000))
    columns[:, 2_000:] += 4.0
    whole = runs.alarms_of(monitor, columns, None, Kind.NUMERIC)
    session = monitor.begin(3, Kind.NUMERIC)
    parts: list[list[int]] = [[], [], []]
    for start, end in ((0, 700), (700, 701), (701, 2_222), (2_222, 3_000)):
        for stream, rows in session.feed(Part(range(3), columns[:, start:end], start, None)).items():
            parts[stream] += rows
    assert parts == whole
    if monitor.name not in {"never", "periodic"}:
        assert all(any(2_000 <= at < 3_000 for at in rows) for rows in whole)


def test_the_adwin_of_an_afternoon_is_that_of_river_value_by_value() -> None:
    monitor = next(one for one in monitors.STANDARD if one.name == "ADWIN")
    values = np.random.default_rng(1).normal(size=(1, 5_000)) + np.repeat(
        [0.0, 1.0, 0.0], [2_000, 1_000, 2_000]
    )
    plain, expected = ADWIN(), []  # type: ignore[no-untyped-call]  # river
    for at, value in enumerate(values[0].tolist()):
        plain.update(value)  # type: ignore[no-untyped-call]  # river
        if plain.drift_detected:
            expected.append(at)
    assert runs.alarms_of(monitor, values, None, Kind.NUMERIC) == [expected]
    assert len(expected) >= 2


def test_ratios_of_densities_average_to_one_before_the_change() -> None:
    random = np.random.default_rng(2)
    for change in streams.CHANGES:
        if change.ratio is not None and change.group != "small mean":
            values = change.before.draw(random, 200_000)
            assert np.exp(change.ratio(values)).mean() == pytest.approx(1.0, abs=0.1), change.name


def test_who_knows_how_a_series_moves_finds_what_its_errors_show() -> None:
    """A shift of δ leaves δ (1 - φ) in the errors of an autoregression: known in closed form."""
    random, n = np.random.default_rng(4), 20_000
    times = np.arange(n) * 86_400_000
    for phi in (0.0, 0.8):
        noise, values = random.normal(size=n), np.zeros(n)
        for at in range(1, n):
            values[at] = phi * values[at - 1] + noise[at]
        expected = HORIZON * (0.5 * values.std() * (1.0 - phi)) ** 2 / 2.0
        one = Real(name="x", values=values, times=times)
        assert information(one, 0.5) == pytest.approx(expected, rel=0.25)
        assert is_findable(one, 0.5)
        assert not is_findable(one, 0.05)
    assert information(Real(name="x", values=np.ones(n), times=times), 0.5) == 0.0


def test_naive_bayes_separates_what_is_separate() -> None:
    random = np.random.default_rng(3)
    labels = (random.random(2_000) < 0.5).astype(np.float64)
    features = random.normal(size=(2_000, 2)) + 4.0 * labels[:, None]
    guess = naive_bayes(features[:1_000], labels[:1_000], features[1_000:])
    assert (guess == labels[1_000:]).mean() > 0.98


def test_the_plot_is_a_picture_of_every_point() -> None:
    points = [Point("a", "one", 0.0, 2.0), Point("b & c", "one", 3.0, 1.5), Point("d", "two", 400.0, 30.0)]
    picture = ET.fromstring(figures.plot(points, 1.0))
    assert len(picture.findall("{*}circle")) == 3
    assert "b & c" in [text.text for text in picture.findall("{*}text")]


def test_tables_are_made_of_the_smallest_size() -> None:
    size = Size(values=2_000, dependent=2_000, trials=2, per_budget=0.1, most=2_000, wide=4_000, drawn=3)
    measured = Measured()
    shown = sections.budgets(size, measured)
    assert shown.count("\n") == 7
    assert "1 per 100,000" in shown


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        bench.main(["--datasets", str(tmp_path / "none")])
    assert "no folder" in capsys.readouterr().err
