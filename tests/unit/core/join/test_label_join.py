import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from stream_monitor.core.columnise import PlacedRow, columnise
from stream_monitor.core.errors import CorruptState
from stream_monitor.core.events import Role, Row, Source
from stream_monitor.core.join.label_join import LabelJoin
from stream_monitor.core.join.parameters import JoinParameters
from tests.property.joins import KEPT, Stored, batch_of, pairs_of
from tests.property.naive_join import Event
from tests.unit.core.join.events import SMALL, joined, label, prediction

HOUR = 3_600_000


def test_a_label_meets_its_prediction_with_all_that_was_kept() -> None:
    parameters = dataclasses.replace(SMALL, kept=(KEPT,))
    made = prediction("e-1", 1_000, "fraud", version="7", probability=0.93, kept="DE")
    join, pairs = joined([made, prediction("e-2", 1_500), label("e-1", 61_000, "legit")], parameters)
    assert pairs_of(pairs) == [(2, 61_000, 0, 1_000, "7", "fraud", 0.93, "DE", "legit", 60_000)]
    assert (join.pending, join.counts.joined) == (1, 1)


def test_a_label_may_come_first() -> None:
    _, pairs = joined([label("e-1", 5_000, "b"), prediction("e-1", 6_000)])
    assert pairs_of(pairs) == [(1, 6_000, 1, 6_000, None, "a", None, None, "b", -1_000)]


def test_one_row_may_hold_both() -> None:
    both = prediction("e-1", 5_000)._replace(label="b")
    join, pairs = joined([both, both])
    assert pairs_of(pairs) == [(0, 5_000, 0, 5_000, None, "a", None, None, "b", 0)]
    assert (join.counts.duplicate_prediction, join.counts.duplicate_label) == (1, 1)


def test_the_first_label_counts_and_others_are_told_apart() -> None:
    values = [1, 1.0, 2, "1", True]
    join, pairs = joined([prediction("e-1"), *(label("e-1", value=value) for value in values)])
    assert len(pairs) == 1
    assert (join.counts.duplicate_label, join.counts.conflicting_label) == (1, 3)


@pytest.mark.parametrize("value", [[1], float("nan"), float("inf")])
def test_an_unusable_label_is_counted_and_waits_for_nothing(value: object) -> None:
    join, pairs = joined([prediction("e-1"), label("e-1", value=value), label("e-1", value="b")])
    assert pairs_of(pairs)[0].label == "b"
    assert join.counts.unusable_label == 1


def test_events_without_id_are_counted() -> None:
    join, pairs = joined([prediction(None), label(None), label("")])
    assert len(pairs) == 0
    assert (join.counts.prediction_without_id, join.counts.label_without_id) == (1, 1)
    assert join.early == 1  # the empty text is an id


def test_a_latency_alone_is_no_prediction() -> None:
    row = Row("m", "7", "e-1", 0, int(Role.PREDICTION), {}, {"latency_ms": 12.5})
    join = LabelJoin(SMALL)
    join.observe(columnise("m", [PlacedRow(row, 0, 0, 0)], [Source("in", 0)]), 0)
    assert (join.pending, join.counts.predictions) == (0, 0)


def test_expiry_follows_event_time_alone() -> None:
    parameters = dataclasses.replace(SMALL, wait_ms=HOUR)
    on_time = [prediction("e-1", 0), label("e-1", HOUR)]
    too_late = [prediction("e-1", 0), prediction("e-2", HOUR + 1), label("e-1", HOUR + 1)]
    assert joined(on_time, parameters)[0].counts.joined == 1
    join, pairs = joined(too_late, parameters)
    assert len(pairs) == 0
    assert (join.counts.expired, join.counts.late, join.pending) == (1, 1, 1)


def test_a_label_beyond_the_wait_is_late_even_before_expiry_is_carried_out() -> None:
    parameters = JoinParameters(wait_ms=HOUR, cut=4_096)
    join, pairs = joined([prediction("e-1", 0), label("e-1", HOUR + 1)], parameters)
    assert len(pairs) == 0
    assert (join.counts.late, join.counts.expired, join.pending) == (1, 0, 1)


def test_the_oldest_predictions_make_room() -> None:
    parameters = dataclasses.replace(SMALL, pending=2)
    join, pairs = joined(
        [prediction("1"), prediction("2"), prediction("3"), label("1"), label("3")], parameters
    )
    assert [pair.prediction_row for pair in pairs_of(pairs)] == [2]
    assert (join.counts.displaced, join.counts.late) == (1, 1)


def test_labels_without_prediction_are_orphans_after_their_wait() -> None:
    parameters = dataclasses.replace(SMALL, early=2, early_wait_ms=HOUR)
    join, _ = joined([label("1", 0), label("2", 1), label("3", 2), label("4", HOUR + 2)], parameters)
    assert (join.counts.displaced_label, join.counts.orphan_label, join.early) == (1, 1, 2)


def test_classes_beyond_the_bound_are_left_out() -> None:
    outputs = {"probability:b": 0.7, "probability:a": 0.2, "probability:c": 0.1, "label": "a"}
    row = Row("m", None, "e-1", 0, int(Role.PREDICTION | Role.LABEL), {}, outputs)
    join = LabelJoin(dataclasses.replace(SMALL, classes=2))
    pairs = join.observe(columnise("m", [PlacedRow(row, 0, 0, 0)], [Source("in", 0)]), 0)
    assert sorted(pairs.columns) == ["label", "probability:a", "probability:b"]
    assert join.counts.classes_left_out == 1


def test_texts_beyond_the_bound_are_no_values_until_others_have_gone() -> None:
    parameters = JoinParameters(texts=2, cut=4, chunk=1)
    events = [prediction(str(at), value=f"class {at}") for at in range(3)]
    events += [label(str(at)) for at in range(3)]  # after the fourth row only "class 1" waits with its text
    events += [label("x")] * 2
    events += [prediction("5", value="class 5"), label("5")]
    _, pairs = joined(events, parameters)
    assert [pair.prediction for pair in pairs_of(pairs)] == ["class 0", "class 1", [], "class 5"]


def test_predictions_of_too_many_versions_are_counted() -> None:
    parameters = JoinParameters(texts=2)
    join, _ = joined([prediction(str(at), version=str(at)) for at in range(3)], parameters)
    assert (join.counts.unknown_version, join.pending) == (1, 2)


def test_coverage_is_the_labelled_share_of_predictions_old_enough() -> None:
    events = [prediction(str(at), at * HOUR) for at in range(100)]
    events += [label(str(at), 100 * HOUR) for at in range(0, 100, 4)]
    join, _ = joined(events, JoinParameters(cut=16))
    half = join.coverage(50 * HOUR)
    assert (half.predictions, half.labelled, half.share) == (50, 13, 0.26)
    assert join.coverage(200 * HOUR).share is None


def test_delays_are_told_as_quantiles() -> None:
    events = [prediction(str(at), 0) for at in range(100)] + [label(str(at), at * 1_000) for at in range(100)]
    join, _ = joined(events)
    median = join.delays.quantile(0.5)
    assert median is not None
    assert 49_000 <= median <= 49_000 * 1.19
    assert LabelJoin(SMALL).delays.quantile(0.5) is None
    assert joined([label("1", 5), prediction("1", 9)])[0].delays.quantile(1) == 0


def test_only_what_has_changed_is_written_again() -> None:
    parameters = JoinParameters(cut=10, chunk=10)
    join, stored = LabelJoin(parameters), Stored(parameters)
    join.observe(batch_of([prediction(str(at)) for at in range(95)]), 0)
    assert stored.write(join) == 10
    join.observe(batch_of([label(str(at)) for at in range(20, 25)]), 95)
    assert stored.write(join) == 3  # the chunk whose half is labelled, what is remembered, and the labels
    assert stored.write(join) == 0
    assert stored.load().pending == 90


def test_chunks_of_what_has_gone_are_deleted() -> None:
    parameters = JoinParameters(cut=10, chunk=10, wait_ms=1_000)
    join, stored = LabelJoin(parameters), Stored(parameters)
    join.observe(batch_of([prediction(str(at)) for at in range(95)]), 0)
    stored.write(join)
    join.observe(batch_of([prediction("new", 5_000)] * 5), 95)
    stored.write(join)
    join.observe(batch_of([prediction("newer", 50_000)] * 20), 100)
    stored.write(join)
    assert len(stored.chunks) == 2  # of what waits, and of what is remembered, the one that is being filled
    assert (join.pending, join.remembered) == (1, 1)


def _stored() -> tuple[dict[str, Any], dict[int, dict[str, Any]]]:
    join = LabelJoin(SMALL)
    events = [prediction(str(at), version="7", probability=0.5) for at in range(5)] + [label("9"), label("1")]
    join.observe(batch_of(events), 0)
    chunks = {}
    for number, fields in join.dirty_chunks().items():
        assert isinstance(fields, dict)
        chunks[number] = fields
    return join.dump(), chunks


def _no_chunk(rest: dict[str, Any], chunks: dict[int, dict[str, Any]]) -> None:
    del chunks[0]


def _one_chunk_more(rest: dict[str, Any], chunks: dict[int, dict[str, Any]]) -> None:
    chunks[300] = chunks[0]


def _another_journal(rest: dict[str, Any], chunks: dict[int, dict[str, Any]]) -> None:
    chunks[0] = chunks[1]


def _an_id_twice(rest: dict[str, Any], chunks: dict[int, dict[str, Any]]) -> None:
    chunks[4]["key"] = chunks[8]["key"] * 2


def _times_that_fall(rest: dict[str, Any], chunks: dict[int, dict[str, Any]]) -> None:
    chunks[4]["clock"] = np.array([0, -1], "<i8").tobytes()


def _no_text(rest: dict[str, Any], chunks: dict[int, dict[str, Any]]) -> None:
    rest["names"]["texts"]["prediction"] = []


def _no_version(rest: dict[str, Any], chunks: dict[int, dict[str, Any]]) -> None:
    rest["names"]["versions"] = []


def _an_unknown_code(rest: dict[str, Any], chunks: dict[int, dict[str, Any]]) -> None:
    chunks[4]["columns"]["prediction"]["codes"] = b"\x0a"


def _marks_of_another_number(rest: dict[str, Any], chunks: dict[int, dict[str, Any]]) -> None:
    rest["journals"]["pending"]["marks"] = b"\xff"


def _a_mark_more(rest: dict[str, Any], chunks: dict[int, dict[str, Any]]) -> None:
    rest["journals"]["pending"]["marks"] += b"\xff"


def _negative_counts(rest: dict[str, Any], chunks: dict[int, dict[str, Any]]) -> None:
    rest["counts"]["joined"] = -1


@pytest.mark.parametrize(
    "spoil",
    [
        _no_chunk,
        _one_chunk_more,
        _another_journal,
        _an_id_twice,
        _times_that_fall,
        _no_text,
        _no_version,
        _an_unknown_code,
        _marks_of_another_number,
        _a_mark_more,
        _negative_counts,
    ],
)
def test_state_that_makes_no_sense_is_refused(
    spoil: Callable[[dict[str, Any], dict[int, dict[str, Any]]], None],
) -> None:
    rest, chunks = _stored()
    assert LabelJoin.load(SMALL, rest, chunks).pending == 4
    spoil(rest, chunks)
    with pytest.raises(CorruptState, match="join"):
        LabelJoin.load(SMALL, rest, chunks)


def test_lower_bounds_hold_after_a_restart() -> None:
    parameters = JoinParameters(cut=10, chunk=10)
    join, stored = LabelJoin(parameters), Stored(parameters)
    join.observe(batch_of([prediction(str(at)) for at in range(50)]), 0)
    stored.write(join)
    stored.parameters = dataclasses.replace(parameters, pending=20, wait_ms=HOUR)
    loaded = stored.load()
    loaded.observe(batch_of([Event("x", 0)] * 10), 50)
    assert (loaded.pending, loaded.counts.displaced) == (20, 30)


@pytest.mark.parametrize(
    "wrong",
    [{"pending": 0}, {"pending": 2_000_000}, {"classes": 65}, {"kept": ("a", "a")}, {"cut": 5_000}],
)
def test_bounds_out_of_range_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        JoinParameters(**wrong)


def test_one_label_is_that_of_every_version_that_predicted_its_id() -> None:
    events = [prediction("1", 0, version="7"), prediction("1", 1, version="8"), label("1", 2)]
    join, pairs = joined(events)
    assert [(pair.row, pair.version, pair.prediction_row) for pair in pairs_of(pairs)] == [
        (2, "7", 0),
        (2, "8", 1),
    ]
    assert (join.counts.joined, join.counts.matched, join.counts.duplicate_prediction) == (2, 1, 0)


def test_a_label_that_was_used_is_there_for_a_version_that_predicts_later() -> None:
    events = [prediction("1", 0, version="7"), label("1", 1), prediction("1", 2, version="8"), label("1", 3)]
    join, pairs = joined(events)
    assert [(pair.row, pair.version, pair.delay) for pair in pairs_of(pairs)] == [(1, "7", 1), (2, "8", -1)]
    assert (join.counts.matched, join.counts.duplicate_label) == (1, 1)


def test_an_early_label_is_there_for_all_versions() -> None:
    events = [label("1", 0), *(prediction("1", at, version=str(at)) for at in (1, 2, 3))]
    join, pairs = joined(events)
    assert [pair.version for pair in pairs_of(pairs)] == ["1", "2", "3"]
    assert (join.early, join.counts.matched) == (0, 1)


def test_a_label_that_names_a_version_is_the_label_of_that_one_alone() -> None:
    events = [
        prediction("1", 0, version="7"),
        prediction("1", 1, version="8"),
        label("1", 2)._replace(version="8"),
        label("1", 3)._replace(version="9"),
    ]
    join, pairs = joined(events)
    assert [pair.version for pair in pairs_of(pairs)] == ["8"]
    assert (join.pending, join.early) == (1, 1)


def test_an_id_and_a_version_of_the_same_names_are_not_mixed_up() -> None:
    join, pairs = joined([prediction("7", 0, version="8"), label("8", 1)._replace(version="7")])
    assert pairs_of(pairs) == []
    assert (join.pending, join.early) == (1, 1)


def test_a_used_label_is_forgotten_in_time() -> None:
    parameters = dataclasses.replace(SMALL, early_wait_ms=10)
    for later, pairs_then in ((9, 1), (50, 0)):
        join, _ = joined([prediction("1", 0, version="7"), label("1", 1), prediction("2", later)], parameters)
        again = join.observe(batch_of([prediction("1", later + 1, version="8")]), 3)
        assert len(again) == pairs_then
