from dataclasses import replace

import orjson
import pytest

from stream_monitor.core.drift_event import Severity, Status
from stream_monitor.core.status import Phase
from stream_monitor.formats.encoded import EncodedRecord
from stream_monitor.formats.operations import Acknowledgement, Mute, taken_back
from stream_monitor.formats.worker_status import farewell
from stream_monitor.runtime.board.answers import ModelState
from stream_monitor.runtime.board.board import Board
from tests.unit.formats.core_values import NOON, OPENED, RESOLVED, STATUS, UPDATED, series_status
from tests.unit.formats.topic_values import WORKER
from tests.unit.runtime.board.boards import TOPICS, a_board, an_alert, fetched, tell

QUIET = replace(STATUS, open_alerts=(), series=(series_status("feature:amount", Phase.WATCHING),))
KNOWN = Acknowledgement(alert_id=OPENED.alert_id, by="ann", reason="known", at=NOON)
MUTED = Mute(
    mute_id="m1", model="fraud", series="feature:*", by="ben", reason="", at=NOON, until=NOON + 60_000
)


def state(board: Board, now: int = NOON) -> ModelState:
    (model,) = board.overview(now).models
    return model.state


def test_an_empty_board_says_so() -> None:
    overview = Board(TOPICS).overview(NOON)
    assert (overview.models, overview.workers, overview.caught_up, overview.problems) == ((), (), False, ())
    assert Board(TOPICS).model("fraud", NOON) is None
    assert Board(TOPICS).heat("fraud") is None


def test_a_model_is_as_its_status_says() -> None:
    board = a_board(STATUS)
    (model,) = board.overview(NOON).models
    assert (model.model, model.rows, model.time) == (STATUS.model, STATUS.rows, STATUS.time)
    assert model.open_alerts == len(STATUS.open_alerts)
    detail = board.model("fraud", NOON)
    assert detail is not None
    assert {one.series for one in detail.series} == {one.series for one in STATUS.series}
    assert detail.counts == model.series
    assert detail.importance_origin == STATUS.importance_origin
    assert {one.importance for one in detail.series} == {one.importance for one in STATUS.series}


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ((), ModelState.WATCHING),
        ((OPENED,), ModelState.NEEDS_ATTENTION),
        ((OPENED, KNOWN), ModelState.DRIFTING),
        ((OPENED, MUTED), ModelState.DRIFTING),
        ((an_alert(OPENED, "other"), KNOWN), ModelState.NEEDS_ATTENTION),
    ],
)
def test_an_alert_that_nobody_knows_of_needs_attention(
    said: tuple[object, ...], expected: ModelState
) -> None:
    assert state(a_board(QUIET, *said)) is expected  # type: ignore[arg-type]  # the test gives what the types forbid or cannot follow


def test_a_model_warms_up_and_falls_silent() -> None:
    young = replace(QUIET, series=(series_status("feature:amount", Phase.WARMING),))
    board = a_board(young)
    assert state(board) is ModelState.WARMING
    (model,) = board.overview(NOON).models
    assert model.warm_up is not None
    assert (model.warm_up.done, model.warm_up.of) == (60_000, 120_000)
    assert state(board, NOON + 300_000) is ModelState.WARMING
    assert state(board, NOON + 300_001) is ModelState.SILENT


def test_what_needs_attention_comes_first() -> None:
    others = [replace(QUIET, model=name) for name in ("a", "b", "c")]
    critical = an_alert(OPENED, "1", model="c", severity=Severity.CRITICAL)
    board = a_board(*others, an_alert(OPENED, "2", model="b"), critical)
    assert [one.model for one in board.overview(NOON).models] == ["c", "b", "a"]


def test_rows_per_second_come_of_two_statuses() -> None:
    board = a_board(QUIET)
    (model,) = board.overview(NOON).models
    assert model.rows_per_second is None
    tell(board, replace(QUIET, rows=QUIET.rows + 500), written=NOON + 5_000)
    (model,) = board.overview(NOON + 5_000).models
    assert model.rows_per_second == 100.0
    (model,) = board.overview(NOON + 66_000).models
    assert model.rows_per_second == 0.0


def test_an_alert_goes_from_opened_to_resolved_with_all_that_was_said() -> None:
    end = replace(UPDATED, number=2, status=Status.RESOLVED, time=UPDATED.time + 1, summary="over")
    board = a_board(OPENED, UPDATED)
    (alert,) = board.alerts(now=NOON).alerts
    assert (alert.status, alert.severity, alert.opened_at) == (Status.UPDATED, Severity.CRITICAL, OPENED.time)
    assert alert.resolved_at is None
    tell(board, end)
    assert board.alerts(now=NOON).alerts == ()
    (alert,) = board.alerts("resolved", now=NOON).alerts
    assert (alert.resolved_at, alert.summary) == (end.time, "over")
    assert [one.time for one in alert.transitions] == [OPENED.time, UPDATED.time, end.time]


def test_an_older_status_does_not_open_an_alert_again_and_events_may_come_twice() -> None:
    end = replace(OPENED, number=2, status=Status.RESOLVED)
    board = a_board(end, UPDATED, OPENED, OPENED, replace(STATUS, open_alerts=(OPENED,)))
    assert board.alerts(now=NOON).alerts == ()
    (alert,) = board.alerts("all", now=NOON).alerts
    assert [one.status for one in alert.transitions] == [Status.OPENED, Status.UPDATED, Status.RESOLVED]


def test_an_alert_that_only_the_status_still_knows_is_shown() -> None:
    board = a_board(replace(QUIET, open_alerts=(UPDATED,)))
    (alert,) = board.alerts(now=NOON).alerts
    assert (alert.alert_id, alert.opened_at) == (UPDATED.alert_id, UPDATED.time)


def test_an_acknowledgement_and_a_mute_are_taken_back() -> None:
    board = a_board(QUIET, OPENED, KNOWN, MUTED)
    alert = board.alert(OPENED.alert_id, NOON)
    assert alert is not None
    assert alert.acknowledged is not None
    assert alert.muted is not None
    assert (alert.acknowledged.by, alert.muted.mute_id) == ("ann", "m1")
    counts = board.overview(NOON).alerts
    assert (counts.open, counts.acknowledged, counts.muted) == (1, 1, 1)
    board.fold(
        [
            fetched(
                TOPICS.operations,
                taken_back("acknowledge", OPENED.alert_id),
                taken_back("mute", "m1"),
                taken_back("mute", "never was"),
            )
        ]
    )
    alert = board.alert(OPENED.alert_id, NOON)
    assert alert is not None
    assert (alert.acknowledged, alert.muted) == (None, None)


def test_a_mute_ends_by_itself() -> None:
    board = a_board(QUIET, OPENED, MUTED)
    assert [mute.mute_id for mute in board.mutes(NOON).mutes] == ["m1"]
    assert board.mutes(MUTED.until).mutes == ()
    assert state(board, MUTED.until) is ModelState.NEEDS_ATTENTION


def test_alerts_that_opened_together_are_one_incident_in_one_sentence() -> None:
    names = ["amount", "age", "country", "income", "tenure"]
    alerts = [an_alert(OPENED, name, series=f"feature:{name}") for name in names]
    board = a_board(*alerts, an_alert(OPENED, "later", incident_id="another", time=NOON + 1))
    answer = board.alerts(now=NOON)
    assert [one.incident_id for one in answer.incidents] == ["another", OPENED.incident_id]
    assert answer.incidents[0].summary == OPENED.summary
    assert answer.incidents[1].summary == (
        "5 alerts of fraud opened together: feature:age, feature:amount, feature:country and 2 more"
    )
    assert (len(answer.incidents[1].alert_ids), answer.incidents[1].open) == (5, 5)


def test_a_limit_says_how_many_it_left_out_and_a_state_must_be_one() -> None:
    board = a_board(*[an_alert(OPENED, str(at), time=NOON + at) for at in range(5)])
    answer = board.alerts(limit=2, now=NOON)
    assert ([one.alert_id for one in answer.alerts], answer.more) == (["4", "3"], 3)
    with pytest.raises(ValueError, match="open, resolved or all"):
        board.alerts("closed", now=NOON)


def test_the_last_thousand_resolved_alerts_are_kept_and_all_open_ones() -> None:
    board = a_board(*[an_alert(OPENED, f"open-{at}") for at in range(30)])
    tell(board, *[an_alert(RESOLVED, f"r{at}", number=1, time=NOON + at) for at in range(1_010)])
    assert len(board.alerts(now=NOON, limit=9_999).alerts) == 30
    kept = board.alerts("resolved", now=NOON, limit=9_999).alerts
    assert len(kept) == 1_000
    assert {one.alert_id for one in kept} == {f"r{at}" for at in range(10, 1_010)}
    tell(board, an_alert(OPENED, "r3"))  # of a status that is older than what the alerts topic said
    assert board.alert("r3", NOON) is None


def test_workers_are_shown_until_they_leave_or_are_gone_for_a_minute() -> None:
    board = a_board(WORKER, replace(WORKER, worker="monitor-1", wall=NOON - 61_000))
    (worker,) = board.overview(NOON).workers
    assert (worker.worker, worker.lag, worker.partitions) == ("monitor-0", 12, 2)
    pipeline = board.pipeline(NOON + 1_000)
    assert [(one.worker, one.age, one.gone) for one in pipeline.workers] == [
        ("monitor-0", 1.0, False),
        ("monitor-1", 62.0, True),
    ]
    assert {row.worker for row in pipeline.partitions} == {"monitor-0"}
    assert pipeline.rejected == {"not_json": 4}
    board.fold([fetched(TOPICS.status, farewell("monitor-0"))])
    assert board.overview(NOON).workers == ()


def test_what_cannot_be_read_is_counted_and_shown() -> None:
    bad = EncodedRecord(b"model/fraud", b"nonsense", ())
    newer = EncodedRecord(b"model/fraud", b'{"format": 99}', ())
    board = a_board(QUIET)
    board.fold([fetched(TOPICS.status, bad, bad, newer), fetched(TOPICS.alerts, bad)])
    assert board.problems() == (
        "monitor.alerts: records that could not be read: 1",
        "monitor.status: records of a newer release, for which this one has to be updated: 1",
        "monitor.status: records that could not be read: 2",
    )
    assert board.overview(NOON).models != ()


def test_a_model_that_is_taken_back_goes() -> None:
    board = a_board(QUIET)
    board.fold([fetched(TOPICS.status, EncodedRecord(b"model/fraud", None, ()))])
    assert board.overview(NOON).models == ()


def test_what_has_changed_since_a_version() -> None:
    board = a_board(QUIET)
    first = board.changed_since(0)
    assert (first.models, first.alerts, first.workers, first.operations) == (("fraud",), False, False, False)
    assert board.changed_since(first.version).models == ()
    tell(board, WORKER, KNOWN, OPENED)
    second = board.changed_since(first.version)
    assert (second.models, second.alerts, second.workers, second.operations) == (("fraud",), True, True, True)
    tell(board, OPENED)  # nothing new
    assert not board.changed_since(second.version).alerts


def test_answers_are_json_as_they_are() -> None:
    board = a_board(STATUS, OPENED, WORKER, MUTED)
    for answer in (
        board.overview(NOON),
        board.model("fraud", NOON),
        board.alerts(now=NOON),
        board.mutes(NOON),
        board.pipeline(NOON),
        board.performance("fraud"),
        board.series("fraud", ("feature:amount", None, None), now=NOON),
    ):
        assert orjson.loads(orjson.dumps(answer)) is not None
