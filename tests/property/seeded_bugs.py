"""Bugs to be seeded into the program: each is one fault that a change could bring, as a patch of the real code."""

from collections.abc import Callable, Collection, Generator, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from stream_monitor.core import partition_monitor, state, summaries
from stream_monitor.core.alerts import Alerts
from stream_monitor.core.backlog import Backlog
from stream_monitor.core.checkpoint import Checkpoint
from stream_monitor.core.detector import FloatArray
from stream_monitor.core.events import Source
from stream_monitor.core.history_counts import Gathered, HistoryCounts
from stream_monitor.core.order import Order
from stream_monitor.core.partition_monitor import Applied, Entry, ModelTask, PartitionMonitor
from stream_monitor.core.series import SeriesKey
from stream_monitor.core.watermarks import FOREVER, Watermarks
from stream_monitor.core.window import Sums
from stream_monitor.memory.group import Noted
from stream_monitor.memory.source import MemorySource
from stream_monitor.runtime.deadline import Deadline
from stream_monitor.runtime.ingest import Ingest
from stream_monitor.runtime.partitions import Partitions
from stream_monitor.runtime.worker import Worker

Patch = pytest.MonkeyPatch


def no_restore_after_abort(patch: Patch) -> None:
    """The state of before goes on, although the log is read again from the committed offset."""
    patch.setattr(Partitions, "restart", lambda _: [])


def no_fencing(patch: Patch) -> None:
    """Nobody asks whether a committing worker still owns its partitions."""
    patch.setattr(MemorySource, "check_ownership", lambda *_: None)
    patch.setattr(MemorySource, "check_membership", lambda _: None)


def accumulator_lost_on_abort(patch: Patch) -> None:
    """What was read is forgotten, but not read again."""
    patch.setattr(MemorySource, "rewind", lambda *_: None)


def accumulator_not_cleared_after_abort(patch: Patch) -> None:
    """What was read is read again, but not forgotten."""
    patch.setattr(Ingest, "forget", lambda _: None)


def wrong_committed_offset(patch: Patch) -> None:
    """One behind the next record of an input, where there is one more: it is skipped after a restart."""
    original = MemorySource.offsets

    def offsets(self: MemorySource, wanted: Mapping[Source, int]) -> Mapping[Source, Noted]:
        moved = {
            source: noted._replace(offset=min(noted.offset + 1, self._log.high(source)))
            for source, noted in original(self, wanted).items()
            if source.topic != self._columns
        }
        return {**original(self, wanted), **moved}

    patch.setattr(MemorySource, "offsets", offsets)


def inputs_committed_with_the_news(patch: Patch) -> None:
    """What was found is committed with the offsets of all that was read, whose rows are not in the log yet."""
    original = Checkpoint.take_found

    def take_found(self: Checkpoint, log: str) -> Checkpoint:
        offsets = dict(self.offsets)
        found = original(self, log)
        found.offsets = offsets
        return found

    patch.setattr(Checkpoint, "take_found", take_found)


def log_offsets_left_behind(patch: Patch) -> None:
    """What was found is told, but the log is read again from where it was before."""
    original = Checkpoint.take_found

    def take_found(self: Checkpoint, log: str) -> Checkpoint:
        committed = {source: 0 for source in self.offsets if source.topic == log}
        found = original(self, log)
        found.offsets = committed
        return found

    patch.setattr(Checkpoint, "take_found", take_found)


def commit_on_lost(patch: Patch) -> None:
    """What is half done when partitions are lost is committed, and nobody refuses it."""
    no_fencing(patch)
    original = Worker.lost

    def lost(self: Worker, sources: Sequence[Source]) -> None:
        self._commit(Deadline(1.0), snapshots=False)
        original(self, sources)

    patch.setattr(Worker, "lost", lost)


def snapshot_with_a_wrong_as_of(patch: Patch) -> None:
    """As of the tick instead of behind it."""
    for name in ("dump_model", "dump_series"):
        original = getattr(partition_monitor, name)

        def dump(*arguments: Any, original: Callable[..., Any] = original) -> Any:
            *others, as_of = arguments
            return original(*others, as_of - 1)

        patch.setattr(partition_monitor, name, dump)


def held_rows_forgotten_at_restore(patch: Patch) -> None:
    """Rows of before the snapshot that were still waiting do not come back."""
    patch.setattr(Order, "add_unreleased", lambda *_: None)


def detector_state_not_restored(patch: Patch) -> None:
    """Detectors begin anew after every restore."""
    patch.setattr(state, "_load_watches", lambda *_: None)


def open_alerts_not_restored(patch: Patch) -> None:
    """The alerts of a model begin anew after every restore."""
    patch.setattr(Alerts, "load", lambda *_: None)


def events_emitted_during_refold(patch: Patch) -> None:
    """What a refold finds is published once more, with the next entry."""
    apply = PartitionMonitor.apply
    leaked: list[Any] = []

    def catch_up(self: ModelTask) -> None:
        if self.backlog.rows:
            waited, self.backlog = self.backlog, Backlog()
            leaked.extend(self.observe(waited.joined()).drift_events)

    def leaking(self: PartitionMonitor, at: int, entry: Entry) -> Applied:
        applied = apply(self, at, entry)
        found = [*leaked, *applied.drift_events]
        leaked.clear()
        return replace(applied, drift_events=found)

    patch.setattr(ModelTask, "catch_up", catch_up)
    patch.setattr(PartitionMonitor, "apply", leaking)


def everything_released_at_every_tick(patch: Patch) -> None:
    """Rows do not wait for the slowest source."""
    patch.setattr(Watermarks, "bound", lambda *_: FOREVER)


def sums_that_depend_on_the_batch(patch: Patch) -> None:
    """The sum of a block as the difference of running sums over the whole batch: the same but for the last bits."""

    original = summaries.Lenses.sums

    def sums(self: summaries.Lenses, numbers: FloatArray) -> Sums:
        found = original(self, numbers)
        running = np.cumsum(found.views, axis=1)
        return found._replace(views=np.diff(running, prepend=0.0, axis=1))

    patch.setattr(summaries.Lenses, "sums", sums)


def decisions_at_the_end_of_a_batch(patch: Patch) -> None:
    """Waiting alerts are opened at the last row of a batch instead of at the row that brings the credit."""
    original = Alerts._open_waiting

    def open_waiting(self: Alerts, rows: Any, clock: Any, where: Any) -> Any:
        return original(self, rows[-1:], clock[-1:], where)

    patch.setattr(Alerts, "_open_waiting", open_waiting)


def history_told_twice(patch: Patch) -> None:
    """What was told with snapshots is not forgotten."""
    original = HistoryCounts.take

    def take(self: HistoryCounts, series: Collection[SeriesKey]) -> Gathered:
        told = original(self, series)
        self._rows = dict(zip(told.buckets, told.rows, strict=True))
        return told

    patch.setattr(HistoryCounts, "take", take)


def history_forgotten_at_restore(patch: Patch) -> None:
    """The refold gathers nothing."""
    original = PartitionMonitor.refold

    def refold(
        self: PartitionMonitor, log: Iterable[tuple[int, Entry] | None]
    ) -> Generator[None, None, None]:
        yield from original(self, log)
        for task in self.models.values():
            task.monitor.history = HistoryCounts()

    patch.setattr(PartitionMonitor, "refold", refold)
