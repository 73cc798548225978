"""What a change of some size means for a series whose reference is known, and for one of which it is not."""

import numpy as np
import pytest

from stream_monitor.core.changes import Scale, scale_of
from stream_monitor.core.detector import Kind
from stream_monitor.core.expected_delay import information_of_shares
from stream_monitor.core.reference import Reference, boolean, learn_categorical
from stream_monitor.core.standardise import Lens

COUNTRIES = ["de"] * 600 + ["fr"] * 300 + ["it"] * 100


def scale(kind: Kind | None, reference: Reference | None = None) -> Scale:
    made = scale_of(kind, reference)
    assert made is not None
    return made


def test_numbers_move_by_standard_deviations() -> None:
    change = scale(Kind.NUMERIC).at(0.5)
    assert (change.information, change.effect, change.after) == (0.125, 0.5, None)
    assert scale(None).at(0.5) == change


def test_identifiers_do_not_change() -> None:
    assert scale_of(Kind.IDENTIFIER, None) is None


def test_a_rare_value_becomes_more_frequent_and_a_frequent_one_rarer() -> None:
    rare = scale(Kind.BOOLEAN, boolean(trues=50, size=1000, unusable=0)).at(0.05)
    frequent = scale(Kind.BOOLEAN, boolean(trues=950, size=1000, unusable=0)).at(0.05)
    assert rare.before == pytest.approx(0.05, abs=1e-3)
    assert rare.after == pytest.approx(0.1, abs=1e-3)
    assert frequent.after == pytest.approx(0.9, abs=1e-3)
    assert rare.information == pytest.approx(frequent.information)
    assert rare.effect == pytest.approx(0.05 / np.sqrt(0.05 * 0.95), rel=0.02)


def test_no_share_leaves_its_range() -> None:
    of = scale(Kind.BOOLEAN, boolean(trues=800, size=1000, unusable=0))
    last = of.at(of.largest)
    assert last.after == pytest.approx(0.0, abs=1e-6)
    assert last.information < 10
    assert all(size < of.largest for size in of.sizes)


def test_categories_leave_the_most_frequent_in_proportion() -> None:
    reference = learn_categorical(COUNTRIES, unusable=0, cap=64)
    change = scale(Kind.CATEGORICAL, reference).at(0.1)
    assert change.before == pytest.approx(0.6, abs=2e-3)
    assert change.after == pytest.approx(0.5, abs=2e-3)
    all_of_them = information_of_shares(np.array([0.6, 0.3, 0.1]), np.array([0.5, 0.375, 0.125]))
    assert change.information == pytest.approx(all_of_them, rel=0.02)


def test_the_effect_on_categories_is_the_largest_of_what_the_tolerance_looks_at() -> None:
    reference = learn_categorical(COUNTRIES, unusable=0, cap=64)
    lens = Lens(reference)
    after = np.repeat([0.0, 1.0, 2.0], [500, 375, 125])
    views = [abs(float(view.mean())) for view in lens.standardised(after).values()]
    shape = 0.1 * np.sqrt(2 * np.pi)
    assert scale(Kind.CATEGORICAL, reference).at(0.1).effect == pytest.approx(max(*views, shape), rel=0.02)


@pytest.mark.parametrize("kind", [Kind.BOOLEAN, Kind.CATEGORICAL])
@pytest.mark.parametrize("trues", [10, 300, 500])
def test_without_a_reference_a_change_is_no_easier_than_it_is(kind: Kind, trues: int) -> None:
    known = scale(Kind.BOOLEAN, boolean(trues=trues, size=1000, unusable=0))
    unknown = scale(kind)
    assert (known.exact, unknown.exact) == (True, False)
    for size in (0.01, 0.1, 0.4):
        assert unknown.at(size).information <= known.at(size).information
        assert unknown.at(size).effect <= known.at(size).effect * (1 + 1e-3)


def test_the_least_change_that_is_enough() -> None:
    of = scale(Kind.NUMERIC)
    found = of.least(lambda change: change.information >= 0.125)
    assert found is not None
    assert found.size == pytest.approx(0.5)
    assert of.least(lambda _: False) is None
