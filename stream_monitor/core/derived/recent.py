"""Which features were at fault lately: the last faults of one kind, each with its row, so that an event can name them."""

from collections import Counter
from typing import Final

import numpy as np
from numpy.typing import NDArray

from stream_monitor.core.detector import Plain
from stream_monitor.core.drift_event import FeatureFaults
from stream_monitor.core.fields import Fields, as_bytes

KEPT: Final = 1_024  # faults
NAMED: Final = 5  # features named in an event


class Recent:
    """The last KEPT faults in order of rows, those of one row by feature. Those of the rows observed last come on top."""

    def __init__(self) -> None:
        self._names: dict[str, int] = {}
        self._rows: NDArray[np.int64] = np.zeros(0, np.int64)
        self._at: NDArray[np.int64] = np.zeros(0, np.int64)

    def add(self, found: dict[str, NDArray[np.int64]]) -> None:
        """Take the faults that follow: by feature the rows (k,) in which it was at fault, ascending."""
        self._forget()
        names = sorted(found)
        rows = np.concatenate([found[name] for name in names])
        rank = np.repeat(np.arange(len(names)), [len(found[name]) for name in names])
        order = np.lexsort((rank, rows))
        for at in rank[order][np.sort(np.unique(rank[order], return_index=True)[1])].tolist():
            self._names.setdefault(
                names[at], len(self._names)
            )  # in order of appearance, however rows are cut
        place = np.array([self._names[name] for name in names])
        self._rows = np.concatenate([self._rows, rows[order]])
        self._at = np.concatenate([self._at, place[rank[order]]])

    def ranked(self, first: int, last: int) -> tuple[FeatureFaults, ...]:
        """The features at fault in the rows [first, last], the one most often first; at most KEPT faults back."""
        end = int(np.searchsorted(self._rows, last, side="right"))
        begin = max(end - KEPT, int(np.searchsorted(self._rows, first)))
        names = list(self._names)
        tally = Counter(names[at] for at in self._at[begin:end].tolist())
        ranked = sorted(tally.items(), key=lambda one: (-one[1], one[0]))
        return tuple(FeatureFaults(feature=name, events=n) for name, n in ranked[:NAMED])

    def _forget(self) -> None:
        self._rows, self._at = self._rows[-KEPT:], self._at[-KEPT:]

    def dump(self) -> dict[str, Plain]:
        """Explicit fields; arrays as little-endian bytes."""
        return {
            "names": list(self._names),
            "rows": as_bytes(self._rows[-KEPT:], "<i8"),
            "at": as_bytes(self._at[-KEPT:], "<i8"),
        }

    @classmethod
    def load(cls, plain: Plain) -> "Recent":
        """The inverse of `dump`. Raises CorruptState."""
        fields = Fields(plain, "faults")
        recent = cls()
        recent._names = {name: at for at, name in enumerate(fields.texts("names"))}
        recent._rows, recent._at = fields.array("rows", "<i8"), fields.array("at", "<i8")
        rows, at = recent._rows, recent._at
        if len(rows) != len(at) or len(rows) > KEPT or (np.diff(rows) < 0).any():
            raise fields.wrong("rows", "not ascending, or not one for each fault")
        if len(at) and not 0 <= at.min() <= at.max() < len(recent._names):
            raise fields.wrong("at", "no such feature")
        return recent
