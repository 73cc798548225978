import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from stream_monitor.core.columnise import column_of
from stream_monitor.core.errors import CorruptState, NewerState
from stream_monitor.core.performance.figure import TOO_FEW, Figure
from stream_monitor.core.performance.promise import Promise
from stream_monitor.core.performance.task import Task, TaskKind
from stream_monitor.core.profile import Origin, Profile, VersionProfile, learn_feature
from stream_monitor.formats.reference_profile import decode, encode, is_profile
from stream_monitor.formats.schemas import SCHEMAS
from tests.golden_files import golden

Spoil = Callable[[dict[str, Any]], object]
COLUMNS: dict[str, Sequence[object]] = {
    "amount": [0.0] * 40 + [at / 7 for at in range(80)],
    "country": ["DE"] * 60 + ["é"] * 30 + [None] * 10,
    "is_new": [True, False, False] * 10,
    "key": [f"k{at}" for at in range(150)],
    "nothing": [None, None],
    "constant": [7] * 30,
}
PROFILE = Profile(
    model="fraud",
    version=None,
    created_from=(Origin(kind="csv", name="train.csv", rows=150),),
    rows=150,
    features={name: learn_feature(column_of(cells), None, categories=64) for name, cells in COLUMNS.items()},
)


def test_the_file_is_as_reviewed_and_comes_back() -> None:
    data = encode(PROFILE)
    assert data == golden("reference/profile_v1.json", data)
    assert decode(data) == PROFILE


VERSIONS = replace(
    PROFILE,
    features={"constant": PROFILE.features["constant"]},
    versions={
        "": VersionProfile(rows=3, series={}),
        "7": VersionProfile(
            rows=120,
            series={"probability": PROFILE.features["amount"]},
            performance=Promise(
                task=Task(kind=TaskKind.BINARY, classes=("fraud", "legit"), positive="fraud"),
                pairs=120,
                figures={
                    "accuracy": Figure(value=0.9, low=0.83, high=0.94, n=120),
                    "recall": Figure(value=0.5, low=None, high=None, n=2, reason=TOO_FEW),
                },
            ),
        ),
    },
)


def test_versions_are_as_reviewed_and_come_back() -> None:
    data = encode(VERSIONS)
    assert data == golden("reference/profile_versions_v1.json", data)
    assert decode(data) == VERSIONS
    Draft202012Validator(SCHEMAS["reference"]()).validate(json.loads(data))


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda d: d.update(versions=[]), "the reference profile: versions is not an object"),
        (
            lambda d: d["versions"].update({"8": 1}),
            "the version '8' of the reference profile: is not an object",
        ),
        (lambda d: d["versions"]["7"].pop("rows"), "the version '7' of .*: the field 'rows' is missing"),
        (lambda d: d["versions"]["7"].update(rows=-1), "rows is negative"),
        (lambda d: d["versions"]["7"].update(series=[]), "series is not an object"),
        (
            lambda d: d["versions"]["7"]["series"]["probability"].update(size=1),
            "'probability' of the version '7' of the reference profile: the field 'counts': they add up to 120",
        ),
        (lambda d: d["versions"]["7"].update(performance=1), "the performance of .*'7'.*: is not an object"),
        (lambda d: d["versions"]["7"]["performance"].pop("pairs"), "the field 'pairs' is missing"),
        (lambda d: d["versions"]["7"]["performance"].update(figures=[]), "figures is not an object"),
        (lambda d: d["versions"]["7"]["performance"].update(task={}), "the field 'task'"),
        (
            lambda d: d["versions"]["7"]["performance"]["figures"].update(mae=[1.0, 1.0, 1.0, 1]),
            "the performance of the version '7' of .*: a binary task has no figure 'mae'",
        ),
        (
            lambda d: d["versions"]["7"]["performance"]["figures"].update(accuracy=[0.9]),
            "the field 'accuracy'",
        ),
    ],
)
def test_what_is_wrong_with_a_version_is_named(spoil: Spoil, said: str) -> None:
    wrong = json.loads(encode(VERSIONS))
    spoil(wrong)
    with pytest.raises(CorruptState, match=said):
        decode(json.dumps(wrong).encode())


def test_features_are_sorted_and_every_field_is_one_line() -> None:
    text = encode(PROFILE).decode()
    assert list(json.loads(text)["features"]) == sorted(COLUMNS)
    assert sum('"counts"' in line for line in text.splitlines()) == len(COLUMNS)
    assert max(text.count(f'"{name}": {{') for name in COLUMNS) == 1


def test_the_schema_takes_it_and_nothing_else() -> None:
    validator = Draft202012Validator(SCHEMAS["reference"]())
    plain = json.loads(encode(PROFILE))
    validator.validate(plain)
    spoils: tuple[Spoil, ...] = (
        lambda d: d.pop("rows"),
        lambda d: d.update(format=2),
        lambda d: d.update(more=1),
        lambda d: d["features"]["amount"].update(scale=0),
        lambda d: d["features"]["amount"].pop("edges"),
        lambda d: d["features"]["amount"].update(counts=[-1]),
        lambda d: d["features"]["amount"]["views"].update(value=[1]),
    )
    for spoil in spoils:
        wrong = json.loads(encode(PROFILE))
        spoil(wrong)
        assert not validator.is_valid(wrong)


def test_an_empty_profile_comes_back() -> None:
    empty = Profile(model=None, version="7", created_from=(), rows=0, features={})
    assert decode(encode(empty)) == empty


AMOUNT = "the feature 'amount' of the reference profile: "
WRONG: dict[str, tuple[Spoil, str]] = {
    "kind": (lambda d: d.update(kind="x"), 'not a reference profile: "kind" is not'),
    "format": (lambda d: d.update(format="1"), "has the format '1'; this release reads 1"),
    "missing": (lambda d: d.pop("rows"), "the reference profile: the field 'rows' is missing"),
    "unknown": (lambda d: d.update(more=1), "the reference profile: there is no field 'more'"),
    "type": (lambda d: d.update(version=7), "the reference profile: the field 'version': .*7"),
    "rows": (lambda d: d.update(rows=-1), "rows is negative"),
    "features": (lambda d: d.update(features=[]), "features is not an object"),
    "feature": (lambda d: d["features"].update(amount=3), AMOUNT + "is not an object"),
    "field": (lambda d: d["features"]["amount"].pop("edges"), AMOUNT + "the field 'edges' is missing"),
    "no field": (lambda d: d["features"]["amount"].update(a=1), AMOUNT + "there is no field 'a'"),
    "text": (
        lambda d: d["features"]["amount"].update(mean="x"),
        AMOUNT + "the field 'mean': .*'x' is not a finite",
    ),
    "edge": (lambda d: d["features"]["amount"].update(edges=["x"]), AMOUNT + "the field 'edges': .*'x'"),
    "no edges": (lambda d: d["features"]["amount"].update(edges=[1]), AMOUNT + "the field 'edges': 1 edges"),
    "order": (
        lambda d: d["features"]["amount"]["edges"].reverse(),
        AMOUNT + "the field 'edges': not ascending",
    ),
    "sum": (
        lambda d: d["features"]["amount"].update(size=3),
        AMOUNT + "the field 'counts': they add up to 120",
    ),
    "scale": (lambda d: d["features"]["amount"].update(scale=0), AMOUNT + ".*scale is not positive"),
    "views": (
        lambda d: d["features"]["amount"].update(views={}),
        AMOUNT + "the field 'views': .*deviation, value",
    ),
    "twice": (
        lambda d: d["features"]["country"].update(categories=["DE", "DE"]),
        "'country' of the reference profile: the field 'categories': one occurs twice",
    ),
    "boolean": (
        lambda d: d["features"]["is_new"].update(categories=["no", "yes"]),
        "'is_new' of the reference profile: the field 'categories': .*false and true",
    ),
}


@pytest.mark.parametrize(("spoil", "said"), WRONG.values(), ids=WRONG)
def test_what_is_wrong_is_named(spoil: Spoil, said: str) -> None:
    wrong = json.loads(encode(PROFILE))
    spoil(wrong)
    with pytest.raises(CorruptState, match=said):
        decode(json.dumps(wrong).encode())


def test_what_is_no_json_is_said() -> None:
    with pytest.raises(CorruptState, match="not JSON"):
        decode(b"{")


def test_a_newer_file_is_refused_as_newer() -> None:
    newer = json.loads(encode(PROFILE)) | {"format": 2, "unheard": 1}
    with pytest.raises(NewerState, match="format 2; this release reads 1"):
        decode(json.dumps(newer).encode())


@pytest.mark.parametrize("document", [[], None, {}, {"kind": "reference"}])
def test_other_documents_are_no_profiles(document: object) -> None:
    assert not is_profile(document)
