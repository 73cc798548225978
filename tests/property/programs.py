"""Programs of what can happen to a cluster, and the world in which they run. Deterministic: the same program, the same log."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeAlias

from stream_monitor.memory.checkpointer import InjectedAbort, InjectedTimeout
from stream_monitor.runtime.ports import Fenced
from tests.driver import Cluster, RunningWorker
from tests.property.produced import SETTINGS, TOPICS, Produced, records

STEPS = ("begin", "produced", "offsets_sent", "commit_sent", "committed")
POLL = 60  # records a turn
TURN_SECONDS = 0.3


class Produce(NamedTuple):
    """The next `n` records arrive."""

    n: int


class Turns(NamedTuple):
    """Every worker takes `n` turns."""

    n: int


class Step(NamedTuple):
    """One worker takes `n` turns while the others do not."""

    who: int
    n: int


class Join(NamedTuple):
    """Another worker joins, under the name of one that died if there is one."""


class Leave(NamedTuple):
    """A worker is stopped as by SIGTERM."""

    who: int


class Kill(NamedTuple):
    """A worker is gone between two turns; the group notices at once or later."""

    who: int
    noticed: bool


class Expire(NamedTuple):
    """The group drops a worker that lives on: its partitions are lost, as it learns later."""

    who: int


class Replace(NamedTuple):
    """Another process starts under the same instance id while the first lives on."""

    who: int


class Fail(NamedTuple):
    """The next commit of a worker fails at a step: abort, timeout, crash, or zombie: it sleeps there until others own
    its partitions, then goes on.
    """

    who: int
    step: str
    how: str


class Compact(NamedTuple):
    """The broker compacts the state topic."""


class Wait(NamedTuple):
    """Time passes."""

    seconds: float


Operation: TypeAlias = Produce | Turns | Step | Join | Leave | Kill | Expire | Replace | Fail | Compact | Wait
Program: TypeAlias = Sequence[Operation]


class Crash(BaseException):
    """The process is gone: nothing catches it, nothing is cleaned up."""


@dataclass(slots=True, eq=False)
class Process:
    """A worker and what is meant to happen to its next commit."""

    running: RunningWorker
    armed: dict[str, Callable[[], None]]
    busy: bool = False


@dataclass(slots=True)
class World:
    """A cluster in which a program runs."""

    seed: int
    overrides: Mapping[str, Any] = field(default_factory=dict)
    cluster: Cluster = field(init=False)
    live: list[Process] = field(default_factory=list)
    dead: list[Process] = field(default_factory=list)  # not noticed by the group yet
    free_names: list[str] = field(default_factory=list)
    to_come: list[Produced] = field(init=False)
    workers: int = 0

    def __post_init__(self) -> None:
        self.cluster = Cluster(TOPICS, {**SETTINGS, **self.overrides}, most_records=POLL)
        self.to_come = list(records(self.seed))

    def play(self, program: Program) -> None:
        """Run the program, then let healthy workers finish the work and leave."""
        self.join()
        for operation in program:
            self._do(operation)
        self._produce(len(self.to_come))
        for process in self.live:
            process.armed.clear()
        self._notice()
        if not self.live:
            self.join()
        self._finish()

    def _finish(self) -> None:
        for _ in range(400):
            self.turn()
            if not self.live:
                self.join()
            if self.cluster.at_rest([process.running for process in self.live]):
                break
        else:
            raise AssertionError("not at rest")
        for process in self.live:
            process.running.source.close()
        self.cluster.log.expire_transactions()

    def _do(self, operation: Operation) -> None:
        match operation:
            case Produce(n):
                self._produce(n)
            case Turns(n):
                for _ in range(n):
                    self.turn()
            case Join():
                if len(self.live) < 4:
                    self.join()
            case Compact():
                self.cluster.log.compact(self.cluster.settings.topics.state)
            case Wait(seconds):
                self.cluster.clock.seconds += seconds
            case _:
                self._do_to(operation)

    def _do_to(self, operation: Step | Leave | Kill | Expire | Replace | Fail) -> None:
        idle = [process for process in self.live if not process.busy]
        if not idle:
            return
        process = idle[operation.who % len(idle)]
        match operation:
            case Step(_, n):
                for _ in range(n):
                    self._step(process)
            case Leave():
                self._guarded(process, process.running.source.close)
                self._gone(process, noticed=True)
            case Kill(_, noticed):
                self._gone(process, noticed=noticed)
            case Expire():
                self._expire(process)
            case Replace():
                self.live.append(self._new(process.running.name))
            case Fail(_, step, how):
                process.armed[step] = lambda: self._fail(process, how)

    # ------------------------------------------------------------------ what happens

    def _produce(self, n: int) -> None:
        for record in self.to_come[:n]:
            self.cluster.append(record.source, record.value, record.timestamp)
        del self.to_come[:n]

    def join(self) -> None:
        """A new process; it takes the name of one that died."""
        self.live.append(self._new(self.free_names.pop() if self.free_names else self._next_name()))

    def _next_name(self) -> str:
        self.workers += 1
        return f"w{self.workers}"

    def _new(self, name: str) -> Process:
        armed: dict[str, Callable[[], None]] = {}

        def failpoint(step: str) -> None:
            action = armed.pop(step, None)
            if action is not None:
                action()

        running = self.cluster.worker(name, failpoint)
        return Process(running, armed)

    def turn(self) -> None:
        """Every worker that is not in the middle of something takes a turn; time passes."""
        for process in list(self.live):
            if process in self.live and not process.busy:
                self._step(process)
        self.cluster.clock.seconds += TURN_SECONDS

    def _step(self, process: Process) -> None:
        if process in self.live:
            self._guarded(process, process.running.worker.step)
            self.cluster.clock.seconds += 0.05

    def _guarded(self, process: Process, act: Callable[[], None]) -> None:
        process.busy = True
        try:
            act()
        except Crash:
            self._gone(process, noticed=False)
        except Fenced:  # another process has its name: it stops
            self._gone(process, noticed=True)
        finally:
            process.busy = False

    def _gone(self, process: Process, *, noticed: bool) -> None:
        if process not in self.live:
            return
        self.live.remove(process)
        if process.running.name not in {other.running.name for other in self.live}:
            self.free_names.append(process.running.name)
        self.dead.append(process)
        if noticed:
            self._notice()

    def _notice(self) -> None:
        """The sessions of all dead processes end."""
        for process in self.dead:
            self._drop_member(process)
        self.dead.clear()

    def _expire(self, process: Process) -> None:
        self._drop_member(process)

    def _drop_member(self, process: Process) -> None:
        group = self.cluster.log.group(self.cluster.settings.kafka.group_id)
        handle = process.running.source._handle
        if handle is not None and group.knows(handle):
            group.expire(handle.member)

    def _fail(self, process: Process, how: str) -> None:
        if how == "abort":
            raise InjectedAbort
        if how == "timeout":
            raise InjectedTimeout
        if how == "crash":
            raise Crash
        self._expire(process)
        if all(other.busy for other in self.live):
            self.join()
        for _ in range(8):
            self.turn()
