"""The board: what the monitor's own topics say, folded into answers for people. Knows no Kafka, no HTTP and no clock.

Records of one topic arrive in order, those of different topics in any. What cannot be read is counted and shown, never fatal.
Every method may be called by any thread; answers are values that never change.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from threading import RLock
from typing import Final

from stream_monitor.core.drift_event import DriftEvent
from stream_monitor.core.errors import CorruptState, NewerState
from stream_monitor.core.events import Record
from stream_monitor.core.reference_status import ReferenceStatus
from stream_monitor.core.status import ModelStatus
from stream_monitor.formats import alerts_topic, history, operations, status, status_topic, worker_status
from stream_monitor.formats.reference_status import KEY_PREFIX as REFERENCE_PREFIX
from stream_monitor.runtime.board.alert_answers import AlertCounts, AlertDetail, Alerts, Mutes
from stream_monitor.runtime.board.alerts import Alert, AlertBook, detail, incidents
from stream_monitor.runtime.board.answers import (
    Changed,
    Heat,
    HeatRow,
    ModelDetail,
    ModelOverview,
    ModelState,
    Overview,
    Performance,
    Pipeline,
    SeriesDetail,
    VersionPerformance,
)
from stream_monitor.runtime.board.history import ModelLedger, SeriesKey, Spans
from stream_monitor.runtime.board.models import Around, BoardModel
from stream_monitor.runtime.board.operations import OperationBook
from stream_monitor.runtime.board.workers import WorkerBook
from stream_monitor.runtime.ports import Fetched

MAX_CELLS: Final = 24_000_000  # of history, 4 bytes each
MAX_MODELS: Final = 1_000
_MEASURED: Final = 10  # records of history between two looks at how much there is
_STATES: Final = tuple(ModelState)


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardTopics:
    """Names of the topics that are folded."""

    status: str
    history: str
    alerts: str
    operations: str


class Board:
    """Everything that is shown. max_cells: of history, all models together; passing it shortens what is kept, and is shown."""

    def __init__(self, topics: BoardTopics, *, max_cells: int = MAX_CELLS) -> None:
        self._topics = topics
        self._max_cells = max_cells
        self._lock = RLock()
        self._version = 0
        self.clear()

    # ------------------------------------------------------------------ folding

    def clear(self) -> None:
        """Begin anew, for who reads the topics again from their beginnings: history is made of increments."""
        with self._lock:
            self._empty()

    def _empty(self) -> None:
        self._models: dict[str, BoardModel] = {}
        self._ledgers: dict[str, ModelLedger] = {}
        self._alerts = AlertBook()
        self._operations = OperationBook()
        self._workers = WorkerBook()
        self._spans = Spans()
        self._unread: Counter[str] = Counter()
        self._models_left_out: set[str] = set()
        self._reading: str | None = None
        self._caught_up = False
        self._history_records = 0
        self._stamps: dict[str, int] = {}  # of `alerts`, `workers`, `operations`
        self._model_stamps: dict[str, int] = {}

    def fold(self, fetched: Sequence[Fetched]) -> bool:
        """Take records in, in the order of each topic; whether there were any."""
        if not fetched:
            return False
        with self._lock:
            self._version += 1
            for source, records in fetched:
                for record in records:
                    try:
                        self._take(source.topic, record)
                    except (CorruptState, ValueError, IndexError, OverflowError):
                        self._unread[f"{source.topic}: records that could not be read"] += 1
                    except NewerState:
                        self._unread[
                            f"{source.topic}: records of a newer release, for which this one has to be updated"
                        ] += 1
        return True

    def told(self, *, caught_up: bool, problem: str | None) -> None:
        """How the reading goes: whether all was read once, and what keeps it from going on."""
        with self._lock:
            self._caught_up, self._reading = caught_up, problem

    def _take(self, topic: str, record: Record) -> None:
        if topic == self._topics.status:
            self._take_status(record)
        elif topic == self._topics.history:
            self._take_history(record)
        elif topic == self._topics.alerts:
            if record.value is not None:
                published = alerts_topic.decode(record.value)
                if isinstance(published, DriftEvent):
                    self._take_event(published)
        elif topic == self._topics.operations:
            self._operations.take(operations.decode(record.key, record.value), record.timestamp)
            self._stamps["operations"] = self._version

    def _take_status(self, record: Record) -> None:
        key = (record.key or b"").decode()
        if record.value is None:
            self._take_back(key)
            return
        kept = status_topic.decode(record.key or b"", record.value)
        match kept:
            case ModelStatus():
                self._take_model(kept, record.timestamp)
            case ReferenceStatus():
                if (ledger := self._ledger(kept.model)) is not None:
                    ledger.refer(kept)
                    self._model_stamps[kept.model] = self._version
            case _:
                self._workers.take(kept)
                self._stamps["workers"] = self._version

    def _take_back(self, key: str) -> None:
        prefix, _, name = key.partition("/")
        if prefix + "/" == worker_status.KEY_PREFIX:
            self._workers.leave(name)
            self._stamps["workers"] = self._version
        elif prefix + "/" in (status.KEY_PREFIX, REFERENCE_PREFIX):
            self._models.pop(name, None)
            self._ledgers.pop(name, None)
            self._model_stamps[name] = self._version

    def _take_model(self, told: ModelStatus, written: int) -> None:
        ledger = self._ledger(told.model)
        if ledger is None:
            return
        known = self._models.get(told.model)
        if known is None:
            known = self._models[told.model] = BoardModel(status=told, updated=written, ledger=ledger)
        known.take(told, written)
        self._model_stamps[told.model] = self._version
        for event in told.open_alerts:
            self._take_event(event)

    def _take_event(self, event: DriftEvent) -> None:
        if self._alerts.take(event):
            self._stamps["alerts"] = self._model_stamps[event.model] = self._version

    def _take_history(self, record: Record) -> None:
        if record.value is None:
            return
        told = history.decode(record.value)
        ledger = self._ledger(told.model)
        if ledger is None:
            return
        ledger.take(told, self._spans)
        self._model_stamps[told.model] = self._version
        self._history_records += 1
        if self._history_records % _MEASURED == 0:
            self._keep_to_the_cap()

    def _keep_to_the_cap(self) -> None:
        while sum(one.cells for one in self._ledgers.values()) > self._max_cells:
            shorter = self._spans.halved()
            if shorter == self._spans:
                self._forget_longest()
                break
            self._spans = shorter
            for one in self._ledgers.values():
                one.thin(shorter)

    def _forget_longest(self) -> None:
        """Even an hour of everything is too much: the model with most of it begins anew."""
        largest = max(self._ledgers.values(), key=lambda one: one.cells)
        for series in largest.series.values():
            series.eras.clear()

    def _ledger(self, model: str) -> ModelLedger | None:
        """Of the model; None for those beyond the cap."""
        if model not in self._ledgers and len(self._ledgers) >= MAX_MODELS:
            if len(self._models_left_out) < MAX_MODELS:
                self._models_left_out.add(model)
            return None
        return self._ledgers.setdefault(model, ModelLedger())

    # ------------------------------------------------------------------ answers

    def overview(self, now: int) -> Overview:
        """All models, those that need attention first. now: ms UTC."""
        with self._lock:
            models = [one.overview(self._around(name, now)) for name, one in self._models.items()]
            return Overview(
                time=now,
                caught_up=self._caught_up,
                models=tuple(sorted(models, key=_worst_first)),
                workers=self._workers.overview(now),
                alerts=self._alert_counts(now),
                problems=self.problems(),
            )

    def model(self, model: str, now: int) -> ModelDetail | None:
        """One model with its series; None where it is not known."""
        with self._lock:
            found = self._models.get(model)
            return None if found is None else found.detail(self._around(model, now))

    def heat(
        self, model: str, start: int | None = None, end: int | None = None, buckets: int = 60
    ) -> Heat | None:
        """Scores of all series by time; None where the model is not known. start, end: event time, ms UTC."""
        with self._lock:
            ledger = self._ledgers.get(model)
            if ledger is None:
                return None
            stretch = ledger.stretch(start, end, buckets)
            rows = [
                HeatRow(series=key[0], version=key[1], segment=key[2], scores=scores)
                for key, scores in ledger.scores(stretch).items()
            ]
            rows.sort(key=lambda row: (row.segment or "", row.series, row.version or ""))
            return Heat(starts=tuple(stretch.starts), width=stretch.width, series=tuple(rows))

    def series(
        self, model: str, key: SeriesKey, start: int | None = None, end: int | None = None, *, now: int
    ) -> SeriesDetail | None:
        """One series over time, in at most 240 buckets; None where it is not known. key: series, version, segment."""
        with self._lock:
            found = self._models.get(model)
            if found is None:
                return None
            ledger = found.ledger.series.get(key)
            around = self._around(model, now)
            rows = found.rows(around, key)
            if not rows and ledger is None:
                return None
            stretch = found.ledger.stretch(start, end, 240)
            mine = [*self._alerts.open_of(model), *self._alerts.resolved_of(model)]
            return SeriesDetail(
                model=model,
                status=rows[0] if rows else None,
                reference=found.reference(key),
                width=stretch.width,
                buckets=() if ledger is None else ledger.buckets(stretch),
                alerts=tuple(
                    detail(one, self._operations, now)
                    for one in mine
                    if (one.latest.series, one.latest.version, one.latest.segment) == key
                ),
            )

    def performance(self, model: str, start: int | None = None, end: int | None = None) -> Performance | None:
        """How well the versions predict, over time; None where the model is not known."""
        with self._lock:
            found = self._models.get(model)
            if found is None:
                return None
            latest = {one.version: one for one in found.status.performance}
            versions = dict.fromkeys([*latest, *found.ledger.performance])
            return Performance(
                labels=found.status.labels,
                versions=tuple(
                    VersionPerformance(
                        version=version,
                        status=latest.get(version),
                        history=found.ledger.figures(version, start, end),
                    )
                    for version in versions
                ),
            )

    def alerts(self, state: str = "open", model: str | None = None, limit: int = 200, *, now: int) -> Alerts:
        """Alerts and their incidents. state: open, resolved or all. Raises ValueError for another one."""
        if state not in ("open", "resolved", "all"):
            raise ValueError(f"state is open, resolved or all, not {state!r}")
        with self._lock:
            found: list[Alert] = []
            if state != "resolved":
                found += self._alerts.open_of(model)
            if state != "open":
                found += self._alerts.resolved_of(model)
            return Alerts(
                alerts=tuple(detail(one, self._operations, now) for one in found[:limit]),
                incidents=tuple(incidents(found[:limit])),
                more=max(0, len(found) - limit),
            )

    def alert(self, alert_id: str, now: int) -> AlertDetail | None:
        """One alert; None where it is not known."""
        with self._lock:
            found = self._alerts.find(alert_id)
            return None if found is None else detail(found, self._operations, now)

    def mutes(self, now: int) -> Mutes:
        """Mutes in force."""
        with self._lock:
            return Mutes(mutes=self._operations.mutes(now))

    def series_per_model(self) -> float:
        """On average; 0 without models."""
        with self._lock:
            numbers = [len(one.status.series) for one in self._models.values()]
            return sum(numbers) / max(1, len(numbers))

    def pipeline(self, now: int) -> Pipeline:
        """Workers and partitions."""
        with self._lock:
            return self._workers.pipeline(now, self.problems())

    def problems(self) -> tuple[str, ...]:
        """What keeps the board from showing everything, in words."""
        with self._lock:
            told = [self._reading] if self._reading else []
            told += [f"{what}: {number}" for what, number in sorted(self._unread.items())]
            if self._spans != Spans():
                told.append(
                    f"history is kept for {self._spans.kept // 60} hours only: there is too much of it"
                )
            if self._models_left_out:
                told.append(f"models beyond the first {MAX_MODELS} are not shown")
            if self._operations.dropped:
                told.append(
                    f"{self._operations.dropped} acknowledgements or mutes were dropped: there are too many"
                )
            return tuple(told)

    def changed_since(self, version: int) -> Changed:
        """What records since `version` have changed; 0 for everything. Ask with the answer's version the next time."""
        with self._lock:
            newer = {what for what, stamp in self._stamps.items() if stamp > version}
            return Changed(
                version=self._version,
                models=tuple(sorted(name for name, stamp in self._model_stamps.items() if stamp > version)),
                alerts="alerts" in newer,
                workers="workers" in newer,
                operations="operations" in newer,
            )

    def _around(self, model: str, now: int) -> Around:
        return Around(now=now, open_alerts=self._alerts.open_of(model), operations=self._operations)

    def _alert_counts(self, now: int) -> AlertCounts:
        open_ones = [one.latest for one in self._alerts.open_of()]
        return AlertCounts(
            open=len(open_ones),
            acknowledged=sum(self._operations.acknowledged(one.alert_id) is not None for one in open_ones),
            muted=sum(self._operations.muted(one.model, one.series, now) is not None for one in open_ones),
        )


def _worst_first(one: ModelOverview) -> tuple[int, int, str]:
    return (_STATES.index(one.state), -one.critical, one.model)
