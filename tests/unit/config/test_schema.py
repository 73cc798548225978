"""The JSON Schema for editors: kept as reviewed, valid itself, and of one mind with the loader about the examples."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from stream_monitor.config import json_schema
from stream_monitor.config.loading import load

ROOT = Path(__file__).parents[3]
GOLDEN = ROOT / "tests" / "golden" / "schema" / "config.json"
EXAMPLES = sorted((ROOT / "examples").glob("*.yaml"))


def wrong(document: Any) -> list[str]:
    return [error.message for error in Draft202012Validator(json_schema()).iter_errors(document)]


def test_the_schema_is_the_reviewed_one() -> None:
    """On purpose changed? `stream-monitor schema config > tests/golden/schema/config.json`, and review the difference."""
    assert json.loads(GOLDEN.read_text(encoding="utf-8")) == json_schema()


def test_the_schema_is_one() -> None:
    Draft202012Validator.check_schema(json_schema())


def test_every_key_has_a_description() -> None:
    schema = json_schema()
    sections = [schema, *schema["$defs"].values()]
    for section in sections:
        for name, field in section["properties"].items():
            reference = field.get("$ref", "").rpartition("/")[2]
            assert field.get("description") or schema["$defs"][reference]["description"], name


def test_later_keys_are_absent() -> None:
    text = json.dumps(json_schema())
    for key in (
        "schema_registry",
        "label_delay",
        "top_features",
        "cooldown",
    ):
        assert key not in text


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_examples_fit_the_schema_and_load(example: Path, tmp_path: Path) -> None:
    """As they stand, given the files they name."""
    text = example.read_text(encoding="utf-8")
    assert wrong(yaml.safe_load(text)) == []
    for name in ("s3-export/fraud_train_v7.parquet", "data/fraud_train_v7.parquet"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    secret = tmp_path / "kafka-password"
    secret.write_text("hunter2\n")
    here = tmp_path / example.name
    here.write_text(text.replace("/run/secrets/kafka-password", str(secret)), encoding="utf-8")
    found = load(here, {})
    assert "hunter2" not in str(found.redacted())
    for model in found.models or []:
        if model.reference and model.reference.file:
            assert model.reference.file.is_relative_to(tmp_path)


def test_there_are_examples() -> None:
    assert {path.stem for path in EXAMPLES} >= {"one-model", "discovery", "mapped", "advanced"}


@pytest.mark.parametrize(
    "text",
    [
        "{}",
        "{version: 2}",
        "{version: 1, htpp: {}}",
        "{version: 1, models: []}",
        "{version: 1, models: [{owner: a}]}",
        "{version: 1, models: [{name: a, features: {b: skip}}]}",
        "{version: 1, models: [{name: a, features: {b: }}]}",
        "{version: 1, models: [{name: a, sources: [{role: label}]}]}",
        "{version: 1, models: [{name: a, sources: [{topic: b, format: avro}]}]}",
        "{version: 1, alerting: {false_alarms: often}}",
        "{version: 1, kafka: {partitions: 0}}",
        "{version: 1, kafka: {replication_factor: 0}}",
        "{version: 1, state: {checkpoint_every: 30}}",
        "{version: 1, ingest: {max_record_bytes: 5}}",
        "{version: 1, ingest: {max_record_bytes: 524289}}",
        "{version: 1, logging: {level: loud}}",
    ],
)
def test_the_schema_refuses(text: str) -> None:
    assert wrong(yaml.safe_load(text))
