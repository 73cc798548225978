"""The catalogue against itself, against what is exported, and against the documentation."""

import re
from pathlib import Path

import pytest
from prometheus_client.exposition import generate_latest as text
from prometheus_client.metrics_core import Metric as Family
from prometheus_client.openmetrics.exposition import generate_latest as openmetrics
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_text

from stream_monitor.core.status import Phase
from stream_monitor.telemetry import metrics, sink_metrics
from stream_monitor.telemetry.metric import PREFIX, Metric, Type
from stream_monitor.telemetry.metrics import CATALOGUE, PHASES
from tests.views import full_registry

DOCUMENT = Path(__file__).parents[3] / "docs" / "metrics.md"
EVERY = pytest.mark.parametrize("metric", CATALOGUE, ids=lambda m: m.name)


def exported() -> dict[str, Family]:
    return {family.name: family for family in full_registry().collect()}


def test_every_constant_is_in_the_catalogue_once() -> None:
    modules = (metrics, sink_metrics)
    constants = [value for module in modules for value in vars(module).values() if isinstance(value, Metric)]
    assert sorted(constants) == sorted(CATALOGUE)
    assert len({metric.name for metric in CATALOGUE}) == len(CATALOGUE)


@EVERY
def test_names_follow_the_conventions_of_prometheus(metric: Metric) -> None:
    assert re.fullmatch(r"[a-z][a-z0-9_]*", metric.name)
    assert (metric.type is Type.COUNTER) == metric.name.endswith("_total")
    assert (metric.type is Type.INFO) == metric.name.endswith("_info")
    assert (metric.type is Type.HISTOGRAM) == bool(metric.buckets)
    assert not re.search(r"_(ms|millis|milliseconds|minutes|percent|kb|age)(_|$)", metric.name)
    assert metric.help.endswith((".", "…"))
    assert list(metric.buckets) == sorted(metric.buckets)


def test_everything_exported_is_in_the_catalogue_and_the_other_way_round() -> None:
    assert set(exported()) == {metric.family for metric in CATALOGUE}


@EVERY
def test_type_help_and_labels_are_as_declared(metric: Metric) -> None:
    family = exported()[metric.family]
    assert (family.type, family.documentation) == (metric.type.value, metric.help)
    assert family.samples
    for sample in family.samples:
        assert set(sample.labels) - {"le"} == set(metric.labels)


def test_no_created_samples_that_would_double_the_number_of_series() -> None:
    assert not [line for line in text(full_registry()).decode().splitlines() if "_created" in line]


def test_both_text_formats_are_read_by_their_parsers() -> None:
    values = {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in parse_text(text(full_registry()).decode())
        for sample in family.samples
    }
    strict = {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in parse_openmetrics(openmetrics(full_registry()).decode())  # type: ignore[no-untyped-call]
        for sample in family.samples
    }
    assert strict == values
    lag = (("consumergroup", "stream-monitor"), ("partition", "0"), ("topic", "fraud.events"))
    assert values["stream_monitor_consumer_lag", lag] == 42


def test_every_phase_has_its_own_number_and_drifting_is_the_highest() -> None:
    assert set(PHASES) == set(Phase)
    assert len(set(PHASES.values())) == len(PHASES)
    assert max(PHASES, key=PHASES.__getitem__) is Phase.DRIFTING


def row(metric: Metric) -> str:
    labels = ", ".join(f"`{label}`" for label in metric.labels) or "–"
    return f"| `{metric.full_name}` | {metric.type.value} | {labels} | {metric.help} |"


def test_the_documentation_lists_every_metric_and_no_other() -> None:
    rows = [line for line in DOCUMENT.read_text().splitlines() if line.startswith(f"| `{PREFIX}")]
    assert sorted(rows) == sorted(row(metric) for metric in CATALOGUE)


def test_every_metric_named_in_the_documentation_exists() -> None:
    known = {metric.full_name for metric in CATALOGUE}
    known |= {
        m.full_name + end
        for m in CATALOGUE
        if m.type is Type.HISTOGRAM
        for end in ("_bucket", "_sum", "_count")
    }
    named = set(re.findall(rf"\b{PREFIX}[a-z0-9_]*[a-z0-9]\b", DOCUMENT.read_text()))
    assert not named - known
