"""When a version got worse: which drops are told, where they began, and when they are over."""

from collections.abc import Sequence

import numpy as np
import pytest

from stream_monitor.core.decline import LEADS, Declines, watched
from stream_monitor.core.drift_event import Claim, Direction, Severity
from stream_monitor.core.errors import CorruptState
from stream_monitor.core.performance.expected import Expected, from_window, given
from stream_monitor.core.performance.figures import figures_of
from stream_monitor.core.performance.marks import Look
from stream_monitor.core.performance.note import Basis, Span, Verdict
from stream_monitor.core.performance.pairs import Pairs
from stream_monitor.core.performance.task import Task, TaskKind
from stream_monitor.core.series import Finding, SeriesKey, Transition
from stream_monitor.core.window import BLOCK

BINARY = Task(kind=TaskKind.BINARY, classes=("no", "yes"), positive="yes")
NUMBERS = Task(kind=TaskKind.REGRESSION)
PROMISED = given({"accuracy": 0.9})
FIRST_ROW = 10_000


def correct(*blocks: tuple[int, float], seed: int = 1) -> Pairs:
    """Pairs of two classes, even both, without probabilities: numbers of blocks and the share of them that is right."""
    rng = np.random.default_rng(seed)
    actual = rng.integers(0, 2, BLOCK * sum(n for n, _ in blocks)).astype(float)
    right = np.concatenate([rng.random(n * BLOCK) < share for n, share in blocks])
    predicted = np.where(right, actual, 1 - actual)
    return Pairs(predicted=predicted, actual=actual, probabilities=np.full((len(actual), 2), np.nan))


def look_at(
    pairs: Pairs, expected: Expected | None = PROMISED, *, task: Task = BINARY, first: int = 0
) -> Look:
    """Pairs that were completed at every tenth row, the first of them at FIRST_ROW and `first` blocks later."""
    rows = FIRST_ROW + 10 * (first * BLOCK + np.arange(len(pairs)))
    starts = rows[::BLOCK]
    return Look(int(rows[-1]), int(rows[-1]) * 7, pairs, task, expected, starts, starts * 7)


def decided(declines: Declines, looks: Sequence[Look]) -> list[Finding]:
    return [finding for look in looks for finding in declines.decide("7", look)]


def test_a_drop_within_the_tolerance_or_within_chance_is_not_told() -> None:
    assert decided(Declines(0.02), [look_at(correct((64, 0.9)))]) == []
    assert decided(Declines(0.02), [look_at(correct((4, 0.85)))]) == []  # 128 pairs say little
    assert decided(Declines(0.2), [look_at(correct((64, 0.75)))]) == []
    assert decided(Declines(0.02), [look_at(correct((64, 0.5)), None)]) == []


def test_a_drop_beyond_the_tolerance_is_told_with_where_it_began() -> None:
    (finding,) = decided(Declines(0.02), [look_at(correct((44, 0.9), (20, 0.6)))])
    assert finding.series == SeriesKey("performance:accuracy", "7")
    assert finding.transition is Transition.BEGAN
    assert (finding.claim, finding.bounded) == (Claim.DIFFERS, False)
    change = FIRST_ROW + 10 * 44 * BLOCK
    assert abs(finding.change_row - change) <= 20 * BLOCK
    assert finding.change_time == finding.change_row * 7
    assert finding.row == FIRST_ROW + 10 * (64 * BLOCK - 1)
    (evidence,) = finding.evidence
    assert (evidence.view, evidence.direction, evidence.threshold) == ("accuracy", Direction.DOWN, 0.02)
    assert evidence.statistic > 0.02
    assert evidence.effect == finding.effect < 0
    assert (finding.reference.mean, finding.reference.size) == (0.9, 0)
    assert finding.current.size == 64 * BLOCK


def test_the_note_has_the_figure_of_the_window_and_since_the_change() -> None:
    (finding,) = decided(Declines(0.02), [look_at(correct((44, 0.9), (20, 0.6)))])
    note = finding.performance
    assert note is not None
    assert (note.verdict, note.basis) == (Verdict.WORSE, Basis.LABELS)
    window, since = note.figures
    assert (window.span, window.pairs, window.expected) == (Span.WINDOW, 2_048, 0.9)
    assert window.drop is not None
    assert window.drop_low is not None
    assert window.drop == pytest.approx(0.9 - window.value)
    assert window.drop_low < window.drop
    assert (since.span, since.pairs) == (Span.SINCE_CHANGE, (finding.row - finding.change_row) // 10 + 1)
    assert 0.5 < since.value < 0.7


def test_a_version_that_was_never_as_promised_fell_at_the_first_pair_of_its_window() -> None:
    (finding,) = decided(Declines(0.02), [look_at(correct((64, 0.7)))])
    assert finding.change_row == FIRST_ROW
    note = finding.performance
    assert note is not None
    assert [one.span for one in note.figures] == [Span.WINDOW]


def test_it_is_told_again_when_it_worsens_and_over_when_it_is_back_within_half_the_tolerance() -> None:
    declines = Declines(0.02)
    slight, worse = correct((64, 0.83)), correct((64, 0.6), seed=2)
    nearly, back = correct((64, 0.885), seed=3), correct((64, 0.9), seed=4)
    found = decided(declines, [look_at(one) for one in (slight, slight, worse, worse, nearly, back, back)])
    assert [(one.transition, one.severity) for one in found] == [
        (Transition.BEGAN, Severity.WARNING),
        (Transition.CHANGED, Severity.CRITICAL),
        (Transition.ENDED, Severity.CRITICAL),
    ]
    assert len({one.change_row for one in found}) == 1
    assert found[-1].performance is not None
    assert found[-1].performance.verdict is Verdict.UNCHANGED
    assert declines.open == {}


def test_an_error_that_is_better_low_goes_up_and_is_tolerated_in_its_own_unit() -> None:
    rng = np.random.default_rng(1)
    actual = rng.normal(size=2_048)
    pairs = Pairs(
        predicted=actual + 50 * rng.normal(size=2_048), actual=actual, probabilities=np.zeros((2_048, 0))
    )
    assert decided(Declines(0.02), [look_at(pairs, given({"mae": 39.0}), task=NUMBERS)]) == []
    (finding,) = decided(Declines(0.02), [look_at(pairs, given({"mae": 30.0}), task=NUMBERS)])
    (evidence,) = finding.evidence
    assert evidence.direction is Direction.UP
    assert evidence.threshold == pytest.approx(0.6)
    assert finding.effect > 0


def test_few_figures_are_watched_against_a_first_window_and_all_that_were_promised() -> None:
    seen = from_window(figures_of(correct((64, 0.9)), BINARY))
    assert list(watched(TaskKind.BINARY, seen)) == ["f1"]  # no probabilities, so no ROC AUC
    assert set(LEADS) == set(TaskKind)
    assert watched(TaskKind.BINARY, given({"accuracy": 0.9, "recall:yes": 0.5})) == ("accuracy", "recall:yes")


def test_what_is_open_survives_a_restart() -> None:
    declines = Declines(0.02)
    decided(declines, [look_at(correct((64, 0.6)))])
    other = Declines(0.02)
    other.load(declines.dump())
    assert other.open == declines.open
    with pytest.raises(CorruptState):
        other.load({"open": {"accuracy": {"told": 1.0}}})
