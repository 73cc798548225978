"""What is exported, from topics in memory: whose regime, which offsets, which labels. Kafka's part is in tests/integration."""

import csv
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from stream_monitor.app import export as exporting
from stream_monitor.app.export import Exported, Wanted, export, find
from stream_monitor.config import Settings, load
from stream_monitor.core.drift_event import Positions, Resolution, Status
from stream_monitor.core.errors import StreamMonitorError
from stream_monitor.core.events import Record, Source
from stream_monitor.formats import drift_events, retrain_requests
from stream_monitor.kafka.cluster import Bounds
from stream_monitor.kafka.topic_range import Limit, Span
from tests.unit.formats.core_values import OPENED, REQUEST

T0 = 1_795_255_200_000
ALERTS = "stream-monitor.alerts"
AT = Positions(topic="events", partition=0, first_offset=2, last_offset=5)
ALERT = replace(OPENED, positions=(AT,), change_point=T0)


@dataclass(slots=True)
class Topics:
    """Topics with one partition each, by name; what was deleted of them; and which ranges were read."""

    values: dict[str, list[bytes | None]] = field(default_factory=dict)
    low: dict[str, int] = field(default_factory=dict)
    read: list[tuple[str, Limit, Limit]] = field(default_factory=list)

    def bounds_of(self, _options: object, topic: str) -> Mapping[int, Bounds]:
        return {0: Bounds(self.low.get(topic, 0), len(self.values.get(topic, ())))}

    def range_of(self, _options: object, topic: str, begin: Limit, end: Limit) -> "Range":
        self.read.append((topic, begin, end))
        bounds = self.bounds_of(None, topic)[0]
        first = begin.get(0, bounds.high) if isinstance(begin, Mapping) else bounds.low
        last = end.get(0, bounds.high) if isinstance(end, Mapping) else bounds.high
        return Range(self.values.get(topic, []), [Span(0, first, last)])


@dataclass(slots=True)
class Range:
    """Stands for a TopicRange."""

    values: list[bytes | None]
    spans: list[Span]
    pending: dict[int, int] = field(default_factory=dict)

    def records(self, span: Span) -> Iterator[Record]:
        for offset in range(span.first, span.last):
            yield Record(offset, T0 + offset, None, self.values[offset])

    def close(self) -> None:
        pass


@pytest.fixture
def topics(monkeypatch: pytest.MonkeyPatch) -> Topics:
    made = Topics()
    monkeypatch.setattr(exporting, "bounds_of", made.bounds_of)
    monkeypatch.setattr(exporting, "TopicRange", made.range_of)
    event = {"model": "fraud", "version": "7"}
    made.values["events"] = [
        json.dumps(
            {**event, "id": f"c-{at}", "time": T0 + at, "features": {"x": at}, "prediction": at > 3}
        ).encode()
        for at in range(8)
    ]
    made.values["labels"] = [
        json.dumps({"model": "fraud", "id": f"c-{at}", "time": T0 + 100 + at, "label": at % 2 == 0}).encode()
        for at in range(8)
    ]
    return made


def settings() -> Settings:
    sources = ["events", {"topic": "labels", "role": "label"}]
    by_label = {"label": True, "values": ["true"]}
    models = [
        {"name": "fraud", "sources": sources, "segments": ["kind", {"feature": "x", "edges": [5]}, by_label]}
    ]
    return load(None, {}, {"kafka.bootstrap_servers": "b:1", "models": models})


def exported(tmp_path: Path, **wanted: Any) -> tuple[Exported, list[dict[str, str]]]:
    path = tmp_path / "data.csv"
    found = export(settings(), Wanted(id=wanted.pop("id", ALERT.alert_id), **wanted), path, lambda _: None)
    with path.open(newline="") as stream:
        return found, list(csv.DictReader(stream))


def test_the_latest_event_of_an_alert_counts_with_the_begin_that_was_told_first(topics: Topics) -> None:
    ended = replace(
        ALERT,
        number=1,
        status=Status.RESOLVED,
        resolution=Resolution.RECOVERED,
        positions=(replace(AT, first_offset=4, last_offset=6),),
    )
    other = replace(ALERT, alert_id="other", summary=f"unlike {ALERT.alert_id}")
    topics.values[ALERTS] = [drift_events.encode(one, "g").value for one in (ALERT, other, ended)]
    topics.values[ALERTS] += [None, ALERT.alert_id.encode()]
    found = find(settings(), ALERT.alert_id)
    assert (found.ongoing, found.positions) == (False, (replace(AT, last_offset=6),))
    topics.values[ALERTS] = topics.values[ALERTS][:1]
    assert find(settings(), ALERT.alert_id).ongoing


@pytest.mark.parametrize("resolution", [Resolution.ADOPTED, Resolution.VERSION_RETIRED])
def test_a_regime_that_was_adopted_goes_on(topics: Topics, resolution: Resolution) -> None:
    ended = replace(ALERT, status=Status.RESOLVED, resolution=resolution)
    topics.values[ALERTS] = [drift_events.encode(ended, "g").value]
    assert find(settings(), ALERT.alert_id).ongoing


def test_nothing_of_that_id_or_without_positions_is_said(topics: Topics) -> None:
    topics.values[ALERTS] = [drift_events.encode(replace(ALERT, positions=()), "g").value]
    with pytest.raises(StreamMonitorError, match="holds no alert and no retrain request 'x'"):
        find(settings(), "x")
    with pytest.raises(StreamMonitorError, match="it has no positions"):
        find(settings(), ALERT.alert_id)


def test_a_request_reads_from_its_first_offset_until_now_and_labels_from_the_change_on(
    topics: Topics, tmp_path: Path
) -> None:
    request = replace(REQUEST, version="7", positions=(AT,), change_point=T0)
    topics.values[ALERTS] = [retrain_requests.encode(request, "g").value]
    found, rows = exported(tmp_path, id=REQUEST.id)
    assert [row["id"] for row in rows] == [f"c-{at}" for at in range(2, 8)]
    assert [row["label"] for row in rows] == ["true", "false"] * 3
    assert (found.cases, found.labels, found.written) == (6, 6, 6)
    skew = 300_000
    assert topics.read[1:] == [
        ("events", {0: 2}, None),
        ("events", T0 - skew, None),
        ("labels", T0 - skew, None),
    ]


def test_an_alert_that_ended_is_read_up_to_its_last_offset_and_labels_only_for_so_long(
    topics: Topics, tmp_path: Path
) -> None:
    ended = replace(ALERT, status=Status.RESOLVED, resolution=Resolution.RECOVERED)
    topics.values[ALERTS] = [drift_events.encode(ended, "g").value]
    found, rows = exported(tmp_path, labels_within_ms=99, rows=3)
    assert topics.read[1] == ("events", {0: 2}, {0: 6})
    assert topics.read[2] == ("events", T0 - 300_000, T0 + 5 + 99 + 300_000)
    assert [(row["id"], row["label"]) for row in rows] == [("c-2", ""), ("c-3", ""), ("c-4", "")]
    assert (found.cases, found.labels, found.written) == (4, 0, 3)


def test_rows_of_other_models_versions_and_times_are_left_out(topics: Topics, tmp_path: Path) -> None:
    topics.values[ALERTS] = [drift_events.encode(replace(ALERT, version="8"), "g").value]
    with pytest.raises(StreamMonitorError, match="no event with features or a prediction of fraud"):
        exported(tmp_path)
    topics.values[ALERTS] = [drift_events.encode(ALERT, "g").value]
    topics.values["events"][3] = b'{"model": "fraud", "version": "8", "id": "c-3", "features": {"x": 1}}'
    topics.values["events"][5] = b"broken"
    found, rows = exported(tmp_path, until=T0 + 7)
    assert [row["id"] for row in rows] == ["c-2", "c-3", "c-4", "c-6"]  # the alert is of all versions
    assert found.rejected.total() == 1


def test_offsets_that_are_gone_are_named_and_left_out_only_if_that_is_accepted(
    topics: Topics, tmp_path: Path
) -> None:
    topics.values[ALERTS] = [drift_events.encode(ALERT, "g").value]
    topics.low["events"] = 4
    with pytest.raises(StreamMonitorError, match=r"events partition 0: offsets 2 to 3\. Add --skip"):
        exported(tmp_path)
    assert not list(tmp_path.iterdir())
    found, rows = exported(tmp_path, skip_missing=True)
    assert [row["id"] for row in rows] == [f"c-{at}" for at in range(4, 8)]
    assert found.missing == {Source("events", 0): 2}


@pytest.mark.parametrize(
    ("segment", "cases", "others"),
    [
        ("x<5", [2, 3, 4], 3),
        ("kind=b", [2, 4, 6], 3),
        ("label=(other)", [3, 5, 7], 3),
        ("kind=(other)", [2, 3, 4, 5, 6, 7], None),
    ],
)
def test_the_data_of_a_segment_are_its_cases_alone(
    topics: Topics, tmp_path: Path, segment: str, cases: list[int], others: int | None
) -> None:
    topics.values[ALERTS] = [drift_events.encode(replace(ALERT, segment=segment), "g").value]
    for at, value in enumerate(topics.values["events"]):
        event = json.loads(value or b"")
        event["features"]["kind"] = "ab"[at % 2 == 0]
        topics.values["events"][at] = json.dumps(event).encode()
    found, rows = exported(tmp_path)
    assert [row["id"] for row in rows] == [f"c-{at}" for at in cases]
    assert (found.other_segments, found.cases, found.labels) == (others, len(cases), len(cases))
    _, rows = exported(tmp_path, rows=2)
    assert [row["id"] for row in rows] == [f"c-{at}" for at in cases[:2]]


def test_a_segment_without_cases_is_said(topics: Topics, tmp_path: Path) -> None:
    topics.values[ALERTS] = [drift_events.encode(replace(ALERT, segment="kind=z"), "g").value]
    with pytest.raises(StreamMonitorError, match="none of the 6 cases is one of kind=z"):
        exported(tmp_path)
