"""Versions of one model that predicted the same cases: their errors side by side, so that two can be compared case by case.

A label that completes pairs of several versions at one row makes a case of every two of them. A label that was there before the
predictions completes them at different rows, and makes none.
"""

from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from stream_monitor.core.detector import Plain
from stream_monitor.core.errors import CorruptState
from stream_monitor.core.fields import Fields, as_bytes
from stream_monitor.core.outcomes import Outcomes
from stream_monitor.core.performance.comparison import Both, paired_accuracy, paired_errors
from stream_monitor.core.performance.errors import ERROR
from stream_monitor.core.performance.expected import Drop
from stream_monitor.core.performance.task import TaskKind

KEPT: Final = 2_048  # cases of two versions
MOST: Final = 6  # twos of versions: all of four
_KINDS: Final = ("u1", "<f4")  # wrong or not; the size of an error


class Two(NamedTuple):
    """Two versions, by name in order."""

    first: str
    second: str


class Compared(NamedTuple):
    """By how much the second version is worse than the first on the same cases. figure: `accuracy`, or `mae` of a regression."""

    figure: str
    worse: Drop
    cases: int


class SideBySide:
    """The last cases of every two versions: 2 bytes each, 8 of a regression. Costs nothing while one version gets labels."""

    def __init__(self) -> None:
        self.cases: dict[Two, NDArray[np.float32]] = {}  # (n, 2) errors of the first and the second version
        self.left_out = 0  # cases of two versions too many

    def observe(self, outcomes: Outcomes) -> None:
        """Take the errors that `outcomes` has told of the last batch."""
        told = {version: errors for version, errors in outcomes.errors.items() if version is not None}
        found = []
        for one, other in combinations(sorted(told), 2):
            (rows, first), (other_rows, second) = told[one], told[other]
            shared, at, there = np.intersect1d(rows, other_rows, assume_unique=True, return_indices=True)
            with np.errstate(over="ignore"):
                errors = np.stack([first[at], second[there]], axis=1).astype(np.float32)
            sound = np.isfinite(errors).all(axis=1)
            if sound.any():
                found.append((int(shared[sound][0]), Two(one, other), errors[sound]))
        for _, two, errors in sorted(found, key=lambda one: one[:2]):  # as if row by row
            self._take(two, errors)

    def _take(self, two: Two, errors: NDArray[np.float32]) -> None:
        if two not in self.cases and len(self.cases) >= MOST:
            self.left_out += len(errors)
            return
        before = self.cases.get(two, np.zeros((0, 2), np.float32))
        self.cases[two] = np.concatenate([before, errors])[-KEPT:]

    def retire(self, version: str) -> None:
        """A version has ended."""
        for two in [two for two in self.cases if version in two]:
            del self.cases[two]

    def compared(self, outcomes: Outcomes) -> Iterator[tuple[Two, Compared]]:
        """Every two versions with cases in common."""
        for two in sorted(self.cases):
            window = outcomes.versions[two.first].window if two.first in outcomes.versions else None
            if window is None:
                continue
            is_regression = window.task.kind is TaskKind.REGRESSION
            worse = _mean(self.cases[two]) if is_regression else paired_accuracy(_both(self.cases[two]))
            if worse is not None:
                yield two, Compared("mae" if is_regression else "accuracy", worse, len(self.cases[two]))

    def dump(self) -> dict[str, Plain]:
        """Explicit fields."""
        return {
            "left_out": self.left_out,
            "cases": [[*two, *_dumped(self.cases[two])] for two in sorted(self.cases)],
        }

    @classmethod
    def load(cls, plain: Plain) -> "SideBySide":
        """The inverse of `dump`. Raises CorruptState."""
        fields = Fields(plain, "side_by_side")
        beside = cls()
        beside.left_out = fields.integer("left_out", least=0)
        for entry in fields.rows("cases"):
            two, cases = _entry(entry)
            if len(cases) > KEPT or (cases < 0).any() or two in beside.cases or two.first >= two.second:
                raise fields.wrong("cases", "no errors of two versions")
            beside.cases[two] = cases
        return beside


def _dumped(cases: NDArray[np.float32]) -> tuple[str, bytes]:
    kind = _KINDS[0] if np.isin(cases, (0.0, 1.0)).all() else _KINDS[1]
    return kind, as_bytes(cases, kind)


def _entry(entry: Plain) -> tuple[Two, NDArray[np.float32]]:
    if not isinstance(entry, Sequence) or len(entry) != 4:
        raise CorruptState("side_by_side: no two versions with their cases")
    first, second, kind, cases = entry
    if not isinstance(first, str) or not isinstance(second, str) or kind not in _KINDS:
        raise CorruptState("side_by_side: a version without a name, or cases of no kind")
    array = Fields({ERROR: cases}, "side_by_side").array(ERROR, str(kind), (-1, 2))
    return Two(first, second), array.astype(np.float32)


def _both(errors: NDArray[np.float32]) -> Both:
    first, second = (errors[:, at] == 0 for at in (0, 1))
    return Both(
        both=_count(first & second),
        old_alone=_count(first & ~second),
        new_alone=_count(~first & second),
        neither=_count(~first & ~second),
    )


def _count(of: NDArray[np.bool_]) -> int:
    return int(of.sum())


def _mean(errors: NDArray[np.float32]) -> Drop | None:
    return paired_errors(errors[:, 1].astype(np.float64) - errors[:, 0])
