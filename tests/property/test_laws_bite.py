"""The laws catch what they are there for: each seeded bug breaks one of them, with a fixed program. Without it they hold."""

from collections.abc import Callable, Iterator, Mapping, Sequence

import pytest

from tests.property import seeded_bugs as bugs
from tests.property.chunking_law import answer_of, check_order, check_same
from tests.property.crash_law import check, check_same_as_undisturbed, undisturbed
from tests.property.logs import log_of
from tests.property.produced import records
from tests.property.programs import Expire, Fail, Join, Kill, Operation, Produce, Step, Turns, World
from tests.property.rows import Shape, batch_of, rows_of
from tests.property.test_chunking import TIGHT, in_pieces, parameters_of

SEED = 0
EVERYTHING = Produce(10_000)

# Nothing is purged: a bug shall break a law, not stop the program because the log it asks for again is gone.
KEPT = {"state.purge_columns": False}
SELDOM = {**KEPT, "state.checkpoint_every": "1h"}  # so that a restore refolds everything
LATE = {**KEPT, "kafka.commit_every": "2s"}  # so that something is half done when partitions are lost


def again(*operations: Operation) -> list[Operation]:
    return list(operations) * 3


PROGRAMS: Mapping[str, list[Operation]] = {
    "aborts": [EVERYTHING, Turns(3), *again(Fail(0, "produced", "abort"), Turns(4))],
    "crashes": [EVERYTHING, Turns(4), *again(Fail(0, "begin", "crash"), Turns(3), Join(), Turns(3))],
    "killed": [EVERYTHING, Turns(5), *again(Kill(0, noticed=True), Join(), Turns(5))],
    "killed after the news": [EVERYTHING, Turns(11), Kill(0, noticed=True), Join(), Turns(5)],
    "a late abort": [EVERYTHING, Turns(35), Fail(0, "offsets_sent", "abort"), Turns(4)],
    "a zombie commits": [EVERYTHING, Join(), Turns(5), Fail(0, "begin", "zombie"), Turns(5)],
    "partitions are lost": [
        EVERYTHING,
        Join(),
        Turns(4),
        *again(Step(0, 1), Expire(0), Step(1, 6), Turns(3)),
    ],
}

CRASH_BUGS: Sequence[tuple[Callable[[pytest.MonkeyPatch], None], str, Mapping[str, object]]] = [
    (bugs.no_restore_after_abort, "aborts", KEPT),
    (bugs.no_fencing, "a zombie commits", KEPT),
    (bugs.accumulator_lost_on_abort, "aborts", KEPT),
    (bugs.accumulator_not_cleared_after_abort, "aborts", KEPT),
    (bugs.wrong_committed_offset, "killed", KEPT),
    (bugs.inputs_committed_with_the_news, "killed after the news", LATE),
    (bugs.log_offsets_left_behind, "killed after the news", LATE),
    (bugs.commit_on_lost, "partitions are lost", LATE),
    (bugs.snapshot_with_a_wrong_as_of, "killed", KEPT),
    (bugs.held_rows_forgotten_at_restore, "killed", KEPT),
    (bugs.detector_state_not_restored, "killed", KEPT),
    (bugs.open_alerts_not_restored, "killed", KEPT),
    (bugs.events_emitted_during_refold, "a late abort", SELDOM),
    (bugs.history_told_twice, "killed", KEPT),
    (bugs.history_forgotten_at_restore, "killed", SELDOM),
]


@pytest.fixture
def patch() -> Iterator[pytest.MonkeyPatch]:
    with pytest.MonkeyPatch.context() as context:
        yield context


def check_crash_laws(program: Sequence[Operation]) -> None:
    world = World(SEED, KEPT)
    world.play(program)
    check(world.cluster, records(SEED))
    assert check_same_as_undisturbed(world.cluster, SEED), "rows were late: the comparison was not made"


@pytest.mark.parametrize("program", PROGRAMS)
def test_without_a_bug_the_crash_laws_hold(program: str) -> None:
    check_crash_laws(PROGRAMS[program])


def test_lost_partitions_do_no_harm_even_without_fencing(patch: pytest.MonkeyPatch) -> None:
    bugs.no_fencing(patch)  # so that it is the commit on lost that is caught
    world = World(SEED, LATE)
    world.play(PROGRAMS["partitions are lost"])
    check(world.cluster, records(SEED))


@pytest.mark.parametrize(
    ("bug", "program", "overrides"), CRASH_BUGS, ids=[bug.__name__ for bug, *_ in CRASH_BUGS]
)
def test_the_crash_laws_catch(
    bug: Callable[[pytest.MonkeyPatch], None],
    program: str,
    overrides: Mapping[str, object],
    patch: pytest.MonkeyPatch,
) -> None:
    undisturbed(SEED)  # before there is a bug
    bug(patch)
    world = World(SEED, overrides)
    world.play(PROGRAMS[program])
    with pytest.raises(AssertionError):
        check(world.cluster, records(SEED))


def check_chunking() -> None:
    rows = rows_of("m", Shape(seed=SEED, rows=1_200))
    parameters = parameters_of(budget=TIGHT)
    check_same(
        answer_of(parameters, in_pieces(rows, [100, 33, 255])), answer_of(parameters, [batch_of(rows)])
    )


def check_reading_order() -> None:
    rows = rows_of("m", Shape(seed=SEED, rows=300, jitter_ms=500))
    check_order(log_of({"m": rows}, shuffle=SEED, most=40), rows, lateness_ms=500)


CHUNKING_BUGS = [
    (bugs.sums_that_depend_on_the_batch, check_chunking),
    (bugs.decisions_at_the_end_of_a_batch, check_chunking),
    (bugs.everything_released_at_every_tick, check_reading_order),
]


@pytest.mark.parametrize("law", [check_chunking, check_reading_order])
def test_without_a_bug_the_chunking_laws_hold(law: Callable[[], None]) -> None:
    law()


@pytest.mark.parametrize(("bug", "law"), CHUNKING_BUGS, ids=[bug.__name__ for bug, _ in CHUNKING_BUGS])
def test_the_chunking_laws_catch(
    bug: Callable[[pytest.MonkeyPatch], None], law: Callable[[], None], patch: pytest.MonkeyPatch
) -> None:
    bug(patch)
    with pytest.raises(AssertionError):
        law()
