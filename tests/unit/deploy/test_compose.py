"""docker-compose.yml against its schema, the files it mounts, the configuration it runs and the commands it calls."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from stream_monitor.config import load

TOP = Path(__file__).parents[3]
COMPOSE = TOP / "docker-compose.yml"
COMPOSED: dict[str, Any] = yaml.safe_load(COMPOSE.read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSED["services"]
CONFIG = TOP / "deploy" / "stream-monitor" / "config.yaml"
EVERY = pytest.mark.parametrize("service", SERVICES)


def complaints(path: Path) -> str:
    """What the official schema of compose files has against `path`; empty when nothing."""
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", str(path)]
    run = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    return "" if run.returncode == 0 else run.stdout + run.stderr


def mounts(service: str) -> list[list[str]]:
    return [volume.split(":") for volume in SERVICES[service].get("volumes", [])]


def container_ports(service: str) -> set[int]:
    return {int(port.rpartition(":")[2]) for port in SERVICES[service].get("ports", [])}


def test_it_follows_the_compose_schema() -> None:
    assert not complaints(COMPOSE)


def test_the_schema_sees_a_misspelt_key(tmp_path: Path) -> None:
    broken = tmp_path / "docker-compose.yml"
    broken.write_text(COMPOSE.read_text().replace("depends_on:", "depend_on:", 1))
    assert "depend_on" in complaints(broken)


@EVERY
def test_images_are_pinned_to_a_version(service: str) -> None:
    assert re.fullmatch(r"[a-z./-]+:v?\d+\.\d+\.\d+", SERVICES[service]["image"])


def test_the_image_built_here_has_the_version_of_the_program() -> None:
    version = re.search(
        r'^__version__ = "(.+)"$', (TOP / "stream_monitor" / "__init__.py").read_text(), re.MULTILINE
    )
    assert version
    for name, service in SERVICES.items():
        if "build" in service:
            assert service["image"] == f"stream-monitor:{version[1]}", name


def test_what_is_built_finds_its_dockerfile() -> None:
    builds = [service["build"] for service in SERVICES.values() if "build" in service]
    assert builds
    for build in builds:
        assert (TOP / build["context"] / build["dockerfile"]).is_file()


@EVERY
def test_mounted_files_exist_and_are_read_only_and_volumes_are_declared(service: str) -> None:
    for source, target, *mode in mounts(service):
        assert target.startswith("/")
        if source.startswith("."):
            assert (TOP / source).exists(), source
            assert mode == ["ro"], f"{source} belongs to the checkout"
        else:
            assert source in COMPOSED["volumes"]


def test_no_declared_volume_is_unused() -> None:
    used = {source for service in SERVICES for source, *_ in mounts(service) if not source.startswith(".")}
    assert used == set(COMPOSED["volumes"])


@EVERY
def test_ports_are_published_on_loopback_only(service: str) -> None:
    for port in SERVICES[service].get("ports", []):
        assert port.startswith("127.0.0.1:"), port


@EVERY
def test_every_service_is_confined_and_bounded(service: str) -> None:
    assert SERVICES[service]["cap_drop"] == ["ALL"]
    assert SERVICES[service]["security_opt"] == ["no-new-privileges:true"]
    assert "privileged" not in SERVICES[service]


@pytest.mark.parametrize("service", ["stream-monitor", "demo", "prometheus", "alertmanager"])
def test_the_root_file_system_is_read_only(service: str) -> None:
    assert SERVICES[service]["read_only"] is True
    assert SERVICES[service]["tmpfs"] == ["/tmp"]


@EVERY
def test_a_service_is_healthy_or_ends_by_itself(service: str) -> None:
    check = SERVICES[service]["healthcheck"]
    if check.get("disable"):
        assert SERVICES[service]["restart"].startswith("on-failure")
        assert service in {"topics", "demo"}
    else:
        assert check["test"][0] == "CMD"
        assert check["retries"] >= 3


@EVERY
def test_nothing_starts_before_what_it_needs_is_healthy(service: str) -> None:
    for needed, how in SERVICES[service].get("depends_on", {}).items():
        ends = SERVICES[needed]["healthcheck"].get("disable", False)
        assert how == {"condition": "service_completed_successfully" if ends else "service_healthy"}


def test_the_order_of_the_start() -> None:
    needs = {name: set(service.get("depends_on", {})) for name, service in SERVICES.items()}
    assert needs == {
        "kafka": set(),
        "topics": {"kafka"},
        "stream-monitor": {"kafka", "topics"},
        "demo": {"stream-monitor"},
        "alertmanager": set(),
        "prometheus": {"stream-monitor", "alertmanager"},
        "grafana": {"prometheus"},
    }


def test_the_configuration_is_valid_and_is_the_one_that_is_run() -> None:
    settings = load(CONFIG, {})
    command = SERVICES["stream-monitor"]["command"]
    targets = {target: source for source, target, *_ in mounts("stream-monitor")}
    assert command == ["run", "-c", "/etc/stream-monitor/config.yaml"]
    assert (TOP / targets[command[2]]).resolve() == CONFIG
    assert settings.kafka.replication_factor == 1
    assert settings.logging.format == "json"


def test_the_monitor_and_the_demo_reach_kafka_where_it_listens() -> None:
    environment = SERVICES["kafka"]["environment"]
    advertised = dict(item.split("://") for item in environment["KAFKA_ADVERTISED_LISTENERS"].split(","))
    listening = {
        name: address.rpartition(":")[2]
        for name, address in (item.split("://") for item in environment["KAFKA_LISTENERS"].split(","))
    }
    inside, outside = advertised["PLAINTEXT"], advertised["PLAINTEXT_HOST"]
    assert load(CONFIG, {}).kafka.bootstrap_servers == inside
    demo = SERVICES["demo"]["command"]
    assert demo[demo.index("--kafka") + 1] == inside
    assert f"--bootstrap-server={inside}" in SERVICES["topics"]["command"]
    assert inside.rpartition(":")[2] == listening["PLAINTEXT"]
    assert outside.rpartition(":")[2] == listening["PLAINTEXT_HOST"]
    assert (
        f"127.0.0.1:{listening['PLAINTEXT_HOST']}:{listening['PLAINTEXT_HOST']}" in SERVICES["kafka"]["ports"]
    )
    assert environment["KAFKA_CONTROLLER_QUORUM_VOTERS"] == f"1@kafka:{listening['CONTROLLER']}"


def test_the_topic_that_is_made_is_the_one_that_is_read() -> None:
    made = [arg.partition("=")[2] for arg in SERVICES["topics"]["command"] if arg.startswith("--topic=")]
    assert made == load(CONFIG, {}).discovery.topics


def test_ports_agree_with_the_configuration() -> None:
    listen = load(CONFIG, {}).http.listen
    assert listen is not None
    assert listen.host == "0.0.0.0"
    assert container_ports("stream-monitor") == {listen.port}
    (probe,) = [part for part in SERVICES["stream-monitor"]["healthcheck"]["test"] if "urlopen" in part]
    assert f"127.0.0.1:{listen.port}/readyz" in probe


def test_prometheus_scrapes_the_monitor_where_it_listens() -> None:
    (target,) = [target for source, target, *_ in mounts("prometheus") if source.endswith("prometheus.yml")]
    assert f"--config.file={target}" in SERVICES["prometheus"]["command"]
    scrapes = yaml.safe_load((TOP / "deploy/prometheus/prometheus.yml").read_text())["scrape_configs"]
    (found,) = [scrape for scrape in scrapes if scrape["job_name"] == "stream-monitor"]
    (discovery,) = found["dns_sd_configs"]
    assert set(discovery["names"]) <= set(SERVICES)
    assert {discovery["port"]} == container_ports("stream-monitor")


def test_prometheus_finds_its_rules_and_alertmanager() -> None:
    config = yaml.safe_load((TOP / "deploy/prometheus/prometheus.yml").read_text())
    inside = {target: source for source, target, *_ in mounts("prometheus")}
    for rules in config["rule_files"]:
        assert (TOP / inside[f"/etc/prometheus/{rules}"]).is_file()
    (manager,) = config["alerting"]["alertmanagers"]
    ((target,),) = [static["targets"] for static in manager["static_configs"]]
    host, port = target.split(":")
    assert int(port) in container_ports(host)
    (file,) = [target for source, target, *_ in mounts("alertmanager") if source.endswith(".yml")]
    assert f"--config.file={file}" in SERVICES["alertmanager"]["command"]


def test_grafana_finds_prometheus_and_the_dashboards() -> None:
    provisioning = TOP / "deploy" / "grafana" / "provisioning"
    (source,) = yaml.safe_load((provisioning / "datasources/prometheus.yaml").read_text())["datasources"]
    host, port = source["url"].removeprefix("http://").split(":")
    assert int(port) in container_ports(host)
    scrape = yaml.safe_load((TOP / "deploy/prometheus/prometheus.yml").read_text())["global"][
        "scrape_interval"
    ]
    assert source["jsonData"]["timeInterval"] == scrape
    (provider,) = yaml.safe_load((provisioning / "dashboards/stream-monitor.yaml").read_text())["providers"]
    inside = {target: TOP / source for source, target, *_ in mounts("grafana")}
    home = Path(SERVICES["grafana"]["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"])
    assert home.parent == Path(provider["options"]["path"])
    assert (inside[str(home.parent)] / home.name).is_file()


def test_the_files_of_the_checkout_are_in_reach_of_the_build() -> None:
    project = tomllib.loads((TOP / "pyproject.toml").read_text())["project"]
    ignored = (TOP / "deploy" / "Dockerfile.dockerignore").read_text().splitlines()
    needed = {"pyproject.toml", "uv.lock", "stream_monitor", *project["license-files"]}
    assert {f"!{name}" for name in needed} <= set(ignored)
    assert project.get("readme", "README.md").endswith(".md")
    assert "!*.md" in ignored
