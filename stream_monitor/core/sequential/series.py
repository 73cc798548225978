"""What one series brings to its sequential test: its slots, and its new blocks as bins and normal scores."""

from collections.abc import Hashable, Iterator
from dataclasses import dataclass, field
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from stream_monitor.core.detector import FloatArray, Plain
from stream_monitor.core.fields import Fields, as_bytes
from stream_monitor.core.sequential import normal
from stream_monitor.core.sequential.calendar import phase_of
from stream_monitor.core.sequential.slots import Slots, slots_of_numbers, slots_of_places, tie_breakers
from stream_monitor.core.window import BLOCK

LEARN: Final = 16  # blocks whose values give the slots
NUMERIC_BINS: Final = 32
FEW: Final = 6  # distinct values up to which they are treated as categories
PATIENT: Final = 20  # warm-ups; an alarm sooner than that after a start doubles the next warm-up
LONGEST: Final = 1024 * LEARN


class Blocks(NamedTuple):
    """m full blocks of one series. numbers: (m, BLOCK). times: (m, BLOCK) event time of every value, ms, or all 0.

    weights: (m,) share of the alarm budget that each is worth, known before it, >= 0. A block of weight 0 is learned from and
    puts no evidence in.
    """

    numbers: FloatArray
    times: NDArray[np.int64]
    weights: FloatArray


@dataclass(slots=True)
class Series:
    """Row in the arrays of all tests, slots, and the blocks at hand.

    levels: the distinct values of the learning phase if they are few: then each has a bin of its own. sample, sample_times: of
    the blocks of the learning phase. seen: values ever seen, which number the tie-breakers. blocks: since the last start.
    warm_up: blocks before evidence counts.
    """

    name: Hashable
    row: int
    seed: int
    slots: Slots | None = None
    levels: FloatArray = field(default_factory=lambda: np.zeros(0))
    bank: tuple[bool, int] = (True, 0)
    bank_rows: dict[tuple[bool, int], int] = field(default_factory=dict)
    seen: int = 0
    blocks: int = 0
    warm_up: int = LEARN
    sample: list[FloatArray] = field(default_factory=list)
    sample_times: list[int] = field(default_factory=list)
    arrived: Blocks | None = None
    bins: NDArray[np.intp] = field(default_factory=lambda: np.zeros((0, BLOCK), np.intp))
    scores: FloatArray = field(default_factory=lambda: np.zeros((0, BLOCK)))
    jitter: FloatArray = field(default_factory=lambda: np.zeros(0))
    phases: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    first: int = 0
    sample_first: int = 0

    @property
    def bank_row(self) -> int:
        """Its row in its bank."""
        return self.bank_rows[self.bank]

    def take(self, arrived: Blocks) -> None:
        """New blocks are at hand."""
        self.arrived = arrived
        self.first = self.seen
        self.seen += arrived.numbers.size
        self.phases = phase_of(arrived.times[:, 0])
        if self.slots is not None:
            self._place(arrived.numbers, self.first)

    def counts(self, at: int, bins: int) -> FloatArray:
        """Bin counts (bins,) of a new block."""
        return np.bincount(self.bins[at], minlength=bins).astype(np.float64)

    def weight(self, at: int) -> float:
        """What a new block is worth: nothing while the series still warms up."""
        assert self.arrived is not None
        self.blocks += 1
        return float(self.arrived.weights[at]) if self.blocks > self.warm_up else 0.0

    def learn(self, at: int) -> bool:
        """Keep a new block for learning. Returns whether the slots are learned now."""
        assert self.arrived is not None
        self.sample.append(self.arrived.numbers[at])
        self.sample_times.append(int(self.arrived.times[at, 0]))
        self.blocks += 1
        if len(self.sample) < LEARN:
            return False
        values = np.concatenate(self.sample)
        self.sample_first = self.first + (at + 1) * BLOCK - len(values)
        ties = tie_breakers(self.seed, self.sample_first + np.arange(len(values)))
        distinct = np.unique(values)
        self.levels = distinct if len(distinct) <= FEW else distinct[:0]
        if len(self.levels):
            self.slots = slots_of_places(self._values(values), ties, len(self.levels) + 1)
        else:
            self.slots = slots_of_numbers(values, ties, NUMERIC_BINS)
        self._place(self.arrived.numbers, self.first)
        return True

    def learned(self) -> Iterator[tuple[FloatArray, int, float]]:
        """Scores (BLOCK,), phase and jitter of the blocks of the learning phase; they are let go."""
        for place, (numbers, time) in enumerate(zip(self.sample, self.sample_times, strict=True)):
            _, scores, jitter = self._placed(numbers[None], self.sample_first + place * BLOCK)
            yield scores[0], int(phase_of(np.array([time]))[0]), float(jitter[0])
        self.sample, self.sample_times = [], []

    def restart(self) -> None:
        """Learn anew; a series that alarms soon after each start is given more and more time."""
        soon = self.blocks < PATIENT * self.warm_up
        self.warm_up = min(2 * self.warm_up, LONGEST) if soon else max(LEARN, self.warm_up // 2)
        self.slots, self.blocks = None, 0

    def dump(self) -> dict[str, Plain]:
        """Explicit fields, without what is at hand only during `advance`."""
        slots = self.slots
        return {
            "levels": as_bytes(self.levels, "<f8"),
            "blocks": self.blocks,
            "warm_up": self.warm_up,
            "edges": None if slots is None else as_bytes(slots.edges, "<f8"),
            "ties": None if slots is None else as_bytes(slots.ties, "<f8"),
            "places": None if slots is None else as_bytes(slots.places, "<u4"),
            "sample": as_bytes(np.array(self.sample).reshape(-1, BLOCK), "<f8"),
            "seen": self.seen,
            "sample_times": as_bytes(np.array(self.sample_times, np.int64), "<i8"),
        }

    def load(self, fields: Fields) -> None:
        """The inverse of `dump`. Raises CorruptState."""
        self.levels = fields.array("levels", "<f8")
        self.blocks = fields.integer("blocks", least=0)
        self.warm_up = fields.integer("warm_up", least=LEARN)
        self.sample = list(fields.array("sample", "<f8", (-1, BLOCK)))
        self.seen = fields.integer("seen", least=0)
        self.sample_times = fields.array("sample_times", "<i8").tolist()
        if not len(self.sample) == len(self.sample_times) < LEARN:
            raise fields.wrong("sample", "values and times do not fit")
        if fields.plain("edges") is not None:
            edges, ties = fields.array("edges", "<f8"), fields.array("ties", "<f8")
            places = fields.array("places", "<u4").astype(np.float64)
            if (
                not len(edges) == len(ties) == len(places) - 1
                or (places < 1).any()
                or (np.diff(edges) < 0).any()
            ):
                raise fields.wrong("edges", "slots do not fit")
            self.slots = Slots(edges, ties, places)

    def _place(self, numbers: FloatArray, first: int) -> None:
        self.bins, self.scores, self.jitter = self._placed(numbers, first)

    def _values(self, numbers: FloatArray) -> FloatArray:
        """What the slots sort: the numbers, or the place of each among the few levels, one more for all above them."""
        if len(self.levels) == 0:
            return numbers
        return np.searchsorted(self.levels, numbers, side="left").astype(np.float64)

    def _placed(self, numbers: FloatArray, first: int) -> tuple[NDArray[np.intp], FloatArray, FloatArray]:
        """Bins and normal scores, (m, BLOCK), and a jitter (m,) of blocks; scores are spread within a bin at random."""
        slots = self.slots
        assert slots is not None
        ordinals = first + np.arange(numbers.size)
        ties = tie_breakers(self.seed, ordinals)
        bins = slots.bin(self._values(numbers.ravel()), ties)
        spread = tie_breakers(self.seed + 1, ordinals)
        upper = np.cumsum(slots.places)
        share = (upper[bins] - slots.places[bins] + spread * slots.places[bins]) / upper[-1]
        return (
            bins.reshape(numbers.shape),
            normal.quantile(share).reshape(numbers.shape),
            ties.reshape(numbers.shape)[:, 0],
        )
