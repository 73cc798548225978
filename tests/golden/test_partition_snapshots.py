"""Clock, model and series as any released version wrote them restore and go on as if nothing had stopped."""

from pathlib import Path

import msgspec
import pytest

from stream_monitor.formats import columns, snapshots
from tests.contract.worlds import answer
from tests.golden.write_partition_snapshots import NAME, SNAPSHOTS, new_monitor, told

HEADERS = {"batch": columns.BATCH_HEADERS, "tick": columns.TICK_HEADERS}
FILES = sorted(SNAPSHOTS.glob("partition.*.bin"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_golden_snapshots_go_on_as_recorded(path: Path) -> None:
    golden = msgspec.msgpack.decode(path.read_bytes())
    stored = {key: snapshots.decode(value) for key, value in golden["snapshots"].items()}
    monitor = new_monitor()
    resume = answer(monitor.restore(stored))
    assert resume is not None
    assert monitor.problems == []
    log = [(at, columns.decode_entry(value, HEADERS[kind])) for at, kind, value in golden["log"]]
    answer(monitor.refold(one for one in log if one[0] < golden["committed"]))
    found: list[list[object]] = []
    for at, entry in log:
        if at >= golden["committed"]:
            found += told(monitor.apply(at, entry).drift_events)
    assert found == golden["drift_events"]
    assert len(found) >= 10


def test_what_is_written_today_is_what_the_golden_file_of_todays_versions_holds() -> None:
    golden = msgspec.msgpack.decode((SNAPSHOTS / NAME).read_bytes())
    for key, value in golden["snapshots"].items():
        stored = snapshots.decode(value)
        assert snapshots.decode(snapshots.encode(stored)) == stored, key
    kinds = {snapshots.decode(value).kind for value in golden["snapshots"].values()}
    assert kinds == {"clock", "join", "model", "series"}
