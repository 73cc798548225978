"""When figures are shown, and what is said until then."""

import pytest

from stream_monitor.core.performance.gate import Gate

GATE = Gate(minimum_pairs=100, minimum_coverage=0.5)


@pytest.mark.parametrize(
    ("pairs", "coverage", "said"),
    [
        (99, 0.9, "99 of the 100 labelled predictions that a figure needs"),
        (100, None, "no label is due yet"),
        (100, 0.4999, "labels for 49.9 % of the predictions that are due; a figure needs 50.0 %"),
        (100, 0.5, None),
        (5_000, 1.0, None),
    ],
)
def test_a_figure_waits_for_pairs_and_coverage(pairs: int, coverage: float | None, said: str | None) -> None:
    assert GATE.reason(pairs=pairs, coverage=coverage) == said


def test_no_coverage_may_be_asked_for() -> None:
    assert Gate(minimum_pairs=1, minimum_coverage=0.0).reason(pairs=1, coverage=None) is None


@pytest.mark.parametrize(("pairs", "coverage"), [(-1, 0.5), (1, 1.5), (1, float("nan"))])
def test_a_gate_that_cannot_be_is_refused(pairs: int, coverage: float) -> None:
    with pytest.raises(ValueError, match="no gate"):
        Gate(minimum_pairs=pairs, minimum_coverage=coverage)
