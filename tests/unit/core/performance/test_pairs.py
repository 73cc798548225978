"""From cells to pairs: classes by place, probabilities made sound, everything else counted."""

import numpy as np
import pytest

from stream_monitor.core.performance.pairs import encode
from stream_monitor.core.performance.task import MOST_CLASSES, ProbabilityOf, Task, TaskKind
from tests.unit.core.performance.test_task import NAN, labelled

BINARY = Task(
    kind=TaskKind.BINARY, classes=("fraud", "legit"), positive="fraud", probability_of=ProbabilityOf.POSITIVE
)
MULTICLASS = Task(kind=TaskKind.MULTICLASS, classes=("a", "b"))


def test_classes_become_places_whatever_they_were_written_as() -> None:
    task = Task(kind=TaskKind.BINARY, classes=("0", "1"), positive="1")
    encoded = encode(labelled([0, 1, "1", 1.0], [1, "0", 1, True]), task)
    assert encoded.pairs.predicted.tolist() == [0.0, 1.0, 1.0]
    assert encoded.pairs.actual.tolist() == [1.0, 0.0, 1.0]
    assert encoded.usable.tolist() == [True, True, True, False]
    assert encoded.foreign == 1


@pytest.mark.parametrize(
    ("whose", "expected"),
    [
        (ProbabilityOf.POSITIVE, [[0.9, 0.1], [0.7, 0.3]]),
        (ProbabilityOf.PREDICTED, [[0.9, 0.1], [0.3, 0.7]]),
    ],
)
def test_a_lone_probability_says_both_of_two_classes(
    whose: ProbabilityOf, expected: list[list[float]]
) -> None:
    task = Task(kind=TaskKind.BINARY, classes=BINARY.classes, positive="fraud", probability_of=whose)
    encoded = encode(labelled(["fraud", "legit"], ["fraud", "legit"], [0.9, 0.7]), task)
    assert encoded.pairs.probabilities == pytest.approx(np.array(expected))


def test_probabilities_by_class_win_over_a_lone_one_and_one_of_two_is_enough() -> None:
    pairs = encode(
        labelled(
            ["fraud"] * 3,
            ["fraud"] * 3,
            [0.5, 0.5, 0.5],
            {"fraud": [0.9, NAN, NAN], "legit": [NAN, 0.2, NAN]},
        ),
        BINARY,
    ).pairs
    assert pairs.probabilities == pytest.approx(np.array([[0.9, 0.1], [0.8, 0.2], [0.5, 0.5]]))


def test_rounded_probabilities_are_made_to_add_up_and_others_are_unknown() -> None:
    encoded = encode(
        labelled(
            ["a"] * 5,
            ["b"] * 5,
            probabilities={"a": [0.33, 0.2, 1.2, NAN, 1.0], "b": [0.66, 0.2, -0.2, NAN, NAN]},
        ),
        MULTICLASS,
    )
    assert encoded.unsound == 2
    assert encoded.pairs.probabilities[0] == pytest.approx([1 / 3, 2 / 3])
    assert np.isnan(encoded.pairs.probabilities[1:4]).all()
    assert encoded.pairs.probabilities[4].tolist() == [1.0, 0.0]
    assert len(encoded.pairs.known()) == 2


def test_a_third_class_of_two_is_foreign() -> None:
    encoded = encode(labelled(["fraud", "odd", "fraud"], ["odd", "fraud", "legit"]), BINARY)
    assert (encoded.foreign, encoded.task, len(encoded.pairs)) == (2, BINARY, 1)


def test_many_classes_may_become_more_in_the_order_of_rows_up_to_a_cap() -> None:
    encoded = encode(labelled(["y", "a"], ["z", "e"], probabilities={"d": [NAN, 1.0]}), MULTICLASS)
    assert encoded.task.classes == ("a", "b", "z", "y", "e", "d")
    many = [f"c{i:02}" for i in range(MOST_CLASSES)]
    encoded = encode(labelled(many, many), MULTICLASS)
    assert len(encoded.task.classes) == MOST_CLASSES
    assert encoded.foreign == 2


def test_old_pairs_gave_a_new_class_no_probability() -> None:
    pairs = encode(
        labelled(["a", "b"], ["b", "b"], probabilities={"a": [0.4, NAN], "b": [0.6, NAN]}), MULTICLASS
    ).pairs
    wide = pairs.widened(3).probabilities
    assert wide[0].tolist() == [0.4, 0.6, 0.0]
    assert np.isnan(wide[1]).all()


def test_only_numbers_are_pairs_of_a_regression() -> None:
    encoded = encode(
        labelled([1.5, "2", None, True, 4.0], [1.0, 2.0, 3.0, 4.0, float("inf")]),
        Task(kind=TaskKind.REGRESSION),
    )
    assert encoded.pairs.predicted.tolist() == [1.5]
    assert encoded.pairs.actual.tolist() == [1.0]
    assert encoded.foreign == 4
