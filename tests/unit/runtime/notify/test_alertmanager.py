from dataclasses import replace
from typing import Any

import orjson

from stream_monitor.core.drift_event import Severity
from stream_monitor.runtime.notify.alertmanager import AlertmanagerSink
from stream_monitor.runtime.notify.message import Outcome
from tests.unit.runtime.notify.served import FIRST, MORE, OVER, T0, Poster, Served


def serving(**given: Any) -> Served:
    sink = AlertmanagerSink(url="http://am:9093/", group="prod", dashboard="https://drift.example.org")
    return Served(sink, **given)


def said(served: Served) -> list[list[tuple[str, bool]]]:
    """Severity of the alerts of every message, and whether they have ended."""
    bodies = [orjson.loads(message.body) for message in served.poster.sent]
    return [[(alert["labels"]["severity"], "endsAt" in alert) for alert in body] for body in bodies]


def test_an_alert_fires_is_repeated_and_ends() -> None:
    served = serving()
    served.feed.publish(FIRST)
    served.known.events = [FIRST]
    served.turns(130)
    assert said(served) == [[("warning", False)]] * 3  # at once, and twice within the next 65 s
    served.known.events = []
    served.feed.publish(OVER)
    served.turns(130)
    assert said(served)[3:] == [[("warning", True)]]
    assert {message.url for message in served.poster.sent} == {"http://am:9093/api/v2/alerts"}


def test_labels_tell_it_apart_and_annotations_say_what_it_is() -> None:
    served = serving()
    served.feed.publish(replace(FIRST, labels={"owner": "risk ml", "runbook": "https://r", "a-b": "c"}))
    served.turns(1)
    (alert,) = orjson.loads(served.poster.sent[0].body)
    assert alert["labels"]["owner"] == "risk ml"
    assert alert["labels"]["a_b"] == "c"
    assert alert["labels"]["alertname"] == "StreamMonitorDrift"
    assert alert["labels"]["series"] == FIRST.series
    assert alert["annotations"]["runbook_url"] == "https://r"
    assert alert["annotations"]["summary"] == FIRST.summary
    assert alert["generatorURL"] == "https://drift.example.org/#/alerts/a1"


def test_another_severity_is_another_alert_there_so_the_first_one_ends() -> None:
    served = serving()
    served.feed.publish(FIRST, replace(MORE, severity=Severity.CRITICAL))
    served.turns(1)
    assert said(served)[:2] == [[("warning", False)], [("warning", True), ("critical", False)]]


def test_all_that_is_open_is_said_after_a_start_even_if_its_events_are_gone() -> None:
    served = serving()
    served.known.events = [FIRST, replace(FIRST, alert_id="a2", series="feature:age")]
    served.turns(1)
    assert said(served) == [[("warning", False), ("warning", False)]]


def test_what_was_delivered_a_moment_ago_counts_before_the_status_topic_knows_it() -> None:
    served = serving(repeat_every=1.0)
    served.feed.publish(FIRST)
    served.turns(6)
    assert [("warning", False)] in said(served)[1:]
    served.known.events = [FIRST]
    served.feed.publish(OVER)
    served.turns(1)
    told = len(served.poster.sent)
    served.turns(6)  # the status still calls it open
    assert said(served)[told:] == []


def test_a_mute_ends_what_fires_and_its_end_brings_it_back() -> None:
    served = serving()
    served.feed.publish(FIRST)
    served.known.events = [FIRST]
    served.turns(1)
    served.known.mute(FIRST, until=T0 + 120_000)
    served.turns(130)
    assert said(served)[-1] == [("warning", True)]
    served.turns(130)
    assert said(served)[-1] == [("warning", False)]


def test_who_knows_of_it_is_told_there() -> None:
    served = serving()
    served.known.acknowledge(FIRST)
    served.feed.publish(FIRST)
    served.turns(1)
    assert orjson.loads(served.poster.sent[0].body)[0]["annotations"]["acknowledged_by"] == "ann"


def test_a_repetition_that_fails_is_made_again() -> None:
    served = serving(poster=Poster(answers=[Outcome.UNAVAILABLE, Outcome.UNAVAILABLE, Outcome.DELIVERED]))
    served.known.events = [FIRST]
    served.turns(60)
    assert said(served) == [[("warning", False)]] * 3
