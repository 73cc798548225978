"""When a detection counts, when it is called worse and when it is over: a series of blocks with chosen means."""

from collections.abc import Mapping, Sequence

import numpy as np
import pytest

from stream_monitor.core.drift import Drift, Fired
from stream_monitor.core.drift_event import Severity
from stream_monitor.core.episode import PATIENCE, RECENT, aged, lasting
from stream_monitor.core.errors import CorruptState
from stream_monitor.core.measure import blocks_since_shift, mean_effect
from stream_monitor.core.parameters import DetectorChoice
from stream_monitor.core.reference import learn_numeric
from stream_monitor.core.series import SeriesKey, Transition
from stream_monitor.core.standardise import Lens
from stream_monitor.core.watch import TEST, watches_of
from stream_monitor.core.window import BLOCK, LENGTH, Summary, Sums, Window
from stream_monitor.detectors import registry

LENS = Lens(learn_numeric(np.random.default_rng(1).normal(size=2_000), unusable=0))
WATCHES = watches_of(
    SeriesKey("x", None), LENS, [DetectorChoice(id="adwin"), DetectorChoice(id="kswin")], registry.installed()
)
WITNESSES = tuple(watch.witness for watch in WATCHES)
VALUE, DEVIATION = WITNESSES[0], WITNESSES[1]
TOLERANCE = 0.3


def window_of(means: Sequence[float], *, counts: Mapping[int, int] | None = None) -> Window:
    """Blocks whose `value` view has these means; `counts` of the bins of each (all in the middle if absent)."""
    blocks = np.arange(len(means))
    tally = np.array(LENS.reference.counts, np.float64)
    bins = np.tile(np.round(tally / tally.sum() * BLOCK), (len(means), 1)).astype(np.uint8)
    for at, n in (counts or {}).items():
        bins[at] = 0
        bins[at, 0] = n
    rows = np.stack([blocks * BLOCK, blocks * BLOCK + BLOCK - 1], axis=1)
    window = Window(bins=LENS.bins, views=2)
    window.extend(
        Summary(
            Sums(
                counts=bins[np.newaxis],
                views=np.stack([np.array(means) * BLOCK, np.zeros(len(means))], axis=1)[np.newaxis],
                moments=np.zeros((1, len(means), 2)),
            ),
            rows=rows,
            times=rows * 10,
            unusable=np.zeros(len(means), np.int64),
        )
    )
    return window


def run(
    drift: Drift, means: Sequence[float], fired: Mapping[int, int], counts: Mapping[int, int] | None = None
) -> list[tuple[int, Transition]]:
    """The transitions by block. fired: blocks in which ADWIN fires on the value, with the length it tells."""
    window, found = window_of(means, counts=counts), []
    for at in range(len(means)):
        signs = [Fired(VALUE, 9.0, 3.0, -(-fired[at] // BLOCK))] if at in fired else []
        decision = drift.decide(LENS, WITNESSES, window, at + 1, signs)
        if decision is not None:
            found.append((at, decision.transition))
    return found


def test_a_detection_counts_only_when_the_effect_reaches_the_tolerance() -> None:
    assert run(Drift(TOLERANCE), [0.0] * 5 + [0.29] * 40, {6: 64}) == []
    assert run(Drift(TOLERANCE), [0.0] * 5 + [0.42] * 2, {6: 64}) == []  # an eighth of doubt after 64 values
    assert run(Drift(TOLERANCE), [0.0] * 5 + [0.43] * 2, {6: 64}) == [(6, Transition.BEGAN)]
    assert run(Drift(TOLERANCE), [0.0] * 5 + [-0.43] * 2, {6: 64}) == [(6, Transition.BEGAN)]
    assert run(Drift(TOLERANCE), [0.0] * 5 + [9.0] * 5, {}) == []


def test_an_early_detection_is_kept_until_the_effect_has_grown() -> None:
    means = [0.0] * 5 + [0.1] * 4 + [1.0] * 30
    assert run(Drift(TOLERANCE), means, {5: 32})[0] == (10, Transition.BEGAN)  # (4·0.1 + 2·1.0) / 6


@pytest.mark.parametrize(("quiet", "found"), [(PATIENCE - 1, True), (PATIENCE + 2, False)])
def test_it_is_kept_only_for_a_while(quiet: int, found: bool) -> None:
    drift = Drift(TOLERANCE)
    assert bool(run(drift, [0.0] * (2 + quiet) + [30.0], {1: 32})) is found
    assert (drift.episode is not None) is found


def test_the_change_is_dated_by_the_likeliest_split_not_by_the_detector() -> None:
    drift = Drift(TOLERANCE)
    run(drift, [0.0] * 10 + [1.0] * 4, {13: 2 * BLOCK})
    assert drift.episode is not None
    assert (drift.episode.change_row, drift.episode.change_time) == (10 * BLOCK, 100 * BLOCK)


def test_a_drift_is_over_when_all_views_have_been_back_inside_half_the_tolerance() -> None:
    means = [0.0] * 5 + [1.0] * 20 + [0.0] * 20
    assert run(Drift(TOLERANCE), means, {7: 64}) == [(7, Transition.BEGAN), (31, Transition.ENDED)]
    halfway = [0.0] * 5 + [1.0] * 20 + [0.16] * 30
    assert run(Drift(TOLERANCE), halfway, {7: 64}) == [(7, Transition.BEGAN)]


def test_it_is_not_over_before_it_has_lasted_for_some_blocks() -> None:
    ((_, first), (ended, last)) = run(Drift(TOLERANCE), [0.0] * 5 + [4.0] + [0.0] * 20, {5: 32})
    assert (first, last) == (Transition.BEGAN, Transition.ENDED)
    assert ended >= 5 + RECENT - 1


def test_it_may_begin_again_after_it_has_ended() -> None:
    means = ([0.0] * 5 + [1.0] * 5 + [0.0] * 12) * 2
    assert [what for _, what in run(Drift(TOLERANCE), means, {6: 64, 28: 64})] == [
        Transition.BEGAN, Transition.ENDED, Transition.BEGAN, Transition.ENDED,
    ]  # fmt: skip


def test_another_detector_or_a_critical_effect_is_a_change_told_once() -> None:
    drift, window = Drift(TOLERANCE), window_of([0.0] * 5 + [1.0] * 30)
    window.views[:, 1] = window.views[:, 0]
    fired = {6: VALUE, 9: VALUE, 11: DEVIATION, 13: DEVIATION}
    found = []
    for at in range(35):
        signs = [Fired(fired[at], 9.0, 3.0, 1)] if at in fired else []
        decision = drift.decide(LENS, WITNESSES, window, at + 1, signs)
        if decision is not None:
            found.append((at, decision.transition, len(decision.finding(SeriesKey("x", None)).evidence)))
    assert found == [(6, Transition.BEGAN, 1), (11, Transition.CHANGED, 2)]


def alarmed(drift: Drift, means: Sequence[float], alarms: Sequence[int]) -> list[tuple[int, Transition]]:
    """The transitions by block. alarms: blocks in which the sequential test alarms."""
    window, found = window_of(means), []
    for at in range(len(means)):
        signs = [Fired(TEST, 2.0, 1.0, 0)] if at in alarms else []
        decision = drift.decide(LENS, (*WITNESSES, TEST), window, at + 1, signs)
        if decision is not None:
            found.append((at, decision.transition))
    return found


def test_an_alarm_of_the_test_is_dated_and_measured_by_what_moved() -> None:
    drift = Drift(TOLERANCE)
    assert alarmed(drift, [0.0] * 10 + [1.0] * 6, [13]) == [(13, Transition.BEGAN)]
    assert drift.episode is not None
    assert (drift.episode.change_row, drift.episode.told) == (10 * BLOCK, 1.0)
    assert alarmed(Drift(TOLERANCE), [0.0] * 10 + [0.25] * 40, [30]) == []


def test_alarms_of_one_drift_are_news_only_when_it_has_grown() -> None:
    means = [0.0] * 10 + [1.0] * 20 + [2.0] * 20
    assert alarmed(Drift(TOLERANCE), means, [13, 20, 28, 40, 45]) == [
        (13, Transition.BEGAN),
        (40, Transition.CHANGED),
    ]


def test_an_alarm_that_comes_after_the_return_is_no_drift() -> None:
    means = [0.0] * 10 + [1.0] * 20 + [0.0] * 40 + [1.0] * 10
    assert alarmed(Drift(TOLERANCE), means, [13, 45, 73]) == [
        (13, Transition.BEGAN),
        (36, Transition.ENDED),
        (73, Transition.BEGAN),
    ]


def test_severity_rises_once_and_only_on_enough_blocks() -> None:
    drift = Drift(TOLERANCE)
    far = dict.fromkeys(range(8, 40), BLOCK)
    found = run(drift, [0.0] * 5 + [1.0] * 35, {6: 64}, counts=far)
    assert found == [(6, Transition.BEGAN), (12, Transition.CHANGED)]
    assert drift.episode is not None
    assert drift.episode.severity is Severity.CRITICAL


def test_a_dump_goes_on_as_the_original() -> None:
    first = Drift(TOLERANCE)
    run(first, [0.0] * 5 + [1.0] * 5, {6: 64, 9: 0})
    other = Drift(TOLERANCE)
    other.load(first.dump(), WITNESSES)
    assert run(first, [1.0] * 5 + [0.0] * 15, {3: 32}) == run(other, [1.0] * 5 + [0.0] * 15, {3: 32})
    assert first.dump() == other.dump()


def test_a_sign_of_a_detector_that_does_not_watch_any_more_is_corrupt() -> None:
    drift = Drift(TOLERANCE)
    run(drift, [0.0] * 5 + [1.0] * 5, {6: 64})
    with pytest.raises(CorruptState, match="witness"):
        Drift(TOLERANCE).load(drift.dump(), WITNESSES[1:])
    with pytest.raises(CorruptState):
        Drift(TOLERANCE).load({"episode": None}, WITNESSES)


# ---------------------------------------------------------------------- the figures of an episode


def test_the_mean_effect_is_of_the_last_blocks_as_far_as_there_are_any() -> None:
    sums = np.array([1.0, 2.0, 3.0]) * BLOCK
    assert (mean_effect(sums, 1), mean_effect(sums, 2), mean_effect(sums, 9)) == (3.0, 2.5, 2.0)


def test_the_split_is_the_one_of_the_largest_likelihood() -> None:
    rng = np.random.default_rng(3)
    for _ in range(50):
        sums = rng.normal(size=int(rng.integers(1, LENGTH + 20))) + 0.3
        scores = [sums[-k:].sum() ** 2 / k for k in range(1, min(len(sums), LENGTH) + 1)]
        assert blocks_since_shift(sums) == int(np.argmax(scores)) + 1


def test_signs_grow_older_and_candidates_are_forgotten() -> None:
    drift = Drift(TOLERANCE)
    run(drift, [0.0, 0.0], {1: 32})
    signs = drift._candidates
    for _ in range(PATIENCE):
        signs = aged(signs)
    assert [(sign.age, sign.blocks) for sign in signs.values()] == [(PATIENCE, PATIENCE + 1)]
    assert aged(signs) == {}
    assert lasting(signs)["adwin/value"].age == PATIENCE + 1
