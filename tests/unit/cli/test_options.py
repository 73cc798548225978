from pathlib import Path

import pytest
import typer

from stream_monitor.cli.options import load_settings, overrides_of
from stream_monitor.config import InvalidConfiguration
from tests.unit.cli.commands import configuration


def test_options_become_settings_and_what_is_not_given_does_not() -> None:
    assert overrides_of() == {}
    assert overrides_of(http="off", bootstrap_servers="k:1", properties=["a.b=1=2", "c="]) == {
        "http.listen": "off",
        "kafka.bootstrap_servers": "k:1",
        "kafka.properties": {"a.b": "1=2", "c": ""},
    }


@pytest.mark.parametrize("text", ["", "a", "=1", " =1"])
def test_a_property_needs_a_name_and_a_value(text: str) -> None:
    with pytest.raises(typer.BadParameter, match="PROP=VALUE"):
        overrides_of(properties=[text])


def test_the_command_line_wins_over_the_environment_and_that_over_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = configuration(tmp_path)
    assert load_settings(file).kafka.bootstrap_servers == "localhost:9092"
    monkeypatch.setenv("STREAM_MONITOR_KAFKA__BOOTSTRAP_SERVERS", "environment:1")
    monkeypatch.setenv("STREAM_MONITOR_KAFKA__GROUP_ID", "from-environment")
    settings = load_settings(file, {"kafka.bootstrap_servers": "command:1"})
    assert settings.kafka.bootstrap_servers == "command:1"
    assert settings.kafka.group_id == "from-environment"


def test_properties_are_laid_over_those_of_the_file(tmp_path: Path) -> None:
    text = "version: 1\nkafka: {bootstrap_servers: k:1, properties: {a: 1, b: 2}}\ndiscovery: {topics: [t]}\n"
    settings = load_settings(configuration(tmp_path, text), overrides_of(properties=["b=3"]))
    assert {key: prop.value for key, prop in settings.kafka.properties.items()} == {"a": "1", "b": "3"}


def test_the_default_file_is_read_if_it_is_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InvalidConfiguration):
        load_settings(None)
    configuration(tmp_path).rename("stream-monitor.yaml")
    assert load_settings(None).kafka.bootstrap_servers == "localhost:9092"
    assert load_settings(None, for_kafka=False).models is None  # files are not replayed by chance with it


def test_unknown_detectors_are_a_problem_of_the_configuration(tmp_path: Path) -> None:
    text = (
        "version: 1\nkafka: {bootstrap_servers: k:1}\nmodels: [{name: m, sources: [t], detectors: [adwim]}]\n"
    )
    with pytest.raises(InvalidConfiguration, match="adwin"):
        load_settings(configuration(tmp_path, text))
