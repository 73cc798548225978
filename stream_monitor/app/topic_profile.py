"""A reference profile of a range of a topic, read as the configuration says that the topic is read."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from itertools import islice

from stream_monitor.app.composition import parameters_by_name, rules_by_topic
from stream_monitor.app.service import kafka_options
from stream_monitor.config import Settings, topic_sources
from stream_monitor.core.errors import StreamMonitorError
from stream_monitor.core.events import Decoded, Source
from stream_monitor.files.learning import Choices
from stream_monitor.files.profiling import Built, Part, build_from, chosen
from stream_monitor.formats.native_json import Rules, decode
from stream_monitor.kafka.topic_range import Limit, Span, TopicRange

CHUNK_RECORDS = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """The range of a topic. begin, end: record and event time, or offsets; the end as of now if None."""

    topic: str
    begin: Limit
    end: Limit


@dataclass(frozen=True, slots=True, kw_only=True)
class FromTopic:
    """A profile, and what of the range is not in it.

    late, early: rows whose event time is before the begin, or at or behind the end. pending: offsets at the ends of
    partitions that an open transaction held back, by partition. configured: the topic is a source of the configuration.
    """

    built: Built
    late: int
    early: int
    pending: Mapping[int, int]
    configured: bool


def profile_of_topic(
    settings: Settings, wanted: Wanted, model: str | None, choices: Choices, progress: Callable[[int], None]
) -> FromTopic:
    """The profile of the rows of a range of a topic; kinds that `choices` leaves open are those of the configuration.

    model: None: that of the topic's source, or of its events. Joins no group and commits nothing. Cost: reading the range
    once, twice if it has more than `max_rows` rows. Raises StreamMonitorError as `TopicRange` and `build_from` do, and if
    the configuration reads other models from the topic.
    """
    if settings.kafka.bootstrap_servers is None:
        raise StreamMonitorError(
            "no brokers: write --bootstrap-servers HOST:PORT, or kafka.bootstrap_servers in the file"
        )
    source = topic_sources(settings).get(wanted.topic)
    models = () if source is None else source.models
    if source is not None and model is not None and model not in models:
        raise StreamMonitorError(
            f"the configuration reads {', '.join(models)} from {wanted.topic}, not the model {model!r}"
        )
    if model is None and len(models) == 1:
        model = models[0]
    reader = TopicRange(kafka_options(settings), wanted.topic, wanted.begin, wanted.end)
    with closing(reader):
        rows = _TopicRows(reader, rules_by_topic(settings)(wanted.topic), wanted)
        part = Part(
            where=wanted.topic, kind="topic", name=_name(wanted.topic, reader), named=True, chunks=rows.chunks
        )
        built = build_from([part], model, _configured(choices, settings, model), progress)
        return FromTopic(
            built=built,
            late=rows.late,
            early=rows.early,
            pending=dict(reader.pending),
            configured=source is not None,
        )


class _TopicRows:
    """The rows of a range; those whose event time lies outside of it are counted. Can be read again."""

    def __init__(self, reader: TopicRange, rules: Rules, wanted: Wanted) -> None:
        self._reader, self._rules, self._topic = reader, rules, wanted.topic
        self._begin = wanted.begin if isinstance(wanted.begin, int) else None
        self._end = wanted.end if isinstance(wanted.end, int) else None
        self.late = self.early = 0

    def chunks(self) -> Iterator[Decoded]:
        """Partition after partition, in chunks of always the same records: sums do not depend on fetches."""
        self.late = self.early = 0
        for span in self._reader.spans:
            yield from self._of(span)

    def _of(self, span: Span) -> Iterator[Decoded]:
        records = self._reader.records(span)
        while taken := list(islice(records, CHUNK_RECORDS)):
            yield self._in_time(decode(Source(self._topic, span.partition), taken, self._rules))

    def _in_time(self, decoded: Decoded) -> Decoded:
        """Records are found by their own time stamps; an event has its own time."""
        begin, end = self._begin, self._end
        kept = decoded if begin is None else chosen(decoded, lambda row: row.time >= begin)
        self.late += len(decoded.rows) - len(kept.rows)
        within = kept if end is None else chosen(kept, lambda row: row.time < end)
        self.early += len(kept.rows) - len(within.rows)
        return within


def _name(topic: str, reader: TopicRange) -> str:
    """Where the rows are from, so that they can be read again: the topic and its offsets."""
    spans = ", ".join(f"{span.partition}:{span.first}-{span.last}" for span in reader.spans)
    return f"{topic} {spans}"


def _configured(choices: Choices, settings: Settings, model: str | None) -> Choices:
    """With the kinds of the configuration where none was asked for."""
    if model is None:
        return choices
    overrides = parameters_by_name(settings, {})(model).overrides
    kinds = dict(choices.kinds)
    for pattern, parameters in overrides.items():
        if parameters is not None:
            kinds.setdefault(pattern, parameters.kind)
    return replace(choices, kinds=kinds)
