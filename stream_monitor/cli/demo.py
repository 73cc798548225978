"""`stream-monitor demo`."""

from typing import TYPE_CHECKING, Annotated, Final

import typer

from stream_monitor.cli.options import Http, Properties, overrides_of
from stream_monitor.cli.output import STYLES, Progress, console, note

if TYPE_CHECKING:
    from stream_monitor.app.demo import Result, Served, Stage
    from stream_monitor.core.drift_event import DriftEvent
    from stream_monitor.core.retrain_request import RetrainRequest
    from stream_monitor.testing.scenario import InjectedDrift, Scenario

_SECONDS: Final = 45.0
_CYCLE_SECONDS: Final = 600.0
_BAR: Final = 30
_NEXT: Final = """\
The same on your own Kafka: write monitor.yaml,

  version: 1
  kafka: {bootstrap_servers: localhost:9092}
  models:
    - name: fraud
      sources: [fraud.predictions, fraud.labels]
      reference: fraud_train.parquet
      alerting: {false_alarms: 1 per week}
  sinks:
    - kafka: {topic: ml.drift.alerts}

then   stream-monitor check -c monitor.yaml
       stream-monitor run -c monitor.yaml
or try what you have in a file:   stream-monitor replay data.csv
"""

Duration = Annotated[
    float | None,
    typer.Option(
        min=0,
        metavar="SECONDS",
        help=f"How long the events take: {_SECONDS:.0f} if absent, 0 as fast as possible. With --produce-only they are"
        f" then written once, else for ever, {_CYCLE_SECONDS:.0f} each time.",
    ),
]
Seed = Annotated[int, typer.Option(min=0, metavar="NUMBER", help="Other numbers give other events.")]
Events = Annotated[
    int,
    typer.Option(
        min=40_000,
        metavar="NUMBER",
        help="How many events the ten weeks of the story have, predictions and labels together.",
    ),
]
Kafka = Annotated[
    str | None,
    typer.Option(
        "--kafka", metavar="BOOTSTRAP", help="Run on this Kafka, on topics of its own, instead of in memory."
    ),
]
ProduceOnly = Annotated[
    bool, typer.Option("--produce-only", help="Only write the events, for a monitor that runs elsewhere.")
]
Keep = Annotated[
    bool, typer.Option("--keep", help="Go on serving the dashboard when the story is over, until Ctrl-C.")
]
Topic = Annotated[str, typer.Option(metavar="NAME", help="The topic that --produce-only writes to.")]


def demo(
    *,
    duration: Duration = None,
    seed: Seed = 1,
    events: Events = 100_000,
    http: Http = None,
    keep: Keep = False,
    kafka: Kafka = None,
    produce_only: ProduceOnly = False,
    topic: Topic = "demo.events",
    properties: Properties = None,
) -> None:
    """Show drifts being injected and detected, without Kafka.

    A fraud model, with the truth of most cases up to a day later. In its ten weeks inputs drift without and with harm, a form
    breaks, answers get slower, one country goes wrong, and at last the concept itself drifts. The worker is the one of
    run, and the dashboard shows it. It ends by itself, with what was injected and what was detected.
    """
    if kafka is None and (produce_only or properties):
        raise typer.BadParameter("--produce-only and -X need --kafka")
    if keep and (produce_only or http == "off"):
        raise typer.BadParameter("--keep has nothing to serve with --produce-only or --http off")
    from stream_monitor.telemetry.logs import LogFormat, configure_logs
    from stream_monitor.testing.scenario import Scenario

    # what the worker would log is shown here; a producer alone has nothing else to tell of its broker
    configure_logs(LogFormat.CONSOLE, level="WARNING" if produce_only else "CRITICAL")
    scenario = Scenario(seed=seed, events=events)
    overrides = overrides_of(http=http, bootstrap_servers=kafka, properties=properties)
    if produce_only:
        _produce(scenario, topic, duration, overrides)
        return
    audience, seconds = _Audience(scenario, keep=keep), _SECONDS if duration is None else duration
    if kafka is None:
        from stream_monitor.app.demo import perform_in_memory as perform
    else:
        from stream_monitor.app.demo_kafka import perform_on_kafka as perform
    perform(scenario, audience, duration=seconds, overrides=overrides)
    audience.advise()


def _produce(scenario: "Scenario", topic: str, duration: float | None, overrides: dict[str, object]) -> None:
    from stream_monitor.app.demo_kafka import Pace, produce
    from stream_monitor.app.service import stop_on_signals

    pace = Pace(seconds=_CYCLE_SECONDS, cycles=None) if duration is None else Pace(seconds=duration, cycles=1)
    with stop_on_signals() as stop:
        note(f"writing to {topic} at {overrides['kafka.bootstrap_servers']}")
        written = produce(scenario, pace, stop.is_set, topic=topic, overrides=overrides)
    note(f"{written:,} events written")


class _Audience:
    """Shows the demo: a line for whatever happens, on a terminal above a line of progress."""

    def __init__(self, scenario: "Scenario", *, keep: bool) -> None:
        self._scenario = scenario
        self._keep = keep
        self._served: Served | None = None
        self._out = console()
        self._progress = Progress()
        self._place = ""

    def started(self, scenario: "Scenario", served: "Served | None", place: str) -> None:
        """Say what is going to happen."""
        self._place, self._served = place, served
        if served is not None:
            self._say(f"dashboard: {served.url}", "bold")
            self._say(f"token, to acknowledge and mute there: {served.token}")
        self._say(f"{scenario.events:,} events of a fraud model, through a worker over {place}")
        self._say("")

    def injected(self, drift: "InjectedDrift") -> None:
        """A drift begins."""
        self._line(drift.row, "injected", f"{drift.name}: {drift.description}", "bold cyan")

    def ended(self, drift: "InjectedDrift") -> None:
        """A drift ends."""
        assert drift.end_row is not None
        self._line(drift.end_row, "ended", f"{drift.name}: all is as it was", "cyan")

    def detected(self, event: "DriftEvent") -> None:
        """An alert opens, changes or is resolved."""
        severity = f"{event.severity}: " if event.status == "opened" else ""
        self._line(event.row, event.status, severity + event.summary, STYLES[event.status])

    def requested(self, request: "RetrainRequest") -> None:
        """The model shall be trained anew."""
        self._line(request.row, "retrain", request.summary, "bold magenta")

    def progress(self, stage: "Stage") -> None:
        """How far it is."""
        done = _BAR * stage.observed // stage.events
        rate = stage.observed / stage.seconds if stage.seconds > 0 else 0.0
        bar = "█" * done + "░" * (_BAR - done)
        self._progress.show(f"{bar} {stage.observed:,} of {stage.events:,} events, {rate:,.0f} per second")

    def finished(self, result: "Result") -> None:
        """Injected against detected; where it was asked for, wait then for Ctrl-C."""
        from stream_monitor.app.service import stop_on_signals

        self._tell(result)
        if self._keep and self._served is not None:
            with stop_on_signals() as stop:
                self._say(f"\nthe dashboard stays at {self._served.url} until Ctrl-C")
                stop.wait()

    def advise(self) -> None:
        """What to do next."""
        self._say("")
        self._say(_NEXT)

    def _tell(self, result: "Result") -> None:
        from rich.table import Table

        table = Table(box=None, pad_edge=False, header_style="bold")
        for column in ("injected", "at event", "to be found in", "found after", "performance"):
            table.add_column(column, justify="right" if column == "at event" else "left")
        for finding in result.scorecard.findings:
            drift = finding.drift
            injected, row, verdict = drift.name, f"{drift.row:,}", finding.performance or ""
            for series, delay in zip(drift.series, finding.delays, strict=True):
                table.add_row(
                    injected, row, series, "not found" if delay is None else f"{delay:,} events", verdict
                )
                injected = row = verdict = ""
        self._say("")
        self._out.print(table)
        false_alarms = result.scorecard.false_alarms
        self._say("")
        self._say(
            f"{result.scorecard.detected} of {len(self._scenario.drifts)} drifts detected, {len(false_alarms)} false alarms,"
            f" {result.drift_events} drift events; {self._scenario.events:,} events in {result.seconds:.0f} s"
        )
        for event in false_alarms:
            self._say(f"false alarm at event {event.row:,}: {event.summary}")
        for request in result.requests:
            self._say(
                f"retraining requested at event {request.row:,}: the data begin at event {request.change_point_row:,}"
            )
        if (training := result.training) is not None:
            self._say(
                f"stream-monitor export {result.requests[-1].id} -o data.parquet writes them: {training.cases:,} cases,"
                f" {training.labels:,} with their label, {len(training.columns)} columns, {training.bytes / 1e6:.1f} MB"
            )

    def _line(self, row: int, what: str, text: str, style: str) -> None:
        self._say(f"event {row:>7,}  {what:<8}  {text}", style)

    def _say(self, text: str, style: str = "") -> None:
        self._progress.clear()
        self._out.print(text, style=style)
