from collections.abc import Mapping, Sequence

from stream_monitor.core.columnise import Arrived, Gathered
from stream_monitor.core.events import Decoded, Reason, Record, Rejected, Row, Source
from stream_monitor.memory import MemoryLog, MemorySource
from stream_monitor.runtime.ingest import FAR_AHEAD_MS, Ingest
from tests.unit.core.batches import T0, row
from tests.unit.formats.batches import rows_of

A, B = Source("in", 0), Source("in", 1)


def read(source: Source, records: Sequence[Record], gathered: Gathered) -> Arrived:
    """A record is `model:time,model:time` in seconds after T0; `bad` is rejected."""
    rows: list[Row] = []
    places: list[tuple[int, int]] = []
    rejected = []
    for record in records:
        for item, text in enumerate((record.value or b"").decode().split(",")):
            if text == "bad":
                rejected.append(Rejected(source, record, item, Reason.NOT_JSON, "no"))
                continue
            model, _, seconds = text.partition(":")
            rows.append(row({"x": 1.0}, model=model, time=T0 + int(seconds) * 1000))
            places.append((record.offset, item))
    offsets, items = [offset for offset, _ in places], [item for _, item in places]
    decoded = Decoded(source=source, rows=rows, offsets=offsets, items=items, rejected=rejected)
    return gathered.take(source, decoded, records)


def taking(*sources: Source, max_models: int = 10, far_ahead_rows: int = 1_000) -> Ingest:
    taken = Ingest(read, max_models=max_models, far_ahead_rows=far_ahead_rows)
    for source in sources:
        taken.own(source)
    return taken


def take(taken: Ingest, source: Source, *values: str, first: int = 0) -> None:
    taken.take(source, [Record(first + at, -1, None, value.encode()) for at, value in enumerate(values)])


def places(taken: Ingest) -> dict[str, list[tuple[Source, int, int]]]:
    """Source, offset and item of every row, by model."""
    return {
        batch.model: [(source, offset, item) for _, _, source, offset, item, *_ in rows_of(batch)]
        for batch in taken.drain()
    }


def test_the_rows_of_all_sources_become_one_batch_a_model() -> None:
    taken = taking(A, B)
    take(taken, A, "m:1,n:2", "m:3")
    take(taken, B, "m:4", first=70)
    assert taken.waiting == 4
    assert places(taken) == {"m": [(A, 0, 0), (A, 1, 0), (B, 70, 0)], "n": [(A, 0, 1)]}
    assert (taken.waiting, list(taken.drain())) == (0, [])


def test_rejects_wait_for_the_commit_beside_the_good_events_of_their_record() -> None:
    taken = taking(A)
    take(taken, A, "m:1,bad,m:2")
    assert [(reject.record.offset, reject.item) for reject in taken.rejected] == [(0, 1)]
    assert places(taken) == {"m": [(A, 0, 0), (A, 0, 2)]}


def test_events_of_one_model_too_many_are_rejected_and_those_of_the_others_pass() -> None:
    taken = taking(A, max_models=2)
    take(taken, A, "m:1", "n:1", "o:1,m:2")
    assert [(r.reason, r.record.offset, r.item) for r in taken.rejected] == [(Reason.TOO_MANY_MODELS, 2, 0)]
    assert "discovery.max_models" in taken.rejected[0].detail
    assert set(places(taken)) == {"m", "n"}
    take(taken, A, "n:3,o:3", first=3)
    assert len(taken.rejected) == 2


def test_an_event_of_one_model_too_many_is_rejected_with_the_record_it_came_in() -> None:
    taken = taking(A, max_models=1)
    records = [
        Record(offset, T0 + offset, b"key", value, [("trace", b"1")])
        for offset, value in [(3, b"m:1"), (7, b"m:1,o:2"), (8, b"o:3"), (12, b"m:4")]
    ]
    taken.take(A, records)
    assert [(r.source, r.record, r.item) for r in taken.rejected] == [(A, records[1], 1), (A, records[2], 0)]


def test_after_an_abort_nothing_waits_and_progress_begins_anew() -> None:
    taken = taking(A, B)
    take(taken, A, "m:1,bad")
    taken.forget()
    assert (taken.waiting, taken.rejected, places(taken)) == (0, [], {})
    assert set(taken.progress) == {A, B}
    assert taken.progress[A].max_time is None
    assert taken.progress[A].next_offset is None
    take(taken, A, "m:1")
    assert places(taken) == {"m": [(A, 0, 0)]}


class Listener:
    def assigned(self, sources: Sequence[Source]) -> None: ...

    def revoked(self, sources: Sequence[Source]) -> None: ...

    def lost(self, sources: Sequence[Source]) -> None: ...


def reader(*values: bytes) -> MemorySource:
    """Of one partition of `in` with these records; the other one is empty."""
    log = MemoryLog()
    log.create_topic("in", partitions=2)
    log.create_topic("columns")
    for value in values:
        log.append("in", value)
    source = MemorySource(log, group="g", inputs=["in"], columns="columns")
    source.subscribe(Listener())
    return source


def test_a_tick_tells_of_every_owned_source_how_far_it_was_read() -> None:
    source = reader(b"m:9", b"m:4")
    taken = taking(A, B)
    for fetched in source.poll(10, 0.0):
        taken.take(*fetched)
    before = taken.tick("w", 123, source)
    assert (before.worker, before.wall, before.partitions) == ("w", 123, {"in": 2})
    assert before.sources[A] == (T0 + 9_000, 2, False)  # the running maximum, not the last
    source.poll(10, 0.0)
    after = taken.tick("w", 124, source)
    assert after.sources == {A: (T0 + 9_000, 2, True), B: (None, 0, True)}


def test_a_source_whose_start_is_not_settled_is_not_told() -> None:
    source = reader()
    assert taking(A).tick("w", 1, source).sources == {}


# ---------------------------------------------------------------------- far ahead


def ahead(times: Mapping[Source, int], slowest: int) -> set[Source]:
    taken = taking(A, B)
    for source, seconds in times.items():
        take(taken, source, f"m:{seconds}")
    return taken.far_ahead(T0 + slowest * 1_000)


def test_a_source_waits_that_is_more_than_a_minute_of_event_time_ahead() -> None:
    assert FAR_AHEAD_MS == 60_000
    assert ahead({A: 160, B: 161}, 100) == {B}
    assert ahead({A: 100}, 100) == set()
    assert ahead({}, 100) == set()


def test_a_source_waits_that_is_many_rows_ahead_though_their_times_are_close() -> None:
    source = reader()
    taken = taking(A, B, far_ahead_rows=3)
    take(taken, A, "m:1", "m:2")
    taken.tick("w", 1, source)  # the commit at which A had passed second 2
    take(taken, A, *["m:3"] * 3, first=2)
    assert taken.far_ahead(T0 + 2_000) == set()
    take(taken, A, "m:3", first=5)
    assert taken.far_ahead(T0 + 2_000) == {A}
    assert taken.far_ahead(T0 + 1_999) == {A}
    assert taken.far_ahead(T0 + 3_000) == set()


def test_while_a_source_was_not_heard_of_only_rows_count() -> None:
    taken = taking(A, far_ahead_rows=1)
    take(taken, A, "m:1")
    assert taken.far_ahead(-(2**62)) == set()
    take(taken, A, "m:2", first=1)
    assert taken.far_ahead(-(2**62)) == {A}
