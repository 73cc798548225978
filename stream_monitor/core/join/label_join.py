"""The label join of one model: rows in observed order in, pairs of a prediction and its label out. Knows no metric.

Predictions and labels meet by event id, whichever comes first; a row may hold both. It is a windowed stream-stream join whose
bound in time is measured on the stream's own clock (Kafka Streams, KIP-633; the Dataflow model, Akidau et al. 2015): the
running maximum of event time, never a local clock. Here every id joins once for every version that predicted it, and the first
label counts: for all of them, or, where it names a version, for that one.
"""

from collections.abc import Iterator, Mapping
from itertools import pairwise

from stream_monitor.core.batch import ColumnBatch
from stream_monitor.core.detector import Plain
from stream_monitor.core.fields import Fields
from stream_monitor.core.join import stored
from stream_monitor.core.join.cells import CODES, VALUES, column_names
from stream_monitor.core.join.figures import Counts, Coverage, Delays, Spans
from stream_monitor.core.join.joined import Joined, joined_of, together
from stream_monitor.core.join.matching import Matching
from stream_monitor.core.join.parameters import JoinParameters
from stream_monitor.core.join.reading import Reader


class LabelJoin:
    """What waits to be joined. Every split of the same rows into batches gives the same pairs, counts and state.

    Cost: 0.4 µs for the id, and 1 to 2 µs more, per prediction and per label. Bytes: see `JoinParameters`.
    """

    def __init__(self, parameters: JoinParameters) -> None:
        self.parameters = parameters
        self.clock = 0  # latest event time observed, ms UTC
        self.delays = Delays()
        self._matching = Matching(parameters)
        self._reader = Reader(parameters, self._matching.counts)
        self._spans = Spans(parameters.wait_ms)

    def number_from(self, number: int) -> None:
        """Of a join that holds nothing: its chunks get numbers from `number` on, apart from those of one before it."""
        stored.number_from(self._matching.journals, number)

    @property
    def counts(self) -> Counts:
        """What became of the predictions and labels so far; what has expired is counted every `cut` rows."""
        return self._matching.counts

    @property
    def pending(self) -> int:
        """Predictions that wait for their label."""
        return self._matching.pending.open

    @property
    def early(self) -> int:
        """Labels that wait for their prediction."""
        return self._matching.early.open

    @property
    def remembered(self) -> int:
        """Cases that are closed and still known by id."""
        return self._matching.closed.open

    def coverage(self, age_ms: int) -> Coverage:
        """How many predictions have their label, of those at least `age_ms` old but not older than the wait."""
        return self._spans.coverage(self.clock, age_ms)

    def observe(self, batch: ColumnBatch, first_row: int) -> Joined:
        """Take the rows of `batch` (n >= 1), which follow those observed before; the first has the ordinal `first_row`.

        Returns the pairs that became complete, in the order of the rows that completed them.
        """
        parts = []
        for begin, end in _cut(len(batch), first_row, self.parameters.cut):
            piece = self._reader.read(batch, slice(begin, end), first_row + begin, self.clock)
            self.clock = int(piece.clocks[-1])
            pairs, admitted = self._matching.match(piece)
            part = joined_of(piece, pairs, self._matching, self._reader)
            self.delays.observe(part.delays)
            self._spans.predicted(piece.clocks[admitted])
            self._spans.labelled(pairs.clocks)
            parts.append(part)
            if (first_row + end) % self.parameters.cut == 0:
                self._tidy()
        return together(parts)

    def _tidy(self) -> None:
        """At a row that no batch decides: remove what has expired, and what nothing uses."""
        self._matching.tidy(self.clock)
        pending = self._matching.pending
        self._reader.tidy(pending, (self._matching.early, self._matching.used))
        if pending.was_packed:
            for name in column_names(pending.names()):
                if not pending[CODES + name].any():
                    pending.forget(CODES + name)
                    pending.forget(VALUES + name)

    def dirty_chunks(self) -> dict[int, Plain]:
        """Chunks that have changed since this was last called, by number; with `dump` and `gone_chunks` the whole change of
        the state. They count as written: after a write that failed, load again.
        """
        return stored.dirty_chunks(self._matching.journals)

    def all_chunks(self) -> dict[int, Plain]:
        """Every chunk as of now, by number, whether or not it was written."""
        return stored.all_chunks(self._matching.journals)

    def gone_chunks(self) -> list[int]:
        """Numbers of written chunks to delete, since this was last called."""
        return stored.gone_chunks(self._matching.journals)

    def dump(self) -> dict[str, Plain]:
        """All but the chunks, small: a bit for every row in a chunk with closed rows, figures, dictionaries."""
        return {
            "clock": self.clock,
            "counts": self.counts.dump(),
            "delays": self.delays.dump(),
            "spans": self._spans.dump(),
            "names": self._reader.dump(),
            "journals": stored.dump_journals(self._matching.journals),
        }

    @classmethod
    def load(cls, parameters: JoinParameters, plain: Plain, chunks: Mapping[int, Plain]) -> "LabelJoin":
        """The join as it was when `plain` was dumped; chunks: all that were written by then and not gone.

        Other bounds than then hold from the next `cut` on. Raises CorruptState. Cost: about 0.7 µs a waiting prediction.
        """
        fields = Fields(plain, "join")
        join = cls(parameters)
        join.clock = fields.integer("clock")
        counts = Counts.load(fields.inside("counts"))
        join._matching.counts = counts
        join._reader = Reader(parameters, counts)
        join._reader.load(fields.inside("names"))
        join.delays.load(fields, "delays")
        join._spans.load(fields.inside("spans"))
        stored.load_journals(join._matching.journals, fields.inside("journals"), chunks)
        stored.check(join._matching, join._reader, join.clock)
        join._matching.index()
        return join


def _cut(rows: int, first_row: int, every: int) -> Iterator[tuple[int, int]]:
    """Bounds of the parts of a batch, cut where the ordinal of a row is a multiple of `every`."""
    cuts = range((first_row // every + 1) * every - first_row, rows, every)
    return pairwise([0, *cuts, rows])
