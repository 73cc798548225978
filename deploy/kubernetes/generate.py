# ruff: noqa: INP001 (a script beside what it writes)
"""Writes the PrometheusRule from the rules of Prometheus: `python deploy/kubernetes/generate.py [FILE]`."""

import sys
from pathlib import Path
from typing import Final

import yaml

HERE: Final = Path(__file__).parent
RULES: Final = HERE.parent / "prometheus" / "rules.yml"
WRITTEN: Final = HERE / "components" / "prometheus-operator" / "prometheusrule.yaml"
NOTE: Final = "# Made by deploy/kubernetes/generate.py from deploy/prometheus/rules.yml; change it there.\n"


def text() -> str:
    """The object as it is written to its file."""
    name = "stream-monitor"
    wanted = {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "PrometheusRule",
        "metadata": {"name": name, "labels": {"app.kubernetes.io/name": name}},
        "spec": yaml.safe_load(RULES.read_text(encoding="utf-8")),
    }
    return NOTE + yaml.safe_dump(wanted, sort_keys=False, allow_unicode=True, width=120)


if __name__ == "__main__":
    (Path(sys.argv[1]) if len(sys.argv) > 1 else WRITTEN).write_text(text(), encoding="utf-8")
