"""The tests of many series: cut anywhere, stored anywhere, in any company, they say the same."""

from collections.abc import Hashable, Mapping, Sequence
from itertools import pairwise
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stream_monitor.core.detector import Plain
from stream_monitor.core.errors import CorruptState
from stream_monitor.core.sequential import engine as engines
from stream_monitor.core.sequential.choices import LEARN
from stream_monitor.core.sequential.series import Blocks
from stream_monitor.core.sequential.tests import Alarm, SequentialTests
from stream_monitor.core.sequential.views import View
from stream_monitor.core.window import BLOCK
from stream_monitor.testing.corruption import corruptions, misshapen
from tests.unit.core.sequential.streams import BLOCKS, CHANGE, COLUMNS, NAMES, TIMES, WEIGHTS

Found = dict[Hashable, list[tuple[int, float, bool]]]


def _blocks(name: str, start: int, stop: int) -> Blocks:
    part = slice(start, stop)
    return Blocks(COLUMNS[name][part], TIMES[name][part], WEIGHTS[part])


def _new(names: Sequence[str]) -> SequentialTests:
    tests = SequentialTests()
    for name in names:
        tests.add(name, seed=len(name))
    return tests


def _advance(tests: SequentialTests, spans: Mapping[str, tuple[int, int]], found: Found) -> None:
    arrived: dict[Hashable, Blocks] = {name: _blocks(name, *span) for name, span in spans.items()}
    for name, alarms in tests.advance(arrived).items():
        assert isinstance(name, str)
        start = spans[name][0]
        found.setdefault(name, []).extend((start + one.at, one.evidence, one.confirms) for one in alarms)


def _packed(tests: SequentialTests, name: str) -> bytes:
    return msgspec.msgpack.encode(tests.dump(name))


def _alone() -> tuple[Found, dict[str, bytes]]:
    found: Found = {}
    states = {}
    for name in NAMES:
        tests = _new([name])
        _advance(tests, {name: (0, BLOCKS)}, found)
        states[name] = _packed(tests, name)
    return found, states


ALONE = _alone()


def test_changes_are_found_confirmed_and_nothing_else() -> None:
    found, _ = ALONE
    for name in ("normal", "flags", "counts", "season", "dependent", "seasonal", "awakes"):
        assert [CHANGE <= at < CHANGE + 10 for at, _, _ in found[name]] == [True, True], name
        assert [confirms for _, _, confirms in found[name]] == [False, True], name
    assert "constant" not in found


def test_what_stands_still_is_not_moved_by_a_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    """Or a pass that went past an alarm would not be taken back."""
    run, moved = engines.Engine.run, 0

    def watched(engine: engines.Engine, new: engines.Pass) -> engines.Tested:
        nonlocal moved
        stores: list[Any] = [engine.views, engine.calendar, *engine.banks.values()]
        before = [{name: getattr(store, name).copy() for name in store.STILL} for store in stores]
        tested = run(engine, new)
        for store, still in zip(stores, before, strict=True):
            for name, array in still.items():
                assert getattr(store, name).tobytes() == array.tobytes(), name
        moved += len(new.numbers)
        return tested

    monkeypatch.setattr(engines.Engine, "run", watched)
    _advance(_new(NAMES), dict.fromkeys(NAMES, (0, BLOCKS)), {})
    assert moved > BLOCKS


cuts = st.lists(st.integers(0, BLOCKS), max_size=5)


@given(st.permutations(NAMES), st.fixed_dictionaries(dict.fromkeys(NAMES, cuts)), st.sets(st.integers(0, 5)))
@settings(max_examples=20, deadline=None)
def test_any_cut_and_any_company_gives_the_same_alarms_and_states(
    names: Sequence[str], cut_at: Mapping[str, Sequence[int]], moves: set[int]
) -> None:
    """Series come in parts of their own, and are dumped and loaded in between into another row than they had."""
    tests, found = _new(names), Found()
    parts = {name: sorted([0, *cut_at[name], BLOCKS]) for name in names}
    for step in range(max(map(len, parts.values()))):
        spans = {name: (ends[step], ends[step + 1]) for name, ends in parts.items() if step + 1 < len(ends)}
        _advance(tests, {name: span for name, span in spans.items() if span[0] < span[1]}, found)
        if step in moves:
            tests = _moved(tests, names)
    assert found == ALONE[0]
    assert {name: _packed(tests, name) for name in names} == ALONE[1]


def test_block_by_block_and_stored_after_each_is_the_same() -> None:
    tests, found = _new(NAMES), Found()
    for at in range(BLOCKS):
        _advance(tests, dict.fromkeys(NAMES, (at, at + 1)), found)
        if at % 3 == 0 or CHANGE <= at < CHANGE + 20:
            tests = _moved(tests, NAMES)
    assert found == ALONE[0]
    assert {name: _packed(tests, name) for name in NAMES} == ALONE[1]


def _moved(tests: SequentialTests, names: Sequence[str]) -> SequentialTests:
    states: dict[str, Plain] = {name: msgspec.msgpack.decode(_packed(tests, name)) for name in names}
    moved = _new(names[::-1])
    moved.load(list(states.items()))
    for name in names:
        assert _packed(moved, name) == msgspec.msgpack.encode(states[name])
    return moved


@given(st.lists(st.tuples(st.sampled_from(NAMES), st.integers(1, 90), st.booleans()), max_size=25))
@settings(max_examples=20, deadline=None)
def test_series_that_come_and_go_do_not_disturb_the_others(
    program: Sequence[tuple[str, int, bool]],
) -> None:
    """The first one is always there, and goes on a little with every step of another."""
    tests, found, at = _new(["season"]), Found(), 0
    taken: dict[str, int] = {}
    for name, many, ends in program:
        spans = {"season": (at, min(at + 11, BLOCKS))}
        at = spans["season"][1]
        if name != "season":
            if name not in taken:
                tests.add(name, seed=len(name))
                taken[name] = 0
            spans[name] = (taken[name], min(taken[name] + many, BLOCKS))
            taken[name] = spans[name][1]
        _advance(tests, {one: span for one, span in spans.items() if span[0] < span[1]}, found)
        if name in taken and ends:
            tests.remove(name)
            del taken[name]
    _advance(tests, {"season": (at, BLOCKS)} if at < BLOCKS else {}, found)
    assert found.get("season") == ALONE[0]["season"]
    assert _packed(tests, "season") == ALONE[1]["season"]


@given(st.lists(st.integers(0, 150), max_size=4))
@settings(max_examples=20, deadline=None)
def test_one_number_for_all_values_is_as_that_many_of_it(cuts: Sequence[int]) -> None:
    """Of what was always constant, of what no longer is, and of what is still learned."""
    told, ends = {}, sorted([0, *cuts, 150])
    for short in (True, False):
        tests, found = _new(NAMES), Found()
        for start, stop in pairwise(ends):
            arrived: dict[Hashable, Blocks] = {}
            for at, name in enumerate(NAMES):
                blocks = _blocks(name, start, stop)
                if name == "constant" or stop <= 9 * at or start >= 100:
                    level = 4.2 if name == "constant" or at % 2 else 0.0
                    blocks = blocks._replace(
                        numbers=level if short else np.full((stop - start, BLOCK), level)
                    )
                arrived[name] = blocks
            for key, alarms in tests.advance(arrived).items():
                found.setdefault(key, []).extend(
                    (start + one.at, one.evidence, one.confirms) for one in alarms
                )
        told[short] = found, {name: _packed(tests, name) for name in NAMES}
    assert told[True] == told[False]


def test_a_one_sided_test_finds_a_rise_sooner_and_a_fall_never() -> None:
    random = np.random.default_rng(3)
    late = np.arange(300 * BLOCK) >= 200 * BLOCK
    found: dict[Hashable, list[Alarm]] = {}
    for name, share in {"rise": 0.2, "fall": 0.02}.items():
        errors = (random.random(len(late)) < np.where(late, share, 0.1)).astype(np.float64).reshape(-1, BLOCK)
        tests = SequentialTests()
        for upward in (False, True):
            tests.add((name, upward), seed=1, upward=upward)
        blocks = Blocks(errors, np.zeros(errors.shape, np.int64), np.full(len(errors), BLOCK / 1e5))
        found |= tests.advance(dict.fromkeys(tests.series, blocks))
    assert set(found) == {("rise", False), ("rise", True), ("fall", False)}
    assert 200 <= found["rise", True][0].at <= found["rise", False][0].at


def test_nothing_is_found_while_it_learns() -> None:
    tests, found = _new(["normal"]), Found()
    learned = []
    for at in range(LEARN + 1):
        _advance(tests, {"normal": (at, at + 1)}, found)
        diagnosis = tests.diagnosis("normal")
        learned.append((tests.series["normal"].slots is not None, diagnosis.learning, diagnosis.evidence > 0))
    assert learned[-3:] == [(False, True, False), (True, True, False), (True, False, True)]


def test_blocks_worth_nothing_are_only_learned_from() -> None:
    tests, found = _new(["normal"]), Found()
    blocks = _blocks("normal", 0, 190)
    tests.advance({"normal": blocks._replace(weights=np.zeros(190))})
    assert tests.diagnosis("normal").evidence == 0.0
    assert tests.advance({"normal": _blocks("normal", 190, BLOCKS)._replace(weights=np.zeros(70))}) == found


def test_patience_delays_the_evidence() -> None:
    tests, found = _new(["normal"]), Found()
    tests.series["normal"].warm_up = LEARN + 10
    _advance(tests, {"normal": (0, LEARN + 10)}, found)
    assert tests.diagnosis("normal").evidence == 0.0
    _advance(tests, {"normal": (LEARN + 10, LEARN + 11)}, found)
    assert tests.diagnosis("normal").evidence > 0


def test_after_a_confirmed_change_everything_is_learned_anew() -> None:
    tests, found = _new(["normal"]), Found()
    _advance(tests, {"normal": (0, BLOCKS)}, found)
    (first, _, _), (second, _, confirms) = found["normal"]
    series = tests.series["normal"]
    assert confirms
    assert series.warm_up == 2 * LEARN  # 200 blocks are fewer than twenty warm-ups
    assert series.blocks == BLOCKS - 1 - second
    assert second > first
    assert series.center == pytest.approx(1.5, abs=0.2)


def test_an_alarm_that_is_not_confirmed_leaves_what_was_learned() -> None:
    tests = _new(["normal"])
    tests.advance({"normal": _blocks("normal", 0, 100)})
    bank = tests._engine.bank(tests.series["normal"])
    bank.evidence[:] = 3.0
    alarms = tests.advance({"normal": _blocks("normal", 100, 140)})["normal"]
    assert [(alarm.at, alarm.confirms) for alarm in alarms] == [(0, False)]
    assert tests.series["normal"].blocks == 140
    bank.evidence[:] = 3.0  # longer after the first than a confirmation may come
    assert not tests.advance({"normal": _blocks("normal", 140, 141)})["normal"][0].confirms
    bank.evidence[:] = 3.0
    assert tests.advance({"normal": _blocks("normal", 141, 142)})["normal"][0].confirms
    assert tests.series["normal"].slots is None


def test_a_series_that_moves_by_nature_is_not_a_flood() -> None:
    random = np.random.default_rng(1)
    walk = np.cumsum(random.normal(size=(2_000, BLOCK)).ravel()).reshape(-1, BLOCK)
    tests = _new(["walk"])
    blocks = Blocks(walk, np.zeros(walk.shape, np.int64), np.full(2_000, BLOCK / 1e5))
    alarms = tests.advance({"walk": blocks}).get("walk", [])
    assert len(alarms) <= 6
    diagnosis = tests.diagnosis("walk")
    assert diagnosis.lag_1 > 0.5
    assert not diagnosis.values_white
    assert diagnosis.view == View.RESIDUAL


def test_alarms_do_not_depend_on_the_unit_of_the_values() -> None:
    for scale, offset in ((1e-6, 0.0), (1e6, 0.0), (1e3, 1e9)):
        tests = _new(["normal"])
        blocks = _blocks("normal", 0, BLOCKS)
        alarms = tests.advance({"normal": blocks._replace(numbers=blocks.numbers * scale + offset)})["normal"]
        assert [alarm.at for alarm in alarms] == [at for at, _, _ in ALONE[0]["normal"]]


STOPS = [("normal", 5), ("normal", 60), ("flags", 202), ("season", 90), ("season", 190), ("dependent", 25)]


@pytest.mark.parametrize(("name", "stop"), STOPS)
def test_a_damaged_state_is_refused_or_lives(name: str, stop: int) -> None:
    tests = _new([name])
    tests.advance({name: _blocks(name, 0, stop)})
    state = tests.dump(name)
    for what, damaged in misshapen(state):
        assert _refused(name, damaged), what
    refused = [_refused(name, damaged) for _, damaged in corruptions(state)]
    assert sum(refused) > 5


def _refused(name: str, state: Plain) -> bool:
    """Whether it is refused; if not, it must go on."""
    tests = _new([name])
    try:
        tests.load([(name, state)])
    except CorruptState:
        return True
    alarms = tests.advance({name: _blocks(name, 0, 50)}).get(name, [])
    assert all(np.isfinite(alarm.evidence) for alarm in alarms)
    return False


def _with(state: dict[str, Plain], part: str, **changed: Plain) -> dict[str, Plain]:
    inner = state[part]
    assert isinstance(inner, dict)
    return {**state, part: {**inner, **changed}}


def test_what_cannot_be_is_refused_by_name() -> None:
    tests = _new(["normal"])
    tests.advance({"normal": _blocks("normal", 0, 60)})
    state = tests.dump("normal")
    urn = state["bank"]["urn"]  # type: ignore[index, call-overload]  # plain fields
    wrong: list[tuple[str, dict[str, Plain]]] = [
        ("urn", _with(state, "bank", urn=bytes(len(urn)))),  # type: ignore[arg-type]  # plain fields
        ("slots", _with(state, "series", slots={**state["series"]["slots"], "edges": b""})),  # type: ignore[index, call-overload, dict-item]  # plain fields
        ("warm_up", _with(state, "series", warm_up=1)),
        ("blocks", _with(state, "series", blocks=-1)),
        ("look", _with(state, "series", look=20)),
        ("alarmed", _with(state, "series", alarmed=61)),
        ("sample", _with(state, "series", sample=bytes(8 * BLOCK))),
        ("bank", {name: part for name, part in state.items() if name != "bank"}),
    ]
    for name, damaged in wrong:
        with pytest.raises(CorruptState, match=name):
            _new(["normal"]).load([("normal", damaged)])
