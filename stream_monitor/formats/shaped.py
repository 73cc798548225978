"""Records of a topic → rows: those of a shape that was seen before by generated structs, all others through `native_json`.

The shapes that were learned change how fast a record is read and nothing else: `tests/property/test_shaped.py` holds both ways
to the same columns and the same rejects. Knows no Kafka.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any, Final, NamedTuple, Union

import msgspec
import orjson

from stream_monitor.core.columnise import Arrived, Gathered
from stream_monitor.core.events import Record, Source
from stream_monitor.formats.native_json import Rules, decode
from stream_monitor.formats.shape import NOTHING, Names, Shape, extended
from stream_monitor.formats.struct_rows import StructRows, write

MAX_MODELS: Final = 1_000  # of a topic, whose shapes are learned
_SPAN: Final = 64  # records at most that are read the general way before a shape is tried again
_MOST_PATIENCE: Final = 4_096


class _Known(NamedTuple):
    """A model and the struct of its events."""

    model: str
    shape: Shape
    struct: type[msgspec.Struct]


class _Structs(NamedTuple):
    """Of the models of a topic. known: by what `told_by` says of a struct that `decode` made: its model or, where models
    have sent different names, its type.
    """

    decode: Callable[[bytes], object]
    told_by: Callable[[Any], object]
    known: Mapping[object, _Known]


class _Writers(dict[object, StructRows]):
    """What writes `structs`, by what tells models apart, made when asked for. A model whose rows are not gathered yet is met by
    the general way.
    """

    def __init__(self, structs: _Structs, gathered: Gathered) -> None:
        self.structs, self.epoch, self._buffers = structs, gathered.epoch, gathered.buffers

    def fit(self, structs: _Structs, gathered: Gathered) -> bool:
        """Whether they still write these, into the buffers that there are."""
        return self.structs is structs and self.epoch is gathered.epoch

    def __missing__(self, told: object) -> StructRows | None:
        """Raises Full, until the buffer of the model has been drained."""
        known = self.structs.known.get(told)
        if known is None or known.model not in self._buffers:
            return None
        writer = self[told] = known.shape.into(self._buffers[known.model], known.struct)
        return writer


@dataclass(slots=True)
class _Topic:
    """What was learned of one topic. missed: good records that no shape fitted since something was learned.

    patience: as many must be before something is learned again.
    """

    names: dict[str, Names] = field(default_factory=dict)
    shapes: dict[Names, Shape] = field(default_factory=dict)
    structs: _Structs | None = None
    writers: _Writers | None = None
    missed: int = 0
    patience: int = 1


class ShapedReader:
    """Reads the records of a process. Called by one thread."""

    def __init__(self) -> None:
        self._topics: dict[str, _Topic] = {}

    def read(self, source: Source, records: Sequence[Record], rules: Rules, gathered: Gathered) -> Arrived:
        """The rows of `records` (one source, in order) into `gathered`, and what was wrong with the others.

        Cost: ~1.5 µs for a valid event of 20 numeric features whose shape was seen before.
        """
        if rules.mapping is not None:
            return gathered.take(source, decode(source, records, rules), records)
        topic, arrived = self._topics.setdefault(source.topic, _Topic()), Arrived()
        polled, at, span = list(records), 0, 1
        while at < len(polled):
            taken = _straight(topic, source, polled, at, rules, gathered)
            arrived.add(taken)
            at += taken.rows
            span = 1 if taken.rows >= _SPAN else min(2 * span, _SPAN)
            if at < len(polled):
                arrived.add(_general(topic, source, polled[at : at + span], rules, gathered))
                at += span
        return arrived


def _straight(
    topic: _Topic, source: Source, records: list[Record], begin: int, rules: Rules, gathered: Gathered
) -> Arrived:
    """The records from `begin` on, as far as they fit shapes and nothing is wrong with them."""
    structs, place = topic.structs, gathered.place(source)
    if structs is None:
        return Arrived()
    if topic.writers is None or not topic.writers.fit(structs, gathered):
        topic.writers = _Writers(structs, gathered)
    how = structs.decode, structs.told_by, topic.writers
    end, newest = write(*how, records, begin, rules.max_bytes, place, rules.max_clock_skew_ms)
    gathered.rows += end - begin
    return Arrived(rows=end - begin, newest=newest if end > begin else None)


def _general(
    topic: _Topic, source: Source, records: Sequence[Record], rules: Rules, gathered: Gathered
) -> Arrived:
    decoded = decode(source, records, rules)
    topic.missed += len(decoded.rows)
    if topic.missed >= topic.patience:
        good = set(decoded.offsets)
        events = [orjson.loads(one.value or b"") for one in records if one.offset in good]
        _learn(topic, [event for event in events if type(event) is dict], rules)
    return gathered.take(source, decoded, records)


def _learn(topic: _Topic, events: Sequence[Mapping[str, Any]], rules: Rules) -> None:
    """Make shapes that fit these good events, too."""
    before = dict(topic.names)
    for event in events:
        model: str = event.get("model") or rules.default_model or ""
        if model in topic.names or len(topic.names) < MAX_MODELS:
            topic.names[model] = extended(topic.names.get(model, NOTHING), event, rules.role)
    # Models that were never met are few, and soon all known; those that were may change again and again.
    topic.missed = 0
    topic.patience = 1 if topic.names.keys() != before.keys() else min(2 * topic.patience, _MOST_PATIENCE)
    if topic.names != before:
        fit = {model: names for model, names in topic.names.items() if names.fit}
        if len(fit) > 1:  # only a field tells models apart
            fit = {model: names for model, names in fit.items() if names.named}
        topic.shapes = {
            names: topic.shapes.get(names) or Shape(names) for names in dict.fromkeys(fit.values())
        }
        topic.structs = _structs({model: topic.shapes[names] for model, names in fit.items()})


def _structs(shapes: Mapping[str, Shape]) -> _Structs | None:
    """One for all models where they have the same shape: many structs make parsing slow. None where there are no models."""
    if not shapes:
        return None
    alike = len(set(shapes.values())) == 1
    known = [_Known(model, shape, shape.struct(None if alike else model)) for model, shape in shapes.items()]
    by_name = alike and all(shape.named for shape in shapes.values())
    decoder = msgspec.json.Decoder(Union[tuple(one.struct for one in known)])  # noqa: UP007 (made at run time)
    return _Structs(
        decoder.decode,
        attrgetter("model") if by_name else type,
        {one.model if by_name else one.struct: one for one in known},
    )
