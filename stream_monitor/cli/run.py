"""`stream-monitor run`."""

from functools import partial

from stream_monitor.cli.options import (
    BootstrapServers,
    ConfigFile,
    Http,
    Properties,
    load_settings,
    overrides_of,
)


def run(
    config: ConfigFile = None,
    http: Http = None,
    bootstrap_servers: BootstrapServers = None,
    properties: Properties = None,
) -> None:
    """Monitor what is in Kafka until SIGTERM or SIGINT.

    Start it again, here or elsewhere, to share the work: any number of workers of one group. Both signals end it
    cleanly (exit code 0): what is done is committed, with snapshots. A second one ends it at once.
    """
    given = overrides_of(http=http, bootstrap_servers=bootstrap_servers, properties=properties)
    settings = load_settings(config, given)
    from stream_monitor.app.notify import beside_worker
    from stream_monitor.app.service import configure_logging, run_service, stop_on_signals

    configure_logging(settings)
    with stop_on_signals() as stop:
        run_service(settings, stop.is_set, beside=partial(beside_worker, settings))
