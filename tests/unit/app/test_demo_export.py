"""What the demo shows of a retrain request's data: the cases from where the regime begins, with the labels that came since."""

from dataclasses import replace
from functools import partial
from pathlib import Path

import orjson
import pytest
from pyarrow.parquet import read_table

from stream_monitor.app.demo_export import from_memory, training_data
from stream_monitor.core.drift_event import Positions
from stream_monitor.memory.log import MemoryLog
from tests.unit.formats.core_values import REQUEST

TOPIC = "events"


@pytest.fixture
def log() -> MemoryLog:
    """Ten predictions, each followed by the label of the one before."""
    made = MemoryLog(now=lambda: 0)
    made.create_topic(TOPIC, partitions=1)
    for at in range(10):
        one = {
            "model": "m",
            "version": "7",
            "id": f"e{at}",
            "time": 10 * at,
            "features": {"x": at},
            "prediction": "a",
        }
        made.append(TOPIC, orjson.dumps(one), key=b"", timestamp=0)
        label = {"model": "m", "id": f"e{at - 1}", "time": 10 * at + 5, "label": "b"}
        made.append(TOPIC, orjson.dumps(label), key=b"", timestamp=0)
    return made


@pytest.mark.parametrize(("ongoing", "cases", "labels"), [(True, 6, 5), (False, 3, 2)])
def test_the_data_begin_with_the_regime_and_end_with_it_or_go_on(
    log: MemoryLog, tmp_path: Path, ongoing: bool, cases: int, labels: int
) -> None:
    place = Positions(topic=TOPIC, partition=0, first_offset=8, last_offset=13)
    request = replace(REQUEST, positions=(place,), ongoing=ongoing)
    path = tmp_path / "data.parquet"
    assert from_memory(log, request, path) == (cases, labels)
    table = read_table(path)
    assert table["x"].to_pylist() == list(range(4, 4 + cases))
    assert table["label"].to_pylist() == ["b"] * labels + [None] * (cases - labels)


def test_the_file_is_looked_at_and_removed(log: MemoryLog) -> None:
    place = Positions(topic=TOPIC, partition=0, first_offset=0, last_offset=19)
    seen: list[Path] = []

    def write(request: object, path: Path) -> tuple[int, int]:
        seen.append(path)
        return partial(from_memory, log)(replace(REQUEST, positions=(place,)), path)

    training = training_data(REQUEST, write)
    assert (training.cases, training.labels) == (10, 9)
    assert {"id", "time", "version", "x", "prediction", "label"} <= set(training.columns)
    assert training.bytes > 0
    assert not seen[0].exists()
