"""Constraints in the file of a reference profile, which people edit."""

import json
from dataclasses import replace
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from stream_monitor.core.derived.parameters import Constraints
from stream_monitor.core.errors import CorruptState
from stream_monitor.formats.reference_profile import decode, encode
from stream_monitor.formats.schemas import SCHEMAS
from tests.golden_files import golden
from tests.unit.formats.test_reference_profile import PROFILE

DEMANDING = replace(
    PROFILE,
    features={name: PROFILE.features[name] for name in ("amount", "country", "is_new")},
    constraints={
        "amount": Constraints(low=0.0, high=25.0, required=True),
        "country": Constraints(allowed=("DE", "é"), at_most=0.01),
        "is_new": Constraints(required=False),
    },
)


def test_constraints_are_as_reviewed_and_come_back() -> None:
    data = encode(DEMANDING)
    assert data == golden("reference/profile_constraints_v1.json", data)
    assert decode(data) == DEMANDING
    Draft202012Validator(SCHEMAS["reference"]()).validate(json.loads(data))


def edited(name: str, demanded: object) -> bytes:
    document: dict[str, Any] = json.loads(encode(DEMANDING))
    document["constraints"][name] = demanded
    return json.dumps(document).encode()


def test_one_sided_ranges_and_nothing_at_all_can_be_written() -> None:
    assert decode(edited("amount", {"range": [None, 3]})).constraints["amount"] == Constraints(high=3.0)
    assert "amount" not in decode(edited("amount", {})).constraints
    assert decode(encode(PROFILE)).constraints == {}


@pytest.mark.parametrize(
    ("name", "demanded", "said"),
    [
        ("amonut", {"required": True}, "'amonut' of the reference profile: there is no such feature"),
        ("amount", [], "on 'amount' .* is not an object"),
        ("amount", {"max": 3}, "there is no field 'max'; there are range, allowed, required, at_most"),
        ("amount", {"allowed": ["a"]}, "the field 'allowed': the feature is numeric"),
        ("country", {"range": [0, 1]}, "the field 'range': the feature is categorical"),
        ("amount", {"range": [0]}, "the field 'range': is not .LOW, HIGH."),
        ("amount", {"range": [None, None]}, "the field 'range': is not .LOW, HIGH."),
        ("amount", {"range": ["0", 1]}, "the field 'range': .*'0' is not a finite float"),
        ("amount", {"range": [2, 1]}, "no number is at least 2.0 and at most 1.0"),
        ("country", {"allowed": []}, "the field 'allowed': allows nothing"),
        ("country", {"allowed": [1]}, "the field 'allowed': .*1 is not a finite str"),
        ("amount", {"required": 1}, "the field 'required': .*1 is not a finite bool"),
        ("amount", {"required": True, "at_most": 1.5}, "the field 'at_most': 1.5 is no share of events"),
    ],
)
def test_what_is_wrong_is_named(name: str, demanded: object, said: str) -> None:
    with pytest.raises(CorruptState, match=said):
        decode(edited(name, demanded))


def test_constraints_that_are_no_object_are_refused() -> None:
    document = json.loads(encode(DEMANDING)) | {"constraints": []}
    with pytest.raises(CorruptState, match="constraints is not an object"):
        decode(json.dumps(document).encode())
