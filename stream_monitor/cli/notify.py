"""`stream-monitor notify`."""

from stream_monitor.cli.failures import WrongUsage
from stream_monitor.cli.options import BootstrapServers, ConfigFile, Properties, load_settings, overrides_of
from stream_monitor.cli.output import note


def notify(
    config: ConfigFile = None,
    bootstrap_servers: BootstrapServers = None,
    properties: Properties = None,
) -> None:
    """Send what is on the alerts topic to Alertmanager and webhooks until SIGTERM or SIGINT.

    `run` does so, too, unless notify.in_run is false. Any number of these may run: each sink is served by one of them.
    """
    given = overrides_of(bootstrap_servers=bootstrap_servers, properties=properties)
    settings = load_settings(config, given, reference_files=False)
    from stream_monitor.app.notify import run_notify, served_sinks
    from stream_monitor.app.service import configure_logging, stop_on_signals

    sinks = served_sinks(settings)
    if not sinks:
        raise WrongUsage("no sink to serve: write alertmanager or webhook under sinks in the configuration")
    configure_logging(settings)

    def started(url: str | None) -> None:
        where = "" if url is None else f"; metrics and health: {url}"
        note(f"serving {', '.join(sink.label for sink in sinks)}{where}")

    with stop_on_signals() as stop:
        run_notify(settings, stop, started)
