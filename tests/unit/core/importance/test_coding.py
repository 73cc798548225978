import numpy as np
import pytest

from stream_monitor.core.batch import Column, ColumnBatch
from stream_monitor.core.columnise import PlacedRow, columnise
from stream_monitor.core.events import Role, Row, Source
from stream_monitor.core.importance.coding import (
    MISSING,
    NOTHING,
    OTHER,
    OUTPUTS,
    QUANTILES,
    FeatureCoding,
    OutputCoding,
    shares,
)
from stream_monitor.core.reference import learn_boolean, learn_categorical, learn_numeric
from stream_monitor.core.standardise import Lens

NORMAL = Lens(learn_numeric(np.random.default_rng(1).normal(size=2_000), unusable=0))
SHARE = Lens(learn_numeric(np.random.default_rng(2).random(2_000), unusable=0))
YES_NO = Lens(learn_categorical(["no"] * 900 + ["yes"] * 100, unusable=0, cap=64))


def batch_of(outputs: list[dict[str, object]]) -> ColumnBatch:
    rows = [Row("m", "1", None, at, int(Role.PREDICTION), {}, said) for at, said in enumerate(outputs)]
    return columnise("m", [PlacedRow(row, 0, at, 0) for at, row in enumerate(rows)], (Source("p", 0),))


def column_of(values: list[object]) -> Column:
    return batch_of([{"prediction": value} for value in values]).columns["prediction"]


def codes(coding: OutputCoding | None, outputs: list[dict[str, object]]) -> list[int]:
    assert coding is not None
    return [int(code) for code in coding.code(batch_of(outputs), np.arange(len(outputs)))]


@pytest.mark.parametrize("values", [np.random.default_rng(3).normal(size=5_000), np.arange(1_000.0)])
def test_groups_of_numbers_are_about_equal_shares(values: np.ndarray) -> None:
    lens = Lens(learn_numeric(values, unusable=0))
    groups = shares(lens.reference.counts, 8)
    held = np.bincount(groups, weights=lens.reference.counts)
    assert (np.diff(groups) >= 0).all()
    assert len(held) == 8
    assert held.min() > 0.5 * len(values) / 8
    assert held.max() < 1.5 * len(values) / 8


@pytest.mark.parametrize("counts", [[0] * 20, [1] * 20, [0, 900, *[1] * 40], [*[1] * 40, 900], [5] * 3])
def test_groups_are_never_too_many(counts: list[int]) -> None:
    groups = shares(counts, 5)
    assert len(groups) == len(counts)
    assert groups.max() < 5
    assert (np.diff(groups.astype(int)) >= 0).all()


def test_a_value_that_is_most_of_them_leaves_the_others_their_groups() -> None:
    assert len(set(shares([0, 900, *[1] * 40, 0], 8)[2:].tolist())) == 7


def test_what_is_missing_is_a_group_of_its_own() -> None:
    column = column_of([0.0, None, "x", float("nan"), -9.0, 9.0])
    found = FeatureCoding.of(NORMAL).code(column).tolist()
    assert found[1:4] == [MISSING] * 3
    assert (found[4], found[5]) == (0, MISSING - 1)
    assert 0 < found[0] < MISSING - 1


def test_only_the_texts_of_the_rows_are_looked_up() -> None:
    coding = FeatureCoding.of(YES_NO)
    column = column_of([*(f"t{at}" for at in range(500)), "yes", "no", None])
    at = np.arange(498, 503)
    assert coding.code(column.take(at)).tolist() == coding.code(column)[at].tolist() == [2, 2, 1, 0, MISSING]


def test_a_number_that_is_put_out_is_coded_by_quantiles() -> None:
    coding = OutputCoding.of(NORMAL, None, [])
    assert codes(coding, [{"prediction": x} for x in (-9.0, 9.0, None, "x")]) == [
        0,
        QUANTILES - 1,
        NOTHING,
        NOTHING,
    ]


def test_classes_have_the_same_place_in_all_versions() -> None:
    classes: list[str] = []
    first = OutputCoding.of(YES_NO, None, classes)
    turned = Lens(learn_categorical(["yes"] * 9 + ["no"] * 3 + ["maybe"], unusable=0, cap=64))
    second = OutputCoding.of(turned, None, classes)
    said: list[dict[str, object]] = [{"prediction": one} for one in ("no", "yes", "maybe", "never", None)]
    assert codes(first, said) == [0, 1, OTHER, OTHER, NOTHING]
    assert codes(second, said) == [0, 1, 2, OTHER, NOTHING]
    assert classes == ["no", "yes", "maybe"]


def test_numbers_and_truths_can_be_classes() -> None:
    few = OutputCoding.of(Lens(learn_numeric(np.array([1.0, 2.0, 2.0]), unusable=0)), None, [])
    assert codes(few, [{"prediction": x} for x in (1, 2, 7, -1)]) == [0, 1, OTHER, OTHER]
    truth = OutputCoding.of(Lens(learn_boolean(np.array([0.0, 1.0]), unusable=0)), None, [])
    assert codes(truth, [{"prediction": x} for x in (False, True, "x")]) == [0, 1, NOTHING]


def test_more_classes_than_there_are_places() -> None:
    many = Lens(learn_categorical([f"c{at:02d}" for at in range(30)], unusable=0, cap=64))
    classes: list[str] = []
    coding = OutputCoding.of(many, None, classes)
    assert codes(coding, [{"prediction": "c14"}, {"prediction": "c15"}]) == [14, OTHER]
    assert len(classes) == OTHER


def test_a_class_is_told_apart_further_by_its_probability() -> None:
    coding = OutputCoding.of(YES_NO, SHARE, [])
    said: list[dict[str, object]] = [
        {"prediction": "no", "probability": 0.01},
        {"prediction": "no", "probability": 0.4},
        {"prediction": "yes", "probability": 0.99},
        {"prediction": "yes"},
        {"prediction": "never", "probability": 0.6},
        {"probability": 0.6},
    ]
    assert codes(coding, said) == [0, 1, 7, 4, 14, NOTHING]
    assert max(codes(coding, said)[:-1]) < OUTPUTS


def test_where_nothing_else_is_put_out_the_probability_counts() -> None:
    assert codes(OutputCoding.of(None, SHARE, []), [{"probability": 0.99}, {}]) == [QUANTILES - 1, NOTHING]
    assert OutputCoding.of(None, None, []) is None


def test_stamps_tell_which_references_a_coding_is_made_of() -> None:
    both = OutputCoding.of(YES_NO, SHARE, [])
    number = OutputCoding.of(NORMAL, SHARE, [])
    alone = OutputCoding.of(None, SHARE, [])
    assert both is not None
    assert number is not None
    assert alone is not None
    yes_no, normal, share = (FeatureCoding.of(lens).stamp for lens in (YES_NO, NORMAL, SHARE))
    assert len({yes_no, normal, share}) == 3
    assert (both.stamps, number.stamps, alone.stamps) == ((yes_no, share), (normal, None), (None, share))
