"""What a worker tells others of itself: a whole one over the log in memory, in simulated time."""

from collections.abc import Callable

from stream_monitor.core.events import Source
from stream_monitor.formats import worker_status
from stream_monitor.formats.worker_status import AssignedPartition, WorkerStatus
from stream_monitor.memory.checkpointer import InjectedAbort
from tests.driver import Cluster, RunningWorker

EVENT = {"model": "m", "features": {"x": 1.0}}


def told(cluster: Cluster, worker: str = "w") -> list[WorkerStatus | None]:
    """The records of a worker in order; None where it took them back."""
    return [
        None if record.value is None else worker_status.decode(record.value)
        for _, record in cluster.log.records(cluster.settings.topics.status)
        if record.key == f"worker/{worker}".encode()
    ]


def turns(cluster: Cluster, running: RunningWorker, seconds: float) -> None:
    """Events come all the while, so that there is something to commit."""
    until = cluster.clock.seconds + seconds
    while cluster.clock.seconds < until:
        cluster.produce("in", 0, [EVENT])
        running.worker.step()
        cluster.clock.seconds += 0.3


def after(seconds: float, cluster: Cluster) -> Callable[[], bool]:
    def stop() -> bool:
        cluster.clock.seconds += 0.3
        return cluster.clock.seconds > seconds

    return stop


def test_a_worker_tells_of_itself_every_five_seconds() -> None:
    cluster = Cluster({"in": 1})
    started = cluster.clock.wall()
    running = cluster.worker("w")
    cluster.produce("in", 0, [{"model": "m"}])  # neither features nor outputs
    turns(cluster, running, 21.0)
    records = told(cluster)
    assert len(records) == 4
    latest = records[-1]
    assert latest is not None
    assert (latest.worker, latest.group, latest.started) == ("w", "stream-monitor", started)
    assert latest.ready
    assert latest.last_checkpoint is not None
    assert 0 < latest.wall - latest.last_checkpoint <= 1_600
    assert latest.rejected == {"unknown_role": 1}
    assert (latest.rebalances, latest.aborted, latest.losses) == ({"assigned": 1}, 0, ())
    assert [(one.topic, one.partition) for one in latest.assigned] == [
        ("in", 0),
        *(("stream-monitor.columns", at) for at in range(3)),
    ]
    assert AssignedPartition(topic="in", partition=0, lag=0, paused=False) not in latest.assigned[1:]
    assert all(one.lag is not None and not one.paused for one in latest.assigned)


def test_a_clean_end_takes_it_back_even_where_nothing_else_is_left_to_commit() -> None:
    cluster = Cluster({"in": 1})
    running = cluster.worker("w")
    cluster.produce("in", 0, [EVENT])
    cluster.run([running])
    running.source.close()
    assert told(cluster)[-1] is not None  # gone without a word

    again = cluster.worker("w")
    again.source.close()  # `run` joins by itself
    again.worker.run(after(cluster.clock.seconds + 12.0, cluster))
    records = told(cluster)
    assert records[-1] is None
    assert records.count(None) == 1
    assert cluster.committed(Source("in", 0)) == 1


def test_a_worker_without_partitions_has_nothing_to_say_goodbye_with() -> None:
    cluster = Cluster({"in": 1})
    running = cluster.worker("w")
    running.source.close()
    running.worker.run(lambda: True)
    assert told(cluster) == []


def test_a_stop_right_after_an_abort_commits_nothing_more() -> None:
    cluster = Cluster({"in": 1})
    cluster.produce("in", 0, [EVENT] * 20)
    aborted: list[str] = []

    def failpoint(step: str) -> None:
        if step == "produced" and not aborted:
            aborted.append(step)
            raise InjectedAbort

    unlucky = cluster.worker("unlucky", failpoint)
    unlucky.source.close()

    def stop() -> bool:
        cluster.clock.seconds += 0.3
        return bool(aborted)

    unlucky.worker.run(stop)
    assert cluster.committed(Source("in", 0)) is None
    assert told(cluster, "unlucky") == []
    lucky = cluster.worker("lucky")
    cluster.run([lucky])
    _, monitors = cluster.fold()
    assert sum(monitor.models["m"].monitor.rows for monitor in monitors.values() if monitor.models) == 20
