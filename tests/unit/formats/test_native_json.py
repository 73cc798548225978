import json
from collections.abc import Mapping
from typing import Any

import orjson
import pytest

from stream_monitor.core.events import Decoded, Reason, Rejected, Role, Row
from stream_monitor.formats.mapping import Mapping as JsonMapping
from stream_monitor.formats.native_json import (
    MAX_CLASSES,
    MAX_FEATURES,
    MAX_NAME,
    MAX_RECORD_BYTES,
    Rules,
    decode,
)
from tests.unit.formats.core_values import NOON, SOURCE, record

LONG = "x" * (MAX_NAME + 1)
EVENT: Mapping[str, Any] = {"model": "fraud", "time": NOON, "features": {"amount": 12.5}}


def read(event: object, *, timestamp: int = NOON, **rules: Any) -> Decoded:
    value = event if isinstance(event, bytes) else orjson.dumps(event)
    return decode(SOURCE, [record(value, timestamp=timestamp)], Rules(**rules))


def row_of(event: object, *, timestamp: int = NOON, **rules: Any) -> Row:
    decoded = read(event, timestamp=timestamp, **rules)
    assert not decoded.rejected, decoded.rejected
    (row,) = decoded.rows
    return row


def reject_of(event: object, *, timestamp: int = NOON, **rules: Any) -> Rejected:
    decoded = read(event, timestamp=timestamp, **rules)
    assert not decoded.rows
    (rejected,) = decoded.rejected
    return rejected


def test_one_event_may_carry_everything() -> None:
    row = row_of(
        {
            "model": "fraud",
            "version": "7",
            "id": "e-1",
            "time": "2026-11-21T10:00:00.123Z",
            "features": {"amount": 12.5, "country": "DE", "is_new": True, "age": None},
            "prediction": "fraud",
            "probability": 0.93,
            "probabilities": {"fraud": 0.93, "legit": 0.07},
            "latency_ms": 12,
            "label": "legit",
        }
    )
    assert row == Row(
        model="fraud",
        version="7",
        id="e-1",
        time=NOON,
        roles=Role.FEATURES | Role.PREDICTION | Role.LABEL,
        features={"amount": 12.5, "country": "DE", "is_new": True, "age": None},
        outputs={
            "prediction": "fraud",
            "probability": 0.93,
            "probability:fraud": 0.93,
            "probability:legit": 0.07,
            "latency_ms": 12,
            "label": "legit",
        },
    )


@pytest.mark.parametrize(
    ("parts", "roles", "outputs"),
    [
        ({"features": {"a": 1}}, Role.FEATURES, {}),
        ({"features": {}}, Role.FEATURES, {}),
        ({"prediction": 0.5}, Role.PREDICTION, {"prediction": 0.5}),
        ({"prediction": True}, Role.PREDICTION, {"prediction": True}),
        ({"prediction": None}, Role.PREDICTION, {"prediction": None}),
        ({"probability": None}, Role.PREDICTION, {"probability": None}),
        ({"latency_ms": 3}, Role.PREDICTION, {"latency_ms": 3}),
        (
            {"probabilities": {"a": 1, "b": None}},
            Role.PREDICTION,
            {"probability:a": 1, "probability:b": None},
        ),
        ({"label": 0}, Role.LABEL, {"label": 0}),
        ({"label": False, "prediction": 1}, Role.LABEL | Role.PREDICTION, {"prediction": 1, "label": False}),
        ({"prediction": 1, "label": None, "features": None}, Role.PREDICTION, {"prediction": 1}),
    ],
)
def test_the_role_is_read_from_the_fields(
    parts: dict[str, object], roles: Role, outputs: dict[str, object]
) -> None:
    row = row_of({"model": "fraud", "time": NOON, **parts})
    assert row.roles == roles
    assert dict(row.outputs) == outputs
    assert list(row.outputs) == list(outputs)


@pytest.mark.parametrize("cell", [1, -0.0, "text", True, None, {"nested": 1}, [1, 2], 2**80])
def test_a_wrong_cell_is_not_a_wrong_event(cell: object) -> None:
    row = row_of(json.dumps({**EVENT, "features": {"amount": cell, "other": 1}}).encode())
    assert row.features["amount"] == cell
    assert row.features["other"] == 1


@pytest.mark.parametrize(
    ("given", "read_as"),
    [("7", "7"), (7, "7"), (7.0, "7"), (0, "0"), (-3, "-3"), (2**64 - 1, str(2**64 - 1)), (None, None)],
)
def test_a_version_and_an_id_are_text_or_whole_numbers(given: object, read_as: str | None) -> None:
    row = row_of({**EVENT, "version": given, "id": given})
    assert (row.version, row.id) == (read_as, read_as)
    plain = row_of(EVENT)
    assert (plain.version, plain.id) == (None, None)


@pytest.mark.parametrize(
    "time", ["2026-11-21T10:00:00.123Z", "2026-11-21T11:00:00.123456+01:00", NOON, float(NOON), None]
)
def test_time_is_text_or_milliseconds_or_the_record_s_own(time: object) -> None:
    for head in ({}, {"version": "7", "id": "e"}):  # the common form and the others
        assert row_of({**EVENT, **head, "time": time}).time == NOON


def test_a_model_that_is_not_named_may_be_known_from_the_source() -> None:
    assert row_of({"time": NOON, "label": 1}, default_model="churn").model == "churn"
    assert row_of({"model": "fraud", "time": NOON, "label": 1}, default_model="churn").model == "fraud"


def test_a_source_may_be_restricted_to_a_role() -> None:
    event = {**EVENT, "prediction": 1, "label": 0}
    assert row_of(event, role=Role.FEATURES).outputs == {}
    labelled = row_of(event, role=Role.LABEL)
    assert (labelled.features, labelled.outputs, labelled.roles) == ({}, {"label": 0}, Role.LABEL)
    rejected = reject_of(EVENT, role=Role.PREDICTION)
    assert (rejected.reason, "prediction" in rejected.detail) == (Reason.UNKNOWN_ROLE, True)


BAD: list[tuple[object, Reason]] = [
    (b" ", Reason.NOT_JSON),
    (b"{", Reason.NOT_JSON),
    (b"\xff\xfe", Reason.NOT_JSON),
    (b'{"model":"\xff"}', Reason.NOT_JSON),
    (b'{"model":"fraud","label":NaN}', Reason.NOT_JSON),
    (b"[" * 500_000, Reason.NOT_JSON),
    (b'{"features":' * 40_000, Reason.NOT_JSON),
    (b"[]", Reason.EMPTY),
    (b"null", Reason.NOT_AN_EVENT),
    (b"3", Reason.NOT_AN_EVENT),
    (b'"fraud"', Reason.NOT_AN_EVENT),
    (b"[[]]", Reason.NOT_AN_EVENT),
    ({}, Reason.MISSING_MODEL),
    ({**EVENT, "model": None}, Reason.MISSING_MODEL),
    ({**EVENT, "model": ""}, Reason.MISSING_MODEL),
    ({**EVENT, "model": 7}, Reason.MISSING_MODEL),
    ({**EVENT, "model": LONG}, Reason.MISSING_MODEL),
    ({"model": "fraud", "time": NOON}, Reason.UNKNOWN_ROLE),
    ({"model": "fraud", "time": NOON, "label": None, "features": None}, Reason.UNKNOWN_ROLE),
    ({**EVENT, "version": ""}, Reason.INVALID_VERSION),
    ({**EVENT, "version": True}, Reason.INVALID_VERSION),
    ({**EVENT, "version": 1.5}, Reason.INVALID_VERSION),
    ({**EVENT, "version": LONG}, Reason.INVALID_VERSION),
    ({**EVENT, "id": ""}, Reason.INVALID_ID),
    ({**EVENT, "id": {}}, Reason.INVALID_ID),
    ({**EVENT, "id": 1e300}, Reason.INVALID_ID),
    ({**EVENT, "id": 2**64 + 1}, Reason.INVALID_ID),
    ({**EVENT, "id": -(2**63) - 1}, Reason.INVALID_ID),
    ({**EVENT, "id": LONG}, Reason.INVALID_ID),
    ({**EVENT, "time": "2026-11-21T10:00:00"}, Reason.INVALID_TIME),
    ({**EVENT, "time": "yesterday"}, Reason.INVALID_TIME),
    ({**EVENT, "time": True}, Reason.INVALID_TIME),
    ({**EVENT, "time": []}, Reason.INVALID_TIME),
    ({**EVENT, "time": NOON + 0.5}, Reason.INVALID_TIME),
    ({**EVENT, "time": NOON * 1000}, Reason.INVALID_TIME),
    ({**EVENT, "time": 10**300}, Reason.INVALID_TIME),
    ({**EVENT, "features": [1, 2]}, Reason.INVALID_FEATURES),
    ({**EVENT, "features": "a"}, Reason.INVALID_FEATURES),
    ({**EVENT, "features": False}, Reason.INVALID_FEATURES),
    ({**EVENT, "features": {"": 1}}, Reason.INVALID_FEATURES),
    ({**EVENT, "features": {LONG: 1}}, Reason.INVALID_FEATURES),
    ({**EVENT, "features": dict.fromkeys(map(str, range(MAX_FEATURES + 1)))}, Reason.INVALID_FEATURES),
    ({**EVENT, "prediction": {}}, Reason.INVALID_PREDICTION),
    ({**EVENT, "prediction": [1]}, Reason.INVALID_PREDICTION),
    ({**EVENT, "label": {"is": 1}}, Reason.INVALID_PREDICTION),
    ({**EVENT, "probability": "0.9"}, Reason.INVALID_PROBABILITIES),
    ({**EVENT, "probability": True}, Reason.INVALID_PROBABILITIES),
    ({**EVENT, "probabilities": [0.9]}, Reason.INVALID_PROBABILITIES),
    ({**EVENT, "probabilities": {}}, Reason.INVALID_PROBABILITIES),
    ({**EVENT, "probabilities": {"a": "0.9"}}, Reason.INVALID_PROBABILITIES),
    ({**EVENT, "probabilities": {"": 0.9}}, Reason.INVALID_PROBABILITIES),
    (
        {**EVENT, "probabilities": dict.fromkeys(map(str, range(MAX_CLASSES + 1)), 0)},
        Reason.INVALID_PROBABILITIES,
    ),
    ({**EVENT, "latency_ms": "12"}, Reason.INVALID_LATENCY),
    ({**EVENT, "latency_ms": False}, Reason.INVALID_LATENCY),
]


@pytest.mark.parametrize("case", range(len(BAD)))
def test_what_is_wrong_has_a_reason(case: int) -> None:
    event, reason = BAD[case]
    value = event if isinstance(event, bytes) else json.dumps(event).encode()
    assert reject_of(value).reason is reason


@pytest.mark.parametrize("case", [case for case in range(len(BAD)) if isinstance(BAD[case][0], dict)])
def test_the_common_form_has_the_same_reasons(case: int) -> None:
    """A version, an id and known features bring an event to the straight path: what is wrong is found there too."""
    event, reason = BAD[case]
    assert isinstance(event, dict)
    first = {**EVENT, "version": "7", "id": "e-0"}
    values = [json.dumps(first), json.dumps({"version": "7", "id": "e-1", **event})]
    decoded = decode(SOURCE, [record(value.encode()) for value in values], Rules())
    assert [rejected.reason for rejected in decoded.rejected] == [reason]
    assert [row.id for row in decoded.rows] == ["e-0"]


def test_records_without_an_event() -> None:
    values = [None, b"", b"x" * 101]
    decoded = decode(SOURCE, [record(value) for value in values], Rules(max_bytes=100))
    assert [one.reason for one in decoded.rejected] == [Reason.NULL_VALUE, Reason.EMPTY, Reason.TOO_LARGE]
    assert "101 bytes" in decoded.rejected[2].detail


def after_a_sound_one(event: Mapping[str, Any], *, timestamp: int = NOON, **rules: Any) -> Decoded:
    """The second of two events of the common form: it is read on the straight path."""
    heads: list[Mapping[str, Any]] = [{**EVENT, "model": "churn", "time": 0}, event]
    records = [
        record(orjson.dumps({"version": "7", "id": "e", **head}), offset=at, timestamp=timestamp)
        for at, head in enumerate(heads)
    ]
    decoded = decode(SOURCE, records, Rules(**rules))
    assert decoded.rows[0].model == "churn"
    return decoded


def test_only_configured_models_pass() -> None:
    assert row_of(EVENT, models=frozenset({"fraud"})).model == "fraud"
    assert reject_of(EVENT, models=frozenset({"churn"})).reason is Reason.UNKNOWN_MODEL
    (rejected,) = after_a_sound_one(EVENT, models=frozenset({"churn"})).rejected
    assert (rejected.reason, rejected.record.offset) == (Reason.UNKNOWN_MODEL, 1)


def test_an_event_far_after_its_record_is_rejected() -> None:
    for timestamp, skew, fine in [
        (NOON - 300_000, 300_000, True),
        (NOON - 300_001, 300_000, False),
        (NOON - 11, 10, False),
        (NOON + 10**9, 10, True),  # late is the core's business
        (-1, 10, True),  # no timestamp: nothing to hold it against
        (0, 10, False),
    ]:
        alone = read(EVENT, timestamp=timestamp, max_clock_skew_ms=skew)
        second = after_a_sound_one(EVENT, timestamp=timestamp, max_clock_skew_ms=skew)
        expected = [] if fine else [Reason.CLOCK_SKEW]
        assert [one.reason for one in alone.rejected] == expected
        assert [one.reason for one in second.rejected] == expected


def test_without_any_time_an_event_is_rejected() -> None:
    event = {"model": "fraud", "label": 1}
    assert reject_of(event, timestamp=-1).reason is Reason.INVALID_TIME
    # Microseconds by mistake: such a time could not even be written.
    assert reject_of(event, timestamp=NOON * 1000).reason is Reason.INVALID_TIME


def test_the_good_events_of_a_partly_bad_array_pass() -> None:
    array = [EVENT, {"model": "fraud"}, 3, {**EVENT, "id": "e-3"}, {**EVENT, "time": "no"}]
    decoded = read(array)
    assert [(row.id, item) for row, item in zip(decoded.rows, decoded.items, strict=True)] == [
        (None, 0),
        ("e-3", 3),
    ]
    assert list(decoded.offsets) == [41, 41]
    assert [(one.item, one.reason) for one in decoded.rejected] == [
        (1, Reason.UNKNOWN_ROLE),
        (2, Reason.NOT_AN_EVENT),
        (4, Reason.INVALID_TIME),
    ]


def test_rows_and_rejects_know_where_they_stood() -> None:
    values = [orjson.dumps(EVENT), b"{", orjson.dumps([EVENT, EVENT])]
    records = [record(value, offset=offset) for offset, value in enumerate(values, 100)]
    decoded = decode(SOURCE, records, Rules())
    assert decoded.source == SOURCE
    assert list(zip(decoded.offsets, decoded.items, strict=True)) == [(100, 0), (102, 0), (102, 1)]
    (rejected,) = decoded.rejected
    assert (rejected.source, rejected.record, rejected.item) == (SOURCE, records[1], 0)


def test_the_last_of_doubled_keys_counts() -> None:
    assert row_of(b'{"model":"a","model":"fraud","label":0,"label":1}').outputs == {"label": 1}


def test_words_of_rejects_hold_no_values() -> None:
    secret = "jane.doe@example.org"
    events = [
        {"model": secret * 20, "label": 1},
        {**EVENT, "time": secret},
        {**EVENT, "id": [secret]},
        {**EVENT, "version": {secret: secret}},
        {**EVENT, "features": secret},
        {**EVENT, "features": {secret * 20: 1}},
        {**EVENT, "prediction": [secret]},
        {**EVENT, "probabilities": {"a": secret}},
        {**EVENT, "latency_ms": secret},
        {"model": secret, "email": secret},
        secret,
    ]
    values = [*map(orjson.dumps, events), secret.encode(), b'{"model": "' + secret.encode()]
    decoded = decode(SOURCE, [record(value) for value in values], Rules(models=frozenset({"fraud"})))
    assert len(decoded.rejected) == len(values)
    assert not [one.detail for one in decoded.rejected if secret in one.detail or len(one.detail) > 300]
    assert (
        "email" in reject_of({"model": "fraud", "email": secret}).detail
    )  # names of fields help and are not data


def test_foreign_json_is_held_against_the_same_rules() -> None:
    mapping = JsonMapping(model="meta.name", time="meta.at", features="in", prediction="out.0")
    event = {"meta": {"name": "fraud", "at": NOON}, "in": {"amount": 1}, "out": ["yes"]}
    row = row_of(event, mapping=mapping)
    assert (row.features, row.outputs, row.time) == ({"amount": 1}, {"prediction": "yes"}, NOON)
    assert reject_of({**event, "in": 3}, mapping=mapping).reason is Reason.INVALID_FEATURES
    assert reject_of({**event, "meta": 3}, mapping=mapping).reason is Reason.MISSING_MODEL
    assert row_of({**event, "meta": 3}, mapping=mapping, default_model="fraud").time == NOON
    assert reject_of([[]], mapping=mapping).reason is Reason.NOT_AN_EVENT
    nothing = reject_of({"meta": {"name": "fraud"}}, mapping=mapping)
    assert (nothing.reason, "mapping" in nothing.detail) == (Reason.UNKNOWN_ROLE, True)


@pytest.mark.parametrize("max_bytes", [0, MAX_RECORD_BYTES + 1])
def test_rules_bound_the_size_of_a_record(max_bytes: int) -> None:
    with pytest.raises(ValueError, match="max_bytes"):
        Rules(max_bytes=max_bytes)
