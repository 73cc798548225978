"""One series of the sequential tests: its slots, its scale, and where its state lies."""

from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from stream_monitor.core.detector import FloatArray, Plain
from stream_monitor.core.fields import Fields, as_bytes
from stream_monitor.core.sequential import normal
from stream_monitor.core.sequential.choices import FEW, LEARN, LONGEST, NUMERIC_BINS, PATIENT
from stream_monitor.core.sequential.slots import Slots, slots_of_levels, slots_of_numbers, tie_breakers
from stream_monitor.core.window import BLOCK

_IQR_OF_NORMAL = 1.349


class Blocks(NamedTuple):
    """m full blocks of one series. numbers: (m, BLOCK), or the one that all of them are. times: (m, BLOCK) event time of every
    value, ms; 0 where there is none. It is cheapest if series whose values came together give the same array.

    weights: (m,) share of the alarm budget that each is worth, known before it, >= 0. A block of weight 0 is learned from and
    puts no evidence in.
    """

    numbers: FloatArray | float
    times: NDArray[np.int64]
    weights: FloatArray

    def values(self, start: int, stop: int) -> FloatArray:
        """Numbers (stop - start, BLOCK) of some of them."""
        if isinstance(self.numbers, np.ndarray):
            return self.numbers[start:stop]
        return np.full((stop - start, BLOCK), self.numbers)

    def followed(self, by: "Blocks") -> "Blocks":
        """And then those."""
        whole = [(one.values(0, len(one.weights)), one.times, one.weights) for one in (self, by)]
        return Blocks(*map(np.concatenate, zip(*whole, strict=True)))

    def hold_only(self, level: float, start: int, stop: int) -> bool:
        """Whether some of them hold nothing but this number."""
        if isinstance(self.numbers, np.ndarray):
            return bool((self.numbers[start:stop] == level).all())
        return self.numbers == level


class BankKind(NamedTuple):
    """What the series of a bank have in common. numeric: their bins are ordered. upward: only a rise counts."""

    numeric: bool
    bins: int
    upward: bool


@dataclass(slots=True)
class Series:
    """row: in the arrays of views and calendar. upward: only a rise counts. bank: in which its bins are; bank_row: in that bank.

    seen: values ever seen, which number the tie-breakers. blocks: since the last start. look: number of blocks at which the view
    is chosen next. warm_up: blocks before evidence counts. alarmed: blocks at an alarm that may be confirmed, else -1. until:
    no further in the next pass. slots: of values, once learned; levels: whether each of a few values has one. own: slots of the
    view, where it is not the value. center, unit: of standardised values; unit 0: values tie too much or spread too wide, their
    normal scores stand for them. sample, sample_hours, sample_at: blocks to learn slots from, the hours of their values, the
    ordinals of their first ones.
    """

    key: Hashable
    row: int
    seed: int
    upward: bool = False
    bank: BankKind | None = None
    bank_row: int = -1
    seen: int = 0
    blocks: int = 0
    look: int = LEARN
    warm_up: int = LEARN
    slots: Slots | None = None
    levels: bool = False
    own: Slots | None = None
    center: float = 0.0
    unit: float = 0.0
    scores: FloatArray = field(default_factory=lambda: np.zeros(0))
    alarmed: int = -1
    until: int = 64
    sample: list[FloatArray] = field(default_factory=list)
    sample_hours: list[NDArray[np.int8]] = field(default_factory=list)
    sample_at: list[int] = field(default_factory=list)

    @property
    def constant(self) -> bool:
        """Whether all values were the same when it learned: there is nothing to see but that it is no longer so."""
        return self.levels and self.slots is not None and len(self.slots.edges) == 1

    def learn(self) -> None:
        """The sample is whole: it gives slots and scale."""
        values, ties = self._sample()
        distinct = np.unique(values)
        self.levels = len(distinct) <= FEW
        self.slots = (
            slots_of_levels(values, ties) if self.levels else slots_of_numbers(values, ties, NUMERIC_BINS)
        )
        low, center, high = np.sort(values)[
            [len(values) // 4, len(values) // 2, 3 * len(values) // 4]
        ].tolist()
        spread = (high - low) / _IQR_OF_NORMAL
        linear = 2 * len(distinct) > len(values) and 0.0 < spread < np.inf and np.isfinite(1.0 / spread)
        self.center, self.unit = (center, 1.0 / spread) if linear else (0.0, 0.0)
        self.make_scores()

    def learn_own(self) -> None:
        """The sample of the view is whole: it gives the slots of the view."""
        self.own = slots_of_numbers(*self._sample(), NUMERIC_BINS)
        self.sample, self.sample_at = [], []

    def make_scores(self) -> None:
        """Normal scores (bins · SPREAD,) of the bins, each cut into equal parts, where values are not taken as they are."""
        if self.slots is None or self.unit > 0.0:
            return
        if self.constant:
            self.scores = np.repeat([0.0, 1.0], SPREAD)
            return
        places = self.slots.places
        ends = np.concatenate([[0], np.cumsum(places)])
        share = ends[:-1, None] + (np.arange(SPREAD) + 0.5) / SPREAD * places[:, None]
        self.scores = normal.quantile(share / ends[-1]).ravel()

    def restart(self) -> None:
        """Learn anew; a series whose alarms are confirmed soon after each start is given more and more time."""
        soon = self.blocks < PATIENT * self.warm_up
        self.warm_up = min(2 * self.warm_up, LONGEST) if soon else max(LEARN, self.warm_up // 2)
        self.slots = self.own = None
        self.blocks, self.look = 0, LEARN
        self.forget()

    def keep(self, numbers: FloatArray, hours: NDArray[np.int8]) -> None:
        """Blocks (m, BLOCK) to learn from, which begin at the ordinal `seen`, and the hours of their values."""
        self.sample += list(numbers.copy())
        self.sample_hours += list(hours)
        self.sample_at += range(self.seen, self.seen + numbers.size, BLOCK)

    def testing(self) -> Slots:
        """The slots whose bins are counted."""
        slots = self.slots if self.own is None else self.own
        assert slots is not None
        return slots

    def forget(self) -> None:
        """There is nothing to learn from, and no alarm to be confirmed."""
        self.sample, self.sample_hours, self.sample_at, self.alarmed = [], [], [], -1

    def dump(self) -> dict[str, Plain]:
        """Explicit fields."""
        return {
            "seen": self.seen,
            "blocks": self.blocks,
            "look": self.look,
            "warm_up": self.warm_up,
            "alarmed": self.alarmed,
            "levels": self.levels,
            "center": self.center,
            "unit": self.unit,
            "slots": None if self.slots is None else self.slots.dump(),
            "own": None if self.own is None else self.own.dump(),
            "sample": as_bytes(np.array(self.sample).reshape(-1, BLOCK), "<f8"),
            "sample_hours": as_bytes(np.array(self.sample_hours, np.int8).reshape(-1, BLOCK), "<i1"),
            "sample_at": as_bytes(np.array(self.sample_at, np.int64), "<i8"),
        }

    def load(self, fields: Fields) -> None:
        """The inverse of `dump`. Raises CorruptState."""
        self.seen = fields.integer("seen", least=0)
        self.blocks = fields.integer("blocks", least=0)
        self.look = fields.integer("look", least=LEARN)
        self.warm_up = fields.integer("warm_up", least=LEARN)
        self.alarmed = fields.integer("alarmed", least=-1)
        self.center, self.unit = fields.number("center"), fields.number("unit")
        if not isinstance(levels := fields.plain("levels"), bool):
            raise fields.wrong("levels", "neither true nor false")
        self.levels = levels
        self.slots = None if fields.plain("slots") is None else Slots.load(fields.inside("slots"))
        self.own = None if fields.plain("own") is None else Slots.load(fields.inside("own"))
        self.sample = list(fields.array("sample", "<f8", (-1, BLOCK)))
        self.sample_hours = list(fields.array("sample_hours", "<i1", (-1, BLOCK)))
        self.sample_at = fields.array("sample_at", "<i8").tolist()
        if not len(self.sample) == len(self.sample_at) < LEARN:
            raise fields.wrong("sample", "values and ordinals do not fit")
        self._check(fields)
        self.make_scores()

    def _check(self, fields: Fields) -> None:
        learning, hours = self.slots is None, np.array(self.sample_hours)
        if len(hours) != (len(self.sample) if learning else 0) or (
            len(hours) and not ((hours >= -1) & (hours < 24)).all()
        ):
            raise fields.wrong("sample_hours", "hours do not fit")
        if (self.blocks != len(self.sample) if learning else self.blocks < LEARN) or self.unit < 0:
            raise fields.wrong("blocks", "do not fit the sample")
        if self.alarmed > (-1 if learning else self.blocks):
            raise fields.wrong("alarmed", "lies ahead")
        if self.slots is not None and not (
            2 <= len(self.slots.places) <= FEW + 1 if self.levels else len(self.slots.places) == NUMERIC_BINS
        ):
            raise fields.wrong("slots", "of another number of bins")
        if self.own is not None and (learning or len(self.own.places) != NUMERIC_BINS):
            raise fields.wrong("own", "of another number of bins")
        if self.look <= self.blocks and not learning:
            raise fields.wrong("look", "lies behind")

    def _sample(self) -> tuple[FloatArray, FloatArray]:
        """Values and tie-breakers of the sample."""
        ordinals = np.array(self.sample_at)[:, None] + np.arange(BLOCK)
        return np.concatenate(self.sample), tie_breakers(self.seed, ordinals.ravel())


SPREAD = 64  # parts of a bin
