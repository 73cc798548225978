"""The board as text: what `stream-monitor status` prints. Owns the words, not the numbers."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, TypeAlias

from stream_monitor.app.amounts import duration
from stream_monitor.cli.tables import aligned

if TYPE_CHECKING:
    from stream_monitor.runtime.board.alert_answers import AlertDetail
    from stream_monitor.runtime.board.answers import (
        Headline,
        ModelDetail,
        ModelGlance,
        Overview,
        SeriesCounts,
        SeriesRow,
        WorkerOverview,
    )

Line: TypeAlias = tuple[str, str | None]
"""A line and its style."""
SERIES_SHOWN: Final = 40
STYLES: Final = {
    "needs_attention": "bold red",
    "drifting": "yellow",
    "silent": "magenta",
    "warming": "cyan",
    "watching": None,
    "unwatched": "dim",
    "warning": "yellow",
    "critical": "bold red",
}
_HEAD: Final = "bold"
_WORDS: Final = 60
_SECOND_MS: Final = 1_000


def overview_lines(overview: "Overview") -> Iterator[Line]:
    """All models, workers, and what is wrong."""
    if overview.models:
        rows: list[Sequence[str]] = [
            ("model", "state", "alerts", "series", "rows", "per second", "latest event", "performance")
        ]
        rows += [_model_row(one, one.series, overview.time) for one in overview.models]
        lines = list(aligned(rows))
        yield lines[0], _HEAD
        for line, one in zip(lines[1:], overview.models, strict=True):
            yield line, STYLES[one.state]
    else:
        yield "no model has been seen yet", None
    yield "", None
    for worker in overview.workers:
        yield _worker(worker), None if worker.ready else "yellow"
    if not overview.workers:
        yield (
            "no worker runs, or none was heard of for a minute: start one with `stream-monitor run`",
            "bold red",
        )
    yield from problem_lines(overview.problems)


def model_lines(detail: "ModelDetail", alerts: "Sequence[AlertDetail]", now: int) -> Iterator[Line]:
    """One model: at a glance, its open alerts, its series."""
    yield f"{detail.model}: {_state(detail)}", STYLES[detail.state] or _HEAD
    facts = [
        ("data", f"{detail.rows:,} rows, the latest event {ago(now - detail.time)} ago"),
        ("series", _series_words(detail, detail.counts)),
        ("performance", _headline(detail.headline)),
        ("labels", _labels(detail)),
        ("budget", f"{detail.budget_credit:.2g} alarms could be raised at once"),
    ]
    for line in aligned([fact for fact in facts if fact[1]]):
        yield f"  {line}", None
    if alerts:
        yield "", None
        yield "Open alerts", _HEAD
        for alert in alerts:
            yield f"  {alert_line(alert)}", STYLES[alert.severity]
    yield "", None
    yield from _series_table(detail.series)


def alert_line(alert: "AlertDetail") -> str:
    """An alert in one line, its id first."""
    said = []
    if alert.resolved_at is not None:
        said.append(f"resolved {clock(alert.resolved_at)}")
    if alert.acknowledged is not None:
        said.append(f"acknowledged by {alert.acknowledged.by}")
    if alert.muted is not None:
        said.append(f"muted until {clock(alert.muted.until)}")
    rest = f" [{', '.join(said)}]" if said else ""
    return f"{alert.alert_id}  {clock(alert.opened_at)}  {alert.severity:<8}  {alert.summary}{rest}"


def problem_lines(problems: Sequence[str]) -> Iterator[Line]:
    """What keeps the answer from being whole."""
    for problem in problems:
        yield f"problem: {problem}", "yellow"


def clock(ms: int) -> str:
    """A time for people, UTC.

    >>> clock(1795255200123)
    '2026-11-21 10:00:00'
    """
    return datetime.fromtimestamp(ms / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S")


def ago(ms: int) -> str:
    """How long ago, in words; what lies ahead of this clock is now.

    >>> ago(1_400), ago(-5), ago(7_200_000)
    ('1.4 seconds', '0 seconds', '2 hours')
    """
    return duration(ms) if ms > 0 else "0 seconds"


def _model_row(one: "ModelGlance", counts: "SeriesCounts", now: int) -> Sequence[str]:
    rate = "" if one.rows_per_second is None else f"{one.rows_per_second:,.1f}"
    return (
        one.model,
        _state(one),
        _alerts(one),
        _series_words(one, counts),
        f"{one.rows:,}",
        rate,
        f"{ago(now - one.time)} ago",
        _headline(one.headline),
    )


def _state(one: "ModelGlance") -> str:
    return one.state.value.replace("_", " ")


def _alerts(one: "ModelGlance") -> str:
    if not one.open_alerts:
        return "none"
    said = [f"{one.open_alerts} open"]
    said += [f"{one.critical} critical"] if one.critical else []
    said += [f"{one.muted} muted"] if one.muted else []
    return ", ".join(said)


def _series_words(one: "ModelGlance", counts: "SeriesCounts") -> str:
    numbers = {
        "drifting": counts.drifting,
        "watching": counts.watching,
        "warming up": counts.warming,
        "unwatched": counts.unwatched,
        "blind": one.blind,
    }
    words = ", ".join(f"{number} {name}" for name, number in numbers.items() if number) or "none"
    if one.warm_up is not None and one.warm_up.of is not None:
        words += f" ({one.warm_up.done:,}/{one.warm_up.of:,})"
    return words


def _headline(headline: "Headline | None") -> str:
    if headline is None:
        return ""
    expected = "" if headline.expected is None else f", expected {headline.expected:.3g}"
    return f"{headline.figure} {headline.value:.3g}{expected}"


def _labels(detail: "ModelDetail") -> str:
    labels = detail.labels
    if labels is None:
        return ""
    coverage = (
        "none is due yet" if labels.coverage is None else f"{labels.coverage:.0%} of those due are here"
    )
    return f"{coverage}, {labels.pending:,} predictions wait for theirs"


def _worker(worker: "WorkerOverview") -> str:
    ready = "ready" if worker.ready else "not ready"
    return (
        f"worker {worker.worker}: {ready}, {worker.partitions} partitions, lag {worker.lag:,},"
        f" heard of {ago(round(worker.age * _SECOND_MS))} ago"
    )


def _series_table(series: "Sequence[SeriesRow]") -> Iterator[Line]:
    rows: list[Sequence[str]] = [("series", "state", "values", "missing", "effect", "evidence", "now")]
    for one in series[:SERIES_SHOWN]:
        of = "" if one.version is None else f" of {one.version}"
        of += "" if one.segment is None else f" where {one.segment}"
        state = one.status.value + (", blind" if one.blind else "") + (", muted" if one.muted else "")
        state += f" {one.warm_up:.0%}" if one.warm_up < 1 else ""
        evidence = "" if one.evidence is None else f"{one.evidence:.2g}"
        words = one.words or ""
        cut = words if len(words) <= _WORDS else f"{words[: _WORDS - 1]}…"
        effect = "" if one.effect != one.effect else f"{one.effect:+.2f}"
        rows.append(
            (f"{one.series}{of}", state, f"{one.values:,}", f"{one.missing:.1%}", effect, evidence, cut)
        )
    lines = list(aligned(rows))
    yield lines[0], _HEAD
    for line, one in zip(lines[1:], series, strict=False):
        yield line, STYLES[one.status]
    if len(series) > SERIES_SHOWN:
        yield f"and {len(series) - SERIES_SHOWN:,} more: all of them with --json", "dim"
