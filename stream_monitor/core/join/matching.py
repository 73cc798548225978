"""Which prediction meets which label: the state of every case, changed by a piece of a batch at a time.

A case is what one version says of one id; it is nowhere; PENDING, a prediction that waits for its label; or CLOSED, labelled or
expired and only remembered. A label names an id and seldom a version: then it is about the cases of every version. It is EARLY
while it has met no prediction, and when it has, USED: another version may still predict the same id. A label that names a version
is about that case alone, and is CLOSED with it. What waits too long is removed by `tidy`, at moments that depend on the rows
alone; a prediction older than the wait takes no label even before.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from stream_monitor.core.join.cells import CODES, VALUES, Cells, fields_of
from stream_monitor.core.join.figures import Counts
from stream_monitor.core.join.journal import Journal
from stream_monitor.core.join.keys import cases_of
from stream_monitor.core.join.parameters import JoinParameters
from stream_monitor.core.join.runs import events_of
from stream_monitor.core.join.table import Table, Where

LABEL = "label"
_BLOCK = 65_536  # rows indexed at once
_CASE: dict[str, type[np.generic]] = {"key": np.uint64, "clock": np.int64}
_LABEL: dict[str, type[np.generic]] = {**_CASE, "time": np.int64, "print": np.uint32}
FIXED: dict[Where, dict[str, type[np.generic]]] = {
    Where.PENDING: {**_CASE, "row": np.int64, "time": np.int64, "version": np.uint16},
    Where.EARLY: _LABEL,
    Where.CLOSED: {**_CASE, "print": np.uint32},
    Where.USED: _LABEL,
}
_WITH_LABEL = (Where.CLOSED, Where.EARLY, Where.USED)


class Piece(NamedTuple):
    """Rows of a batch, all (n,): ordinals, event times and the running maximum of these, ms UTC; keys of their ids, of the cases
    that they predict, and of what their labels are about (the id, or one case); places of their versions; which of them predict,
    and which are labels; prints of the labels; the cells of both. salts: (v,) keys of the versions whose cases may be known.
    """

    rows: NDArray[np.int64]
    times: NDArray[np.int64]
    clocks: NDArray[np.int64]
    ids: NDArray[np.uint64]
    cases: NDArray[np.uint64]
    scopes: NDArray[np.uint64]
    versions: NDArray[np.uint16]
    predicted: NDArray[np.bool_]
    labelled: NDArray[np.bool_]
    prints: NDArray[np.uint32]
    columns: dict[str, Cells]
    label: Cells
    salts: NDArray[np.uint64]


class Pairs(NamedTuple):
    """Pairs (k,) that became complete. at: the completing row of the piece. by_label: that row is the label, and `positions` that
    of the prediction in its journal; else the row is the prediction. keys: of the cases. rows, clocks: ordinal of the prediction
    and when it came. label_times, label, prints: of the label.
    """

    at: NDArray[np.intp]
    by_label: NDArray[np.bool_]
    positions: NDArray[np.intp]
    keys: NDArray[np.uint64]
    rows: NDArray[np.int64]
    clocks: NDArray[np.int64]
    label_times: NDArray[np.int64]
    label: Cells
    prints: NDArray[np.uint32]

    def take(self, at: NDArray[np.intp]) -> "Pairs":
        """The pairs at the positions `at`."""
        return Pairs(
            self.at[at],
            self.by_label[at],
            self.positions[at],
            self.keys[at],
            self.rows[at],
            self.clocks[at],
            self.label_times[at],
            self.label.take(at),
            self.prints[at],
        )


class _Found(NamedTuple):
    """What is known of labels (k,): entries (m,) with the label `of` which they are, their slot, journal and position there."""

    of: NDArray[np.intp]
    slots: NDArray[np.int64]
    where: NDArray[np.int32]
    positions: NDArray[np.int32]

    def take(self, wanted: NDArray[np.bool_]) -> "_Found":
        """The entries that are `wanted`."""
        return _Found(self.of[wanted], self.slots[wanted], self.where[wanted], self.positions[wanted])


class Matching:
    """The cases that are known. Cost: 1 to 2 µs per prediction and per label, a million waiting, and 0.1 µs more per label for
    every further version; bytes: see `JoinParameters`.
    """

    def __init__(self, parameters: JoinParameters) -> None:
        self._parameters = parameters
        self.counts = Counts()
        self.journals = {where: Journal(fixed, parameters.chunk) for where, fixed in FIXED.items()}
        self.pending = self.journals[Where.PENDING]
        self.early = self.journals[Where.EARLY]
        self.closed = self.journals[Where.CLOSED]
        self.used = self.journals[Where.USED]
        self._table = Table()
        self._orders: dict[
            Where, list[NDArray[np.intp]]
        ] = {}  # rows of the piece that made the tails of the journals

    def match(self, piece: Piece) -> tuple[Pairs, NDArray[np.intp]]:
        """Take the rows of `piece`. Returns the pairs, in order of the rows that completed them and then of the predictions, and
        the rows of the first predictions of their case, in order.
        """
        events = events_of(piece.ids, piece.cases, piece.scopes, piece.predicted, piece.labelled)
        self._table.make_room(len(events.at))
        begins = {where: journal.size for where, journal in self.journals.items()}
        self._orders = {where: [] for where in self.journals}
        parts: list[Pairs] = []
        for turn in range(events.number):
            parts += self._predict(piece, events.of(turn, labels=False, matters=True))
            parts += self._label(piece, events.of(turn, labels=True, matters=True))
            at = events.of(turn, labels=True, matters=False)
            self._repeat(piece.prints[at], self._find(piece, at), np.ones(len(at), np.bool_))
        self.counts.duplicate_prediction += int((~events.is_label & ~events.matters).sum())
        pairs = self._in_order(_together(parts, piece), begins)
        return pairs, np.sort(np.append(_all(self._orders[Where.PENDING]), pairs.at[~pairs.by_label]))

    def _predict(self, piece: Piece, at: NDArray[np.intp]) -> list[Pairs]:
        """Predictions in the rows `at`, in order, of different ids."""
        slots = self._table.find(piece.cases[at])
        where, positions = self._table.read(slots)
        new, own = where == Where.NOWHERE, where == Where.EARLY
        self.counts.duplicate_prediction += len(at) - int(new.sum()) - int(own.sum())
        of_id = np.full(len(at), -1, np.int64)
        of_id[new] = self._table.find(piece.ids[at[new]])
        there, there_at = self._table.read(of_id)
        waits = new & (there == Where.NOWHERE)
        self._wait(piece, at[waits], slots[waits], Where.PENDING)
        parts = []
        for met, journal, labels in (
            (own, self.early, positions[own]),
            (there == Where.EARLY, self.early, there_at[there == Where.EARLY]),
            (there == Where.USED, self.used, there_at[there == Where.USED]),
        ):
            if met.any():
                pairs = _by_prediction(piece, at[met], journal, labels)
                self._close(pairs, slots[met], piece)
                parts.append(pairs)
                if journal is self.early:
                    self._leave_early(pairs, labels.astype(np.intp), of_id[met], piece)
        return parts

    def _leave_early(
        self, pairs: Pairs, labels: NDArray[np.intp], of_id: NDArray[np.int64], piece: Piece
    ) -> None:
        """Early labels have met their first prediction; those that are about an id, at the slots `of_id` or -1, are used."""
        self.counts.matched += len(labels)
        self.early.close(labels)
        all_versions = of_id >= 0
        at, labels = pairs.at[all_versions], labels[all_versions]
        fields = {name: self.early[name][labels] for name in self.early.names()}
        fields["clock"] = piece.clocks[at]
        self._append(Where.USED, fields, at, of_id[all_versions])

    def _label(self, piece: Piece, at: NDArray[np.intp]) -> list[Pairs]:
        """Labels in the rows `at`, in order, of different ids."""
        found = self._find(piece, at)
        waits = found.where == Where.PENDING
        age = piece.clocks[at[found.of[waits]]] - self.pending["clock"][found.positions[waits]]
        waits[waits] = age <= self._parameters.wait_ms
        met = found.take(waits)
        is_met, is_known = (np.bincount(one, minlength=len(at)) > 0 for one in (met.of, found.of))
        new = at[~is_known]
        self._wait(piece, new, self._table.find(piece.scopes[new]), Where.EARLY)
        self._repeat(piece.prints[at], found, is_known & ~is_met)
        if len(met.of) == 0:
            return []
        self.counts.matched += int(is_met.sum())
        pairs = self._by_label(piece, at[met.of], met.positions.astype(np.intp))
        self._close(pairs, met.slots, piece)
        self.pending.close(pairs.positions)
        all_versions = at[is_met & (piece.scopes[at] == piece.ids[at])]
        self._wait(piece, all_versions, self._table.find(piece.ids[all_versions]), Where.USED)
        return [pairs]

    def _find(self, piece: Piece, at: NDArray[np.intp]) -> _Found:
        """What the labels in the rows `at` are about: a label like it, the case it names, or else the cases of every version."""
        slots = self._table.find(piece.scopes[at])
        where, positions = self._table.read(slots)
        parts = [_Found(np.arange(len(at)), slots, where, positions)]
        of = np.flatnonzero((where == Where.NOWHERE) & (piece.scopes[at] == piece.ids[at]))
        for one in range(len(piece.salts) if len(of) else 0):
            slots = self._table.find(cases_of(piece.ids[at[of]], piece.salts[one : one + 1]))
            case = _Found(of, slots, *self._table.read(slots))
            parts.append(
                case.take(case.where != Where.EARLY)
            )  # a label of one version, which has not predicted
        found = _Found(
            np.concatenate([part.of for part in parts]),
            np.concatenate([part.slots for part in parts]),
            np.concatenate([part.where for part in parts]),
            np.concatenate([part.positions for part in parts]),
        )
        return found.take(found.where != Where.NOWHERE)

    def _by_label(self, piece: Piece, at: NDArray[np.intp], predictions: NDArray[np.intp]) -> Pairs:
        """The labels in the rows `at` meet the predictions at these positions."""
        return Pairs(
            at=at,
            by_label=np.ones(len(at), np.bool_),
            positions=predictions,
            keys=self.pending["key"][predictions],
            rows=self.pending["row"][predictions],
            clocks=self.pending["clock"][predictions],
            label_times=piece.times[at],
            label=piece.label.take(at),
            prints=piece.prints[at],
        )

    def _wait(self, piece: Piece, at: NDArray[np.intp], slots: NDArray[np.int64], where: Where) -> None:
        """The predictions or labels in the rows `at` wait from now on."""
        predicts = where is Where.PENDING
        fields: dict[str, NDArray[Any]] = {
            "key": piece.cases[at] if predicts else piece.scopes[at],
            "time": piece.times[at],
            "clock": piece.clocks[at],
        }
        if predicts:
            fields |= {"row": piece.rows[at], "version": piece.versions[at]}
        else:
            fields["print"] = piece.prints[at]
        columns = piece.columns if predicts else {LABEL: piece.label}
        cells = fields_of({name: cells.take(at) for name, cells in columns.items()})
        self._append(where, {**fields, **cells}, at, slots)

    def _close(self, pairs: Pairs, slots: NDArray[np.int64], piece: Piece) -> None:
        """The cases of these pairs, at the slots or nowhere (-1), are remembered by their labels."""
        fields: dict[str, NDArray[Any]]
        fields = {"key": pairs.keys, "clock": piece.clocks[pairs.at], "print": pairs.prints}
        self._append(Where.CLOSED, fields, pairs.at, slots)
        self.counts.joined += len(pairs.at)

    def _append(
        self, where: Where, fields: dict[str, NDArray[Any]], at: NDArray[np.intp], slots: NDArray[np.int64]
    ) -> None:
        """Rows of a journal that come from the rows `at` of the piece, with their entries at the slots or nowhere (-1)."""
        positions = self.journals[where].append(fields, len(at))
        self._table.insert(fields["key"], slots, where, positions)
        self._orders[where].append(at)

    def _repeat(self, prints: NDArray[np.uint32], found: _Found, which: NDArray[np.bool_]) -> None:
        """Count the labels `which`, (k,) of prints (k,), that are not the first of what they are about, or too late."""
        first = np.zeros(len(found.of), np.uint32)
        for where in _WITH_LABEL:
            of_journal = found.where == where
            first[of_journal] = self.journals[where]["print"][found.positions[of_journal]]
        told, same = first != 0, first == prints[found.of]
        has_label, has_same = (np.bincount(found.of[one], minlength=len(prints)) > 0 for one in (told, same))
        self.counts.late += int((which & ~has_label).sum())
        self.counts.duplicate_label += int((which & has_same).sum())
        self.counts.conflicting_label += int((which & has_label & ~has_same).sum())

    def _in_order(self, pairs: Pairs, begins: dict[Where, int]) -> Pairs:
        """Sort pairs, and the ends of the journals: not by turns, which depend on the batch."""
        order = np.lexsort((pairs.rows, pairs.at))
        self._settle(Where.CLOSED, begins[Where.CLOSED], order)
        for where in (Where.EARLY, Where.USED):
            self._settle(where, begins[where], np.argsort(_all(self._orders[where]), kind="stable"))
        begin, waited = begins[Where.PENDING], np.argsort(_all(self._orders[Where.PENDING]), kind="stable")
        self._settle(Where.PENDING, begin, waited)
        moved = pairs.by_label & (pairs.positions >= begin)
        to = np.empty_like(waited)
        to[waited] = np.arange(len(waited))
        pairs.positions[moved] = begin + to[pairs.positions[moved] - begin]
        return pairs.take(order)

    def _settle(self, where: Where, begin: int, order: NDArray[np.intp]) -> None:
        """Put the rows of a journal from `begin` on into this order."""
        if (order[1:] > order[:-1]).all():  # most often
            return
        journal = self.journals[where]
        journal.reorder(begin, order)
        rows = journal.open_from(begin)
        self._table.write(self._table.find(journal["key"][rows]), where, rows)

    def index(self) -> None:
        """Make the table of journals that were loaded. Cost: 0.2 µs an id."""
        self._table.make_room(sum(journal.open for journal in self.journals.values()))
        for where, journal in self.journals.items():
            for at in np.array_split(np.flatnonzero(journal.is_open()), journal.size // _BLOCK + 1):
                keys = journal["key"][at]
                self._table.insert(keys, np.full(len(at), -1), where, at)

    def tidy(self, clock: int) -> None:
        """Remove what has waited too long at the event time `clock`, or is too much."""
        bounds, counts = self._parameters, self.counts
        counts.expired += self._expire(self.pending.before(clock - bounds.wait_ms), clock)
        counts.displaced += self._expire(self.pending.oldest(self.pending.open - bounds.pending), clock)
        counts.orphan_label += self._forget(self.early, self.early.before(clock - bounds.early_wait_ms))
        counts.displaced_label += self._forget(self.early, self.early.oldest(self.early.open - bounds.early))
        self._forget(self.used, self.used.before(clock - bounds.early_wait_ms))
        self._forget(self.used, self.used.oldest(self.used.open - bounds.early))
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


def _by_prediction(piece: Piece, at: NDArray[np.intp], journal: Journal, labels: NDArray[np.int32]) -> Pairs:
    """The predictions in the rows `at` meet the labels at these positions of a journal."""
    return Pairs(
        at=at,
        by_label=np.zeros(len(at), np.bool_),
        positions=np.zeros(len(at), np.intp),
        keys=piece.cases[at],
        rows=piece.rows[at],
        clocks=piece.clocks[at],
        label_times=journal["time"][labels],
        label=Cells(journal[VALUES + LABEL][labels], journal[CODES + LABEL][labels]),
        prints=journal["print"][labels],
    )


def _all(parts: list[NDArray[np.intp]]) -> NDArray[np.intp]:
    return np.concatenate([*parts, np.zeros(0, np.intp)])


def _together(parts: list[Pairs], piece: Piece) -> Pairs:
    """All pairs, part by part."""
    if len(parts) == 1:
        return parts[0]
    nothing = np.zeros(0, np.intp)
    return Pairs(
        np.concatenate([nothing, *(part.at for part in parts)]),
        np.concatenate([np.zeros(0, np.bool_), *(part.by_label for part in parts)]),
        np.concatenate([nothing, *(part.positions for part in parts)]),
        np.concatenate([piece.ids[:0], *(part.keys for part in parts)]),
        np.concatenate([piece.rows[:0], *(part.rows for part in parts)]),
        np.concatenate([piece.clocks[:0], *(part.clocks for part in parts)]),
        np.concatenate([piece.times[:0], *(part.label_times for part in parts)]),
        Cells(
            np.concatenate([np.zeros(0), *(part.label.values for part in parts)]),
            np.concatenate([np.zeros(0, np.uint8), *(part.label.codes for part in parts)]),
        ),
        np.concatenate([piece.prints[:0], *(part.prints for part in parts)]),
    )
