# ruff: noqa: INP001 (a script's module beside what it writes)
"""The monitor itself: reading, deciding, committing, restoring, delivering."""

from collections.abc import Iterator
from typing import Final

from panels import GREEN, RED, WIDTH, YELLOW, Dashboard, Panel, Variable, number, of, quantile, rate

from stream_monitor.telemetry import metrics
from stream_monitor.telemetry.metric import Metric

_CHOSEN: Final = ("topic",)
_WITHIN: Final = 'job=~"$job", instance=~"$instance"'


def _of(metric: Metric) -> str:
    return of(metric, chosen=_CHOSEN)


def _rate(metric: Metric, suffix: str = "") -> str:
    return rate(metric, suffix=suffix, chosen=_CHOSEN)


def _since_point_before(metric: Metric) -> str:
    return f"increase({of(metric, chosen=())}[$__rate_interval])"


def _at_a_glance() -> Iterator[Panel]:
    yield number(
        "Workers ready",
        "Workers that have joined the group and restored their state.",
        "short",
        f"sum({_of(metrics.WORKER_READY)})",
        steps=[(None, RED), (1, GREEN)],
    )
    yield number(
        "Partitions restoring",
        "Columns partitions whose state is on its way back; their models are not watched meanwhile.",
        "short",
        f"sum({_of(metrics.RESTORING)})",
        steps=[(None, GREEN), (1, YELLOW)],
    )
    yield number(
        "Lag in records",
        "Records of the chosen topics that are not processed yet.",
        "short",
        f"sum({_of(metrics.LAG)})",
        steps=[(None, GREEN), (100_000, YELLOW), (1_000_000, RED)],
    )
    yield number(
        "Lag in time",
        "Age of what is being read, of the input partition that is furthest behind; 0 where nothing waits.",
        "s",
        _lag_seconds(""),
        steps=[(None, GREEN), (60, YELLOW), (900, RED)],
        lowest=None,
    )
    yield number(
        "Longest without a turn",
        "Time since the loop of a worker last turned, of the slowest one.",
        "s",
        f"max(time() - {_of(metrics.LAST_POLL)})",
        steps=[(None, GREEN), (10, YELLOW), (60, RED)],
        lowest=None,
    )
    yield number(
        "Configurations",
        "How many different ones are running; more than 1 only while workers are being replaced.",
        "short",
        f"count(count by (configuration) ({_of(metrics.BUILD)}))",
        steps=[(None, GREEN), (2, YELLOW)],
    )


def _lag_seconds(by: str) -> str:
    return f"max{by}((time() - {_of(metrics.EVENT_TIME)}) * ({_of(metrics.LAG)} > bool 0))"


def _reading() -> Iterator[Panel]:
    yield Panel(
        title="Records read",
        description="Per second and topic; the columns topic is where decoded rows wait for detection.",
        unit="short",
        queries=[(f"sum by (topic) ({_rate(metrics.RECORDS_CONSUMED)})", "{{topic}}")],
    )
    yield Panel(
        title="Bytes read and written",
        description="Values of records read, per topic, and keys and values committed.",
        unit="Bps",
        queries=[
            (f"sum by (topic) ({_rate(metrics.BYTES_CONSUMED)})", "{{topic}}"),
            (f"sum({_rate(metrics.BYTES_PRODUCED)})", "written"),
        ],
    )
    yield Panel(
        title="Lag by partition",
        description="Records between the committed position and the end.",
        unit="short",
        queries=[(f"max by (topic, partition) ({_of(metrics.LAG)})", "{{topic}} {{partition}}")],
    )
    yield Panel(
        title="Lag in time by topic",
        description="Age of what is being read, while more is waiting; input topics only.",
        unit="s",
        queries=[(_lag_seconds(" by (topic) "), "{{topic}}")],
        lowest=None,
    )
    yield Panel(
        title="Delay of events",
        description="From the newest event of a batch to its decoding: what came late, and how long it waited here.",
        unit="s",
        queries=[
            (quantile(share, metrics.EVENT_DELAY, by="topic", chosen=_CHOSEN), f"{{{{topic}}}} {share:.0%}")
            for share in (0.5, 0.99)
        ],
    )
    yield Panel(
        title="Rows decoded",
        description="Events understood, per second and topic.",
        unit="short",
        queries=[(f"sum by (topic) ({_rate(metrics.ROWS_DECODED)})", "{{topic}}")],
    )
    yield Panel(
        title="Rejects by reason",
        description="Bad events sent to the dead-letter topic, per second.",
        unit="short",
        queries=[(f"sum by (reason) ({_rate(metrics.REJECTED)})", "{{reason}}")],
        stacked=True,
    )
    yield Panel(
        title="Late and held rows",
        description="Rows that came behind the watermark, per second, and rows that wait for it.",
        unit="short",
        queries=[
            (f"sum by (model) ({_rate(metrics.ROWS_LATE)})", "late: {{model}}"),
            (f"sum by (model) ({_of(metrics.MODEL_HELD_ROWS)})", "held: {{model}}"),
        ],
    )


def _partitions() -> Iterator[Panel]:
    yield Panel(
        title="Partitions by worker",
        description="Partitions that each worker owns, and those that wait because they are far ahead of others.",
        unit="short",
        queries=[
            (f"sum by (instance) ({_of(metrics.ASSIGNED)})", "{{instance}}"),
            (f"sum by (instance) ({_of(metrics.PAUSED)})", "{{instance}} paused"),
        ],
    )
    yield Panel(
        title="Rebalances",
        description="Times partitions were assigned, revoked or lost, since the point before.",
        unit="short",
        queries=[(f"sum by (kind) ({_since_point_before(metrics.REBALANCES)})", "{{kind}}")],
    )
    # As counted, no rate: a loss is found when a partition is taken over, often before its counter was first scraped.
    yield Panel(
        title="Lost data",
        description="Where reading went on behind lost data since the worker started, because kafka.on_lost_data says"
        " continue: how often, and how many records as far as that is known.",
        unit="short",
        width=WIDTH,
        queries=[
            (f"sum by (topic) ({_of(metrics.LOSSES)})", "times: {{topic}}"),
            (f"sum by (topic) ({_of(metrics.RECORDS_LOST)})", "records: {{topic}}"),
        ],
        steps=[(None, GREEN), (1, RED)],
    )


def _checkpoints() -> Iterator[Panel]:
    yield Panel(
        title="Checkpoint time",
        description="How long the transaction of a checkpoint takes, over all workers.",
        unit="s",
        queries=[(quantile(share, metrics.CHECKPOINT_SECONDS), f"{share:.0%}") for share in (0.5, 0.95)],
    )
    yield Panel(
        title="Checkpoint age by worker",
        description="Time since the last committed checkpoint. A steady rise means that nothing is committed any more.",
        unit="s",
        queries=[(f"time() - {_of(metrics.LAST_CHECKPOINT)}", "{{instance}}")],
        steps=[(None, GREEN), (120, RED)],
        lowest=None,
    )
    yield Panel(
        title="Checkpoint size",
        description="Bytes and records of a checkpoint, on average.",
        unit="short",
        queries=[
            (
                f"sum({_rate(metrics.BYTES_PRODUCED)}) / sum({_rate(metrics.CHECKPOINT_SECONDS, '_count')})",
                "bytes",
            ),
            (
                f"sum({_rate(metrics.RECORDS_PRODUCED)}) / sum({_rate(metrics.CHECKPOINT_SECONDS, '_count')})",
                "records",
            ),
        ],
    )
    yield Panel(
        title="Aborted checkpoints",
        description="Checkpoints given up since the point before; what they held is read again.",
        unit="short",
        queries=[(f"sum by (reason) ({_since_point_before(metrics.CHECKPOINTS_ABORTED)})", "{{reason}}")],
    )
    yield Panel(
        title="Snapshots",
        description="Snapshots and bytes of them written per second.",
        unit="short",
        queries=[
            (f"sum({_rate(metrics.SNAPSHOTS)})", "snapshots"),
            (f"sum({_rate(metrics.SNAPSHOT_BYTES)})", "bytes"),
        ],
    )
    # Restores are rare: their sum since the worker started, where a quantile of a rate would be empty nearly always.
    yield Panel(
        title="Restores",
        description="Since the worker started: time spent restoring, rows folded again, snapshots that could not be used.",
        unit="short",
        queries=[
            (f"sum by (instance) ({_of_sum(metrics.RESTORE_SECONDS)})", "{{instance}} seconds"),
            (f"sum by (instance) ({_of(metrics.ROWS_RESTORED)})", "{{instance}} rows"),
            (f"sum by (instance) ({_of(metrics.DISCARDED)})", "{{instance}} discarded"),
        ],
    )


def _of_sum(metric: Metric) -> str:
    return of(metric, suffix="_sum", chosen=_CHOSEN)


def _worker() -> Iterator[Panel]:
    yield Panel(
        title="Time by stage",
        description="Seconds spent in each step of the loop, per second, over all workers; poll is mostly waiting.",
        unit="s",
        queries=[(f"sum by (stage) ({_rate(metrics.STAGE_SECONDS, '_sum')})", "{{stage}}")],
        stacked=True,
    )
    yield Panel(
        title="Processor time",
        description="Cores used by each worker; one worker can use one.",
        unit="none",
        queries=[(f"rate(process_cpu_seconds_total{{{_WITHIN}}}[$__rate_interval])", "{{instance}}")],
    )
    yield Panel(
        title="Memory",
        description="Resident memory of each worker.",
        unit="bytes",
        queries=[(f"process_resident_memory_bytes{{{_WITHIN}}}", "{{instance}}")],
    )
    yield Panel(
        title="Uptime",
        description="Time since the worker started.",
        unit="s",
        queries=[(f"time() - {_of(metrics.WORKER_START)}", "{{instance}}")],
        lowest=None,
    )


def _sinks() -> Iterator[Panel]:
    deliveries = f"rate(stream_monitor_sink_deliveries_total{{{_WITHIN}}}[$__rate_interval])"
    last = f"stream_monitor_sink_last_success_timestamp_seconds{{{_WITHIN}}}"
    yield Panel(
        title="Deliveries to sinks",
        description="Deliveries tried per second, by sink and what became of them; only where sinks are served.",
        unit="short",
        queries=[
            (f"sum by (sink, outcome) ({deliveries})", "{{sink}} {{outcome}}"),
        ],
    )
    buckets = f"rate(stream_monitor_sink_delivery_seconds_bucket{{{_WITHIN}}}[$__rate_interval])"
    yield Panel(
        title="Time of deliveries",
        description="95 % of the tries to deliver took less, by sink; failed ones included.",
        unit="s",
        queries=[(f"histogram_quantile(0.95, sum by (sink, le) ({buckets}))", "{{sink}}")],
    )
    yield Panel(
        title="Last delivery by sink",
        description="Time since a sink last took a delivery.",
        unit="s",
        queries=[(f"time() - max by (sink) ({last})", "{{sink}}")],
        lowest=None,
    )


DASHBOARD: Final = Dashboard(
    name="pipeline",
    title="stream-monitor pipeline",
    description="The monitor itself: reading, deciding, committing, restoring, delivering.",
    variables=[Variable("topic", "Topic", f"{metrics.LAG.full_name}{{{_WITHIN}}}")],
    rows={
        "At a glance": _at_a_glance(),
        "Reading": _reading(),
        "Partitions": _partitions(),
        "Checkpoints and state": _checkpoints(),
        "Workers": _worker(),
        "Sinks": _sinks(),
    },
)
