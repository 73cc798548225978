"""Chunking never changes the answer: not the size of batches, not their dictionaries, not a restart in between."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate, pairwise

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from stream_monitor.core import model_monitor, positions, versions
from stream_monitor.core.batch import ColumnBatch
from stream_monitor.core.columnise import PlacedRow, columnise
from stream_monitor.core.derived import duplicates, recent, schema
from stream_monitor.core.derived.names import Fault
from stream_monitor.core.derived.parameters import Constraints, DerivedParameters
from stream_monitor.core.detector import Kind
from stream_monitor.core.drift_event import Claim, Resolution, Severity, Status
from stream_monitor.core.model_monitor import ModelMonitor
from stream_monitor.core.parameters import (
    PER_100K_EVENTS,
    AfterDrift,
    Budget,
    BudgetUnit,
    Caps,
    DetectorChoice,
    ModelParameters,
    OutcomeParameters,
    RetrainPolicy,
    SeriesParameters,
    Span,
)
from stream_monitor.core.performance.gate import Gate
from stream_monitor.core.performance.note import Basis, Verdict
from stream_monitor.core.performance.version import PerformanceParameters
from stream_monitor.core.reference import learn_numeric
from stream_monitor.detectors import registry
from tests.property.chunking_law import answer_of, check_order, check_same, fold, partition_state, resumed
from tests.property.logs import log_of
from tests.property.rows import Shape, batch_of, rows_of
from tests.unit.core.scored import EVERY_MS, scored_rows
from tests.unit.core.scored import SOURCES as SCORED

ROWS = 1_400
QUICK: Mapping[str, DetectorChoice] = {
    "adwin": DetectorChoice(id="adwin", parameters={"delta": 0.3}),
    "page_hinkley": DetectorChoice(id="page_hinkley", parameters={"threshold": 20.0, "min_instances": 20}),
    "ddm": DetectorChoice(id="ddm", parameters={"warm_start": 20}),
    "hddm_w": DetectorChoice(id="hddm_w"),
}
SETS = (None, ("adwin",), ("adwin", "ddm"), ("page_hinkley", "hddm_w"))
GENEROUS = Budget(alarms=1, span=1, unit=BudgetUnit.EVENTS)
TIGHT = Budget(
    alarms=1, span=40, unit=BudgetUnit.EVENTS
)  # several drifts begin at once: some wait for a credit
RETRAIN = RetrainPolicy(
    on=("prediction", "prob*", "missing:amount", "schema:*"),
    severity=Severity.WARNING,
    after=Span(length=2_000, unit=BudgetUnit.MILLISECONDS),
    apart=Span(length=70, unit=BudgetUnit.EVENTS),
    rows=50,
)
BY_TIME = Budget(alarms=1, span=12_000, unit=BudgetUnit.MILLISECONDS)
EVERYTHING = DerivedParameters(
    traffic_ms=500, absence=True, absent_ms=2_000, quality=True, outliers=True, confidence=True
)
DEMANDED = Constraints(low=0.0, high=14.0, required=True, at_most=0.2)


@pytest.fixture(autouse=True)
def _small_bounds() -> Iterator[None]:
    """What otherwise happens every few thousand rows happens every few hundred."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(model_monitor, "CUT", 256)
        patch.setattr(versions, "RETIRED_ROWS", 300)
        patch.setattr(positions, "KEPT", 5)
        patch.setattr(duplicates, "GENERATION", 128)
        patch.setattr(recent, "KEPT", 20)
        patch.setattr(schema, "LEAST", 20)
        yield


def parameters_of(
    name: str = "m",
    *,
    detectors: Sequence[str] | None = ("adwin", "ddm"),
    budget: Budget = GENEROUS,
    series: int = 2_000,
) -> ModelParameters:
    return ModelParameters(
        name=name,
        budget=budget,
        default=SeriesParameters(
            warm_up=50,
            detectors=None if detectors is None else tuple(QUICK[detector] for detector in detectors),
            tolerance=0.3,
        ),
        overrides={
            "constant": None,
            "count": SeriesParameters(warm_up=50, constraints=DEMANDED),
            "sparse": SeriesParameters(warm_up=30),
            "session": SeriesParameters(warm_up=30, kind=Kind.IDENTIFIER),
        },
        caps=Caps(series=series, categories=2),
        retrain=RETRAIN,
        derived=EVERYTHING,
    )


def in_pieces(rows: Sequence[PlacedRow], sizes: Sequence[int]) -> list[ColumnBatch]:
    """The rows in batches of these sizes, over and over, each made from its own rows alone."""
    orders = [(0, 1, 2), (2, 1, 0), (1, 2, 0)]
    batches = []
    begin = turn = 0
    while begin < len(rows):
        piece = rows[begin : begin + sizes[turn % len(sizes)]]
        batches.append(batch_of(piece, orders[turn % len(orders)]))
        begin, turn = begin + len(piece), turn + 1
    return batches


some_parameters = st.builds(
    parameters_of,
    detectors=st.sampled_from(SETS),
    budget=st.sampled_from([GENEROUS, TIGHT, BY_TIME]),
    series=st.sampled_from([2_000, 9]),
)
sizes = st.lists(st.sampled_from([1, 2, 31, 32, 33, 64, 255]), min_size=1, max_size=5).map(
    lambda s: [*s, 100]
)


@settings(max_examples=15)
@given(
    parameters=some_parameters,
    seed=st.integers(0, 9),
    sizes=sizes,
    form=st.sampled_from(["made apart", "cut"]),
    reborn_every=st.sampled_from([3, 10, ROWS]),
)
@example(parameters=parameters_of(budget=TIGHT), seed=0, sizes=[1], form="made apart", reborn_every=ROWS)
@example(parameters=parameters_of(budget=TIGHT), seed=1, sizes=[16], form="cut", reborn_every=3)
def test_any_split_of_the_rows_gives_the_same_answer(
    parameters: ModelParameters, seed: int, sizes: list[int], form: str, reborn_every: int
) -> None:
    rows = rows_of("m", Shape(seed=seed, rows=ROWS))
    whole = batch_of(rows)
    pieces = in_pieces(rows, sizes)
    if form == "cut":
        pieces = list(cut_after(whole, [len(piece) for piece in pieces]))
    deaths = frozenset(range(reborn_every, len(pieces), reborn_every))
    check_same(answer_of(parameters, pieces, reborn_before=deaths), answer_of(parameters, [whole]))


LONG = 6_000  # rows: enough for the sequential test to learn, alarm and learn again


@pytest.mark.parametrize("after_drift", AfterDrift)
@pytest.mark.parametrize("budget", [PER_100K_EVENTS, BY_TIME])
def test_any_split_gives_the_same_answer_of_the_default_set(after_drift: AfterDrift, budget: Budget) -> None:
    known = learn_numeric(np.random.default_rng(0).poisson(6, size=3_000).astype(float), unusable=0)
    parameters = ModelParameters(
        name="m",
        budget=budget,
        after_drift=after_drift,
        default=SeriesParameters(warm_up=200),
        references={"count": known},
    )
    rows = rows_of("m", Shape(seed=0, rows=LONG))
    whole = answer_of(parameters, [batch_of(rows)])
    said = {evidence.claim for event in whole.events for evidence in event.evidence}
    assert said == {Claim.CHANGED, Claim.DIFFERS}
    adopted = any(event.resolution is Resolution.ADOPTED for event in whole.events)
    assert adopted is (after_drift is AfterDrift.ADOPT)
    pieces = in_pieces(rows, [1, 33, 255, 700])
    check_same(answer_of(parameters, pieces, reborn_before=frozenset(range(5, len(pieces), 7))), whole)


KSWIN = DetectorChoice(id="kswin", parameters={"window_size": 60, "stat_size": 20, "alpha": 0.001})


def test_a_detector_that_draws_random_numbers_does_so_in_the_same_order_however_rows_are_cut() -> None:
    amount = SeriesParameters(warm_up=50, detectors=(KSWIN,))
    parameters = ModelParameters(name="m", budget=GENEROUS, overrides={"amount": amount, "*": None})
    rows = rows_of("m", Shape(seed=3, rows=700))
    whole = answer_of(parameters, [batch_of(rows)])
    assert {evidence.detector for event in whole.events for evidence in event.evidence} >= {"kswin"}
    pieces = in_pieces(rows, [7, 100, 1])
    check_same(answer_of(parameters, pieces, reborn_before=frozenset({3, 9})), whole)


@pytest.mark.parametrize("delay", [1, 300])
def test_any_split_gives_the_same_answer_of_performance_that_falls_and_comes_back(delay: int) -> None:
    performance = PerformanceParameters(window=1_024, reference=256, gate=Gate(minimum_coverage=0.2))
    parameters = ModelParameters(
        name="m", budget=GENEROUS, outcomes=OutcomeParameters(performance=performance)
    )
    rows = scored_rows(4_000, concept=1_300, cured=2_300, inputs=3_200, delay_ms=delay * EVERY_MS)
    whole = answer_of(parameters, [columnise("m", rows, SCORED)])
    fallen = [event for event in whole.events if event.series.startswith("performance:")]
    assert {event.status for event in fallen} == set(Status)
    notes = [event.performance for event in whole.events if event.performance is not None]
    assert {note.verdict for note in notes} == set(Verdict)
    assert {note.basis for note in notes} == {None, *Basis}
    pieces = [
        columnise("m", rows[first:end], SCORED)
        for first, end in pairwise([0, *range(1, 300, 37), *range(300, len(rows), 333), len(rows)])
    ]
    check_same(answer_of(parameters, pieces, reborn_before=frozenset(range(3, len(pieces), 4))), whole)


def cut_after(batch: ColumnBatch, lengths: Sequence[int]) -> Iterator[ColumnBatch]:
    """Parts that share the dictionaries of the whole, as batches released from the order do."""
    for begin, end in pairwise([0, *accumulate(lengths)]):
        yield batch.take(np.arange(begin, end))


def test_the_rows_of_the_law_do_all_that_can_happen_to_an_alert() -> None:
    rows = rows_of("m", Shape(seed=0, rows=ROWS))
    events = answer_of(parameters_of(), [batch_of(rows)]).events
    assert {event.status for event in events} == set(Status)
    assert {event.resolution for event in events} == {None, *Resolution}
    assert len({event.series for event in events}) >= 6
    assert max(len(event.positions) for event in events) == 3
    assert any(event.attribution is not None and event.attribution.ranked for event in events)
    requests = answer_of(parameters_of(), [batch_of(rows)]).requests
    assert len(requests) >= 3
    assert {request.version for request in requests} >= {None, "2"}
    tight = answer_of(parameters_of(budget=TIGHT), [batch_of(rows)]).events
    waited = [
        e
        for e in tight
        if e.status is Status.OPENED and (e.row + 1) % 32 and e.row - e.change_point_row > 200
    ]
    assert waited, "no alert was opened by a credit that came later"


def test_the_rows_of_the_law_do_all_that_derived_series_and_facts_can() -> None:
    rows = rows_of("m", Shape(seed=0, rows=ROWS))
    monitor = ModelMonitor(parameters_of(), registry.installed())
    events = monitor.observe(batch_of(rows)).drift_events
    names = {key.name for key in monitor.series}
    assert names >= {"traffic", "confidence", *(fault for fault in Fault if fault != Fault.UNSEEN)}
    facts = {(e.evidence[0].view, e.status) for e in events if e.claim is Claim.OBSERVED}
    assert facts >= {("appeared", Status.OPENED), ("appeared", Status.RESOLVED), ("broken", Status.OPENED)}
    assert any(event.at_fault for event in events)


def test_a_log_that_ends_is_an_absence_and_a_restart_tells_it_no_more_than_once() -> None:
    log = log_of({name: rows_of(name, Shape(seed=1, rows=400)) for name in ("m", "n")}, shuffle=7)
    events, _ = fold(parameters_of, log)
    told = [e.model for entry in events for e in entry if getattr(e, "series", "") == "traffic:absent"]
    assert told == ["m", "n"]
    places = len(log)
    rest, restored = resumed(parameters_of, log, [places - 3], places - 2)
    assert rest == events[places - 2 :]
    again, _ = resumed(parameters_of, log, [places - 1], places)
    assert again == []
    assert {e.series for task in restored.models.values() for e in task.monitor.alerts.open.values()} >= {
        "traffic:absent"
    }


@settings(max_examples=15)
@given(
    seed=st.integers(0, 9),
    budget=st.sampled_from([GENEROUS, TIGHT]),
    shuffle=st.integers(0, 99),
    data=st.data(),
)
def test_a_restart_anywhere_gives_the_same_answer(
    seed: int, budget: Budget, shuffle: int, data: st.DataObject
) -> None:
    def parameters(name: str) -> ModelParameters:
        return parameters_of(name, budget=budget)

    log = log_of(
        {name: rows_of(name, Shape(seed=seed, rows=600, jitter_ms=1_000)) for name in ("m", "n")},
        shuffle=shuffle,
    )
    places = st.integers(0, len(log) - 1)
    written = data.draw(st.lists(places, max_size=4), label="snapshots behind entries")
    died = data.draw(places, label="died behind entry")
    events, monitor = fold(parameters, log)
    rest, restored = resumed(parameters, log, written, died)
    assert rest == events[died:]
    assert partition_state(restored) == partition_state(monitor)


@settings(max_examples=60)
@given(
    seed=st.integers(0, 9),
    shuffle=st.integers(0, 2**32),
    lateness=st.sampled_from([0, 1, 250, 1_000]),
    most=st.sampled_from([3, 40, 400]),
)
def test_however_sources_are_read_rows_come_out_in_one_order_and_none_is_late(
    seed: int, shuffle: int, lateness: int, most: int
) -> None:
    rows = rows_of("m", Shape(seed=seed, rows=300, jitter_ms=lateness))
    check_order(log_of({"m": rows}, shuffle=shuffle, most=most), rows, lateness_ms=lateness)
