"""Every way in which snapshots, log and offsets may not fit, and what is done about it under both policies."""

# ruff: noqa: ARG002 - the store is held to its protocol

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Literal

import pytest

from stream_monitor.core.batch import ColumnBatch
from stream_monitor.core.errors import NewerState, StreamMonitorError
from stream_monitor.core.events import Record
from stream_monitor.core.parameters import ModelParameters, SeriesParameters
from stream_monitor.core.partition_monitor import CLOCK, PartitionMonitor
from stream_monitor.core.state import model_key
from stream_monitor.detectors import registry
from stream_monitor.formats import columns, snapshots
from stream_monitor.runtime import restore as module
from stream_monitor.runtime.deadline import Deadline
from stream_monitor.runtime.ports import Asked, LostData
from stream_monitor.runtime.restore import Restore, Restored
from tests.property.chunking_law import partition_state
from tests.property.logs import log_of
from tests.property.rows import Shape, rows_of

PARAMETERS = ModelParameters(name="m", default=SeriesParameters(warm_up=30))
Policy = Literal["stop", "continue"]
POLICIES: tuple[Policy, ...] = ("stop", "continue")


@cache
def log() -> Sequence[Record]:
    entries = log_of({"m": rows_of("m", Shape(seed=2, rows=300, jitter_ms=1_000))}, shuffle=3, most=25)
    records = []
    for at, entry in entries:
        if isinstance(entry, ColumnBatch):
            records.append(Record(at, 0, b"m", columns.encode_batch(entry), columns.BATCH_HEADERS))
        else:
            records.append(Record(at, 0, b"w", columns.encode_tick(entry), columns.TICK_HEADERS))
    return records


def new_monitor(first: int) -> PartitionMonitor:
    return PartitionMonitor(lambda _: PARAMETERS, registry.installed(), first=first)


def folded(upto: int, *, first: int = 0) -> PartitionMonitor:
    """The state after the entries in [first, upto)."""
    monitor = new_monitor(first)
    for record in log():
        if first <= record.offset < upto:
            monitor.apply(record.offset, columns.decode_entry(record.value, record.headers))
    return monitor


@dataclass
class Store:
    """commits: what successive questions for the committed offset are answered; the last one for ever."""

    commits: list[int | None] = field(default_factory=lambda: [None])
    stored: dict[bytes, bytes] = field(default_factory=dict)
    low: int = 0
    waits: int = 1

    def committed(self, partition: int, deadline: Deadline) -> Asked[int | None]:
        yield from [None] * self.waits
        return self.commits.pop(0) if len(self.commits) > 1 else self.commits[0]

    def low_watermark(self, partition: int, deadline: Deadline) -> Asked[int]:
        yield from [None] * self.waits
        return self.low

    def snapshots(self, partition: int, deadline: Deadline) -> Iterator[tuple[bytes, bytes] | None]:
        yield from [None] * self.waits
        yield from self.stored.items()

    def log(self, partition: int, first: int, last: int, deadline: Deadline) -> Iterator[Record | None]:
        assert first >= self.low, "read from below the low watermark"
        yield from [None] * self.waits
        yield from (record for record in log() if first <= record.offset < last)


def stored_at(upto: int) -> dict[bytes, bytes]:
    """Snapshots written when the log had been taken up to there."""
    return {snapshot.key.encode(): snapshots.encode(snapshot) for snapshot in folded(upto).snapshots()}


def run(store: Store, policy: Policy = "stop") -> Restored:
    restore = Restore(3, store, new_monitor, Deadline(60.0), on_lost_data=policy)
    assert sum(1 for _ in restore.run()) > 4 * store.waits  # the group is served between slices and tries
    assert restore.result is not None
    return restore.result


def check_equal(found: Restored, upto: int) -> None:
    assert found.discarded == []
    assert found.monitor.next_offset == upto
    assert partition_state(found.monitor) == partition_state(folded(upto))


def rows(upto: int) -> int:
    """Observed when the log has been taken up to there."""
    return folded(upto).models["m"].monitor.rows


MIDDLE, END = log()[len(log()) // 2].offset, log()[-1].offset + 1
AS_OF = folded(MIDDLE)._as_of


def test_the_first_start_begins_at_the_first_entry_present() -> None:
    found = run(Store())
    assert (found.monitor.next_offset, found.monitor.models, found.refolded) == (0, {}, 0)
    assert run(Store(low=7)).monitor.next_offset == 7


def test_without_snapshots_everything_committed_is_taken_again() -> None:
    found = run(Store(commits=[END]))
    check_equal(found, END)
    assert found.refolded == rows(END)


@pytest.mark.parametrize("committed", [MIDDLE, (MIDDLE + END) // 2, END])
def test_snapshots_and_what_was_committed_since(committed: int) -> None:
    found = run(Store(commits=[committed], stored=stored_at(MIDDLE)))
    check_equal(found, committed)
    assert found.refolded == rows(committed) - rows(MIDDLE)


def test_the_low_watermark_may_be_just_where_the_state_needs_the_log_from() -> None:
    check_equal(run(Store(commits=[END], stored=stored_at(MIDDLE), low=folded(MIDDLE).purgeable)), END)


def test_a_commit_that_the_snapshots_already_speak_of_is_waited_for() -> None:
    store = Store(commits=[0, 0, END], stored=stored_at(MIDDLE))
    check_equal(run(store), END)


def test_a_commit_that_never_arrives_is_taken_from_the_snapshots(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "ARRIVAL_SECONDS", 0.01)
    found = run(Store(commits=[0], stored=stored_at(MIDDLE)))
    assert found.monitor.next_offset == AS_OF
    assert partition_state(found.monitor) == partition_state(folded(AS_OF))


# ---------------------------------------------------------------------- lost data


def lost(name: str) -> Store:
    whole = stored_at(MIDDLE)
    without_clock = {key: value for key, value in whole.items() if key != CLOCK.encode()}
    corrupt = {CLOCK: b"SM?", model_key("m"): whole[model_key("m").encode()][:-1] + b"?"}
    return {
        "no committed offset": Store(stored=whole),
        "the log begins too late": Store(commits=[END], stored=whole, low=END),
        "no snapshots and a log that was cut": Store(commits=[END], low=5),
        "a clock that cannot be read": Store(commits=[END], stored={**whole, b"clock": corrupt[CLOCK]}),
        "a model that cannot be read": Store(
            commits=[END], stored={**whole, model_key("m").encode(): corrupt[model_key("m")]}
        ),
        "no clock and a log that was cut": Store(commits=[END], stored=without_clock, low=5),
    }[name]


NAMES = [
    "no committed offset",
    "the log begins too late",
    "no snapshots and a log that was cut",
    "a clock that cannot be read",
    "a model that cannot be read",
    "no clock and a log that was cut",
]


@pytest.mark.parametrize("name", NAMES)
def test_the_start_stops_and_says_what_can_be_done(name: str) -> None:
    with pytest.raises(
        LostData, match=r"columns partition 3: .*Nothing was overwritten.*on_lost_data: continue"
    ):
        run(lost(name))


def cut(found: Restored) -> list[str]:
    return [key for key, _ in found.discarded]


def test_going_on_without_a_committed_offset_means_from_the_snapshots() -> None:
    found = run(lost("no committed offset"), "continue")
    assert cut(found) == ["partition 3"]
    assert found.monitor.next_offset == AS_OF
    assert partition_state(found.monitor) == partition_state(folded(AS_OF))


@pytest.mark.parametrize("name", ["the log begins too late", "no snapshots and a log that was cut"])
def test_going_on_after_a_cut_means_anew_from_the_committed_offset(name: str) -> None:
    found = run(lost(name), "continue")
    assert cut(found) == ["partition 3"]
    assert (found.monitor.next_offset, found.monitor.models, found.refolded) == (END, {}, 0)


def test_going_on_with_a_log_that_was_cut_behind_the_commit_means_from_its_first_entry() -> None:
    found = run(Store(commits=[MIDDLE], stored=stored_at(MIDDLE), low=END), "continue")
    assert found.monitor.next_offset == END


def test_going_on_without_a_readable_clock_means_from_the_log_alone() -> None:
    found = run(lost("a clock that cannot be read"), "continue")
    assert cut(found)[0] == "partition 3"
    assert partition_state(found.monitor) == partition_state(folded(END))


def test_going_on_without_a_readable_model_means_that_its_series_begin_anew() -> None:
    found = run(lost("a model that cannot be read"), "continue")
    assert "partition 3" in cut(found)
    assert found.monitor.next_offset == END
    assert found.monitor.models["m"].monitor.rows < folded(END).models["m"].monitor.rows


# ---------------------------------------------------------------------- single snapshots


def test_a_series_that_cannot_be_read_warms_up_again_and_is_noted() -> None:
    stored = stored_at(MIDDLE)
    key = next(key for key in stored if key.endswith(b"feature:amount"))
    found = run(Store(commits=[END], stored={**stored, key: stored[key][:-1] + b"?"}))
    assert {name for name, _ in found.discarded} == {key.decode()}
    assert any("checksum" in why for _, why in found.discarded)


def test_a_chunk_of_the_label_join_that_cannot_be_read_begins_the_join_afresh() -> None:
    stored = stored_at(MIDDLE)
    key = next(key for key in stored if key.startswith(b"join/"))
    found = run(Store(commits=[END], stored={**stored, key: stored[key][:-1] + b"?"}))
    assert [name for name, _ in found.discarded] == [key.decode(), "join/1:m"]
    assert found.monitor.snapshots()
    assert key.decode() in found.monitor.retired()


def test_a_newer_snapshot_stops_the_start_under_either_policy() -> None:
    stored = stored_at(MIDDLE)
    clock = snapshots.decode(stored[b"clock"])
    for newer in (b"SM\x63" + stored[b"clock"][3:], snapshots.encode(replace(clock, state_version=99))):
        for policy in POLICIES:
            with pytest.raises(NewerState):
                run(Store(commits=[END], stored={**stored, b"clock": newer}), policy)


def test_what_the_store_raises_is_not_swallowed() -> None:
    class Refusing(Store):
        def low_watermark(self, partition: int, deadline: Deadline) -> Asked[int]:
            yield
            raise StreamMonitorError("in time")

    with pytest.raises(StreamMonitorError, match="in time"):
        run(Refusing(commits=[END]))
