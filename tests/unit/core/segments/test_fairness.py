from typing import Any

import numpy as np
import pytest

from stream_monitor.core.errors import CorruptState
from stream_monitor.core.segments.fairness import Cases, Fairness, Look
from stream_monitor.core.segments.parameters import STEP, FairnessParameters

PARAMETERS = FairnessParameters(feature="sex", favourable="yes", window=2 * STEP)


def cases(n: int, rates: tuple[float, float], *, begin: int = 0, seed: int = 3) -> Cases:
    rng = np.random.default_rng(seed)
    places = rng.integers(1, 3, n)
    rows = np.arange(begin, begin + n)
    return Cases(rows, 10 * rows, places, rng.random(n) < np.array(rates)[places - 1])


def looks(found: list[Look]) -> list[tuple[str, int, bool]]:
    return [(look.name, look.row, look.began) for look in found]


def test_a_figure_is_beyond_from_the_first_look_at_which_its_whole_interval_is() -> None:
    fairness = Fairness(PARAMETERS)
    found = [*fairness.predictions("1", cases(3 * STEP, (0.3, 0.7)))]
    assert looks(found) == [
        ("demographic_parity_difference", STEP - 1, True),
        ("disparate_impact", STEP - 1, True),
    ]
    assert fairness.since["disparate_impact"] == (STEP - 1, 10 * (STEP - 1))


def test_it_is_back_when_the_figure_itself_is_and_not_before() -> None:
    fairness = Fairness(PARAMETERS)
    list(fairness.predictions("1", cases(2 * STEP, (0.3, 0.7))))
    found = [*fairness.predictions("1", cases(4 * STEP, (0.5, 0.5), begin=2 * STEP))]
    assert {look.name for look in found} == {"demographic_parity_difference", "disparate_impact"}
    assert {look.began for look in found} == {False}
    assert all(look.row > 2 * STEP and look.since.row == STEP - 1 for look in found)
    assert fairness.since == {}


def test_labels_tell_equal_opportunity_alone() -> None:
    fairness = Fairness(PARAMETERS)
    found = [*fairness.positives(None, cases(STEP, (0.2, 0.8)))]
    assert looks(found) == [("equal_opportunity_difference", STEP - 1, True)]
    assert fairness.figures()["disparate_impact"].reason is not None


def test_it_does_not_depend_on_batches() -> None:
    whole, cut = Fairness(PARAMETERS), Fairness(PARAMETERS)
    everything = cases(1_500, (0.4, 0.62))
    found = [*whole.predictions("1", everything)]
    parts: list[Look] = []
    for begin in range(0, 1_500, 37):
        parts += cut.predictions("1", everything.part(begin, min(1_500, begin + 37)))
    assert parts == found
    assert cut.dump() == whole.dump()


def test_what_was_dumped_is_loaded_again_and_nonsense_is_not() -> None:
    fairness = Fairness(PARAMETERS)
    list(fairness.predictions("1", cases(700, (0.3, 0.7))))
    assert Fairness.load(fairness.dump(), PARAMETERS).dump() == fairness.dump()
    plain = fairness.dump()
    wrongs: list[dict[str, Any]] = [
        {"since": {"other": [1, 2]}}, {"predicted": {"seen": 700, "cases": b""}}, {"positive": None},
    ]  # fmt: skip
    for wrong in wrongs:
        with pytest.raises(CorruptState):
            Fairness.load({**plain, **wrong}, PARAMETERS)
