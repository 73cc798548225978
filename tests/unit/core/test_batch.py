import numpy as np

from tests.unit.core.batches import batch_of, row
from tests.unit.formats.batches import rows_of


def test_a_slice_is_the_same_rows_as_taken_one_by_one_and_copies_nothing() -> None:
    batch = batch_of([row({"x": float(at), "t": "ab"[at % 2]}, version=f"{at % 3}") for at in range(10)])
    part = batch.slice(3, 8)
    assert rows_of(part) == rows_of(batch.take(np.arange(3, 8)))
    assert len(part) == 5
    assert np.shares_memory(part.times, batch.times)
    assert np.shares_memory(part.columns["feature:x"].values, batch.columns["feature:x"].values)


def test_a_slice_ends_with_the_batch() -> None:
    batch = batch_of([row({"x": float(at)}) for at in range(4)])
    assert rows_of(batch.slice(2, 99)) == rows_of(batch)[2:]
