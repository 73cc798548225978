import numpy as np
import pytest

from stream_monitor.core.columnise import column_of
from stream_monitor.core.segments.members import members_of
from stream_monitor.core.segments.parameters import Slicing
from stream_monitor.core.segments.placing import NOWHERE, Placing

VALUES = ["DE", "FR", None, 12, 12.5, "12", -3, True, "true", [1], "(other)", 1000, 99.9, float("nan")]


@pytest.mark.parametrize(
    "slicing",
    [
        Slicing(feature="x", values=("DE", "12")),
        Slicing(feature="x", edges=(0.0, 12.5, 1000.0)),
        Slicing(feature=None, values=("true",)),
        Slicing(feature="x"),
    ],
)
def test_a_case_is_of_the_segment_in_which_the_monitor_counts_it(slicing: Slicing) -> None:
    placing, column = Placing(slicing), column_of(VALUES)
    names = [None if at == NOWHERE else placing.name(at) for at in placing.of(column).tolist()]
    for segment in dict.fromkeys(name for name in names if name is not None):
        if segment == "x=(other)" and not slicing.values:
            continue
        members = members_of(segment, [Slicing(feature="y"), slicing])
        assert members is not None
        assert members.feature == slicing.feature
        assert np.array_equal(members.among(VALUES), [name == segment for name in names])


@pytest.mark.parametrize(
    ("segment", "slicings"),
    [
        ("country=(other)", [Slicing(feature="country")]),  # which those are only the state knows
        ("country=DE", [Slicing(feature="countries")]),
        ("country=IT", [Slicing(feature="country", values=("DE",))]),
        ("amount<7", [Slicing(feature="amount", edges=(5.0,))]),
        ("country=DE", []),
    ],
)
def test_what_nobody_can_tell(segment: str, slicings: list[Slicing]) -> None:
    assert members_of(segment, slicings) is None
