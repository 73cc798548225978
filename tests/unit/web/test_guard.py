"""A page of another site must not read a server on loopback, not even by a name that resolves to it."""

import pytest
from prometheus_client import CollectorRegistry
from starlette.testclient import TestClient

from stream_monitor.telemetry.view import ViewHolder
from stream_monitor.web.app import Published, create_app
from stream_monitor.web.guard import hosts_for
from tests.views import BUILD, a_view


def client(listening_on: str) -> TestClient:
    published = Published(
        views=ViewHolder(a_view()), registry=CollectorRegistry(), build=BUILD, hosts=hosts_for(listening_on)
    )
    return TestClient(create_app(published))


@pytest.mark.parametrize(
    "host", ["localhost", "localhost:8080", "LOCALHOST:1", "127.0.0.1:8080", "[::1]:8080"]
)
@pytest.mark.parametrize("address", ["localhost", "127.0.0.1", "::1", "127.0.0.2"])
def test_loopback_answers_to_its_own_names(address: str, host: str) -> None:
    assert client(address).get("/readyz", headers={"host": host}).status_code == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8080", "localhost.evil.example", "[fe80::1]", ""]
)
def test_loopback_answers_to_no_other_name(host: str) -> None:
    assert client("127.0.0.1").get("/readyz", headers={"host": host}).status_code == 421


@pytest.mark.parametrize("address", ["0.0.0.0", "::", "10.0.0.3", "monitor.example"])
def test_other_addresses_answer_to_any_name(address: str) -> None:
    assert client(address).get("/readyz", headers={"host": "monitor.internal:8080"}).status_code == 200
