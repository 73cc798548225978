"""Labels and performance: a model's own keys over the global ones over the core's defaults."""

from pathlib import Path

import pytest

from stream_monitor.config import model_parameters
from stream_monitor.core.join.parameters import DAY_MS, JoinParameters
from stream_monitor.core.parameters import OutcomeParameters
from stream_monitor.core.performance.figures import kinds_of, names_of
from stream_monitor.core.performance.gate import Gate
from stream_monitor.core.performance.task import TaskKind
from stream_monitor.core.performance.version import PerformanceParameters
from tests.unit.config.loaded import MINIMAL, settings

BEGIN = "version: 1\nkafka: {bootstrap_servers: b}\n"


def outcomes(directory: Path, model: str, everywhere: str = "") -> OutcomeParameters:
    text = f"{BEGIN}{everywhere}\nmodels:\n  - name: m\n    {model}\n"
    text += "" if "sources" in model else "    sources: [s]\n"
    return model_parameters(settings(text.replace("⏎", "\n    "), directory), "m", {}).outcomes


def test_nothing_said_is_what_the_core_does_by_itself(tmp_path: Path) -> None:
    assert outcomes(tmp_path, "owner: me") == OutcomeParameters()
    assert model_parameters(settings(MINIMAL, tmp_path), "discovered", {}).outcomes == OutcomeParameters()


def test_everything_said(tmp_path: Path) -> None:
    found = outcomes(
        tmp_path,
        "task: binary⏎positive: fraud⏎"
        "labels: {expected: false, delay: 14d, pending: 10, early_delay: 2h, early: 20, remembered: 30}⏎"
        "performance: {window: 4096, reference: 512, min_labels: 64, min_coverage: 0, tolerance: 0.1,"
        " expected: {accuracy: 1, 'f1:fraud': 0.5}}",
    )
    assert found == OutcomeParameters(
        expected=False,
        join=JoinParameters(
            pending=10, wait_ms=14 * DAY_MS, early=20, early_wait_ms=DAY_MS // 12, remembered=30
        ),
        performance=PerformanceParameters(
            kind=TaskKind.BINARY,
            positive="fraud",
            window=4096,
            reference=512,
            expected={"accuracy": 1.0, "f1:fraud": 0.5},
            gate=Gate(minimum_pairs=64, minimum_coverage=0.0),
            tolerance=0.1,
        ),
    )


def test_the_model_wins_key_by_key(tmp_path: Path) -> None:
    everywhere = "labels: {delay: 1d, pending: 5}\nperformance: {tolerance: 0.1, min_labels: 100}"
    found = outcomes(tmp_path, "labels: {delay: 2d}⏎performance: {tolerance: 0}", everywhere)
    assert (found.join.wait_ms, found.join.pending) == (2 * DAY_MS, 5)
    assert (found.performance.tolerance, found.performance.gate.minimum_pairs) == (0.0, 100)


def test_global_keys_hold_for_discovered_models(tmp_path: Path) -> None:
    text = MINIMAL + "labels: true\nperformance: {window: 512}\n"
    found = model_parameters(settings(text, tmp_path), "discovered", {}).outcomes
    assert found.expected
    assert (found.performance.window, found.performance.reference) == (512, 512)


@pytest.mark.parametrize(
    ("model", "everywhere", "expected"),
    [
        ("labels: true", "", True),
        ("labels: false", "labels: true", False),
        ("labels: {delay: 3d}", "", True),
        ("labels: {delay: 3d, expected: false}", "", False),
        ("sources: [p, {topic: l, role: label}]", "", True),
        ("labels: false⏎sources: [p, {topic: l, role: label}]", "", False),
        ("owner: me", "labels: true", True),
        ("owner: me", "labels: {delay: 3d}", False),
    ],
)
def test_labels_are_expected_where_somebody_says_so(
    tmp_path: Path, model: str, everywhere: str, *, expected: bool
) -> None:
    assert outcomes(tmp_path, model, everywhere).expected is expected


@pytest.mark.parametrize(
    ("written", "name"), [("fraud", "fraud"), ("1", "1"), ("'1'", "1"), ("true", "true"), ("0.5", "0.5")]
)
def test_the_positive_class_has_the_name_of_its_cells(tmp_path: Path, written: str, name: str) -> None:
    found = outcomes(tmp_path, f"positive: {written}").performance
    assert (found.kind, found.positive) == (TaskKind.BINARY, name)


def test_a_first_window_is_cut_to_what_fits(tmp_path: Path) -> None:
    assert outcomes(tmp_path, "performance: {window: 800}").performance.reference == 768


@pytest.mark.parametrize("kind", list(TaskKind))
def test_every_figure_that_may_be_promised_is_one_of_its_task(kind: TaskKind) -> None:
    assert names_of(kind)
    for name in names_of(kind):
        assert kind in kinds_of(name)


@pytest.mark.parametrize("name", ["f2", "f1_macro:a", "f1:", "f1_weighted_macro", "roc_auc_weighted", ""])
def test_what_is_no_figure(name: str) -> None:
    assert kinds_of(name) == frozenset()
