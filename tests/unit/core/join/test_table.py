import numpy as np
from numpy.typing import NDArray

from stream_monitor.core.join.table import Table, Where


def found(table: Table, keys: NDArray[np.uint64]) -> list[tuple[int, int]]:
    where, positions = table.read(table.find(keys))
    return list(zip(where.tolist(), positions.tolist(), strict=True))


def test_it_is_a_dictionary() -> None:
    """Rounds of insert, move, remove and look-up of keys that crowd at both ends of the table."""
    random = np.random.default_rng(3)
    few = random.integers(1, 2**64, 3_000, dtype=np.uint64)
    few[:500] = np.arange(1, 501)  # all at home in the first slot
    few[500:1_000] = np.uint64(2**64 - 1) - np.arange(500, dtype=np.uint64)  # and in the last one
    table, twin = Table(), dict[int, tuple[int, int]]()
    position = 0
    for _ in range(40):
        keys = random.permutation(few)[:600]
        new = np.array([key not in twin for key in keys.tolist()])
        table.make_room(len(keys))
        at = np.arange(position, position + int(new.sum()))
        position += len(at)
        table.insert(keys[new], table.find(keys[new]), Where.PENDING, at)
        twin |= {key: (1, place) for key, place in zip(keys[new].tolist(), at.tolist(), strict=True)}
        moved = keys[~new]
        table.write(table.find(moved), Where.CLOSED, np.arange(len(moved)))
        twin |= {key: (2, place) for place, key in enumerate(moved.tolist())}
        gone = random.permutation(keys)[:300]
        table.remove(table.find(gone))
        for key in gone.tolist():
            del twin[key]
        assert found(table, few) == [twin.get(key, (0, 0)) for key in few.tolist()]
    assert position > 5_000


def test_rows_of_a_journal_move() -> None:
    table, keys = Table(), np.array([7, 8, 9], np.uint64)
    table.insert(keys[:2], table.find(keys[:2]), Where.PENDING, np.array([4, 6]))
    table.insert(keys[2:], table.find(keys[2:]), Where.EARLY, np.array([4]))
    table.move(Where.PENDING, np.array([-1, -1, -1, -1, 0, -1, 1], np.int32))
    assert found(table, keys) == [(1, 0), (1, 1), (3, 4)]
