"""What a worker does when the world does not behave: a whole one over the log in memory, in simulated time."""

from collections.abc import Sequence
from itertools import pairwise

import orjson
from prometheus_client import CollectorRegistry

from stream_monitor.core.events import Source
from stream_monitor.core.fields import Fields
from stream_monitor.core.partition_monitor import CLOCK
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


def test_a_drift_event_is_committed_ahead_of_the_rows_that_are_read_meanwhile() -> None:
    cluster = Cluster(
        {"in": 1}, {"kafka.partitions": 1, "kafka.commit_every": "4s", "state.checkpoint_every": "1h"}
    )
    clock, source, columns = cluster.clock, Source("in", 0), Source(cluster.settings.topics.columns, 0)
    running = cluster.worker("w")
    told: list[tuple[int, int | None, int | None]] = []

    def turns(seconds: float, values: Sequence[float]) -> None:
        for value in values:
            time = clock.wall()
            event = {
                "model": "m",
                "time": time,
                "features": {"x": value, "gone": 1.0 if value < 50.0 else None},
            }
            cluster.append(source, orjson.dumps(event), time)
            running.worker.step()
            told.append((len(cluster.drift_events()), cluster.committed(source), cluster.committed(columns)))
            clock.seconds += seconds

    turns(0.01, [float(at % 7) for at in range(2_000)])
    turns(0.01, [float(100 + at % 7) for at in range(2_000)])

    (before, read, folded), (after, read_then, folded_then) = next(
        pair for pair in pairwise(told) if pair[0][0] < pair[1][0]
    )
    assert after > before == 0
    assert read_then == read  # rows that were read since the last commit have not been committed with it
    assert (folded_then or 0) > (folded or 0)
    cluster.run([running])
    assert cluster.committed(source) == 4_000


def test_partitions_write_snapshots_in_turn_and_only_their_own_log_is_purged_then() -> None:
    cluster = Cluster({"in": 1}, {"kafka.commit_every": "500ms", "state.checkpoint_every": "6s"})
    columns, partitions = cluster.settings.topics.columns, range(cluster.settings.kafka.partitions)
    running = cluster.worker("w")
    written: list[set[int]] = []
    before: set[tuple[int, int]] = set()
    for turn in range(80):
        models = [{"model": f"m{at}", "features": {"x": float(turn)}} for at in range(9)]
        cluster.produce("in", 0, models)
        running.worker.step()
        cluster.clock.seconds += 0.3
        stored = cluster.stored()
        clocks = {at: one for (at, key), one in stored.items() if key == CLOCK}
        needed = {at: Fields(one.fields, CLOCK).integer("held_from") for at, one in clocks.items()}
        low = {at: cluster.log.low(Source(columns, at)) for at in partitions}
        assert all(low[at] <= needed.get(at, 0) for at in partitions), (turn, low, needed)
        now = {(at, one.as_of) for at, one in clocks.items()}
        written.append({at for at, _ in now - before})
        before = now

    assert max(map(len, written)) == 1
    times = {at: [turn for turn, one in enumerate(written) if at in one] for at in partitions}
    assert all(len(of) >= 3 for of in times.values())
    assert all(
        b - a <= 22 for of in times.values() for a, b in pairwise(of)
    )  # 6 s, and until the next commit
    assert all(cluster.log.low(Source(columns, at)) > 0 for at in partitions)
