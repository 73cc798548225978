"""The AsyncAPI document before its official parser, with errors that it must find."""

import copy
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from stream_monitor.app.asyncapi.document import VERSION, document
from tests.asyncapi_parser import ParserUnavailableError, parse
from tests.unit.cli.commands import configuration, run

CONFIGURATION = """\
version: 1
kafka:
  bootstrap_servers: a:9092,b:9092
  group_id: risk team
  partitions: 6
  replication_factor: 3
  properties: {security.protocol: SASL_SSL, sasl.mechanism: PLAIN, sasl.username: ann, sasl.password: secret}
ingest: {dead_letter_payload: true}
models:
  - name: fraud
    sources:
      - fraud.events
      - {topic: fraud_labels-2, role: label}
      - topic: foreign
        mapping: {id: request.id, features: [request.body.0.amt], prediction: response.class}
  - {name: churn, sources: [fraud.events]}
"""
DISCOVERY = """\
version: 1
discovery: {topics: [plain, '^fraud\\..*']}
"""


def test_the_parser_finds_nothing_to_say_of_it(tmp_path: Path) -> None:
    arguments: list[list[str | Path]] = [[]]
    for name, text in (("models", CONFIGURATION), ("discovery", DISCOVERY)):
        folder = tmp_path / name
        folder.mkdir()
        arguments.append(["-c", configuration(folder, text)])
    printed = [run("schema", "asyncapi", *more) for more in arguments]
    assert [(one.code, one.err) for one in printed] == [(0, "")] * 3
    generic, models, discovered = parse([json.loads(one.out) for one in printed])
    for one in (generic, models, discovered):
        assert one.diagnostics == []
        assert one.version == VERSION
    assert generic.operations["send-alerts"] == {
        "action": "send",
        "channels": ["stream-monitor.alerts"],
        "messages": ["drift-opened", "drift-updated", "drift-resolved", "retrain-requested"],
    }
    assert models.operations["receive-input.foreign"] == {
        "action": "receive",
        "channels": ["foreign"],
        "messages": ["mapped-event"],
    }
    assert discovered.operations["receive-input"]["channels"] == ["{topic}"]


def _structure(said: Any) -> None:
    said["operations"]["send-alerts"]["action"] = "publish"
    said["channels"]["status"]["bindings"]["kafka"]["partitions"] = 0


def _definitions(said: Any) -> None:
    said["components"]["schemas"]["DriftCloudEvent"]["properties"]["data"]["$ref"] = "#/$defs/DriftEvent"


def _stranger(said: Any) -> None:
    said["operations"]["send-alerts"]["messages"][0]["$ref"] = "#/channels/history/messages/history"


# What spoils the document → what the parser must find, and where. It does not look at examples: the unit tests do.
ERRORS: dict[Callable[[Any], None], set[tuple[str, str]]] = {
    _structure: {
        ("asyncapi-document-resolved", "operations/send-alerts/action"),
        ("asyncapi-document-resolved", "channels/status/bindings/kafka/partitions"),
    },
    _definitions: {("invalid-ref", "components/schemas/DriftCloudEvent/properties/data/$ref")},
    _stranger: {
        ("asyncapi3-operation-messages-from-referred-channel", "operations/send-alerts/messages/0"),
    },
}


def test_the_parser_finds_what_is_wrong() -> None:
    wrong = []
    for spoil in ERRORS:
        wrong.append(copy.deepcopy(document()))
        spoil(wrong[-1])
    for expected, found in zip(ERRORS.values(), parse(wrong), strict=True):
        assert found.version is None
        assert expected <= {(one["code"], one["path"]) for one in found.diagnostics}


@pytest.mark.parametrize("missing", ["node", "npm"])
def test_what_is_missing_is_named(missing: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(shutil, "which", lambda name: None if name == missing else f"/bin/{name}")
    with pytest.raises(ParserUnavailableError, match=f"no {missing} found .* apt-get install -y nodejs npm"):
        parse([document()])
    assert not list(tmp_path.rglob("parser"))
