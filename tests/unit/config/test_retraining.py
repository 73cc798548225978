"""The `retrain` section of a model."""

from pathlib import Path

import pytest

from stream_monitor.config import InvalidConfiguration, model_parameters
from stream_monitor.config.retraining import RetrainSettings, format_span, parse_span
from stream_monitor.core.drift_event import Severity
from stream_monitor.core.parameters import BudgetUnit, RetrainPolicy, Span
from tests.unit.config.loaded import settings

BASE = "version: 1\nkafka: {bootstrap_servers: b}\nmodels:\n  - name: fraud\n    sources: [p]\n"
HOUR, DAY = 3_600_000, 86_400_000


def of(text: str, tmp_path: Path) -> RetrainPolicy | None:
    return model_parameters(settings(BASE + text, tmp_path), "fraud", {}).retrain


def test_without_the_section_nothing_is_asked_for(tmp_path: Path) -> None:
    assert of("", tmp_path) is None


def test_an_empty_section_means_what_labels_say(tmp_path: Path) -> None:
    assert of("    retrain: {}\n", tmp_path) == RetrainPolicy(
        on=("error", "performance:*"),
        severity=Severity.WARNING,
        after=Span(length=HOUR, unit=BudgetUnit.MILLISECONDS),
        apart=Span(length=DAY, unit=BudgetUnit.MILLISECONDS),
        rows=10_000,
    )


def test_everything_given(tmp_path: Path) -> None:
    text = (
        '    retrain: {on: [prediction, "feature:*"], severity: critical, after: 5_000 events,'
        " at_most: 2 per 10_000 events, rows: 7}\n"
    )
    assert of(text, tmp_path) == RetrainPolicy(
        on=("prediction", "feature:*"),
        severity=Severity.CRITICAL,
        after=Span(length=5_000, unit=BudgetUnit.EVENTS),
        apart=Span(length=5_000, unit=BudgetUnit.EVENTS),
        rows=7,
    )


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ("after: soon", "neither a time nor a number of events"),
        ("after: 12", "neither a time nor a number of events"),
        ("at_most: daily", "1 per day"),
        ("rows: 0", "1"),
        ("rows: true", "whole number"),
        ("on: []", "on"),
        ("severity: info", "severity"),
    ],
)
def test_what_is_wrong_is_said(tmp_path: Path, wrong: str, said: str) -> None:
    with pytest.raises(InvalidConfiguration, match=said):
        of(f"    retrain: {{{wrong}}}\n", tmp_path)


@pytest.mark.parametrize("text", ["1h", "2d", "5_000 events", "500ms"])
def test_a_span_is_written_as_it_is_read(text: str) -> None:
    assert format_span(parse_span(text)) == text
    assert RetrainSettings.model_validate({"after": text}).model_dump()["after"] == text
