"""`stream-monitor ui`: what it needs and what it says when that is missing. That it serves is shown on a real broker."""

import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from stream_monitor.app import ui
from stream_monitor.config import Settings
from stream_monitor.config.fields import Listen
from tests.unit.cli.commands import run

BROKERS = ("--bootstrap-servers", "broker:9092")


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[tuple[Settings, Listen]]:
    """What would have been served, and where."""
    calls: list[tuple[Settings, Listen]] = []

    def serve(
        settings: Settings, listen: Listen, stop: threading.Event, started: Callable[[str], None]
    ) -> None:
        assert not stop.is_set()
        calls.append((settings, listen))
        started("http://127.0.0.1:8080")

    monkeypatch.setattr(ui, "serve_ui", serve)
    monkeypatch.chdir(tmp_path)
    return calls


def test_brokers_are_all_that_it_needs(served: list[tuple[Settings, Listen]]) -> None:
    ran = run("ui", *BROKERS)
    assert (ran.code, ran.out, ran.err) == (0, "", "dashboard: http://127.0.0.1:8080\n")
    ((settings, listen),) = served
    assert settings.kafka.bootstrap_servers == "broker:9092"
    assert str(listen) == "127.0.0.1:8080"


def test_the_address_of_the_command_line_wins(served: list[tuple[Settings, Listen]], tmp_path: Path) -> None:
    (tmp_path / "stream-monitor.yaml").write_text("version: 1\nhttp: {listen: '127.0.0.1:1'}\n")
    assert run("ui", *BROKERS, "--listen", "127.0.0.1:9000").code == 0
    assert run("ui", *BROKERS).code == 0
    assert [str(listen) for _, listen in served] == ["127.0.0.1:9000", "127.0.0.1:1"]


def test_a_reference_file_that_is_elsewhere_does_not_matter(
    served: list[tuple[Settings, Listen]], tmp_path: Path
) -> None:
    file = tmp_path / "monitor.yaml"
    file.write_text("version: 1\nmodels: [{name: m, sources: [a], reference: gone.parquet}]\n")
    assert run("ui", "-c", file, *BROKERS).code == 0
    assert len(served) == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "no brokers: write --bootstrap-servers HOST:PORT, or name a configuration with -c FILE"),
        ((*BROKERS, "--listen", "off"), "write --listen 127.0.0.1:8080"),
        ((*BROKERS, "--listen", "nonsense"), "is not HOST:PORT"),
    ],
)
def test_what_is_missing_is_said(
    served: list[tuple[Settings, Listen]], arguments: tuple[str, ...], said: str
) -> None:
    ran = run("ui", *arguments)
    assert ran.code == 2
    assert said in ran.err
    assert served == []
