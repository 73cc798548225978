from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream_monitor.core.batch import ColumnBatch
from stream_monitor.core.derived import duplicates
from stream_monitor.core.derived.duplicates import Duplicates
from stream_monitor.core.errors import CorruptState
from stream_monitor.core.events import Row
from tests.unit.core.batches import batch_of, row


def events(*ids: str | None, version: str | None = None) -> ColumnBatch:
    return batch(*[named(one, version=version) for one in ids])


def named(id_: str | None, *, version: str | None = None, label: bool = False) -> Row:
    made = row(None, label=1, version=version) if label else row({"x": 1.0}, version=version)
    return made._replace(id=id_)


def batch(*rows: Row) -> ColumnBatch:
    return batch_of(rows)


def repeated(known: Duplicates, rows: ColumnBatch, first: int = 0) -> list[int]:
    return list(known.find(rows, first)[1].tolist())


def test_an_id_that_came_before_is_a_duplicate_wherever_it_came() -> None:
    known = Duplicates()
    assert repeated(known, events("a", "b", "a")) == [2]
    assert repeated(known, events("c", "b"), 3) == [1]
    assert known.find(events(None, "d", None), 5)[0].tolist() == [1]
    assert repeated(known, events(None, None), 8) == []


def test_the_label_of_a_case_and_another_version_are_no_duplicates() -> None:
    known = Duplicates()
    case = batch(named("1", version="1"), named("1", version="1", label=True), named("1", version="2"))
    assert repeated(known, case) == []
    assert repeated(known, batch(named("2", version="1")), 3) == []
    assert repeated(known, batch(named("1", version="1", label=True)), 4) == [0]


def test_an_id_is_forgotten_after_two_generations(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(duplicates, "GENERATION", 4)
    known = Duplicates()
    repeated(known, events("a"), 3)
    assert repeated(known, events("a"), 7) == [0]
    assert repeated(known, events("b"), 8) == []
    assert repeated(known, events("a"), 16) == []


def test_half_a_surrogate_pair_is_an_id_too() -> None:
    assert repeated(Duplicates(), events("\ud800", "x", "\ud800")) == [2]


@given(
    ids=st.lists(st.sampled_from([None, "a", "b", "c", "d", "e"]), min_size=1, max_size=40),
    cut=st.integers(0, 40),
)
def test_cuts_and_restores_change_nothing(ids: Sequence[str | None], cut: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(duplicates, "GENERATION", 7)
        whole = Duplicates()
        wanted = repeated(whole, events(*ids))
        known, found = Duplicates(), []
        for begin, end in ((0, min(cut, len(ids))), (min(cut, len(ids)), len(ids))):
            if end > begin:
                found += [begin + at for at in repeated(known, events(*ids[begin:end]), begin)]
            known = Duplicates.load(known.dump())
        assert found == wanted
        assert known.dump() == whole.dump()


def test_nonsense_is_corrupt(monkeypatch: pytest.MonkeyPatch) -> None:
    known = Duplicates()
    repeated(known, events("a", "b"))
    fields = known.dump()
    monkeypatch.setattr(duplicates, "GENERATION", 1)
    with pytest.raises(CorruptState, match="more ids"):
        Duplicates.load(fields)
    with pytest.raises(CorruptState):
        Duplicates.load({**fields, "old": "no"})


def test_nobody_takes_two_of_many_ids_for_one() -> None:
    rows = batch(*[named(f"e-{at}") for at in range(4_000)])
    versions = replace(rows, versions=("1", "2"), version_at=rows.version_at + 1)
    known = Duplicates()
    assert repeated(known, rows) == repeated(known, versions, 4_000) == []
