"""The API by its answers: each is what its schema says, and errors say what to do."""

from typing import Any

import orjson
import pytest
from jsonschema import Draft202012Validator
from starlette.testclient import TestClient

from stream_monitor.formats.operations import Mute
from stream_monitor.runtime.board.board import Board
from stream_monitor.web.catalogue import CATALOGUE
from stream_monitor.web.dashboard import openapi
from stream_monitor.web.operations import PREFIX
from tests.unit.formats.core_values import NOON, OPENED, RESOLVED, STATUS
from tests.unit.runtime.board.boards import TOPICS, a_board, tell
from tests.unit.web.dashboards import BEARER, TOKEN, Written, a_full_board, client

DOCUMENT: dict[str, Any] = orjson.loads(orjson.dumps(openapi()))
ADDRESSES = {
    "overview": "/overview",
    "model": "/models/fraud",
    "heat": "/models/fraud/heat",
    "series": "/models/fraud/series?name=feature:amount",
    "performance": "/models/fraud/performance",
    "alerts": "/alerts?state=all",
    "alert": f"/alerts/{OPENED.alert_id}",
    "mutes": "/mutes",
    "pipeline": "/pipeline",
    "configuration": "/configuration",
    "openapi": "/openapi.json",
}
ACKNOWLEDGE = f"{PREFIX}/alerts/{OPENED.alert_id}/acknowledge"
MUTES = f"{PREFIX}/mutes"


def checked(operation: str, status: int, content: Any) -> Any:
    """The content, if it is what the document says of this answer."""
    found = next(one for one in CATALOGUE if one.name == operation)
    described = DOCUMENT["paths"][PREFIX + found.path][found.method.lower()]["responses"][str(status)]
    schema = described["content"]["application/json"]["schema"]
    validator = Draft202012Validator({**schema, "components": DOCUMENT["components"]})
    problems = [f"{error.json_path}: {error.message}" for error in validator.iter_errors(content)]
    assert problems == []
    return content


def get(operation: str, of: TestClient | None = None) -> Any:
    response = (of or client()).get(PREFIX + ADDRESSES[operation])
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == "application/json"
    return checked(operation, 200, response.json())


def refused(operation: str, response: Any, status: int) -> str:
    assert response.status_code == status, response.text
    content = checked(operation, status, response.json())
    assert content["status"] == status
    return str(content["error"])


@pytest.mark.parametrize("operation", ADDRESSES)
def test_every_answer_is_what_its_schema_says(operation: str) -> None:
    assert get(operation)


def test_every_operation_that_reads_is_asked_here() -> None:
    assert set(ADDRESSES) == {one.name for one in CATALOGUE if not one.changes} - {"stream"}


@pytest.mark.parametrize("operation", ["overview", "alerts", "mutes", "pipeline", "configuration"])
def test_an_empty_board_answers_too(operation: str) -> None:
    get(operation, client(Board(TOPICS)))


def test_the_overview_tells_models_workers_and_alerts() -> None:
    overview = get("overview")
    assert overview["time"] == NOON
    assert [(one["model"], one["state"]) for one in overview["models"]] == [("fraud", "needs_attention")]
    assert len(overview["workers"]) == 1


def test_the_parts_of_a_series_name_are_given_apart() -> None:
    assert get("series")["reference"]["groups"]
    of = client().get(f"{PREFIX}/models/fraud/series?name=feature:amount&version=no")
    assert "nothing is known of model 'fraud' with name=feature:amount&version=no" in refused(
        "series", of, 404
    )


def test_heat_has_as_many_buckets_as_are_wanted() -> None:
    heat = client().get(f"{PREFIX}/models/fraud/heat?buckets=5").json()
    assert len(heat["starts"]) <= 5
    assert {len(row["scores"]) for row in heat["series"]} == {len(heat["starts"])}


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("/models/fraud/heat?buckets=0", "buckets: Input should be greater than or equal to 1"),
        ("/models/fraud/heat?buckets=x", "buckets: Input should be a valid integer"),
        ("/models/fraud/heat?from=5&to=5", "the query: from must be before to"),
        ("/models/fraud/heat?nonsense=1", "nonsense: Extra inputs are not permitted"),
        ("/models/fraud/series", "name: Field required"),
        ("/models/fraud/performance?from=-1", "from: Input should be greater than or equal to 0"),
        ("/alerts?state=closed", "state: Input should be 'open', 'resolved' or 'all'"),
        ("/alerts?limit=100000", "limit: Input should be less than or equal to 1000"),
    ],
)
def test_a_query_that_is_wrong_is_refused_with_what_is_right(address: str, said: str) -> None:
    response = client().get(PREFIX + address)
    assert response.status_code == 400
    assert said in response.json()["error"]


@pytest.mark.parametrize(
    "address",
    [
        "/models/no",
        "/models/no/heat",
        "/models/no/series?name=x",
        "/models/no/performance",
        "/alerts/no",
        "/no",
    ],
)
def test_what_is_not_known_is_not_found(address: str) -> None:
    response = client().get(PREFIX + address)
    assert response.status_code == 404
    assert response.json()["status"] == 404


def test_a_model_may_have_a_slash_in_its_name() -> None:
    from dataclasses import replace

    board = a_board(replace(STATUS, model="team/fraud", open_alerts=()))
    assert client(board).get(f"{PREFIX}/models/team%2Ffraud").json()["model"] == "team/fraud"


@pytest.mark.parametrize(
    ("method", "address"), [("PUT", "/mutes"), ("DELETE", "/mutes"), ("POST", "/overview")]
)
def test_another_method_is_refused(method: str, address: str) -> None:
    response = client().request(method, PREFIX + address, headers=BEARER)
    assert response.status_code == 405
    assert "GET" in response.headers["allow"]


def test_answers_are_compressed_and_never_kept() -> None:
    response = client().get(PREFIX + ADDRESSES["model"])
    assert response.headers["content-encoding"] == "gzip"
    assert response.headers["cache-control"] == "no-store"
    assert response.headers["content-security-policy"].startswith("default-src 'none'")


def test_head_answers_for_the_stream_without_ever_beginning_it() -> None:
    response = client().head(f"{PREFIX}/stream")
    assert (response.status_code, response.text) == (200, "")


def test_the_configuration_shows_no_secret_and_says_what_the_budget_means() -> None:
    configuration = get("configuration")
    assert TOKEN not in orjson.dumps(configuration).decode()
    (model,) = configuration["models"]
    assert (model["model"], model["false_alarms"]) == ("fraud", "2 per week")
    assert model["budget"][0] == "The model accepts 2 per week of event time."
    assert "one false alarm of a series in" in model["budget"][1]
    assert configuration["changes"] == {"allowed": True, "how": None}


# ------------------------------------------------------------------------------------ changing


def test_an_acknowledgement_is_written_and_answered() -> None:
    written = Written()
    response = client(written=written).post(ACKNOWLEDGE, json={"by": "ann", "reason": "seen"}, headers=BEARER)
    assert response.status_code == 200
    assert checked("acknowledge", 200, response.json()) == {
        "alert_id": OPENED.alert_id,
        "by": "ann",
        "reason": "seen",
        "at": NOON,
    }
    (record,) = written.records
    assert record.key == f"acknowledge/{OPENED.alert_id}".encode()
    assert orjson.loads(record.value or b"")["by"] == "ann"


def test_what_is_written_is_what_the_board_reads() -> None:
    board, written = a_full_board(), Written()
    client(board, written=written).post(ACKNOWLEDGE, json={"by": "ann"}, headers=BEARER)
    from tests.unit.runtime.board.boards import fetched

    board.fold([fetched(TOPICS.operations, *written.records)])
    assert get("alert", client(board))["acknowledged"] == {"by": "ann", "reason": "", "at": NOON}


def test_an_acknowledgement_is_taken_back() -> None:
    written = Written()
    response = client(written=written).delete(ACKNOWLEDGE, headers=BEARER)
    assert (response.status_code, response.content) == (204, b"")
    assert [(one.key, one.value) for one in written.records] == [
        (f"acknowledge/{OPENED.alert_id}".encode(), None)
    ]


@pytest.mark.parametrize(
    ("lasting", "until"), [({"for": "2h"}, NOON + 7_200_000), ({"until": NOON + 1}, NOON + 1)]
)
def test_a_mute_is_written_and_answered(lasting: dict[str, Any], until: int) -> None:
    written = Written()
    body = {"model": "fraud", "series": "feature:*", "by": "ann", "reason": "a sale", **lasting}
    response = client(written=written).post(MUTES, json=body, headers=BEARER)
    assert response.status_code == 201, response.text
    made = checked("mute", 201, response.json())
    assert (made["until"], made["at"], made["series"]) == (until, NOON, "feature:*")
    assert written.records[0].key == f"mute/{made['mute_id']}".encode()


def test_a_mute_is_ended() -> None:
    mute = Mute(mute_id="m1", model="fraud", by="ann", reason="", at=NOON, until=NOON + 1)
    written = Written()
    of = client(tell(a_full_board(), mute), written=written)
    assert get("mutes", of)["mutes"][0]["mute_id"] == "m1"
    assert of.delete(f"{MUTES}/m1", headers=BEARER).status_code == 204
    assert "no mute 'm2' holds" in refused("unmute", of.delete(f"{MUTES}/m2", headers=BEARER), 404)
    assert [(one.key, one.value) for one in written.records] == [(b"mute/m1", None)]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"{", "the body: Invalid JSON"),
        (b"{}", "model: Field required; by: Field required"),
        (b'{"model":"fraud","by":"a"}', "give either until or for"),
        (b'{"model":"fraud","by":"a","until":1,"for":"2h"}', "give either until or for"),
        (b'{"model":"fraud","by":"a","for":"2"}', "write 2s"),
        (b'{"model":"fraud","by":"a","for":"91d"}', "90 days"),
        (b'{"model":"fraud","by":"a","until":1}', "a mute must end after now"),
        (b'{"model":"fraud","by":"  ","for":"1h"}', "by must not be empty"),
    ],
)
def test_a_mute_that_is_none_is_refused(body: bytes, said: str) -> None:
    written = Written()
    headers = {**BEARER, "content-type": "application/json"}
    response = client(written=written).post(MUTES, content=body, headers=headers)
    assert said in refused("mute", response, 400)
    assert written.records == []


def test_what_is_not_there_cannot_be_acknowledged_or_muted() -> None:
    written = Written()
    of = client(written=written)
    unknown = of.post(f"{PREFIX}/alerts/no/acknowledge", json={"by": "ann"}, headers=BEARER)
    assert "there is no alert 'no'" in refused("acknowledge", unknown, 404)
    of.post(MUTES, json={"model": "no", "by": "ann", "for": "1h"}, headers=BEARER)
    assert written.records == []


def test_a_resolved_alert_can_still_be_acknowledged() -> None:
    of = client(a_board(STATUS, OPENED, RESOLVED))
    assert of.post(ACKNOWLEDGE, json={"by": "ann"}, headers=BEARER).status_code == 200


def test_a_broker_that_does_not_take_it_is_told() -> None:
    of = client(written=Written(problem="no broker answers"))
    response = of.post(ACKNOWLEDGE, json={"by": "ann"}, headers=BEARER)
    assert refused("acknowledge", response, 503) == "no broker answers"


# ------------------------------------------------------------------------------------ who may


CHANGES = [
    ("POST", ACKNOWLEDGE, b'{"by":"ann"}'),
    ("DELETE", ACKNOWLEDGE, b""),
    ("POST", MUTES, b'{"model":"fraud","by":"ann","for":"1h"}'),
    ("DELETE", f"{MUTES}/m1", b""),
]
JSON = {"content-type": "application/json"}


def change(of: TestClient, method: str, address: str, content: bytes, headers: dict[str, str]) -> Any:
    return of.request(method, address, content=content, headers={**JSON, **headers})


@pytest.mark.parametrize(("method", "address", "content"), CHANGES)
def test_without_a_configured_token_nobody_may(method: str, address: str, content: bytes) -> None:
    written = Written()
    response = change(client(token=None, written=written), method, address, content, BEARER)
    assert response.status_code == 403
    assert "set http.token or http.token_file" in response.json()["error"]
    assert written.records == []


@pytest.mark.parametrize(("method", "address", "content"), CHANGES)
@pytest.mark.parametrize(
    "authorization",
    [None, "", "Bearer", f"Basic {TOKEN}", f"Bearer {TOKEN}x", f"Bearer {TOKEN[:-1]}", "Bearer é"],
)
def test_without_the_token_nobody_may(
    method: str, address: str, content: bytes, authorization: str | None
) -> None:
    written = Written()
    headers = {} if authorization is None else {"authorization": authorization}
    response = client(written=written).request(
        method,
        address,
        content=content,
        headers={**JSON, **{k: v.encode() for k, v in headers.items()}},
    )
    assert response.status_code == 401
    assert response.headers["www-authenticate"].startswith("Bearer")
    assert TOKEN not in response.text
    assert written.records == []


@pytest.mark.parametrize(("method", "address", "content"), CHANGES)
@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://evil.example"},
        {"origin": "null"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ],
)
def test_no_page_of_another_site_may(
    method: str, address: str, content: bytes, headers: dict[str, str]
) -> None:
    written = Written()
    response = change(client(written=written), method, address, content, {**BEARER, **headers})
    assert response.status_code == 403
    assert written.records == []


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://localhost:8080"},
        {"origin": "https://LOCALHOST:8080"},
        {"sec-fetch-site": "same-origin"},
    ],
)
def test_the_dashboard_itself_may(headers: dict[str, str]) -> None:
    assert change(client(), "DELETE", ACKNOWLEDGE, b"", {**BEARER, **headers}).status_code == 204


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", ""])
def test_a_body_that_a_form_could_send_is_refused(kind: str) -> None:
    headers = {**BEARER, "content-type": kind}
    response = client().post(ACKNOWLEDGE, content=b'{"by":"ann"}', headers=headers)
    assert "Content-Type: application/json" in refused("acknowledge", response, 415)


def test_a_body_may_not_be_long() -> None:
    response = client().post(ACKNOWLEDGE, json={"by": "ann", "reason": "x" * 20_000}, headers=BEARER)
    assert "longer than 16384 bytes" in refused("acknowledge", response, 413)
