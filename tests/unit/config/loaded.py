"""A configuration file from text, and what `load` says of it."""

import textwrap
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from stream_monitor.config import InvalidConfiguration, Settings, load
from stream_monitor.core.detector import DetectorSpec

MINIMAL = "version: 1\nkafka: {bootstrap_servers: b:9092}\ndiscovery: {topics: [events]}\n"
"""What every run needs, in three lines."""


def settings(
    text: str, directory: Path, environ: Mapping[str, str] | None = None, **options: Any
) -> Settings:
    file = directory / "monitor.yaml"
    file.write_text(textwrap.dedent(text), encoding="utf-8")
    return load(file, environ or {}, **options)


def in_clear(found: Settings) -> Mapping[str, str]:
    """The properties for librdkafka with their values, which nothing else shows."""
    return {key: prop.value for key, prop in found.kafka.properties.items()}


def complaints(
    text: str,
    directory: Path,
    environ: Mapping[str, str] | None = None,
    *,
    known: Mapping[str, DetectorSpec] | None = None,
    for_kafka: bool = True,
) -> list[str]:
    """Every problem as it is printed, with the directory taken out."""
    with pytest.raises(InvalidConfiguration) as caught:
        settings(text, directory, environ, known_detectors=known, for_kafka=for_kafka)
    return [str(problem).replace(f"{directory}/", "") for problem in caught.value.problems]
