"""A watch: one detector on one view of one series."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from zlib import crc32

from stream_monitor.core.detector import Detection, Detector, FloatArray, Kind, Scalar
from stream_monitor.core.parameters import DetectorChoice
from stream_monitor.core.series import DetectorCatalogue, SeriesKey
from stream_monitor.core.standardise import Lens


@dataclass(slots=True, kw_only=True)
class Watch:
    """detector: what runs. view, view_at: what it sees, by name and by place among the views of the series' lens."""

    id: str
    view: str
    view_at: int
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

    def update(self, views: Mapping[str, FloatArray], numbers: FloatArray) -> Sequence[Detection]:
        """Feed the detector: binary detectors take 0 and 1 as they are, all others the standardised view."""
        return self.detector.update(numbers if self.raw else views[self.view])


def watches_of(
    key: SeriesKey, lens: Lens, chosen: Sequence[DetectorChoice], catalogue: DetectorCatalogue
) -> tuple[Watch, ...]:
    """Every chosen detector on every view, in a fixed order. Seeds come from names, so that a replay is identical."""
    watches = []
    for choice in chosen:
        spec = catalogue.get(choice.id)
        for view_at, view in enumerate(lens.views):
            seed = crc32(f"{key.version}/{key.name}/{choice.id}/{view}".encode())
            watches.append(
                Watch(
                    id=choice.id,
                    view=view,
                    view_at=view_at,
                    raw=spec.kinds == {Kind.BOOLEAN},
                    parameters=choice.parameters,
                    seed=seed,
                    state_version=spec.state_version,
                    library_version=spec.library_version,
                    detector=spec.build(choice.parameters, seed=seed),
                )
            )
    return tuple(watches)
