"""From columns to predictions and labels, and pairs that are kept as they came."""

from typing import Any

import numpy as np
import pytest

from stream_monitor.core.batch import Cell, Column
from stream_monitor.core.columnise import column_of
from stream_monitor.core.errors import CorruptState
from stream_monitor.core.performance.columns import (
    Places,
    joined,
    labelled_of,
    predictions_of,
    taken,
)
from stream_monitor.core.performance.pairs import encode
from stream_monitor.core.performance.task import ProbabilityOf, Task, TaskKind
from stream_monitor.core.performance.undecided import MOST, Undecided

COLUMNS = {
    "label": column_of(["b", "a", "b"]),
    "prediction": column_of(["a", None, "b"]),
    "probability": column_of([0.9, "high", None]),
    "probability:a": column_of([0.9, 0.2, None]),
    "probability:z": column_of([None, None, None]),
    "latency_ms": column_of([1.0, 2.0, 3.0]),
}
ALL = np.arange(3)


def test_what_is_no_number_is_no_probability_and_empty_classes_are_none() -> None:
    predictions = predictions_of(COLUMNS, ALL)
    assert predictions.probability[0] == 0.9
    assert np.isnan(predictions.probability[1:]).all()
    assert list(predictions.probabilities) == ["a"]


def test_rows_are_chosen() -> None:
    labelled = labelled_of(COLUMNS, np.array([2, 0]))
    assert labelled.labels.values.tolist() == [0.0, 0.0]
    assert labelled.predictions.probabilities["a"].tolist()[1] == 0.9


def test_columns_need_not_be_there() -> None:
    predictions = predictions_of({"probability": column_of([0.3, 0.8])}, np.arange(2))
    assert predictions.values.codes.tolist() == [Cell.NONE, Cell.NONE]


@pytest.mark.parametrize(
    ("probability", "classes"),
    [([0.9, 0.4, 0.5], ["fraud", "legit", "fraud"]), ([0.1, 0.0, 1.0], ["legit", "legit", "fraud"])],
)
def test_without_a_prediction_the_likeliest_class_is_predicted(
    probability: list[float], classes: list[str]
) -> None:
    task = Task(
        kind=TaskKind.BINARY,
        classes=("fraud", "legit"),
        positive="fraud",
        probability_of=ProbabilityOf.POSITIVE,
    )
    columns = {"label": column_of(["fraud"] * 3), "probability": column_of(probability)}
    pairs = encode(labelled_of(columns, ALL), task).pairs
    assert [task.classes[int(at)] for at in pairs.predicted] == classes


def test_only_what_is_needed_and_used_is_kept() -> None:
    long = Column(values=np.array([5.0, 7.0]), codes=np.full(2, Cell.TEXT, np.uint8), texts=tuple("abcdefgh"))
    kept = taken({**COLUMNS, "prediction": long}, np.array([1, 0]))
    assert set(kept) == {"label", "prediction", "probability", "probability:a", "probability:z"}
    assert kept["prediction"].texts == ("h", "f")
    assert kept["prediction"].values.tolist() == [0.0, 1.0]


def test_parts_are_put_together_by_name() -> None:
    first, second = taken({"label": column_of(["b", "a"])}, np.arange(2)), taken(COLUMNS, ALL)
    both = joined(first, 2, second, 3)
    assert both["label"].values.tolist() == [0.0, 1.0, 0.0, 1.0, 0.0]
    assert both["label"].texts == ("b", "a")
    assert both["prediction"].codes.tolist() == [Cell.NONE, Cell.NONE, Cell.TEXT, Cell.NULL, Cell.TEXT]


def filled(n: int = 3) -> Undecided:
    undecided = Undecided()
    at = np.arange(n) % 3
    undecided.add(COLUMNS, Places(at, np.arange(n), np.arange(n)))
    return undecided


def test_pairs_that_tell_nothing_are_given_up_and_counted() -> None:
    undecided = filled(MOST - 1)
    undecided.forget_if_full()
    assert (len(undecided), undecided.forgotten) == (MOST - 1, 0)
    undecided.add(COLUMNS, Places(np.arange(1), np.arange(1), np.arange(1)))
    undecided.forget_if_full()
    assert (len(undecided), undecided.forgotten, undecided.columns) == (0, MOST, {})


def test_pairs_that_wait_are_themselves_again() -> None:
    undecided = filled()
    assert Undecided.load(undecided.dump()).dump() == undecided.dump()


def changed(column: str | None = None, **fields: Any) -> dict[str, Any]:
    plain: dict[str, Any] = dict(filled().dump())
    if column is None:
        return {**plain, **fields}
    columns: dict[str, Any] = dict(plain["columns"])
    old: dict[str, Any] = columns.get(column, columns["label"])
    columns[column] = {**old, **fields}
    return {**plain, "columns": columns}


@pytest.mark.parametrize(
    "plain",
    [
        None,
        {},
        changed(times=b""),
        changed(forgotten=-1),
        changed(rows=b"\x00" * 8 * (MOST + 1), times=b"\x00" * 8 * (MOST + 1)),
        changed(columns={}),
        changed("feature:amount"),
        changed("label", codes=b"\x02"),
        changed("label", codes=b"\xff" * 3),
        changed("label", texts=[]),
        changed("label", texts=["a", "b", "c", "d"]),
        changed("label", values=np.array([0.0, 9.0, 0.0]).tobytes()),
        changed("label", values=np.array([0.0, -1.0, 0.0]).tobytes()),
        changed("probability", values=np.full(3, np.nan).tobytes()),
    ],
)
def test_nonsense_is_corrupt(plain: Any) -> None:
    with pytest.raises(CorruptState):
        Undecided.load(plain)
