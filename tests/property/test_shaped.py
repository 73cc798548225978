"""Records read by the shapes that were learned, next to the same records read the general way: the same rows and rejects."""

import random
from collections.abc import Sequence
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stream_monitor.core.batch import Cell, ColumnBatch, cell_of_absence, concatenate
from stream_monitor.core.columnise import Arrived, Gathered, PlacedRow, columnise
from stream_monitor.core.events import Decoded, Reason, Record, Rejected, Role, Source
from stream_monitor.formats import shaped
from stream_monitor.formats.native_json import Rules, decode
from stream_monitor.formats.shaped import ShapedReader

SOURCE = Source("in", 0)
NOW = 1_795_255_200_000
VALUES = (1, 2.5, -0.0, 0, 1e-300, 2**53 + 1, 2**64 - 1, None, None, "a", "", True, False, "é", [1], {"a": 1})
NUMBERS = (1, 2.5, -3, 0.0, 1e6, None)
GARBAGE = (
    b"",
    b"{",
    b"null",
    b"[]",
    b"\xff",
    b'{"model":"m","features":{"x":1e999}}',
    b'{"model":"m","features":{"x":NaN}}',
    b'{"model":"m","features":{"x":1,"x":"twice"}}',
    b'{"model":"m","model":"n","features":{"x":1}}',
    b'{"model":"m","features":{"x":"\\ud800\\u0041"}}',
    b'{"model":"m","features":{"x":-0}} ',
    b'{"model":"m","features":{"x":123456789012345678901234567890}}',
    b'{"model":"m","version":123456789012345678901,"features":{"x":1}}',
    b'{"model":"m","version":9007199254740993,"features":{"x":1}}',
    b'{"model":"m","id":18446744073709551615,"features":{"x":1}}',
    b'{"model":"m","id":-9223372036854775808,"features":{"x":1}}',
    b'{"model":"m","note":"\xff","features":{"x":1}}',
    b'{"model":"m","note":1e999,"features":{"x":1}}',
    b"[" * 2000,
)


HEAD = {
    "version": (7, 7.0, None, "", "x" * 300, 2.5, True),
    "id": (7, 7.0, None, "", "x" * 300, -1),
    "time": (None, NOW + 10**9, float(NOW), "2026-11-21T10:00:00Z", "no", -(10**18), True, NOW - 5),
    "note": VALUES,
}


class Writer:
    """Writes events that are usual, or with probability `wild` in each part anything else."""

    def __init__(self, rng: random.Random, wild: float) -> None:
        self.rng, self.wild = rng, wild

    def odd(self) -> bool:
        return self.rng.random() < self.wild

    def value(self, *usual: object) -> object:
        return self.rng.choice(VALUES if self.odd() else usual)

    def event(self) -> dict[str, Any]:
        kind, model = self.rng.random(), self.rng.choice("mn")
        made: dict[str, Any] = {
            "model": model,
            "version": "7",
            "id": f"e-{self.rng.randrange(99)}",
            "time": NOW,
        }
        if kind < 0.7:
            usual = (
                {"x": NUMBERS, "y z": NUMBERS, "text": ("b",)}
                if model == "m"
                else {"x": NUMBERS, "é": NUMBERS}
            )
            made["features"] = {name: self.value(*of) for name, of in usual.items() if not self.odd()}
        if kind > 0.5:
            made |= self.prediction()
        if kind > 0.9:
            made["label"] = self.value("spam")
        made |= {name: self.rng.choice(strange) for name, strange in HEAD.items() if self.odd()}
        if self.odd():
            made.pop(self.rng.choice(list(made)))
        return made

    def prediction(self) -> dict[str, object]:
        made = {"prediction": self.value("spam", "ham", None), "probability": self.value(0.5, 0.25)}
        if self.rng.random() < 0.3:
            made["probabilities"] = {"spam": 0.25, "ham": self.value(0.75)}
        if self.rng.random() < 0.3:
            made["latency_ms"] = self.value(12)
        return made


def record(rng: random.Random, offset: int, *, wild: float) -> Record:
    timestamp = rng.choice((-1, NOW, NOW + 1)) if rng.random() < wild else NOW
    if rng.random() < wild / 4:
        return Record(offset, timestamp, None, rng.choice((*GARBAGE, None)))
    writer = Writer(rng, wild)
    made: Any = writer.event()
    if rng.random() < wild / 2:
        made = [writer.event() for _ in range(rng.randrange(3))]
    return Record(offset, timestamp, None, orjson.dumps(made))


def cells(batch: ColumnBatch) -> list[object]:
    """Everything a batch says, row by row, whatever the order of its dictionaries and columns."""
    names = sorted(batch.columns)
    rows: list[object] = []
    for at in range(len(batch)):
        held = {}
        for name in names:
            column = batch.columns[name]
            code, value = int(column.codes[at]), float(column.values[at])
            if code != cell_of_absence(name, batch.roles)[at]:
                held[name] = (code, column.texts[int(value)] if code == Cell.TEXT else value.hex())
        rows.append(
            (
                int(batch.times[at]),
                batch.versions[int(batch.version_at[at])],
                batch.ids[at],
                int(batch.roles[at]),
                batch.sources[int(batch.source_at[at])],
                int(batch.offsets[at]),
                int(batch.items[at]),
                held,
            )
        )
    return rows


def rows_by_model(batches: Sequence[ColumnBatch]) -> dict[str, list[object]]:
    """Everything, in order, but for the order of models and of rejects among rows."""
    by_model: dict[str, list[ColumnBatch]] = {}
    for batch in batches:
        by_model.setdefault(batch.model, []).append(batch)
    return {model: cells(concatenate(of)) for model, of in by_model.items()}


def slowly(records: Sequence[Record], rules: Rules) -> tuple[dict[str, list[object]], Sequence[Rejected]]:
    """The general way, each model on its own."""
    decoded = decode(SOURCE, records, rules)
    placed: dict[str, list[PlacedRow]] = {}
    for row, offset, item in zip(decoded.rows, decoded.offsets, decoded.items, strict=True):
        placed.setdefault(row.model, []).append(PlacedRow(row, 0, offset, item))
    return rows_by_model(
        [columnise(model, rows, [SOURCE]) for model, rows in placed.items()]
    ), decoded.rejected


RULES = (
    Rules(),
    Rules(models=frozenset({"m"})),
    Rules(default_model="m"),
    Rules(role=Role.FEATURES),
    Rules(role=Role.PREDICTION),
    Rules(max_bytes=150),
)


@settings(max_examples=200)
@given(st.integers(0, 2**32), st.sampled_from(RULES), st.sampled_from((0.0, 0.01, 0.2)))
def test_both_ways_lead_to_the_same_rows_and_rejects(seed: int, rules: Rules, wild: float) -> None:
    rng = random.Random(seed)
    records = [record(rng, offset, wild=wild) for offset in range(120)]
    if rules.default_model is not None and rng.random() < 0.5:
        records = [
            one._replace(value=(one.value or b"").replace(b'"model":"m",', b"").replace(b'"model":"n",', b""))
            for one in records
        ]
    reader, gathered, rejected, batches, at = ShapedReader(), Gathered(), [], [], 0
    while at < len(records):
        size = rng.choice((1, 5, 40))
        before = gathered.rows
        arrived = reader.read(SOURCE, records[at : at + size], rules, gathered)
        assert arrived.rows == gathered.rows - before
        rejected += arrived.rejected
        at += size
        if rng.random() < 0.3:
            batches += gathered.drain()
    batches += gathered.drain()
    assert (rows_by_model(batches), rejected) == slowly(records, rules)


def read(records: Sequence[Record], gathered: Gathered) -> Arrived:
    return ShapedReader().read(SOURCE, records, Rules(), gathered)


def test_the_latest_event_time_of_what_was_read_is_told() -> None:
    records = [
        Record(at, NOW, None, orjson.dumps({"model": "m", "time": NOW - late, "features": {"x": 1}}))
        for at, late in enumerate((5, 3, 4, 9))
    ]
    assert read(records, Gathered()).newest == NOW - 3
    assert read(records[:1], Gathered()).newest == NOW - 5
    assert read([Record(0, NOW, None, b"{")], Gathered()).newest is None


@pytest.fixture
def general(monkeypatch: pytest.MonkeyPatch) -> list[Record]:
    """The records that were read the general way."""
    read: list[Record] = []

    def noted(source: Source, some: Sequence[Record], rules: Rules) -> Decoded:
        read.extend(some)
        return decode(source, some, rules)

    monkeypatch.setattr(shaped, "decode", noted)
    return read


def test_what_is_usual_is_read_by_its_shape(general: list[Record]) -> None:
    rng = random.Random(1)
    records = [record(rng, offset, wild=0.0) for offset in range(3_000)]
    reader, gathered = ShapedReader(), Gathered()
    rows = sum(
        reader.read(SOURCE, records[at : at + 500], Rules(), gathered).rows for at in range(0, 3_000, 500)
    )
    assert rows == gathered.rows == 3_000
    assert len(general) < 300


def interleaved(models: int, names: Sequence[str], rows: int, first: int) -> list[Record]:
    """Events of models that send the same names, each in its turn; no two hold the same."""
    return [
        Record(at, NOW, None, orjson.dumps({"model": f"m{at % models}", "time": NOW, "features": features}))
        for at in range(first, first + models * rows)
        for features in [dict.fromkeys(names, at + 0.5)]
    ]


def test_models_of_the_same_names_do_not_mix_and_are_soon_all_known(general: list[Record]) -> None:
    records = interleaved(1_000, ["x", "y"], rows=4, first=0)
    reader, gathered = ShapedReader(), Gathered()
    for at in range(0, 4_000, 500):
        reader.read(SOURCE, records[at : at + 500], Rules(), gathered)
    assert (rows_by_model(gathered.drain()), []) == slowly(records, Rules())
    assert len(general) <= 1_000


@pytest.mark.parametrize("changes", [["m1"], ["m0", "m1", "m2"]], ids=["one", "all"])
def test_models_of_the_same_names_may_come_to_differ_and_agree_again(
    changes: list[str], general: list[Record]
) -> None:
    usual, changed = interleaved(3, ["x", "y"], 50, 0), interleaved(3, ["y", "new"], 50, 150)
    later = [
        new if f"m{at % 3}" in changes else old
        for at, (old, new) in enumerate(zip(interleaved(3, ["x", "y"], 50, 150), changed, strict=True))
    ]
    records = [*usual, *later, *interleaved(3, ["x", "y", "new"], 50, 300)]
    reader, gathered = ShapedReader(), Gathered()
    for at in range(0, len(records), 30):
        reader.read(SOURCE, records[at : at + 30], Rules(), gathered)
    assert (rows_by_model(gathered.drain()), []) == slowly(records, Rules())
    assert len(general) < 60


def test_rows_of_one_model_too_many_are_rejected_in_every_round() -> None:
    events = [{"model": f"m{at % 3}", "time": NOW, "features": {"x": at}} for at in range(60)]
    records = [Record(at, NOW, None, orjson.dumps(one)) for at, one in enumerate(events)]
    reader, gathered = ShapedReader(), Gathered(max_models=2)
    for _ in range(2):
        arrived = reader.read(SOURCE, records, Rules(), gathered)
        assert arrived.rows == 40
        assert {(bad.reason, bad.record.offset % 3) for bad in arrived.rejected} == {
            (Reason.TOO_MANY_MODELS, 2)
        }
        assert len(arrived.rejected) == 20
        assert [batch.model for batch in gathered.drain()] == ["m0", "m1"]


def test_a_model_that_changes_all_its_features_again_and_again_stays_narrow() -> None:
    reader, gathered = ShapedReader(), Gathered()
    for day in range(6):
        events = [
            {"model": "m", "time": NOW, "features": {f"d{day}-{at}": 1.5 for at in range(900)}}
            for _ in range(3)
        ]
        reader.read(
            SOURCE,
            [Record(at, NOW, None, orjson.dumps(one)) for at, one in enumerate(events)],
            Rules(),
            gathered,
        )
    batches = gathered.drain()
    assert [(len(batch), len(batch.columns)) for batch in batches] == [(12, 3_600), (6, 1_800)]
    assert gathered.drain() == []


def test_what_waits_can_be_dropped_and_read_again() -> None:
    rng = random.Random(2)
    records = [record(rng, offset, wild=0.01) for offset in range(200)]
    reader, gathered = ShapedReader(), Gathered()
    reader.read(SOURCE, records, Rules(), gathered)
    gathered.clear()
    assert gathered.rows == 0
    arrived = reader.read(SOURCE, records, Rules(), gathered)
    assert (rows_by_model(gathered.drain()), arrived.rejected) == slowly(records, Rules())
