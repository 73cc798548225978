from dataclasses import replace

import numpy as np
import pytest

from stream_monitor.core.alerts import Alerts
from stream_monitor.core.attribution import Inputs
from stream_monitor.core.credit import Credit
from stream_monitor.core.detector import Kind
from stream_monitor.core.drift_event import (
    Attribution,
    Claim,
    Direction,
    DriftEvent,
    Evidence,
    Importance,
    MovedInput,
    Resolution,
    Status,
)
from stream_monitor.core.parameters import PER_100K_EVENTS, ModelParameters
from stream_monitor.core.performance.note import Basis, NotedFigure, PerformanceNote, Span, Verdict
from stream_monitor.core.sentence import summary_of
from tests.unit.core.findings import distribution, evidence, finding


def event() -> DriftEvent:
    rows = np.arange(200)
    book = Alerts(ModelParameters(name="fraud"), Credit(PER_100K_EVENTS), Inputs(series={}, importance={}))
    return book.decide([finding("feature:amount")], rows, rows, lambda *_: ())[0]


EVENT = event()
SINCE = "since 2026-11-21T10:00:00Z"


@pytest.mark.parametrize(
    ("signs", "said"),
    [
        ([evidence("value", 1.25)], "rose: mean 1 → 2 (+1.25 sd)"),
        ([evidence("value", -0.5)], "fell: mean 1 → 2 (-0.50 sd)"),
        ([evidence("deviation", 0.5)], "spreads wider: standard deviation 2 → 2"),
        ([evidence("deviation", -0.5)], "spreads narrower: standard deviation 2 → 2"),
        ([evidence("deviation", 3.0), evidence("value", 0.4)], "rose: mean 1 → 2 (+0.40 sd)"),
    ],
)
def test_a_numeric_series(signs: list[Evidence], said: str) -> None:
    assert summary_of(replace(EVENT, evidence=tuple(signs))) == f"feature:amount of fraud {said} {SINCE}"


def test_a_shape_and_a_claim_against_the_reference() -> None:
    shape = replace(EVENT, evidence=(evidence("shape", 0.4, Direction.OTHER),))
    assert summary_of(shape) == (
        f"feature:amount of fraud has another distribution: Kolmogorov-Smirnov distance 0.10 {SINCE}"
    )
    differs = replace(evidence("value", 0.5), claim=Claim.DIFFERS)
    both = [(differs,), (differs, evidence("value", 0.5))]
    said = [
        summary_of(replace(EVENT, evidence=one, claim=claim))
        for one, claim in zip(both, (Claim.DIFFERS, Claim.CHANGED), strict=True)
    ]
    assert said[0] == f"feature:amount of fraud differs from its reference: mean 1 → 2 (+0.50 sd) {SINCE}"
    assert " rose: " in said[1]


@pytest.mark.parametrize(
    ("signs", "said"),
    [
        ([evidence("rarity", 1.0)], "takes rare or unseen categories more often"),
        ([evidence("rarity", -1.0)], "takes rare categories less often"),
        ([evidence("rarity", 0.3), evidence("mix", 0.9, Direction.OTHER)], "has another mix of categories"),
    ],
)
def test_a_categorical_series(signs: list[Evidence], said: str) -> None:
    nothing = distribution(mean=None, spread=None)
    categorical = replace(
        EVENT, kind=Kind.CATEGORICAL, evidence=tuple(signs), reference=nothing, current=nothing
    )
    effect = f"{max(signs, key=lambda e: abs(e.effect)).effect:+.2f} sd"
    assert summary_of(categorical) == (
        f"feature:amount of fraud {said}: Jensen-Shannon distance 0.20 ({effect}) {SINCE}"
    )


def test_a_boolean_series_of_a_version() -> None:
    boolean = replace(
        EVENT,
        kind=Kind.BOOLEAN,
        version="7",
        series="error",
        reference=distribution(mean=0.0123456),
        current=distribution(mean=0.5),
    )
    assert summary_of(boolean) == f"error of fraud version 7 rose: rate 0.0123 → 0.5 {SINCE}"


@pytest.mark.parametrize(
    ("resolution", "said"),
    [
        (Resolution.RECOVERED, "is back within the tolerance"),
        (Resolution.VERSION_RETIRED, ": the version is retired"),
    ],
)
def test_the_end(resolution: Resolution, said: str) -> None:
    resolved = replace(EVENT, status=Status.RESOLVED, resolution=resolution)
    text = summary_of(resolved)
    assert text.startswith("feature:amount of fraud")
    assert text.endswith(said)


def moved(series: str, effect: float, direction: Direction = Direction.UP) -> MovedInput:
    return MovedInput(
        series=series, view="value", effect=effect, direction=direction, importance=1.0, score=abs(effect),
        alert_id=None, since=None,
    )  # fmt: skip


def with_moves(series: str, *ranked: MovedInput, others: int = 0) -> str:
    attribution = Attribution(
        importance=Importance.EQUAL, inputs=9, visible=0.213, moved=len(ranked) + others, ranked=ranked
    )
    return summary_of(replace(EVENT, series=series, attribution=attribution)).partition(f" {SINCE}")[2]


def test_what_moved_with_an_output() -> None:
    amount, country = moved("feature:amount", 1.234), moved("feature:country", 0.8, Direction.OTHER)
    missing = moved("missing:age", -3.0, Direction.DOWN)
    assert with_moves("prediction", amount) == "; moved with: amount (+1.2 sd)"
    assert with_moves("error", missing, country) == "; moved with: missing:age (-3 sd), country (0.8 sd)"
    assert with_moves("error", amount, country, missing, others=4) == (
        "; moved with: amount (+1.2 sd), country (0.8 sd) and 5 more"
    )


def test_where_no_input_moved_the_relation_has_changed() -> None:
    assert with_moves("prediction") == "; no input moved by 0.21 sd or more"
    for judged in ("error", "performance:f1"):
        assert with_moves(judged).endswith(" sd or more: the relation itself has changed")


def test_rows_without_time() -> None:
    assert summary_of(EVENT, timed=False).endswith("(+1.00 sd) since row 50")


def fallen(figure: str = "accuracy", **changed: object) -> DriftEvent:
    window = NotedFigure(
        version="7",
        figure=figure,
        span=Span.WINDOW,
        value=0.88,
        low=0.86,
        high=0.9,
        pairs=2_048,
        expected=0.95,
        drop=0.07,
        drop_low=0.05,
        drop_high=0.09,
    )
    since = replace(window, span=Span.SINCE_CHANGE, value=0.82, pairs=900)
    note = PerformanceNote(verdict=Verdict.WORSE, basis=Basis.LABELS, figures=(window, since), reason=None)
    event = replace(EVENT, series=f"performance:{figure}", version="7", performance=note)
    return replace(event, **changed)  # type: ignore[arg-type]  # fields of it


def test_a_fall_of_performance() -> None:
    assert summary_of(fallen()) == (
        f"accuracy of fraud version 7 fell from 0.95 to 0.88 (0.86 to 0.9) of the last 2,048 labelled predictions, {SINCE};"
        " 0.82 of the 900 since then"
    )
    assert summary_of(fallen("f1:yes")).startswith("F1 for yes of fraud version 7 fell")
    assert summary_of(fallen("roc_auc_macro")).startswith("macro ROC AUC of fraud version 7 fell")


@pytest.mark.parametrize(
    ("resolution", "said"),
    [
        (Resolution.RECOVERED, "is back within the tolerance: 0.88 (0.86 to 0.9)"),
        (Resolution.VERSION_RETIRED, "is watched no more: the version is retired: 0.88 (0.86 to 0.9)"),
    ],
)
def test_a_fall_that_is_over(resolution: Resolution, said: str) -> None:
    event = fallen(status=Status.RESOLVED, resolution=resolution)
    assert summary_of(event) == f"accuracy of fraud version 7 {said}"


def test_what_a_drift_did_to_performance_follows_it() -> None:
    note = fallen().performance
    assert note is not None
    drifted = f"feature:amount of fraud rose: mean 1 → 2 (+0.50 sd) {SINCE}"
    event = replace(EVENT, evidence=(evidence("value", 0.5),))
    worse = "; performance is worse: accuracy 0.88 (0.86 to 0.9), expected 0.95"
    assert summary_of(replace(event, performance=note)) == drifted + worse
    estimate = replace(note, verdict=Verdict.UNCHANGED, basis=Basis.ESTIMATE)
    unchanged = "; performance is unchanged: estimated accuracy 0.88 (0.86 to 0.9), expected 0.95"
    assert summary_of(replace(event, performance=estimate)) == drifted + unchanged
    unknown = replace(note, verdict=Verdict.UNKNOWN, reason="no label is due yet")
    assert summary_of(replace(event, performance=unknown)) == drifted
