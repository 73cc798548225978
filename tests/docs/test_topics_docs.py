"""docs/topics.md is complete and true."""

import dataclasses
import json
import re
from pathlib import Path
from typing import Any

import pytest

from stream_monitor.core.history import LabelHistory, ModelHistory, PerformanceHistory, SeriesHistory
from stream_monitor.core.history_counts import MOST, WIDTHS
from stream_monitor.core.reference_status import SeriesReference
from stream_monitor.formats import history, reference_status
from stream_monitor.formats.schemas import SCHEMAS
from stream_monitor.formats.worker_status import GONE_MS, AssignedPartition, PartitionLoss, WorkerStatus
from tests.golden_files import GOLDEN

TEXT = (Path(__file__).parents[2] / "docs" / "topics.md").read_text(encoding="utf-8")
INTRODUCTION, WORKERS, REFERENCES, HISTORY = re.split(r"^## .*", TEXT, flags=re.MULTILINE)


@pytest.mark.parametrize(
    ("section", "file"),
    [
        (WORKERS, "status/worker_v1.json"),
        (REFERENCES, "status/reference_v1.json"),
        (HISTORY, "history/model_v1.json"),
    ],
)
def test_the_examples_are_records_as_they_are_written(section: str, file: str) -> None:
    (example,) = re.findall(r"```json\n(.*?)```", section, re.DOTALL)
    assert json.loads(example) == json.loads((GOLDEN / file).read_bytes())


@pytest.mark.parametrize(
    ("section", "values"),
    [
        (WORKERS, (WorkerStatus, AssignedPartition, PartitionLoss)),
        (REFERENCES, (SeriesReference,)),
        (HISTORY, (ModelHistory, SeriesHistory, PerformanceHistory, LabelHistory)),
    ],
)
def test_every_field_is_described(section: str, values: tuple[type[Any], ...]) -> None:
    names = {field.name for value in values for field in dataclasses.fields(value)}
    assert names - set(re.findall(r"`(\w+)`", section)) <= {"model", "topic", "partition"}


def test_the_bounds_are_those_of_the_code() -> None:
    assert f"larger than {history.MAX_HISTORY_BYTES:,} bytes" in HISTORY
    assert f"{reference_status.MAX_REFERENCE_BYTES:,} bytes" in REFERENCES
    assert f"older than {GONE_MS // 1000} s" in WORKERS
    assert f"no more than {MOST} buckets" in HISTORY
    assert [width // 60_000 for width in WIDTHS[:5]] == [1, 5, 15, 60, 360]
    assert [width // 86_400_000 for width in WIDTHS[5:]] == [1, 7, 28, 364, 3_640]


def test_the_schemas_it_names_are_printed() -> None:
    for name in re.findall(r"`stream-monitor schema (\w+)`, `([\w-]+)` and `(\w+)`", INTRODUCTION)[0]:
        assert name in SCHEMAS
