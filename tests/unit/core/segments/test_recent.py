import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream_monitor.core.errors import CorruptState
from stream_monitor.core.segments import recent
from stream_monitor.core.segments.recent import Recent, Told


def told(keys: list[int], rows: list[int], packed: list[int]) -> Told:
    return Told(np.array(keys, np.uint64), np.array(rows, np.int64), np.array(packed, np.int64))


def of(known: Recent, keys: list[int], rows: list[int]) -> list[int]:
    return [int(one) for one in known.of(np.array(keys, np.uint64), np.array(rows, np.int64))]


def test_the_last_features_told_by_then_count() -> None:
    known = Recent()
    known.add(told([7, 8, 7], [10, 11, 20], [1, 2, 3]))
    assert of(known, [7, 7, 7, 7, 9, 8], [9, 10, 19, 20, 30, 30]) == [0, 1, 1, 3, 0, 2]


@given(
    events=st.lists(st.tuples(st.integers(1, 5), st.booleans()), min_size=1, max_size=60),
    cuts=st.lists(st.integers(1, 9), min_size=1, max_size=4),
)
def test_the_last_ids_are_known_however_rows_are_cut(events: list[tuple[int, bool]], cuts: list[int]) -> None:
    """Against a list of what was told; `events`: an id, and whether it is told or asked for."""
    kept = 3
    expected, naive = [], []
    for row, (key, tells) in enumerate(events):
        if tells:
            naive.append((key, row + 1))
        else:
            known_now = dict(naive[-kept:])
            expected.append(known_now.get(key, 0))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(recent, "KEPT", kept)
        known, found, begin, turn = Recent(), [], 0, 0
        while begin < len(events):
            part = list(enumerate(events))[begin : begin + cuts[turn % len(cuts)]]
            told_now = [(key, row) for row, (key, says) in part if says]
            asks = [(key, row) for row, (key, says) in part if not says]
            known.add(told([k for k, _ in told_now], [r for _, r in told_now], [r + 1 for _, r in told_now]))
            found += of(known, [k for k, _ in asks], [r for _, r in asks])
            known.trim()
            begin, turn = begin + len(part), turn + 1
    assert found == expected


def test_what_was_dumped_is_loaded_again_and_nonsense_is_not() -> None:
    known = Recent()
    assert known.is_empty
    known.add(told([7, 8], [10, 11], [1, 2]))
    assert of(Recent.load(known.dump()), [8], [12]) == [2]
    for wrong in ({"rows": b""}, {"packed": b"1"}, {"keys": None}):
        with pytest.raises(CorruptState):
            Recent.load({**known.dump(), **wrong})
