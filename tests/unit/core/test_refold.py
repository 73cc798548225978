"""A refold observes the rows of many ticks together: fewer batches, the same state."""

from collections.abc import Sequence

import pytest

from stream_monitor.core import partition_monitor as module
from stream_monitor.core.batch import ColumnBatch
from stream_monitor.core.derived.parameters import DerivedParameters
from stream_monitor.core.model_monitor import ModelMonitor, Outcome
from stream_monitor.core.parameters import ModelParameters
from stream_monitor.core.partition_monitor import Entry, PartitionMonitor
from stream_monitor.detectors import registry
from tests.property.chunking_law import partition_state
from tests.unit.core.derived.test_absence import MINUTE, rows, tick

EVERY = 20  # rows between two ticks


def log() -> Sequence[tuple[int, Entry]]:
    """Two models; between rows both are silent for so long that this is told, by ticks alone."""
    entries: list[Entry] = []
    for turn in range(20):
        first = EVERY * turn + (4_000 if turn >= 10 else 0)
        newest = (first + EVERY - 1) * 1_000
        entries += [rows(EVERY, first=first, model=name) for name in ("m", "n")]
        entries.append(tick(newest + 1_000, offset=first + EVERY, newest=newest, at_end=turn == 9))
        if turn == 9:
            entries += [tick(newest + late * MINUTE, offset=200, newest=newest) for late in (9, 11, 30)]
    return list(enumerate(entries))


def new_monitor() -> PartitionMonitor:
    derived = DerivedParameters(absence=True, absent_ms=10 * MINUTE)
    return PartitionMonitor(
        lambda name: ModelParameters(name=name, derived=derived), registry.installed(), first=0
    )


@pytest.fixture
def batches(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Rows of all batches that are observed."""
    seen: list[int] = []
    observe = ModelMonitor.observe

    def counting(self: ModelMonitor, batch: ColumnBatch) -> Outcome:
        seen.append(len(batch))
        return observe(self, batch)

    monkeypatch.setattr(ModelMonitor, "observe", counting)
    return seen


def check_refold(batches: list[int]) -> None:
    """It comes to what the fold came to. Leaves the batches of the refold."""
    folded, refolded = new_monitor(), new_monitor()
    told = [event.status.value for at, entry in log() for event in folded.apply(at, entry).drift_events]
    assert told == ["opened", "opened", "resolved", "resolved"]
    total = sum(batches)
    batches.clear()
    assert sum(1 for _ in refolded.refold(log())) > len(log())
    assert partition_state(refolded) == partition_state(folded)
    assert refolded.next_offset == folded.next_offset
    assert refolded.purgeable == folded.purgeable
    assert sum(batches) == total


def test_rows_wait_for_each_other_up_to_a_silence_that_may_have_to_be_told(batches: list[int]) -> None:
    check_refold(batches)
    assert batches == [200, 200, 198, 198]  # the last rows still wait for their watermark


def test_a_model_does_not_wait_for_more_rows_than_are_observed_at_once(
    batches: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "CUT", 50)
    check_refold(batches)
    assert max(batches) < 50 + EVERY


def test_all_models_together_do_not_hold_more_than_so_much(
    batches: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_MOST_CELLS", 100)
    check_refold(batches)
    assert max(batches) <= 100 // 2 + EVERY


def test_slices_in_which_nothing_has_come_are_passed_on() -> None:
    assert len(list(new_monitor().refold([None, None, None]))) == 3
