"""Merging the references of parts gives that of the whole, as far as it says it does; profiles survive their file."""

from collections.abc import Sequence

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from stream_monitor.core.columnise import column_of
from stream_monitor.core.detector import Kind
from stream_monitor.core.profile import Origin, Profile, VersionProfile, learn_feature
from stream_monitor.core.profile_merge import error_bound, merge
from stream_monitor.core.reference import Reference
from stream_monitor.formats.reference_profile import decode, encode

numbers = st.lists(
    st.one_of(
        st.sampled_from([0.0, 0.0, 0.0, 3.0]),
        st.integers(-5, 5).map(float),
        st.floats(-1e3, 1e3, allow_subnormal=False),
    ),
    min_size=1,
    max_size=150,
)
cells = st.one_of(
    numbers,
    st.lists(st.sampled_from(["a", "b", "c", "é", '"', ""]), min_size=1, max_size=50),
    st.lists(st.booleans(), min_size=1, max_size=50),
    st.lists(st.one_of(st.none(), st.floats(), st.text(max_size=3), st.booleans()), min_size=1, max_size=20),
)


def learned(values: Sequence[object], kind: Kind | None = None) -> Reference:
    return learn_feature(column_of(values), kind, categories=3)


def below(reference: Reference) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """How many values are less than each edge but the highest, by the counts."""
    return np.cumsum(reference.counts)[: len(reference.edges) - 1]


@given(numbers, numbers)
def test_the_distribution_function_of_merged_numbers_is_within_the_bound(
    first: Sequence[object], second: Sequence[object]
) -> None:
    a, b = learned(first, Kind.NUMERIC), learned(second, Kind.NUMERIC)
    both = merge(a, b, categories=3)
    both.check()
    values = np.array([*first, *second], np.float64)
    assert (both.size, both.edges[0]) == (len(values), values.min())
    assert both.edges[-1] in {values.max(), np.nextafter(values.max(), np.inf)}
    truth = (values[:, None] < np.array(both.edges[:-1])).sum(axis=0)
    # counts are whole: half a value is lost by rounding
    assert (np.abs(below(both) - truth) <= error_bound(a, b) * both.size + 0.5 + 1e-6).all()


@given(numbers, numbers)
def test_moments_of_merged_numbers_are_exact(first: Sequence[object], second: Sequence[object]) -> None:
    both = merge(learned(first, Kind.NUMERIC), learned(second, Kind.NUMERIC), categories=3)
    values = np.array([*first, *second], np.float64)
    size = max(1.0, float(np.abs(values).max()))
    assert abs(both.mean - values.mean()) <= 1e-9 * size
    assert abs(both.scale - values.std()) <= 1e-6 * size


@given(cells, cells)
def test_merging_does_not_depend_on_the_order(first: Sequence[object], second: Sequence[object]) -> None:
    kind = learned(first).kind
    a, b = learned(first, kind), learned(second, kind)
    one, other = merge(a, b, categories=3), merge(b, a, categories=3)
    assert (one.edges, one.categories, one.counts) == (other.edges, other.categories, other.counts)
    assert (one.size, one.unusable) == (len(first) + len(second) - one.unusable, other.unusable)


few = st.lists(st.sampled_from([0.0, 1.0, 2.5, 7.0]), min_size=120, max_size=150)
truths = st.lists(st.booleans(), min_size=1, max_size=50)
names = st.lists(st.sampled_from(["a", "b", "c"]), min_size=1, max_size=50)


@given(st.sampled_from([few, truths, names]).flatmap(lambda one: st.tuples(one, one, one)))
def test_merging_is_associative_and_is_the_whole_where_it_is_exact(
    parts: tuple[Sequence[object], Sequence[object], Sequence[object]],
) -> None:
    kind = {float: Kind.NUMERIC, bool: Kind.BOOLEAN, str: Kind.CATEGORICAL}[type(parts[0][0])]
    a, b, c = (learned(part, kind) for part in parts)
    left = merge(merge(a, b, categories=3), c, categories=3)
    right = merge(a, merge(b, c, categories=3), categories=3)
    whole = learned([*parts[0], *parts[1], *parts[2]], kind)
    for one in (left, right):
        assert (one.edges, one.categories, one.counts) == (whole.edges, whole.categories, whole.counts)
        assert (one.size, one.unusable) == (whole.size, whole.unusable)
    assert np.allclose([left.mean, left.scale], [right.mean, right.scale], rtol=1e-9)


@given(st.dictionaries(st.text(max_size=5), cells, max_size=4), st.none() | st.text(max_size=5))
def test_a_profile_comes_back_from_its_file(features: dict[str, Sequence[object]], name: str | None) -> None:
    profile = Profile(
        model=name,
        version=name,
        created_from=(Origin(kind="csv", name="a.csv", rows=7),),
        rows=7,
        features={feature: learned(values) for feature, values in features.items()},
        versions={
            feature: VersionProfile(rows=len(values), series={"prediction": learned(values)})
            for feature, values in features.items()
        },
    )
    data = encode(profile)
    assert decode(data) == profile
    assert encode(decode(data)) == data
