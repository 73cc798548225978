"""By Amazon's published schemas of statistics.json and constraints.json."""

import json
from typing import Any

import numpy as np
import pytest

from stream_monitor.core.columnise import column_of
from stream_monitor.core.derived.parameters import Constraints
from stream_monitor.core.detector import FloatArray, Kind
from stream_monitor.core.errors import StreamMonitorError
from stream_monitor.core.profile import Profile, learn_feature
from stream_monitor.core.reference import Reference
from stream_monitor.formats.reference_profile import decode, encode
from stream_monitor.formats.sagemaker import Labels, imported

RNG = np.random.default_rng(8)
VALUES = RNG.lognormal(size=8_192)
Plain = dict[str, Any]


def numeric(
    name: str, values: FloatArray, *, missing: int = 0, level: int | None = 3, kind: str = "Fractional"
) -> Plain:
    """As the prebuilt container writes it: ten buckets, and a sketch of which an item of level i stands for 2^i."""
    counts, bounds = np.histogram(values, 10)
    buckets = [
        {"lower_bound": low, "upper_bound": high, "count": float(count)}
        for low, high, count in zip(bounds[:-1], bounds[1:], counts, strict=True)
    ]
    kll: Plain = {"buckets": buckets}
    if level is not None:
        items = np.sort(values)[2**level // 2 :: 2**level].tolist()
        kll["sketch"] = {"parameters": {"c": 0.64, "k": 2048.0}, "data": [[]] * level + [items]}
    return {
        "name": name,
        "inferred_type": kind,
        "numerical_statistics": {
            "common": {"num_present": len(values), "num_missing": missing},
            "mean": values.mean(),
            "sum": values.sum(),
            "std_dev": values.std(),
            "min": values.min(),
            "max": values.max(),
            "distribution": {"kll": kll},
        },
    }


def text(
    name: str, tally: dict[str, int], *, distinct: int | None = None, present: int | None = None
) -> Plain:
    buckets = [{"value": value, "count": count} for value, count in tally.items()]
    return {
        "name": name,
        "inferred_type": "String",
        "string_statistics": {
            "common": {"num_present": present or sum(tally.values()), "num_missing": 2},
            "distinct_count": float(distinct or len(tally)),
            "distribution": {"categorical": {"buckets": buckets}},
        },
    }


def constraint(name: str, kind: str = "Fractional", **more: object) -> Plain:
    return {"name": name, "inferred_type": kind, "completeness": 1.0, **more}


def read(*features: Plain, constraints: list[Plain] | None = None) -> tuple[Profile, list[str]]:
    statistics = {"version": 0.0, "dataset": {"item_count": 8_200}, "features": features}
    given = None if constraints is None else json.dumps({"version": 0.0, "features": constraints}).encode()
    profile, notes = imported(
        json.dumps(statistics).encode(), given, Labels(name="statistics.json", model="fraud")
    )
    assert decode(encode(profile)) == profile
    return profile, notes


def one(feature: Plain, *constraints: Plain) -> tuple[Reference, list[str]]:
    profile, notes = read(feature, constraints=list(constraints) or None)
    return profile.features["x"], notes


def test_a_sketch_gives_nearly_what_the_data_would_have_given() -> None:
    found, notes = one(numeric("x", VALUES, missing=8))
    learned = learn_feature(column_of(VALUES.tolist()), None, categories=64)
    assert (notes, found.kind, found.size, found.unusable) == ([], Kind.NUMERIC, 8_192, 8)
    assert (found.mean, found.scale) == pytest.approx((learned.mean, learned.scale))
    assert len(found.counts) == len(learned.counts)
    assert found.counts[1:-1] == pytest.approx(learned.counts[1:-1], abs=32)
    assert found.edges == pytest.approx(learned.edges, rel=0.03)
    for view, moments in learned.views.items():
        assert found.views[view] == pytest.approx(moments, abs=0.02)


def test_without_a_sketch_the_buckets_are_the_bins_exactly() -> None:
    found, notes = one(numeric("x", VALUES, level=None))
    counts, bounds = np.histogram(VALUES, 10)
    assert (found.counts[1:-1], found.edges) == (tuple(counts.tolist()), tuple(bounds.tolist()))
    assert notes == ["x: no sketch: only as fine as its buckets, see docs/reference-profiles.md"]


def test_a_sketch_that_does_not_stand_for_all_values_is_not_used() -> None:
    feature = numeric("x", VALUES)
    feature["numerical_statistics"]["distribution"]["kll"]["sketch"]["data"] = [[1.0, 2.0]]
    assert len(one(feature)[0].edges) == 11


@pytest.mark.parametrize("level", [0, None])
def test_a_constant(level: int | None) -> None:
    feature = numeric("x", np.full(50, 7.0), level=level)
    if level is None:  # ten buckets of no width
        bucket = {"lower_bound": 7.0, "upper_bound": 7.0}
        counts = [0.0] * 9 + [50.0]
        feature["numerical_statistics"]["distribution"]["kll"]["buckets"] = [
            bucket | {"count": c} for c in counts
        ]
    found, _ = one(feature)
    assert (found.edges, found.counts, found.mean) == ((7.0, 7.0), (0, 50, 0), 7.0)


def test_integers_between_0_and_1_are_boolean() -> None:
    found, _ = one(numeric("x", np.repeat([0.0, 1.0], [60, 40]), level=0, kind="Integral"))
    assert (found.kind, found.counts) == (Kind.BOOLEAN, (60, 40, 0))


def test_texts_are_categories_and_what_no_bucket_has_is_other() -> None:
    found, notes = one(text("x", {"b": 10, "a": 30}, present=45))
    assert (found.categories, found.counts, found.unusable) == (("a", "b"), (30, 10, 5), 2)
    assert notes == []


def test_near_unique_texts_are_identifiers() -> None:
    assert one(text("x", {"a": 1}, distinct=900, present=1_000))[0].kind is Kind.IDENTIFIER
    assert one(text("x", {"a": 1}, distinct=900, present=9_000))[0].kind is Kind.CATEGORICAL


def test_only_the_most_frequent_categories_are_kept() -> None:
    found, _ = one(text("x", {f"c{at:04}": 10_000 - at for at in range(1_000)}))
    assert (len(found.categories), found.categories[0]) == (64, "c0000")


@pytest.mark.parametrize(("completeness", "unusable"), [(1.0, 8), (0.9, round(8_192 / 9)), (0.0, 8)])
def test_a_constraint_may_accept_more_missing_values(completeness: float, unusable: int) -> None:
    found, _ = one(numeric("x", VALUES, missing=8), constraint("x") | {"completeness": completeness})
    assert found.unusable == unusable


def test_what_is_not_carried_is_said() -> None:
    limits: Plain = {"num_constraints": {"is_non_negative": True}}
    assert (
        "the baseline itself goes down to" in one(numeric("x", VALUES - 1), constraint("x", **limits))[1][0]
    )
    assert one(numeric("x", VALUES), constraint("x", "Integral"))[1] == []
    assert "call it String" in one(numeric("x", VALUES), constraint("x", "String"))[1][0]
    overrides = constraint("x", "String", monitoringConfigOverrides={"a": 1})
    assert one(text("x", {"a": 1}), overrides)[1][0].startswith("x: monitoringConfigOverrides is not kept")
    domains = constraint("x", "String", string_constraints={"domains": ["a"]})
    keys = text("x", {"a": 1}, distinct=900, present=1_000)
    assert one(keys, domains)[1] == ["x: its domains are not kept: it is imported as identifier"]
    assert one(text("x", {"a": 1}), constraint("x", "String"), constraint("y"))[1][0].startswith(
        "y: is in the con"
    )


def test_what_the_baseline_demands_becomes_constraints() -> None:
    limits: Plain = {"num_constraints": {"is_non_negative": True}}
    domains: Plain = {"string_constraints": {"domains": ["a", "z"]}}
    profile, notes = read(
        numeric("x", VALUES),
        numeric("y", VALUES - 1),
        text("t", {"a": 9}),
        constraints=[
            constraint("x", **limits),
            constraint("y", **limits),
            constraint("t", "String", **domains),
        ],
    )
    assert set(profile.constraints) == {"x", "y", "t"}
    demanded = profile.constraints["x"]
    assert (demanded.low, demanded.required) == (0.0, True)
    assert demanded.high is not None
    assert demanded.high > VALUES.max()
    assert profile.constraints["y"] == Constraints(required=True)
    assert profile.constraints["t"] == Constraints(allowed=("a", "z"))  # the baseline has missing values
    assert [note.partition(":")[0] for note in notes] == ["y"]
    assert read(numeric("x", VALUES))[0].constraints == {}


def test_features_without_a_distribution_are_left_out_and_said() -> None:
    bare: Plain = {"name": "u", "inferred_type": "Unknown"}
    flat = numeric("n", VALUES)
    del flat["numerical_statistics"]["distribution"]
    empty = text("t", {})
    empty["string_statistics"]["common"]["num_present"] = 5
    profile, notes = read(bare, flat, empty, text("x", {"a": 1}))
    assert list(profile.features) == ["x"]
    assert [note.partition(":")[0] for note in notes] == ["u", "n", "t"]
    with pytest.raises(
        StreamMonitorError, match=r"no feature of statistics\.json can be used: u: has no stat"
    ):
        read(bare)


def test_all_missing_is_known_to_be_missing() -> None:
    feature = numeric("x", np.ones(1))
    feature["numerical_statistics"] = {"common": {"num_present": 0, "num_missing": 9}}
    assert (one(feature)[0].kind, one(feature)[0].unusable) == (Kind.IDENTIFIER, 9)


def test_whose_and_how_much() -> None:
    profile, _ = read(text("x", {"a": 1}))
    assert (profile.model, profile.rows, profile.created_from[0].kind) == ("fraud", 8_200, "sagemaker")


@pytest.mark.parametrize(
    ("statistics", "said"),
    [
        (b"{", "the statistics are not those of SageMaker Model Monitor"),
        (b"{}", "missing required field `features`"),
        (b'{"features": [{"name": 3}]}', r"Expected `str`, got `int`.*\$\.features\[0\]\.name"),
    ],
)
def test_what_is_not_as_published_is_named(statistics: bytes, said: str) -> None:
    with pytest.raises(StreamMonitorError, match=said):
        imported(statistics, None, Labels(name="s"))


def test_buckets_out_of_order_are_refused() -> None:
    feature = numeric("x", VALUES, level=None)
    feature["numerical_statistics"]["distribution"]["kll"]["buckets"].reverse()
    with pytest.raises(StreamMonitorError, match="not in ascending order"):
        one(feature)
