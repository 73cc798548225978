"""`stream-monitor schema`."""

from collections.abc import Callable, Mapping
from typing import Annotated

import typer

from stream_monitor.cli.failures import WrongUsage
from stream_monitor.cli.output import print_json


def schema(
    name: Annotated[
        str | None, typer.Argument(metavar="[NAME]", help="Which one; all names are listed without it.")
    ] = None,
) -> None:
    """Print the JSON Schema of a contract.

    config (the configuration), test (tests of a configuration), event (input), drift-event and retrain-request (alerts
    topic), status, worker and series-references (status topic), history (history topic), operation (operations
    topic) or reference (reference profiles);
    openapi is the OpenAPI document of the HTTP API.

    For example: stream-monitor schema config > stream-monitor.schema.json
    """
    schemas = _schemas()
    if name is None:
        for known in schemas:
            typer.echo(known)
        return
    if name not in schemas:
        raise WrongUsage(f"there is no schema {name!r}; there are {', '.join(schemas)}")
    print_json(schemas[name]())


def _schemas() -> Mapping[str, Callable[[], object]]:
    from stream_monitor.config import json_schema
    from stream_monitor.config.configuration_tests import schema_of_tests
    from stream_monitor.formats.schemas import SCHEMAS
    from stream_monitor.web.dashboard import openapi

    return {"config": json_schema, "test": schema_of_tests, **SCHEMAS, "openapi": openapi}
