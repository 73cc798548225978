"""Segments, their performance and fairness hang on the rows alone: not on batches, not on restarts."""

from collections.abc import Iterator

import pytest

from stream_monitor.core import model_monitor, versions
from stream_monitor.core.batch import ColumnBatch
from stream_monitor.core.columnise import PlacedRow, columnise
from stream_monitor.core.join.parameters import JoinParameters
from stream_monitor.core.parameters import (
    Budget,
    BudgetUnit,
    DetectorChoice,
    ModelParameters,
    OutcomeParameters,
    SeriesParameters,
)
from stream_monitor.core.segments import recent
from stream_monitor.core.segments.parameters import FairnessParameters, SegmentParameters, Slicing
from tests.property.chunking_law import answer_of, check_same
from tests.property.rows import SOURCES
from tests.property.segmented import segmented_rows

CASES = 2_400
SEGMENTS = SegmentParameters(
    slicings=(
        Slicing(feature="country", most=3, features=("amount",)),
        Slicing(feature="amount", edges=(100.0, 300.0)),
        Slicing(feature="code"),
        Slicing(feature=None),
    ),
    fairness=FairnessParameters(feature="member", favourable="yes", window=512),
    window=256,
)
PARAMETERS = ModelParameters(
    name="m",
    budget=Budget(alarms=1, span=1, unit=BudgetUnit.EVENTS),
    default=SeriesParameters(
        warm_up=50, tolerance=0.3, detectors=(DetectorChoice(id="adwin", parameters={"delta": 0.3}),)
    ),
    outcomes=OutcomeParameters(join=JoinParameters(cut=64, chunk=16)),
    segments=SEGMENTS,
)


@pytest.fixture(autouse=True)
def _small_bounds() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(model_monitor, "CUT", 256)
        patch.setattr(versions, "RETIRED_ROWS", 3_000)
        patch.setattr(recent, "KEPT", 40)
        yield


def batch_of(rows: list[PlacedRow]) -> ColumnBatch:
    return columnise("m", rows, SOURCES[:1])


@pytest.mark.parametrize(
    ("seed", "sizes", "reborn_every"), [(0, [1, 33, 150], 11), (1, [7, 255, 64], 5), (2, [700, 31], 10_000)]
)
def test_any_split_of_the_rows_gives_the_same_answer(seed: int, sizes: list[int], reborn_every: int) -> None:
    rows = segmented_rows(seed, CASES, bad=0.9)
    pieces = []
    begin = turn = 0
    while begin < len(rows):
        pieces.append(batch_of(rows[begin : begin + sizes[turn % len(sizes)]]))
        begin, turn = begin + len(pieces[-1]), turn + 1
    deaths = frozenset(range(reborn_every, len(pieces), reborn_every))
    whole = answer_of(PARAMETERS, [batch_of(rows)])
    bad = {event.segment for event in whole.events if event.series == "error"}
    assert bad & {"country=IT", "country=(other)"}  # whichever of them the country got
    unfair = {
        (event.series, event.status.value)
        for event in whole.events
        if event.evidence[0].detector == "fairness"
    }
    assert unfair >= {("demographic_parity_difference", "opened"), ("disparate_impact", "opened")}
    check_same(answer_of(PARAMETERS, pieces, reborn_before=deaths), whole)
