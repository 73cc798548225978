"""What a worker does while it is kept waiting: a whole one over the log in memory, in simulated time."""

from itertools import pairwise

from stream_monitor.core.events import Source
from stream_monitor.memory.group import Noted
from tests.driver import Cluster


def test_a_stop_is_heard_while_a_restore_asks_what_is_not_answered() -> None:
    cluster = Cluster({"in": 1})
    log, clock = cluster.log, cluster.clock
    # A transaction of an earlier owner hangs: the offset of its partition is not told while it does (KIP-447).
    columns = Source(cluster.settings.topics.columns, 0)
    epoch = log.open_producer("hanging")
    log.begin("hanging", epoch)
    log.send_offsets("hanging", epoch, cluster.settings.kafka.group_id, {columns: Noted(0, "")})

    def wait() -> None:
        clock.seconds += 0.5

    log.on_wait = wait
    running = cluster.worker("w")
    running.source.close()  # `run` joins by itself
    asked: list[float] = []

    def stop() -> bool:
        asked.append(clock.seconds)
        return clock.seconds > 20.0

    running.worker.run(stop)

    gaps = [later - earlier for earlier, later in pairwise(asked)]
    assert max(gaps) <= 2.0
    assert clock.seconds < 22.0
    assert columns in running.view.assigned
    assert not running.view.restored
