from collections.abc import Callable
from pathlib import Path

import pytest

from stream_monitor.app import service
from stream_monitor.config import Settings
from stream_monitor.core.errors import StreamMonitorError
from tests.unit.cli.commands import configuration, run


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[Settings]:
    """Settings of the services that would have been run."""
    seen: list[Settings] = []

    def run_service(settings: Settings, stop: Callable[[], bool], **_: object) -> None:
        assert not stop()
        seen.append(settings)

    monkeypatch.setattr(service, "run_service", run_service)
    return seen


def test_options_are_laid_over_the_file(tmp_path: Path, started: list[Settings]) -> None:
    ran = run(
        "run", "-c", configuration(tmp_path), "--http", "off", "-X", "a=b", "--bootstrap-servers", "k:1"
    )
    assert (ran.code, ran.out) == (0, "")
    (settings,) = started
    assert settings.http.listen is None
    assert settings.kafka.bootstrap_servers == "k:1"
    assert settings.kafka.properties["a"].value == "b"


def test_a_wrong_option_is_a_problem_of_the_command_line(tmp_path: Path, started: list[Settings]) -> None:
    ran = run("run", "-c", configuration(tmp_path), "--http", "nowhere")
    assert ran.code == 2
    assert ran.err.startswith("command line http.listen: ")
    assert started == []


def test_a_failure_of_the_service_is_1(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def run_service(_settings: Settings, _stop: Callable[[], bool], **_: object) -> None:
        raise StreamMonitorError("no broker answers; start one")

    monkeypatch.setattr(service, "run_service", run_service)
    ran = run("run", "-c", configuration(tmp_path))
    assert (ran.code, ran.err) == (1, "error: no broker answers; start one\n")
