"""What a worker does when the world does not behave: a whole one over the log in memory, in simulated time."""

from itertools import pairwise

from prometheus_client import CollectorRegistry

from stream_monitor.core.events import Source
from stream_monitor.memory.group import Noted
from stream_monitor.telemetry.collector import ViewCollector
from tests.driver import Cluster
from tests.views import BUILD


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


def test_records_removed_before_they_were_read_are_counted_where_the_loss_is_accepted() -> None:
    cluster = Cluster({"in": 2}, {"kafka.on_lost_data": "continue"})
    source = Source("in", 1)
    event = {"model": "m", "features": {"x": 1.0}}
    cluster.produce("in", 1, [event] * 5)
    first = cluster.worker("first")
    cluster.run([first])
    first.source.close()
    cluster.produce("in", 1, [event] * 20)
    cluster.log.delete_records(source, 15)
    second = cluster.worker("second")
    registry = CollectorRegistry()
    ViewCollector(registry, second.holder, BUILD)

    def counted(name: str, partition: int) -> float | None:
        labels = {"consumergroup": second.view.group, "topic": "in", "partition": str(partition)}
        return registry.get_sample_value(f"stream_monitor_{name}_total", labels)

    cluster.run([second])
    second.worker._start_over()  # nothing is lost by it
    cluster.run([second])

    assert [counted("records_lost", partition) for partition in (0, 1)] == [0, 10]
    assert [counted("data_losses", partition) for partition in (0, 1)] == [0, 1]
    _, monitors = cluster.fold()
    assert sum(monitor.models["m"].monitor.rows for monitor in monitors.values() if monitor.models) == 15
