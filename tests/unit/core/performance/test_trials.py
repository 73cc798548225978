"""What was estimated before labels came is held against them: which predictions, by which calibration, when, and what is said."""

from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from stream_monitor.core.errors import CorruptState
from stream_monitor.core.performance.calibration import Calibration, Curve
from stream_monitor.core.performance.expectation import expectation_of, expected_figures
from stream_monitor.core.performance.figures import figures_of
from stream_monitor.core.performance.pairs import Pairs
from stream_monitor.core.performance.task import Task, TaskKind
from stream_monitor.core.performance.trials import KEPT, LENGTH, WAITING, Due, Scores, Trials
from tests.unit.core.performance.test_calibration import BINARY, pairs_of

HOUR = 3_600_000


def calibration(rates: tuple[float, float] = (0.0, 1.0)) -> Calibration:
    curve = Curve(scores=(0.0, 1.0), rates=rates, sizes=(50_000, 50_000))
    return Calibration(classes=("a",), curves=(curve,), pairs=100_000)


EXACT = calibration()


def due(clock: int = 10 * HOUR, *, after: int = HOUR, wait: int = 24 * HOUR, coverage: float = 0.5) -> Due:
    return Due(clock=clock, after=after, wait=wait, coverage=coverage)


def begun(n: int = LENGTH, *, first: int = 100, known: Calibration = EXACT) -> Trials:
    """Trials that have seen n predictions at the rows from `first` on, one a millisecond."""
    trials = Trials(BINARY)
    see(trials, n, first=first, known=known)
    return trials


def see(trials: Trials, n: int, *, first: int, known: Calibration = EXACT) -> None:
    rows = np.arange(first, first + n)
    trials.see(rows, rows, [(-1, known)])


def label(trials: Trials, pairs: Pairs, *, first: int = 100) -> None:
    trials.learn(pairs, np.arange(first, first + len(pairs)))
    trials.match()


def tried(outcomes: int, known: Calibration = EXACT) -> Scores:
    """The scores of so many trials, their labels drawn from the model's own probabilities."""
    trials = Trials(BINARY)
    for at in range(outcomes):
        first = 100 + at * LENGTH
        see(trials, LENGTH, first=first, known=known)
        label(trials, pairs_of(LENGTH, seed=at), first=first)
        trials.settle(due(after=0), BINARY)
    return trials.scores()


def test_the_score_is_of_the_figures_of_the_very_predictions() -> None:
    trials, pairs = begun(), pairs_of(LENGTH)
    short = pairs.probabilities.astype(np.float32).astype(np.float64)
    label(trials, pairs)
    trials.settle(due(), BINARY)
    scores = trials.scores()
    estimated = expected_figures(expectation_of(EXACT, pairs.predicted, short, BINARY))
    realised = figures_of(pairs, BINARY)
    assert scores.scored == 1
    assert set(scores.figures) == {name for name in estimated if ":" not in name}
    for name, score in scores.figures.items():
        assert score.estimated == estimated[name].value
        assert score.realised == pytest.approx(realised[name].value, abs=1e-6)
        assert score.mean_error == score.estimated - score.realised
        assert score.mean_absolute_error == abs(score.mean_error)
        assert (score.trials, score.unreliable) == (1, False)


def test_labels_of_other_predictions_are_no_matter() -> None:
    trials = begun()
    trials.learn(pairs_of(300, seed=8), np.arange(-300, 0))
    trials.learn(pairs_of(300, seed=9), np.arange(100 + LENGTH, 400 + LENGTH))
    trials.match()
    assert trials.dump() == begun().dump()


def test_pairs_without_probabilities_are_no_part_of_a_trial() -> None:
    trials, pairs = begun(), pairs_of(LENGTH)
    label(
        trials,
        Pairs(predicted=pairs.predicted, actual=pairs.actual, probabilities=np.full((LENGTH, 2), np.nan)),
    )
    assert trials.dump() == begun().dump()


def test_the_calibration_is_the_one_before_the_first_prediction() -> None:
    trials, later = Trials(BINARY), calibration((0.4, 0.6))
    rows = np.arange(100, 100 + LENGTH)
    # a calibration told at the row 100 itself may hold that row's own label: it comes too late too
    trials.see(rows, rows, [(7, EXACT), (100, later), (101, later)])
    label(trials, pairs_of(LENGTH))
    trials.settle(due(), BINARY)
    other = begun()
    label(other, pairs_of(LENGTH))
    other.settle(due(), BINARY)
    assert trials.scores() == other.scores()


def test_without_a_calibration_no_trial_begins() -> None:
    trials, rows = Trials(BINARY), np.arange(100)
    trials.see(rows, rows, [])
    assert trials.dump() == Trials(BINARY).dump()
    trials.see(rows, rows, [(40, EXACT)])
    other = Trials(BINARY)
    other.see(rows[41:], rows[41:], [(40, EXACT)])
    assert trials.dump() == other.dump()


@pytest.mark.parametrize(
    ("labelled", "clock", "coverage", "scored"),
    [
        (LENGTH, 0, 0.5, 1),  # all labels are there: it need not grow old
        (LENGTH - 1, 0, 0.5, 0),
        (LENGTH // 2, 10 * HOUR, 0.5, 1),
        (LENGTH // 2 - 1, 10 * HOUR, 0.5, 0),
        (LENGTH // 4, 10 * HOUR, 0.0, 1),
        (LENGTH // 4 - 1, 10 * HOUR, 0.0, 0),
    ],
)
def test_labels_must_cover_enough_of_a_trial(labelled: int, clock: int, coverage: float, scored: int) -> None:
    trials = begun()
    label(trials, pairs_of(LENGTH).take(slice(labelled)))
    trials.settle(due(clock, coverage=coverage), BINARY)
    assert trials.scores().scored == scored


def test_a_trial_without_labels_is_given_up_and_counted() -> None:
    trials = begun()
    last = 100 + LENGTH - 1
    trials.settle(due(last + 24 * HOUR), BINARY)
    assert trials.scores().unlabelled == 0
    trials.settle(due(last + 24 * HOUR + 1), BINARY)
    assert (trials.scores().unlabelled, trials.scores().scored) == (1, 0)


def test_few_wait_at_a_time_and_those_behind_are_not_tried() -> None:
    trials = begun(20 * LENGTH)
    full = begun(WAITING * LENGTH)
    assert trials.dump() == full.dump()


def test_where_labels_come_late_trials_begin_far_apart() -> None:
    trials = Trials(BINARY)
    trials.settle(due(after=40_000), BINARY)
    see(trials, 100_000, first=0)
    begins = [trial["first"] for trial in trials.dump()["trials"]]  # type: ignore[call-overload,index,union-attr]  # plain values of a dump
    assert begins == [at * 5_000 for at in range(8)]


def test_estimates_that_keep_their_promise_are_reliable() -> None:
    scores = tried(40)
    assert scores.scored == 40
    for score in scores.figures.values():
        assert score.trials == KEPT
        assert score.inside >= 0.75
        assert not score.unreliable


@pytest.mark.parametrize(("outcomes", "unreliable"), [(3, False), (4, True)])
def test_four_in_a_row_outside_are_more_than_chance(outcomes: int, unreliable: bool) -> None:
    scores = tried(outcomes, calibration((0.5, 0.5)))
    accuracy = scores.figures["accuracy"]
    assert accuracy.estimated == pytest.approx(0.5)
    assert accuracy.mean_error < -0.1
    assert accuracy.inside == 0.0
    assert accuracy.unreliable is unreliable


def test_classes_that_come_later_widen_what_is_there() -> None:
    two, three = (Task(kind=TaskKind.MULTICLASS, classes=("a", "b", "c")[:n]) for n in (2, 3))
    trials, rows = Trials(two), np.arange(256)
    known = Calibration(classes=("a",), curves=EXACT.curves, pairs=1_000)
    trials.see(rows, rows, [(-1, known)])
    label(trials, pairs_of(200), first=0)
    table = np.full((56, 3), 1 / 3)
    more = Pairs(predicted=np.full(56, 2.0), actual=np.full(56, 2.0), probabilities=table)
    label(trials, more, first=200)
    assert Trials.load(trials.dump(), three).dump() == trials.dump()
    trials.settle(due(), three)
    right = (pairs_of(200).predicted == pairs_of(200).actual).sum() + 56
    assert trials.scores().figures["accuracy"].realised == right / 256


def test_regression_is_not_tried() -> None:
    trials = Trials(Task(kind=TaskKind.REGRESSION))
    pairs = Pairs(predicted=np.zeros(9), actual=np.zeros(9), probabilities=np.zeros((9, 0)))
    label(trials, pairs)
    trials.settle(due(), Task(kind=TaskKind.REGRESSION))
    assert trials.scores() == Scores(scored=0, unlabelled=0, figures={})


def full() -> Trials:
    """One trial scored, one that waits for labels, one that is being filled."""
    trials = begun()
    label(trials, pairs_of(LENGTH))
    trials.settle(due(after=0), BINARY)
    see(trials, LENGTH + 9, first=2_000)
    label(trials, pairs_of(200), first=2_000)
    return trials


def test_trials_are_themselves_again() -> None:
    trials = full()
    again = Trials.load(trials.dump(), BINARY)
    assert again.dump() == trials.dump()
    assert again.scores() == trials.scores()
    for one in (trials, again):
        label(one, pairs_of(300, seed=5), first=2_200)
        one.settle(due(), BINARY)
    assert again.scores() == trials.scores()
    assert again.scores().scored == 2


@pytest.mark.parametrize("cuts", [[1], [700, 701, 1_400], list(range(37, 3_000, 371))])
def test_cuts_change_no_bit(cuts: list[int]) -> None:
    n, pairs = 3_000, pairs_of(3_000)
    whole = Trials(BINARY)
    for trials, ends in ((whole, [0, n]), (cut := Trials(BINARY), [0, *cuts, n])):
        for first, end in pairwise(ends):
            rows = np.arange(first, end)
            came = slice(max(0, first - 50), max(0, end - 50))  # labels come 50 rows after their prediction
            trials.learn(pairs.take(came), np.arange(n)[came])
            trials.see(rows, rows, [(-1, EXACT)])
            trials.match()
    assert cut.dump() == whole.dump()
    whole.settle(due(after=0), BINARY)
    assert whole.scores().scored == (n - 50) // LENGTH


def changed(**fields: Any) -> dict[str, Any]:
    return {**full().dump(), **fields}


def with_trial(**fields: Any) -> dict[str, Any]:
    plain: Any = full().dump()
    return {**plain, "trials": [{**plain["trials"][0], **fields}]}


@pytest.mark.parametrize(
    "plain",
    [
        None,
        {},
        changed(apart=-1),
        changed(scored=0),
        changed(kept={"figures": {"accuracy": []}}),
        changed(kept={"figures": {"accuracy": [{"estimated": 1.0}]}}),
        changed(trials=[{}]),
        changed(trials=[*full().dump()["trials"]] * 3),  # type: ignore[misc]  # plain values of a dump
        changed(trials=[*full().dump()["trials"]][::-1]),  # type: ignore[misc]  # plain values of a dump
        with_trial(predictions=0),
        with_trial(predictions=LENGTH + 1),
        with_trial(predicted=b"\x00" * 3),
        with_trial(actual=b"\x02" * 200),
        with_trial(width=3),
        with_trial(width=0),
        with_trial(probabilities=np.full((200, 2), 1.5, np.float32).tobytes()),
        with_trial(last=3),
        with_trial(calibration=Calibration(classes=("b",), curves=EXACT.curves, pairs=1).to_plain()),
    ],
)
def test_nonsense_is_corrupt(plain: Any) -> None:
    with pytest.raises(CorruptState):
        Trials.load(plain, BINARY)
