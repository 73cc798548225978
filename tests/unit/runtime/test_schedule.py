from stream_monitor.runtime.schedule import IDLE_TICK_SECONDS, Schedule


def schedule(*, commit_every: float = 1.0, lateness: float = 2.0) -> Schedule:
    return Schedule(
        commit_every=commit_every,
        lateness=lateness,
        commit_rows=500,
    )


def test_a_commit_is_due_by_time_or_by_rows() -> None:
    due = schedule()
    assert due.commit_due(100.0, rows=0)
    assert not due.commit_due(100.9, rows=499)
    assert due.commit_due(100.9, rows=500)
    assert not due.commit_due(101.8, rows=0)  # counted from the last one, whatever made it due
    assert due.commit_due(101.9, rows=0)


def test_ticks_go_with_rows_and_on_until_the_last_rows_are_released_then_seldom() -> None:
    due = schedule()
    assert due.tick_due(100.0, rows=1, inputs=True)
    told = [at for at in range(101, 160) if due.tick_due(float(at), rows=0, inputs=True)]
    assert told[:9] == list(range(101, 110))  # three times lateness and commit interval
    assert told[9:] == [119, 129, 139, 149, 159]
    assert IDLE_TICK_SECONDS == 10


def test_a_worker_without_inputs_has_nothing_to_tell() -> None:
    due = schedule()
    assert not due.tick_due(100.0, rows=0, inputs=False)
    assert due.tick_due(100.0, rows=0, inputs=True)


def test_nobody_waits_for_records_longer_than_until_the_next_commit() -> None:
    due = schedule()
    assert due.commit_due(10.0, rows=0)
    assert due.until_commit(10.25, news=False) == 0.75
    assert due.until_commit(12.0, news=False) == 0.0


def test_drift_events_are_told_ahead_of_the_rest_but_not_at_every_turn() -> None:
    due = schedule()
    assert due.commit_due(10.0, rows=0)
    assert due.until_commit(10.125, news=True) == 0.125
    assert not due.news_due(10.125)
    assert due.news_due(10.25)
    assert not due.news_due(10.375)
    assert due.news_due(10.5)
    assert due.until_commit(10.5, news=False) == 0.5  # what is told does not put the rest off
    assert due.until_commit(10.875, news=True) == 0.0
    assert due.commit_due(11.0, rows=0)
    assert not due.news_due(11.125)
