from collections.abc import Iterable
from dataclasses import replace

from stream_monitor.cli.alert_text import detail_lines, event_line, incident_lines, mute_lines
from stream_monitor.cli.status_text import SERIES_SHOWN, Line, model_lines, overview_lines
from stream_monitor.core.status import Phase
from stream_monitor.formats.operations import Acknowledgement, Mute
from stream_monitor.runtime.board.board import Board
from tests.unit.formats.core_values import NOON, OPENED, STATUS, UPDATED, series_status
from tests.unit.formats.topic_values import WORKER
from tests.unit.runtime.board.boards import TOPICS, a_board, an_alert

KNOWN = Acknowledgement(alert_id=OPENED.alert_id, by="ann", reason="a campaign", at=NOON)
MUTED = Mute(mute_id="m1", model="fraud", series="*", by="ben", reason="", at=NOON, until=NOON + 60_000)


def text(lines: Iterable[Line]) -> str:
    return "\n".join(line for line, _ in lines)


def test_a_board_without_anything_says_what_to_do() -> None:
    said = text(overview_lines(Board(TOPICS).overview(NOON)))
    assert "no model has been seen yet" in said
    assert "start one with `stream-monitor run`" in said


def test_models_are_a_table_and_workers_lines() -> None:
    young = series_status("feature:age", Phase.WARMING)
    board = a_board(replace(STATUS, open_alerts=(), series=(*STATUS.series, young)), OPENED, WORKER)
    board.told(caught_up=True, problem="the broker went away")
    said = text(overview_lines(board.overview(NOON + 2_000)))
    assert "needs attention  1 open" in said
    assert "2 warming up" in said
    assert "(60,000/120,000)" in said
    assert "worker monitor-0: ready, 2 partitions, lag 12, heard of 2 seconds ago" in said
    assert said.endswith("problem: the broker went away")


def test_a_model_shows_its_open_alerts_and_series() -> None:
    many = tuple(series_status(f"feature:f{at}", Phase.WATCHING) for at in range(SERIES_SHOWN + 3))
    board = a_board(replace(STATUS, series=many, open_alerts=()), OPENED, KNOWN)
    detail = board.model("fraud", NOON)
    assert detail is not None
    said = text(model_lines(detail, board.alerts(now=NOON).alerts, NOON))
    assert said.startswith("fraud: drifting")
    assert f"{OPENED.alert_id}  " in said
    assert "[acknowledged by ann]" in said
    assert said.endswith("and 3 more: all of them with --json")


def test_alerts_stand_below_their_incident() -> None:
    two = [an_alert(OPENED, name, series=f"feature:{name}") for name in ("a", "b")]
    board = a_board(*two, an_alert(OPENED, "c", incident_id="alone", summary="by itself"), MUTED)
    said = text([*incident_lines(board.alerts(now=NOON)), *mute_lines(board.mutes(NOON).mutes)])
    assert "2 alerts of fraud opened together: feature:a, feature:b\n  a  " in said
    assert "c  2026-" in said
    assert said.count("[muted until ") == 3
    assert "  m1  fraud  *  until" in said
    assert text(incident_lines(a_board().alerts(now=NOON))) == "no such alert"


def test_everything_about_one_alert() -> None:
    found = a_board(OPENED, UPDATED, KNOWN, MUTED).alert(OPENED.alert_id, NOON)
    assert found is not None
    said = text(detail_lines(found))
    assert said.startswith(OPENED.summary)
    for part in (
        "adwin/value 0.52 over 0.21, effect +0.5",
        "by ann",
        "a campaign",
        "by ben until",
        "no reason given",
        "fraud.events partition 3, offsets 14850 to 15000",
        "risk-ml",
        "opened    warning ",
        "updated   critical",
    ):
        assert part in said


def test_a_drift_event_in_a_line() -> None:
    assert event_line(OPENED).endswith(f"opened    warning   {OPENED.alert_id}  {OPENED.summary}")
