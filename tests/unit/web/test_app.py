"""Each address: what it says, when it fails, and what it never gives away."""

import dataclasses

import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_text
from starlette.testclient import TestClient

from stream_monitor.telemetry.view import View, ViewHolder
from stream_monitor.web.app import PAGES, Published, create_app
from stream_monitor.web.health import Health
from tests.views import BUILD, RAW_CATEGORY, a_full_view, a_view, full_registry

NOW = 120.0


def client(view: View | None = None, *, registry: CollectorRegistry | None = None) -> TestClient:
    published = Published(
        views=ViewHolder(a_full_view() if view is None else view),
        registry=full_registry() if registry is None else registry,
        build=BUILD,
        health=Health(max_beat_age=30.0, monotonic=lambda: NOW),
    )
    return TestClient(create_app(published), base_url="http://localhost:8080")


def test_metrics_are_the_text_format_unless_openmetrics_is_wanted() -> None:
    plain = client().get("/metrics")
    assert plain.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert {family.name for family in parse_text(plain.text)} >= {"stream_monitor_consumer_lag"}
    accept = "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
    strict = client().get("/metrics", headers={"accept": accept})
    assert strict.headers["content-type"].startswith("application/openmetrics-text; version=1.0.0")
    assert strict.text.endswith("# EOF\n")
    families = parse_openmetrics(strict.text)  # type: ignore[no-untyped-call]
    assert {family.name for family in families} >= {"stream_monitor_consumer_lag"}


def test_metrics_are_compressed_when_that_is_accepted() -> None:
    assert client().get("/metrics", headers={"accept-encoding": "gzip"}).headers["content-encoding"] == "gzip"
    assert "content-encoding" not in client().get("/metrics", headers={"accept-encoding": "identity"}).headers


@pytest.mark.parametrize("path", ["/livez", "/healthz"])
@pytest.mark.parametrize(
    ("view", "status"),
    [
        (a_view(beat=NOW - 29), 200),
        (a_view(beat=NOW - 31), 503),
        (a_view(beat=NOW, running=False), 503),
        (a_view(beat=NOW, joined=False, restored=False), 200),
    ],
    ids=["beats", "hangs", "has ended", "waits for a broker"],
)
def test_live_is_a_loop_that_turns_whatever_the_broker_does(path: str, view: View, status: int) -> None:
    assert client(view).get(path).status_code == status


@pytest.mark.parametrize(
    ("view", "said"),
    [
        (a_view(joined=False), "no assignment from the group stream-monitor yet\n"),
        (a_view(restored=False), "the state is not restored yet\n"),
        (a_view(running=False), "the worker has ended\n"),
    ],
)
def test_unready_says_why(view: View, said: str) -> None:
    response = client(view).get("/readyz")
    assert (response.status_code, response.text) == (503, said)


def test_ready() -> None:
    response = client(a_view()).get("/readyz")
    assert (response.status_code, response.text) == (200, "ok\n")


def test_ready_without_any_partition() -> None:
    view = dataclasses.replace(a_view(lag={}), assigned=(), paused=())
    assert client(view).get("/readyz").status_code == 200


def test_verbose_lists_every_check() -> None:
    assert client(a_view(restored=False)).get("/readyz?verbose").text == (
        "[+]configuration-loaded ok\n"
        "[+]worker-running ok\n"
        "[+]group-joined ok\n"
        "[-]state-restored failed: the state is not restored yet\n"
    )
    hanging = client(a_view(beat=NOW - 31)).get("/livez?verbose").text
    assert "[-]worker-loop failed: no turn of the loop for 31 s, at most 30 s are allowed\n" in hanging


def test_version() -> None:
    assert client().get("/version").json() == {
        "version": "1.2.3",
        "python": "3.11.7",
        "librdkafka": "2.16.0",
        "configuration": "0123abcd",
    }


def test_status_tells_the_view() -> None:
    status = client().get("/api/v1/status").json()
    assert (status["worker"], status["ready"], status["last_checkpoint"]) == (
        "worker-1",
        True,
        1_795_255_300_000,
    )
    assert status["partitions"] == [
        {"topic": "fraud.events", "partition": 0, "lag": 42, "paused": True},
        {"topic": "stream-monitor.columns", "partition": 3, "lag": 0, "paused": False},
    ]
    (model,) = status["models"]
    assert [(s["series"], s["status"]) for s in model["series"]] == [
        ("feature:amount", "drifting"),
        ("feature:country", "warming"),
        ("prediction", "watching"),
    ]
    assert model["open_alerts"][0]["summary"] == "feature:amount rose by 1.5 standard deviations"


def test_status_says_null_where_nothing_is_known() -> None:
    status = client(dataclasses.replace(a_view(lag={}), last_checkpoint=None)).get("/api/v1/status").json()
    assert {partition["lag"] for partition in status["partitions"]} == {None}
    assert status["last_checkpoint"] is None


@pytest.mark.parametrize("path", ["/", "/metrics", "/api/v1/status"])
def test_no_raw_values_are_published(path: str) -> None:
    assert RAW_CATEGORY not in client().get(path).text


def test_the_page_links_to_addresses_that_exist() -> None:
    page = client().get("/")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    for path in PAGES:
        assert f'href="{path}"' in page.text
        assert client().get(path).status_code in {200, 503}


def test_the_page_needs_no_script_and_no_style() -> None:
    page = client().get("/").text
    assert "<script" not in page
    assert "style" not in page


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"])
@pytest.mark.parametrize("path", ["/", "/api/v1/status", "/nowhere"])
def test_nothing_can_be_changed(method: str, path: str) -> None:
    response = client().request(method, path)
    assert response.status_code == 405
    assert response.headers["allow"] == "GET, HEAD"


def test_head_answers_without_a_body() -> None:
    response = client(a_view()).head("/readyz")
    assert (response.status_code, response.text) == (200, "")


@pytest.mark.parametrize(
    ("path", "status"), [("/", 200), ("/metrics", 200), ("/nowhere", 404), ("/livez", 200)]
)
def test_every_answer_carries_the_security_headers(path: str, status: int) -> None:
    response = client(a_view(beat=NOW)).get(path)
    assert response.status_code == status
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.headers["x-frame-options"] == "DENY"
    assert response.headers["cache-control"] == "no-store"
    assert response.headers["content-security-policy"].startswith("default-src 'none'")


def test_a_broken_collector_is_an_error_of_its_request_only() -> None:
    class Broken(CollectorRegistry):
        def collect(self):  # type: ignore[no-untyped-def]
            raise RuntimeError("broken")

    broken = TestClient(
        client(registry=Broken()).app, base_url="http://localhost", raise_server_exceptions=False
    )
    response = broken.get("/metrics")
    assert response.status_code == 500
    assert "broken" not in response.text
    assert broken.get("/version").status_code == 200
