"""docs/events.md is complete and true."""

import dataclasses
import json
import re
from pathlib import Path

import numpy as np
import orjson
import pytest
import yaml

from stream_monitor.core.drift_event import EffectSizes
from stream_monitor.core.effect_sizes import MAJOR_PSI, THRESHOLDS, effect_sizes
from stream_monitor.core.events import Reason, Record, Rejected, Source
from stream_monitor.core.reference import boolean, learn_numeric
from stream_monitor.formats import cloud_events, dead_letter, drift_events, retrain_requests
from stream_monitor.formats.mapping import Mapping
from stream_monitor.formats.native_json import (
    MAX_CLASSES,
    MAX_FEATURES,
    MAX_NAME,
    MAX_RECORD_BYTES,
    Rules,
    decode,
)
from stream_monitor.formats.schemas import SCHEMAS, input_event
from tests.golden_files import GOLDEN

TEXT = (Path(__file__).parents[2] / "docs" / "events.md").read_text(encoding="utf-8")
INPUT, MAPPED, REASONS, DRIFT, RETRAIN, DEAD, OPERATIONS, STATUS = re.split(
    r"^### Anybody's JSON|^### Reasons|^## Output: .*", TEXT, flags=re.MULTILINE
)
SOURCE = Source("docs", 0)
NOON = 1795341600000
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in REASONS.splitlines()
    if re.match(r"\| `[a-z_]+` \|", line)
]


def blocks(text: str) -> list[str]:
    return re.findall(r"```json\n(.*?)```", text, re.DOTALL)


def rejected_for(value: str) -> Reason:
    decoded = decode(SOURCE, [Record(0, NOON, None, value.encode())], Rules())
    (one,) = decoded.rejected
    assert not decoded.rows
    return one.reason


def test_the_examples_of_input_are_read() -> None:
    examples = blocks(INPUT)
    assert len(examples) == 4
    for example in examples:
        decoded = decode(SOURCE, [Record(0, NOON, None, example.encode())], Rules())
        assert decoded.rows
        assert not decoded.rejected


def test_every_field_of_the_input_is_in_its_table() -> None:
    written = re.findall(r"^\| `([a-z_]+)` \|", INPUT, re.MULTILINE)
    assert written == list(input_event()["$defs"]["event"]["properties"])


def test_the_bounds_are_those_of_the_code() -> None:
    bounds = [f"{MAX_RECORD_BYTES // 1024} KiB", f"{MAX_FEATURES:,} features", f"{MAX_CLASSES:,} classes"]
    for bound in [*bounds, f"{MAX_NAME} characters"]:
        assert bound in INPUT.replace("\n", " ")


def test_the_mapping_of_the_text_reads_as_it_says() -> None:
    (mapping,) = re.findall(r"```yaml\n(.*?)```", MAPPED, re.DOTALL)
    foreign, native = map(orjson.loads, blocks(MAPPED))
    compiled = Mapping(**yaml.safe_load(mapping))
    assert compiled.native(foreign) == native
    read = [
        decode(SOURCE, [Record(0, NOON, None, orjson.dumps(event))], rules)
        for event, rules in ((foreign, Rules(mapping=compiled)), (native, Rules()))
    ]
    assert read[0] == read[1]
    assert read[0].rows


def test_every_reason_is_listed_once_in_the_table() -> None:
    assert sorted(row[0].strip("`") for row in ROWS) == sorted(Reason)


@pytest.mark.parametrize("reason", [row[0].strip("`") for row in ROWS if row[2]])
def test_the_example_of_a_reason_is_rejected_for_it(reason: str) -> None:
    (example,) = [row[2].strip("`") for row in ROWS if row[0].strip("`") == reason]
    assert rejected_for(example) is Reason(reason)


def test_the_first_thing_that_is_wrong_counts_in_the_order_of_the_table() -> None:
    """From an event with everything wrong, one thing after the other is mended."""
    event: dict[str, object] = {
        "model": None,
        "features": 3,
        "prediction": [],
        "probability": "x",
        "latency_ms": "x",
        "version": 0.5,
        "id": 0.5,
        "time": "never",
    }
    mended = {
        "model": "fraud",
        "features": None,
        "prediction": 1,
        "probability": 1,
        "latency_ms": 1,
        "version": 1,
        "id": 1,
        "time": NOON + 10**9,
    }
    seen = []
    for field, value in mended.items():
        seen.append(rejected_for(json.dumps(event)))
        event[field] = value
    seen.append(rejected_for(json.dumps(event)))
    order = [row[0].strip("`") for row in ROWS]
    assert seen == sorted(seen, key=order.index)
    assert len(set(seen)) == len(seen) == 9


def test_the_drift_event_of_the_text_is_the_reviewed_one() -> None:
    example, _ = blocks(DRIFT)
    reviewed = (GOLDEN / "drift_events" / "opened.json").read_bytes()
    assert drift_events.decode(example.encode()) == drift_events.decode(reviewed)
    assert json.loads(example) == json.loads(reviewed)


def test_the_attribution_of_the_text_is_the_reviewed_one() -> None:
    _, example = blocks(DRIFT)
    reviewed = json.loads((GOLDEN / "drift_events" / "resolved.json").read_text(encoding="utf-8"))
    assert json.loads(example) == reviewed["data"]["attribution"]


def test_the_retrain_request_of_the_text_is_the_reviewed_one() -> None:
    (example,) = blocks(RETRAIN)
    reviewed = (GOLDEN / "drift_events" / "retrain_requested.json").read_bytes()
    assert retrain_requests.decode(example.encode()) == retrain_requests.decode(reviewed)
    assert json.loads(example) == json.loads(reviewed)
    assert f"`{retrain_requests.FORM.type()}`" in RETRAIN


def test_every_effect_size_is_in_its_table_with_the_threshold_of_the_code() -> None:
    sizes = DRIFT.partition("### Effect sizes")[2]
    rows = [line.split(" | ") for line in sizes.splitlines() if re.match(r"\| `[a-z_]+` \|", line)]
    table = {row[0].strip("|` "): (row[1], row[4]) for row in rows}
    assert list(table) == [field.name for field in dataclasses.fields(EffectSizes)]
    assert {name: float(table[name][1].split(";")[0]) for name in THRESHOLDS} == THRESHOLDS
    assert table["psi"][1] == f"{THRESHOLDS['psi']}; {MAJOR_PSI} is critical"
    numbers = effect_sizes(learn_numeric(np.arange(99.0), unusable=0), np.ones(5, np.int64), mean_shift=0.0)
    rates = effect_sizes(boolean(trues=1, size=9, unusable=0), np.ones(3, np.int64), mean_shift=0.0)
    for name, (kinds, _) in table.items():
        of_kind = {"numeric": numbers, "categorical, boolean": rates}
        had = [kind for kind, sizes in of_kind.items() if getattr(sizes, name) is not None]
        assert kinds == ("all" if len(had) == 2 else had[0])


def test_content_type_and_types_are_those_of_the_code() -> None:
    assert f"content-type: {cloud_events.CONTENT_TYPE}" in DRIFT.replace("\n", " ")
    assert drift_events.FORM.type("opened") in DRIFT


def test_every_header_of_a_dead_letter_is_in_its_table() -> None:
    rejected = Rejected(SOURCE, Record(0, NOON, None, b"{"), 0, Reason.NOT_JSON, "not JSON")
    headers = [name for name, _ in dead_letter.encode(rejected, "group", payload=False).headers]
    table = [line.split("|")[1] for line in DEAD.splitlines() if line.startswith("| `")]
    assert sorted(re.findall(r"`([^`]+)`", " ".join(table))) == sorted(headers)


def test_every_schema_is_named() -> None:
    head = TEXT.replace("\n", " ")
    assert [name for name in SCHEMAS if f"`stream-monitor schema {name}`" not in head] == []
    assert "`omitted`" in STATUS


def test_operations_are_described_by_key() -> None:
    assert [f"`{action}/<" in OPERATIONS for action in SCHEMAS["operation"]()["$defs"]] == [True, True]
