"""What a profile demands: suggested by what all data keep to, merged, and beside what the configuration says."""

from collections.abc import Sequence

import numpy as np
import pytest

from stream_monitor.core.columnise import column_of
from stream_monitor.core.derived.parameters import Constraints, DerivedParameters, in_force
from stream_monitor.core.detector import Kind
from stream_monitor.core.parameters import ModelParameters, SeriesParameters
from stream_monitor.core.profile import Origin, Profile, learn_feature
from stream_monitor.core.profile_constraints import merged, suggested
from stream_monitor.core.profile_merge import merge_profiles

RNG = np.random.default_rng(3)
AMOUNTS = RNG.lognormal(size=2_000).tolist()


def offered(
    values: Sequence[object], kind: Kind | None = None, *, all_known: float = 0.05
) -> Constraints | None:
    return suggested(learn_feature(column_of(values), kind, categories=64), all_known=all_known)


def test_what_no_value_of_many_broke_is_suggested() -> None:
    assert offered(AMOUNTS[:999]) is None
    amount = offered(AMOUNTS)
    assert amount is not None
    assert (amount.low, amount.required, amount.allowed, amount.at_most) == (0.0, True, None, None)
    assert amount.high is not None
    assert 2 * max(AMOUNTS) - min(AMOUNTS) <= amount.high <= 2.2 * max(AMOUNTS)
    assert offered(["a", "b"] * 500) == Constraints(allowed=("a", "b"), required=True)
    assert offered([True, False] * 500) == Constraints(required=True)


@pytest.mark.parametrize(
    "values",
    [
        [*AMOUNTS, -0.01, None],  # below 0, and missing
        [*["a", "b"] * 500, None, None],
        [*[7] * 1_000, None],  # a constant
    ],
    ids=["negative", "missing category", "constant"],
)
def test_what_one_value_broke_is_not(values: Sequence[object]) -> None:
    found = offered(values)
    assert found is None or (found.low, found.required) == (None, None)


def test_categories_are_allowed_alone_only_if_they_are_few_all_there_and_soon_known() -> None:
    assert offered(["a", "b"] * 600, all_known=0.2) == Constraints(required=True)
    many = [f"c{at % 40}" for at in range(4_000)]
    assert offered(many) == Constraints(required=True)
    capped = learn_feature(column_of([f"c{at % 12}" for at in range(1_200)]), None, categories=10)
    assert suggested(capped, all_known=0.01) == Constraints(required=True)


def test_merged_constraints_hold_of_both() -> None:
    a = Constraints(low=0.0, high=5.0, allowed=("a", "b"), required=True, at_most=0.01)
    b = Constraints(low=-1.0, high=3.0, allowed=("c", "a"), required=True)
    assert merged(a, b) == merged(b, a) == Constraints(low=-1, high=5, allowed=("a", "b", "c"), required=True)
    assert merged(a, None) is None
    assert merged(a, Constraints(high=9.0, at_most=0.02)) == Constraints(high=9.0, at_most=0.02)
    assert merged(Constraints(required=True, at_most=0.1), Constraints(low=0.0, at_most=0.1)) is None


def test_a_feature_that_the_other_part_has_not_is_not_required_any_more() -> None:
    known = learn_feature(column_of(AMOUNTS), None, categories=64)

    def part(*names: str, **constraints: Constraints) -> Profile:
        return Profile(
            model="m",
            version=None,
            created_from=(Origin(kind="csv", name="a.csv", rows=2_000),),
            rows=2_000,
            features=dict.fromkeys(names, known),
            constraints=constraints,
        )

    whole = Constraints(low=0.0, required=True)
    both = merge_profiles(
        part("x", "y", x=whole, y=whole), part("y", y=whole), version=None, categories=64
    )  # fmt: skip
    assert both.constraints == {"x": Constraints(low=0.0), "y": whole}
    silent = merge_profiles(part("y", y=whole), part("y"), version=None, categories=64)
    assert silent.constraints == {}


def test_the_configuration_wins_field_by_field_and_a_range_is_one_field() -> None:
    known = Constraints(low=0.0, high=9.0, allowed=("a",), required=True, at_most=0.1)
    assert in_force(None, known) == known
    assert in_force(known, None) == known
    assert in_force(Constraints(low=1.0), known) == Constraints(
        low=1.0, high=None, allowed=("a",), required=True, at_most=0.1
    )
    assert in_force(Constraints(required=False, at_most=0.0), known) == Constraints(
        low=0.0, high=9.0, allowed=("a",), required=False, at_most=0.0
    )


def test_what_the_reference_demands_counts_while_faults_are_looked_for() -> None:
    demanded = {"x": Constraints(required=True)}
    overrides = {"x": SeriesParameters(constraints=Constraints(low=0.0))}
    on = ModelParameters(
        name="m", constraints=demanded, overrides=overrides, derived=DerivedParameters(quality=True)
    )
    chosen = on.of_feature("x")
    assert chosen is not None
    assert chosen.constraints == Constraints(low=0.0, required=True)
    off = ModelParameters(name="m", constraints=demanded).of_feature("x")
    assert off is not None
    assert off.constraints is None
