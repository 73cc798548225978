"""Environment variables and the command line: precedence, forms, and problems that name the variable."""

from pathlib import Path

import pytest

from stream_monitor.config import InvalidConfiguration, Listen, load
from tests.unit.config.loaded import MINIMAL, complaints, in_clear, settings

BARE = {"STREAM_MONITOR_KAFKA__BOOTSTRAP_SERVERS": "kafka:9092", "STREAM_MONITOR_DISCOVERY__TOPICS": "a, ^ml"}


def said(environ: dict[str, str]) -> str:
    with pytest.raises(InvalidConfiguration) as caught:
        load(None, BARE | environ)
    return str(caught.value)


def test_no_file_at_all() -> None:
    found = load(None, BARE)
    assert found.kafka.bootstrap_servers == "kafka:9092"
    assert found.discovery.topics == ["a", "^ml"]
    assert found.models is None
    assert found.topics.columns == "stream-monitor.columns"


def test_command_line_before_environment_before_file_before_default(tmp_path: Path) -> None:
    text = MINIMAL + "http: {listen: 'file:1'}\n"
    environ = {"STREAM_MONITOR_HTTP__LISTEN": "environ:2"}
    assert settings(MINIMAL, tmp_path).http.listen == Listen(host="127.0.0.1", port=8080)
    assert settings(text, tmp_path).http.listen == Listen(host="file", port=1)
    assert settings(text, tmp_path, environ).http.listen == Listen(host="environ", port=2)
    found = settings(text, tmp_path, environ, overrides={"http.listen": "line:3"})
    assert found.http.listen == Listen(host="line", port=3)


def test_properties_from_file_environment_and_command_line_are_merged(tmp_path: Path) -> None:
    text = MINIMAL.replace("b:9092", "b:9092, properties: {a.b: 1, c.d: 2, e.f: 3}")
    environ = {
        "STREAM_MONITOR_KAFKA__PROPERTIES__C_D": "env",
        "STREAM_MONITOR_KAFKA__PROPERTIES__CONSUMER_X": "y",
    }
    found = settings(text, tmp_path, environ, overrides={"kafka.properties": {"e.f": "line"}})
    assert in_clear(found) == {"a.b": "1", "c.d": "env", "e.f": "line", "consumer.x": "y"}


def test_numbers_truth_lists_and_sections() -> None:
    found = load(
        None,
        BARE
        | {
            "STREAM_MONITOR_KAFKA__PARTITIONS": "3",
            "STREAM_MONITOR_KAFKA__CREATE_TOPICS": "false",
            "STREAM_MONITOR_DISCOVERY__TOPICS": '["^a{1,2}", "b"]',
            "STREAM_MONITOR_SINKS": '[{"kafka": {"topic": "drift"}}]',
            "STREAM_MONITOR_LOGGING": '{"level": "debug", "format": "json"}',
            "STREAM_MONITOR_LOGGING__FORMAT": "console",
            "STREAM_MONITOR_INSTANCE_ID": "pod-0",
        },
    )
    assert (found.kafka.partitions, found.kafka.create_topics, found.instance_id) == (3, False, "pod-0")
    assert found.discovery.topics == ["^a{1,2}", "b"]
    assert found.topics.alerts == "drift"
    assert (found.logging.level, found.logging.format) == ("debug", "console")


def test_what_others_put_into_the_environment_is_left_alone() -> None:
    environ = {
        "STREAM_MONITOR_PORT": "tcp://10.0.0.1:8080",  # Kubernetes, for a service stream-monitor
        "STREAM_MONITOR_PORT_8080_TCP": "tcp://10.0.0.1:8080",
        "STREAM_MONITOR_SERVICE_HOST": "10.0.0.1",
        "STREAM_MONITOR_VERSION": "0.1.0",  # images
        "STREAM_MONITOR_INSTANCE_ID": "",  # compose, `${ID:-}`
    }
    assert load(None, BARE | environ) == load(None, BARE)


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("KAFKA__COMMIT_EVERY", "2", "kafka.commit_every: 2 has no unit; write 2s"),
        (
            "KAFKA__COMIT_EVERY",
            "2s",
            "kafka: no such key; did you mean STREAM_MONITOR_KAFKA__COMMIT_EVERY?",
        ),
        ("HTTP__X", "1", "http: no such key; write one of listen, ui, token, token_file"),
        ("KAFKAS__GROUP_ID", "1", ": no such key; did you mean STREAM_MONITOR_KAFKA__GROUP_ID?"),
        (
            "MODELS__0__NAME",
            "a",
            "models: a variable cannot set a part of it; set STREAM_MONITOR_MODELS as a whole",
        ),
        ("SINKS", "drift", 'sinks: must be a JSON list; write JSON such as [{"key": "value"}]'),
        ("SINKS", "[1", """sinks: not JSON: Expecting ',' delimiter; write JSON such as ["a", "b"]"""),
        ("HTTP", "off", 'http: not JSON: Expecting value; write JSON such as {"key": "value"}'),
        ("HTTP", "[]", "http: must be a mapping of keys, not a list; write key: value lines below it"),
        ("HTTP", '{"listn": 1}', 'http.listn: unknown key; did you mean "listen"?'),
    ],
)
def test_a_problem_names_the_variable(name: str, value: str, expected: str) -> None:
    space = "" if expected.startswith(":") else " "
    assert said({f"STREAM_MONITOR_{name}": value}) == f"STREAM_MONITOR_{name}{space}{expected}"


def test_problems_of_the_command_line_say_so(tmp_path: Path) -> None:
    with pytest.raises(InvalidConfiguration) as caught:
        settings(MINIMAL, tmp_path, overrides={"http.listen": "here"})
    assert str(caught.value).startswith('command line http.listen: "here" is not HOST:PORT; ')


def test_a_variable_does_not_hide_what_is_wrong_above_it(tmp_path: Path) -> None:
    text = "version: 1\nkafka: b:9092\ndiscovery: {topics: [a]}\n"
    found = complaints(text, tmp_path, {"STREAM_MONITOR_KAFKA__BOOTSTRAP_SERVERS": "b:9092"})
    assert found == [
        "monitor.yaml:2:8 kafka: must be a mapping of keys, not text; write key: value lines below it"
    ]
