"""The tables, one function each: what is measured, and how it is shown."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from bench.detection import datasets, monitors
from bench.detection.datasets import Real
from bench.detection.figures import Point, number, table
from bench.detection.monitors import BUDGET, FLOODS, STANDARD, Monitor, Part, SequentialSession
from bench.detection.runs import alarms_of, delays, false_alarms, oracle_delays, ratios
from bench.detection.scoring import Score, geometric_mean, lower_limit, poisson_interval
from bench.detection.streams import CHANGES, GROUPS, INDEPENDENT, Stationary
from stream_monitor.core.allowance import TESTS_SHARE
from stream_monitor.core.detector import Kind
from stream_monitor.core.window import BLOCK


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """values: of a stationary family. trials: of a change. per_budget: stationary values of a family over the budget, at
    most `most`. wide: events of the wide model. drawn: of its features. dependent: values of a stream that depends in time.
    """

    values: int
    trials: int
    per_budget: float
    most: int
    wide: int
    drawn: int
    dependent: int


@dataclass(slots=True)
class Measured:
    """What later tables and the plot take from earlier ones, by name of the monitor."""

    false_alarms: dict[str, float] = field(default_factory=dict)
    ratio: dict[str, float] = field(default_factory=dict)
    seed: int = 1


TIMED = monitors.sequential(BUDGET, "sequential, event time", timed=True)
ORACLE_TRIALS = 200
_WIDE_PART = 4_000


def stationary(size: Size, measured: Measured, streams: Sequence[Stationary]) -> str:
    """False alarms per 100,000 of every monitor on every stream."""
    independent = streams[0].independent
    compared: list[Monitor] = [*STANDARD, FLOODS]
    if not independent:
        compared.insert(1, TIMED)
    rows = []
    values = size.values if independent else size.dependent
    for monitor in compared:
        scores = [false_alarms(monitor, stream, values, measured.seed) for stream in streams]
        if independent:
            measured.false_alarms[monitor.name] = float(np.mean([score.per_100k for score in scores]))
        rows.append([monitor.name, *(number(score.per_100k) for score in scores)])
    return table(["false alarms per 100,000", *(stream.name for stream in streams)], rows)


def budgets(size: Size, measured: Measured) -> str:
    """Whether the budget is held: alarms against the bound, lower limit with Bonferroni over all cells."""
    rows = []
    chosen = [
        (make, budget) for make in (monitors.sequential, monitors.product) for budget in (1e4, 1e5, 1e6)
    ]
    cells = len(chosen) * len(INDEPENDENT)
    for make, budget in chosen:
        values = int(min(size.most, size.per_budget * budget))
        monitor = make(budget)
        scores = [false_alarms(monitor, stream, values, measured.seed + 1) for stream in INDEPENDENT]
        counts = [score.false_alarms for score in scores]
        granted = [score.streams if make is monitors.product else 0 for score in scores]
        bounds = [score.stationary / budget + more for score, more in zip(scores, granted, strict=True)]
        held = all(lower_limit(count, cells) <= bound for count, bound in zip(counts, bounds, strict=True))
        low, high = poisson_interval(sum(counts))
        rows.append(
            [
                monitor.name,
                f"1 per {budget:,.0f}",
                f"{sum(score.stationary for score in scores):,}",
                f"{sum(counts)}",
                f"{sum(bounds):.1f}",
                f"{sum(counts) / sum(bounds):.2f} ({low / sum(bounds):.2f}–{high / sum(bounds):.2f})",
                f"{max(count / bound for count, bound in zip(counts, bounds, strict=True)):.2f}",
                "yes" if held else "NO",
            ]
        )
    head = [
        "monitor",
        "budget",
        "values",
        "alarms",
        "bound",
        "alarms ÷ bound (95 %)",
        "largest family",
        "held in every cell",
    ]
    return table(head, rows)


WIDE = 200  # features of the wide model
SERIES = 2 * WIDE  # each feature has a missing indicator


def wide(size: Size, measured: Measured) -> str:
    """A model of many features with one budget. What a series may alarm is fixed, so series can be drawn, and the bound is a
    sum over them, whatever the dependence.
    """
    budget, rows = 1e6, size.wide
    random = np.random.default_rng([measured.seed, WIDE])
    session = monitors.sequential(budget * SERIES / TESTS_SHARE).begin(size.drawn, Kind.NUMERIC)
    families = [INDEPENDENT[at % len(INDEPENDENT)] for at in range(size.drawn)]
    found = 0
    for start in range(0, rows, _WIDE_PART):
        n = min(_WIDE_PART, rows - start)
        columns = np.stack([family.draw(random, n) for family in families])
        found += sum(map(len, session.feed(Part(range(size.drawn), columns, start, None)).values()))
    low, high = poisson_interval(found)
    scale = WIDE / size.drawn  # an indicator that is constant raises nothing
    bound = TESTS_SHARE * rows / budget
    drawn = "all" if size.drawn == WIDE else f"{size.drawn} drawn"
    return table(
        ["features", "budget", "events", "alarms seen", "of the model (95 %)", "bound", "rate ÷ bound"],
        [
            [
                f"{WIDE}, {drawn}",
                f"1 per {budget:,.0f} events",
                f"{rows:,}",
                f"{found}",
                f"{scale * found:.0f} ({scale * low:.1f}–{scale * high:.1f})",
                f"{bound:.0f}",
                f"{scale * found / bound:.2f} ({scale * low / bound:.2f}–{scale * high / bound:.2f})",
            ]
        ],
    )


def changes(size: Size, measured: Measured) -> tuple[str, str]:
    """Delay and recall of every monitor at every change, and the summary next to the oracle."""
    known = [change for change in CHANGES if change.ratio is not None]
    oracle = {change.name: oracle_delays(change, ORACLE_TRIALS, measured.seed, BUDGET) for change in known}
    compared = [*STANDARD[:6], TIMED]
    scores = {
        monitor.name: {
            change.name: delays(monitor, change, size.trials, measured.seed)
            for change in CHANGES
            if monitor is not TIMED or change.before.times(1) is not None
        }
        for monitor in compared
    }
    shown = [
        [
            change.name,
            _delay(oracle.get(change.name)),
            *(_delay(scores[monitor.name].get(change.name)) for monitor in compared),
        ]
        for change in CHANGES
    ]
    for monitor in STANDARD[:6]:
        measured.ratio[monitor.name] = geometric_mean(
            ratios(scores[monitor.name], oracle, [change.name for change in known])
        )
    groups = _groups(scores, oracle, [monitor.name for monitor in STANDARD[:6]])
    return table(["change", "oracle", *(monitor.name for monitor in compared)], shown), groups


def _delay(score: Score | None) -> str:
    if score is None:
        return ""
    missed = "" if score.recall == 1 else f" ({score.recall:.0%})"
    false = f" [{score.per_100k:.0f}]" if score.per_100k > 5 else ""
    return f"{score.restricted_delay:,.0f}{missed}{false}"


def _groups(
    scores: Mapping[str, Mapping[str, Score]], oracle: Mapping[str, Score], names: Sequence[str]
) -> str:
    rows = []
    for name in names:
        cells = []
        for group in GROUPS:
            mine = [change.name for change in CHANGES if change.group == group]
            cells.append(number(geometric_mean(ratios(scores[name], oracle, mine))))
        every = list(oracle)
        recall = float(np.mean([scores[name][change].recall for change in every]))
        skill = float(np.mean([scores[name][change].skill for change in every]))
        whole = number(geometric_mean(ratios(scores[name], oracle, every)))
        blocks = name.startswith(("sequential", "product"))
        less = number(geometric_mean(ratios(scores[name], oracle, every, less=BLOCK / 2))) if blocks else ""
        rows.append([name, whole, less, *cells, f"{recall:.1%}", f"{skill:.1%}"])
    return table(
        ["delay ÷ oracle's", "all 17", "less half a block", *GROUPS.values(), "recall", "skill"], rows
    )


def curve(size: Size, measured: Measured) -> list[Point]:
    """The monitors at their operating points; the sequential test at three."""
    points = []
    known = [change for change in CHANGES if change.ratio is not None]
    oracle = {change.name: oracle_delays(change, ORACLE_TRIALS, measured.seed, BUDGET) for change in known}
    for budget in (1e4, 1e5, 1e6):
        monitor = monitors.sequential(budget)
        found = {
            change.name: delays(monitor, change, max(10, size.trials // 3), measured.seed) for change in known
        }
        values = int(min(size.most, 4 * budget))
        scores = [false_alarms(monitor, stream, values, measured.seed) for stream in INDEPENDENT]
        rate = float(np.mean([score.per_100k for score in scores]))
        ratio = geometric_mean(ratios(found, oracle, list(oracle)))
        points.append(Point(f"sequential, 1 per {budget:,.0f}", "sequential", rate, ratio))
    for name, ratio in measured.ratio.items():
        if name != "sequential":
            series = "product" if name.startswith("product") else "river"
            series = f"{series} {name}" if series == "river" else series
            points.append(Point(name, series, measured.false_alarms[name], ratio))
    return points


def ordered(folder: Path) -> str:
    """Real series in order of time: alarms per 100,000, and how many fall into labelled windows, against chance."""
    compared = [*STANDARD[:3], TIMED, STANDARD[4]]
    sets = {
        "NOAA": datasets.noaa(folder),
        **{f"NAB {name}": datasets.nab(folder, name) for name in datasets.NAB},
    }
    rows = []
    for name, series in sets.items():
        rows += [
            [name if monitor is compared[0] else "", monitor.name, *_ordered(monitor, series)]
            for monitor in compared
        ]
    return table(
        ["series", "monitor", "alarms", "per 100,000", "in labelled windows", "by chance", "blind"], rows
    )


def _ordered(monitor: Monitor, series: Sequence[Real]) -> list[str]:
    alarms = inside = rows = labelled = blind = confirm = 0
    for one in series:
        session = monitor.begin(1, one.kind)
        found = session.feed(Part([0], one.values[None], 0, one.times)).get(0, ())
        if isinstance(session, SequentialSession):
            blind += session.blind()
            confirm += session.confirmations
        alarms += len(found)
        rows += len(one.values)
        labelled += sum(map(len, one.labelled))
        inside += sum(any(at in window for window in one.labelled) for at in found)
    marks = [f"{inside}", f"{alarms * labelled / rows:.1f}"] if labelled else ["", ""]
    unseen = f"{blind} of {len(series)}" if monitor.name.startswith("sequential") else ""
    told = f"{alarms} ({confirm} confirm)" if confirm else f"{alarms}"
    return [told, number(alarms / rows * 1e5), *marks, unseen]


def with_truth(series: Sequence[Real], compared: Sequence[Monitor], horizon: int) -> str:
    """Spliced and concept streams: their changes are known."""
    rows = []
    for monitor in compared:
        score = Score()
        for one in series:
            (found,) = alarms_of(monitor, one.values[None], one.times, one.kind)
            score.add(found, one.changes or (), range(len(one.values)), horizon)
        low, high = score.interval
        rows.append(
            [
                monitor.name,
                f"{score.recall:.2f}",
                f"{score.chance:.2f}",
                f"{score.skill:.2f}",
                f"{score.false_alarms}",
                f"{number(score.per_100k)} ({number(low)}–{number(high)})",
                number(score.restricted_delay),
                f"{score.repeats}",
                f"{score.f1:.3f}",
            ]
        )
    head = [
        "monitor",
        "recall",
        "by chance",
        "skill",
        "false",
        "per 100,000",
        "restricted delay",
        "repeats",
        "F1",
    ]
    return table(head, rows)
