"""`python -m bench.concept --datasets DIR`: concept drift of public streams, through `replay` as a user runs it."""

import argparse
import datetime as dt
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Final

from bench.concept.streams import AT_ONCE, LATE, LEARNING, WINDOW, Concept, Labels, concepts, write
from bench.detection.figures import number, table
from bench.detection.scoring import poisson_interval
from bench.figures import machine
from stream_monitor.app.replay import Tally, plan, replay
from stream_monitor.config import load
from stream_monitor.core.batch import FEATURE
from stream_monitor.core.drift_event import DriftEvent, Status
from stream_monitor.core.series import MISSING
from stream_monitor.files.columns import FileColumns

_ROOT: Final = Path(__file__).parents[2]
_REPORT: Final = _ROOT / "docs" / "benchmarks" / "concept.md"
_BEGIN: Final = "<!-- bench:begin -->"
_END: Final = "<!-- bench:end -->"


@dataclass(slots=True, kw_only=True)
class Found:
    """Alerts over some concepts. delays: predictions from a change to the alert of the error series; None: missed.

    calm: predictions before the changes. rows: all predictions. false: alerts before the change, of any series but the
    label's. features, outputs, labels: alerts of such series at any time. falls: accuracy expected and at the end.
    """

    delays: list[int | None] = field(default_factory=list)
    calm: int = 0
    rows: int = 0
    false: int = 0
    features: int = 0
    outputs: int = 0
    labels: int = 0
    falls: list[tuple[float, float]] = field(default_factory=list)

    @property
    def told(self) -> list[int]:
        """Delays of the changes that were found."""
        return [delay for delay in self.delays if delay is not None]


def main(arguments: Sequence[str] | None = None) -> None:
    asked = _parse(arguments)
    tables = []
    for labels in (AT_ONCE, LATE, LEARNING):
        title = labels.name[0].upper() + labels.name[1:]
        shown = _table(list(_measured(asked.datasets, labels)))
        print(f"{title}\n\n{shown}\n", flush=True)
        tables.append(f"### {title}\n\n{shown}\n")
    if asked.write:
        _write(tables)


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.concept", description=__doc__)
    parser.add_argument(
        "--datasets", type=Path, required=True, help="folder of public data sets, with concept_streams in it"
    )
    parser.add_argument(
        "--write", action="store_true", help=f"put the result into {_REPORT.relative_to(_ROOT)}"
    )
    asked = parser.parse_args(arguments)
    if not (asked.datasets / "concept_streams").is_dir():
        parser.error(f"no folder {asked.datasets / 'concept_streams'}")
    return asked


def _measured(folder: Path, labels: Labels) -> Iterator[tuple[str, Found]]:
    """By stream."""
    found: dict[str, Found] = {}
    with tempfile.TemporaryDirectory() as directory:
        for concept in concepts(folder):
            one = found.setdefault(concept.stream, Found())
            watch(concept, labels, Path(directory) / "concept.jsonl", one)
    yield from found.items()


def watch(concept: Concept, labels: Labels, path: Path, found: Found) -> None:
    """Replay the events of a concept with the default settings, and add up what was raised."""
    predicted = write(concept, labels, path)
    planned, tally = plan([path], FileColumns(), load(None, {}, for_kafka=False)), Tally()
    opened = [event for chunk in replay(planned, tally) for event in chunk if event.status is Status.OPENED]
    if tally.rejected:
        raise RuntimeError(f"{path}: {tally.rejected}")
    alerts = [(event, predicted[event.row]) for event in opened]
    _count(concept, alerts, found)
    (monitor,) = tally.monitors.values()
    report = monitor.outcomes.versions["1"].report(coverage=1.0)
    if report.expected is not None:
        expected, last = report.expected.figures["accuracy"].value, report.figures["accuracy"].value
        assert expected is not None
        assert last is not None
        found.falls.append((expected, last))


def _count(concept: Concept, alerts: Sequence[tuple[DriftEvent, int]], found: Found) -> None:
    """alerts: each with the number of predictions made up to it."""
    change, end = concept.change, concept.change + concept.width + WINDOW
    errors = [at for event, at in alerts if event.series == "error" and change < at <= end]
    found.delays.append(errors[0] - change if errors else None)
    found.calm += change
    found.rows += len(concept.truth)
    found.false += sum(at <= change and event.series != "label" for event, at in alerts)
    found.features += sum(event.series.startswith((FEATURE, MISSING)) for event, _ in alerts)
    found.outputs += sum(event.series in ("prediction", "probability") for event, _ in alerts)
    found.labels += sum(event.series == "label" for event, _ in alerts)


def _table(measured: Sequence[tuple[str, Found]]) -> str:
    rows = [_row(stream, found) for stream, found in measured]
    return table(_HEAD, [*rows, _row("all", _together([found for _, found in measured]))])


_HEAD: Final = (
    "stream",
    "changes",
    "found by the error",
    "median delay",
    "longest",
    "accuracy, expected → after",
    "alerts of features",
    "of prediction, probability",
    "of the label",
    "false alarms per 100,000 before",
)


def _row(stream: str, found: Found) -> list[str]:
    before, after = (sum(pair[at] for pair in found.falls) / len(found.falls) for at in (0, 1))
    low, high = (limit / found.calm * 1e5 for limit in poisson_interval(found.false))
    return [
        stream,
        str(len(found.delays)),
        str(len(found.told)),
        f"{median(found.told):,.0f}" if found.told else "–",
        f"{max(found.told):,}" if found.told else "–",
        f"{before:.2f} → {after:.2f}",
        f"{found.features} in {found.rows:,}",
        str(found.outputs),
        str(found.labels),
        f"{number(found.false / found.calm * 1e5)} ({low:.1f}–{high:.1f})",
    ]


def _together(parts: Sequence[Found]) -> Found:
    whole = Found()
    for part in parts:
        whole.delays += part.delays
        whole.falls += part.falls
        whole.calm += part.calm
        whole.rows += part.rows
        whole.false += part.false
        whole.features += part.features
        whole.outputs += part.outputs
        whole.labels += part.labels
    return whole


def _write(tables: Sequence[str]) -> None:
    """Replace what is between the marks of the report; the words around it are written by people."""
    text = _REPORT.read_text(encoding="utf-8")
    before, _, rest = text.partition(_BEGIN)
    _, _, after = rest.partition(_END)
    today = dt.datetime.now(tz=dt.UTC).date()
    intro = f"Measured on {today} by `python -m bench.concept --datasets … --write`.\n\n{machine()}\n"
    body = "\n".join([intro, *tables])
    _REPORT.write_text(f"{before}{_BEGIN}\n\n{body}\n{_END}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
