import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, NamedTuple

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream_monitor.core.errors import CorruptState
from stream_monitor.core.fields import Fields, as_bytes
from stream_monitor.core.plain import plain_of, value_of


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


class Pair(NamedTuple):
    name: str
    value: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Thing:
    whole: int
    maybe: str | None
    scalar: bool | int | float | str
    colour: Colour
    pairs: tuple[Pair, ...]
    by_name: Mapping[str, Pair | None]


THING = Thing(
    whole=3,
    maybe=None,
    scalar=1,
    colour=Colour.RED,
    pairs=(Pair("a", 0.5),),
    by_name={"x": None, "y": Pair("b", 1.0)},
)
finite = st.floats(allow_nan=False, allow_infinity=False)
pairs = st.builds(Pair, st.text(max_size=5), finite)
things = st.builds(
    Thing,
    whole=st.integers(-(2**63), 2**63 - 1),
    maybe=st.none() | st.text(max_size=5),
    scalar=st.booleans() | st.integers(-(2**63), 2**63 - 1) | finite | st.text(max_size=5),
    colour=st.sampled_from(Colour),
    pairs=st.lists(pairs, max_size=3).map(tuple),
    by_name=st.dictionaries(st.text(max_size=5), st.none() | pairs, max_size=3),
)


@given(things)
def test_a_value_comes_back_also_through_bytes(thing: Thing) -> None:
    plain = msgspec.msgpack.decode(msgspec.msgpack.encode(plain_of(thing)))
    back = value_of(Thing, plain)
    assert back == thing
    assert type(back.scalar) is type(thing.scalar)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("whole", 1.0),
        ("whole", True),
        ("whole", None),
        ("maybe", 3),
        ("scalar", None),
        ("scalar", [1]),
        ("colour", "green"),
        ("colour", None),
        ("pairs", "ab"),
        ("pairs", [["a"]]),
        ("pairs", [["a", math.nan]]),
        ("pairs", [["a", math.inf]]),
        ("pairs", [["a", 1.0, 2.0]]),
        ("pairs", [{"name": "a", "value": 1.0}]),
        ("by_name", []),
        ("by_name", {1: None}),
        ("by_name", {"x": 3}),
        ("unknown", 1),
    ],
)
def test_what_does_not_fit_the_hints_is_corrupt(name: str, value: object) -> None:
    plain = plain_of(THING)
    assert isinstance(plain, dict)
    with pytest.raises(CorruptState, match="Thing"):
        value_of(Thing, {**plain, name: value})  # type: ignore[dict-item]


def test_a_missing_field_is_corrupt() -> None:
    plain = plain_of(THING)
    assert isinstance(plain, dict)
    with pytest.raises(CorruptState, match="whole"):
        value_of(Thing, {name: value for name, value in plain.items() if name != "whole"})


def test_a_whole_number_is_a_number() -> None:
    assert value_of(Pair, ["a", 3]) == Pair("a", 3.0)
    assert type(value_of(Pair, ["a", 3]).value) is float


def test_other_objects_have_no_plain_form() -> None:
    with pytest.raises(TypeError, match="set"):
        plain_of({1})
    with pytest.raises(TypeError, match="int64"):
        plain_of(replace(THING, whole=np.int64(3)))  # type: ignore[arg-type]


# ---------------------------------------------------------------------- single fields

FIELDS = Fields(
    {"n": 3, "x": 0.5, "t": "a", "none": None, "list": [1, "b"], "texts": ["a"], "yes": True, "in": {"y": 1}},
    "thing",
)


def test_fields_are_read_by_their_type() -> None:
    assert (FIELDS.integer("n", least=3), FIELDS.number("n"), FIELDS.number("x")) == (3, 3.0, 0.5)
    assert (FIELDS.text("t"), FIELDS.optional_text("none"), FIELDS.optional_text("t")) == ("a", None, "a")
    assert (FIELDS.rows("list"), FIELDS.texts("texts"), FIELDS.inside("in").integer("y")) == (
        [1, "b"],
        ["a"],
        1,
    )
    assert "n" in FIELDS
    assert "m" not in FIELDS
    assert FIELDS.names()[:2] == ["n", "x"]


@pytest.mark.parametrize(
    ("method", "name", "options"),
    [
        ("integer", "x", {}),
        ("integer", "yes", {}),
        ("integer", "n", {"least": 4}),
        ("integer", "missing", {}),
        ("number", "t", {}),
        ("number", "yes", {}),
        ("text", "n", {}),
        ("text", "none", {}),
        ("optional_text", "n", {}),
        ("rows", "t", {}),
        ("rows", "in", {}),
        ("texts", "list", {}),
        ("array", "t", {"kind": "<f8"}),
        ("inside", "n", {}),
        ("plain", "missing", {}),
    ],
)
def test_a_field_of_another_type_is_corrupt_and_named(
    method: str, name: str, options: dict[str, Any]
) -> None:
    with pytest.raises(CorruptState, match=rf"thing\.{name}"):
        getattr(FIELDS, method)(name, **options)


def test_arrays_come_back_and_must_fit_and_be_finite() -> None:
    array = np.arange(6.0).reshape(3, 2)
    fields = Fields({"a": as_bytes(array, "<f8"), "bad": np.array([np.nan]).tobytes()}, "thing")
    assert fields.array("a", "<f8", (-1, 2)).tolist() == array.tolist()
    assert fields.array("a", "<f8").flags.writeable
    for kind, shape in (("<f8", (-1, 4)), ("<i4", (5,))):
        with pytest.raises(CorruptState, match=r"thing\.a"):
            fields.array("a", kind, shape)
    with pytest.raises(CorruptState, match="not finite"):
        fields.array("bad", "<f8")


def test_an_array_of_rows_without_columns_is_empty() -> None:
    fields = Fields({"none": b"", "some": as_bytes(np.zeros(2), "<f8")}, "thing")
    assert fields.array("none", "<f8", (-1, 0)).shape == (0, 0)
    with pytest.raises(CorruptState, match=r"thing\.some"):
        fields.array("some", "<f8", (-1, 0))


def test_what_has_no_fields_is_corrupt() -> None:
    with pytest.raises(CorruptState, match="thing"):
        Fields([1], "thing")


@pytest.mark.parametrize(
    "array",
    [np.arange(12.0), np.arange(12.0)[::3], np.arange(12.0).astype(">f8"), np.arange(12), np.float64(2.5)],
    ids=["as it is", "strided", "other order", "other kind", "scalar"],
)
def test_bytes_of_an_array_are_of_the_kind_that_is_asked_for(array: np.ndarray[Any, Any]) -> None:
    found = np.frombuffer(as_bytes(array, "<f8"), "<f8")
    assert found.tolist() == np.atleast_1d(array).tolist()
