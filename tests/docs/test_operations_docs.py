"""docs/operations.md and docs/metrics.md: addresses, metrics, keys, anchors and examples in them exist."""

import re
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry
from starlette.testclient import TestClient

from stream_monitor.config import load
from stream_monitor.telemetry.metrics import CATALOGUE
from stream_monitor.telemetry.view import ViewHolder
from stream_monitor.web.app import Published, create_app
from tests.docs.configuration_rows import rows
from tests.views import BUILD, a_view

DOCS = Path(__file__).parents[2] / "docs"
TEXT = (DOCS / "operations.md").read_text()
EACH = pytest.mark.parametrize("name", ["operations.md", "metrics.md"])
SECTIONS = ("kafka", "state", "ingest", "http", "logging", "alerting", "discovery")


def anchors(text: str) -> set[str]:
    """Of the headings, as GitHub makes them."""
    titles = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def test_every_metric_in_it_exists() -> None:
    named = set(re.findall(r"\bstream_monitor_\w+", TEXT))
    assert named
    assert named <= {metric.full_name for metric in CATALOGUE}


def test_every_address_in_it_answers() -> None:
    published = Published(views=ViewHolder(a_view()), registry=CollectorRegistry(), build=BUILD)
    client = TestClient(create_app(published), base_url="http://localhost")
    addresses = set(re.findall(r"`(/[a-z0-9/]+(?:\?verbose)?)`", TEXT))
    assert addresses >= {"/livez", "/healthz", "/readyz", "/metrics", "/version", "/api/v1/status"}
    for address in addresses:
        assert client.get(address).status_code in {200, 503}, address


def test_every_key_in_it_exists() -> None:
    keys = re.findall(rf"`((?:{'|'.join(SECTIONS)})\.\w+)(?::[^`]*)?`", TEXT)
    assert len(keys) > 5
    assert set(keys) <= set(rows())


def test_its_defaults_are_the_defaults() -> None:
    settings = load(
        None, {"STREAM_MONITOR_KAFKA__BOOTSTRAP_SERVERS": "k:1", "STREAM_MONITOR_DISCOVERY__TOPICS": "a"}
    )
    listen = settings.http.listen
    assert listen is not None
    assert f"`{listen.host}:{listen.port}` unless `http.listen`" in TEXT
    assert f"`kafka.partitions` ({settings.kafka.partitions})" in TEXT
    assert f"`kafka.topic_prefix` (`{settings.kafka.topic_prefix}`)" in TEXT
    assert f"`kafka.commit_every` ({settings.kafka.commit_every.total_seconds():.0f} s)" in TEXT
    assert f"`state.checkpoint_every` ({settings.state.checkpoint_every.total_seconds():.0f} s)" in TEXT
    assert f"`state.checkpoint_rows` ({settings.state.checkpoint_rows:,} rows)" in TEXT
    assert f"`ingest.lateness` ({settings.ingest.lateness.total_seconds():.0f} s)" in " ".join(TEXT.split())


def test_its_configuration_is_valid(tmp_path: Path) -> None:
    (example,) = re.findall(r"```yaml\n(.+?)```", TEXT, re.DOTALL)
    file = tmp_path / "monitor.yaml"
    file.write_text(example)
    assert load(file, {}).instance_id == "monitor-0"


@EACH
def test_links_lead_somewhere(name: str) -> None:
    text = (DOCS / name).read_text()
    for target in re.findall(r"\]\(([^)]+)\)", text):
        path, _, anchor = target.partition("#")
        file = DOCS / (path or name)
        assert file.is_file(), target
        assert not anchor or anchor in anchors(file.read_text()), target
