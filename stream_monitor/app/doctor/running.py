"""Whether the monitor runs, and whether it could go on where it stopped. Pure: facts in, checks out."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from stream_monitor.app.amounts import duration
from stream_monitor.app.doctor.checks import Check, counted, failed, passed, warned
from stream_monitor.core.events import Source
from stream_monitor.kafka.cluster import Bounds
from stream_monitor.kafka.group_offsets import Noted
from stream_monitor.kafka.inspection import GroupFacts
from stream_monitor.runtime.board.answers import Pipeline, WorkerDetail
from stream_monitor.runtime.ports import LostData
from stream_monitor.runtime.positions import Facts, recorded_id, start_offset, way_out

_START: Final = "start one: stream-monitor run -c FILE"
_AHEAD_MS: Final = 1_000  # a worker's clock before ours; less is the way of the record
_STALE_MS: Final = 60_000  # without a checkpoint


def group_check(group: str, facts: GroupFacts) -> Iterator[Check]:
    """The consumer group."""
    what = f"group {group}"
    if facts.permitted is not None and "read" not in facts.permitted and "all" not in facts.permitted:
        yield failed(what, "we may not join it", f"grant Read on the consumer group {group}")
    elif facts.members == 0:
        yield warned(what, "has no member: no worker runs", _START)
    elif facts.state not in (
        "stable",
        "preparing_rebalancing",
        "completing_rebalancing",
        "assigning",
        "reconciling",
    ):
        yield warned(
            what,
            f"is {facts.state} with {counted(facts.members, 'member')}",
            "look at the logs of the workers",
        )
    else:
        yield passed(what, f"{facts.state.replace('_', ' ')} with {counted(facts.members, 'member')}")


def lag_check(
    committed: Mapping[Source, Noted],
    bounds: Mapping[Source, Bounds],
    inputs: Sequence[Source],
    *,
    runs: bool,
) -> Check:
    """How far behind the ends of the inputs the group is."""
    read = [source for source in inputs if source in committed and source in bounds]
    behind = sum(max(0, bounds[source].high - committed[source].offset) for source in read)
    unread = len(inputs) - len(read)
    said = f"{counted(behind, 'record')} behind the ends of {counted(len(read), 'input partition')}"
    if unread:
        said += f", {unread} never read"
    if behind and not runs:
        return warned("lag", f"{said}, and nobody reads", _START)
    return passed("lag", said)


def restore_checks(
    sources: Sequence[Source],
    known: Mapping[Source, Noted],
    bounds: Mapping[Source, Bounds],
    ids: Mapping[str, str],
    *,
    group: str,
    columns: str,
) -> Iterator[Check]:
    """Whether every partition can be read on where the group stopped: the rule of the worker itself."""
    notes = [noted.note for source, noted in known.items() if source.topic == columns]
    lost, fitting = [], 0
    for source in sources:
        if source not in bounds or source.topic not in ids:
            continue
        noted = known.get(source)
        topic_id = ids[source.topic]
        facts = Facts(
            committed=noted.offset if noted else None,
            recorded_id=recorded_id(noted.note if noted else None, notes, source, topic_id),
            topic_id=topic_id,
            low=bounds[source].low,
            high=bounds[source].high,
        )
        try:
            start_offset(source, facts, group=group, on_lost_data="stop")
        except LostData as error:
            lost.append(str(error).partition("; ")[0])
        else:
            fitting += noted is not None
    for problem in lost:
        yield failed("restore point", problem, way_out(group))
    if not lost:
        said = (
            f"{counted(fitting, 'partition')} can be read on where the group left off"
            if fitting
            else "a first start"
        )
        yield passed("restore point", said)


def state_check(
    columns: Mapping[Source, Bounds], state: Mapping[Source, Bounds], *, topic: str, group: str
) -> Check:
    """Whether snapshots are there where the log before them was removed."""
    removed = sorted(source.partition for source, bounds in columns.items() if bounds.low > 0)
    filled = {source.partition for source, bounds in state.items() if bounds.high > bounds.low}
    bare = [number for number in removed if number not in filled]
    if bare:
        return failed(
            f"state {topic}",
            f"holds no snapshot in partitions {bare}, but the log before them was removed",
            way_out(group),
        )
    return passed(f"state {topic}", f"snapshots in {len(filled)} of {len(state)} partitions")


def worker_checks(pipeline: Pipeline, now: int) -> Iterator[Check]:
    """The workers, by what they say of themselves. now: ms UTC, our clock."""
    for worker in pipeline.workers:
        yield _worker(worker, now)
    alive = [worker for worker in pipeline.workers if not worker.gone]
    ahead = {worker.worker: worker.wall - now for worker in alive if worker.wall - now > _AHEAD_MS}
    for name, ms in ahead.items():
        yield warned(
            f"clock of {name}",
            f"is {duration(ms)} before the one here",
            "let both machines follow the same time (NTP): ticks, mutes and silence hang on it",
        )
    if alive and not ahead:
        yield passed("clocks", "no worker's is before the one here")
    if pipeline.rejected:
        total = sum(pipeline.rejected.values())
        most = ", ".join(f"{reason} {n:,}" for reason, n in list(pipeline.rejected.items())[:5])
        yield warned(
            "rejected events",
            f"{total:,} since the workers started: {most}",
            "look at the dead-letter topic; docs/events.md says what each reason means",
        )


def future_check(topic: str, newest: int, now: int, allowed_ms: int) -> Check:
    """Whether the records of an input are dated ahead of our clock. newest: time stamp of the latest, ms UTC."""
    ahead = newest - now
    if ahead > allowed_ms:
        return warned(
            f"times of {topic}",
            f"its latest record is dated {duration(ahead)} ahead of the clock here",
            "correct the producer's clock, or this one",
        )
    return passed(f"times of {topic}", "its latest record is not dated ahead")


def _worker(worker: WorkerDetail, now: int) -> Check:
    what = f"worker {worker.worker}"
    if worker.gone:
        return warned(
            what,
            f"was last heard of {duration(now - worker.wall)} ago",
            "start it again, or forget it: after a day it is no longer shown",
        )
    if not worker.ready:
        return warned(what, "is not ready", "look at its log and at /readyz?verbose: it restores, or waits")
    checkpoint = worker.last_checkpoint
    if checkpoint is not None and now - checkpoint > _STALE_MS:
        return warned(
            what, f"committed last {duration(now - checkpoint)} ago", "look at its log: commits fail, or hang"
        )
    lost = sum(one.times for one in worker.losses)
    if lost:
        return warned(
            what,
            f"gave data up {lost} times",
            "retention is shorter than the monitor was away: raise retention.ms",
        )
    return passed(
        what,
        f"release {worker.release}, {counted(worker.partitions, 'partition')}, {counted(worker.aborted, 'aborted checkpoint')}",
    )
