"""Closed blocks through the lenses of references: the kernels and numpy agree in every bit, for any numbers."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from stream_monitor.core.cells import LARGEST
from stream_monitor.core.detector import FloatArray, Kind
from stream_monitor.core.reference import bins_of_numbers, learn_boolean, learn_categorical, learn_numeric
from stream_monitor.core.standardise import Lens
from stream_monitor.core.summaries import Lenses
from stream_monitor.core.window import BLOCK, Sums

samples = st.lists(
    st.one_of(st.sampled_from([-0.0, 0.0, 1.0, 2.0, 5.0]), st.floats(-10, 10), st.floats(-LARGEST, LARGEST)),
    min_size=1,
    max_size=200,
).map(np.array)


def slow_sums(lens: Lens, blocks: FloatArray) -> Sums:
    """Of the blocks (m, BLOCK) of one series."""
    numbers, shape = blocks.ravel(), blocks.shape
    is_numeric = lens.kind is Kind.NUMERIC
    bins = bins_of_numbers(numbers, np.array(lens.reference.edges)) if is_numeric else numbers.astype(np.intp)
    counts = [np.bincount(one, minlength=lens.form.width) for one in bins.reshape(shape)]
    z, views = lens.z(numbers), lens.standardised(numbers).values()
    return Sums(
        counts=np.array(counts, np.uint8),
        views=np.stack([view.reshape(shape).sum(axis=1) for view in views], axis=1),
        moments=np.stack([one.reshape(shape).sum(axis=1) for one in (z, z * z)], axis=1),
    )


def check(lenses: list[Lens], numbers: FloatArray) -> None:
    """numbers: (S, m, BLOCK), or (1, m, BLOCK) of all."""
    found = Lenses(lenses).sums(numbers)
    for at, lens in enumerate(lenses):
        slow = slow_sums(lens, numbers[at if len(numbers) > 1 else 0])
        assert [array[at].tobytes() for array in found] == [array.tobytes() for array in slow]


def in_blocks(numbers: FloatArray) -> FloatArray:
    return np.resize(numbers, (-(-len(numbers) // BLOCK), BLOCK))


def around(edges: FloatArray) -> FloatArray:
    """The edges, the numbers next to them, and what is far off."""
    near = [np.nextafter(edges, -np.inf), edges, np.nextafter(edges, np.inf)]
    return np.asarray(np.clip(np.concatenate([*near, [-LARGEST, 0.0, LARGEST]]), -LARGEST, LARGEST))


@given(samples, samples, samples)
def test_numbers(values: FloatArray, other: FloatArray, numbers: FloatArray) -> None:
    lenses = [Lens(learn_numeric(one, unusable=0)) for one in (values, other)]
    near = np.concatenate([around(np.array(lens.reference.edges)) for lens in lenses])
    blocks = in_blocks(np.concatenate([numbers, near]))
    same = [lens for lens in lenses if lens.form == lenses[0].form]
    check(same, np.stack([blocks] * len(same)))
    check(same, blocks[np.newaxis])


def test_edges_that_lie_close_together() -> None:
    values = np.append(np.random.default_rng(0).normal(size=1_000), [1e9])
    lens = Lens(learn_numeric(values, unusable=0))
    assert np.diff(lens.grid.below).max() > 30
    check([lens], in_blocks(np.concatenate([around(np.array(lens.reference.edges)), values]))[np.newaxis])


@given(arrays.arrays(np.float64, st.integers(1, 100), elements=st.sampled_from([0.0, 1.0])), st.booleans())
def test_truth_values(values: FloatArray, shared: bool) -> None:
    lenses = [Lens(learn_boolean(one, unusable=0)) for one in (values, 1.0 - values)]
    blocks = in_blocks(values)
    check(lenses, blocks[np.newaxis] if shared else np.stack([blocks, 1.0 - blocks]))


@given(st.lists(st.sampled_from("abcdefg"), min_size=1), st.lists(st.integers(0, 7), min_size=1))
def test_categories(texts: list[str], places: list[int]) -> None:
    lens = Lens(learn_categorical(texts, unusable=0, cap=5))
    check([lens, lens], np.stack([in_blocks(np.minimum(np.array(places, np.float64), lens.bins - 1))] * 2))
