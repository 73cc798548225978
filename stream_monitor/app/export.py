"""Exactly the data of a new regime, read back from Kafka: features, predictions and labels of every case, as a table.

An alert or a retrain request says where the regime lies; the configuration says how the topics are read.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import Final

from stream_monitor.app.composition import rules_by_topic
from stream_monitor.app.service import kafka_options
from stream_monitor.config import Settings, slicings_of, topic_sources
from stream_monitor.core.drift_event import Positions, Resolution
from stream_monitor.core.errors import CorruptState, NewerState, StreamMonitorError
from stream_monitor.core.events import Decoded, Reason, Role, Row, Source
from stream_monitor.core.positions import together
from stream_monitor.core.retrain_request import RetrainRequest
from stream_monitor.core.segments.members import members_of
from stream_monitor.files.cases import Case, Cases
from stream_monitor.files.tables import check_suffix, columns_of, table
from stream_monitor.formats import alerts_topic
from stream_monitor.formats.native_json import decode
from stream_monitor.kafka.topic_range import Limit, TopicRange, bounds_of

CHUNK_RECORDS: Final = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """id: of an alert or of a retrain request. until: event time (ms UTC) of an ongoing regime, not included; now if None.

    rows: the first so many cases. labels_within_ms: of their case; until the ends of the topics if None. skip_missing: go on
    where offsets are gone.
    """

    id: str
    until: int | None = None
    rows: int | None = None
    labels_within_ms: int | None = None
    skip_missing: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Regime:
    """Whose data it is, and where they lie. segment: of the cases, all of them if None. ongoing: also behind the last offsets."""

    model: str
    version: str | None
    segment: str | None
    change_point: int
    positions: tuple[Positions, ...]
    ongoing: bool
    summary: str


@dataclass(slots=True, kw_only=True)
class Exported:
    """What was written, and what was not. other_segments: cases left out; None: the regime is of a segment that cannot be told
    case by case, and those of all are written. missing: offsets gone; pending: held back by an open transaction, both by source.
    """

    regime: Regime
    cases: int = 0
    features: int = 0
    predictions: int = 0
    labels: int = 0
    written: int = 0
    other_versions: int = 0
    other_segments: int | None = 0
    rejected: Counter[Reason] = field(default_factory=Counter)
    missing: dict[Source, int] = field(default_factory=dict)
    pending: dict[Source, int] = field(default_factory=dict)


def export(settings: Settings, wanted: Wanted, output: Path, progress: Callable[[int], None]) -> Exported:
    """Write the cases of the regime to `output`. Joins no group and commits nothing. progress: is told events read so far.

    Cost: reads the regime once and the labels once more; memory of one chunk, the data once on disk beside `output`. Raises
    StreamMonitorError: no broker answers, no such alert, offsets that are gone, a file that cannot be written.
    """
    check_suffix(output)
    if settings.kafka.bootstrap_servers is None:
        raise StreamMonitorError(
            "no brokers: write --bootstrap-servers HOST:PORT, or kafka.bootstrap_servers in the file"
        )
    regime = find(settings, wanted.id)
    exported = Exported(regime=regime)
    with Cases(output.resolve().parent) as cases:
        reading = _Reading(settings, wanted, exported, progress)
        for rows in reading.regime():
            cases.add(rows)
        last = cases.last_time()
        if last is None:
            raise StreamMonitorError(
                f"there is no event with features or a prediction of {regime.model} among the data of {wanted.id}"
            )
        for rows in reading.labels(last):
            cases.label(rows, wanted.labels_within_ms)
        exported.other_segments = _keep_segment(cases, settings, regime)
        exported.cases, exported.features, exported.predictions, exported.labels = cases.counts()
        columns = columns_of(cases.chunks(wanted.rows))
        with table(output, columns, _about(wanted, regime)) as write:
            for chunk in cases.chunks(wanted.rows):
                write(chunk)
                exported.written += len(chunk)
    return exported


def find(settings: Settings, wanted: str) -> Regime:
    """The regime of the alert or the retrain request `wanted`, as its latest event tells it. Raises StreamMonitorError.

    Cost: reads the alerts topic once.
    """
    topic, found, name = settings.topics.alerts, None, wanted.encode()
    with closing(TopicRange(kafka_options(settings), topic, None, None)) as reader:
        for span in reader.spans:
            for record in reader.records(span):
                if record.value is None or name not in record.value:
                    continue
                regime = _regime(record.value, wanted)
                if regime is not None:
                    before = () if found is None else found.positions
                    found = replace(regime, positions=together(before, regime.positions))
    if found is None:
        raise StreamMonitorError(
            f"{topic} holds no alert and no retrain request {wanted!r}: name the alert_id of a drift event, or the id of a"
            " retrain request; either may have expired from the topic"
        )
    if not found.positions:
        raise StreamMonitorError(f"{wanted} does not say where its data are: it has no positions")
    return found


def _regime(value: bytes, wanted: str) -> Regime | None:
    """Of a record of the alerts topic; None if it is another's."""
    try:
        event = alerts_topic.decode(value)
    except (CorruptState, NewerState):
        return None  # somebody else's, or for a newer release
    segment = None
    if isinstance(event, RetrainRequest):
        if event.id != wanted:
            return None
        ongoing = event.ongoing
    elif event.alert_id != wanted:
        return None
    else:
        ongoing, segment = event.resolution is not Resolution.RECOVERED, event.segment
    return Regime(
        model=event.model,
        version=event.version,
        segment=segment,
        change_point=event.change_point,
        positions=event.positions,
        ongoing=ongoing,
        summary=event.summary,
    )


class _Reading:
    """Rows of the model from the topics of its regime."""

    def __init__(
        self, settings: Settings, wanted: Wanted, exported: Exported, progress: Callable[[int], None]
    ) -> None:
        self._settings, self._wanted, self._exported, self._progress = settings, wanted, exported, progress
        self._options = kafka_options(settings)
        self._rules_of = rules_by_topic(settings)
        self._skew_ms = round(settings.ingest.max_clock_skew.total_seconds() * 1000)
        self._read = 0

    def regime(self) -> Iterator[Sequence[Row]]:
        """The rows of the regime, topic after topic; labels alone are among them."""
        regime = self._exported.regime
        spans: dict[str, dict[int, Positions]] = {}
        for one in regime.positions:
            spans.setdefault(one.topic, {})[one.partition] = one
        begins = {topic: self._begin(topic, by_partition) for topic, by_partition in spans.items()}
        for topic, begin in begins.items():
            ends: Limit = None
            if not regime.ongoing:
                ends = {partition: one.last_offset + 1 for partition, one in spans[topic].items()}
            for decoded in self._decoded(topic, begin, ends):
                self._exported.rejected.update(bad.reason for bad in decoded.rejected)
                rows = [row for row in decoded.rows if row.model == regime.model]
                mine = [row for row in rows if regime.version in (None, row.version) or row.version is None]
                self._exported.other_versions += len(rows) - len(mine)
                yield [row for row in mine if self._wanted.until is None or row.time < self._wanted.until]

    def labels(self, last: int) -> Iterator[Sequence[Row]]:
        """The rows with labels from the begin of the regime on, of every topic that may hold them. last: event time of the latest
        case.
        """
        regime, within = self._exported.regime, self._wanted.labels_within_ms
        until = None if within is None else last + within + self._skew_ms
        for topic in self._label_topics():
            for decoded in self._decoded(topic, max(0, regime.change_point - self._skew_ms), until):
                yield [row for row in decoded.rows if row.model == regime.model and row.roles & Role.LABEL]

    def _label_topics(self) -> Sequence[str]:
        regime = self._exported.regime
        sources = topic_sources(self._settings)
        configured = [one.topic for one in sources.values() if regime.model in one.models]
        topics = dict.fromkeys([*configured, *(one.topic for one in regime.positions)])
        return [topic for topic in topics if topic not in sources or sources[topic].role in (None, "label")]

    def _begin(self, topic: str, by_partition: Mapping[int, Positions]) -> Mapping[int, int]:
        """First offsets to read; raises StreamMonitorError where the broker has removed them, unless that was accepted."""
        bounds = bounds_of(self._options, topic)
        begin, gone = {}, []
        for partition, one in sorted(by_partition.items()):
            low = bounds[partition].low if partition in bounds else one.first_offset
            if low > one.first_offset:
                last = min(low - 1, one.last_offset)
                gone.append(f"{topic} partition {partition}: offsets {one.first_offset} to {last}")
                self._exported.missing[Source(topic, partition)] = last + 1 - one.first_offset
            if self._exported.regime.ongoing or low <= one.last_offset:
                begin[partition] = max(one.first_offset, low)
        if gone and not self._wanted.skip_missing:
            raise StreamMonitorError(
                f"part of the data is gone, removed by the topic's retention: {'; '.join(gone)}. Add --skip-missing to write"
                " what is left, and raise retention.ms of the topic for the next time"
            )
        return begin

    def _decoded(self, topic: str, begin: Limit, end: Limit) -> Iterator[Decoded]:
        with closing(TopicRange(self._options, topic, begin, end)) as reader:
            for span in reader.spans:
                records = reader.records(span)
                source = Source(topic, span.partition)
                while taken := list(islice(records, CHUNK_RECORDS)):
                    self._read += len(taken)
                    self._progress(self._read)
                    yield decode(source, taken, self._rules_of(topic))
            self._exported.pending |= {Source(topic, at): n for at, n in reader.pending.items()}


def _keep_segment(cases: Cases, settings: Settings, regime: Regime) -> int | None:
    """Remove the cases of other segments than that of the regime. How many; None where nobody can tell."""
    if regime.segment is None:
        return 0
    members = members_of(regime.segment, slicings_of(settings, regime.model))
    if members is None:
        return None
    feature = members.feature

    def values(chunk: Sequence[Case]) -> list[object]:
        return [case.label if feature is None else case.features.get(feature) for case in chunk]

    gone = cases.keep(lambda chunk: members.among(values(chunk)).tolist())
    if cases.last_time() is None:
        raise StreamMonitorError(f"none of the {gone:,} cases is one of {regime.segment}")
    return gone


def _about(wanted: Wanted, regime: Regime) -> str:
    """Where the table is from, for whoever finds it."""
    return json.dumps({"id": wanted.id, **asdict(regime)})
