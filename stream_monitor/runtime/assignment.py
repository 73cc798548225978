"""What a member of the group owns and how far it has got: plain bookkeeping, shared by the adapters of the source.

A partition is *pending* from assignment (or rewind) until its start offset is known and sought; what the client returns
of it meanwhile is dropped. Knows no client.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from stream_monitor.core.events import Source


@dataclass(slots=True, kw_only=True)
class Progress:
    """One owned partition.

    next: the offset behind the last record returned, or where reading starts; None while pending. wanted: where `seek`
    asked to start while pending. committed: of the group, as far as we know. end: where the client said the partition
    ends, while nothing was returned since; behind transaction markers, which are no records. high: one behind the last
    offset when last asked. stopped: the client gave up fetching (offset out of range): it must be assigned anew.
    """

    next: int | None = None
    wanted: int | None = None
    committed: int | None = None
    end: int | None = None
    high: int = -1
    paused: bool = False
    stopped: bool = False

    def take(self, offsets: Sequence[int]) -> Sequence[bool]:
        """Which of the records that the client returned we wait for; those go to the worker.

        The others were fetched before a revoke, a rewind or a pause.
        """
        if self.next is None or self.paused:
            return [False] * len(offsets)
        taken, wanted = [], self.next
        for offset in offsets:
            taken.append(offset >= wanted)
            if offset >= wanted:
                wanted = offset + 1
        if wanted > self.next:
            self.next, self.end = wanted, None
        return taken


class Assignment:
    """The owned partitions and their progress."""

    def __init__(self) -> None:
        self._owned: dict[Source, Progress] = {}

    def __contains__(self, source: object) -> bool:
        return source in self._owned

    def __getitem__(self, source: Source) -> Progress:
        return self._owned[source]

    def get(self, source: Source) -> Progress | None:
        """Progress of the partition if it is owned."""
        return self._owned.get(source)

    def sources(self) -> Sequence[Source]:
        """All owned partitions, sorted."""
        return sorted(self._owned)

    def pending(self) -> Sequence[Source]:
        """Those that have no start offset yet, sorted."""
        return sorted(source for source, progress in self._owned.items() if progress.next is None)

    def add(self, sources: Iterable[Source]) -> None:
        """Newly assigned; pending."""
        for source in sources:
            self._owned[source] = Progress()

    def remove(self, sources: Iterable[Source]) -> None:
        """No longer ours."""
        for source in sources:
            self._owned.pop(source, None)

    def forget_position(self, sources: Iterable[Source]) -> None:
        """Make pending again; a pause stays."""
        for source in sources:
            progress = self._owned[source]
            progress.next = progress.wanted = progress.end = None

    def start(self, source: Source, offset: int) -> None:
        """Reading goes on at `offset`."""
        progress = self._owned[source]
        progress.next, progress.end, progress.wanted, progress.stopped = offset, None, None, False

    def returned(self, source: Source, offset: int) -> None:
        """The record at `offset` goes to the worker."""
        progress = self._owned[source]
        progress.next, progress.end = offset + 1, None

    def reached_end(self, source: Source, offset: int) -> None:
        """The client has seen the end of the partition at `offset`; an older report is ignored."""
        progress = self._owned.get(source)
        if progress is not None and progress.next is not None and offset >= progress.next:
            progress.end = offset

    def at_end(self, source: Source) -> bool:
        """Whether nothing was left when the client last looked; while it is paused nobody looks, so it is not."""
        progress = self._owned.get(source)
        return progress is not None and progress.end is not None and not progress.paused

    def position(self, source: Source) -> int | None:
        """Next offset to be returned, behind markers known to precede it; None while pending."""
        progress = self._owned.get(source)
        if progress is None or progress.next is None:
            return None
        return self.past_markers(source, progress.next)

    def past_markers(self, source: Source, offset: int) -> int:
        """The same position, behind transaction markers and aborted records that are known to follow it.

        Otherwise retention, which removes markers too, could make the offset of an idle topic look expired.
        """
        progress = self._owned.get(source)
        if progress is None or progress.end is None or progress.next != offset:
            return offset
        return progress.end

    def committed(self, source: Source, offset: int) -> None:
        """The group's committed offset is known now."""
        progress = self._owned.get(source)
        if progress is not None:
            progress.committed = offset

    def lag(self, source: Source, high: int) -> int | None:
        """Records between the committed position and `high`, one behind the last; None when not known."""
        progress = self._owned.get(source)
        if progress is None or progress.committed is None:
            return None
        return max(0, high - self.past_markers(source, progress.committed))
