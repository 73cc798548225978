"""Commands that print what there is: detectors, schema, version, topics create --print."""

import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from stream_monitor import __version__
from stream_monitor.detectors.registry import installed
from tests.unit.cli.commands import configuration, run


def test_detectors_as_a_table_and_as_json() -> None:
    ran = run("detectors")
    said = json.loads(run("detectors", "--json").out)
    assert ran.code == 0
    assert [one["id"] for one in said] == list(installed().ids())
    assert all(one["id"] in ran.out for one in said)
    adwin = next(one for one in said if one["id"] == "adwin")
    assert adwin["kinds"] == ["boolean", "numeric"]
    assert adwin["parameters"]["delta"] == 0.002
    assert [one["grain"] for one in said if one["id"] in {"adwin", "kswin"}] == ["block", "value"]
    assert adwin["problem"] is None
    assert "delta=0.002" in ran.out


def test_schemas_are_listed_and_printed() -> None:
    names = run("schema").out.split()
    assert names == [
        "config",
        "test",
        "event",
        "drift-event",
        "retrain-request",
        "status",
        "worker",
        "series-references",
        "history",
        "operation",
        "reference",
        "openapi",
        "asyncapi",
    ]
    for name in names:
        ran = run("schema", name)
        assert ran.code == 0
        Draft202012Validator.check_schema(json.loads(ran.out))


def test_an_unknown_schema_is_wrong_usage() -> None:
    ran = run("schema", "conf")
    assert (ran.code, ran.out) == (2, "")
    assert "there are config, test, event, drift-event, retrain-request, status, worker, " in ran.err


def test_the_topics_of_a_configuration_are_those_of_its_asyncapi_document(tmp_path: Path) -> None:
    ran = run("schema", "asyncapi", "-c", configuration(tmp_path))
    assert (ran.code, ran.err) == (0, "")
    channels = json.loads(ran.out)["channels"]
    inputs = [one["address"] for name, one in channels.items() if name.startswith("input")]
    assert inputs == ["fraud.predictions", "fraud.labels"]
    assert run("schema", "asyncapi").out == run("schema", "asyncapi", STREAM_MONITOR__KAFKA__GROUP_ID="x").out


def test_other_schemas_have_nothing_to_do_with_a_configuration(tmp_path: Path) -> None:
    ran = run("schema", "event", "-c", configuration(tmp_path))
    assert (ran.code, ran.out) == (2, "")
    assert "the schema event is the same for every configuration: leave out --config" in ran.err


def test_version() -> None:
    assert run("version").out.startswith(f"stream-monitor {__version__}\n")
    said = json.loads(run("version", "--json").out)
    assert said["version"] == __version__
    assert set(said["libraries"]) == {"confluent-kafka", "river", "numpy", "pyarrow"}


def test_the_commands_that_create_topics_are_printed_without_a_broker(tmp_path: Path) -> None:
    ran = run("topics", "create", "--print", "-c", configuration(tmp_path), "--bootstrap-servers", "k:9")
    lines = ran.out.splitlines()
    assert ran.code == 0
    assert len(lines) == 7
    assert all(line.startswith("kafka-topics.sh --bootstrap-server k:9 --create --topic ") for line in lines)


@pytest.mark.parametrize("command", [["run"], ["topics", "create"], ["check"]])
def test_without_brokers_and_topics_nothing_starts(
    command: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    ran = run(*command)
    assert (ran.code, ran.out) == (2, "")
    assert "kafka.bootstrap_servers: missing" in ran.err
