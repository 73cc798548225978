from collections import Counter

import numpy as np
import orjson
import pytest

from stream_monitor.core.events import Record, Role, Source
from stream_monitor.formats.native_json import Rules, decode
from stream_monitor.testing.streams import (
    Family,
    ModelStream,
    Values,
    ar1,
    bernoulli,
    categories,
    given,
    identifiers,
    lognormal,
    missing,
    normal,
    poisson,
    rounded,
    scaled,
    seasonal,
    shifted,
    student_t,
    switched,
)

N = 40_000
STANDARD_ERRORS = 5.0  # one draw in two million is further out; the seeds are fixed anyway


def drawn(family: Family, n: int = N) -> Values:
    return family(np.random.default_rng(5), n)


def assert_mean(values: Values, mean: float, sd: float) -> None:
    assert abs(values.mean() - mean) < STANDARD_ERRORS * sd / np.sqrt(len(values))


@pytest.mark.parametrize(
    ("family", "mean", "sd"),
    [
        (normal(3, 2), 3.0, 2.0),
        (student_t(5), 0.0, np.sqrt(5 / 3)),
        (lognormal(0, 0.5), np.exp(0.125), np.exp(0.125) * np.sqrt(np.expm1(0.25))),
        (poisson(3), 3.0, np.sqrt(3)),
        (bernoulli(0.05), 0.05, np.sqrt(0.05 * 0.95)),
        (seasonal(200, 1.0, 0.5), 0.0, np.sqrt(0.75)),
    ],
)
def test_families_have_the_moments_of_the_textbook(family: Family, mean: float, sd: float) -> None:
    values = drawn(family)
    assert_mean(values, mean, sd)
    assert values.std() == pytest.approx(sd, rel=0.05)


@pytest.mark.parametrize("phi", [-0.5, 0.0, 0.9])
def test_ar1_is_stationary_and_remembers(phi: float) -> None:
    values = drawn(ar1(phi, sd=2.0))
    assert values.std() == pytest.approx(2.0, rel=0.1)
    assert np.corrcoef(values[:-1], values[1:])[0, 1] == pytest.approx(phi, abs=0.03)
    starts = [ar1(phi, sd=2.0)(np.random.default_rng(seed), 1)[0] for seed in range(1000)]
    assert np.std(starts) == pytest.approx(2.0, rel=0.1)


@pytest.mark.parametrize("phi", [-1.0, 1.0, 2.0])
def test_an_ar1_that_is_not_stationary_is_refused(phi: float) -> None:
    with pytest.raises(ValueError, match="phi must be between"):
        ar1(phi)


def test_categories_keep_their_shares() -> None:
    counted = Counter(drawn(categories({"a": 6, "b": 3, "c": 1})).tolist())
    assert [counted[text] / N for text in "abc"] == pytest.approx([0.6, 0.3, 0.1], abs=0.02)


def test_identifiers_do_not_repeat() -> None:
    assert len(set(drawn(identifiers("s-")).tolist())) == N


def test_rounded_numbers() -> None:
    assert drawn(rounded(given(np.array([1.234, 5.0])), 1), 2).tolist() == [1.2, 5.0]
    whole = drawn(rounded(given(np.array([1.6, 5.0])), 0), 2).tolist()
    assert whole == [2, 5]
    assert all(isinstance(value, int) for value in whole)


def test_a_shift_lasts_from_start_to_stop() -> None:
    moved = drawn(shifted(normal(), by=1.5, start=10, stop=20), 30) - drawn(normal(), 30)
    np.testing.assert_allclose(moved, [0.0] * 10 + [1.5] * 10 + [0.0] * 10, atol=1e-12)


def test_a_scale_moves_the_spread_and_not_the_centre() -> None:
    values = drawn(scaled(normal(50, 2), factor=3, centre=50, start=N // 2))
    assert values[: N // 2].std() == pytest.approx(2, rel=0.05)
    assert values[N // 2 :].std() == pytest.approx(6, rel=0.05)
    assert_mean(values[N // 2 :], 50, 6)


def test_a_switch_brings_another_family_and_takes_it_back() -> None:
    values = drawn(
        switched(categories({"a": 1, "b": 1}), categories({"a": 1, "new": 1}), start=1000, stop=2000), 3000
    )
    assert set(values[:1000]) == set(values[2000:]) == {"a", "b"}
    assert set(values[1000:2000]) == {"a", "new"}
    np.testing.assert_array_equal(values[:1000], drawn(categories({"a": 1, "b": 1}), 3000)[:1000])


def test_a_switch_between_types_keeps_every_value() -> None:
    assert drawn(switched(poisson(3), given(np.full(4, 0.5)), start=2), 4).tolist()[2:] == [0.5, 0.5]


def test_missing_rates_add_up() -> None:
    values = drawn(missing(missing(poisson(3), rate=0.1), rate=0.5, start=N // 2))
    lost = np.array([value is None for value in values.tolist()])
    assert lost[: N // 2].mean() == pytest.approx(0.1, abs=0.015)
    assert lost[N // 2 :].mean() == pytest.approx(0.55, abs=0.02)
    assert {type(value) for value in values.tolist()} == {int, type(None)}


def stream(**series: Family) -> ModelStream:
    return ModelStream(
        model="m",
        version="2",
        seed=3,
        features={"x": normal()} | series,
        outputs={"prediction": bernoulli(0.5), "latency_ms": lognormal()},
        step_ms=250.0,
        jitter=1.0,
    )


def test_a_series_does_not_depend_on_its_neighbours() -> None:
    alone = [row.features["x"] for row in stream().rows(50)]
    assert [row.features["x"] for row in stream(y=poisson(1), z=categories({"a": 1})).rows(50)] == alone


def test_events_are_native_events_in_order_of_time() -> None:
    made = stream(lost=missing(identifiers("i"), rate=0.5))
    records = [Record(at, -1, None, orjson.dumps(event)) for at, event in enumerate(made.events(200))]
    decoded = decode(Source("t", 0), records, Rules())
    assert not decoded.rejected
    assert list(decoded.rows) == list(made.rows(200))
    times = np.array([row.time for row in decoded.rows]) - made.start_ms
    assert (times // 250 == np.arange(200)).all()


@pytest.mark.parametrize(
    ("features", "outputs", "roles"),
    [
        ({"x": normal()}, {}, Role.FEATURES),
        ({}, {"label": bernoulli(0.5)}, Role.LABEL),
        ({"x": normal()}, {"probability": normal(), "label": normal()}, 7),
    ],
)
def test_roles_follow_from_what_there_is(
    features: dict[str, Family], outputs: dict[str, Family], roles: int
) -> None:
    (row,) = ModelStream(features=features, outputs=outputs, seed=1).rows(1)
    assert row.roles == roles
