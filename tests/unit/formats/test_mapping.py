from typing import Any

import pytest

from stream_monitor.formats.mapping import Mapping

EVENT = {
    "payload": {"user": {"age": 31, "a.b": 1}, "scores": [0.1, {"v": 0.9}]},
    "request": "e-1",
    "ts": 1795255200123,
    "amount": 12.5,
}


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("request", "e-1"),
        ("payload.user.age", 31),
        (r"payload.user.a\.b", 1),
        ("payload.scores.0", 0.1),
        ("payload.scores.1.v", 0.9),
    ],
)
def test_a_path_leads_to_a_value(path: str, found: object) -> None:
    assert Mapping(label=path).native(EVENT) == {"label": found}


@pytest.mark.parametrize(
    "path",
    ["nowhere", "request.deeper", "payload.nowhere.age", "payload.scores.2", "payload.scores.-1", "ts.0"],
)
def test_what_is_not_there_is_absent(path: str) -> None:
    assert Mapping(id="request", label=path).native(EVENT) == {"id": "e-1"}


def test_every_part_has_a_path() -> None:
    parts = (
        "model",
        "version",
        "id",
        "time",
        "prediction",
        "probability",
        "probabilities",
        "latency_ms",
        "label",
    )
    event = {f"their_{part}": part for part in parts} | {"their_features": {"a": 1}}
    paths: dict[str, Any] = {part: f"their_{part}" for part in (*parts, "features")}
    assert Mapping(**paths).native(event) == {part: part for part in parts} | {"features": {"a": 1}}


@pytest.mark.parametrize(
    ("features", "found"),
    [
        ("payload.user", {"age": 31, "a.b": 1}),
        ({"years": "payload.user.age", "amount": "amount", "none": "nowhere"}, {"years": 31, "amount": 12.5}),
        (["payload.user.age", "amount"], {"age": 31, "amount": 12.5}),
        (".", {"payload": EVENT["payload"], "amount": 12.5}),
    ],
)
def test_features_are_an_object_or_named_one_by_one(features: Any, found: dict[str, object]) -> None:
    assert Mapping(id="request", time="ts", features=features).native(EVENT) == {
        "id": "e-1",
        "time": 1795255200123,
        "features": found,
    }


@pytest.mark.parametrize("features", [{"a": "nowhere"}, ["nowhere.a"], "nowhere"])
def test_without_any_of_its_features_an_event_carries_none(features: Any) -> None:
    assert Mapping(id="request", features=features).native(EVENT) == {"id": "e-1"}


@pytest.mark.parametrize(
    ("paths", "said"),
    [
        ({}, "names no path"),
        ({"model": ""}, "'' is not a path"),
        ({"model": "a..b"}, "is not a path"),
        ({"model": ".a"}, "is not a path"),
        ({"model": "a."}, "is not a path"),
        ({"features": {}}, "features is empty"),
        ({"features": []}, "features is empty"),
        ({"features": ["a.x", "b.x"]}, "'x' is named twice"),
        ({"features": {"x": "a."}}, "is not a path"),
    ],
)
def test_a_mapping_that_cannot_work_is_refused(paths: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Mapping(**paths)


def test_mappings_are_equal_by_their_paths() -> None:
    assert Mapping(model="a.b") == Mapping(model="a.b")
    assert Mapping(model="a.b") != Mapping(model="a.c")
