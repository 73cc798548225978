# ruff: noqa: INP001 (a script beside what it writes)
"""Writes the Grafana dashboards: `python deploy/grafana/generate.py [DIRECTORY]`. Names of metrics come from their catalogue."""

import sys
from pathlib import Path

import feature
import model
import overview
import pipeline

DASHBOARDS = (overview.DASHBOARD, model.DASHBOARD, feature.DASHBOARD, pipeline.DASHBOARD)

if __name__ == "__main__":
    directory = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent / "dashboards"
    for dashboard in DASHBOARDS:
        (directory / f"{dashboard.name}.json").write_text(dashboard.text(), encoding="utf-8")
