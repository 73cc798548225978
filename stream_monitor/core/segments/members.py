"""Which values belong to a segment, told from its name and the configuration alone: for whoever has no state of the model."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from stream_monitor.core.columnise import column_of
from stream_monitor.core.segments.parameters import Slicing
from stream_monitor.core.segments.placing import OTHER, Placing


@dataclass(frozen=True, slots=True, kw_only=True)
class Members:
    """feature: whose values tell; None: the label does."""

    feature: str | None
    _placing: Placing
    _place: int

    def among(self, values: Sequence[object]) -> NDArray[np.bool_]:
        """Which of the values (n,), JSON-like, belong to the segment: (n,)."""
        is_member: NDArray[np.bool_] = self._placing.of(column_of(values)) == self._place
        return is_member


def members_of(segment: str, slicings: Sequence[Slicing]) -> Members | None:
    """None where nobody can tell: no slicing has such a segment, or it is `(other)` of values that nobody has configured.

    >>> members_of("country=DE", [Slicing(feature="country")]).among(["DE", "FR", None]).tolist()
    [True, False, False]
    """
    slicing = next((one for one in slicings if Placing(one).has(segment)), None)
    if slicing is None:
        return None
    if not slicing.edges and not slicing.values:
        other = Placing(slicing).name(OTHER)
        if segment == other:
            return None
        slicing = replace(slicing, values=(segment.removeprefix(f"{slicing.name}="),))
    placing = Placing(slicing)
    place = next((one for one in placing.known if placing.name(one) == segment), None)
    return None if place is None else Members(feature=slicing.feature, _placing=placing, _place=place)
