"""`stream-monitor schema`."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated

import typer

from stream_monitor.cli.failures import WrongUsage
from stream_monitor.cli.output import print_json


def schema(
    name: Annotated[
        str | None, typer.Argument(metavar="[NAME]", help="Which one; all names are listed without it.")
    ] = None,
    config: Annotated[
        Path | None,
        typer.Option(
            "--config",
            "-c",
            metavar="FILE",
            help="Of asyncapi: the topics and brokers of this configuration.",
        ),
    ] = None,
) -> None:
    """Print the JSON Schema of a contract.

    config (the configuration), test (tests of a configuration), event (input), drift-event and retrain-request (alerts
    topic), status, worker and series-references (status topic), history (history topic), operation (operations
    topic) or reference (reference profiles);
    openapi is the OpenAPI document of the HTTP API, asyncapi the AsyncAPI document of all topics.

    For example: stream-monitor schema config > stream-monitor.schema.json
    """
    schemas = _schemas(config)
    if name is None:
        for known in schemas:
            typer.echo(known)
        return
    if name not in schemas:
        raise WrongUsage(f"there is no schema {name!r}; there are {', '.join(schemas)}")
    if config is not None and name != "asyncapi":
        raise WrongUsage(f"the schema {name} is the same for every configuration: leave out --config")
    print_json(schemas[name]())


def _schemas(config: Path | None) -> Mapping[str, Callable[[], object]]:
    from stream_monitor.config import json_schema
    from stream_monitor.config.configuration_tests import schema_of_tests
    from stream_monitor.formats.schemas import SCHEMAS
    from stream_monitor.web.dashboard import openapi

    def asyncapi() -> object:
        from stream_monitor.app.asyncapi.document import document
        from stream_monitor.cli.options import load_settings

        if config is None:
            return document()
        return document(load_settings(config, for_kafka=False, reference_files=False))

    return {
        "config": json_schema,
        "test": schema_of_tests,
        **SCHEMAS,
        "openapi": openapi,
        "asyncapi": asyncapi,
    }
