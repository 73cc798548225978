"""Who may say that a series drifts: watches (one detector on one view) and, for the whole distribution, two witnesses more."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple
from zlib import crc32

import numpy as np

from stream_monitor.core.detector import Detection, Detector, FloatArray, Grain, Kind, Scalar
from stream_monitor.core.drift_event import Claim
from stream_monitor.core.parameters import DetectorChoice
from stream_monitor.core.series import SEQUENTIAL, DetectorCatalogue, SeriesKey
from stream_monitor.core.standardise import Lens
from stream_monitor.core.window import BLOCK


class Witness(NamedTuple):
    """name: unique in its series. view: what it sees, None for the whole distribution. bounded: whether its false alarms
    are held by the sequential test's share of the budget, otherwise the token bucket holds them.
    """

    name: str
    detector: str
    view: str | None
    claim: Claim
    bounded: bool
    parameters: Mapping[str, Scalar]


TEST = Witness(SEQUENTIAL, SEQUENTIAL, None, Claim.CHANGED, bounded=True, parameters={})
DIFFERS = Witness("reference", "reference", None, Claim.DIFFERS, bounded=False, parameters={})


class Seen:
    """m closed blocks of a series, as a detector may see them. sums: (m, views), of the views over every block.

    blocks: (m, BLOCK), or the one number that all of them are.
    """

    def __init__(self, lens: Lens, blocks: FloatArray | float, sums: FloatArray) -> None:
        self._lens = lens
        self._blocks = blocks
        self.sums = sums

    @cached_property
    def numbers(self) -> FloatArray:
        """Every value, (m * BLOCK,)."""
        blocks = self._blocks
        return blocks.ravel() if isinstance(blocks, np.ndarray) else np.full(len(self.sums) * BLOCK, blocks)

    @cached_property
    def views(self) -> Mapping[str, FloatArray]:
        """The same through the lens, standardised, by name: each (m * BLOCK,)."""
        return self._lens.standardised(self.numbers)


@dataclass(slots=True, kw_only=True)
class Watch:
    """detector: what runs. view, place: what it sees, among the views of the series' lens. raw: the numbers as they are instead,
    0 and 1.
    """

    id: str
    view: str
    place: int
    raw: bool
    grain: Grain
    parameters: Mapping[str, Scalar]
    seed: int
    state_version: int
    library_version: str | None
    detector: Detector

    @property
    def name(self) -> str:
        """Unique in its series."""
        return f"{self.id}/{self.view}"

    @property
    def witness(self) -> Witness:
        """What it says when it fires: changed from the recent past, without a bound of its own."""
        return Witness(
            self.name, self.id, self.view, Claim.CHANGED, bounded=False, parameters=dict(self.parameters)
        )

    def update(self, seen: Seen) -> Sequence[Detection]:
        """Feed the detector. What it says is told in blocks: `at` the block in which it fired, `length` rounded up."""
        if self.grain is Grain.BLOCK:
            return self.detector.update(block_sums(seen.numbers) if self.raw else seen.sums[:, self.place])
        found = self.detector.update(seen.numbers if self.raw else seen.views[self.view])
        return [one._replace(at=one.at // BLOCK, length=-(-one.length // BLOCK)) for one in found]

    def rehearse(self, numbers: FloatArray, views: Mapping[str, FloatArray]) -> None:
        """Let it see the values (n,) of the warm-up; a detector of block sums only whole blocks, up to the last value."""
        values = numbers if self.raw else views[self.view]
        if self.grain is Grain.BLOCK:
            values = block_sums(values[len(values) % BLOCK :])
        self.detector.update(values)


def block_sums(values: FloatArray) -> FloatArray:
    """(m,) sums of values (m * BLOCK,) over every block, each in an order that does not depend on m."""
    return np.asarray(values.reshape(-1, BLOCK).sum(axis=1))


def watches_of(
    key: SeriesKey, lens: Lens, chosen: Sequence[DetectorChoice], catalogue: DetectorCatalogue
) -> tuple[Watch, ...]:
    """Every chosen detector on every view, in a fixed order, but for the sequential test, which runs for all series of a
    model at once. Seeds come from names, so that a replay is identical.
    """
    watches = []
    for choice in chosen:
        if choice.id == SEQUENTIAL:
            continue
        spec = catalogue.get(choice.id)
        for place, view in enumerate(lens.views):
            seed = seed_of(key, f"{choice.id}/{view}")
            watches.append(
                Watch(
                    id=choice.id,
                    view=view,
                    place=place,
                    raw=spec.kinds == {Kind.BOOLEAN},
                    grain=spec.grain,
                    parameters=choice.parameters,
                    seed=seed,
                    state_version=spec.state_version,
                    library_version=spec.library_version,
                    detector=spec.build(choice.parameters, seed=seed),
                )
            )
    return tuple(watches)


def seed_of(key: SeriesKey, name: str) -> int:
    """The seed of what is called `name` on a series."""
    segment = "" if key.segment is None else f"/{key.segment}"
    return crc32(f"{key.version}/{key.name}/{name}{segment}".encode())
