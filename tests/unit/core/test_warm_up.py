from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from stream_monitor.core.batch import Column
from stream_monitor.core.detector import Kind
from stream_monitor.core.errors import CorruptState
from stream_monitor.core.warm_up import WarmUp, infer_kind, learn
from tests.unit.core.batches import column


@pytest.mark.parametrize(
    ("cells", "kind"),
    [
        ([1.5, 2.5, 3], Kind.NUMERIC),
        ([0, 1, 1, 0.0], Kind.BOOLEAN),
        ([0, 0], Kind.BOOLEAN),
        ([1], Kind.BOOLEAN),
        ([0, 1, 2], Kind.NUMERIC),
        ([True, False], Kind.BOOLEAN),
        ([True, False, 3.5], Kind.BOOLEAN),
        ([True, 3.5, 4.5], Kind.NUMERIC),
        (["a", "b", "a", 1.0], Kind.CATEGORICAL),
        (["a", 1.0, 2.0], Kind.NUMERIC),
        ([f"id-{at}" for at in range(101)], Kind.IDENTIFIER),
        ([f"id-{at}" for at in range(100)], Kind.CATEGORICAL),  # too few to tell
        ([f"id-{at % 101}" for at in range(202)], Kind.CATEGORICAL),  # half of them repeat
        (
            [f"id-{at % 101}" for at in range(201)],
            Kind.CATEGORICAL,
        ),  # and come twice: there are no more of them
        ([f"id-{at % 200}" for at in range(201)], Kind.IDENTIFIER),
    ],
)
def test_the_kind_is_what_most_cells_are(cells: Sequence[object], kind: Kind) -> None:
    assert infer_kind(column(*cells)) is kind


def timed(*cells: object) -> tuple[Column, NDArray[np.int64]]:
    return column(*cells), np.arange(len(cells), dtype=np.int64)


@pytest.mark.parametrize("cuts", [[1] * 12, [5, 5], [12], [3, 9]])
def test_present_cells_are_kept_until_there_are_enough_however_they_come(cuts: list[int]) -> None:
    cells = [1.0, None, "a", 2.0, [0], True, 3.0, None, "b", "a", 4.0, 5.0]
    warm_up, begin, used = WarmUp(7), 0, 0
    for size in cuts:
        if warm_up.done:
            break
        used += warm_up.take(*timed(*cells[begin : begin + size]))
        begin += size
    assert warm_up.done
    assert used == 10  # the cell that was the seventh present one ends it
    assert warm_up.unusable == 3
    kept = warm_up.column()
    assert kept.values.tolist() == [1.0, 0.0, 2.0, 0.0, 3.0, 1.0, 0.0]
    assert kept.texts == ("a", "b")
    assert len(warm_up.times()) == 7


def test_the_ratio_counts_values_not_cells() -> None:
    warm_up = WarmUp(4)
    assert warm_up.take(*timed(None, 1.0, None)) == 3
    assert (warm_up.ratio, warm_up.done, warm_up.unusable) == (0.25, False, 2)


def test_a_dump_goes_on_as_the_original() -> None:
    warm_up = WarmUp(5)
    warm_up.take(*timed("a", 1.0, None, "b"))
    other = WarmUp.load(warm_up.dump())
    for one in (warm_up, other):
        one.take(*timed("c", "a", "d"))
    assert warm_up.dump() == other.dump()
    assert other.done


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("size", 0),
        ("size", 1),
        ("unusable", -1),
        ("codes", b""),
        ("values", b"12345678" * 2),
        ("values", np.array([0.0, np.nan, 0.0]).tobytes()),
        ("values", np.array([0.0, 1.0, 2.0]).tobytes()),
        ("values", np.array([-1.0, 1.0, 0.0]).tobytes()),
        ("times", b"12345678"),
        ("texts", []),
        ("texts", [1]),
    ],
)
def test_fields_that_do_not_fit_are_corrupt(name: str, value: object) -> None:
    warm_up = WarmUp(5)
    warm_up.take(*timed("a", 1.0, "a"))
    with pytest.raises(CorruptState, match="warm_up"):
        WarmUp.load({**warm_up.dump(), name: value})  # type: ignore[dict-item]


def test_cells_of_another_kind_are_unusable_and_counted() -> None:
    reference = learn(column(1.0, "x", 2.0, True), Kind.NUMERIC, unusable=5, categories=4)
    assert (reference.kind, reference.size, reference.unusable) == (Kind.NUMERIC, 2, 7)


@pytest.mark.parametrize("kind", [Kind.NUMERIC, Kind.BOOLEAN])
def test_a_series_that_brings_nothing_of_its_kind_is_counted_not_watched(kind: Kind) -> None:
    reference = learn(column("x", "y"), kind, unusable=1, categories=4)
    assert (reference.kind, reference.size, reference.unusable) == (Kind.IDENTIFIER, 0, 3)


def test_a_configured_kind_wins_over_what_the_cells_suggest() -> None:
    reference = learn(column(*[f"s-{at}" for at in range(200)]), Kind.CATEGORICAL, unusable=0, categories=3)
    assert (reference.kind, len(reference.categories), reference.counts[-1]) == (Kind.CATEGORICAL, 3, 197)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(
    ("categories", "kind"),
    [
        (700, Kind.CATEGORICAL),
        (10_000, Kind.CATEGORICAL),
        (100_000, Kind.IDENTIFIER),
        (10**12, Kind.IDENTIFIER),
    ],
)
def test_many_categories_are_told_from_identifiers_by_how_many_come_again(
    categories: int, kind: Kind, seed: int
) -> None:
    cells = [f"c{at}" for at in np.random.default_rng(seed).integers(0, categories, 1_000)]
    assert infer_kind(column(*cells)) is kind
