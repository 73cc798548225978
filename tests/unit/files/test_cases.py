from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from stream_monitor.core.errors import StreamMonitorError
from stream_monitor.core.events import Role, Row
from stream_monitor.files import cases as cases_of
from stream_monitor.files.cases import Case, Cases

F, P, L = Role.FEATURES, Role.PREDICTION, Role.LABEL


@pytest.fixture
def cases(tmp_path: Path) -> Iterator[Cases]:
    with Cases(tmp_path) as made:
        yield made


def features(id_: str | None, time: int, version: str | None = None, **values: object) -> Row:
    return Row("m", version, id_, time, int(F), values, {})


def prediction(id_: str | None, time: int, said: object, version: str | None = "7") -> Row:
    return Row("m", version, id_, time, int(P), {}, {"prediction": said})


def label(id_: str | None, time: int, truth: object) -> Row:
    return Row("m", None, id_, time, int(L), {}, {"label": truth})


def everything(cases: Cases, limit: int | None = None) -> list[Case]:
    return [case for chunk in cases.chunks(limit) for case in chunk]


def test_features_prediction_and_label_of_one_id_are_one_case_whichever_comes_first(cases: Cases) -> None:
    cases.add([features("a", 10, x=1.5), prediction("b", 21, "no")])
    cases.add([prediction("a", 12, "yes"), features("b", 20, x=None)])
    assert cases.label([label("a", 99, True), label("b", 98, False), label("c", 97, True)], None) == 2
    assert everything(cases) == [
        Case("a", 12, "7", {"x": 1.5}, {"prediction": "yes"}, True),
        Case("b", 21, "7", {"x": None}, {"prediction": "no"}, False),
    ]
    assert (cases.counts(), cases.last_time()) == ((2, 2, 2, 2), 21)


def test_of_what_is_said_twice_the_first_counts(cases: Cases) -> None:
    cases.add([features("a", 1, x=1), features("a", 2, x=2, y=3)])
    cases.add([prediction("a", 3, "yes"), prediction("a", 4, "no", "8")])
    assert cases.label([label("a", 5, 1), label("a", 6, 2)], None) == 1
    assert cases.label([label("a", 7, 3)], None) == 0
    assert everything(cases) == [Case("a", 3, "7", {"x": 1, "y": 3}, {"prediction": "yes"}, 1)]


def test_one_event_may_hold_all_of_it_and_needs_no_id(cases: Cases) -> None:
    whole = Row("m", "7", None, 5, int(F | P | L), {"x": 1}, {"prediction": 1, "label": 0})
    cases.add([whole, whole, label("a", 1, True)])
    assert everything(cases) == [Case(None, 5, "7", {"x": 1}, {"prediction": 1}, 0)] * 2
    assert cases.counts() == (2, 2, 2, 2)


def test_a_label_that_came_too_late_or_says_nothing_is_left_out(cases: Cases) -> None:
    cases.add([prediction("a", 1_000, 1), prediction("b", 1_000, 1)])
    assert cases.label([label("a", 1_500, 1), label("b", 1_501, 1), label("b", 1_400, None)], 500) == 1
    assert [case.label for case in everything(cases)] == [1, None]


def test_cases_come_by_time_in_chunks_and_up_to_a_limit(
    cases: Cases, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cases_of, "CHUNK", 3)
    cases.add([features(str(at), 100 - at // 2, x=at) for at in range(8)])
    assert [len(chunk) for chunk in cases.chunks()] == [3, 3, 2]
    assert [case.id for case in everything(cases)] == ["6", "7", "4", "5", "2", "3", "0", "1"]
    assert [case.id for case in everything(cases, 4)] == ["6", "7", "4", "5"]


def test_nothing_is_left_behind(tmp_path: Path) -> None:
    with Cases(tmp_path) as cases:
        assert cases.last_time() is None
        assert list(tmp_path.iterdir()) != []
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(StreamMonitorError, match="cannot be written to"):
        Cases(tmp_path / "nowhere")


def test_only_wanted_cases_are_kept(cases: Cases, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cases_of, "CHUNK", 3)
    cases.add([features(f"c-{at}", 100 - at, x=at) for at in range(8)])
    asked: list[int] = []

    def odd(chunk: Sequence[Case]) -> list[bool]:
        asked.append(len(chunk))
        return [bool(case.features["x"] % 2) for case in chunk]  # type: ignore[operator]  # the values of this test are numbers

    assert cases.keep(odd) == 4
    assert asked == [3, 3, 2]
    assert [case.id for case in everything(cases)] == ["c-7", "c-5", "c-3", "c-1"]
    assert cases.counts() == (4, 4, 0, 0)
