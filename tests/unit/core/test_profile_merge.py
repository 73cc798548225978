from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from stream_monitor.core.columnise import column_of
from stream_monitor.core.detector import Kind
from stream_monitor.core.errors import StreamMonitorError
from stream_monitor.core.profile import Origin, Profile, VersionProfile, categorical, learn_feature
from stream_monitor.core.profile_merge import MERGED_BINS, error_bound, merge, merge_profiles
from stream_monitor.core.reference import Reference, identifier

RNG = np.random.default_rng(6)


def learned(values: Sequence[object]) -> Reference:
    return learn_feature(column_of(values), None, categories=64)


def profile(
    model: str | None = "fraud", version: str | None = "7", rows: int = 10, **features: Reference
) -> Profile:
    origin = Origin(kind="csv", name="a.csv", rows=rows)
    return Profile(model=model, version=version, created_from=(origin,), rows=rows, features=features)


def merged(a: Reference, b: Reference) -> Reference:
    found = merge(a, b, categories=64)
    found.check()
    assert sum(found.counts) == found.size == a.size + b.size
    return found


def test_the_same_edges_are_added_exactly() -> None:
    a = learned([0.0] * 60 + [5.0] * 40)
    b = learned([0.0] * 10 + [5.0] * 90)
    both = merged(a, b)
    assert (both.edges, both.counts, error_bound(a, b)) == ((0.0, 5.0, 5.0), (0, 70, 130, 0), 0.0)
    assert (both.mean, both.scale) == pytest.approx((3.25, np.std([0.0] * 70 + [5.0] * 130)))


def test_two_constants_are_two_values() -> None:
    both = merged(learned([3.0] * 60), learned([8.0] * 40))
    assert (both.edges, both.counts) == ((3.0, 8.0, 8.0), (0, 60, 40, 0))


def test_counts_of_which_one_part_saw_more_are_added_exactly() -> None:
    a, b = learned([0.0] * 300 + [2.0] * 60), learned([0.0] * 200 + [2.0] * 50 + [4.0] * 50)
    both = merged(a, b)
    assert (both.edges, both.counts, error_bound(a, b)) == ((0.0, 2.0, 4.0, 4.0), (0, 500, 110, 50, 0), 0.0)
    assert learned([0.0] * 500 + [2.0] * 110 + [4.0] * 50).counts == both.counts


def test_heavy_values_survive_thinning() -> None:
    def part(seed: int) -> Sequence[object]:
        rng = np.random.default_rng(seed)
        return [*rng.lognormal(size=2_000).tolist(), *[0.0] * 2_000]

    both = learned(part(0))
    for seed in range(1, 8):
        both = merged(both, learned(part(seed)))
        assert len(both.counts) <= MERGED_BINS + 2
    assert (both.edges[0], both.counts[1]) == (0.0, 16_000)


def test_moments_of_views_are_those_of_the_whole_where_nothing_is_cut() -> None:
    values = RNG.uniform(size=6_000)
    parts = values[values < 0.4], values[values >= 0.4]
    both = merged(*(learned(part.tolist()) for part in parts))
    whole = learned(values.tolist())
    assert (both.mean, both.scale) == pytest.approx((whole.mean, whole.scale), rel=1e-9)
    assert both.views["value"] == pytest.approx(whole.views["value"], abs=1e-9)
    assert both.views["deviation"] == pytest.approx(whole.views["deviation"], abs=0.01)


def test_the_share_of_a_hidden_category_is_within_the_bound() -> None:
    rng = np.random.default_rng(5)
    parts = [[f"c{at}" for at in rng.zipf(1.3, 3_000) % (400 + 50 * part)] for part in range(2)]
    a, b = (learned(part) for part in parts)
    both, bound = merged(a, b), error_bound(a, b)
    assert 0 < bound < 0.5
    whole = parts[0] + parts[1]
    wrong = [
        abs(count - whole.count(name)) / len(whole)
        for name, count in zip(both.categories, both.counts, strict=False)
    ]
    assert 0 < max(wrong) <= bound
    assert error_bound(a, a) == 0.0
    assert error_bound(learned(["a", "b"]), learned(["b", "c"])) == 0.0


def test_categories_and_booleans_are_added() -> None:
    a = categorical({"a": 5, "b": 4}, other=1, unusable=2, cap=64)
    b = categorical({"b": 9, "c": 1}, other=0, unusable=3, cap=64)
    both = merged(a, b)
    assert (both.categories, both.counts, both.unusable) == (("b", "a", "c"), (13, 5, 1, 1), 5)
    assert merged(learned([True] * 4), learned([False] * 6)) == learned([True] * 4 + [False] * 6)
    assert merged(identifier(size=3, unusable=1), identifier(size=2, unusable=0)) == identifier(
        size=5, unusable=1
    )


def test_what_one_has_not_seen_is_missing_in_its_rows() -> None:
    numbers = learned([1.0, 2.0, 3.0, None])
    nothing = learned([None] * 6)
    assert merge(numbers, nothing, categories=64) == replace(numbers, unusable=7)
    assert merge(nothing, numbers, categories=64) == replace(numbers, unusable=7)
    both = merge_profiles(profile(x=numbers, rows=4), profile(y=numbers, rows=4), version=None, categories=64)
    assert {name: one.unusable for name, one in both.features.items()} == {"x": 5, "y": 5}
    assert (both.rows, len(both.created_from)) == (8, 2)


def test_kinds_that_differ_are_named() -> None:
    a, b = profile(x=learned(["a", "b"])), profile(x=learned([1.5, 2.5]))
    with pytest.raises(
        StreamMonitorError, match=r"feature 'x' is categorical in one and numeric in the other.*--type x="
    ):
        merge_profiles(a, b, version=None, categories=64)


def test_models_must_agree() -> None:
    known, unknown = profile(), profile(model=None)
    assert merge_profiles(known, unknown, version=None, categories=64).model == "fraud"
    assert merge_profiles(unknown, known, version=None, categories=64).model == "fraud"
    with pytest.raises(StreamMonitorError, match="'fraud', the other of 'churn'"):
        merge_profiles(known, profile(model="churn"), version=None, categories=64)


def test_of_several_versions_the_features_are_one_and_the_outputs_stay_apart() -> None:
    def of(version: str, probabilities: Sequence[float]) -> Profile:
        outputs = VersionProfile(rows=len(probabilities), series={"probability": learned(probabilities)})
        return replace(profile(version=version, x=learned([1.0, 2.0])), versions={version: outputs})

    seven, eight = of("7", [0.25, 0.5]), of("8", [0.75, 0.5, 0.25])
    both = merge_profiles(seven, eight, version=None, categories=64)
    assert (both.version, both.features["x"].size) == (None, 4)
    assert both.versions == {**seven.versions, **eight.versions}
    assert merge_profiles(seven, eight, version="8", categories=64).version == "8"
    again = merge_profiles(both, of("7", [0.5]), version=None, categories=64)
    assert again.versions["7"].series["probability"].counts == (0, 1, 2, 0)
    assert (again.versions["7"].rows, again.versions["8"]) == (3, eight.versions["8"])


def test_an_output_that_one_part_has_not_was_never_there() -> None:
    a = replace(profile(), versions={"7": VersionProfile(rows=2, series={"latency_ms": learned([1.5, 2.5])})})
    b = replace(profile(), versions={"7": VersionProfile(rows=3, series={"prediction": learned(["a", "b"])})})
    both = merge_profiles(a, b, version=None, categories=64).versions["7"]
    assert {name: one.unusable for name, one in both.series.items()} == {"latency_ms": 0, "prediction": 0}
    other = replace(
        profile(), versions={"7": VersionProfile(rows=2, series={"prediction": learned([1.5, 2.5])})}
    )
    with pytest.raises(
        StreamMonitorError, match=r"'prediction' of version '7' is categorical in one .*--type pred"
    ):
        merge_profiles(b, other, version=None, categories=64)


def test_below_and_above_stay_outside() -> None:
    a = learned([1.0, 2.0, 3.0, 4.0])
    a = replace(a, counts=(2, *a.counts[1:-1], 3), size=a.size + 5)
    both = merged(a, learned([0.0, 9.0] * 10))
    assert (both.counts[0], both.counts[-1], both.kind) == (2, 3, Kind.NUMERIC)
