"""Reading back over a `MemoryLog`: committed offset, snapshots, columns log, with the ends that `kafka.state_store` takes."""

from collections.abc import Iterator

from stream_monitor.core.errors import StreamMonitorError
from stream_monitor.core.events import Record, Source
from stream_monitor.memory.log import MemoryLog
from stream_monitor.runtime.deadline import Deadline
from stream_monitor.runtime.ports import Asked, LostData
from stream_monitor.runtime.positions import way_out


class MemoryStateStore:
    """Implements `runtime.ports.StateStore`. Where it has to wait it calls `MemoryLog.on_wait` and yields None."""

    def __init__(self, log: MemoryLog, *, group: str, columns: str, state: str) -> None:
        self._log = log
        self._group = group
        self._columns = columns
        self._state = state

    def committed(self, partition: int, deadline: Deadline) -> Asked[int | None]:
        """See the port."""
        source = Source(self._columns, partition)
        while self._log.pending(self._group, [source]):
            if deadline.passed:
                raise StreamMonitorError(
                    f"the committed offset of group {self._group} could not be read in time"
                )
            yield
            self._log.on_wait()
        noted = self._log.committed(self._group, source)
        return None if noted is None else noted.offset

    def low_watermark(self, partition: int, deadline: Deadline) -> Asked[int]:  # noqa: ARG002 - answers at once
        """See the port."""
        yield from ()
        return self._log.low(Source(self._columns, partition))

    def snapshots(self, partition: int, deadline: Deadline) -> Iterator[tuple[bytes, bytes] | None]:
        """See the port."""
        source, latest = Source(self._state, partition), dict[bytes, bytes]()
        for record in self._read(source, self._log.low(source), self._log.high(source), deadline):
            if record is None:
                yield None
            elif record.key is None:
                continue
            elif record.value is None:
                latest.pop(record.key, None)
            else:
                latest[record.key] = record.value
        yield from latest.items()

    def log(self, partition: int, first: int, last: int, deadline: Deadline) -> Iterator[Record | None]:
        """See the port."""
        source = Source(self._columns, partition)
        if first < last and not (self._log.low(source) <= first and last <= self._log.high(source)):
            raise LostData(
                f"{self._columns} partition {partition}: offsets {first} to {last - 1} are needed to rebuild the state,"
                f" but {self._log.low(source)} to {self._log.high(source) - 1} are there; {way_out(self._group)}"
            )
        yield from self._read(source, first, last, deadline)

    def _read(self, source: Source, first: int, last: int, deadline: Deadline) -> Iterator[Record | None]:
        position = first
        while position < last:
            records, behind = self._log.read(source, position, 500)
            yield from (record for record in records if record.offset < last)
            if behind == position:
                if deadline.passed:
                    raise StreamMonitorError(
                        f"{source.topic} partition {source.partition} could not be read up to {last} in time"
                    )
                yield None
                self._log.on_wait()
            position = behind
