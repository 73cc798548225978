"""The consuming member of a group, over a `MemoryLog`. Follows `kafka.source` step by step: same rules, same order."""

import re
from collections.abc import Callable, Collection, Mapping, Sequence

from stream_monitor.core.errors import StreamMonitorError
from stream_monitor.core.events import Source
from stream_monitor.memory.group import Group, Handle, Noted
from stream_monitor.memory.log import MemoryLog
from stream_monitor.runtime.assignment import Assignment
from stream_monitor.runtime.deadline import Deadline
from stream_monitor.runtime.losses import Losses
from stream_monitor.runtime.ports import Fenced, Fetched, RebalanceListener, TransactionAborted
from stream_monitor.runtime.positions import (
    Facts,
    OnLostData,
    expired_group,
    note,
    out_of_range,
    recorded_id,
    recreated,
    start_offset,
)
from stream_monitor.telemetry.view import Loss


class MemorySource:
    """Implements `runtime.ports.RecordSource`, deterministic: partitions take turns, in order.

    inputs: exact topic names, and patterns that start with ^. columns: the monitor's log.
    """

    def __init__(
        self,
        log: MemoryLog,
        *,
        group: str,
        inputs: Sequence[str],
        columns: str,
        instance_id: str | None = None,
        on_lost_data: OnLostData = "stop",
    ) -> None:
        self._log = log
        self._group: Group = log.group(group)
        self._inputs = list(inputs)
        self._columns = columns
        self._instance_id = instance_id
        self._on_lost_data: OnLostData = on_lost_data
        self._assignment = Assignment()
        self._ids: dict[str, str] = {}
        self._handle: Handle | None = None
        self._listener: RebalanceListener | None = None
        self._held: Sequence[Fetched] = ()
        self._turn = 0
        self._losses = Losses()

    @property
    def member(self) -> str:
        """Name in the group, for `Group.expire`."""
        return self._joined().member

    def subscribe(self, listener: RebalanceListener) -> None:
        """See the port."""
        self._listener = listener
        self._refuse_missing()
        # As on Kafka: records in columns and offsets become true together, so one without the other has expired.
        if self._on_lost_data == "stop" and not self._group.offsets and self._log.records(self._columns):
            raise expired_group(self._group.name, self._columns)
        self._handle = self._group.join(self._instance_id)

    def poll(self, max_records: int, timeout: float) -> Sequence[Fetched]:  # noqa: ARG002 - never waits
        """See the port."""
        if self._held:
            held, self._held = self._held, ()
            return held
        error = self._rebalance()
        self._look_at_topics()
        self._resolve()
        fetched = self._read(max_records)
        if error is not None:
            self._held = fetched
            raise error
        return fetched

    def pause(self, sources: Sequence[Source]) -> None:
        """See the port."""
        for source in sources:
            self._assignment[source].paused = True

    def resume(self, sources: Sequence[Source]) -> None:
        """See the port."""
        for source in sources:
            self._assignment[source].paused = False

    def seek(self, source: Source, offset: int) -> None:
        """See the port."""
        if self._assignment[source].next is None:
            self._assignment[source].wanted = offset
        else:
            self._assignment.start(source, offset)

    def rewind(self, deadline: Deadline) -> None:
        """See the port."""
        self._held = ()
        self._assignment.forget_position(self._assignment.sources())
        while self._assignment.pending():
            if deadline.passed:
                raise StreamMonitorError("the committed offsets could not be read in time")
            self._resolve()

    def at_end(self, source: Source) -> bool:
        """See the port."""
        return self._assignment.at_end(source)

    def position(self, source: Source) -> int | None:
        """See the port."""
        return self._assignment.position(source)

    def partition_counts(self) -> Mapping[str, int]:
        """See the port."""
        counts = self._log.partition_counts()
        return {topic: counts[topic] for topic in self._topics() if topic != self._columns}

    def lag(self) -> Mapping[Source, int]:
        """See the port."""
        lags = {source: self._assignment.lag(source, self._log.high(source)) for source in self._owned()}
        return {source: lag for source, lag in lags.items() if lag is not None}

    def losses(self) -> Mapping[Source, Loss]:
        """See the port."""
        return self._losses.by_source()

    def close(self) -> None:
        """See the port."""
        if self._handle is None:
            return
        try:
            if self._group.knows(self._handle):
                self._told().revoked(self._owned())
        finally:
            self._assignment.remove(self._owned())
            self._group.leave(self._handle)
            self._handle = None

    # ------------------------------------------------------------------ for the checkpointer

    def check_ownership(self, sources: Collection[Source]) -> None:
        """Raises TransactionAborted unless we are a member and own all of `sources`, as far as we know."""
        gone = sorted(
            source
            for source in sources
            if source not in self._assignment or self._assignment[source].next is None
        )
        if gone:
            raise TransactionAborted(f"no longer the owner of {gone}: nothing was written")

    def check_membership(self) -> None:
        """What the coordinator checks (KIP-447). Raises TransactionAborted."""
        if self._handle is None or not self._group.knows(self._handle):
            raise TransactionAborted(f"not a member of group {self._group.name}")

    def offsets(self, offsets: Mapping[Source, int]) -> Mapping[Source, Noted]:
        """What to commit: each with the note that recognises its topic; inputs behind known markers."""
        inputs = self.partition_counts()
        return {
            source: Noted(offset, note(source.topic, self._ids, inputs))
            if source.topic == self._columns
            else Noted(self._assignment.past_markers(source, offset), note(source.topic, self._ids))
            for source, offset in offsets.items()
        }

    def committed(self, offsets: Mapping[Source, int]) -> None:
        """A transaction with these offsets has been committed."""
        for source, offset in offsets.items():
            self._assignment.committed(source, offset)

    @property
    def group_name(self) -> str:
        """Of the group."""
        return self._group.name

    # ------------------------------------------------------------------ rebalancing

    def _rebalance(self) -> BaseException | None:
        """Serve what has happened to the group; the first error of the listener."""
        handle, told, errors = self._joined(), self._told(), list[BaseException]()
        if self._group.replaced(handle):
            raise Fenced(
                f"another process runs with the instance id {handle.member} in group {self._group.name}"
            )
        if not self._group.knows(handle):
            lost = self._owned()
            self._assignment.remove(lost)
            _tell(lambda: told.lost(lost), errors)
            handle = self._handle = self._group.join(self._instance_id)
        counts, version = self._log.partition_counts(), self._log.version
        self._group.subscribe(handle, self._topics())
        vanished = [s for s in self._owned() if s.partition >= counts.get(s.topic, 0) or self._recreated(s)]
        if vanished:
            self._assignment.remove(vanished)
            _tell(lambda: told.lost(vanished), errors)
        revoked = [s for s in self._group.give_up(handle, counts, version) if s in self._assignment]
        if revoked:
            _tell(lambda: told.revoked(revoked), errors)
            self._assignment.remove(revoked)
        if not self._group.knows(handle):  # expired in a callback that took too long: learnt in the next poll
            return errors[0] if errors else None
        self._group.gave_up(handle, self._group.give_up(handle, counts, version))
        taken = [s for s in self._group.take(handle, counts, version) if s not in self._assignment]
        if taken:
            self._assignment.add(taken)
            _tell(lambda: told.assigned(taken), errors)
        return errors[0] if errors else None

    def _recreated(self, source: Source) -> bool:
        return source.topic in self._ids and self._ids[source.topic] != self._log.topic_id(source.topic)

    def _refuse_missing(self) -> None:
        exact = {self._columns, *(name for name in self._inputs if not name.startswith("^"))}
        missing = sorted(exact - self._log.partition_counts().keys())
        if missing:
            raise StreamMonitorError(f"missing: {', '.join(missing)}; MemoryLog.create_topic makes one")

    def _look_at_topics(self) -> None:
        self._refuse_missing()
        for topic in self._topics():
            before, current = self._ids.get(topic), self._log.topic_id(topic)
            self._ids[topic] = current
            if before is not None and before != current and self._on_lost_data == "stop":
                raise recreated(topic, before, current, group=self._group.name)

    def _topics(self) -> Sequence[str]:
        patterns = [re.compile(name) for name in self._inputs if name.startswith("^")]
        return [
            name
            for name in sorted(self._log.partition_counts())
            if name == self._columns or name in self._inputs or any(p.match(name) for p in patterns)
        ]

    def _owned(self) -> Sequence[Source]:
        return self._assignment.sources()

    def _joined(self) -> Handle:
        if self._handle is None:
            raise RuntimeError("subscribe comes first")
        return self._handle

    def _told(self) -> RebalanceListener:
        assert self._listener is not None
        return self._listener

    # ------------------------------------------------------------------ positions and records

    def _resolve(self) -> None:
        pending = self._assignment.pending()
        if self._log.pending(self._group.name, pending):
            self._log.on_wait()
            return
        notes = [noted.note for s, noted in self._group.offsets.items() if s.topic == self._columns]
        for source in pending:
            noted, current = self._group.offsets.get(source), self._log.topic_id(source.topic)
            facts = Facts(
                committed=noted.offset if noted else None,
                recorded_id=recorded_id(noted.note if noted else None, notes, source, current),
                topic_id=current,
                low=self._log.low(source),
                high=self._log.high(source),
            )
            start = start_offset(source, facts, group=self._group.name, on_lost_data=self._on_lost_data)
            wanted = self._assignment[source].wanted
            if start.lost is not None:
                self._losses.add(source, facts)
            self._assignment.start(
                source, wanted if start.lost is None and wanted is not None else start.offset
            )
            self._assignment.committed(source, start.offset)

    def _read(self, max_records: int) -> Sequence[Fetched]:
        owned, left = self._owned(), max_records
        self._turn += 1
        fetched = []
        for step in range(len(owned)):
            source = owned[(self._turn + step) % len(owned)]
            progress = self._assignment[source]
            if progress.next is None or progress.paused or left == 0:
                continue
            try:
                records, position = self._log.read(source, progress.next, left)
            except IndexError:
                self._on_out_of_range(source, progress.next)
                continue
            if records:
                self._assignment.returned(source, records[-1].offset)
                fetched.append(Fetched(source, records))
                left -= len(records)
            elif not self._log.read(source, position, 1)[0]:
                self._assignment.reached_end(source, position)
        return fetched

    def _on_out_of_range(self, source: Source, offset: int) -> None:
        if self._on_lost_data == "stop":
            raise out_of_range(source, offset, group=self._group.name)
        self._assignment.forget_position([source])


def _tell(call: Callable[[], None], errors: list[BaseException]) -> None:
    """Raised by poll after all callbacks, as with Kafka."""
    try:
        call()
    except BaseException as error:  # noqa: BLE001 - kept, not swallowed
        errors.append(error)
