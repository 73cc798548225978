"""docs/configuration.md is complete and true."""

import re
from pathlib import Path

import pytest

from stream_monitor.config import InvalidConfiguration, load
from stream_monitor.config.kafka_settings import OWNED
from tests.docs.configuration_rows import rows

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
YAML = re.findall(r"```yaml\n(.*?)```", TEXT, re.DOTALL)


@pytest.mark.parametrize("key", rows())
def test_every_key_is_documented_with_type_default_and_meaning(key: str) -> None:
    """Fails with the line that belongs into the table."""
    assert rows()[key] in TEXT.splitlines()


def test_no_key_is_documented_that_does_not_exist() -> None:
    section = TEXT[TEXT.index("## Every key") : TEXT.index("## Environment variables")]
    written = re.findall(r"^\| `([^`]+)` \|", section, re.MULTILINE)
    assert sorted(written) == sorted(rows())


def test_yaml_in_the_text_is_that_of_the_examples() -> None:
    examples = {path.read_text(encoding="utf-8") for path in (ROOT / "examples").glob("*.yaml")}
    assert len(YAML) >= 4
    assert set(YAML) <= examples


def test_every_property_of_the_engine_is_named() -> None:
    section = TEXT[TEXT.index("## Properties of librdkafka") : TEXT.index("## When something is wrong")]
    assert [name for name in OWNED if f"`{name}`" not in section] == []


def test_the_printed_problems_are_what_is_printed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first and second on the nine lines with a typo and a webhook, the third from a variable."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "s3-export").mkdir()
    (tmp_path / "s3-export" / "fraud_train_v7.parquet").touch()
    nine = next(text for text in YAML if "s3-export" in text).partition("\n")[2]
    nine = nine.replace("false_alarms", "false_alarm").replace(
        "kafka: {topic: ml.drift.alerts}", "webhook: {url: x}"
    )
    Path("monitor.yaml").write_text(nine, encoding="utf-8")
    with pytest.raises(InvalidConfiguration) as caught:
        load("monitor.yaml", {"STREAM_MONITOR_KAFKA__COMMIT_EVERY": "2"})
    printed = TEXT[TEXT.index("```text\n") + len("```text\n") :].partition("```")[0]
    assert sorted(printed.splitlines()) == sorted(str(problem) for problem in caught.value.problems)


def test_the_run_without_a_file_loads() -> None:
    line = re.search(
        r"STREAM_MONITOR_KAFKA__BOOTSTRAP_SERVERS=(\S+) STREAM_MONITOR_DISCOVERY__TOPICS='(\S+)' str", TEXT
    )
    assert line is not None
    found = load(
        None,
        {"STREAM_MONITOR_KAFKA__BOOTSTRAP_SERVERS": line[1], "STREAM_MONITOR_DISCOVERY__TOPICS": line[2]},
    )
    assert found.discovery.topics == [r"^ml\..*"]
