"""The workers of the group, as they told themselves: a fold of their records on the status topic."""

from collections import Counter
from typing import Final

from stream_monitor.formats.worker_status import WorkerStatus
from stream_monitor.runtime.board.answers import PartitionRow, Pipeline, WorkerDetail, WorkerOverview

_FORGET_MS: Final = 24 * 60 * 60 * 1000
MAX_WORKERS: Final = 1_000


class WorkerBook:
    """The last word of every worker. One that was gone for a day when another spoke is forgotten."""

    def __init__(self) -> None:
        self._workers: dict[str, WorkerStatus] = {}

    def take(self, status: WorkerStatus) -> None:
        """What a worker says."""
        self._workers.pop(status.worker, None)
        self._workers[status.worker] = status
        for name, one in list(self._workers.items()):
            if status.wall - one.wall > _FORGET_MS or len(self._workers) > MAX_WORKERS:
                del self._workers[name]

    def leave(self, worker: str) -> None:
        """A worker has ended cleanly."""
        self._workers.pop(worker, None)

    def overview(self, now: int) -> tuple[WorkerOverview, ...]:
        """Those alive at `now` (ms UTC), by name."""
        return tuple(
            WorkerOverview(
                worker=one.worker,
                ready=one.ready,
                age=_age(one, now),
                partitions=len(one.assigned),
                lag=sum(partition.lag or 0 for partition in one.assigned),
            )
            for one in self._sorted()
            if not one.gone(now)
        )

    def pipeline(self, now: int, problems: tuple[str, ...]) -> Pipeline:
        """All of them, and the partitions of those alive."""
        workers = self._sorted()
        rejected, rebalances = Counter[str](), Counter[str]()
        for one in workers:
            rejected.update(one.rejected)
            rebalances.update(one.rebalances)
        rows = [
            PartitionRow(
                topic=partition.topic,
                partition=partition.partition,
                worker=one.worker,
                lag=partition.lag,
                paused=partition.paused,
            )
            for one in workers
            if not one.gone(now)
            for partition in one.assigned
        ]
        return Pipeline(
            workers=tuple(_detail(one, now) for one in workers),
            partitions=tuple(sorted(rows, key=lambda row: (row.topic, row.partition, row.worker))),
            rejected=dict(rejected.most_common()),
            rebalances=dict(rebalances.most_common()),
            problems=problems,
        )

    def _sorted(self) -> list[WorkerStatus]:
        return [self._workers[name] for name in sorted(self._workers)]


def _detail(one: WorkerStatus, now: int) -> WorkerDetail:
    return WorkerDetail(
        worker=one.worker,
        group=one.group,
        wall=one.wall,
        age=_age(one, now),
        gone=one.gone(now),
        started=one.started,
        release=one.release,
        ready=one.ready,
        last_checkpoint=one.last_checkpoint,
        partitions=len(one.assigned),
        rejected=one.rejected,
        rebalances=one.rebalances,
        aborted=one.aborted,
        losses=one.losses,
    )


def _age(one: WorkerStatus, now: int) -> float:
    return max(0, now - one.wall) / 1000
