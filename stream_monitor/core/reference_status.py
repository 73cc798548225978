"""What is normal of the series of a model, as people look at it: the groups in which their history is counted."""

from dataclasses import dataclass
from enum import StrEnum

from stream_monitor.core.detector import Kind


class ReferenceOrigin(StrEnum):
    """Where a reference comes from."""

    LEARNED = "learned"  # from the first values of the series
    GIVEN = "given"  # by the configuration


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesReference:
    """The reference of one series. id: hangs on what it says; another one has another. size: usable values behind it.

    missing: share of cells passed over meanwhile, 0..1. mean, sd: of the usable numbers in the feature's unit, None for
    categories. groups: at most 20 neighbouring groups of its bins, with below and above, or of its categories, with other; a
    label for each. edges: of numbers (groups - 1,): group i > 0 is [edges[i-1], edges[i]), the last but one closed; where that
    holds a single value its edges are equal. categories: each is a group of its own; behind them the rarer ones, where there
    are any, and other. shares: of the reference by group.
    """

    series: str
    version: str | None
    segment: str | None
    kind: Kind
    origin: ReferenceOrigin
    id: str
    size: int
    missing: float
    mean: float | None
    sd: float | None
    groups: tuple[str, ...]
    edges: tuple[float, ...] | None
    categories: tuple[str, ...] | None
    shares: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferenceStatus:
    """The references of a model's series that are in force, without those that are not watched."""

    model: str
    series: tuple[SeriesReference, ...]
