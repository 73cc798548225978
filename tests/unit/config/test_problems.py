"""Every kind of problem, with its exact text and place."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from stream_monitor.config import InvalidConfiguration, Problem, load
from tests.unit.config.loaded import MINIMAL, complaints, settings

NINE_LINES = """\
version: 1
kafka: {bootstrap_servers: kafka:9092}
models:
  - name: fraud
    sources: [fraud.predictions, fraud.labels]
    reference: train.parquet
    alerting: {false_alarms: 1 per week}
sinks:
  - kafka: {topic: ml.drift.alerts}
"""


def test_a_problem_reads_as_place_path_what_and_write() -> None:
    problem = Problem(
        file="m.yaml", line=7, column=16, path="models[0].name", what="missing", write="write it"
    )
    assert str(problem) == "m.yaml:7:16 models[0].name: missing; write it"


def test_the_error_of_the_nine_lines_names_what_was_meant(tmp_path: Path) -> None:
    (tmp_path / "train.parquet").touch()
    text = NINE_LINES.replace("false_alarms", "false_alarm")
    assert complaints(text, tmp_path) == [
        'monitor.yaml:7:16 models[0].alerting.false_alarm: unknown key; did you mean "false_alarms"?'
    ]


def test_an_unlike_key_gets_the_list_of_keys(tmp_path: Path) -> None:
    assert complaints(MINIMAL + "http: {frobnicate: 1}\n", tmp_path) == [
        "monitor.yaml:4:8 http.frobnicate: unknown key; write one of listen, ui, token, token_file"
    ]


GOLDEN = Path(__file__).parents[2] / "golden" / "config_problems"


def cases(name: str) -> Iterator[tuple[str, str]]:
    """Pairs of a configuration's lines and the one problem they have."""
    lines = (GOLDEN / name).read_text(encoding="utf-8").splitlines()
    written = [line for line in lines if line and not line.startswith("#")]
    for wrong, expected in zip(written[::2], written[1::2], strict=True):
        assert expected.startswith("    "), expected
        yield wrong, expected.strip()


@pytest.mark.parametrize(("lines", "expected"), list(cases("general.txt")))
def test_problem_of_a_line(tmp_path: Path, lines: str, expected: str) -> None:
    assert complaints(f"{MINIMAL}{lines}\n".replace("⏎", "\n"), tmp_path) == [expected]


@pytest.mark.parametrize(("lines", "expected"), list(cases("models.txt")))
def test_problem_of_a_model(tmp_path: Path, lines: str, expected: str) -> None:
    text = "version: 1\nkafka: {bootstrap_servers: b:9092}\nmodels:\n  - name: fraud\n    owner: me\n"
    text += f"    {lines}\n".replace("⏎", "\n    ")
    if "sources" not in lines:
        text += "    sources: [events]\n"
    assert complaints(text, tmp_path) == [
        expected.format(directory=tmp_path) if "{dir" in expected else expected
    ]


def test_a_model_without_a_name_and_with_another_ones_name(tmp_path: Path) -> None:
    nameless = "version: 1\nkafka: {bootstrap_servers: b}\nmodels:\n  - sources: [a]\n"
    assert complaints(nameless, tmp_path) == [
        "monitor.yaml:4:5 models[0].name: missing; write name: and the name of the model as its events give it"
    ]
    twice = "version: 1\nkafka: {bootstrap_servers: b}\nmodels: [{name: a, sources: [a]}, {name: a, sources: [b]}]\n"
    assert complaints(twice, tmp_path) == [
        "monitor.yaml:3:42 models[1].name: models[0] has the same name; merge the two, or give each its own name"
    ]


MAPPED = "{topic: t, mapping: {label: l}}"
NAMED = "{topic: t, mapping: {model: m, label: l}}"
NOT_ALIKE = "reads the same topic differently; write the same role, format and mapping"
NOBODYS = "maps the same topic, and no path says which model an event belongs to; write mapping.model in both"


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [("t", "t", None), (NAMED, NAMED, None), (MAPPED, MAPPED, NOBODYS), ("t", MAPPED, NOT_ALIKE)],
)
def test_one_topic_is_read_in_one_way(tmp_path: Path, first: str, second: str, expected: str | None) -> None:
    text = "version: 1\nkafka: {bootstrap_servers: b}\nmodels:\n"
    text += f"  - {{name: a, sources: [{first}]}}\n  - {{name: b, sources: [{second}]}}\n"
    if expected is None:
        assert settings(text, tmp_path).models is not None
    else:
        found = complaints(text, tmp_path)
        assert found == [f"monitor.yaml:5:25 models[1].sources[0]: models[0].sources[0] {expected}"]


NO_BROKERS = (
    "kafka.bootstrap_servers: missing; write kafka: {{bootstrap_servers: HOST:PORT}}, or set {}".format(
        "STREAM_MONITOR_KAFKA__BOOTSTRAP_SERVERS"
    )
)
NOTHING = (
    "discovery.topics: nothing to monitor; write models:, or discovery: {{topics: [NAME]}}, or set {}".format(
        "STREAM_MONITOR_DISCOVERY__TOPICS"
    )
)


def test_a_run_on_kafka_needs_brokers_and_something_to_watch(tmp_path: Path) -> None:
    found = complaints("version: 1\n", tmp_path)
    assert found == [f"monitor.yaml:1:1 {NO_BROKERS}", f"monitor.yaml:1:1 {NOTHING}"]
    assert settings("version: 1\n", tmp_path, for_kafka=False).models is None
    with pytest.raises(InvalidConfiguration) as caught:
        load(None, {})
    assert str(caught.value) == f"configuration {NO_BROKERS}\nconfiguration {NOTHING}"


def test_a_missing_key_is_placed_at_its_section(tmp_path: Path) -> None:
    text = "version: 1\ndiscovery: {topics: [a]}\nkafka: {group_id: g}\nmodels: [{name: m}]\n"
    assert complaints(text, tmp_path) == [
        "monitor.yaml:2:13 discovery.topics: discovery ends where models: is given; remove one of the two",
        f"monitor.yaml:3:1 {NO_BROKERS}",
        "monitor.yaml:4:10 models[0].sources: missing; write sources: [TOPIC]",
    ]


def test_a_topic_pattern_begins_with_a_caret_and_is_a_regular_expression(tmp_path: Path) -> None:
    place = "monitor.yaml:3:22 discovery.topics[0]:"
    [found] = complaints(MINIMAL.replace("events", "'^ml[.'"), tmp_path)
    what = '"^ml[." is not a regular expression: unterminated character set at position 3'
    assert found == rf"{place} {what}; write for example ^ml\..*"
    [found] = complaints(MINIMAL.replace("events", "'ml.*'"), tmp_path)
    write = "write 1 to 249 letters, digits, dots, dashes or underscores"
    assert found == f'{place} "ml.*" is not a topic name; {write}'


def test_version_is_needed_in_a_file_and_must_be_known(tmp_path: Path) -> None:
    assert complaints(MINIMAL.removeprefix("version: 1\n"), tmp_path) == [
        "monitor.yaml:1:1 version: missing; begin the file with `version: 1`"
    ]
    assert complaints(MINIMAL.replace("version: 1", "version: 2"), tmp_path) == [
        "monitor.yaml:1:10 version: 2 is not a version this release reads; write version: 1"
    ]


def test_all_problems_at_once_in_the_order_of_the_file(tmp_path: Path) -> None:
    """Those of single keys and those between keys: a typo does not hide a missing file or a sink too many."""
    text = """\
        version: 1
        kafka: {bootstrap_server: b}
        models:
          - name: fraud
            sources: [a, a]
            reference: gone.csv
            tolerance: high
        sinks:
          - webhook: {}
        """
    assert [line.partition(" ")[0] for line in complaints(text, tmp_path)] == [
        "monitor.yaml:2:1",
        "monitor.yaml:2:9",
        "monitor.yaml:5:18",
        "monitor.yaml:6:16",
        "monitor.yaml:7:16",
        "monitor.yaml:9:5",
    ]


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    binary = tmp_path / "binary.yaml"
    binary.write_bytes(b"\xff\xfe\x00")
    for path, what in (
        (tmp_path / "gone.yaml", "cannot be read: No such file or directory; name a readable YAML file"),
        (tmp_path, "cannot be read: Is a directory; name a readable YAML file"),
        (binary, "cannot be read: not UTF-8 text; save the file as UTF-8"),
    ):
        with pytest.raises(InvalidConfiguration) as caught:
            load(path, {})
        assert str(caught.value) == f"{path}: {what}"
