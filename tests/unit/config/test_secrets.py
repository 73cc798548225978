"""References in kafka.properties, what the engine owns, and that no secret is ever shown."""

import json
import traceback
from pathlib import Path

import pytest

from stream_monitor.config import InvalidConfiguration
from tests.unit.config.loaded import complaints, in_clear, settings

HIDDEN = "hunter2"


def text(properties: str) -> str:
    return f"version: 1\nkafka:\n  bootstrap_servers: b\n  properties: {{{properties}}}\ndiscovery: {{topics: [a]}}\n"


def test_references_to_environment_and_files(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("from file\n")
    found = settings(
        text(
            'sasl.password: "${ENV:PW}", sasl.username: "u-${ENV:PW}-${FILE:token}", group: "$${x}",'
            ' debug: "a$b", linger.ms: 5, socket.keepalive.enable: true'
        ),
        tmp_path,
        {"PW": HIDDEN},
    )
    assert in_clear(found) == {
        "sasl.password": HIDDEN,
        "sasl.username": f"u-{HIDDEN}-from file",
        "group": "${x}",
        "debug": "a$b",
        "linger.ms": "5",
        "socket.keepalive.enable": "true",
    }


def test_a_value_of_an_environment_variable_is_not_interpolated_again(tmp_path: Path) -> None:
    found = settings(text('sasl.password: "${ENV:PW}"'), tmp_path, {"PW": "${ENV:HOME}"})
    assert in_clear(found)["sasl.password"] == "${ENV:HOME}"


def test_properties_of_one_client_keep_its_prefix(tmp_path: Path) -> None:
    found = settings(text("a: 1, consumer.a: 2, producer.b: 3, admin.c: 4"), tmp_path)
    assert in_clear(found) == {"a": "1", "consumer.a": "2", "producer.b": "3", "admin.c": "4"}


def test_nothing_shows_a_secret(tmp_path: Path) -> None:
    found = settings(
        text(
            f"sasl.password: {HIDDEN}, ssl.key.pem: {HIDDEN}, sasl.oauthbearer.client.secret: {HIDDEN},"
            f' sasl.jaas.config: {HIDDEN}, x.token: {HIDDEN}, client.id: "${{ENV:PW}}", security.protocol: SSL'
        ),
        tmp_path,
        {"PW": HIDDEN},
    )
    shown = [
        repr(found),
        str(found),
        json.dumps(found.redacted()),
        found.model_dump_json(),
        str(found.model_dump()),
    ]
    shown += [repr(found.kafka), repr(found.kafka.properties)]
    assert all(HIDDEN not in one for one in shown)
    assert found.redacted()["kafka"]["properties"] == {
        "sasl.password": "***",
        "ssl.key.pem": "***",
        "sasl.oauthbearer.client.secret": "***",
        "sasl.jaas.config": "***",
        "x.token": "***",
        "client.id": "***",
        "security.protocol": "SSL",
    }


def test_values_elsewhere_under_secret_looking_keys_are_masked(tmp_path: Path) -> None:
    models = f"models: [{{name: m, sources: [a], alerting: {{labels: {{api_key: {HIDDEN}, team: risk}}}}}}]\n"
    found = settings(f"version: 1\nkafka: {{bootstrap_servers: b}}\n{models}", tmp_path)
    assert found.redacted()["models"][0]["alerting"]["labels"] == {"api_key": "***", "team": "risk"}


def test_no_error_shows_a_secret(tmp_path: Path) -> None:
    wrong = text(
        f"sasl.password: [{HIDDEN}], group.id: {HIDDEN}, ssl.key.pem: '${{{HIDDEN}}}', a: '${{{HIDDEN}'"
    )
    wrong += f"models: {{sasl.password: {HIDDEN}}}\nsinks: {HIDDEN}\nalerting: [{HIDDEN}]\n"
    with pytest.raises(InvalidConfiguration) as caught:
        settings(wrong, tmp_path)
    assert len(caught.value.problems) >= 7
    assert HIDDEN not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("${ENV:PW}", "the environment variable PW is not set; set PW, or write the value in a file"),
        (
            "${FILE:gone}",
            "cannot read gone: No such file or directory; name a readable file of UTF-8 text",
        ),
        (
            "${FILE:binary}",
            "cannot read binary: not UTF-8 text; name a readable file of UTF-8 text",
        ),
        (
            "${PW}",
            "not a reference; write ${ENV:NAME} or ${FILE:/path}, or $${ for the two characters themselves",
        ),
        ("${ENV:PW", "a reference is not closed; write ${ENV:NAME} or ${FILE:/path}"),
    ],
)
def test_a_reference_that_leads_nowhere(tmp_path: Path, value: str, expected: str) -> None:
    (tmp_path / "binary").write_bytes(b"\xff")
    found = complaints(text(f'sasl.password: "{value}"'), tmp_path)
    assert found == [f"monitor.yaml:4:31 kafka.properties.sasl.password: {expected}"]


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        (
            "enable.auto.commit",
            "offsets are committed in the transaction that publishes their results; remove it",
        ),
        (
            "enable.auto.offset.store",
            "offsets are committed in the transaction that publishes their results; remove",
        ),
        ("enable.partition.eof", "restoring ends at the end of a partition; remove it: the engine sets it"),
        ("isolation.level", "only committed records may be read; remove it: the engine sets it"),
        ("enable.idempotence", "transactions need it on; remove it: the engine sets it"),
        ("acks", "a commit must hold on every in-sync replica; remove it: the engine sets it"),
        ("producer.request.required.acks", "a commit must hold on every in-sync replica; remove it"),
        ("partition.assignment.strategy", "partitions move without stopping those that stay; remove it"),
        ("transactional.id", "it fences an earlier run of the same instance; set instance_id instead"),
        (
            "transaction.timeout.ms",
            "it bounds how long readers wait after a crash; remove it: the engine sets it",
        ),
        ("message.timeout.ms", "no message may outlive its transaction; remove it: the engine sets it"),
        ("delivery.timeout.ms", "no message may outlive its transaction; remove it: the engine sets it"),
        ("auto.offset.reset", "a silent reset would lose events; set kafka.on_lost_data instead"),
        ("group.id", "there is a key for it; set kafka.group_id instead"),
        ("group.instance.id", "it must differ between instances; set instance_id instead"),
        ("bootstrap.servers", "there is a key for it; set kafka.bootstrap_servers instead"),
        ("metadata.broker.list", "there is a key for it; set kafka.bootstrap_servers instead"),
        ("plugin.library.paths", "a configuration must not load code; remove it"),
        ("consumer.group.id", "there is a key for it; set kafka.group_id instead"),
    ],
)
def test_what_the_engine_owns_is_refused_with_the_reason(tmp_path: Path, key: str, expected: str) -> None:
    [found] = complaints(text(f"{key}: x"), tmp_path)
    start = f"monitor.yaml:4:16 kafka.properties.{key}: this property belongs to the engine: {expected}"
    assert found.startswith(start)


def test_callbacks_and_empty_names_are_refused(tmp_path: Path) -> None:
    assert complaints(text("stats_cb: x, producer.: y, max.poll.interval.ms: 1"), tmp_path) == [
        "monitor.yaml:4:16 kafka.properties.stats_cb: callbacks are the engine's; remove it",
        (
            "monitor.yaml:4:29 kafka.properties.producer.: not a property of librdkafka;"
            " write a name such as security.protocol"
        ),
    ]


def test_brokers_are_a_list_joined_by_commas(tmp_path: Path) -> None:
    line = "version: 1\nkafka: {bootstrap_servers: '%s'}\ndiscovery: {topics: [a]}\n"
    assert settings(line % "a:1, b:2", tmp_path).kafka.bootstrap_servers == "a:1,b:2"
    assert complaints(line % "a:1,,b:2", tmp_path) == [
        (
            'monitor.yaml:2:28 kafka.bootstrap_servers: "a:1,,b:2" is not a list of brokers;'
            " write HOST:PORT, several joined by commas"
        )
    ]


HTTP = "version: 1\nkafka: {bootstrap_servers: b}\ndiscovery: {topics: [a]}\nhttp: "
TOKEN = "0123456789abcdef~+/="


@pytest.mark.parametrize(
    "written", [f"token: {TOKEN}", '{token: "${ENV:TOKEN}"}', "{token_file: secrets/token}"]
)
def test_the_http_token_is_given_in_clear_by_reference_or_in_a_file(tmp_path: Path, written: str) -> None:
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "token").write_text(TOKEN + "\n")
    written = written if written.startswith("{") else f"{{{written}}}"
    found = settings(HTTP + written + "\n", tmp_path, {"TOKEN": TOKEN})
    assert found.http.bearer_token is not None
    assert found.http.bearer_token.value == TOKEN
    shown = [repr(found), json.dumps(found.redacted()), found.model_dump_json(), str(found.model_dump())]
    assert all(TOKEN not in one for one in shown)


def test_without_a_token_there_is_none(tmp_path: Path) -> None:
    assert settings(HTTP + "{}\n", tmp_path).http.bearer_token is None


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("token: hunter2", "15 http.token: shorter than 16 characters: it could be guessed; write for"),
        ("token: 'hunter2 hunter2 hunter2'", "15 http.token: not a bearer token: only letters, digits and"),
        ("token: 12", "15 http.token: must be text, not a number; write text in quotes, ${ENV:NAME}"),
        ("token: '${ENV:NONE}'", "15 http.token: the environment variable NONE is not set; set NONE, or"),
        ("token_file: 1", "20 http.token_file: must be a path, not a number; name a readable file"),
        ("token_file: gone", "20 http.token_file: cannot read gone: No such file or directory; name a"),
        (f"token: {TOKEN}, token_file: token", "7 http: gives both token and token_file; keep one of the"),
    ],
)
def test_a_token_that_is_none_is_refused_and_never_shown(tmp_path: Path, written: str, expected: str) -> None:
    (tmp_path / "token").write_text(TOKEN)
    [found] = complaints(HTTP + "{" + written + "}\n", tmp_path)
    assert found.startswith(f"monitor.yaml:4:{expected}")
    assert HIDDEN not in found
