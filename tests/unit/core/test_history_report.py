"""What a model tells with its snapshots, of a stream with labels that drifts."""

from dataclasses import replace

import numpy as np
import pytest

from stream_monitor.core.groups import reference_id
from stream_monitor.core.history_report import Teller, reference_status, take_history
from stream_monitor.core.model_monitor import ModelMonitor
from stream_monitor.core.outcome_report import label_status, performance_status
from stream_monitor.core.parameters import ModelParameters, SeriesParameters
from stream_monitor.core.reference import learn_numeric
from stream_monitor.core.reference_status import ReferenceOrigin
from stream_monitor.core.series import SeriesKey
from stream_monitor.core.state import dump_series
from stream_monitor.detectors import registry
from tests.unit.core.scored import EVERY_MS, T0, observe, scored_rows

AMOUNT = SeriesKey("feature:amount", None)
N = 3_000


def monitor_of(parameters: ModelParameters | None = None) -> ModelMonitor:
    return ModelMonitor(parameters or ModelParameters(name="m"), registry.installed())


def test_a_model_that_saw_nothing_tells_nothing() -> None:
    monitor = monitor_of()
    assert take_history(monitor) is None
    observe(monitor, scored_rows(10))
    assert take_history(monitor) is not None
    assert take_history(monitor) is None


def test_what_came_is_told_with_what_is_true_now() -> None:
    monitor = monitor_of()
    observe(monitor, scored_rows(N, inputs=2_000))
    told = take_history(monitor)
    assert told is not None
    assert (told.model, told.as_of) == ("m", monitor.clock)
    assert sum(told.rows) == monitor.rows == 2 * N
    assert told.starts[0] == T0 // told.width * told.width
    assert told.width == 15 * 60_000  # 8 h 20 min, in at most 64 buckets
    (performance,) = told.performance
    (status,) = performance_status(monitor.outcomes)
    accuracy = status.figures["accuracy"]
    assert performance.figures["accuracy"] == (accuracy.value, accuracy.low, accuracy.high)
    assert not [name for name in performance.figures if ":" in name]
    labels = label_status(monitor.outcomes)
    assert told.labels is not None
    assert labels is not None
    assert (told.labels.coverage, told.labels.delays) == (labels.coverage, labels.delays)


def test_a_series_is_counted_in_groups_that_show_how_it_moved() -> None:
    monitor = monitor_of()
    observe(monitor, scored_rows(N, inputs=2_000))
    told = take_history(monitor)
    assert told is not None
    amount = next(one for one in told.series if one.series == "feature:amount")
    (reference,) = [one for one in reference_status(monitor).series if one.series == "feature:amount"]
    assert amount.reference == reference.id
    assert sum(amount.values) == (N - 1_000) // 32 * 32
    assert all(len(row) == len(reference.groups) for row in amount.counts)
    before, after = np.array(amount.counts[0]), np.array(amount.counts[-1])
    middle = len(reference.groups) // 2
    assert before[middle:].sum() < 0.7 * before.sum()
    assert after[middle:].sum() > 0.9 * after.sum()
    assert told.starts[amount.at[0]] >= T0 + 1_000 * EVERY_MS - told.width
    assert amount.evidence is not None


def test_a_learned_reference_is_told_in_the_unit_of_the_feature_and_a_given_one_as_such() -> None:
    monitor = monitor_of()
    observe(monitor, scored_rows(N))
    by_name = {one.series: one for one in reference_status(monitor).series}
    amount = by_name["feature:amount"]
    assert (amount.origin, amount.size, amount.missing) == (ReferenceOrigin.LEARNED, 1_000, 0.0)
    assert amount.mean == pytest.approx(0.0, abs=0.1)
    assert amount.sd == pytest.approx(1.0, abs=0.1)
    assert sorted(by_name["prediction"].categories or ()) == ["no", "yes"]
    assert (by_name["prediction"].mean, by_name["prediction"].sd) == (None, None)

    known = learn_numeric(np.random.default_rng(3).normal(size=500), unusable=0)
    given = monitor_of(ModelParameters(name="m", references={"amount": known}))
    observe(given, scored_rows(10))
    (told, missing) = reference_status(given).series
    assert (told.series, told.origin, told.size) == ("feature:amount", ReferenceOrigin.GIVEN, 500)
    assert missing.series == "missing:amount"


def test_a_reference_learned_anew_has_another_id_in_history_and_state() -> None:
    monitor, teller = monitor_of(ModelParameters(name="m", default=SeriesParameters(warm_up=100))), Teller()
    rows = scored_rows(900, labelled=0.0)
    ids, told_of = [], []
    for part in (rows[:400], rows[400:]):
        observe(monitor, part)
        told = teller.tell([monitor])
        (said,) = [one for one in told.references[0].series if one.series == AMOUNT.name]
        told_of.append([one.reference for one in told.histories[0].series if one.series == AMOUNT.name])
        ids.append(said.id)
        lens = monitor.series[AMOUNT].lens
        assert lens is not None
        assert said.id == reference_id(lens.reference)
        snapshot = dump_series("m", monitor.series[AMOUNT], 0)
        assert snapshot.fields["reference"] == lens.reference.to_plain()
        assert snapshot.parameters == monitor.parameters.default.digest()
        monitor.series[AMOUNT].warm_anew()
    assert ids[0] != ids[1]
    assert told_of == [[ids[0]], [ids[1]]]


def test_references_are_told_again_only_when_they_are_others() -> None:
    monitor, teller = monitor_of(ModelParameters(name="m", default=SeriesParameters(warm_up=100))), Teller()
    rows = scored_rows(600, labelled=0.0)
    observe(monitor, rows[:50])
    assert teller.tell([monitor]).references == ()
    observe(monitor, rows[50:300])
    (first,) = teller.tell([monitor]).references
    observe(monitor, rows[300:])
    again = teller.tell([monitor])
    assert again.references == ()
    assert len(again.histories) == 1
    monitor.series[AMOUNT].warm_anew()
    (without,) = teller.tell([monitor]).references
    assert without == replace(first, series=tuple(one for one in first.series if one.series != AMOUNT.name))
    assert Teller().tell([monitor]).references == (without,)
