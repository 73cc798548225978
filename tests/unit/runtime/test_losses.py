from dataclasses import replace

import pytest

from stream_monitor.core.events import Source
from stream_monitor.runtime.losses import Losses
from stream_monitor.runtime.positions import Facts
from stream_monitor.telemetry.view import Loss

A, B = Source("in", 0), Source("in", 1)
EXPIRED = Facts(committed=20, recorded_id="id", topic_id="id", low=30, high=40)


def losses(*found: tuple[Source, Facts]) -> dict[Source, Loss]:
    counted = Losses()
    for source, facts in found:
        counted.add(source, facts)
    return dict(counted.by_source())


def test_every_partition_counts_for_itself() -> None:
    assert losses((A, EXPIRED), (B, replace(EXPIRED, low=21))) == {A: Loss(1, 10), B: Loss(1, 1)}


def test_a_loss_that_is_met_again_before_the_next_commit_is_counted_once() -> None:
    assert losses((A, EXPIRED), (A, replace(EXPIRED, high=90))) == {A: Loss(1, 10)}


def test_of_a_loss_that_grew_meanwhile_only_the_rest_is_counted() -> None:
    assert losses((A, EXPIRED), (A, replace(EXPIRED, low=33))) == {A: Loss(2, 13)}


def test_a_loss_behind_the_next_commit_is_another_one() -> None:
    assert losses((A, EXPIRED), (A, replace(EXPIRED, committed=35, low=37))) == {A: Loss(2, 12)}


@pytest.mark.parametrize(
    "facts",
    [
        pytest.param(replace(EXPIRED, topic_id="new", low=0), id="recreated"),
        pytest.param(replace(EXPIRED, topic_id="new"), id="recreated-and-cut"),
        pytest.param(replace(EXPIRED, topic_id="new", committed=None), id="recreated-and-offsets-forgotten"),
        pytest.param(replace(EXPIRED, low=0, high=10), id="committed-behind-the-end"),
    ],
)
def test_where_nobody_knows_how_many_records_were_lost_only_the_loss_is_counted(facts: Facts) -> None:
    assert losses((A, facts)) == {A: Loss(1, 0)}


def test_what_was_handed_out_does_not_change() -> None:
    counted = Losses()
    before = counted.by_source()
    counted.add(A, EXPIRED)
    assert before == {}
