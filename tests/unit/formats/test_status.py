import json
import math
from dataclasses import replace

import orjson
import pytest
from jsonschema import Draft202012Validator, FormatChecker

from stream_monitor.core.errors import CorruptState, NewerState
from stream_monitor.core.status import ModelStatus, Phase
from stream_monitor.formats import drift_events
from stream_monitor.formats.schemas import model_status
from stream_monitor.formats.status import MAX_STATUS_BYTES, decode, encode
from tests.golden_files import golden
from tests.unit.formats.core_values import OPENED, STATUS, series_status

GROUP = "stream-monitor-prod"


def value_of(status: ModelStatus) -> bytes:
    value = encode(status, GROUP).value
    assert value is not None
    return value


def test_a_status_comes_back() -> None:
    assert decode(value_of(STATUS)) == STATUS


def test_the_format_changes_only_on_purpose() -> None:
    reviewed = golden("status/model_v1.json", value_of(STATUS))
    assert value_of(STATUS) == reviewed
    assert decode(reviewed) == STATUS


def test_key_and_headers() -> None:
    key, _, headers = encode(replace(STATUS, model="fraud/ü"), GROUP)
    assert key == "model/fraud/ü".encode()
    assert headers == (("content-type", b"application/json"),)


def test_an_open_alert_is_the_event_as_it_was_published() -> None:
    (alert,) = orjson.loads(value_of(STATUS))["open_alerts"]
    assert orjson.dumps(alert) == drift_events.encode(OPENED, GROUP).value


def test_it_keeps_to_its_schema() -> None:
    validator = Draft202012Validator(model_status(), format_checker=FormatChecker())
    odd = replace(
        STATUS,
        budget_credit=math.inf,
        series=(replace(STATUS.series[0], effect=math.nan, gauges={"score": math.inf}),),
    )
    for status in (STATUS, odd):
        assert [error.message for error in validator.iter_errors(json.loads(value_of(status)))] == []
    back = decode(value_of(odd))
    assert math.isnan(back.budget_credit)
    assert math.isnan(back.series[0].effect)
    assert math.isnan(back.series[0].gauges["score"])


def test_a_status_too_large_for_a_record_gives_up_the_least_needed_first() -> None:
    series = tuple([series_status(f"feature:f{at:04}", Phase.WATCHING) for at in range(2_500)])
    series = (*series, series_status("feature:last", Phase.DRIFTING))
    labels = {"owner": "x" * 300}
    alerts = tuple([replace(OPENED, alert_id=f"{at}", labels=labels) for at in range(300)])
    wide = replace(STATUS, series=series, open_alerts=alerts)
    value = value_of(wide)
    assert MAX_STATUS_BYTES * 0.9 < len(value) <= MAX_STATUS_BYTES
    omitted, back = orjson.loads(value)["omitted"], decode(value)
    assert [alert.alert_id for alert in back.open_alerts] == [alert.alert_id for alert in alerts]
    assert back.open_alerts[0].current.bins == ()
    assert back.series[-1].series == "feature:last"
    assert [one.series for one in back.series] == sorted(one.series for one in back.series)
    left_out = 2_501 - len(back.series)
    assert omitted == {
        "histograms": 300,
        "class_figures": 1,
        "series": left_out,
        "performance": 0,
        "open_alerts": 0,
    }
    assert list(back.performance[0].figures) == ["accuracy"]

    flooded = replace(wide, open_alerts=alerts * 10)
    value = value_of(flooded)
    assert len(value) <= MAX_STATUS_BYTES
    back = decode(value)
    left = orjson.loads(value)["omitted"]["open_alerts"]
    assert 0 < left < 3_000
    assert back.open_alerts[-1].alert_id == "299"
    assert len(back.open_alerts) == 3_000 - left


def test_fields_of_later_releases_are_ignored() -> None:
    parsed = orjson.loads(value_of(STATUS))
    parsed["mood"] = "good"
    parsed["series"][0]["mood"] = "good"
    assert decode(orjson.dumps(parsed)) == STATUS


@pytest.mark.parametrize(
    "change",
    [{"format": None}, {"format": 0}, {"rows": "x"}, {"series": 3}, {"series": [3]}, {"open_alerts": [{}]}],
)
def test_what_is_no_status_is_said_to_be_corrupt(change: dict[str, object]) -> None:
    with pytest.raises(CorruptState, match="not a"):
        decode(orjson.dumps(orjson.loads(value_of(STATUS)) | change))


def test_bytes_that_are_no_status_are_said_to_be_corrupt() -> None:
    for value in (b"", b"{", b"[]", b"3", b"{}"):
        with pytest.raises(CorruptState, match="not a status"):
            decode(value)
    with pytest.raises(NewerState, match="format 2"):
        decode(b'{"format":2}')
