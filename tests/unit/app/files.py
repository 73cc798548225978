"""Files of rows in which something changes, for replay."""

from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np

COLUMNS = 8
ROWS = 6_000
CHANGE = 3_000


def spliced(path: Path, *, rows: int = ROWS, change: int | None = CHANGE, seed: int = 7) -> Path:
    """A CSV like two seasons of weather put together: eight correlated numbers and whether it rains."""
    random = np.random.default_rng(seed)
    common = random.normal(size=(rows, 1))
    values = 0.6 * common + random.normal(size=(rows, COLUMNS))
    rain = random.random(rows) < 0.3
    if change is not None:
        values[change:] += np.linspace(1.5, -1.5, COLUMNS)
        rain[change:] = random.random(rows - change) < 0.45
    lines = [
        ",".join([*(f"{x:.6g}" for x in row), str(int(wet))]) for row, wet in zip(values, rain, strict=True)
    ]
    return written(path, [",".join([*(f"f{at}" for at in range(COLUMNS)), "rain"]), *lines])


def table(path: Path, columns: Mapping[str, Iterable[object]]) -> Path:
    """A CSV of these columns."""
    rows = zip(*columns.values(), strict=True)
    return written(path, [",".join(columns), *(",".join(map(str, row)) for row in rows)])


def written(path: Path, lines: Iterable[str]) -> Path:
    """A file of these lines."""
    path.write_text("\n".join(lines) + "\n")
    return path
