from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream_monitor.core.errors import CorruptState
from stream_monitor.core.importance import apart
from stream_monitor.core.importance.apart import LONGEST, Apart, Told
from stream_monitor.core.importance.coding import NOTHING, VALUES

Event = tuple[str, int | None, bool]  # id, output (None: features), in the sample


def told(events: Sequence[Event], first: int = 0) -> Told:
    """The features of an event are its place."""
    return Told(
        ids=[of for of, _, _ in events],
        sampled=np.array([sampled for _, _, sampled in events], np.bool_),
        features=np.array([[at % VALUES] for at in range(first, first + len(events))], np.uint8).reshape(
            -1, 1
        ),
        outputs=np.array([NOTHING if output is None else output for _, output, _ in events], np.uint8),
    )


def pairs(known: Apart, events: Sequence[Event], first: int = 0) -> list[tuple[int, int]]:
    found = known.pair(told(events, first))
    assert found.features.shape == (len(found.outputs), 1)
    return list(zip(found.features[:, 0].tolist(), found.outputs.tolist(), strict=True))


def test_features_pair_with_every_prediction_that_follows() -> None:
    events: list[Event] = [("a", None, True), ("a", 3, False), ("b", 4, False), ("a", 5, True)]
    assert pairs(Apart(), events) == [(0, 3), (0, 5)]


def test_a_prediction_that_came_first_pairs_once() -> None:
    events: list[Event] = [("a", 3, True), ("b", 4, False), ("a", None, False), ("a", None, False)]
    assert pairs(Apart(), events) == [(2, 3)]


def test_what_is_not_sampled_is_not_kept() -> None:
    events: list[Event] = [("a", None, False), ("a", 3, False), ("b", 4, False), ("b", None, False)]
    known = Apart()
    assert pairs(known, events) == []
    assert known.dump()["ids"] == []


@given(
    events=st.lists(
        st.tuples(st.sampled_from("abcde"), st.none() | st.integers(0, 15), st.booleans()), max_size=60
    ),
    cut=st.integers(0, 60),
)
def test_the_last_sampled_ids_are_known_however_rows_are_cut(events: list[Event], cut: int) -> None:
    """Against a list of what was kept, newest last, through a snapshot at the cut."""
    kept: list[tuple[str, int | None, int]] = []  # id, output, place
    expected: list[tuple[int, int]] = []
    for at, (of, output, sampled) in enumerate(events):
        before = next((one for one in kept if one[0] == of), None)
        if before is not None and before[1] is None and output is not None:
            expected.append((before[2] % VALUES, output))
            continue
        waited = None if before is None or output is not None else before[1]
        if waited is not None:
            expected.append((at % VALUES, waited))
        if waited is not None or sampled:
            kept = [*(one for one in kept if one[0] != of), (of, output, at)][-3:]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(apart, "KEPT", 3)
        known = Apart()
        found = pairs(known, events[:cut])
        known = Apart.load(known.dump(), features=1)
        assert found + pairs(known, events[cut:], cut) == expected
        assert known.dump()["ids"] == [of for of, _, _ in kept]


def test_the_rows_that_matter_are_those_sampled_and_those_they_may_complete() -> None:
    known = Apart()
    pairs(known, [("old", None, True)])
    ids = ["x", "old", "y", None, "x", "z", "w" * (LONGEST + 1), ""]
    sampled = np.array([False, False, False, True, True, False, True, True])
    assert known.concerned(ids, np.arange(8), sampled).tolist() == [0, 1, 4]


def test_features_are_forgotten_where_they_mean_something_else() -> None:
    known = Apart()
    pairs(known, [("a", None, True), ("b", 3, True)])
    known.forget_features()
    assert known.dump()["ids"] == ["b"]


@pytest.mark.parametrize(
    "change",
    [
        {"ids": ["a", "a"]},
        {"ids": ["a"]},
        {"ids": [f"{at}" for at in range(apart.KEPT + 1)]},
        {"outputs": b"\x10\xff"},
        {"outputs": b"\x03\x03"},
        {"features": b"\x0a"},
        {"features": b""},
        {"features": b"\x01\x01"},
    ],
)
def test_a_state_that_makes_no_sense_is_refused(change: dict[str, Any]) -> None:
    known = Apart()
    pairs(known, [("a", 3, True), ("b", None, True)])
    Apart.load(known.dump(), features=1)
    with pytest.raises(CorruptState):
        Apart.load({**known.dump(), **change}, features=1)
