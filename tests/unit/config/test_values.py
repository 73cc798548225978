"""Durations, sizes, budgets and addresses are read as written, and printed so that they are read back the same."""

from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream_monitor.config import Listen
from stream_monitor.config.fields import (
    format_budget,
    format_duration,
    parse_budget,
    parse_duration,
    parse_listen,
)
from stream_monitor.core.parameters import PER_WEEK, Budget, BudgetUnit
from tests.unit.config.loaded import MINIMAL, settings

DAY_MS = 86_400_000


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("500ms", 0.5),
        ("0s", 0),
        ("30s", 30),
        ("5m", 300),
        ("1.5h", 5400),
        ("14d", 14 * 86400),
        ("2 w", 14 * 86400),
    ],
)
def test_durations(text: str, seconds: float) -> None:
    assert parse_duration(text) == timedelta(seconds=seconds)


@given(st.integers(0, 10**12))
def test_a_duration_is_read_back_as_printed(milliseconds: int) -> None:
    duration = timedelta(milliseconds=milliseconds)
    assert parse_duration(format_duration(duration)) == duration


@pytest.mark.parametrize(
    ("text", "alarms", "span", "unit"),
    [
        ("1 per week", 1, 7 * DAY_MS, BudgetUnit.MILLISECONDS),
        ("2 per month", 2, 30 * DAY_MS, BudgetUnit.MILLISECONDS),
        ("1 per year", 1, 365 * DAY_MS, BudgetUnit.MILLISECONDS),
        ("1 per 2 weeks", 1, 14 * DAY_MS, BudgetUnit.MILLISECONDS),
        ("0.5 per Day", 0.5, DAY_MS, BudgetUnit.MILLISECONDS),
        ("3 per 90 minutes", 3, 5_400_000, BudgetUnit.MILLISECONDS),
        ("1 per 10 seconds", 1, 10_000, BudgetUnit.MILLISECONDS),
        ("1 per 12 hours", 1, 43_200_000, BudgetUnit.MILLISECONDS),
        ("1 per 1000000 events", 1, 1_000_000, BudgetUnit.EVENTS),
        ("1 per 1_000_000 events", 1, 1_000_000, BudgetUnit.EVENTS),
        ("1  per  1,000,000  events", 1, 1_000_000, BudgetUnit.EVENTS),
    ],
)
def test_budgets(text: str, alarms: float, span: float, unit: BudgetUnit) -> None:
    budget = parse_budget(text)
    assert budget == Budget(alarms=alarms, span=span, unit=unit)
    assert parse_budget(format_budget(budget)) == budget


def test_the_budget_of_a_week_is_the_one_of_the_core() -> None:
    assert parse_budget("1 per week") == PER_WEEK
    assert format_budget(PER_WEEK) == "1 per week"


@given(
    st.integers(1, 10**6),
    st.integers(1, 10**9),
    st.sampled_from(["events", "seconds", "minutes", "hours", "days", "weeks", "months", "years"]),
)
def test_a_budget_is_read_back_as_printed(alarms: int, count: int, unit: str) -> None:
    budget = parse_budget(f"{alarms} per {count} {unit}")
    assert parse_budget(format_budget(budget)) == budget


@pytest.mark.parametrize(
    ("text", "size"),
    [("2048", 2048), ("0.5 MiB", 1 << 19), ("512KiB", 512 << 10), ("1.5 kB", 1500), ("0.5 MB", 500_000)],
)
def test_sizes(tmp_path: Path, text: str, size: int) -> None:
    assert (
        settings(MINIMAL + f"ingest: {{max_record_bytes: {text}}}\n", tmp_path).ingest.max_record_bytes
        == size
    )


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("127.0.0.1:8080", Listen(host="127.0.0.1", port=8080)),
        ("localhost:0", Listen(host="localhost", port=0)),
        ("[::1]:80", Listen(host="::1", port=80)),
        ("off", None),
    ],
)
def test_addresses(text: str, address: Listen | None) -> None:
    assert parse_listen(text) == address
    assert (str(address) if address else "off") == text
