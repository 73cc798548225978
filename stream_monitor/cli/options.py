"""Options that several commands share, and how they become settings. Imports nothing heavy at module level."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

if TYPE_CHECKING:
    from stream_monitor.config import Settings

DEFAULT_FILE: Final = Path("stream-monitor.yaml")

ConfigFile = Annotated[
    Path | None,
    typer.Option(
        "--config",
        "-c",
        metavar="FILE",
        help=f"Configuration; ./{DEFAULT_FILE} if it is there and none is named.",
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of text for people.")]
Http = Annotated[
    str | None,
    typer.Option(
        "--http",
        metavar="HOST:PORT|off",
        help="Where metrics, health and dashboard are served; instead of http.listen, 127.0.0.1:8080 if absent.",
    ),
]
Properties = Annotated[
    list[str] | None,
    typer.Option(
        "-X",
        metavar="PROP=VALUE",
        help="Property of librdkafka, laid over kafka.properties; can be repeated.",
    ),
]
BootstrapServers = Annotated[
    str | None,
    typer.Option(
        "--bootstrap-servers", metavar="HOST:PORT,…", help="Brokers; instead of kafka.bootstrap_servers."
    ),
]

# Which columns of flat rows are not features.
Time = Annotated[
    str | None,
    typer.Option(
        "--time", metavar="COLUMN", help="Event time: RFC 3339 or epoch milliseconds; row numbers if absent."
    ),
]
Id = Annotated[str | None, typer.Option("--id", metavar="COLUMN", help="What joins prediction and label.")]
Prediction = Annotated[
    str | None, typer.Option("--prediction", metavar="COLUMN", help="Predicted class or value.")
]
Probability = Annotated[
    str | None, typer.Option("--probability", metavar="COLUMN", help="Probability or score.")
]
Label = Annotated[str | None, typer.Option("--label", metavar="COLUMN", help="The truth.")]
Latency = Annotated[
    str | None, typer.Option("--latency", metavar="COLUMN", help="Latency of the model in ms.")
]


def data_files(metavar: str, several: str) -> Any:
    """The argument for files of rows. several: what more than one of them is."""
    return typer.Argument(
        metavar=metavar,
        exists=True,
        dir_okay=False,
        help=f"CSV, JSON lines (both also .gz) or Parquet; several are {several}.",
    )


def overrides_of(
    *, http: str | None = None, bootstrap_servers: str | None = None, properties: list[str] | None = None
) -> dict[str, object]:
    """Options as settings by dotted key. Raises a usage error for a property without `=`."""
    given: dict[str, object] = {"http.listen": http, "kafka.bootstrap_servers": bootstrap_servers}
    chosen = {key: value for key, value in given.items() if value is not None}
    if properties:
        chosen["kafka.properties"] = dict(_property(text) for text in properties)
    return chosen


def _property(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name.strip():
        raise typer.BadParameter(f"{name!r} is not PROP=VALUE; write -X socket.keepalive.enable=true")
    return name.strip(), value


def load_settings(
    config: Path | None,
    overrides: Mapping[str, object] | None = None,
    *,
    for_kafka: bool = True,
    reference_files: bool = True,
) -> "Settings":
    """The settings of this run: file, environment, command line; without Kafka there is no default file.

    reference_files: whether those that are named must be there.
    Raises InvalidConfiguration.
    """
    from stream_monitor.config import load
    from stream_monitor.detectors.registry import installed

    known = {found.id: found.spec for found in installed().registered() if found.spec is not None}
    file = file_of(config) if for_kafka else config
    return load(
        file,
        os.environ,
        dict(overrides or {}),
        known_detectors=known,
        for_kafka=for_kafka,
        reference_files=reference_files,
    )


def file_of(config: Path | None) -> Path | None:
    """The file that is read, or None where there is none."""
    if config is None and DEFAULT_FILE.is_file():
        return DEFAULT_FILE
    return config
