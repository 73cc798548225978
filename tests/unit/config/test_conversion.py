"""What the core and the composition root are told."""

from pathlib import Path

import pytest

from stream_monitor.config import TopicSource, model_parameters, topic_sources
from stream_monitor.core.detector import Kind
from stream_monitor.core.parameters import PER_WEEK, Budget, BudgetUnit, DetectorChoice, SeriesParameters
from stream_monitor.core.profile import ModelReferences
from stream_monitor.core.reference import Moments, Reference
from tests.unit.config.loaded import MINIMAL, settings

MODELS = """\
version: 1
kafka: {bootstrap_servers: b, group_id: g}
alerting: {false_alarms: 1 per week}
ingest: {lateness: 2500ms}
models:
  - name: fraud
    owner: risk
    alerting: {labels: {team: a}}
    sources: [p, {topic: l, role: label}]
    exclude: ["*_id", amount]
    tolerance: 0.3
    warm_up: 200
    detectors: [adwin]
    features:
      "emb_*": ignore
      amount: {type: numeric, detectors: [{type: kswin, params: {alpha: 1e-3}}], tolerance: 0}
      user_id: {warm_up: 50}
      "*_flag": {type: boolean}
  - name: churn
    sources: [p]
    reference: {events: 5000}
    alerting: {false_alarms: 1 per 1_000_000 events}
"""
REFERENCE = Reference(
    kind=Kind.NUMERIC,
    size=1,
    unusable=0,
    edges=(0.0, 1.0),
    categories=(),
    counts=(0, 1, 0),
    mean=0.5,
    scale=1.0,
    views={"value": Moments(mean=0.5, scale=1.0)},
)


def test_a_configured_model(tmp_path: Path) -> None:
    found = model_parameters(
        settings(MODELS, tmp_path), "fraud", {"fraud": ModelReferences(features={"amount": REFERENCE})}
    )
    adwin = (DetectorChoice(id="adwin"),)
    default = SeriesParameters(detectors=adwin, tolerance=0.3, warm_up=200)
    assert (found.name, found.group, found.budget) == ("fraud", "g", PER_WEEK)
    assert found.default == default
    assert found.references == {"amount": REFERENCE}
    assert found.topics == ("p", "l")
    assert found.labels == {"owner": "risk", "team": "a"}
    assert found.lateness_ms == 2500
    amount = found.of_feature("amount")
    assert amount == SeriesParameters(
        kind=Kind.NUMERIC,
        detectors=(DetectorChoice(id="kswin", parameters={"alpha": 0.001}),),
        tolerance=0.0,
        warm_up=200,
        reference=REFERENCE,
    )


@pytest.mark.parametrize(
    ("name", "watched"),
    [
        ("user_id", SeriesParameters(detectors=(DetectorChoice(id="adwin"),), tolerance=0.3, warm_up=50)),
        ("order_id", None),
        ("emb_1", None),
        ("emb_flag", None),  # the first glob that matches
        ("new_flag", SeriesParameters(kind=Kind.BOOLEAN, detectors=(DetectorChoice(id="adwin"),), tolerance=0.3, warm_up=200)),
        ("other", SeriesParameters(detectors=(DetectorChoice(id="adwin"),), tolerance=0.3, warm_up=200)),
    ],
)  # fmt: skip
def test_exact_names_before_exclude_before_globs(
    tmp_path: Path, name: str, watched: SeriesParameters | None
) -> None:
    assert model_parameters(settings(MODELS, tmp_path), "fraud", {}).of_feature(name) == watched


def test_importance_of_exact_names_comes_first(tmp_path: Path) -> None:
    text = MODELS.replace('"emb_*": ignore', '"a*": {importance: 0.5}').replace(
        "tolerance: 0}", "importance: 3}"
    )
    found = model_parameters(settings(text, tmp_path), "fraud", {})
    assert list(found.importance.items()) == [("amount", 3.0), ("a*", 0.5)]
    assert model_parameters(settings(text, tmp_path), "churn", {}).importance == {}


def test_own_budget_and_reference_events(tmp_path: Path) -> None:
    found = model_parameters(settings(MODELS, tmp_path), "churn", {})
    assert found.budget == Budget(alarms=1, span=1_000_000, unit=BudgetUnit.EVENTS)
    assert found.default == SeriesParameters(warm_up=5000)
    assert found.references == {}
    assert found.labels == {}


def test_no_budget_is_left_to_the_core(tmp_path: Path) -> None:
    assert model_parameters(settings(MINIMAL, tmp_path), "any", {}).budget is None


def test_a_discovered_model_and_one_that_is_not_listed(tmp_path: Path) -> None:
    text = (
        MINIMAL.replace("[events]", "[events], max_features_per_model: 10")
        + "alerting: {false_alarms: 1 per week}\n"
    )
    found = model_parameters(
        settings(text, tmp_path), "found", {"found": ModelReferences(features={"a": REFERENCE})}
    )
    assert (found.budget, found.topics, found.default) == (PER_WEEK, None, SeriesParameters())
    assert found.caps.series == 36
    assert found.references == {"a": REFERENCE}
    with pytest.raises(KeyError, match="other"):
        model_parameters(settings(MODELS, tmp_path), "other", {})


def test_topics_and_how_they_are_read(tmp_path: Path) -> None:
    assert topic_sources(settings(MINIMAL, tmp_path)) == {}
    assert topic_sources(settings(MODELS, tmp_path)) == {
        "p": TopicSource(topic="p", models=("fraud", "churn")),
        "l": TopicSource(topic="l", models=("fraud",), role="label"),
    }
    mapped = """\
        version: 1
        kafka: {bootstrap_servers: b}
        models:
          - name: m
            sources:
              - {topic: a, mapping: {id: i, features: [x.y, z]}}
              - {topic: b, mapping: {model: n, features: body, latency_ms: took}}
        """
    assert topic_sources(settings(mapped, tmp_path)) == {
        "a": TopicSource(
            topic="a", models=("m",), owner="m", paths={"id": "i"}, features={"y": "x.y", "z": "z"}
        ),
        "b": TopicSource(
            topic="b", models=("m",), paths={"model": "n", "latency_ms": "took"}, features="body"
        ),
    }


def test_names_of_the_own_topics(tmp_path: Path) -> None:
    text = MINIMAL.replace("b:9092", "b, topic_prefix: x") + "sinks: [{kafka: {}}]\nstate: {topic: s}\n"
    found = settings(text, tmp_path).topics
    assert (found.columns, found.state, found.alerts, found.dead_letter) == (
        "x.columns",
        "s",
        "x.alerts",
        "x.dead-letter",
    )
    assert (found.status, found.history, found.operations) == ("x.status", "x.history", "x.operations")


SLICED = """
version: 1
kafka: {bootstrap_servers: b}
models:
  - name: loans
    sources: [p]
    segments: [country, {feature: amount, edges: [100, 1000]}, {feature: c, values: [1, a, true]}, {label: true}]
    fairness: {feature: gender, favourable: 1, tolerance: {disparate_impact: 0.7}}
"""


def test_segments_and_fairness(tmp_path: Path) -> None:
    parameters = model_parameters(settings(SLICED, tmp_path), "loans", {})
    country, amount, named, label = parameters.segments.slicings
    assert (country.feature, country.most, country.edges, country.values) == ("country", 10, (), ())
    assert amount.edges == (100.0, 1000.0)
    assert named.values == ("1", "a", "true")
    assert label.feature is None
    fairness = parameters.segments.fairness
    assert fairness is not None
    assert (fairness.feature, fairness.favourable, fairness.window) == ("gender", "1", 2_048)
    assert fairness.tolerances["disparate_impact"] == 0.7
    assert fairness.tolerances["demographic_parity_difference"] == 0.1
