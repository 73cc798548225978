"""deploy/kubernetes against the schemas of Kubernetes, and its parts against each other, the program and its configuration."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import kubernetes_validate  # type: ignore[import-untyped]  # comes without types
import pytest
import yaml
from prometheus_client import CollectorRegistry
from starlette.testclient import TestClient

from stream_monitor import __version__
from stream_monitor.config import load
from stream_monitor.runtime.worker import WorkerOptions
from stream_monitor.telemetry.view import ViewHolder
from stream_monitor.web.app import Published, create_app
from tests.views import BUILD, a_view

TOP = Path(__file__).parents[3]
KUBERNETES = TOP / "deploy" / "kubernetes"
BASE = KUBERNETES / "base"
COMPONENT = KUBERNETES / "components" / "prometheus-operator"
EXAMPLE = KUBERNETES / "overlays" / "example"
DIRECTORIES = [BASE, COMPONENT, EXAMPLE]
# From the first release in which all of them are stable, to the newest that the validator knows.
RELEASES = ["1.28", kubernetes_validate.latest_version()]
NAME = {"app.kubernetes.io/name": "stream-monitor"}
# What the operator's CRD wants of a ServiceMonitor, as far as ours goes.
SERVICE_MONITOR = {
    "type": "object",
    "required": ["apiVersion", "kind", "metadata", "spec"],
    "properties": {
        "apiVersion": {"const": "monitoring.coreos.com/v1"},
        "spec": {
            "type": "object",
            "required": ["selector", "endpoints"],
            "additionalProperties": False,
            "properties": {
                "selector": {
                    "type": "object",
                    "additionalProperties": False,
                    "properties": {"matchLabels": {"additionalProperties": {"type": "string"}}},
                },
                "endpoints": {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "additionalProperties": False,
                        "properties": {
                            "port": {"type": "string"},
                            "path": {"type": "string", "pattern": "^/"},
                            "interval": {"type": "string", "pattern": r"^\d+(ms|s|m|h)$"},
                        },
                    },
                },
            },
        },
    },
}


def read(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return found


def resources(directory: Path) -> list[Path]:
    return [directory / name for name in read(directory / "kustomization.yaml")["resources"]]


OBJECTS = {path.stem: read(path) for path in resources(BASE)}
POD = OBJECTS["statefulset"]["spec"]["template"]["spec"]
(CONTAINER,) = POD["containers"]


@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize("kind", OBJECTS)
def test_the_base_follows_the_schemas_of_kubernetes(kind: str, release: str) -> None:
    kubernetes_validate.validate(OBJECTS[kind], release, strict=True)


def test_the_schema_sees_a_wrong_type_and_a_misspelt_key() -> None:
    for wrong in ({"replicas": "two"}, {"replica": 2}):
        broken = {**OBJECTS["statefulset"], "spec": {**OBJECTS["statefulset"]["spec"], **wrong}}
        with pytest.raises(kubernetes_validate.ValidationError):
            kubernetes_validate.validate(broken, RELEASES[-1], strict=True)


def test_the_base_needs_no_custom_resource() -> None:
    groups = {kind["apiVersion"].partition("/")[0] for kind in OBJECTS.values()}
    assert groups == {"v1", "apps", "policy", "networking.k8s.io"}


@pytest.mark.parametrize("directory", DIRECTORIES, ids=lambda path: path.name)
def test_kustomizations_name_files_that_exist_and_no_file_is_left_out(directory: Path) -> None:
    kustomization = read(directory / "kustomization.yaml")
    generated = [name for one in kustomization.get("configMapGenerator", ()) for name in one["files"]]
    named = [*kustomization["resources"], *kustomization.get("components", ()), *generated]
    for name in named:
        path = directory / name
        assert path.is_file() or (path / "kustomization.yaml").is_file(), name
    mine = {path.name for path in directory.iterdir()} - {"kustomization.yaml"}
    assert mine == {name for name in named if "/" not in name}


def test_every_selector_finds_the_pods_and_nothing_is_called_otherwise() -> None:
    assert {kind["metadata"]["name"] for kind in OBJECTS.values()} == {"stream-monitor"}
    assert all(kind["metadata"]["labels"] == NAME for kind in OBJECTS.values())
    assert OBJECTS["statefulset"]["spec"]["template"]["metadata"]["labels"] == NAME
    assert OBJECTS["statefulset"]["spec"]["selector"]["matchLabels"] == NAME
    assert OBJECTS["service"]["spec"]["selector"] == NAME
    assert OBJECTS["poddisruptionbudget"]["spec"]["selector"]["matchLabels"] == NAME
    assert OBJECTS["networkpolicy"]["spec"]["podSelector"]["matchLabels"] == NAME
    (spread,) = POD["topologySpreadConstraints"]
    assert spread["labelSelector"]["matchLabels"] == NAME
    assert POD["serviceAccountName"] == OBJECTS["serviceaccount"]["metadata"]["name"]


def test_the_service_is_headless_and_that_of_the_stateful_set() -> None:
    service = OBJECTS["service"]
    assert service["spec"]["clusterIP"] == "None"
    assert OBJECTS["statefulset"]["spec"]["serviceName"] == service["metadata"]["name"]


def test_the_instance_id_is_the_name_of_the_pod_and_nothing_else_looks_like_a_setting() -> None:
    (variable,) = CONTAINER["env"]
    assert variable["valueFrom"] == {"fieldRef": {"fieldPath": "metadata.name"}}
    settings = load(BASE / "config.yaml", {variable["name"]: "stream-monitor-0"})
    assert settings.instance_id == "stream-monitor-0"
    assert POD["enableServiceLinks"] is False


@pytest.mark.parametrize("directory", [BASE, EXAMPLE], ids=lambda path: path.name)
def test_the_configuration_is_valid_and_is_the_one_that_is_mounted_and_run(
    directory: Path, tmp_path: Path
) -> None:
    text = (directory / "config.yaml").read_text(encoding="utf-8")
    secrets = {mount["name"]: mount["mountPath"] for mount in CONTAINER["volumeMounts"]}["secrets"]
    for name in re.findall(rf"\$\{{FILE:{secrets}/([\w-]+)\}}", text):
        (tmp_path / name).write_text("secret")
    (tmp_path / "config.yaml").write_text(text.replace(secrets, str(tmp_path)))
    settings = load(tmp_path / "config.yaml", {})
    assert settings.http.listen is not None
    (port,) = CONTAINER["ports"]
    assert (
        settings.http.listen.port == port["containerPort"] == OBJECTS["service"]["spec"]["ports"][0]["port"]
    )
    assert settings.http.listen.host == "0.0.0.0"
    assert settings.logging.format == "json"


def test_the_config_map_is_mounted_where_the_program_looks_for_it() -> None:
    (generated,) = read(BASE / "kustomization.yaml")["configMapGenerator"]
    volumes = {volume["name"]: volume for volume in POD["volumes"]}
    mounts = {mount["name"]: mount["mountPath"] for mount in CONTAINER["volumeMounts"]}
    assert set(volumes) == set(mounts)
    assert volumes["config"]["configMap"]["name"] == generated["name"]
    assert CONTAINER["args"] == ["run", "-c", f"{mounts['config']}/{generated['files'][0]}"]
    (replaced,) = read(EXAMPLE / "kustomization.yaml")["configMapGenerator"]
    assert (replaced["name"], replaced["behavior"]) == (generated["name"], "replace")
    assert replaced["files"] == generated["files"]


def test_probes_ask_for_what_the_program_answers() -> None:
    published = Published(views=ViewHolder(a_view()), registry=CollectorRegistry(), build=BUILD)
    client = TestClient(create_app(published), base_url="http://localhost")
    paths = {kind: CONTAINER[f"{kind}Probe"]["httpGet"] for kind in ("startup", "liveness", "readiness")}
    assert {kind: probe["path"] for kind, probe in paths.items()} == {
        "startup": "/livez",
        "liveness": "/livez",
        "readiness": "/readyz",
    }
    for probe in paths.values():
        assert probe["port"] == CONTAINER["ports"][0]["name"]
        assert client.get(probe["path"]).status_code in {200, 503}


def test_it_is_given_the_time_that_its_last_commit_may_take() -> None:
    deadlines = WorkerOptions(name="any")
    assert POD["terminationGracePeriodSeconds"] > deadlines.commit_seconds + deadlines.revoke_seconds


def test_it_runs_as_nobody_with_nothing_to_write_to_and_bounded_memory() -> None:
    assert POD["securityContext"]["runAsNonRoot"] is True
    assert POD["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert f"USER {POD['securityContext']['runAsUser']}:{POD['securityContext']['runAsGroup']}\n" in (
        TOP / "deploy" / "Dockerfile"
    ).read_text(encoding="utf-8")
    assert CONTAINER["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert POD["automountServiceAccountToken"] is False
    assert {"cpu", "memory"} <= set(CONTAINER["resources"]["requests"])
    assert "memory" in CONTAINER["resources"]["limits"]
    assert OBJECTS["poddisruptionbudget"]["spec"]["maxUnavailable"] == 1


def test_the_image_is_of_the_version_of_the_program() -> None:
    assert CONTAINER["image"] == f"stream-monitor:{__version__}"
    (image,) = read(EXAMPLE / "kustomization.yaml")["images"]
    assert (image["name"], image["newTag"]) == (CONTAINER["image"].partition(":")[0], __version__)


def test_the_network_policy_lets_prometheus_in_on_the_port_of_the_container() -> None:
    (rule,) = OBJECTS["networkpolicy"]["spec"]["ingress"]
    assert [port["port"] for port in rule["ports"]] == [CONTAINER["ports"][0]["name"]]
    assert OBJECTS["networkpolicy"]["spec"]["policyTypes"] == ["Ingress"]


def test_the_service_monitor_finds_the_service_and_its_port() -> None:
    monitor = read(COMPONENT / "servicemonitor.yaml")
    jsonschema.validate(monitor, SERVICE_MONITOR)
    assert monitor["spec"]["selector"]["matchLabels"] == OBJECTS["service"]["metadata"]["labels"]
    (endpoint,) = monitor["spec"]["endpoints"]
    assert endpoint["port"] == OBJECTS["service"]["spec"]["ports"][0]["name"]
    assert endpoint["path"] == "/metrics"


def test_the_rules_of_the_operator_are_the_rules_of_prometheus(tmp_path: Path) -> None:
    written = tmp_path / "rule.yaml"
    subprocess.run([sys.executable, KUBERNETES / "generate.py", written], check=True, timeout=60)
    assert (COMPONENT / "prometheusrule.yaml").read_text() == written.read_text(), (
        "run deploy/kubernetes/generate.py"
    )
    rule = read(COMPONENT / "prometheusrule.yaml")
    assert (rule["apiVersion"], rule["kind"]) == ("monitoring.coreos.com/v1", "PrometheusRule")
    assert rule["spec"] == read(TOP / "deploy" / "prometheus" / "rules.yml")


def test_the_component_is_one_and_the_example_uses_it() -> None:
    assert read(COMPONENT / "kustomization.yaml")["kind"] == "Component"
    components = read(EXAMPLE / "kustomization.yaml")["components"]
    assert [(EXAMPLE / name).resolve() for name in components] == [COMPONENT]
