"""`stream-monitor ui`."""

from typing import Annotated

import typer

from stream_monitor.cli.failures import WrongUsage
from stream_monitor.cli.options import (
    BootstrapServers,
    ConfigFile,
    Properties,
    file_of,
    load_settings,
    overrides_of,
)
from stream_monitor.cli.output import note

Listen = Annotated[
    str | None,
    typer.Option(
        metavar="HOST:PORT",
        help="Where the dashboard is served; instead of http.listen, 127.0.0.1:8080 if absent.",
    ),
]
Open = Annotated[bool, typer.Option("--open", help="Open it in the web browser.")]


def ui(
    config: ConfigFile = None,
    listen: Listen = None,
    open_browser: Open = False,
    bootstrap_servers: BootstrapServers = None,
    properties: Properties = None,
) -> None:
    """Serve the dashboard and its API until Ctrl-C, beside workers that run anywhere.

    It reads the monitor's own topics, joins no group and needs no worker; brokers and kafka.topic_prefix must be those of
    the workers. To acknowledge and mute there, configure http.token.
    """
    given = overrides_of(http=listen, bootstrap_servers=bootstrap_servers, properties=properties)
    settings = load_settings(file_of(config), given, for_kafka=False, reference_files=False)
    from stream_monitor.app.service import configure_logging, stop_on_signals
    from stream_monitor.app.ui import serve_ui

    if settings.kafka.bootstrap_servers is None:
        raise WrongUsage(
            "no brokers: write --bootstrap-servers HOST:PORT, or name a configuration with -c FILE"
        )
    if settings.http.listen is None:
        raise typer.BadParameter("http.listen is off: write --listen 127.0.0.1:8080")
    configure_logging(settings)

    def started(url: str) -> None:
        note(f"dashboard: {url}")
        if open_browser:
            typer.launch(url)

    with stop_on_signals() as stop:
        serve_ui(settings, settings.http.listen, stop, started)
