"""A history, references and the status of a worker for the tests of formats."""

from dataclasses import replace

from stream_monitor.core.detector import Kind
from stream_monitor.core.history import LabelHistory, ModelHistory, PerformanceHistory, SeriesHistory
from stream_monitor.core.reference_status import ReferenceOrigin, ReferenceStatus, SeriesReference
from stream_monitor.formats.worker_status import AssignedPartition, PartitionLoss, WorkerStatus
from tests.unit.formats.core_values import NOON

MINUTE = 60_000
START = NOON // MINUTE * MINUTE

AMOUNT = SeriesHistory(
    series="feature:amount",
    version=None,
    segment=None,
    reference="0f1e2d3c4b5a6978",
    evidence=0.25,
    at=(0, 2),
    values=(64, 32),
    unusable=(1, 0),
    counts=((0, 30, 34, 0), (2, 10, 20, 0)),
)
COUNTRY = SeriesHistory(
    series="feature:country",
    version=None,
    segment="tier=gold",
    reference="8796a5b4c3d2e1f0",
    evidence=None,
    at=(1,),
    values=(32,),
    unusable=(0,),
    counts=((20, 12, 0),),
)
HISTORY = ModelHistory(
    model="fraud",
    as_of=NOON,
    width=MINUTE,
    starts=(START - 2 * MINUTE, START - MINUTE, START),
    rows=(70, 31, 40),
    series=(AMOUNT, COUNTRY),
    performance=(
        PerformanceHistory(
            version="7",
            pairs=2_048,
            figures={"f1": (0.8125, 0.79, 0.83), "auc": (None, None, None)},
            estimate={"f1": (0.82, 0.8, 0.84)},
        ),
    ),
    labels=LabelHistory(coverage=0.9, pending=120, delays={"0.5": 60_000, "0.9": 3_600_000}),
)
REFERENCES = ReferenceStatus(
    model="fraud",
    series=(
        SeriesReference(
            series="feature:amount",
            version=None,
            segment=None,
            kind=Kind.NUMERIC,
            origin=ReferenceOrigin.LEARNED,
            id="0f1e2d3c4b5a6978",
            size=1_000,
            missing=0.01,
            mean=12.5,
            sd=3.25,
            groups=("below 2", "2 to 12", "12 to 40", "above 40"),
            edges=(2.0, 12.0, 40.0),
            categories=None,
            shares=(0.0, 0.5, 0.5, 0.0),
        ),
        SeriesReference(
            series="feature:country",
            version=None,
            segment="tier=gold",
            kind=Kind.CATEGORICAL,
            origin=ReferenceOrigin.GIVEN,
            id="8796a5b4c3d2e1f0",
            size=1_000,
            missing=0.0,
            mean=None,
            sd=None,
            groups=("DE", "FR", "(other)"),
            edges=None,
            categories=("DE", "FR"),
            shares=(0.6, 0.3, 0.1),
        ),
    ),
)
WORKER = WorkerStatus(
    worker="monitor-0",
    group="stream-monitor-prod",
    wall=NOON,
    started=NOON - 3_600_000,
    release="1.0.0",
    ready=True,
    last_checkpoint=NOON - 1_000,
    assigned=(
        AssignedPartition(topic="fraud.events", partition=3, lag=12, paused=True),
        AssignedPartition(topic="stream-monitor.columns", partition=0, lag=None, paused=False),
    ),
    rejected={"not_json": 2},
    rebalances={"assigned": 1},
    aborted=1,
    losses=(PartitionLoss(topic="fraud.events", partition=3, times=1, records=40),),
)
YOUNG = replace(WORKER, last_checkpoint=None, assigned=(), rejected={}, losses=())
