import numpy as np

from stream_monitor.core.join.figures import Spans
from stream_monitor.core.join.journal import Journal


def test_a_field_that_was_not_given_is_0_where_other_rows_were() -> None:
    journal = Journal({"clock": np.int64}, chunk=1)
    numbers = np.arange(20, dtype=np.int64)
    positions = journal.append({"clock": numbers, "extra": numbers}, 20)
    journal.close(positions[:15])
    moved = journal.tidy()
    assert moved is not None
    assert moved.tolist() == [-1] * 15 + [0, 1, 2, 3, 4]
    journal.append({"clock": numbers[:3]}, 3)
    assert journal["extra"].tolist() == [15, 16, 17, 18, 19, 0, 0, 0]


def test_small_chunks_become_one() -> None:
    journal = Journal({"clock": np.int64}, chunk=4)
    positions = journal.append({"clock": np.arange(16, dtype=np.int64)}, 16)
    journal.close(positions[[1, 2, 3, 5, 6, 7, 9, 10, 11]])
    journal.chunks.take_dirty()
    journal.tidy()
    chunks = journal.chunks
    assert (chunks.numbers.tolist(), chunks.held.tolist(), chunks.open.tolist()) == (
        [0, 1, 3],
        [4, 2, 4],
        [1, 2, 4],
    )
    assert chunks.take_dirty() == [1]
    assert chunks.take_gone() == [2]


def test_spans_are_used_again() -> None:
    spans = Spans(512)
    for clock in (3, 3 + 520):
        spans.predicted(np.array([clock]))
    spans.labelled(np.array([3, 3 + 520]))
    coverage = spans.coverage(530, 0)
    assert (coverage.predictions, coverage.labelled) == (1, 1)
