"""Everything that lives on one columns partition: its models, their order, their snapshots. A pure fold of the log.

`apply` takes the next log entry; `snapshots` writes down the state; `restore` and `refold` bring it back: latest
snapshots, then the entries since, without output.
"""

from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple, TypeAlias

from stream_monitor.core.backlog import Backlog
from stream_monitor.core.batch import ColumnBatch
from stream_monitor.core.drift_event import DriftEvent
from stream_monitor.core.errors import NewerState
from stream_monitor.core.fields import Fields
from stream_monitor.core.history_report import Teller, Told
from stream_monitor.core.model_monitor import CUT, ModelMonitor, Outcome
from stream_monitor.core.order import Order, in_order
from stream_monitor.core.parameters import ModelParameters
from stream_monitor.core.retrain_request import RetrainRequest
from stream_monitor.core.series import DetectorCatalogue
from stream_monitor.core.snapshot import Snapshot
from stream_monitor.core.state import (
    begin_join,
    dump_chunks,
    dump_model,
    dump_series,
    join_key,
    join_keys,
    join_prefix,
    load_model,
    load_series,
    model_key,
    outcomes_key,
    series_key,
)
from stream_monitor.core.tick import Tick
from stream_monitor.core.watermarks import Watermarks

CLOCK = "clock"
CLOCK_VERSION = 1
Entry: TypeAlias = ColumnBatch | Tick

_MOST_CELLS: Final = 12_000_000  # in the backlogs of all models: 110 MB


class Resume(NamedTuple):
    """What to read of the log after the snapshots are loaded: from `first`; from `as_of` on entries count in full."""

    first: int
    as_of: int


@dataclass(slots=True, kw_only=True)
class ModelTask:
    """One model on its partition. touched: rows were observed since the last snapshots."""

    order: Order
    monitor: ModelMonitor
    touched: bool = False
    backlog: Backlog = field(default_factory=Backlog)

    @property
    def clock(self) -> int:
        """Latest event time released."""
        return max(self.monitor.clock, self.backlog.newest)

    def observe(self, batch: ColumnBatch) -> Outcome:
        """Take rows that follow those observed before."""
        self.touched = True
        return self.monitor.observe(batch)

    def catch_up(self) -> None:
        """Observe the backlog."""
        if self.backlog.rows:
            waited, self.backlog = self.backlog, Backlog()
            self.observe(waited.joined())


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """What one log entry led to: by model the rows observed, how many of them were late and how many alarms the budget
    held back; the drift events and the requests to train anew.
    """

    rows: Mapping[str, int]
    late: Mapping[str, int]
    suppressed: Mapping[str, int]
    drift_events: Sequence[DriftEvent]
    retrain_requests: Sequence[RetrainRequest]


NOTHING = Applied(rows={}, late={}, suppressed={}, drift_events=(), retrain_requests=())


class PartitionMonitor:
    """The fold of one columns partition."""

    def __init__(
        self, parameters_of: Callable[[str], ModelParameters], catalogue: DetectorCatalogue, *, first: int
    ) -> None:
        self.models: dict[str, ModelTask] = {}
        self.next_offset = first
        self.problems: list[tuple[str, str]] = []  # snapshots that could not be used: key and why
        self._parameters_of = parameters_of
        self._catalogue = catalogue
        self.watermarks = Watermarks()
        self._as_of = first  # behind the last tick; rows of later entries only wait
        self._written: dict[str, int] = {}  # values of a series when it was last written, by key
        self._written_at = first  # next_offset when the last snapshots were written
        self._unusable: dict[str, list[str]] = {}  # by model: keys to delete once it is written without them
        self._gone: list[str] = []
        self._backlogged = 0  # cells, of all models
        self.told = Told()  # with the last snapshots
        self._teller = Teller()

    def apply(self, at: int, entry: Entry) -> Applied:
        """Take the log entry with the offset `at`."""
        if not self._hear(at, entry):
            return NOTHING
        rows: dict[str, int] = {}
        late: dict[str, int] = {}
        suppressed: dict[str, int] = {}
        events: list[DriftEvent] = []
        requests: list[RetrainRequest] = []
        for name, task in self.models.items():
            before, held_back = task.order.late, task.monitor.alerts.suppressed
            released = task.order.release(self.watermarks)
            if not released:
                events += self._silence(task)
            else:
                outcome = task.observe(in_order(released))
                rows[name] = outcome.rows
                late[name] = task.order.late - before
                suppressed[name] = task.monitor.alerts.suppressed - held_back
                events += outcome.drift_events
                requests += outcome.retrain_requests
        return Applied(
            rows=rows, late=late, suppressed=suppressed, drift_events=events, retrain_requests=requests
        )

    def _hear(self, at: int, entry: Entry) -> bool:
        """Rows wait for their tick. Returns whether it is one."""
        self.next_offset = at + 1
        if isinstance(entry, ColumnBatch):
            self._task(entry.model).order.add(at, entry)
            return False
        self.watermarks.hear(entry)
        self._as_of = at + 1
        return True

    def _silence(self, task: ModelTask) -> list[DriftEvent]:
        """Rows of a model have stopped coming, perhaps: its sources say."""
        ms = task.order.silence(self.watermarks, task.clock)
        if not task.monitor.minds(ms):
            return []
        task.catch_up()
        found = task.monitor.silent(ms)
        task.touched |= bool(found)
        return found

    @property
    def purgeable(self) -> int:
        """Entries of the log below this offset are needed by no snapshot written now."""
        return min((task.order.held_from(self._as_of) for task in self.models.values()), default=self._as_of)

    def retired(self) -> list[str]:
        """Keys of snapshots whose series no longer exist; to be deleted with the next snapshots."""
        alive = {series_key(name, key) for name, task in self.models.items() for key in task.monitor.series}
        gone = [key for key in self._written if key not in alive]
        for key in gone:
            del self._written[key]
        for name, task in self.models.items():
            gone += [join_key(name, number) for number in task.monitor.outcomes.join.gone_chunks()]
        gone += self._gone
        self._gone = []
        return gone

    def snapshots(self) -> list[Snapshot]:
        """The clock, every model with new rows and every series with new values. Written together or not at all, and with
        what is in `told` afterwards.

        None when no entry was taken since: also because a group commits no offset of a log it has not read from, and
        a state without an offset would look like lost data.
        """
        self.told = Told()
        if self.next_offset == self._written_at:
            return []
        self._written_at = self.next_offset
        self.told = self._teller.tell([task.monitor for task in self.models.values() if task.touched])
        snapshots = []
        for task in self.models.values():
            if not task.touched:
                continue
            snapshots.append(dump_model(task.monitor, self._as_of))
            snapshots += dump_chunks(task.monitor, self._as_of)
            self._gone += self._unusable.pop(task.monitor.parameters.name, [])
            for monitor in task.monitor.series.values():
                key = series_key(task.monitor.parameters.name, monitor.key)
                cells = int(monitor.quality.sum())
                if self._written.get(key) != cells:
                    snapshots.append(dump_series(task.monitor.parameters.name, monitor, self._as_of))
                    self._written[key] = cells
            task.touched = False
        return [*snapshots, self._clock()]

    def _clock(self) -> Snapshot:
        return Snapshot(
            kind=CLOCK,
            key=CLOCK,
            state_version=CLOCK_VERSION,
            library_version=None,
            parameters="",
            as_of=self._as_of,
            fields={
                "held_from": self.purgeable,
                "watermarks": self.watermarks.dump(),
                "orders": {name: task.order.dump() for name, task in self.models.items()},
            },
        )

    def restore(
        self, snapshots: Mapping[str, Snapshot], unreadable: Sequence[str] = ()
    ) -> Generator[None, None, Resume | None]:
        """Load the latest snapshots of the partition, by key; None if there is no clock among them: nothing was ever
        written. unreadable: keys of others. Yields after every model, so that others are served.

        A series that cannot be used warms up again, a label join or a performance begins afresh; each is noted in `problems`.
        The clock and models must be sound. Raises NewerState, CorruptState.
        """
        clock = snapshots.get(CLOCK)
        if clock is None:
            return None
        if clock.state_version > CLOCK_VERSION:
            raise NewerState(
                f"the clock was written in format {clock.state_version}; this release reads up to 1"
            )
        fields = Fields(clock.fields, CLOCK)
        self._as_of = self._written_at = self.next_offset = clock.as_of
        self.watermarks.load(fields.plain("watermarks"))
        orders = fields.inside("orders")
        joins = join_keys([*snapshots, *unreadable])
        for name in orders.names():
            task = self._task(name)
            task.order.load(orders.plain(name))
            self._restore_model(task, snapshots, joins.get(join_prefix(name), ()))
            yield
        return Resume(first=fields.integer("held_from", least=0), as_of=clock.as_of)

    def _restore_model(self, task: ModelTask, snapshots: Mapping[str, Snapshot], join: Sequence[str]) -> None:
        """join: keys of the chunks of its label join, whether or not they could be read."""
        monitor = task.monitor
        name = monitor.parameters.name
        snapshot = snapshots.get(model_key(name))
        if snapshot is None:
            return  # its rows have only waited so far
        problems: dict[str, str] = {}
        chunks = {key: snapshots[key] for key in join if key in snapshots}
        births = load_model(monitor, snapshot, chunks, problems.__setitem__)
        if outcomes_key(name, "join") in problems:
            self._unusable[name] = list(join)
            begin_join(monitor, join)
        task.touched = bool(problems)
        load_series(monitor, births, snapshots, self._catalogue, problems.__setitem__)
        self.problems += problems.items()
        for key, series in monitor.series.items():
            self._written[series_key(name, key)] = int(series.quality.sum())

    def refold(self, log: Iterable[tuple[int, Entry] | None]) -> Generator[None, None, None]:
        """Take log entries again, with their offsets, after `restore` and from `Resume.first` on: the same state, no output.

        Yields after each, and where None comes, so that others are served; the state is whole at the end only.
        """
        for logged in log:
            if logged is not None:
                self._take_again(*logged)
                if self._backlogged > _MOST_CELLS:
                    yield from self._catch_up()
            yield
        yield from self._catch_up()

    def _take_again(self, at: int, entry: Entry) -> None:
        if at < self._as_of:
            if isinstance(entry, ColumnBatch) and entry.model in self.models:
                self.models[entry.model].order.add_unreleased(at, entry)
        elif self._hear(at, entry):
            for task in self.models.values():
                released = task.order.release(self.watermarks)
                if not released:
                    self._silence(task)
                    continue
                task.backlog.add(released)
                if task.backlog.rows >= CUT:
                    task.catch_up()
            self._backlogged = sum(task.backlog.cells for task in self.models.values())

    def _catch_up(self) -> Iterator[None]:
        """Observe all backlogs, one after the other."""
        for task in self.models.values():
            task.catch_up()
            yield
        self._backlogged = 0

    def _task(self, model: str) -> ModelTask:
        task = self.models.get(model)
        if task is None:
            parameters = self._parameters_of(model)
            order = Order(
                lateness_ms=parameters.lateness_ms,
                cap_rows=parameters.caps.held_rows,
                topics=parameters.topics,
            )
            task = self.models[model] = ModelTask(
                order=order, monitor=ModelMonitor(parameters, self._catalogue)
            )
        return task
