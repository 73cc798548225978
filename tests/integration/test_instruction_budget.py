"""The core keeps its budget of instructions: counted, so that neither a slow machine nor a busy one matters."""

from pathlib import Path

import pytest

from bench import callgrind
from bench.budget import RENEW, Budget, excesses, explained, stored
from bench.callgrind import YARDSTICK, Counts, Instructions
from bench.core_path import STEPS

DUMP = """\
desc: Trigger: Client Request: decode
ob=(1) /opt/python/lib/libpython3.11.so.1.0
fn=(1) evaluate
10 7
cob=(2) /opt/site-packages/orjson/orjson.cpython-311-x86_64-linux-gnu.so
cfn=(2) loads
calls=3 20
+1 900
* 5
ob=(2)
fn=(2)
20 30
ob=(1)
fn=(3) collect
-4 8
"""


@pytest.mark.slow
@pytest.mark.timeout(1_200)
def test_no_step_of_the_core_needs_more_instructions_than_its_budget(tmp_path: Path) -> None:
    found = callgrind.counts(tmp_path)
    over = excesses(found.steps, stored())
    assert not over, explained(over, found)


def test_the_budget_is_of_every_step() -> None:
    assert set(stored().steps) == {*STEPS, YARDSTICK}


def test_more_than_the_room_is_an_excess_of_the_step_that_has_it() -> None:
    planned = stored()
    budget = planned.steps
    assert excesses(budget, planned, planned.python) == []
    slower = Instructions(
        libraries=budget["observe"].libraries * 1.1, interpreter=budget["observe"].interpreter
    )
    (over,) = excesses({**budget, "observe": slower}, planned, planned.python)
    assert (over.step, over.what) == ("observe", "libraries")
    assert over.needed > over.allowed
    assert excesses({**budget, "observe": slower}, planned, "2.7") == []  # other programs, other counts


def test_another_build_of_python_is_allowed_what_plain_python_takes_there() -> None:
    planned = stored()
    budget = planned.steps
    other = {
        step: Instructions(libraries=one.libraries, interpreter=one.interpreter * 1.5)
        for step, one in budget.items()
    }
    assert excesses(other, planned) == []
    assert excesses(other | {YARDSTICK: budget[YARDSTICK]}, planned)


def test_a_budget_of_other_steps_says_how_it_is_renewed() -> None:
    with pytest.raises(ValueError, match=RENEW):
        excesses({}, stored())


def test_an_excess_is_told_with_the_functions_that_need_most(tmp_path: Path) -> None:
    dump = tmp_path / "callgrind.1"
    dump.write_text("version: 1\nevents: Ir\npositions: line\n" + DUMP + "totals: 50\n")
    found = Counts(steps={"decode": Instructions(libraries=30, interpreter=20)}, dumps={"decode": [dump]})
    budget = {
        "decode": Instructions(libraries=1, interpreter=1),
        YARDSTICK: Instructions(libraries=0, interpreter=1),
    }
    over = excesses(
        {**budget, "decode": Instructions(libraries=3_000, interpreter=1)},
        Budget(python="3.11", steps=budget),
        "3.11",
    )
    told = explained(over, found)
    assert "decode needs 3,000 instructions an event in libraries, 51 are allowed" in told
    assert "loads" in told
    assert RENEW in told


def test_what_a_function_calls_counts_where_it_runs(tmp_path: Path) -> None:
    dump = tmp_path / "callgrind.1"
    dump.write_text(DUMP)
    counted = callgrind._instructions([dump])
    assert counted.interpreter * callgrind.MEASURED == pytest.approx(7 + 5 + 8)
    assert counted.libraries * callgrind.MEASURED == pytest.approx(30)
