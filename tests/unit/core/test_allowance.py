"""How the alarm budget of a model is split."""

import numpy as np
import pytest

from stream_monitor.core.allowance import Allowance, bucket_budget
from stream_monitor.core.parameters import (
    Budget,
    BudgetUnit,
    DetectorChoice,
    ModelParameters,
    SeriesParameters,
)

PER_1000 = Budget(alarms=1, span=1_000, unit=BudgetUnit.EVENTS)
PER_SECOND = Budget(alarms=1, span=1_000, unit=BudgetUnit.MILLISECONDS)


def rows(*at: int) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return np.array(at, np.int64)


def test_three_quarters_go_to_the_series_there_are_when_a_block_begins() -> None:
    allowance = Allowance(PER_1000)
    allowance.split([500, 0, 0])
    weights = allowance.weights(rows(0, 499, 500, 900), rows(0, 0, 0, 0))
    assert weights == pytest.approx([0.75 * 32 / 1_000 / n for n in (2, 2, 3, 3)])


def test_a_budget_in_time_counts_the_time_that_has_passed_not_the_values() -> None:
    allowance = Allowance(PER_SECOND)
    allowance.split([0])
    assert allowance.weights(rows(0, 32, 64), rows(0, 500, 0)) == pytest.approx([0, 0.375, 0])


def test_all_series_together_never_get_more_than_the_tests_share() -> None:
    allowance = Allowance(PER_1000)
    births = sorted(np.random.default_rng(1).integers(0, 5_000, size=30).tolist())
    allowance.split(births)
    allowance.split(births)
    total = 0.0
    for born in births:
        firsts = np.arange(born + 512, 10_000 - 32, 32, dtype=np.int64)
        total += float(allowance.weights(firsts, np.zeros(len(firsts), np.int64)).sum())
    assert 0.5 * 7.5 < total <= 0.75 * 10_000 / 1_000


ONLY_ADWIN = SeriesParameters(detectors=(DetectorChoice(id="adwin"),))


@pytest.mark.parametrize(
    ("parameters", "share"),
    [
        (ModelParameters(name="m", budget=PER_1000), 0.25),
        (ModelParameters(name="m", budget=PER_1000, default=ONLY_ADWIN), 1.0),
        (ModelParameters(name="m", budget=PER_1000, default=ONLY_ADWIN, overrides={"a": None}), 1.0),
        (
            ModelParameters(
                name="m", budget=PER_1000, default=ONLY_ADWIN, overrides={"a": SeriesParameters()}
            ),
            0.25,
        ),
    ],
)
def test_the_bucket_has_the_rest_or_everything_where_nothing_is_tested(
    parameters: ModelParameters, share: float
) -> None:
    assert bucket_budget(parameters).rate == pytest.approx(share * PER_1000.rate)
