"""Records of a topic → rows: those of a shape that was seen before by generated structs, all others through `native_json`.

The shapes that were learned change how fast a record is read and nothing else: `tests/property/test_shaped.py` holds both ways
to the same columns and the same rejects. Knows no Kafka.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final, Union

import msgspec
import orjson

from stream_monitor.core.columnise import Arrived, Gathered
from stream_monitor.core.events import Record, Source
from stream_monitor.core.row_buffer import Full
from stream_monitor.formats.native_json import Rules, decode
from stream_monitor.formats.shape import NOTHING, Names, Shape, extended
from stream_monitor.formats.struct_rows import StructRows, write

MAX_SHAPES: Final = 1_000  # models of a topic whose shape is learned
_SPAN: Final = 64  # records at most that are read the general way before a shape is tried again
_MOST_PATIENCE: Final = 4_096
_AT_ONCE: Final = 500  # records whose structs are written together: they stay in the caches
_UNFIT: Final = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)


@dataclass(slots=True)
class _Topic:
    """What was learned of one topic. missed: good records that no shape fitted since something was learned.

    patience: as many must be before something is learned again. writers: by type of struct, for the buffers of `epoch`.
    """

    names: dict[str, Names] = field(default_factory=dict)
    shapes: dict[type, tuple[str, Shape]] = field(default_factory=dict)
    decoder: Any = None
    missed: int = 0
    patience: int = 1
    writers: dict[type, StructRows] = field(default_factory=dict)
    epoch: object = None


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
        at, span = 0, 1
        while at < len(records):
            part = list(records[at : at + _AT_ONCE])
            taken = _straight(topic, source, part, rules, gathered)
            arrived.add(taken)
            at += taken.rows
            span = 1 if taken.rows >= _SPAN else min(2 * span, _SPAN)
            if taken.rows < len(part):
                arrived.add(_general(topic, source, records[at : at + span], rules, gathered))
                at += span
        return arrived


def _straight(
    topic: _Topic, source: Source, records: list[Record], rules: Rules, gathered: Gathered
) -> Arrived:
    """The first of the records, as far as they fit shapes and nothing is wrong with them."""
    structs = _fitting(topic, _values(records, rules.max_bytes))
    if not structs:
        return Arrived()
    writers, place = _writers(topic, gathered), gathered.place(source)
    done, newest = write(writers, structs, 0, records, place, rules.max_clock_skew_ms)
    gathered.rows += done
    return Arrived(rows=done, newest=newest if done else None)


def _writers(topic: _Topic, gathered: Gathered) -> dict[type, StructRows]:
    """Of the models whose rows are gathered; one that is not yet is met by the general way."""
    if topic.epoch is not gathered.epoch:
        topic.writers, topic.epoch = {}, gathered.epoch
    if len(topic.writers) < len(topic.shapes):
        for kind, (model, shape) in topic.shapes.items():
            if kind not in topic.writers and model in gathered.buffers:
                with suppress(Full):  # until it has been drained
                    topic.writers[kind] = shape.into(gathered.buffers[model])
    return topic.writers


def _values(records: Sequence[Record], limit: int) -> list[bytes]:
    """What the records hold; nothing of one that is too large."""
    values = [record[3] or b"" for record in records]
    if sum(map(len, values)) <= limit:  # so none is: most of the time one sum tells
        return values
    return [value if len(value) <= limit else b"" for value in values]


def _fitting(topic: _Topic, values: Sequence[bytes]) -> list[Any]:
    """The first of the values, as far as they fit shapes."""
    rows: list[Any] = []
    if topic.decoder is None:
        return rows
    with suppress(*_UNFIT):  # what came before one that does not fit stays
        rows.extend(map(topic.decoder.decode, values))
    return rows


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
        if model in topic.names or len(topic.names) < MAX_SHAPES:
            topic.names[model] = extended(topic.names.get(model, NOTHING), event, rules.role)
    # Models that were never met are few, and soon all known; those that were may change again and again.
    topic.missed = 0
    topic.patience = 1 if topic.names.keys() != before.keys() else min(2 * topic.patience, _MOST_PATIENCE)
    if topic.names == before:
        return
    fit = {model: names for model, names in topic.names.items() if names.fit}
    if len(fit) > 1:  # only a field tells models apart
        fit = {model: names for model, names in fit.items() if names.named}
    known = {model: shape for model, shape in topic.shapes.values() if fit.get(model) == before.get(model)}
    alone = len(fit) == 1
    if alone or len(known) == 1:  # the tag that tells models apart comes or goes
        known = {}
    made = {model: known.get(model) or Shape(model, names, alone=alone) for model, names in fit.items()}
    topic.shapes = {shape.struct: (model, shape) for model, shape in made.items()}
    topic.writers = {kind: writer for kind, writer in topic.writers.items() if kind in topic.shapes}
    topic.decoder = msgspec.json.Decoder(Union[tuple(topic.shapes)]) if made else None  # noqa: UP007 (made at run time)
