"""Which prediction meets which label: the state of every id, changed by a piece of a batch at a time.

An id is nowhere; PENDING, a prediction that waits for its label; EARLY, a label that waits for its prediction; or CLOSED,
labelled or expired and only remembered. What waits too long is removed by `tidy`, at moments that depend on the rows alone;
a prediction older than the wait takes no label even before.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from stream_monitor.core.join.cells import Cells, fields_of
from stream_monitor.core.join.figures import Counts
from stream_monitor.core.join.journal import Journal
from stream_monitor.core.join.parameters import JoinParameters
from stream_monitor.core.join.runs import events_of
from stream_monitor.core.join.table import Table, Where

LABEL = "label"
_BLOCK = 65_536  # rows indexed at once
_ROW: dict[str, type[np.generic]] = {"key": np.uint64, "row": np.int64, "time": np.int64, "clock": np.int64}
FIXED: dict[Where, dict[str, type[np.generic]]] = {
    Where.PENDING: {**_ROW, "version": np.uint16},
    Where.EARLY: {**_ROW, "print": np.uint32},
    Where.CLOSED: {"key": np.uint64, "clock": np.int64, "print": np.uint32},
}


class Piece(NamedTuple):
    """Rows of a batch, all (n,): ordinals, event times and the running maximum of these, ms UTC; the keys of their ids; places
    of their versions; which of them predict, and which are labels; prints of the labels; the cells of both.
    """

    rows: NDArray[np.int64]
    times: NDArray[np.int64]
    clocks: NDArray[np.int64]
    keys: NDArray[np.uint64]
    versions: NDArray[np.uint16]
    predicted: NDArray[np.bool_]
    labelled: NDArray[np.bool_]
    prints: NDArray[np.uint32]
    columns: dict[str, Cells]
    label: Cells


class Pairs(NamedTuple):
    """Pairs (k,) that became complete, in order. at: the completing row of the piece. by_label: that row is the label, and
    `positions` that of the prediction in its journal; else the other way round. slots: in the table. clocks: when the
    prediction came.
    """

    at: NDArray[np.intp]
    by_label: NDArray[np.bool_]
    positions: NDArray[np.intp]
    slots: NDArray[np.int64]
    clocks: NDArray[np.int64]

    def take(self, at: NDArray[np.intp]) -> "Pairs":
        """The pairs at the positions `at`."""
        return Pairs(self.at[at], self.by_label[at], self.positions[at], self.slots[at], self.clocks[at])


class Matching:
    """The ids that are known. Cost: 1 to 2 µs per prediction and per label, a million waiting; bytes: see `JoinParameters`."""

    def __init__(self, parameters: JoinParameters) -> None:
        self._parameters = parameters
        self.counts = Counts()
        self.journals = {where: Journal(fixed, parameters.chunk) for where, fixed in FIXED.items()}
        self.pending = self.journals[Where.PENDING]
        self.early = self.journals[Where.EARLY]
        self.closed = self.journals[Where.CLOSED]
        self._table = Table()

    def match(self, piece: Piece) -> tuple[Pairs, NDArray[np.intp]]:
        """Take the rows of `piece`. Returns the pairs, and the rows of the first predictions of their id, in order."""
        events = events_of(piece.keys, piece.predicted, piece.labelled)
        self._table.make_room(len(events.at))
        begin = self.closed.size
        parts, admitted = [], []
        for number in (0, 1):
            pairs, new = self._predict(piece, events.of(number, labels=False))
            parts.append(pairs)
            admitted += [new, pairs.at]
            parts.append(self._label(piece, events.of(number, labels=True)))
        self.counts.duplicate_prediction += len(events.of(2, labels=False))
        at = events.of(2, labels=True)
        where, positions = self._table.read(self._table.find(piece.keys[at]))
        self._repeat(piece.prints[at], where, positions)
        pairs = Pairs(*map(np.concatenate, zip(*parts, strict=True)))
        return self._in_order(pairs, begin), np.sort(np.concatenate(admitted))

    def _predict(self, piece: Piece, at: NDArray[np.intp]) -> tuple[Pairs, NDArray[np.intp]]:
        """Predictions in the rows `at`, in order, of different ids. Returns also the rows of those that wait now."""
        slots = self._table.find(piece.keys[at])
        where, positions = self._table.read(slots)
        new, early = where == Where.NOWHERE, where == Where.EARLY
        self.counts.duplicate_prediction += len(at) - int(new.sum()) - int(early.sum())
        self._wait(piece, at[new], slots[new], Where.PENDING)
        labels = positions[early].astype(np.intp)
        self._close(piece, at[early], slots[early], self.early["print"][labels])
        self.early.close(labels)
        by_label = np.zeros(len(labels), np.bool_)
        return Pairs(at[early], by_label, labels, slots[early], piece.clocks[at[early]]), at[new]

    def _label(self, piece: Piece, at: NDArray[np.intp]) -> Pairs:
        """Labels in the rows `at`, in order, of different ids."""
        slots = self._table.find(piece.keys[at])
        where, positions = self._table.read(slots)
        new = where == Where.NOWHERE
        self._wait(piece, at[new], slots[new], Where.EARLY)
        met = np.flatnonzero(where == Where.PENDING)
        age = piece.clocks[at[met]] - self.pending["clock"][positions[met]]
        met = met[age <= self._parameters.wait_ms]
        rest = ~new
        rest[met] = False
        self._repeat(piece.prints[at[rest]], where[rest], positions[rest])
        predictions = positions[met].astype(np.intp)
        self._close(piece, at[met], slots[met], piece.prints[at[met]])
        self.pending.close(predictions)
        by_label = np.ones(len(met), np.bool_)
        return Pairs(at[met], by_label, predictions, slots[met], self.pending["clock"][predictions])

    def _wait(self, piece: Piece, at: NDArray[np.intp], slots: NDArray[np.int64], where: Where) -> None:
        """The predictions or labels in the rows `at` wait from now on."""
        fields: dict[str, NDArray[Any]] = {
            "key": piece.keys[at],
            "row": piece.rows[at],
            "time": piece.times[at],
            "clock": piece.clocks[at],
        }
        if where is Where.PENDING:
            fields["version"] = piece.versions[at]
            columns = piece.columns
        else:
            fields["print"] = piece.prints[at]
            columns = {LABEL: piece.label}
        cells = fields_of({name: cells.take(at) for name, cells in columns.items()})
        positions = self.journals[where].append({**fields, **cells}, len(at))
        self._table.insert(fields["key"], slots, where, positions)

    def _close(
        self, piece: Piece, at: NDArray[np.intp], slots: NDArray[np.int64], prints: NDArray[np.uint32]
    ) -> None:
        """The cases completed by the rows `at` are remembered by their labels."""
        fields: dict[str, NDArray[Any]]
        fields = {"key": piece.keys[at], "clock": piece.clocks[at], "print": prints}
        self._table.write(slots, Where.CLOSED, self.closed.append(fields, len(at)))
        self.counts.joined += len(at)

    def _repeat(
        self, prints: NDArray[np.uint32], where: NDArray[np.int32], positions: NDArray[np.int32]
    ) -> None:
        """Labels that are not the first of their id, or too late, count for nothing else."""
        first = np.zeros(len(prints), np.uint32)
        for one, journal in ((Where.CLOSED, self.closed), (Where.EARLY, self.early)):
            first[where == one] = journal["print"][positions[where == one]]
        late, same = first == 0, first == prints
        self.counts.late += int(late.sum())
        self.counts.duplicate_label += int(same.sum())
        self.counts.conflicting_label += int((~late & ~same).sum())

    def _in_order(self, pairs: Pairs, begin: int) -> Pairs:
        """Sort pairs, and with them the cases that are remembered from `begin` on: not by rounds, which depend on the batch."""
        order = np.argsort(pairs.at)
        self.closed.reorder(begin, order)
        self._table.write(pairs.slots[order], Where.CLOSED, np.arange(begin, self.closed.size))
        return pairs.take(order)

    def index(self) -> None:
        """Make the table of journals that were loaded. Cost: 0.2 µs an id."""
        for where, journal in self.journals.items():
            for at in np.array_split(np.flatnonzero(journal.is_open()), journal.size // _BLOCK + 1):
                keys = journal["key"][at]
                self._table.make_room(len(at))
                self._table.insert(keys, np.full(len(at), -1), where, at)

    def tidy(self, clock: int) -> None:
        """Remove what has waited too long at the event time `clock`, or is too much."""
        bounds, counts = self._parameters, self.counts
        counts.expired += self._expire(self.pending.before(clock - bounds.wait_ms), clock)
        counts.displaced += self._expire(self.pending.oldest(self.pending.open - bounds.pending), clock)
        counts.orphan_label += self._forget(self.early, self.early.before(clock - bounds.early_wait_ms))
        counts.displaced_label += self._forget(self.early, self.early.oldest(self.early.open - bounds.early))
        self._forget(self.closed, self.closed.before(clock - bounds.wait_ms))
        self._forget(self.closed, self.closed.oldest(self.closed.open - bounds.remembered))
        for where, journal in self.journals.items():
            moved = journal.tidy()
            if moved is not None:
                self._table.move(where, moved)

    def _expire(self, positions: NDArray[np.intp], clock: int) -> int:
        """These predictions get no label any more, and are remembered as such. Returns their number."""
        keys = self.pending["key"][positions]
        self.pending.close(positions)
        fields = {
            "key": keys,
            "clock": np.full(len(keys), clock, np.int64),
            "print": np.zeros(len(keys), np.uint32),
        }
        self._table.write(self._table.find(keys), Where.CLOSED, self.closed.append(fields, len(keys)))
        return len(keys)

    def _forget(self, journal: Journal, positions: NDArray[np.intp]) -> int:
        self._table.remove(self._table.find(journal["key"][positions]))
        journal.close(positions)
        return len(positions)
