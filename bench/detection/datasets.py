"""Public data sets, read from a folder that the user gives; none is part of this repository.

Where there is truth it comes with them; where there is none, every alarm is counted and nothing is called false.
"""

import csv
import datetime as dt
import gzip
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bench.detection.monitors import Times
from stream_monitor.core.detector import FloatArray, Kind

NAB = ("realAWSCloudwatch", "realTraffic", "realKnownCause", "artificialNoAnomaly")
TRAIN, WINDOW = 2_000, 2_000  # rows a model is trained on; rows after a change in which it must be found


@dataclass(frozen=True, slots=True, kw_only=True)
class Real:
    """One series. changes: rows, if they are known. labelled: rows inside windows that somebody called anomalous."""

    name: str
    values: FloatArray
    times: Times | None = None
    changes: Sequence[int] | None = None
    labelled: Sequence[range] = ()
    kind: Kind = Kind.NUMERIC


def noaa(folder: Path) -> list[Real]:
    """Daily weather of fifty years, in order."""
    names, rows = _table(folder / "noaa_rainfall" / "rainfall.csv.gz")
    times = np.arange(len(rows)) * 86_400_000
    return [Real(name=name, values=rows[:, at], times=times) for at, name in enumerate(names[:-1])]


def nab(folder: Path, group: str) -> list[Real]:
    """One folder of the Numenta Anomaly Benchmark, with its labelled windows."""
    labels = json.loads((folder / "nab" / "labels" / "combined_windows.json").read_text(encoding="utf-8"))
    found = []
    for path in sorted((folder / "nab" / "data" / group).glob("*.csv")):
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        stamps = np.array([_ms(row["timestamp"]) for row in rows])
        windows = [
            range(*np.searchsorted(stamps, [_ms(first), _ms(last) + 1]).tolist())
            for first, last in labels[f"{group}/{path.name}"]
        ]
        values = np.array([float(row["value"]) for row in rows])
        found.append(Real(name=path.stem, values=values, times=stamps, labelled=windows))
    return found


def spliced(folder: Path) -> list[Real]:
    """Real weather drawn anew within seasons: independent values, exact changes."""
    found = []
    for truth in json.loads((folder / "noaa_spliced" / "truth.json").read_text(encoding="utf-8")):
        names, rows = _table(folder / "noaa_spliced" / f"{truth['file']}.csv.gz")
        found += [
            Real(name=f"{truth['file']}/{name}", values=rows[:, at], changes=truth["change_points"])
            for at, name in enumerate(names[:8])
        ]
    return found


def errors(folder: Path) -> list[Real]:
    """Errors, 0 or 1, of a frozen naive Bayes model on streams in which only p(y|x) changes.

    Before every change a model is trained on 2,000 rows of the concept that then holds, and watched until 2,000 rows after.
    """
    found = []
    for path in sorted((folder / "concept_streams").glob("*.csv.gz")):
        _, rows = _table(path)
        features, labels = rows[:, :-1], rows[:, -1]
        for start, change, end in _concepts(gradual="gradual" in path.name, n=len(rows)):
            trained = slice(start, start + TRAIN)
            watched = slice(start + TRAIN, end)
            guess = naive_bayes(features[trained], labels[trained], features[watched])
            wrong = (guess != labels[watched]).astype(np.float64)
            name = f"{path.name.partition('.')[0]}@{change}"
            found.append(Real(name=name, values=wrong, changes=[change - start - TRAIN], kind=Kind.BOOLEAN))
    return found


def naive_bayes(features: FloatArray, labels: FloatArray, asked: FloatArray) -> FloatArray:
    """Gaussian naive Bayes: trained on (n, k), (n,); labels (m,) guessed for (m, k)."""
    logs = []
    for label in (0.0, 1.0):
        mine = features[labels == label]
        mean, variance = mine.mean(axis=0), mine.var(axis=0) + 1e-9
        log = -0.5 * (np.log(variance) + (asked - mean) ** 2 / variance).sum(axis=1)
        logs.append(log + np.log(len(mine) / len(features)))
    return np.asarray(logs[1] > logs[0], np.float64)


def _concepts(*, gradual: bool, n: int) -> Iterator[tuple[int, int, int]]:
    """(first row of a concept, row of the change out of it, end of its window)."""
    changes, width = ((9_500, 20_000, 30_500), 1_000) if gradual else ((10_000, 20_000, 30_000), 0)
    starts = (0, *(change + width for change in changes))
    for start, change in zip(starts, changes, strict=False):
        yield start, change, min(n, change + width + WINDOW)


def _ms(text: str) -> int:
    return int(dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC).timestamp() * 1_000)


def _table(path: Path) -> tuple[list[str], FloatArray]:
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        names, *rows = csv.reader(file)
    return names, np.array(rows, np.float64)
