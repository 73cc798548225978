"""The label join against its naive twin: pairs, counts and state, however rows are cut and state is written and read."""

import dataclasses
import math
from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from stream_monitor.core.join.label_join import LabelJoin
from stream_monitor.core.join.parameters import JoinParameters
from tests.property.joins import KEPT, Stored, batch_of, pairs_of
from tests.property.naive_join import Event, NaiveJoin

ids = st.one_of(st.none(), st.integers(0, 25).map(str))
labels = st.sampled_from([None, None, "a", "b", 1, 1.0, 0, True, False, "1", math.nan, [1]])
texts = st.sampled_from([None, "a", "b", "c", "d", 2.0, True])
steps = st.sampled_from([0, 0, 1, 2, 5, -3, 40])


@st.composite
def streams(draw: st.DrawFn) -> list[Event]:
    """Predictions, and labels of any fate: none, early, together, delayed, repeated, of another value."""
    time, events = 1_000, []
    for _ in range(draw(st.integers(1, 90))):
        time = max(0, time + draw(steps))
        role = draw(st.integers(0, 3))
        event = Event(draw(ids), time)
        if role in (0, 2):
            event = event._replace(
                version=draw(st.sampled_from([None, "7", "8", "9"])),
                prediction=draw(texts),
                probability=draw(st.sampled_from([None, 0.25, 0.5])),
                kept=draw(st.sampled_from([None, "DE", "FR", 3.0])),
            )
        if role in (1, 2):
            event = event._replace(label=draw(labels))
        if role == 1:
            event = event._replace(version=draw(st.sampled_from([None, None, None, "7", "8"])))
        events.append(event)
    return events


bounds = st.builds(
    JoinParameters,
    pending=st.integers(1, 30),
    wait_ms=st.sampled_from([1, 10, 60, 10_000]),
    early=st.integers(1, 8),
    early_wait_ms=st.sampled_from([1, 20, 10_000]),
    remembered=st.integers(1, 30),
    texts=st.just(1_000),
    kept=st.just((KEPT,)),
    cut=st.sampled_from([1, 2, 5, 16, 64]),
    chunk=st.sampled_from([1, 2, 3, 8]),
)
cuts = st.lists(st.tuples(st.integers(1, 89), st.sampled_from(["go on", "write", "load"])), max_size=12)


def fed(
    parameters: JoinParameters, events: list[Event], at: list[tuple[int, str]]
) -> tuple[LabelJoin, list[object], dict[int, bytes], bytes]:
    """The join, its pairs and all that is written of it, once the events have been given to it in parts."""
    join, stored = LabelJoin(parameters), Stored(parameters)
    pairs: list[object] = []
    todo = dict(sorted((place, what) for place, what in at if place < len(events)))
    for begin, end in pairwise([0, *todo, len(events)]):
        pairs += pairs_of(join.observe(batch_of(events[begin:end]), begin))
        if todo.get(end, "go on") != "go on":
            stored.write(join)
            join = stored.load() if todo[end] == "load" else join
    stored.write(join)
    return join, pairs, stored.chunks, stored.rest


@settings(max_examples=150)
@given(bounds, streams(), cuts)
@example(
    JoinParameters(cut=1, chunk=1), [Event("1", 5, label="a"), Event("1", 5, prediction="a")], [(1, "load")]
)
def test_every_split_gives_the_answer_of_the_naive_twin(
    parameters: JoinParameters, events: list[Event], at: list[tuple[int, str]]
) -> None:
    twin = NaiveJoin(parameters)
    expected = twin.observe(events)
    join, pairs, _, _ = fed(parameters, events, at)
    assert pairs == expected
    counts = {name: number for name, number in dataclasses.asdict(join.counts).items() if number}
    assert counts == twin.counts
    assert (join.pending, join.early, join.remembered) == (
        len(twin.pending),
        len(twin.early),
        len(twin.closed),
    )


@settings(max_examples=100)
@given(bounds, st.integers(1, 4), streams(), cuts)
def test_no_split_changes_a_bit_of_the_state(
    parameters: JoinParameters, texts: int, events: list[Event], at: list[tuple[int, str]]
) -> None:
    parameters = dataclasses.replace(parameters, texts=texts)
    _, pairs, chunks, rest = fed(parameters, events, at)
    _, whole_pairs, whole_chunks, whole_rest = fed(parameters, events, [])
    assert pairs == whole_pairs
    assert rest == whole_rest
    assert chunks == whole_chunks


@settings(max_examples=100)
@given(bounds, streams())
def test_nothing_grows_beyond_its_bound(parameters: JoinParameters, events: list[Event]) -> None:
    join = LabelJoin(parameters)
    for at, event in enumerate(events):
        join.observe(batch_of([event]), at)
        assert join.pending <= parameters.pending + parameters.cut
        assert join.early <= parameters.early + parameters.cut
        assert join.remembered <= parameters.remembered + 2 * parameters.cut


@pytest.mark.parametrize("shuffled_within", [1, 50, 3_000])
def test_a_long_stream_adds_up(shuffled_within: int) -> None:
    parameters = JoinParameters(pending=500, wait_ms=2_000, remembered=700, early=100, cut=64, chunk=16)
    events = [Event(str(at), at, "7", "a" if at % 3 else "b", at / 5_000) for at in range(5_000)]
    late = [at * 7_919 % shuffled_within for at in range(5_000)]
    events += [Event(str(at), at + late[at], label="a") for at in range(5_000) if at % 5]
    events.sort(key=lambda event: (event.time, event.label is None))
    twin = NaiveJoin(parameters)
    expected = twin.observe(events)
    loaded = [(at, "load" if at % 2 else "write") for at in range(333, len(events), 333)]
    join, pairs, chunks, rest = fed(parameters, events, loaded)
    assert pairs == expected
    assert (chunks, rest) == fed(parameters, events, [])[2:]
    counts = join.counts
    assert counts.predictions == counts.joined + counts.expired + counts.displaced + join.pending
    labels = counts.matched + counts.late + counts.orphan_label + counts.displaced_label + join.early
    assert counts.labels == labels
