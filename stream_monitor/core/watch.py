"""Who may say that a series drifts: watches (one detector on one view) and, for the whole distribution, two witnesses more."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple
from zlib import crc32

from stream_monitor.core.detector import Detection, Detector, FloatArray, Kind, Scalar
from stream_monitor.core.drift_event import Claim
from stream_monitor.core.parameters import DetectorChoice
from stream_monitor.core.series import SEQUENTIAL, DetectorCatalogue, SeriesKey
from stream_monitor.core.standardise import Lens


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


@dataclass(slots=True, kw_only=True)
class Watch:
    """detector: what runs. view: what it sees, by name among the views of the series' lens."""

    id: str
    view: str
    raw: bool
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

    def update(self, views: Mapping[str, FloatArray], numbers: FloatArray) -> Sequence[Detection]:
        """Feed the detector: binary detectors take 0 and 1 as they are, all others the standardised view."""
        return self.detector.update(numbers if self.raw else views[self.view])


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
        for view in lens.views:
            seed = seed_of(key, f"{choice.id}/{view}")
            watches.append(
                Watch(
                    id=choice.id,
                    view=view,
                    raw=spec.kinds == {Kind.BOOLEAN},
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
