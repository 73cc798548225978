"""What history adds up to hangs neither on batches nor on when it was told; widths may, so sums are made at the widest."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stream_monitor.core import model_monitor, series_monitor, versions
from stream_monitor.core.columnise import PlacedRow
from stream_monitor.core.history import ModelHistory
from stream_monitor.core.history_report import take_history
from stream_monitor.core.model_monitor import ModelMonitor
from stream_monitor.core.parameters import AfterDrift
from stream_monitor.detectors import registry
from tests.property.history_sums import sums, width_of
from tests.property.rows import T0, Shape, rows_of
from tests.property.test_chunking import in_pieces, parameters_of, sizes

ROWS = 1_600
PARAMETERS = replace(parameters_of(detectors=("adwin",)), after_drift=AfterDrift.ADOPT)


@pytest.fixture(autouse=True)
def _small_bounds() -> Iterator[None]:
    """What otherwise happens every few thousand rows happens every few hundred."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(model_monitor, "CUT", 256)
        patch.setattr(series_monitor, "LENGTH", 6)  # blocks of a drift that are learned as the new normal
        patch.setattr(versions, "RETIRED_ROWS", 300)
        yield


def rows(seed: int, stretch: int) -> list[PlacedRow]:
    """Of some minutes, with times that many times as far apart."""
    found = rows_of("m", Shape(seed=seed, rows=ROWS, jitter_ms=400))
    return [one._replace(row=one.row._replace(time=T0 + (one.row.time - T0) * stretch)) for one in found]


def told(stream: Sequence[PlacedRow], sizes: Sequence[int], every: int) -> list[ModelHistory]:
    """What is told every so many batches, and at the end."""
    monitor = ModelMonitor(PARAMETERS, registry.installed())
    found = []
    for number, batch in enumerate(in_pieces(stream, sizes), 1):
        monitor.observe(batch)
        if number % every == 0:
            found.append(take_history(monitor))
    found.append(take_history(monitor))
    return [one for one in found if one is not None]


@settings(max_examples=8)
@given(
    seed=st.integers(0, 5),
    sizes=sizes,
    every=st.sampled_from([1, 3, 40]),
    stretch=st.sampled_from([1, 60, 4_000, 1_000_000]),
)
def test_sums_hang_on_no_batch_and_on_no_snapshot(
    seed: int, sizes: list[int], every: int, stretch: int
) -> None:
    stream = rows(seed, stretch)
    whole, parts = told(stream, [ROWS], 1), told(stream, sizes, every)
    assert len(whole) == 1
    width = width_of([*whole, *parts])
    assert sums(parts, width) == sums(whole, width)


def test_every_row_is_in_it_and_every_full_block() -> None:
    (whole,) = told(rows(0, 60), [ROWS], 1)
    assert sum(whole.rows) == ROWS
    assert len(whole.starts) > 10
    counts = [sum(one.values) for one in whole.series if one.series == "feature:count"]
    assert 800 < sum(counts) < ROWS
    references = [one.reference for one in whole.series if one.series == "feature:amount"]
    assert len(set(references)) == len(references) >= 2  # what changed was learned as the new normal
    assert {one.version for one in whole.series if one.series == "prediction"} == {"1", "2"}
