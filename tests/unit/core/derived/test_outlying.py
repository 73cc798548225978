"""The most unusual events of late, with their place in the log."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import orjson
import pytest

from stream_monitor.core.batch import ColumnBatch
from stream_monitor.core.derived.outlying import FEATURES, KEPT, SPAN, Outlying
from stream_monitor.core.errors import CorruptState
from tests.unit.core.batches import T0, batch_of, row

Found = Mapping[str, Sequence[tuple[int, float]]]


def rows(first: int, n: int) -> ColumnBatch:
    return batch_of([row({}, time=T0 + at) for at in range(first, first + n)], first_offset=first + 100)


def observed(outlying: Outlying, first: int, n: int, found: Found) -> None:
    for feature, scored in found.items():
        places, scores = zip(*scored, strict=True)
        outlying.note(feature, np.array(places, np.int64), np.array(scores, np.float64))
    outlying.observe(rows(first, n), first)


def scores_of(outlying: Outlying) -> list[float]:
    return [one.score for one in outlying.top()]


def test_an_event_has_its_place_and_its_features_the_most_unusual_first() -> None:
    outlying = Outlying()
    observed(outlying, 40, 20, {"age": [(45, 3.5), (50, 4.0)], "amount": [(45, 9.0)]})
    first, second = outlying.top()
    assert (first.score, first.row, first.time, first.offset) == (9.0, 45, T0 + 45, 145)
    assert (first.features, first.scores) == (("amount", "age"), (9.0, 3.5))
    assert (second.score, second.features) == (4.0, ("age",))
    assert (first.topic, first.partition) == (rows(0, 1).sources[0].topic, rows(0, 1).sources[0].partition)


def test_features_of_one_event_are_few() -> None:
    outlying = Outlying()
    observed(outlying, 0, 5, {f"f{at}": [(2, 3.0 + at)] for at in range(9)})
    (one,) = outlying.top()
    assert one.features == ("f8", "f7", "f6", "f5", "f4")
    assert len(one.scores) == FEATURES


def test_only_the_highest_are_kept_and_of_equal_ones_the_earliest_however_rows_are_cut() -> None:
    random = np.random.default_rng(4)
    scores = np.round(random.uniform(3, 6, 400), 1)
    found = []
    for size in (400, 64, 7):
        outlying = Outlying()
        for first in range(0, 400, size):
            part = [(at, float(scores[at])) for at in range(first, min(400, first + size))]
            observed(outlying, first, len(part), {"x": part})
        found.append(outlying.top())
    assert found[0] == found[1] == found[2]
    expected = sorted((-score, at) for at, score in enumerate(scores.tolist()))[:KEPT]
    assert [(-one.score, one.row) for one in found[0]] == expected


def test_what_is_older_than_a_span_is_forgotten_when_the_next_one_ends() -> None:
    outlying = Outlying()
    observed(outlying, 0, 10, {"x": [(5, 100.0)]})
    observed(outlying, SPAN, 10, {"x": [(SPAN + 1, 4.0)]})
    assert scores_of(outlying) == [100.0, 4.0]
    observed(outlying, 2 * SPAN, 10, {})
    assert scores_of(outlying) == [4.0]
    observed(outlying, 9 * SPAN, 10, {})
    assert scores_of(outlying) == []


def test_state_comes_back_and_nonsense_is_refused() -> None:
    outlying = Outlying()
    observed(outlying, 0, 50, {"x": [(at, 3.0 + at) for at in range(40)]})
    plain: dict[str, Any] = orjson.loads(orjson.dumps(outlying.dump()))
    assert Outlying.load(plain).top() == outlying.top()
    spoiled = [
        {"span": -1},
        {"now": plain["now"] * 2},
        {"now": 3},
        {"now": [[1.0]]},
        {"now": [[*plain["now"][0][:-1], []]]},
    ]
    for one in spoiled:
        with pytest.raises(CorruptState):
            Outlying.load(plain | one)
