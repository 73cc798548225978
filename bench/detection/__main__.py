"""`python -m bench.detection`: false alarms where nothing drifts and delays where something does, next to an oracle."""

import argparse
import datetime as dt
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from bench.detection import cost, datasets, sections
from bench.detection.figures import plot
from bench.detection.injected import injected
from bench.detection.monitors import BUDGET, ERRORS, STANDARD
from bench.detection.sections import Measured, Size
from bench.detection.streams import DEPENDENT, INDEPENDENT
from bench.figures import machine

_ROOT: Final = Path(__file__).parents[2]
_REPORT: Final = _ROOT / "docs" / "benchmarks" / "detection.md"
_PLOT: Final = _REPORT.with_name("detection.svg")
_BEGIN: Final = "<!-- bench:begin -->"
_END: Final = "<!-- bench:end -->"
SPLICED_HORIZON: Final = 1_000
SIZES: Final = {
    "quick": Size(
        values=40_000, dependent=100_000, trials=10, per_budget=2, most=40_000, wide=40_000, drawn=20
    ),
    "standard": Size(
        values=200_000,
        dependent=1_000_000,
        trials=60,
        per_budget=20,
        most=2_000_000,
        wide=20_000_000,
        drawn=20,
    ),
    "full": Size(
        values=1_000_000,
        dependent=4_000_000,
        trials=100,
        per_budget=20,
        most=4_000_000,
        wide=20_000_000,
        drawn=200,
    ),
}


def main(arguments: Sequence[str] | None = None) -> None:
    asked = _parse(arguments)
    measured = Measured(seed=asked.seed)
    parts = []
    for title, text in _tables(SIZES[asked.size], measured, asked.datasets):
        print(f"{title}\n\n{text}\n", flush=True)
        parts.append(f"### {title}\n\n{text}\n")
    points = sections.curve(SIZES[asked.size], measured)
    for point in points:
        print(
            f"{point.label}: {point.x:.2f} false alarms per 100,000, {point.y:.2f} times the oracle's delay"
        )
    if asked.write:
        _PLOT.write_text(plot(points, 1e5 / BUDGET), encoding="utf-8")
        _write(parts, asked.size, asked.seed)


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.detection", description=__doc__)
    sizes = parser.add_mutually_exclusive_group()
    for size in ("quick", "full"):
        sizes.add_argument(f"--{size}", dest="size", action="store_const", const=size, default="standard")
    parser.add_argument(
        "--datasets", type=Path, help="folder of public data sets; without it only synthetic streams"
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--write", action="store_true", help=f"put the result into {_REPORT.relative_to(_ROOT)}"
    )
    asked = parser.parse_args(arguments)
    if asked.datasets is not None and not asked.datasets.is_dir():
        parser.error(f"no folder {asked.datasets}")
    return asked


def _tables(size: Size, measured: Measured, folder: Path | None) -> Iterator[tuple[str, str]]:
    yield "Independent values: false alarms", sections.stationary(size, measured, INDEPENDENT)
    yield "Is the budget held?", sections.budgets(size, measured)
    yield "A wide model", sections.wide(size, measured)
    yield "Values that depend in time: false alarms", sections.stationary(size, measured, DEPENDENT)
    single, groups = sections.changes(size, measured)
    yield "Delays", single
    yield "Delays next to the oracle", groups
    if folder is not None:
        yield "Real series in order of time", sections.ordered(folder)
        yield "Shifts put into real series", injected(folder, [STANDARD[0], sections.TIMED, STANDARD[1]])
        spliced = sections.with_truth(datasets.spliced(folder), STANDARD, SPLICED_HORIZON)
        yield "Spliced weather: independent values, exact changes", spliced
        errors = sections.with_truth(datasets.errors(folder), ERRORS, datasets.WINDOW)
        yield "Errors of a frozen model on concept streams", errors
    yield "Cost", cost.from_the_start()
    yield "Cost once the views are learned", cost.afterwards()


def _write(parts: Sequence[str], size: str, seed: int) -> None:
    """Replace what is between the marks of the report; the words around it are written by people."""
    text = _REPORT.read_text(encoding="utf-8")
    before, _, rest = text.partition(_BEGIN)
    _, _, after = rest.partition(_END)
    today = dt.datetime.now(tz=dt.UTC).date()
    option = "" if size == "standard" else f" --{size}"
    intro = f"Measured on {today} by `python -m bench.detection{option} --datasets … --write`, seed {seed}.\n\n{machine()}"
    body = "\n".join([intro + "\n", *parts])
    _REPORT.write_text(f"{before}{_BEGIN}\n\n{body}\n{_END}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
