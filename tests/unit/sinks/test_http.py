import pytest

from stream_monitor.runtime.notify.message import Message, Outcome
from stream_monitor.sinks.http import HttpPoster
from tests.receiver import receiver


def message(url: str) -> Message:
    return Message(
        url=url + "/hook", body=b"{}", headers={"content-type": "application/json", "webhook-id": "m"}
    )


def test_a_message_arrives_as_it_is() -> None:
    with receiver() as there:
        assert HttpPoster(5.0).post(message(there.url)).outcome is Outcome.DELIVERED
    (got,) = there.got
    assert (got.path, got.body, got.headers["webhook-id"]) == ("/hook", b"{}", "m")
    assert got.headers["content-type"] == "application/json"


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (204, Outcome.DELIVERED),
        (400, Outcome.REFUSED),
        (410, Outcome.REFUSED),
        (307, Outcome.REFUSED),
        (408, Outcome.UNAVAILABLE),
        (429, Outcome.UNAVAILABLE),
        (500, Outcome.UNAVAILABLE),
        (503, Outcome.UNAVAILABLE),
    ],
)
def test_what_the_receiver_answers_says_whether_to_try_again(status: int, outcome: Outcome) -> None:
    with receiver(status) as there:
        posted = HttpPoster(5.0).post(message(there.url))
    assert posted.outcome is outcome
    assert str(status) in posted.detail
    assert len(there.got) == 1  # no redirect is followed


def test_nobody_there_is_an_outcome_too() -> None:
    with receiver() as there:
        url = there.url
    posted = HttpPoster(1.0).post(message(url))
    assert posted.outcome is Outcome.UNAVAILABLE
    assert "refused" in posted.detail.lower()
