from itertools import pairwise

import orjson

from stream_monitor.core.drift_event import Severity
from stream_monitor.runtime.notify.message import Outcome
from stream_monitor.runtime.notify.webhook import WebhookSink
from tests.unit.runtime.notify.served import FIRST, MORE, OVER, T0, Clock, Poster, Served

HOOK = WebhookSink(url="http://there/hook", secret=b"k" * 32)


def ids(served: Served) -> list[str]:
    return [message.headers["webhook-id"] for message in served.poster.sent]


def test_every_event_is_sent_once_in_order_and_then_committed() -> None:
    served = Served(HOOK)
    served.feed.publish(FIRST, MORE, OVER)
    served.turns(3)
    assert ids(served) == ["1", "2", "3"]
    assert served.feed.committed == 3
    assert served.count(Outcome.DELIVERED) == 3
    assert [message.body for message in served.poster.sent] == [one.value for one in served.feed.records]


def test_one_that_does_not_answer_is_tried_ever_more_seldom_and_nothing_is_lost() -> None:
    served = Served(HOOK, poster=Poster(answers=[*[Outcome.UNAVAILABLE] * 4, Outcome.DELIVERED]))
    served.feed.publish(FIRST, MORE)
    tried = []
    for _ in range(60):
        before = len(served.poster.sent)
        served.turns(1)
        tried += [served.clock.seconds] * (len(served.poster.sent) - before)
    assert ids(served) == ["1"] * 5 + ["2"]
    pauses = [after - before for before, after in pairwise(tried[:5])]
    assert pauses == [1.0, 2.0, 4.0, 8.0]
    assert (served.feed.committed, served.grave.written) == (2, [])


def test_nothing_is_fetched_while_one_waits_but_membership_goes_on() -> None:
    served = Served(HOOK, poster=Poster(answers=[Outcome.UNAVAILABLE]))
    served.feed.publish(FIRST)
    served.turns(2)
    served.feed.publish(MORE)
    served.turns(3)
    assert (served.feed.held, served.feed.at, served.feed.committed) == (True, 1, 0)


def test_what_is_refused_goes_to_the_dead_letters_and_the_next_is_sent() -> None:
    served = Served(HOOK, poster=Poster(answers=[Outcome.REFUSED, Outcome.DELIVERED]))
    served.feed.publish(FIRST, MORE)
    served.turns(2)
    assert [(sink, record.offset, why) for sink, record, why in served.grave.written] == [
        ("hook", 0, "as told")
    ]
    assert (ids(served), served.feed.committed) == (["1", "2"], 2)
    assert (served.count(Outcome.REFUSED), served.count(Outcome.DELIVERED)) == (1, 1)


def test_what_was_tried_for_too_long_goes_there_too() -> None:
    served = Served(HOOK, retry_for=30.0, poster=Poster(answers=[Outcome.UNAVAILABLE]))
    served.feed.publish(FIRST)
    served.turns(100)
    assert len(served.grave.written) == 1
    assert (served.feed.committed, served.count(Outcome.EXPIRED)) == (1, 1)


def test_a_record_that_is_no_event_is_buried_and_holds_up_nothing() -> None:
    served = Served(HOOK)
    served.feed.publish(FIRST, MORE)
    served.feed.records[0] = served.feed.records[0]._replace(value=b"{}")
    served.turns(2)
    assert (ids(served), served.feed.committed, len(served.grave.written)) == (["2"], 2, 1)


def test_nothing_is_sent_before_it_is_known_who_is_muted() -> None:
    served = Served(HOOK)
    served.known.caught_up = False
    served.feed.publish(FIRST)
    served.turns(3)
    assert served.poster.sent == []
    served.known.mute(FIRST, until=T0 + 60_000)
    served.known.caught_up = True
    served.turns(2)
    assert (served.poster.sent, served.feed.committed, served.count(Outcome.MUTED)) == ([], 1, 1)


def test_a_mute_ends() -> None:
    served = Served(HOOK, clock=Clock(seconds=61.0))
    served.known.mute(FIRST, until=T0 + 60_000)
    served.feed.publish(FIRST)
    served.turns(1)
    assert ids(served) == ["1"]


def test_of_an_acknowledged_alert_no_update_is_sent_but_its_end_is() -> None:
    served = Served(HOOK)
    served.known.acknowledge(FIRST)
    served.feed.publish(FIRST, MORE, OVER)
    served.turns(2)
    assert ids(served) == ["1", "3"]
    assert (served.count(Outcome.LEFT_OUT), served.feed.committed) == (1, 3)


def test_only_what_is_critical_where_that_is_wanted() -> None:
    assert FIRST.severity is Severity.WARNING
    served = Served(WebhookSink(url="http://there", secret=None, least=Severity.CRITICAL))
    served.feed.publish(FIRST, OVER)
    served.turns(1)
    assert ids(served) == ["3"]  # it may have been critical meanwhile
    assert "webhook-signature" not in served.poster.sent[0].headers


def test_what_another_member_owns_now_is_left_to_it() -> None:
    served = Served(HOOK, poster=Poster(answers=[Outcome.UNAVAILABLE]))
    served.feed.publish(FIRST)
    served.turns(2)
    served.feed.owned = ()
    tried = len(served.poster.sent)
    served.turns(20)
    assert (len(served.poster.sent), served.feed.committed) == (tried, 0)


def test_what_is_sent_is_the_cloud_event_as_it_was_published() -> None:
    served = Served(HOOK)
    served.feed.publish(FIRST)
    served.turns(1)
    (sent,) = served.poster.sent
    assert sent.headers["content-type"].startswith("application/cloudevents+json")
    assert orjson.loads(sent.body)["data"]["alert_id"] == "a1"
