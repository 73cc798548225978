"""What is known of a series before it is explained, and what comes of it: from statuses, files and the configuration alone."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from stream_monitor.app.explain import (
    NotKnown,
    Statuses,
    Target,
    at_rate,
    explained_series,
    from_configuration,
    from_files,
    target_of,
)
from stream_monitor.app.explanation import ASSUMED_PAST, Explanation, Limit
from stream_monitor.app.replay import plan
from stream_monitor.config import Settings, load
from stream_monitor.core.allowance import Allowance
from stream_monitor.core.detector import Kind
from stream_monitor.core.errors import StreamMonitorError
from stream_monitor.core.events import Record
from stream_monitor.core.expected_delay import Sensitivity
from stream_monitor.core.parameters import WEEK_MS, Budget, BudgetUnit
from stream_monitor.core.status import ModelStatus, Phase
from stream_monitor.core.window import BLOCK
from stream_monitor.files.columns import FileColumns
from stream_monitor.files.learning import Choices
from stream_monitor.files.profiles import write_profile
from stream_monitor.files.profiling import build
from stream_monitor.formats.status import encode
from tests.unit.app.files import table
from tests.unit.formats.core_values import NOON, STATUS, series_status

AMOUNT = Target(model="fraud", series="feature:amount")
ALL = Target(model="fraud", series=None)
HOUR = 3_600_000


def settings(folder: Path, **model: object) -> Settings:
    config = folder / "monitor.yaml"
    models = [{"name": "fraud", "sources": ["t"], **model}]
    config.write_text(json.dumps({"version": 1, "kafka": {"bootstrap_servers": "k:1"}, "models": models}))
    return load(config, {})


def configured(folder: Path, series: int = 40, **model: object) -> Explanation:
    known = from_configuration(settings(folder, **model), AMOUNT, series)
    (one,) = explained_series(AMOUNT, at_rate(known, 20))
    return one


@pytest.mark.parametrize(
    ("text", "models", "model", "series"),
    [
        ("fraud", ["fraud"], "fraud", None),
        ("fraud.feature:amount", ["fraud"], "fraud", "feature:amount"),
        ("fraud.feature:a.b", ["fraud"], "fraud", "feature:a.b"),
        ("eu.fraud.prediction", ["eu", "eu.fraud"], "eu.fraud", "prediction"),
        ("eu.fraud", ["eu", "eu.fraud"], "eu.fraud", None),
        ("eu.fraud.missing:amount", [], "eu.fraud", "missing:amount"),
        ("eu.fraud.probability:yes", [], "eu.fraud", "probability:yes"),
        ("eu.fraud", [], "eu.fraud", None),
    ],
)
def test_where_the_name_of_the_model_ends(
    text: str, models: list[str], model: str, series: str | None
) -> None:
    assert target_of(text, models) == Target(model=model, series=series)


def test_a_model_that_is_not_there_is_refused_with_those_that_are() -> None:
    with pytest.raises(NotKnown, match=r"no model 'frod\.feature:x'.*fraud"):
        target_of("frod.feature:x", ["fraud", "churn"])


def test_the_share_is_what_a_block_is_worth(tmp_path: Path) -> None:
    """One alarm of a series between its blocks' worth adding up to one."""
    for unit, said in (("events", "1 per 100000 events"), ("milliseconds", "1 per week")):
        one = configured(tmp_path, alerting={"false_alarms": said})
        assert one.budget.unit == unit
        allowance = Allowance(
            Budget(alarms=1, span=100_000 if unit == "events" else WEEK_MS, unit=BudgetUnit(unit))
        )
        allowance.split([0] * 40)
        (worth,) = allowance.weights(np.array([10]), np.array([BLOCK * 50]))  # 20 a second
        assert one.budget.values_per_alarm == pytest.approx(BLOCK / worth)


def test_the_budget_alone_says_how_rare_a_false_alarm_is(tmp_path: Path) -> None:
    known = from_configuration(settings(tmp_path), AMOUNT, 40)
    (one,) = explained_series(AMOUNT, known)
    assert one.budget.span_per_alarm == pytest.approx(40 / 0.75 * WEEK_MS)
    assert one.budget.bucket_span == pytest.approx(4 * WEEK_MS)
    assert one.budget.values_per_alarm is None
    assert one.power is None


def test_delays_are_those_of_the_formula_in_values_and_time(tmp_path: Path) -> None:
    one = configured(tmp_path)
    assert one.power is not None
    assert (one.kind, one.power.past, one.power.past_assumed) == (None, ASSUMED_PAST, True)
    assert one.budget.values_per_alarm is not None
    test = Sensitivity(values_per_alarm=one.budget.values_per_alarm, past=ASSUMED_PAST)
    half = next(found for found in one.power.changes if found.size == 0.5)
    assert half.delay == round(test.delay(0.125))
    assert half.delay_seconds == pytest.approx(test.delay(0.125) / 20)
    assert [found.reported for found in one.power.changes] == [False, True, True, True, True]


def test_the_smallest_change_and_what_keeps_it_from_being_smaller(tmp_path: Path) -> None:
    strict = configured(tmp_path, tolerance=0.01)
    assert strict.power is not None
    soon, later, late = strict.power.smallest
    assert (soon.limit, later.limit) == (Limit.EVIDENCE, Limit.PAST)
    for one in (soon, later, late):
        assert one.change is not None
        assert one.change.delay == pytest.approx(one.within, rel=0.01)
    assert soon.change is not None
    assert late.change is not None
    assert soon.change.size > 2 * late.change.size
    tolerant = configured(tmp_path, tolerance=0.5).power
    assert tolerant is not None
    assert {one.limit for one in tolerant.smallest} == {Limit.TOLERANCE}
    assert [one.change and round(one.change.size, 3) for one in tolerant.smallest] == [0.5] * 3


def test_a_past_too_short_finds_nothing_in_any_time(tmp_path: Path) -> None:
    status = status_of("feature:country", kind=Kind.CATEGORICAL, values=12)
    one = explained(tmp_path, [status], Target(model="fraud", series="feature:country"))
    assert one.power is not None
    assert all(found.delay is None for found in one.power.changes)
    assert one.power.smallest[-1].change is None
    assert one.power.smallest[-1].limit is Limit.PAST


def test_detectors_without_the_sequential_test_promise_nothing(tmp_path: Path) -> None:
    one = configured(tmp_path, detectors=["adwin"])
    assert (one.detectors, one.budget.tested, one.power) == (["adwin"], False, None)
    assert one.budget.span_per_alarm is None
    assert one.budget.bucket_span == WEEK_MS


def test_what_is_demanded_is_told_with_who_demands_it(tmp_path: Path) -> None:
    train = tmp_path / "train.csv"
    train.write_text("\n".join(["amount", *(str(at % 50) for at in range(1_200)), ""]))
    built = build([train], FileColumns(), Choices(constraints=True), lambda _: None)
    write_profile(tmp_path / "p.json", built.profile)
    found = configured(tmp_path, reference="p.json", features={"amount": {"range": [0, 60]}}).constraints
    assert found is not None
    assert (found.range, found.required, found.allowed, found.at_most) == ((0.0, 60.0), True, None, None)
    assert found.origins == {"range": "configuration", "required": "reference"}
    lifted = configured(
        tmp_path, reference="p.json", features={"a*": {"required": False, "at_most": 0.01}}
    ).constraints
    assert lifted is not None
    assert (lifted.range, lifted.required, lifted.at_most) == ((0.0, 98.0), False, 0.01)
    assert lifted.origins["range"] == "reference"
    assert configured(tmp_path).constraints is None


def test_what_is_left_out_is_not_explained(tmp_path: Path) -> None:
    with pytest.raises(NotKnown, match="leaves feature:amount of fraud out"):
        configured(tmp_path, exclude=["amo*"])


def test_a_model_of_the_configuration_has_the_series_that_it_names(tmp_path: Path) -> None:
    features = {"amount": {"type": "numeric"}, "v*": {"tolerance": 1.0}, "country": {"type": "categorical"}}
    known = from_configuration(settings(tmp_path, features=features), ALL, 4)
    assert [(one.series, one.kind) for one in explained_series(ALL, known)] == [
        ("feature:amount", Kind.NUMERIC),
        ("feature:country", Kind.CATEGORICAL),
    ]
    with pytest.raises(NotKnown, match=r"write fraud\.feature:NAME"):
        explained_series(ALL, from_configuration(settings(tmp_path), ALL, 4))


# ---------------------------------------------------------------------------------------------- statuses


def status_of(
    name: str, *, kind: Kind = Kind.NUMERIC, values: int = 60_000, time: int = NOON + HOUR
) -> ModelStatus:
    one = replace(series_status(name, Phase.WATCHING), kind=kind, values=values)
    return replace(STATUS, time=time, series=(one, series_status("prediction", Phase.WARMING)))


def records(statuses: list[ModelStatus]) -> list[Record]:
    encoded = [encode(status, "g") for status in statuses]
    return [Record(at, 0, one.key, one.value) for at, one in enumerate(encoded)]


def explained(folder: Path, statuses: list[ModelStatus], target: Target = AMOUNT) -> Explanation:
    known = Statuses(settings(folder), records(statuses)).knowledge("fraud")
    (one,) = explained_series(target, known if len(statuses) > 1 else at_rate(known, 10))
    return one


def test_the_last_status_says_what_is_true_now_and_two_of_them_the_rate(tmp_path: Path) -> None:
    before = status_of("feature:amount", values=24_000, time=NOON)
    one = explained(tmp_path, [before, replace(before, time=NOON + 1), status_of("feature:amount")])
    assert one.now is not None
    assert one.now.values == 60_000
    assert one.budget.series == 2
    assert one.budget.values_per_second == pytest.approx(36_000 / 3_600)
    assert one.source == "the status of 2026-11-21T11:00:00.123Z on stream-monitor.status"
    assert one.power is not None
    assert (one.power.past, one.power.past_assumed) == (60_000, False)


def test_without_a_second_status_there_is_no_rate_of_its_own(tmp_path: Path) -> None:
    known = Statuses(settings(tmp_path), records([status_of("feature:amount")])).knowledge("fraud")
    (one,) = explained_series(AMOUNT, known)
    assert one.budget.values_per_second is None
    assert one.now is not None


def test_series_that_no_longer_fit_into_a_status_count(tmp_path: Path) -> None:
    status = status_of("feature:amount")
    (record,) = records([status])
    assert record.value is not None
    value = json.loads(record.value)
    value["omitted"]["series"] = 100
    cut = record._replace(value=json.dumps(value).encode())
    known = Statuses(settings(tmp_path), [cut]).knowledge("fraud")
    assert known.series_count == 102


def test_other_models_and_deletions_and_workers_are_passed_over(tmp_path: Path) -> None:
    read = [
        *records([status_of("feature:amount"), replace(status_of("feature:x"), model="churn")]),
        Record(2, 0, b"worker/1", b"{}"),
        Record(3, 0, b"model/gone", None),
    ]
    statuses = Statuses(settings(tmp_path), read)
    assert statuses.models == ["churn", "fraud"]
    with pytest.raises(NotKnown, match="no status of the model 'chum'; did you mean churn"):
        statuses.knowledge("chum")


def test_a_topic_without_a_status_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(StreamMonitorError, match="--replay FILE or --series NUMBER"):
        Statuses(settings(tmp_path), [])


# ------------------------------------------------------------------------------------------------- files


def rows(folder: Path, n: int = 3_000) -> Path:
    random = np.random.default_rng(3)
    slow = np.cumsum(random.normal(size=n)) / 10
    return table(
        folder / "fraud.csv",
        {
            "at": range(1_795_255_200_000, 1_795_255_200_000 + 500 * n, 500),
            "amount": random.normal(size=n),
            "slow": slow,
            "flag": np.where(random.random(n) < 0.1, "true", "false"),
        },
    )


def test_files_give_rate_reference_and_what_is_true_at_their_end(tmp_path: Path) -> None:
    file = rows(tmp_path)
    found = settings(tmp_path)
    planned = plan([file], FileColumns(time="at", model="fraud"), found)
    known = from_files(found, planned, ALL)
    by_name = {one.series: one for one in explained_series(ALL, known)}
    assert len(by_name) == known.series_count == 7  # traffic is one
    flag = by_name["feature:flag"]
    assert flag.kind is Kind.BOOLEAN
    assert flag.power is not None
    assert flag.power.exact
    assert flag.power.changes[0].before == pytest.approx(0.1, abs=0.03)
    assert flag.budget.values_per_second == pytest.approx(2, rel=0.01)
    assert flag.now is not None
    assert flag.source == f"3,000 rows of {file}"
    with pytest.raises(NotKnown, match="did you mean feature:amount"):
        explained_series(Target(model="fraud", series="feature:amont"), known)
    with pytest.raises(NotKnown, match="no rows of the model 'churn'"):
        from_files(found, planned, Target(model="churn", series=None))


def test_files_without_time_count_events(tmp_path: Path) -> None:
    found = settings(tmp_path)
    known = from_files(found, plan([rows(tmp_path)], FileColumns(model="fraud"), found), AMOUNT)
    (one,) = explained_series(AMOUNT, known)
    assert one.budget.unit is BudgetUnit.EVENTS
    assert one.budget.values_per_second is None
    assert one.power is not None
    assert all(found.delay_seconds is None for found in one.power.changes)


def test_a_reference_of_a_file_is_named(tmp_path: Path) -> None:
    file = rows(tmp_path)
    found = settings(tmp_path, reference=str(file))
    known = from_configuration(found, AMOUNT, 6)
    (one,) = explained_series(AMOUNT, at_rate(known, 2))
    assert (one.reference.given, one.reference.file, one.reference.values) == (True, str(file), 3_000)
    assert one.kind is Kind.NUMERIC
    (learned,) = explained_series(AMOUNT, from_configuration(settings(tmp_path), AMOUNT, 6))
    assert (learned.reference.given, learned.reference.file, learned.reference.values) == (False, None, 1_000)
