"""Every metric there is, named once: name, type, labels, help. Nothing here records or reads anything.

Names follow prometheus.io "Metric and label naming" (base units, `_total`, timestamps instead of ages); lag and
assignment carry the label names of kafka_exporter, so that joins with its metrics work.
"""

from typing import Final

from stream_monitor.core.status import Phase
from stream_monitor.telemetry.metric import AGES, FAST, SLOW, Metric, Type
from stream_monitor.telemetry.sink_metrics import DELIVERED

PHASES: Final = {Phase.UNWATCHED: 0, Phase.WARMING: 1, Phase.WATCHING: 2, Phase.DRIFTING: 3}
"""Values of `series_status`; ordered so that `max by (model)` says what needs attention."""

_PARTITION = ("consumergroup", "topic", "partition")
_VERSION = ("model", "version")
_FIGURE = (*_VERSION, "figure", "class")
_SERIES = ("model", "version", "segment", "series")
_C, _G, _H = Type.COUNTER, Type.GAUGE, Type.HISTOGRAM

# Recorded by the worker, once per batch (recorder.py).
RECORDS_CONSUMED = Metric(
    "records_consumed_total", _C, ("topic",), "Records read from a topic, the columns topic included."
)
BYTES_CONSUMED = Metric(
    "consumed_bytes_total", _C, ("topic",), "Bytes of the values of the records read from a topic."
)
ROWS_DECODED = Metric("rows_decoded_total", _C, ("topic",), "Rows (events) decoded from an input topic.")
EVENT_DELAY = Metric(
    "event_delay_seconds",
    _H,
    ("topic",),
    "Time from the newest event of a batch to its decoding, once a batch of a partition.",
    AGES,
)
REJECTED = Metric(
    "records_rejected_total", _C, ("reason",), "Bad events sent to the dead-letter topic, by reason."
)
ROWS_OBSERVED = Metric(
    "rows_observed_total", _C, ("model",), "Rows shown to the detectors of a model, in event-time order."
)
ROWS_LATE = Metric(
    "rows_late_total",
    _C,
    ("model",),
    "Rows that came after the watermark had passed them; they count, out of order.",
)
REBALANCES = Metric(
    "rebalances_total", _C, ("kind",), "Times the group assigned, revoked or lost partitions of this worker."
)
CHECKPOINT_SECONDS = Metric(
    "checkpoint_seconds", _H, (), "Time to commit a checkpoint as one transaction.", SLOW
)
CHECKPOINTS_ABORTED = Metric(
    "checkpoints_aborted_total", _C, ("reason",), "Checkpoints given up; what they held is read again."
)
RECORDS_PRODUCED = Metric("records_produced_total", _C, (), "Records committed, over all output topics.")
BYTES_PRODUCED = Metric(
    "produced_bytes_total", _C, (), "Bytes of the keys and values committed, over all output topics."
)
SNAPSHOTS = Metric("snapshots_written_total", _C, (), "Snapshots committed to the state topic.")
SNAPSHOT_BYTES = Metric(
    "snapshot_bytes_total", _C, (), "Bytes of the snapshots committed to the state topic."
)
DISCARDED = Metric(
    "snapshots_discarded_total",
    _C,
    ("reason",),
    "Stored snapshots that could not be used; what they held warms up again.",
)
RESTORE_SECONDS = Metric(
    "restore_seconds", _H, (), "Time to restore one columns partition: snapshots, then refold.", SLOW
)
ROWS_RESTORED = Metric("rows_refolded_total", _C, (), "Rows observed again, without output, while restoring.")
DRIFT_EVENTS = Metric(
    "drift_events_total",
    _C,
    ("model", "status", "severity", "claim"),
    "Drift events published to the alerts topic.",
)
RETRAIN_REQUESTS = Metric(
    "retrain_requests_total",
    _C,
    ("model",),
    "Requests to train a model anew published to the alerts topic.",
)
SUPPRESSED = Metric(
    "detections_suppressed_total",
    _C,
    ("model",),
    "Confirmed detections not published: the alarm budget held no credit.",
)
STAGE_SECONDS = Metric(
    "stage_seconds", _H, ("stage",), "Time of one step of the worker's loop over one batch.", FAST
)

# Read from the view at scrape time (collector.py): gone as soon as the view no longer has them.
BUILD = Metric(
    "build_info",
    Type.INFO,
    ("version", "python", "librdkafka", "configuration"),
    "What is running; always 1.",
)
WORKER_START = Metric("worker_start_timestamp_seconds", _G, (), "When this worker started.")
WORKER_READY = Metric(
    "worker_ready", _G, (), "1 if the worker runs, has joined the group and restored its state, else 0."
)
LAST_POLL = Metric(
    "worker_last_poll_timestamp_seconds",
    _G,
    (),
    "When the worker's loop last turned, which polls every time.",
)
RESTORING = Metric(
    "partitions_restoring", _G, (), "Columns partitions of this worker whose state is on its way back."
)
LAG = Metric(
    "consumer_lag",
    _G,
    _PARTITION,
    "Records between the committed position and the end; absent while it is not known.",
)
EVENT_TIME = Metric(
    "consumer_event_timestamp_seconds",
    _G,
    _PARTITION,
    "Latest event time read from an input partition; absent before the first event.",
)
ASSIGNED = Metric("partition_assigned", _G, _PARTITION, "1 for every partition this worker owns.")
PAUSED = Metric(
    "partition_paused",
    _G,
    _PARTITION,
    "1 if the partition waits because it is far ahead of slower ones, else 0.",
)
LOSSES = Metric(
    "data_losses_total",
    _C,
    _PARTITION,
    "Times that reading went on behind lost data, because kafka.on_lost_data says continue.",
)
RECORDS_LOST = Metric(
    "records_lost_total",
    _C,
    _PARTITION,
    "Records that the broker had removed before they were read, as far as their number is known.",
)
LAST_CHECKPOINT = Metric(
    "checkpoint_last_success_timestamp_seconds",
    _G,
    (),
    "When the last checkpoint was committed; absent before the first.",
)
MODEL_SERIES = Metric("model_series", _G, ("model", "status"), "Series of a model, by where they stand.")
MODEL_SERIES_DROPPED = Metric(
    "model_series_dropped", _G, ("model",), "Series not watched because the model's cap was reached."
)
MODEL_SERIES_HIDDEN = Metric(
    "model_series_hidden",
    _G,
    ("model",),
    "Series watched but left out of the metrics: only those with most effect are exported.",
)
MODEL_EVIDENCE = Metric(
    "model_evidence_ratio",
    _G,
    ("model",),
    "Largest evidence of any of its series over the threshold; 1 is an alarm.",
)
MODEL_BLIND = Metric(
    "model_series_blind", _G, ("model",), "Series in which nothing can be detected at present."
)
MODEL_WAITING = Metric(
    "model_series_waiting", _G, ("model",), "Series that drift, but wait for a credit of the alarm budget."
)
MODEL_HELD_ROWS = Metric(
    "model_held_rows", _G, ("model",), "Rows that wait for the watermark of slower sources."
)
MODEL_OPEN_ALERTS = Metric(
    "model_open_alerts", _G, ("model", "severity", "claim"), "Alerts that are not resolved."
)
MODEL_BUDGET = Metric(
    "model_budget_credit", _G, ("model",), "Alarms that could be raised at once; below 1 the next one waits."
)
MODEL_LAST_EVENT = Metric("model_last_event_timestamp_seconds", _G, ("model",), "Latest event time observed.")
SERIES_STATUS = Metric(
    "series_status", _G, _SERIES, "0 not watched, 1 warming up, 2 watching, 3 drifting (an alert is open)."
)
SERIES_WARM_UP = Metric("series_warmup_ratio", _G, _SERIES, "How much of the warm-up is done, 0 to 1.")
SERIES_EVIDENCE = Metric(
    "series_evidence_ratio",
    _G,
    _SERIES,
    "Largest evidence of its detectors over their threshold; 1 is an alarm.",
)
SERIES_EFFECT = Metric(
    "series_effect", _G, _SERIES, "Size of the change against the reference, in its standard deviations."
)
SERIES_MISSING = Metric("series_missing_ratio", _G, _SERIES, "Share of values that are missing.")
SERIES_VALUES = Metric("series_values", _G, _SERIES, "Values seen so far.")
SERIES_CELLS = Metric(
    "series_cells",
    _G,
    (*_SERIES, "cell"),
    "What was found instead of a usable value, so far: null, nan, wrong …",
)
SERIES_BLIND = Metric("series_blind", _G, _SERIES, "1 if nothing can be detected in it at present, else 0.")
SERIES_WAITING = Metric(
    "series_waiting",
    _G,
    _SERIES,
    "1 if it drifts, but the alarm budget has held no credit yet to open an alert, else 0.",
)
SERIES_DETECTOR = Metric(
    "series_detector_state",
    _G,
    (*_SERIES, "detector", "view", "gauge"),
    "What a detector shows of its state on one view of the series, such as the width of ADWIN's window.",
)
PERFORMANCE = Metric(
    "performance", _G, _FIGURE, "A figure of a version's last labelled predictions, in its own unit."
)
PERFORMANCE_LOW = Metric("performance_low", _G, _FIGURE, "Lower end of the figure's 95 % interval.")
PERFORMANCE_HIGH = Metric("performance_high", _G, _FIGURE, "Upper end of the figure's 95 % interval.")
PERFORMANCE_EXPECTED = Metric(
    "performance_expected", _G, _FIGURE, "What the figure was promised to be, or was at first."
)
PERFORMANCE_ESTIMATE = Metric(
    "performance_estimate",
    _G,
    _FIGURE,
    "What the figure is estimated to be without labels, as long as probabilities mean what they meant.",
)
PERFORMANCE_ESTIMATE_ERROR = Metric(
    "performance_estimate_error",
    _G,
    _FIGURE,
    "By how much the last estimates of the figure lay above what labels told later, on average; in its own unit.",
)
PERFORMANCE_ESTIMATE_ABSOLUTE_ERROR = Metric(
    "performance_estimate_absolute_error",
    _G,
    _FIGURE,
    "How far the last estimates of the figure lay from what labels told later, on average; in its own unit.",
)
PERFORMANCE_ESTIMATE_INSIDE = Metric(
    "performance_estimate_inside_ratio",
    _G,
    _FIGURE,
    "Share of the last estimates whose 95 % interval held what labels told later.",
)
PERFORMANCE_ESTIMATE_UNRELIABLE = Metric(
    "performance_estimate_unreliable",
    _G,
    _FIGURE,
    "1 if what labels told lay outside the estimates' intervals too often to be chance, else 0.",
)
PERFORMANCE_ESTIMATE_TRIALS = Metric(
    "performance_estimate_trials_total",
    _C,
    (*_VERSION, "outcome"),
    "Estimates so far that were held against labels (scored), or given up as too few labels came (unlabelled).",
)
PERFORMANCE_PAIRS = Metric(
    "performance_pairs", _G, _VERSION, "Labelled predictions that the figures of a version are made of."
)
PERFORMANCE_WITHHELD = Metric(
    "performance_withheld",
    _G,
    _VERSION,
    "1 if no figure is shown because labels are too few or cover too little, else 0.",
)
PERFORMANCE_HIDDEN = Metric(
    "performance_hidden",
    _G,
    ("model",),
    "Figures left out of the metrics: only the first ones of every version are exported.",
)
SEGMENT_PREDICTIONS = Metric(
    "segment_predictions", _G, ("model", "segment"), "Predictions that a segment has got so far."
)
SEGMENT_PERFORMANCE = Metric(
    "segment_performance",
    _G,
    (*_VERSION, "segment", "figure"),
    "A figure of a version's last labelled predictions in a segment, in its own unit.",
)
_TREATMENT = (*_VERSION, "figure")
FAIRNESS = Metric("fairness", _G, _TREATMENT, "How differently a version treats the groups of a feature.")
FAIRNESS_LOW = Metric("fairness_low", _G, _TREATMENT, "Lower end of the figure's 95 % interval.")
FAIRNESS_HIGH = Metric("fairness_high", _G, _TREATMENT, "Upper end of the figure's 95 % interval.")
FAIRNESS_BEYOND = Metric(
    "fairness_beyond",
    _G,
    _TREATMENT,
    "1 if the figure was found beyond its tolerance and is not back, else 0.",
)
LABELS = Metric(
    "labels_total", _C, ("model", "outcome"), "Predictions and labels, by what became of them in the join."
)
PENDING = Metric("predictions_pending", _G, ("model",), "Predictions that wait for their label.")
EARLY = Metric("labels_early", _G, ("model",), "Labels that wait for their prediction.")
COVERAGE = Metric(
    "label_coverage_ratio",
    _G,
    ("model",),
    "Share of the predictions whose labels are due that have one; absent while none is due.",
)
LABEL_DELAY = Metric(
    "label_delay_seconds",
    _G,
    ("model", "share"),
    "Time from a prediction to its label that such a share of all labels so far kept; at most 19 % too high.",
)

RECORDED: Final = (
    RECORDS_CONSUMED,
    BYTES_CONSUMED,
    ROWS_DECODED,
    EVENT_DELAY,
    REJECTED,
    ROWS_OBSERVED,
    ROWS_LATE,
    REBALANCES,
    CHECKPOINT_SECONDS,
    CHECKPOINTS_ABORTED,
    RECORDS_PRODUCED,
    BYTES_PRODUCED,
    SNAPSHOTS,
    SNAPSHOT_BYTES,
    DISCARDED,
    RESTORE_SECONDS,
    ROWS_RESTORED,
    DRIFT_EVENTS,
    RETRAIN_REQUESTS,
    SUPPRESSED,
    STAGE_SECONDS,
)
VIEWED: Final = (
    BUILD,
    WORKER_START,
    WORKER_READY,
    LAST_POLL,
    RESTORING,
    LAG,
    EVENT_TIME,
    ASSIGNED,
    PAUSED,
    LOSSES,
    RECORDS_LOST,
    LAST_CHECKPOINT,
    MODEL_SERIES,
    MODEL_SERIES_DROPPED,
    MODEL_SERIES_HIDDEN,
    MODEL_EVIDENCE,
    MODEL_BLIND,
    MODEL_WAITING,
    MODEL_HELD_ROWS,
    MODEL_OPEN_ALERTS,
    MODEL_BUDGET,
    MODEL_LAST_EVENT,
    SERIES_STATUS,
    SERIES_WARM_UP,
    SERIES_EVIDENCE,
    SERIES_EFFECT,
    SERIES_MISSING,
    SERIES_VALUES,
    SERIES_CELLS,
    SERIES_BLIND,
    SERIES_WAITING,
    SERIES_DETECTOR,
    PERFORMANCE,
    PERFORMANCE_LOW,
    PERFORMANCE_HIGH,
    PERFORMANCE_EXPECTED,
    PERFORMANCE_ESTIMATE,
    PERFORMANCE_ESTIMATE_ERROR,
    PERFORMANCE_ESTIMATE_ABSOLUTE_ERROR,
    PERFORMANCE_ESTIMATE_INSIDE,
    PERFORMANCE_ESTIMATE_UNRELIABLE,
    PERFORMANCE_ESTIMATE_TRIALS,
    PERFORMANCE_PAIRS,
    PERFORMANCE_WITHHELD,
    PERFORMANCE_HIDDEN,
    LABELS,
    PENDING,
    EARLY,
    COVERAGE,
    LABEL_DELAY,
    SEGMENT_PREDICTIONS,
    SEGMENT_PERFORMANCE,
    FAIRNESS,
    FAIRNESS_LOW,
    FAIRNESS_HIGH,
    FAIRNESS_BEYOND,
)
CATALOGUE: Final = (*RECORDED, *VIEWED, *DELIVERED)
