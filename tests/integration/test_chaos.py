"""The promises on a real broker. `make chaos` runs the same with more than twice as many events, and prints the table."""

from dataclasses import replace
from pathlib import Path

import pytest

from stream_monitor.kafka.failpoints import STEPS
from tests.chaos.report import Report
from tests.chaos.run import Size, run
from tests.conftest import ClusterFactory

EVENTS = 90_000  # what the suite has time for; the promise is made for 200,000 and more

pytestmark = [pytest.mark.kafka, pytest.mark.slow]


@pytest.mark.timeout(900)
def test_nothing_is_lost_doubled_or_changed_whatever_dies(
    kafka_cluster: ClusterFactory, tmp_path: Path
) -> None:
    report = run(kafka_cluster(), tmp_path, Size(events=EVENTS))

    print(report.table())
    report.check()
    assert len(report.workload.expected) >= EVENTS * 0.9
    assert report.done.kills.total() >= 20
    assert all(report.done.kills[step] for step in STEPS)
    assert report.done.broker_kills
    assert report.early_rows > len(report.workload.expected) / 4, (
        "most of it was read when all was calm again"
    )
    the_check_sees_what_it_is_for(report)


def the_check_sees_what_it_is_for(report: Report) -> None:
    """One record more or less, one byte other than it should be: each is found."""
    seen, (place, state) = report.disturbed, next(iter(report.disturbed.states.items()))
    spoiled = [
        replace(seen, alerts=[*seen.alerts, seen.alerts[0]]),
        replace(seen, alerts=seen.alerts[1:]),
        replace(seen, dead_letters=[*seen.dead_letters, seen.dead_letters[0]]),
        replace(seen, dead_letters=seen.dead_letters[1:]),
        replace(seen, history=[*seen.history, seen.history[-1]]),
        replace(seen, history=seen.history[1:]),
        replace(seen, states={**seen.states, place: state[:-1] + bytes([state[-1] ^ 1])}),
    ]
    for outcome in spoiled:
        with pytest.raises(AssertionError):
            replace(report, disturbed=outcome).check()
    fewer = {key: value for key, value in report.calm.states.items() if not key[1].startswith("model/")}
    with pytest.raises(AssertionError):
        replace(report, calm=replace(report.calm, states=fewer)).check()
