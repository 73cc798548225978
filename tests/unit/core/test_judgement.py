"""Whether a change does any harm: by labels, by the estimate, or not known."""

from dataclasses import replace

import numpy as np
import pytest

from stream_monitor.core.judgement import LEAST, judged, together, unknown, verdict_of
from stream_monitor.core.performance.calibration import Calibration, fit
from stream_monitor.core.performance.expected import Expected, given
from stream_monitor.core.performance.note import Basis, NotedFigure, PerformanceNote, Span, Verdict
from stream_monitor.core.performance.pairs import Pairs, no_pairs
from stream_monitor.core.performance.task import Task, TaskKind
from stream_monitor.core.performance.version import Since

TASK = Task(kind=TaskKind.BINARY, classes=("no", "yes"), positive="yes")
PROMISED = given({"accuracy": 0.9})
TOLERANCE = 0.02


def pairs_of(n: int, right: float, *, seed: int = 1) -> Pairs:
    """Pairs of which a share is right, with probabilities that say just that."""
    rng = np.random.default_rng(seed)
    predicted = rng.integers(0, 2, n).astype(float)
    is_right = rng.permutation(np.arange(n) < round(n * right))
    actual = np.abs(predicted - (1.0 - is_right))
    sure = np.abs(1.0 - predicted - right)
    return Pairs(predicted=predicted, actual=actual, probabilities=np.column_stack([1 - sure, sure]))


def calibration() -> Calibration:
    rng = np.random.default_rng(7)
    p = rng.random(4_000)
    table = np.column_stack([1 - p, p])
    happened = (rng.random(4_000) < p).astype(np.float64)
    found = fit(Pairs(predicted=np.round(p), actual=happened, probabilities=table), TASK)
    assert found is not None
    return found


def since(
    *,
    labelled: Pairs | None = None,
    latest: Pairs | None = None,
    predicted: Pairs | None = None,
    expected: Expected = PROMISED,
    unreliable: frozenset[str] = frozenset(),
) -> Since:
    nothing = no_pairs(2)
    of = nothing if predicted is None else predicted
    return Since(
        expected=expected,
        labelled=nothing if labelled is None else labelled,
        latest=nothing if latest is None else latest,
        task=TASK,
        predicted=(of.predicted, of.probabilities),
        estimated=TASK,
        calibration=calibration(),
        unreliable=unreliable,
    )


def judge(of: Since | None, held_back: str | None = None) -> PerformanceNote:
    return judged("7", of, tolerance=TOLERANCE, held_back=held_back)


@pytest.mark.parametrize(
    ("right", "verdict"), [(0.9, Verdict.UNCHANGED), (0.6, Verdict.WORSE), (0.87, Verdict.UNKNOWN)]
)
def test_by_labels(right: float, verdict: Verdict) -> None:
    note = judge(since(labelled=pairs_of(1_000, right)))
    assert (note.verdict, note.basis) == (verdict, Basis.LABELS)
    (figure,) = note.figures
    assert (figure.version, figure.figure, figure.span, figure.pairs) == (
        "7",
        "accuracy",
        Span.SINCE_CHANGE,
        1_000,
    )
    assert (note.reason is None) is (verdict is not Verdict.UNKNOWN)


def test_few_labels_rule_out_a_critical_fall_as_little_as_they_tell_one() -> None:
    assert judge(since(labelled=pairs_of(60, 0.9))).verdict is Verdict.UNKNOWN


@pytest.mark.parametrize(("right", "verdict"), [(0.9, Verdict.UNCHANGED), (0.6, Verdict.WORSE)])
def test_without_labels_by_the_estimate(right: float, verdict: Verdict) -> None:
    note = judge(since(labelled=pairs_of(LEAST - 1, 0.1), predicted=pairs_of(800, right)))
    assert (note.verdict, note.basis) == (verdict, Basis.ESTIMATE)
    assert note.figures[0].value == pytest.approx(right, abs=0.05)


def test_labels_that_cover_too_little_are_not_taken() -> None:
    of = since(labelled=pairs_of(1_000, 0.6), predicted=pairs_of(800, 0.9))
    assert judge(of, "labels for 10 %").basis is Basis.ESTIMATE
    note = judge(since(labelled=pairs_of(1_000, 0.6)), "labels for 10 %")
    assert (note.verdict, note.figures) == (Verdict.UNKNOWN, ())
    assert note.reason == (
        "labels for 10 %; no estimate: 0 predictions with probabilities since the change, 32 are needed"
    )


def test_no_estimate_counts_once_labels_of_earlier_predictions_tell_a_fall() -> None:
    note = judge(since(latest=pairs_of(1_000, 0.6), predicted=pairs_of(800, 0.9)))
    assert note.verdict is Verdict.UNKNOWN
    assert note.reason == "labels of earlier predictions tell a fall already: no estimate can be trusted"


def test_no_estimate_counts_that_proved_wrong() -> None:
    note = judge(since(predicted=pairs_of(800, 0.9), unreliable=frozenset({"accuracy"})))
    assert note.verdict is Verdict.UNKNOWN
    assert note.reason is not None
    assert note.reason.endswith(
        "no estimate of accuracy can be trusted: the last ones lay too far from what labels told"
    )
    assert judge(since(predicted=pairs_of(800, 0.9), unreliable=frozenset({"f1"}))).basis is Basis.ESTIMATE


def test_what_is_not_known_has_a_reason() -> None:
    assert judge(None).reason == "it is not told yet what is predicted, or what to expect"
    assert judge(since(expected=given({"roc_auc": 0.9}))).reason == "nothing is expected of f1 or accuracy"


def test_classes_that_came_later_change_no_bit() -> None:
    three = Task(kind=TaskKind.MULTICLASS, classes=("a", "b", "c"))
    rng = np.random.default_rng(3)
    table = np.column_stack([rng.dirichlet(np.ones(2), 500), np.zeros(500)])
    of = since(
        predicted=Pairs(
            predicted=np.round(table[:, 1]).astype(np.float64), actual=np.zeros(500), probabilities=table
        )
    )
    classes = rng.integers(0, 2, 500).astype(np.float64)
    fitted = fit(Pairs(predicted=classes, actual=classes, probabilities=table), three)
    later = replace(of, task=three, estimated=three, calibration=fitted)
    earlier = replace(
        later,
        estimated=replace(three, classes=("a", "b")),
        predicted=(of.predicted[0], of.predicted[1][:, :2]),
    )
    assert judge(later) == judge(earlier)
    assert judge(later).basis is Basis.ESTIMATE


def figure(low: float, value: float, high: float) -> NotedFigure:
    return NotedFigure(
        version=None,
        figure="accuracy",
        span=Span.SINCE_CHANGE,
        value=0.9 - value,
        low=0.9 - high,
        high=0.9 - low,
        pairs=500,
        expected=0.9,
        drop=value,
        drop_low=low,
        drop_high=high,
    )


@pytest.mark.parametrize(
    ("drop", "verdict"),
    [
        ((0.03, 0.06, 0.09), Verdict.WORSE),
        ((0.01, 0.06, 0.11), Verdict.UNKNOWN),  # a fall, but perhaps one that is tolerated
        ((-0.02, 0.01, 0.04), Verdict.UNCHANGED),
        ((-0.05, 0.03, 0.11), Verdict.UNKNOWN),  # perhaps a critical one
        ((-0.2, -0.1, -0.01), Verdict.UNCHANGED),
    ],
)
def test_verdicts(drop: tuple[float, float, float], verdict: Verdict) -> None:
    assert verdict_of(figure(*drop), TOLERANCE) is verdict
    assert verdict_of(replace(figure(*drop), drop_low=None, drop_high=None), TOLERANCE) is Verdict.UNKNOWN


def test_of_several_versions_the_worst_one_decides() -> None:
    good = PerformanceNote(
        verdict=Verdict.UNCHANGED, basis=Basis.LABELS, figures=(figure(-0.02, 0.0, 0.02),), reason=None
    )
    bad = replace(good, verdict=Verdict.WORSE, figures=(figure(0.05, 0.1, 0.15),))
    both = together({"1": good, "2": bad})
    assert (both.verdict, both.figures) == (Verdict.WORSE, (*bad.figures, *good.figures))
    nobody_knows = together({"1": good, "2": unknown("no label is due yet")})
    assert (nobody_knows.verdict, nobody_knows.figures) == (Verdict.UNKNOWN, good.figures)
    assert nobody_knows.reason == "only some versions can be judged"
