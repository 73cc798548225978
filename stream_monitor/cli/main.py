"""The program: its commands and nothing else. Every command is a module of its own, which imports what it needs late."""

import typer

from stream_monitor.cli import (
    alerts,
    check,
    compare,
    demo,
    detectors,
    doctor,
    explain,
    export,
    notify,
    reference,
    replay,
    run,
    schema,
    status,
    test,
    topics,
    ui,
    version,
)
from stream_monitor.cli.failures import Commands

_DESCRIPTION = """Streaming drift monitor on Kafka.

Watches the features, predictions and labels of models, and publishes drift events exactly once.

\b
See it work, without Kafka:    stream-monitor demo
Try it on a file:              stream-monitor replay data.csv
Test a configuration:          stream-monitor test tests.yaml
Run it:                        stream-monitor run -c monitor.yaml
Look at it:                    stream-monitor ui -c monitor.yaml
What is wrong with it:         stream-monitor doctor -c monitor.yaml
"""
_EXIT_CODES = "Exit codes: 0 done, also when drift was found; 1 the job, or a test, failed; 2 wrong usage or configuration."

app = typer.Typer(
    name="stream-monitor",
    cls=Commands,
    help=_DESCRIPTION,
    epilog=_EXIT_CODES,
    no_args_is_help=True,
    context_settings={"help_option_names": ["--help", "-h"]},
    # rich would triple the time of --help; what commands print may still use it
    rich_markup_mode=None,
    # a traceback is for a log: plain, and never with the values of variables, which may be secrets
    pretty_exceptions_enable=False,
    pretty_exceptions_show_locals=False,
)
app.command("run")(run.run)
app.command("ui")(ui.ui)
app.command("notify")(notify.notify)
app.command("status")(status.status)
app.add_typer(alerts.app, name="alerts")
app.command("doctor")(doctor.doctor)
app.command("demo")(demo.demo)
app.command("replay", no_args_is_help=True)(replay.replay)
app.command("check")(check.check)
app.command("test", no_args_is_help=True)(test.run_tests)
app.command("explain", no_args_is_help=True)(explain.explain)
app.command("export", no_args_is_help=True)(export.export)
app.command("compare", no_args_is_help=True)(compare.compare)
app.add_typer(reference.app, name="reference")
app.add_typer(topics.app, name="topics")
app.command("detectors")(detectors.detectors)
app.command("schema")(schema.schema)
app.command("version")(version.version)


def main() -> None:
    """Entry point of the console script."""
    app(prog_name="stream-monitor")
