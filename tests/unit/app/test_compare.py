"""Verdicts on a new version out of a status."""

from dataclasses import replace

import pytest

from stream_monitor.app.compare import Comparison, Criteria, compare
from stream_monitor.app.explain import NotKnown
from stream_monitor.core.performance.comparison import Verdict
from stream_monitor.core.performance.task import TaskKind
from stream_monitor.core.status import FigureStatus, ModelStatus, PerformanceStatus, SideBySideStatus
from tests.views import a_figure, a_model, a_performance

NO_FIGURE = FigureStatus(
    value=None, low=None, high=None, n=0, reason="never predicted fraud", expected=None,
    drop=None, drop_low=None, drop_high=None,
)  # fmt: skip
BESIDE = SideBySideStatus(
    first="6", second="7", figure="accuracy", worse=0.03, low=0.01, high=0.05, cases=1_500
)


def version(name: str, accuracy: float, **changes: object) -> PerformanceStatus:
    figures = {
        "accuracy": a_figure(accuracy),
        "precision": NO_FIGURE,
        "precision:fraud": a_figure(accuracy),
        "log_loss": a_figure(1 - accuracy),
    }
    return replace(a_performance(name, figures=figures), **changes)  # type: ignore[arg-type]  # fields of it


def status(*versions: PerformanceStatus, beside: tuple[SideBySideStatus, ...] = ()) -> ModelStatus:
    return replace(a_model(performance=versions), side_by_side=beside)


def verdicts(found: Comparison) -> dict[str, Verdict]:
    return {one.figure: one.verdict for one in found.figures}


def test_every_figure_has_a_verdict_and_the_model_that_of_its_lead_figure() -> None:
    found = compare(status(version("6", 0.5), version("7", 0.75)), "6", "7", Criteria())
    assert (found.lead, found.verdict) == ("accuracy", Verdict.BETTER)
    assert verdicts(found) == {
        "accuracy": Verdict.BETTER,
        "precision": Verdict.NOT_ENOUGH,
        "log_loss": Verdict.BETTER,
    }
    assert "precision:fraud" in verdicts(
        compare(status(version("6", 0.5), version("7", 0.75)), "6", "7", Criteria(by_class=True))
    )


def test_the_same_cases_say_more_than_two_intervals() -> None:
    apart = status(version("6", 0.75), version("7", 0.72))
    assert compare(apart, "6", "7", Criteria()).verdict is Verdict.NO_DIFFERENCE
    beside = replace(apart, side_by_side=(BESIDE,))
    found = compare(beside, "6", "7", Criteria())
    (lead,) = [one for one in found.figures if one.paired]
    assert (found.verdict, lead.n, lead.old, lead.new) == (Verdict.WORSE, 1_500, 0.75, 0.72)
    turned = compare(beside, "7", "6", Criteria())
    assert turned.verdict is Verdict.BETTER
    (lead,) = [one for one in turned.figures if one.paired]
    assert lead.worse is not None
    assert (lead.worse.value, lead.worse.low, lead.worse.high) == (-0.03, -0.05, -0.01)
    assert compare(beside, "6", "7", Criteria(tolerance=0.02)).verdict is Verdict.NO_DIFFERENCE
    few = replace(apart, side_by_side=(replace(BESIDE, cases=99),))
    assert compare(few, "6", "7", Criteria()).verdict is Verdict.NO_DIFFERENCE


def test_without_figures_the_reason_is_told() -> None:
    waiting = version("7", 0.7, figures={}, withheld="40 of the 256 labelled predictions that a figure needs")
    found = compare(status(version("6", 0.75), waiting), "6", "7", Criteria())
    assert found.verdict is Verdict.NOT_ENOUGH
    assert list(found.figures) == []
    assert found.reasons == {"7": "40 of the 256 labelled predictions that a figure needs"}


def test_versions_that_are_not_there_or_of_another_task_are_refused() -> None:
    both = status(version("6", 0.75), version("7", 0.72, task=TaskKind.REGRESSION))
    with pytest.raises(NotKnown, match="version '8' of fraud has no labels; there are 6, 7"):
        compare(both, "6", "8", Criteria())
    with pytest.raises(NotKnown, match="binary model and version 7 a regression one"):
        compare(both, "6", "7", Criteria())
    with pytest.raises(NotKnown, match="no version has any"):
        compare(a_model(), "6", "7", Criteria())
