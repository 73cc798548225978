"""Places by id, for predictions and labels whose features came in an event of their own: the latest ids, a bounded number.

A prediction is told the features that came before it, a pair those that came before the row that completed it.
"""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from stream_monitor.core.detector import Plain
from stream_monitor.core.fields import Fields, as_bytes
from stream_monitor.core.segments.placing import Places

KEPT: Final = 20_000  # ids


class Told(NamedTuple):
    """Packed places (n,) of the features of the ids `keys` (n,), at the rows (n,), ascending."""

    keys: NDArray[np.uint64]
    rows: NDArray[np.int64]
    packed: Places


class Recent:
    """The last KEPT ids with features apart from their prediction; 16 bytes each. Costs nothing where there are none."""

    def __init__(self) -> None:
        self._told = Told(np.zeros(0, np.uint64), np.zeros(0, np.int64), np.zeros(0, np.int64))

    @property
    def is_empty(self) -> bool:
        """Whether nothing is known of any id."""
        return len(self._told.keys) == 0

    def add(self, told: Told) -> None:
        """Features that follow those before. Look up all that precedes one of them, or that it precedes, before `trim`."""
        if len(told.keys):
            before = self._told
            self._told = Told(
                np.concatenate([before.keys, told.keys]),
                np.concatenate([before.rows, told.rows]),
                np.concatenate([before.packed, told.packed]),
            )

    def of(self, keys: NDArray[np.uint64], rows: NDArray[np.int64]) -> Places:
        """Packed places (m,) of the ids `keys` (m,) as known at their rows (m,): the latest told before; 0 where none is known.

        Cost: a sort of what is kept, about 1.5 ms; nothing where nothing is kept.
        """
        told = self._told
        found = np.zeros(len(keys), np.int64)
        if len(told.keys) == 0 or len(keys) == 0:
            return found
        here = np.flatnonzero(np.isin(told.keys, keys))
        order = here[np.lexsort((told.rows[here], told.keys[here]))]
        if len(order) == 0:
            return found
        # the last one told whose (key, row) is not above the one asked for
        ranks = _rank(told.keys[order], told.rows[order], keys, rows)
        at = order[np.maximum(ranks - 1, 0)]
        before = np.searchsorted(told.rows, rows, side="right")  # how many had been told by then
        known = (ranks > 0) & (told.keys[at] == keys) & (at >= before - KEPT) & (keys != 0)
        found[known] = told.packed[at[known]]
        return found

    def trim(self) -> None:
        """Forget all but the last KEPT."""
        keys, rows, packed = self._told
        self._told = Told(keys[-KEPT:], rows[-KEPT:], packed[-KEPT:])

    def dump(self) -> dict[str, Plain]:
        """Explicit fields."""
        told = self._told
        return {
            "keys": as_bytes(told.keys, "<u8"),
            "rows": as_bytes(told.rows, "<i8"),
            "packed": as_bytes(told.packed, "<i8"),
        }

    @classmethod
    def load(cls, plain: Plain) -> "Recent":
        """The inverse of `dump`. Raises CorruptState."""
        fields = Fields(plain, "recent")
        recent = cls()
        keys, rows, packed = (
            fields.array("keys", "<u8"),
            fields.array("rows", "<i8"),
            fields.array("packed", "<i8"),
        )
        if (
            not len(keys) == len(rows) == len(packed) <= KEPT
            or (np.diff(rows) < 0).any()
            or (packed < 0).any()
        ):
            raise fields.wrong("keys", "arrays do not fit")
        recent._told = Told(keys.astype(np.uint64), rows.astype(np.int64), packed.astype(np.int64))
        return recent


def _rank(
    keys: NDArray[np.uint64],
    rows: NDArray[np.int64],
    wanted: NDArray[np.uint64],
    at: NDArray[np.int64],
) -> NDArray[np.intp]:
    """How many of the pairs (key, row), sorted, are not above each wanted pair."""
    both = np.lexsort(
        (
            np.concatenate([np.zeros(len(keys), np.int8), np.ones(len(wanted), np.int8)]),
            np.concatenate([rows, at]),
            np.concatenate([keys, wanted]),
        )
    )
    is_told = both < len(keys)
    passed = np.cumsum(is_told)
    ranks = np.zeros(len(wanted), np.intp)
    asked = both[~is_told] - len(keys)
    ranks[asked] = passed[~is_told]
    return ranks
