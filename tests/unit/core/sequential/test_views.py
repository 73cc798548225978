"""What reaches the streams of points: block means and squares of four views at three scales, and what each is worth."""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pytest
from numpy.typing import NDArray

from stream_monitor.core.detector import FloatArray
from stream_monitor.core.errors import CorruptState
from stream_monitor.core.fields import Fields
from stream_monitor.core.sequential.residuals import WARM, Residuals
from stream_monitor.core.sequential.views import SCALES, STREAMS, VIEWS, Views

ROW = np.zeros(1, np.intp)
BLOCK = 8


@contextmanager
def _recorded(views: Views) -> Iterator[dict[int, list[tuple[float, float]]]]:
    """(point, weight) of every stream, as they come."""
    seen: dict[int, list[tuple[float, float]]] = {stream: [] for stream in range(STREAMS)}

    def push(rows: NDArray[np.intp], points: FloatArray, weights: FloatArray) -> None:
        for row, point, weight in zip(rows.tolist(), points.tolist(), weights.tolist(), strict=True):
            seen[row].append((point, weight))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(views.points, "push", push)
        yield seen


def _stream(view: int, scale: int, statistic: int) -> int:
    return (view * len(SCALES) + scale) * 2 + statistic


def test_means_squares_and_weights_of_every_scale() -> None:
    random = np.random.default_rng(1)
    scores, weights = random.normal(size=(70, BLOCK)), random.random(70)
    views = Views(0)
    views.add()
    with _recorded(views) as seen:
        for at in range(70):
            views.push(ROW, scores[at : at + 1], np.zeros(1, np.int64), np.full(1, 0.5), weights[at : at + 1])
    for place, scale in enumerate(SCALES):
        whole = len(scores) // scale * scale
        for statistic, values in enumerate((scores, scores**2)):
            points, worth = np.array(seen[_stream(0, place, statistic)]).T
            assert points == pytest.approx(values[:whole].reshape(-1, scale * BLOCK).mean(axis=1))
            # The budget of a scaled point is that of all its blocks, not of its last one times the scale.
            assert worth == pytest.approx(weights[:whole].reshape(-1, scale).sum(axis=1))


def test_residuals_join_when_they_are_warm_and_are_those_of_block_means() -> None:
    random = np.random.default_rng(2)
    scores = random.normal(size=(60, BLOCK))
    views, alone = Views(0), Residuals(1)
    views.add()
    with _recorded(views) as seen:
        for at in range(60):
            views.push(ROW, scores[at : at + 1], np.zeros(1, np.int64), np.full(1, 0.5), np.ones(1))
    errors = [float(alone.push(ROW, mean[None])[0]) for mean in scores.mean(axis=1)]
    assert [point for point, _ in seen[_stream(1, 0, 0)]] == pytest.approx(errors[WARM:])
    assert [point for point, _ in seen[_stream(1, 0, 1)]] == pytest.approx(np.square(errors[WARM:]), abs=1e-9)


def test_what_is_usual_for_the_hour_is_taken_off() -> None:
    random = np.random.default_rng(3)
    hours = np.arange(400) // 2 % 24
    scores = random.normal(size=(400, BLOCK)) + 5.0 * np.sin(hours / 4)[:, None]
    views = Views(0)
    views.add()
    with _recorded(views) as seen:
        for at in range(400):
            views.push(ROW, scores[at : at + 1], hours[at : at + 1], np.full(1, 0.5), np.ones(1))
    assert len(seen[_stream(2, 0, 0)]) == 400 - 3 * 48  # three visits of two blocks come first
    assert np.std([point for point, _ in seen[_stream(2, 0, 0)]]) < 0.5
    assert np.std([point for point, _ in seen[_stream(0, 0, 0)]]) > 2.0
    last = len(seen[_stream(3, 0, 0)])
    assert last == 400 - 3 * 48 - WARM


def test_squares_of_what_is_left_are_of_the_single_scores() -> None:
    random = np.random.default_rng(4)
    hours = np.arange(400) // 2 % 24
    scores = random.normal(size=(400, BLOCK))
    views = Views(0)
    views.add()
    with _recorded(views) as seen:
        for at in range(400):
            views.push(ROW, scores[at : at + 1], hours[at : at + 1], np.full(1, 0.5), np.ones(1))
    left = np.array([point for point, _ in seen[_stream(2, 0, 0)]])
    usual = scores[-len(left) :].mean(axis=1) - left
    squares = ((scores[-len(left) :] - usual[:, None]) ** 2).mean(axis=1)
    assert [point for point, _ in seen[_stream(2, 0, 1)]] == pytest.approx(squares, abs=1e-8)


def test_evidence_is_the_largest_weighted_one_and_the_weights_are_a_partition() -> None:
    views = Views(0)
    views.add()
    for stream in range(STREAMS):
        views.points.evidence[:] = 0.0
        views.points.evidence[stream] = 8.0
        one = views.statistic(ROW)[0]
        assert one == pytest.approx(8.0 * _weight(stream))
    views.points.evidence[:] = 8.0
    assert views.statistic(ROW)[0] == pytest.approx(8.0 * _weight(0))
    assert sum(map(_weight, range(STREAMS))) == pytest.approx(1.0)


def _weight(stream: int) -> float:
    view, scale = divmod(stream // 2, len(SCALES))
    return (0.5, 0.25, 0.125, 0.125)[view] * (0.4, 0.3, 0.3)[scale] / 2


def test_restart_forgets_one_series_and_only_that() -> None:
    random = np.random.default_rng(5)
    views = Views(0)
    for _ in range(2):
        views.add()
    for at in range(50):
        phases = np.full(2, at % 24)
        views.push(np.arange(2), random.normal(size=(2, BLOCK)), phases, random.random(2), np.ones(2))
    kept = views.dump(1)
    views.restart(0)
    assert views.dump(1) == kept
    fresh = Views(0)
    fresh.add()
    assert views.active(0).tolist() == fresh.active(0).tolist() == [[False] * len(SCALES)] * VIEWS
    own = fresh.dump(0)["own"]
    assert views.dump(0)["own"] == own


@pytest.mark.parametrize("part", ["urn", "seen"])
def test_an_urn_without_a_place_is_refused(part: str) -> None:
    views = Views(0)
    views.add()
    plain = views.dump(0)
    points = plain["points"]
    assert isinstance(points, dict)
    points[part] = bytes(len(points[part]))
    with pytest.raises(CorruptState, match="points"):
        views.load(0, Fields(plain, "views"))
