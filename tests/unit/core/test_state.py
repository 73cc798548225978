"""What becomes of a series whose stored state cannot be used: it warms up again, it is noted, and nothing else is touched."""

from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from typing import Any

import pytest

from stream_monitor.core.detector import Kind, Plain
from stream_monitor.core.errors import CorruptState, NewerState
from stream_monitor.core.parameters import PER_100K_EVENTS, DetectorChoice, ModelParameters, SeriesParameters
from stream_monitor.core.partition_monitor import CLOCK, PartitionMonitor
from stream_monitor.core.series import SeriesKey
from stream_monitor.core.snapshot import Snapshot
from stream_monitor.core.state import model_key, series_key
from stream_monitor.detectors import registry
from tests.contract.worlds import answer
from tests.property.chunking_law import partition_state
from tests.property.logs import log_of
from tests.property.rows import Shape, rows_of

SESSION = SeriesParameters(kind=Kind.IDENTIFIER, warm_up=50)
PARAMETERS = ModelParameters(name="m", default=SeriesParameters(warm_up=50), overrides={"session": SESSION})
AMOUNT = series_key("m", SeriesKey("feature:amount", None))


@cache
def log() -> list[tuple[int, object]]:
    return list(log_of({"m": rows_of("m", Shape(seed=1, rows=1_000))}, shuffle=1))


def folded(parameters: ModelParameters = PARAMETERS) -> PartitionMonitor:
    monitor = PartitionMonitor(lambda _: parameters, registry.installed(), first=0)
    for at, entry in log():
        monitor.apply(at, entry)  # type: ignore[arg-type]
    return monitor


@cache
def stored() -> Mapping[str, Snapshot]:
    return {snapshot.key: snapshot for snapshot in folded().snapshots()}


def restored(snapshots: Mapping[str, Snapshot], parameters: ModelParameters = PARAMETERS) -> PartitionMonitor:
    monitor = PartitionMonitor(lambda _: parameters, registry.installed(), first=0)
    answer(monitor.restore(snapshots))
    return monitor


def with_first_watch(name: str, value: object) -> Snapshot:
    """The snapshot of amount with another value in the state of its first detector."""
    fields: dict[str, Any] = dict(stored()[AMOUNT].fields)
    first, *others = fields["watches"]
    fields["watches"] = [{**first, name: value}, *others]
    return replace(stored()[AMOUNT], fields=fields)


def check_only_amount_warms_up(monitor: PartitionMonitor, why: str) -> None:
    ((key, problem),) = monitor.problems
    assert key == AMOUNT
    assert why in problem
    series = monitor.models["m"].monitor.series[SeriesKey("feature:amount", None)]
    assert (series.lens, int(series.quality.sum())) == (None, 0)
    assert series.warm_up is not None
    before, after = partition_state(folded()), partition_state(monitor)
    assert {name for name in before if before[name] != after[name]} == {AMOUNT}


def test_everything_comes_back() -> None:
    monitor = restored(stored())
    assert monitor.problems == []
    assert partition_state(monitor) == partition_state(folded())
    kinds = {s.lens.kind.value if s.lens else "warming" for s in monitor.models["m"].monitor.series.values()}
    assert kinds == {"numeric", "categorical", "boolean", "identifier", "warming"}


def test_without_a_clock_nothing_was_ever_written() -> None:
    monitor = PartitionMonitor(lambda _: PARAMETERS, registry.installed(), first=7)
    assert answer(monitor.restore({})) is None
    assert monitor.next_offset == 7


def test_a_missing_snapshot_of_a_series() -> None:
    rest = {key: snapshot for key, snapshot in stored().items() if key != AMOUNT}
    check_only_amount_warms_up(restored(rest), "missing")


@pytest.mark.parametrize("field", ["quality", "reference", "watches", "blocks", "window", "drift"])
@pytest.mark.parametrize("value", [None, "text", -1, [], {}, b"123"])
def test_any_field_of_a_series_that_makes_no_sense(field: str, value: object) -> None:
    wrong = replace(stored()[AMOUNT], fields={**stored()[AMOUNT].fields, field: value})  # type: ignore[dict-item]
    check_only_amount_warms_up(restored({**stored(), AMOUNT: wrong}), "")


@pytest.mark.parametrize("field", ["quality", "reference", "watches", "blocks", "window", "drift"])
def test_any_field_of_a_series_that_is_missing(field: str) -> None:
    fields = {name: value for name, value in stored()[AMOUNT].fields.items() if name != field}
    wrong = replace(stored()[AMOUNT], fields=fields)
    check_only_amount_warms_up(restored({**stored(), AMOUNT: wrong}), field)


@pytest.mark.parametrize(
    ("name", "value", "why"),
    [
        ("name", "adwin/other", "another detector"),
        ("state_version", 0, "older form"),
        ("library_version", "river 0.0", "another version of the library"),
        ("library_version", None, "another version of the library"),
        ("fields", [], "no fields"),
        ("fields", {}, ""),
    ],
)
def test_a_detector_whose_state_cannot_be_used(name: str, value: object, why: str) -> None:
    wrong = with_first_watch(name, value)
    check_only_amount_warms_up(restored({**stored(), AMOUNT: wrong}), why)


@pytest.mark.parametrize("part", ["series", "views", "calendar", "bank"])
@pytest.mark.parametrize("value", [None, {}])
def test_a_sequential_test_whose_state_cannot_be_used(part: str, value: Plain) -> None:
    test = stored()[AMOUNT].fields["test"]
    assert isinstance(test, dict)
    assert test.keys() == {"series", "views", "calendar"}  # a bank is one part too many
    fields = {**stored()[AMOUNT].fields, "test": {**test, part: value}}
    wrong = replace(stored()[AMOUNT], fields=fields)
    check_only_amount_warms_up(restored({**stored(), AMOUNT: wrong}), "sequential")


CHANGES = {
    "warm_up": SeriesParameters(warm_up=51),
    "detectors": SeriesParameters(warm_up=50, detectors=(DetectorChoice(id="page_hinkley"),)),
    "options": SeriesParameters(
        warm_up=50, detectors=(DetectorChoice(id="adwin", parameters={"delta": 0.1}),)
    ),
}


@pytest.mark.parametrize("change", CHANGES)
def test_parameters_that_have_changed(change: str) -> None:
    changed = replace(PARAMETERS, overrides={"session": SESSION, "amount": CHANGES[change]})
    monitor = restored(stored(), changed)
    assert (AMOUNT, "its parameters in the configuration have changed") in monitor.problems


def test_a_changed_budget_or_tolerance_changes_nothing_of_the_state() -> None:
    changed = replace(PARAMETERS, budget=PER_100K_EVENTS, default=SeriesParameters(warm_up=50, tolerance=0.9))
    assert restored(stored(), changed).problems == []
    assert changed.default.digest() == PARAMETERS.default.digest()


def test_a_feature_that_is_no_longer_watched_is_left_out() -> None:
    monitor = restored(stored(), replace(PARAMETERS, overrides={"session": SESSION, "amount": None}))
    assert monitor.problems == []
    names = {key.name for key in monitor.models["m"].monitor.series}
    assert "feature:count" in names
    assert not names & {"feature:amount", "missing:amount"}


@pytest.mark.parametrize("key", [CLOCK, model_key("m"), AMOUNT])
def test_a_newer_format_stops_the_start(key: str) -> None:
    newer = {**stored(), key: replace(stored()[key], state_version=2)}
    with pytest.raises(NewerState):
        restored(newer)


def test_a_newer_form_of_a_detectors_state_stops_the_start() -> None:
    with pytest.raises(NewerState, match="adwin"):
        restored({**stored(), AMOUNT: with_first_watch("state_version", 99)})


@pytest.mark.parametrize("key", [CLOCK, model_key("m")])
def test_a_clock_or_model_that_makes_no_sense_is_never_taken_for_a_first_start(key: str) -> None:
    for field in stored()[key].fields:
        wrong = [{k: v for k, v in stored()[key].fields.items() if k != field}]
        if field != "outcomes":  # these can be made anew: test_state_of_outcomes.py
            wrong.append({**stored()[key].fields, field: 1.5})
        for fields in wrong:
            with pytest.raises(CorruptState):
                restored({**stored(), key: replace(stored()[key], fields=fields)})


def test_keys_keep_names_with_slashes_apart() -> None:
    pairs = [("a/b", "c"), ("a", "b/c"), ("a", None)]
    keys = {series_key(model, SeriesKey("prediction", version)) for model, version in pairs}
    sliced = [("p", "1", "x=1/p"), ("p", None, "x=1"), ("x=1/p", None, None), ("p/p", "1", "x=1")]
    keys |= {series_key("a", SeriesKey(*key)) for key in [*sliced, ("p", "1~3:x=1", None)]}
    assert len(keys) == 8
    assert all(key.startswith("series/") for key in keys)
