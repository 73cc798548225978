"""The tests of many series: cut anywhere, stored anywhere, in any company, they say the same."""

from collections.abc import Hashable, Mapping, Sequence

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stream_monitor.core.detector import FloatArray, Plain
from stream_monitor.core.errors import CorruptState
from stream_monitor.core.sequential.series import LEARN, LONGEST, PATIENT, Blocks
from stream_monitor.core.sequential.tests import SequentialTests
from stream_monitor.core.window import BLOCK
from stream_monitor.testing.corruption import corruptions, misshapen

BUDGET = 20_000.0  # values an alarm
HOUR = 3_600_000

Found = dict[Hashable, list[tuple[int, float]]]


def _column(name: str) -> FloatArray:
    """140 blocks with a change after 90."""
    random = np.random.default_rng(sum(name.encode()))
    n, at = 140 * BLOCK, 90 * BLOCK
    late = np.arange(n) >= at
    match name:
        case "normal":
            return random.normal(size=n) + 1.5 * late
        case "flags":
            return (random.random(n) < np.where(late, 0.5, 0.1)).astype(np.float64)
        case "counts":
            return random.poisson(np.where(late, 8.0, 4.0)).astype(np.float64)
        case "walk":
            return np.cumsum(random.normal(size=n)) * 0.05 + random.normal(size=n)
        case _:
            return np.full(n, 4.2)


NAMES = ("normal", "flags", "counts", "walk", "constant")
COLUMNS = {name: _column(name).reshape(-1, BLOCK) for name in NAMES}
TIMES = (np.arange(140 * BLOCK) * (HOUR // 64)).reshape(-1, BLOCK)
WEIGHTS = np.where(np.arange(140) % 3 == 0, 2.0, 0.5) * BLOCK / BUDGET


def _blocks(name: str, start: int, stop: int) -> Blocks:
    return Blocks(COLUMNS[name][start:stop], TIMES[start:stop], WEIGHTS[start:stop])


def _new(names: Sequence[str]) -> SequentialTests:
    tests = SequentialTests()
    for name in names:
        tests.add(name, seed=len(name))
    return tests


def _advance(tests: SequentialTests, spans: Mapping[str, tuple[int, int]], found: Found) -> None:
    arrived: dict[Hashable, Blocks] = {name: _blocks(name, *span) for name, span in spans.items()}
    for name, alarms in tests.advance(arrived).items():
        assert isinstance(name, str)
        found.setdefault(name, []).extend((spans[name][0] + alarm.at, alarm.evidence) for alarm in alarms)


def _packed(tests: SequentialTests, name: str) -> bytes:
    return msgspec.msgpack.encode(tests.dump(name))


def _alone() -> tuple[Found, dict[str, bytes]]:
    found: Found = {}
    states = {}
    for name in NAMES:
        tests = _new([name])
        _advance(tests, {name: (0, 140)}, found)
        states[name] = _packed(tests, name)
    return found, states


ALONE = _alone()


def test_changes_are_found_and_nothing_else() -> None:
    found, _ = ALONE
    assert set(found) >= {"normal", "flags", "counts"}
    for name in ("normal", "flags", "counts"):
        assert [90 <= at < 110 for at, _ in found[name]] == [True], name
    assert "constant" not in found


cuts = st.lists(st.integers(0, 140), max_size=5)


@given(st.permutations(NAMES), st.fixed_dictionaries(dict.fromkeys(NAMES, cuts)), st.sets(st.integers(0, 5)))
@settings(max_examples=15, deadline=None)
def test_any_cut_and_any_company_gives_the_same_alarms_and_states(
    names: Sequence[str], cut_at: Mapping[str, Sequence[int]], moves: set[int]
) -> None:
    """Series come in parts of their own, and are dumped and loaded in between into another row than they had."""
    tests, found = _new(names), Found()
    parts = {name: sorted([0, *cut_at[name], 140]) for name in names}
    for step in range(max(map(len, parts.values()))):
        spans = {name: (ends[step], ends[step + 1]) for name, ends in parts.items() if step + 1 < len(ends)}
        _advance(tests, {name: span for name, span in spans.items() if span[0] < span[1]}, found)
        if step in moves:
            tests = _moved(tests, names)
    assert found == ALONE[0]
    assert {name: _packed(tests, name) for name in names} == ALONE[1]


def _moved(tests: SequentialTests, names: Sequence[str]) -> SequentialTests:
    states: dict[str, Plain] = {name: msgspec.msgpack.decode(_packed(tests, name)) for name in names}
    moved = _new(names[::-1])
    for name in names:
        moved.load(name, states[name])
        assert _packed(moved, name) == msgspec.msgpack.encode(states[name])
    return moved


def test_nothing_is_found_while_it_learns() -> None:
    tests, found = _new(["normal"]), Found()
    learned = []
    for at in range(LEARN + 1):
        _advance(tests, {"normal": (at, at + 1)}, found)
        diagnosis = tests.diagnosis("normal")
        learned.append((tests.series["normal"].slots is not None, diagnosis.learning, diagnosis.evidence > 0))
    assert learned[-3:] == [(False, True, False), (True, True, False), (True, False, True)]


def test_patience_delays_the_evidence() -> None:
    tests, found = _new(["normal"]), Found()
    tests.series["normal"].warm_up = LEARN + 10
    _advance(tests, {"normal": (0, LEARN + 10)}, found)
    assert tests.diagnosis("normal").evidence == 0.0
    _advance(tests, {"normal": (LEARN + 10, LEARN + 11)}, found)
    assert tests.diagnosis("normal").evidence > 0


@pytest.mark.parametrize(
    ("warm_up", "blocks", "then"),
    [
        (LEARN, PATIENT * LEARN - 1, 2 * LEARN),
        (LEARN, PATIENT * LEARN, LEARN),
        (8 * LEARN, PATIENT * 8 * LEARN, 4 * LEARN),
        (LONGEST, 100, LONGEST),
    ],
)
def test_an_alarm_soon_after_a_start_doubles_the_warm_up(warm_up: int, blocks: int, then: int) -> None:
    series = _new(["normal"]).series["normal"]
    series.warm_up, series.blocks = warm_up, blocks
    series.restart()
    assert (series.warm_up, series.blocks, series.slots) == (then, 0, None)


def test_after_an_alarm_everything_is_learned_anew() -> None:
    tests, found = _new(["normal"]), Found()
    _advance(tests, {"normal": (0, 140)}, found)
    (alarm, _), *_ = found["normal"]
    series = tests.series["normal"]
    assert series.warm_up == 2 * LEARN  # 90 blocks are fewer than twenty warm-ups
    assert series.blocks == 140 - alarm - 1
    assert series.slots is not None
    assert series.slots.edges.mean() == pytest.approx(1.5, abs=0.2)


def test_a_series_that_moves_by_nature_is_given_up_rather_than_flooded_with_alarms() -> None:
    random = np.random.default_rng(1)
    walk = np.cumsum(random.normal(size=(2_000, BLOCK)).ravel()).reshape(-1, BLOCK)
    tests = _new(["walk"])
    blocks = Blocks(walk, np.zeros(walk.shape, np.int64), np.full(2_000, BLOCK / 1e5))
    alarms = tests.advance({"walk": blocks}).get("walk", [])
    assert len(alarms) <= 3
    diagnosis = tests.diagnosis("walk")
    assert diagnosis.lag_1 > 0.5
    assert not diagnosis.values_white


def test_alarms_do_not_depend_on_the_unit_of_the_values() -> None:
    for scale, offset in ((1e-6, 0.0), (1e6, 0.0), (1e3, 1e9)):
        tests = _new(["normal"])
        blocks = _blocks("normal", 0, 140)
        alarms = tests.advance({"normal": blocks._replace(numbers=blocks.numbers * scale + offset)})["normal"]
        assert [alarm.at for alarm in alarms] == [at for at, _ in ALONE[0]["normal"]]


@pytest.mark.parametrize(("name", "stop"), [("normal", 5), ("normal", 60), ("flags", 140)])
def test_a_damaged_state_is_refused_or_lives(name: str, stop: int) -> None:
    tests = _new([name])
    if stop:
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
        tests.load(name, state)
    except CorruptState:
        return True
    alarms = tests.advance({name: _blocks(name, 0, 30)}).get(name, [])
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
        ("bank", _with(state, "bank", urn=bytes(len(urn)))),  # type: ignore[arg-type]
        ("edges", _with(state, "series", edges=b"")),
        ("warm_up", _with(state, "series", warm_up=1)),
        ("blocks", _with(state, "series", blocks=-1)),
        ("sample", _with(state, "series", sample=bytes(8 * BLOCK))),
        ("bank", {name: part for name, part in state.items() if name != "bank"}),
    ]
    for name, damaged in wrong:
        with pytest.raises(CorruptState, match=name):
            _new(["normal"]).load("normal", damaged)


def test_a_removed_series_leaves_its_place_to_another_and_the_rest_alone() -> None:
    tests, found = _new(["normal", "flags"]), Found()
    _advance(tests, {"normal": (0, 60), "flags": (0, 60)}, found)
    kept = _packed(tests, "flags")
    tests.remove("normal")
    assert _packed(tests, "flags") == kept
    tests.add("counts", seed=len("counts"))
    _advance(tests, {"flags": (60, 140), "counts": (0, 140)}, found)
    assert {name: found[name] for name in ("flags", "counts")} == {
        name: ALONE[0][name] for name in ("flags", "counts")
    }
    assert {name: _packed(tests, name) for name in ("flags", "counts")} == {
        name: ALONE[1][name] for name in ("flags", "counts")
    }
