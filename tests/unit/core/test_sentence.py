from dataclasses import replace

import numpy as np
import pytest

from stream_monitor.core.alerts import Alerts
from stream_monitor.core.credit import Credit
from stream_monitor.core.detector import Kind
from stream_monitor.core.drift_event import Claim, Direction, DriftEvent, Evidence, Resolution, Status
from stream_monitor.core.parameters import PER_100K_EVENTS, ModelParameters
from stream_monitor.core.sentence import summary_of
from tests.unit.core.findings import distribution, evidence, finding


def event() -> DriftEvent:
    rows = np.arange(200)
    book = Alerts(ModelParameters(name="fraud"), Credit(PER_100K_EVENTS))
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
        for one, claim in zip(both, reversed(Claim), strict=True)
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
