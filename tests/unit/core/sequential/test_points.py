"""A stream of points, next to the same thing written down value by value."""

import math
from collections.abc import Sequence

import numpy as np
import pytest

from stream_monitor.core.detector import FloatArray
from stream_monitor.core.sequential.autocorrelation import LAGS, is_white, sums_of
from stream_monitor.core.sequential.bank import REFRESH
from stream_monitor.core.sequential.bets import shifted
from stream_monitor.core.sequential.points import BINS, DELAY, LEARN, RECHECK, Points

ROW = np.zeros(1, np.intp)


def _pushed(values: Sequence[float], weight: float = 1.0) -> tuple[Points, list[float]]:
    points = Points(1)
    shown = []
    for value in values:
        points.push(ROW, np.array([value]), np.array([weight]))
        shown.append(float(points.statistic(ROW)[0]))
    return points, shown


def _plain(values: FloatArray) -> list[float]:
    """Conformal Shiryaev–Roberts on ranks among the first LEARN and the urn since, weight 1, whatever its whiteness."""
    first = sorted(values[:LEARN])
    ranks = [round(k * (LEARN + 1) / BINS) for k in range(1, BINS)]
    edges = [first[rank - 1] for rank in ranks]
    urn = np.diff([0, *ranks, LEARN + 1]).astype(float)
    seen, evidence = urn.copy(), np.zeros(10)
    shown = [0.0] * LEARN
    for value in values[LEARN:]:
        if urn.sum() >= REFRESH * seen.sum():
            seen = urn.copy()
        at = sum(value > edge for edge in edges)
        q = np.exp(shifted(seen[None] / seen.sum()))[0, :, at]
        evidence = (evidence + 1.0) * q / (urn[at] / urn.sum())
        urn[at] += 1
        shown.append(float(evidence.mean()))
    return shown


def _white(values: FloatArray) -> bool:
    return bool(is_white(sums_of(values[None, LAGS:], values[None, :LAGS]))[0])


def test_white_points_are_tested_as_written_down() -> None:
    values = np.random.default_rng(5).normal(size=300)
    points, shown = _pushed(values.tolist())
    assert points.white[0]
    assert shown == pytest.approx(_plain(values))


def test_expected_evidence_is_the_weight_put_in() -> None:
    """Over many streams: E[M] = Σ w while few points are there and one alarm cannot hide the rest."""
    streams, n = 20_000, 5
    random = np.random.default_rng(6)
    points, rows = Points(streams), np.arange(streams)
    for _ in range(LEARN + n):
        points.push(rows, random.standard_cauchy(streams), np.full(streams, 0.5))
    shown = np.where(points.white, points.statistic(rows), np.nan)
    error = float(np.nanstd(shown)) / math.sqrt(streams)
    assert np.nanmean(shown) == pytest.approx(0.5 * n, abs=5 * error)
    assert error < 0.05


def test_a_shift_is_found_and_autocorrelation_is_not_one() -> None:
    random = np.random.default_rng(7)
    noise = random.normal(size=400)
    _, shown = _pushed((noise + 1.5 * (np.arange(400) >= 200)).tolist())
    assert max(shown[:200]) < 1e3
    assert shown[225] > 1e6  # before the gate sees what it does to the autocorrelation
    walk = np.zeros(2_000)
    for at in range(1, 2_000):
        walk[at] = 0.9 * walk[at - 1] + random.normal()
    points, shown = _pushed(walk.tolist())
    assert not points.white[0]
    assert shown[-1] == 0.0


def test_the_gate_sees_the_past_without_the_last_points_at_growing_distances() -> None:
    random = np.random.default_rng(8)
    values = random.normal(size=200)
    values[100:] = np.sin(np.arange(100) / 4) * 3
    looks, due = [], int(LEARN * RECHECK)
    for number in range(LEARN + 1, 201):
        if number >= due:
            due = math.ceil(number * RECHECK)
            looks.append(number)
    states = []
    points = Points(1)
    for number, value in enumerate(values.tolist(), 1):
        points.push(ROW, np.array([value]), np.ones(1))
        if number in looks:
            states.append(bool(points.white[0]))
    past = [values[: max(0, number - DELAY)] for number in looks]
    expected = [_white(seen) if len(seen) - LAGS >= LEARN else _white(values[:LEARN]) for seen in past]
    assert states == expected
    assert {True, False} == set(states)


def test_streams_side_by_side_are_as_alone_and_restart_alone() -> None:
    random = np.random.default_rng(9)
    together, alone = Points(3), [Points(1) for _ in range(3)]
    for step in range(150):
        rows = np.flatnonzero(random.random(3) < 0.8)
        values, weights = random.normal(size=len(rows)), random.random(len(rows))
        if len(rows) == 0:
            continue
        together.push(rows, values, weights)
        for row, value, weight in zip(rows, values, weights, strict=True):
            alone[row].push(ROW, np.array([value]), np.array([weight]))
        if step == 90:
            together.restart(np.array([1]))
            alone[1].restart(ROW)
    for at, one in enumerate(alone):
        for name in Points.ARRAYS:
            assert getattr(together, name)[at].tobytes() == getattr(one, name)[0].tobytes(), name
