"""What the arrays of many series come to is what is written down plainly for one."""

import pytest

from stream_monitor.core.sequential.series import Blocks
from stream_monitor.core.sequential.tests import SequentialTests
from stream_monitor.core.sequential.views import View
from tests.unit.core.sequential.plain import Plain
from tests.unit.core.sequential.streams import BLOCKS, COLUMNS, NAMES, TIMES, WEIGHTS

SEEN: dict[str, set[View]] = {}


@pytest.mark.parametrize(
    ("name", "upward"),
    [*((name, False) for name in NAMES), ("normal", True), ("flags", True), ("spells", True)],
)
def test_evidence_alarms_and_views_are_those_of_the_plain_one(name: str, upward: bool) -> None:
    tests, plain = SequentialTests(), Plain(seed=5, upward=upward)
    tests.add(name, seed=5, upward=upward)
    for at in range(BLOCKS):
        one = slice(at, at + 1)
        alarm = plain.hear(COLUMNS[name][at], TIMES[name][at].tolist(), float(WEIGHTS[at]))
        found = tests.advance({name: Blocks(COLUMNS[name][one], TIMES[name][one], WEIGHTS[one])}).get(
            name, []
        )
        assert [one.evidence for one in found] == (
            [] if alarm is None else [pytest.approx(alarm, rel=1e-7)]
        ), at
        seen = tests.diagnosis(name)
        assert seen.evidence == pytest.approx(plain.evidence, rel=1e-7, abs=1e-12), at
        assert seen.view == plain.view, at
        assert seen.power == pytest.approx(plain.power, rel=1e-7), at
        SEEN.setdefault(name, set()).add(seen.view)


def test_the_streams_go_all_ways() -> None:
    """Else agreement would say little."""
    if set(SEEN) == set(NAMES):  # a single test of this file was chosen
        assert set().union(*SEEN.values()) == set(View)
