"""`stream-monitor topics create`."""

from typing import Annotated

import typer

from stream_monitor.cli.options import BootstrapServers, ConfigFile, Properties, load_settings, overrides_of
from stream_monitor.cli.output import note

app = typer.Typer(help="The monitor's own topics.", no_args_is_help=True, rich_markup_mode=None)


@app.callback()
def topics() -> None:
    """Create the monitor's own topics, or show how."""


@app.command("create")
def create(
    config: ConfigFile = None,
    bootstrap_servers: BootstrapServers = None,
    properties: Properties = None,
    only_print: Annotated[
        bool,
        typer.Option("--print", help="Print the commands of Kafka's own tool instead; connects to nothing."),
    ] = False,
) -> None:
    """Create the topics that are missing, check the others.

    Input topics are not among them. With the rights to do so, run does the same when it starts.
    """
    given = overrides_of(bootstrap_servers=bootstrap_servers, properties=properties)
    settings = load_settings(config, given)
    from stream_monitor.app.service import kafka_options, topic_plans
    from stream_monitor.kafka.topics import verify_topics

    options, plans = kafka_options(settings), topic_plans(settings)
    replicas = settings.kafka.replication_factor
    if only_print:
        for plan in plans:
            typer.echo(plan.command(options.bootstrap_servers, replicas))
        return
    created = verify_topics(options, plans, create=True, replication_factor=replicas)
    for name in created:
        typer.echo(name)
    note(
        f"{len(created)} topics created at {options.bootstrap_servers}, {len(plans) - len(created)} were there"
    )
