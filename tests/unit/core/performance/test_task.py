"""What a task is told from: the rules, one by one, and the configuration over them."""

from collections.abc import Mapping, Sequence

import numpy as np
import pytest

from stream_monitor.core.columnise import column_of
from stream_monitor.core.errors import CorruptState
from stream_monitor.core.performance.task import (
    Labelled,
    Predictions,
    ProbabilityOf,
    Task,
    TaskKind,
    task_of,
)

NAN = float("nan")


def labelled(
    predictions: Sequence[object],
    labels: Sequence[object],
    probability: Sequence[float] | None = None,
    probabilities: Mapping[str, Sequence[float]] | None = None,
) -> Labelled:
    return Labelled(
        predictions=Predictions(
            values=column_of(predictions),
            probability=np.full(len(predictions), NAN) if probability is None else np.array(probability),
            probabilities={name: np.array(column) for name, column in (probabilities or {}).items()},
        ),
        labels=column_of(labels),
    )


def found(pairs: Labelled, *, kind: TaskKind | None = None, positive: str | None = None) -> Task:
    task = task_of(pairs, kind=kind, positive=positive)
    assert task is not None
    return task


@pytest.mark.parametrize(
    ("predictions", "labels", "kind"),
    [
        ([1.5, 2.0], [1.0, 2.0], TaskKind.REGRESSION),
        (list(range(21)), list(range(21)), TaskKind.REGRESSION),
        (list(range(20)), list(range(20)), TaskKind.MULTICLASS),
        ([0, 1, 1], [1, 1, 0], TaskKind.BINARY),
        ([True, False], [True, True], TaskKind.BINARY),
        (["a", "b"], ["a", "a"], TaskKind.BINARY),
        (["a", "b"], ["a", "c"], TaskKind.MULTICLASS),
        (["1.5", "2.5"], ["1.5", "3.5"], TaskKind.MULTICLASS),
    ],
)
def test_the_kind_follows_from_the_values(
    predictions: Sequence[object], labels: Sequence[object], kind: TaskKind
) -> None:
    assert found(labelled(predictions, labels)).kind is kind


def test_numbers_with_probabilities_are_classes() -> None:
    assert found(labelled([1.5, 2.5], [1.5, 1.5], [0.8, 0.7])).kind is TaskKind.BINARY


@pytest.mark.parametrize("labels", [["a", "a"], [None, None]])
def test_one_class_is_not_enough_to_tell(labels: Sequence[object]) -> None:
    assert task_of(labelled(["a", "a"], labels)) is None


def test_classes_that_only_probabilities_name_count() -> None:
    task = found(
        labelled(["a", "a"], ["a", "a"], probabilities={"a": [0.9, 0.8], "b": [0.1, 0.1], "c": [0.0, 0.1]})
    )
    assert task.classes == ("a", "b", "c")


@pytest.mark.parametrize(
    ("labels", "positive"),
    [
        ([0, 1, 1, 1], "1"),
        ([True, False, True], "true"),
        (["No", "Yes", "Yes"], "Yes"),
        (["negative", "malignant", "malignant"], "malignant"),
        (["legit", "fraud", "legit"], "fraud"),
        (["ham", "spam"], "spam"),
    ],
)
def test_the_positive_class_follows_from_names_then_rarity(labels: Sequence[object], positive: str) -> None:
    assert found(labelled(labels, labels)).positive == positive


def test_the_configuration_wins() -> None:
    pairs = labelled(["fraud", "legit", "legit"], ["fraud", "legit", "odd"])
    assert found(pairs, positive="legit", kind=TaskKind.BINARY).positive == "legit"
    assert found(pairs, kind=TaskKind.MULTICLASS).classes == ("fraud", "legit", "odd")
    assert found(labelled([0, 1], [0, 1]), kind=TaskKind.REGRESSION).kind is TaskKind.REGRESSION


def test_a_configured_positive_class_need_not_have_been_seen() -> None:
    task = found(labelled(["legit"], ["legit"]), positive="fraud")
    assert (task.classes, task.positive) == (("fraud", "legit"), "fraud")


def test_of_more_classes_than_two_a_binary_task_keeps_the_most_frequent() -> None:
    task = found(labelled(["a"] * 5, ["a", "a", "b", "b", "c"]), kind=TaskKind.BINARY)
    assert task.classes == ("a", "b")


@pytest.mark.parametrize(
    ("probability", "whose"),
    [
        ([0.9, 0.2, 0.1], ProbabilityOf.POSITIVE),
        ([0.9, 0.6, 0.1], ProbabilityOf.POSITIVE),  # decided at .7
        ([0.9, 0.8, 0.6], ProbabilityOf.PREDICTED),
    ],
)
def test_whose_a_lone_probability_is_follows_from_the_negative_predictions(
    probability: Sequence[float], whose: ProbabilityOf
) -> None:
    assert found(labelled([1, 0, 0], [1, 0, 1], probability)).probability_of is whose


def test_a_task_is_itself_again() -> None:
    task = found(labelled(["a", "b"], ["a", "a"]))
    assert Task.from_plain(task.to_plain()) == task


@pytest.mark.parametrize(
    "plain",
    [
        None,
        {"kind": "binary"},
        {"kind": "guess", "classes": [], "positive": None, "probability_of": "positive"},
        {"kind": "binary", "classes": ["a"], "positive": "a", "probability_of": "positive"},
        {"kind": "binary", "classes": ["a", "b"], "positive": None, "probability_of": "positive"},
        {"kind": "binary", "classes": ["a", "a"], "positive": "a", "probability_of": "positive"},
        {"kind": "multiclass", "classes": ["a", "b"], "positive": "a", "probability_of": "positive"},
        {
            "kind": "multiclass",
            "classes": [str(i) for i in range(33)],
            "positive": None,
            "probability_of": "positive",
        },
        {"kind": "regression", "classes": ["a"], "positive": None, "probability_of": "positive"},
    ],
)
def test_nonsense_is_corrupt(plain: object) -> None:
    with pytest.raises(CorruptState):
        Task.from_plain(plain)  # type: ignore[arg-type]  # what a snapshot may hold
