import pytest

from stream_monitor.runtime.reject_limit import RejectLimit, TooManyRejects


def test_without_a_limit_nothing_stops_the_program() -> None:
    limit = RejectLimit(None, 0.0)
    limit.add(10**9, 1.0)


def test_up_to_the_limit_within_the_time_is_accepted() -> None:
    limit = RejectLimit(10, 60.0)
    limit.add(6, 0.0)
    limit.add(4, 30.0)
    limit.add(0, 31.0)
    with pytest.raises(TooManyRejects, match=r"11 events .* 60 s.*\(10\).*dead-letter"):
        limit.add(1, 60.0)


def test_what_is_older_than_the_time_does_not_count() -> None:
    limit = RejectLimit(10, 60.0)
    for at in range(20):
        limit.add(10, at * 60.1)


def test_one_flood_is_enough() -> None:
    with pytest.raises(TooManyRejects):
        RejectLimit(1, 1.0).add(2, 0.0)
