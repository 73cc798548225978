from dataclasses import replace

import pytest

from stream_monitor.core.history import ModelHistory
from stream_monitor.runtime.board.board import Board
from tests.unit.formats.core_values import NOON, STATUS
from tests.unit.formats.topic_values import AMOUNT, HISTORY, MINUTE, REFERENCES, START
from tests.unit.runtime.board.boards import a_board, tell

KEY = ("feature:amount", None, None)


def minute(
    at: int, *, reference: str = AMOUNT.reference, counts: tuple[int, ...] = (0, 16, 16, 0)
) -> ModelHistory:
    """One bucket, `at` minutes after START."""
    start = START + at * MINUTE
    one = replace(
        AMOUNT, reference=reference, at=(0,), values=(sum(counts),), unusable=(0,), counts=(counts,)
    )
    return replace(HISTORY, as_of=start + 1, starts=(start,), rows=(40,), series=(one,), performance=())


def series(board: Board, **between: int) -> list[tuple[int, int, float | None]]:
    found = board.series("fraud", KEY, now=NOON, **between)
    assert found is not None
    return [(one.start, one.values, one.score) for one in found.buckets]


def test_increments_of_equal_starts_are_added_up() -> None:
    board = a_board(STATUS, REFERENCES, HISTORY, HISTORY)
    found = board.series("fraud", KEY, now=NOON)
    assert found is not None
    assert [(one.start, one.values, one.unusable, one.counts) for one in found.buckets] == [
        (START - 2 * MINUTE, 128, 2, (0, 60, 68, 0)),
        (START, 64, 0, (4, 20, 40, 0)),
    ]
    assert [one.evidence for one in found.buckets] == [None, 0.25]
    (model,) = board.overview(NOON).models
    assert model.sparkline[-3:] == (140, 62, 80)
    assert len(model.sparkline) == 60


def test_a_shift_is_seen_in_score_and_quantiles() -> None:
    board = a_board(
        STATUS, REFERENCES, minute(0, counts=(0, 500, 500, 0)), minute(1, counts=(0, 0, 1_000, 0))
    )
    found = board.series("fraud", KEY, now=NOON)
    assert found is not None
    before, after = found.buckets
    assert before.score == 0.0
    assert after.score == pytest.approx(0.56, abs=0.01)
    assert before.quantiles is not None
    assert after.quantiles is not None
    assert (before.quantiles.p50, after.quantiles.p50) == (12.0, 26.0)
    row = next(one for one in board.model("fraud", NOON).series if one.series == "feature:amount")  # type: ignore[union-attr]  # the model is there
    assert row.sparkline[-2:] == (before.score, after.score)
    assert row.current is not None
    assert (row.current.values, row.current.shares) == (2_000, (0.0, 0.25, 0.75, 0.0))
    assert row.reference is not None
    assert row.reference.groups == REFERENCES.series[0].groups


def test_history_may_be_read_before_status_and_reference() -> None:
    late, early = a_board(minute(0), REFERENCES, STATUS), a_board(STATUS, REFERENCES, minute(0))
    assert series(late) == series(early) != []


def test_heat_holds_every_series_by_time() -> None:
    board = a_board(REFERENCES, *[minute(at, counts=(0, 0, 320, 0)) for at in range(4)])
    heat = board.heat("fraud", START, START + 8 * MINUTE, 4)
    assert heat is not None
    assert (heat.starts, heat.width) == (tuple(START + at * 2 * MINUTE for at in range(4)), 2 * MINUTE)
    assert [row.series for row in heat.series] == ["feature:amount", "feature:country"]
    assert [score is None for score in heat.series[0].scores] == [False, False, True, True]
    assert [score is None for score in heat.series[1].scores] == [True] * 4


def test_after_a_new_reference_old_minutes_keep_their_scores_against_the_old_one() -> None:
    adopted = replace(
        REFERENCES, series=(replace(REFERENCES.series[0], id="adopted", shares=(0.0, 0.0, 1.0, 0.0)),)
    )
    shifted = (0, 0, 1_000, 0)
    board = a_board(STATUS, REFERENCES, minute(0, counts=shifted), adopted)
    tell(board, minute(1, reference="adopted", counts=shifted))
    found = board.series("fraud", KEY, now=NOON)
    assert found is not None
    old, new = found.buckets
    assert (new.score, new.counts) == (0.0, shifted)
    assert old.score == pytest.approx(0.56, abs=0.01)
    assert found.reference is not None
    assert found.reference.shares == (0.0, 0.0, 1.0, 0.0)


def test_counts_against_an_unknown_reference_have_no_score() -> None:
    board = a_board(STATUS, REFERENCES, minute(0, reference="before"))
    assert series(board) == [(START, 32, None)]


def test_a_day_is_kept_in_minutes_and_a_week_in_quarters_of_an_hour() -> None:
    days = 9
    board = a_board(STATUS, REFERENCES, *[minute(at) for at in range(0, days * 1440, 15)])
    end = START + days * 1440 * MINUTE
    ledger = board._ledgers["fraud"]
    width = 15 * MINUTE
    starts = ledger.series[KEY].eras[AMOUNT.reference].starts.tolist()
    assert starts[0] == pytest.approx(end - 7 * 1440 * MINUTE, abs=2 * width)
    old = [start for start in starts if start < end - 1440 * MINUTE - width]
    assert {start % width for start in old} == {0}
    assert len(starts) == pytest.approx(7 * 96, abs=10)
    last_day = series(board, start=end - 1440 * MINUTE, end=end)
    assert sum(values for _, values, _ in last_day) == 96 * 32


def test_more_than_fits_shortens_what_is_kept_and_says_so() -> None:
    few = a_board(STATUS, REFERENCES, max_cells=1_000)
    tell(few, *[minute(at) for at in range(500)])
    ledger = few._ledgers["fraud"]
    assert ledger.cells <= 1_000
    assert any("history is kept for" in problem for problem in few.problems())
    last = START + 499 * MINUTE
    assert series(few, start=last - 5 * MINUTE, end=last + MINUTE)[-1] == (last, 32, 0.0)


def test_even_an_hour_may_be_too_much() -> None:
    board = a_board(STATUS, REFERENCES, max_cells=20)
    tell(board, *[minute(at) for at in range(200)])
    assert board._ledgers["fraud"].cells <= 20 * 200


def test_coarse_buckets_of_a_replay_are_kept_for_longer() -> None:
    day = 1440 * MINUTE
    years = [
        replace(minute(0), width=day, as_of=START + at * day, starts=(START // day * day + at * day,))
        for at in range(1_600)
    ]
    board = a_board(STATUS, REFERENCES, *years)
    kept = board._ledgers["fraud"].rows
    assert len(kept) > 1_440
    assert kept.sums.sum() == 1_600 * 40


def test_figures_over_time_with_their_estimates() -> None:
    board = a_board(STATUS, HISTORY)
    answer = board.performance("fraud")
    assert answer is not None
    (version,) = [one for one in answer.versions if one.version == "7"]
    assert version.history["f1"] == ((NOON, 0.8125, 0.79, 0.83, 0.82),)
    assert version.history["auc"] == ((NOON, None, None, None, None),)
    empty = board.performance("fraud", start=NOON + 1)
    assert empty is not None
    assert [one.history for one in empty.versions if one.version == "7"] == [{}]


def test_records_whose_parts_do_not_fit_are_counted() -> None:
    wrong = replace(
        minute(0), series=(replace(AMOUNT, at=(5,), values=(1,), unusable=(0,), counts=((0, 1, 0, 0),)),)
    )
    short = replace(minute(0), series=(replace(AMOUNT, values=(1,)),))
    board = a_board(REFERENCES, minute(0), wrong, short)
    assert board.problems() == ("monitor.history: records that could not be read: 2",)
