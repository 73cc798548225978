"""A stream that is said in YAML has the values that it says."""

from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from stream_monitor.app.synthetic import family_of, rows_of
from stream_monitor.config.input_streams import SeriesStream, StreamSettings
from stream_monitor.core.events import Role

N = 4_000


def drawn(seed: int = 1, **written: Any) -> list[Any]:
    series = SeriesStream.model_validate(written)
    values: list[Any] = family_of(series)(np.random.default_rng(seed), N).tolist()
    return values


def shares(values: list[Any]) -> dict[Any, float]:
    return {value: values.count(value) / len(values) for value in set(values)}


def test_generators() -> None:
    normal = np.array(drawn(normal={"mean": 50, "sd": 10}))
    assert (normal.mean(), normal.std()) == pytest.approx((50, 10), rel=0.05)
    log = np.log(drawn(lognormal={"log_mean": 3, "log_sd": 0.5}))
    assert (log.mean(), log.std()) == pytest.approx((3, 0.5), rel=0.05)
    counts = drawn(poisson=2.5)
    assert {type(count) for count in counts} == {int}
    assert np.mean(counts) == pytest.approx(2.5, rel=0.05)
    assert shares(drawn(boolean=0.2))[True] == pytest.approx(0.2, abs=0.03)
    assert shares(drawn(categories={"DE": 3, "FR": 1}))["DE"] == pytest.approx(0.75, abs=0.03)


CONSTANT = {"mean": 2, "sd": 0}


@pytest.mark.parametrize(
    ("changes", "before", "during", "after"),
    [
        ([{"at": 100, "shift": 3}], 2, 5, 5),
        ([{"at": 100, "until": 200, "shift": 3}], 2, 5, 2),
        ([{"at": 100, "until": 200, "scale": 100}], 2, 200, 2),
        ([{"at": 100, "until": 200, "scale": 10, "shift": 1}], 2, 21, 2),
        ([{"at": 100, "shift": 3}, {"at": 200, "scale": 2}], 2, 5, 10),
        ([{"at": 100, "until": 200, "replace": {"normal": {"mean": 7, "sd": 0}}}], 2, 7, 2),
        ([{"at": 100, "replace": {"normal": {"mean": 7, "sd": 0}}}, {"at": 200, "shift": 1}], 2, 7, 8),
    ],
)
def test_changes_begin_and_end_with_their_rows(
    changes: list[Any], before: float, during: float, after: float
) -> None:
    values = drawn(normal=CONSTANT, changes=changes)
    assert set(values[:100]) == {before}
    assert set(values[100:200]) == {during}
    assert set(values[200:]) == {after}


def test_a_shift_can_grow() -> None:
    values = drawn(normal=CONSTANT, changes=[{"at": 100, "shift": 4, "ramp": 4}])
    assert values[99:105] == [2, 3, 4, 5, 6, 6]


def test_values_keep_their_kind_where_another_takes_their_place() -> None:
    values = drawn(boolean=0.5, changes=[{"at": 100, "replace": {"normal": {}}}])
    assert {type(value) for value in values[:100]} == {bool}
    assert {type(value) for value in values[100:]} == {float}
    values = drawn(poisson=3, changes=[{"at": 100, "until": 200, "replace": {"categories": {"broken": 1}}}])
    assert {type(value) for value in values[:100] + values[200:]} == {int}
    assert set(values[100:200]) == {"broken"}


def test_the_latest_rate_of_missing_values_holds_and_ends() -> None:
    values = drawn(
        normal={},
        missing=0.1,
        changes=[{"at": 1_000, "until": 3_000, "missing": 0.5}, {"at": 2_000, "until": 3_000, "missing": 0}],
    )
    lost = [value is None for value in values]
    assert np.mean(lost[:1_000]) == pytest.approx(0.1, abs=0.05)
    assert np.mean(lost[1_000:2_000]) == pytest.approx(0.5, abs=0.07)
    assert not any(lost[2_000:3_000])
    assert np.mean(lost[3_000:]) == pytest.approx(0.1, abs=0.05)


def stream(**written: Any) -> StreamSettings:
    return StreamSettings.model_validate({"rows": 2_500, "features": {"x": {"normal": {}}}, **written})


def test_rows_have_time_roles_and_their_model() -> None:
    read = list(rows_of(stream(every="90s", prediction={"boolean": 0.5}), "fraud"))
    rows = [row for chunk in read for row in chunk.rows]
    assert [len(chunk.rows) for chunk in read] == [1000, 1000, 500]
    assert [offset for chunk in read for offset in chunk.offsets] == list(range(2_500))
    assert {row.model for row in rows} == {"fraud"}
    assert {row.time - before.time for before, row in pairwise(rows)} == {90_000}
    assert rows[0].roles == Role.FEATURES | Role.PREDICTION
    assert set(rows[0].features) == {"x"}
    assert set(rows[0].outputs) == {"prediction"}


def test_the_seed_decides_and_one_series_more_changes_no_other() -> None:
    def column(settings: StreamSettings) -> list[object]:
        return [row.features["x"] for chunk in rows_of(settings, "m") for row in chunk.rows]

    assert column(stream()) == column(stream())
    assert column(stream()) != column(stream(seed=2))
    assert column(stream()) == column(stream(features={"a": {"poisson": 1}, "x": {"normal": {}}}))
