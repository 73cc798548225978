"""Bad input among good, through the service and a real broker: a clear reason, counted, and nothing else lost.

One worker reads it all, in three waves; every test looks at what that run has left.
"""

import json
import re
import time
import uuid
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import NamedTuple

import pytest

from stream_monitor.config import load
from stream_monitor.core.events import Reason
from stream_monitor.formats import dead_letter
from tests.chaos.verdict import Folded, Outcome, fold, places, read_outcome
from tests.chaos.workload import Item
from tests.e2e.service import Installation, Service
from tests.kafka_broker import RunningKafka, create_topic

pytestmark = pytest.mark.kafka

NOW = round(time.time() * 1000)
BASE = NOW - 3_600_000  # of the event times: no good event is ahead of its record
FLOOD = 2_000
NO_TIMESTAMP = -1


class Given(NamedTuple):
    """A record; for every event in it the model whose columns hold it, or why it is rejected. timestamp 0: the present."""

    value: bytes | None
    fates: Sequence[str]
    timestamp: int = 0


def event(second: float, **parts: object) -> dict[str, object]:
    """A native event of so many seconds after BASE; a part that is ... is left out."""
    whole = {"model": "m", "id": f"e{second}", "time": BASE + round(1000 * second), "features": {"x": second}}
    return {name: value for name, value in (whole | parts).items() if value is not ...}


def encoded(value: object) -> bytes:
    return json.dumps(value).encode()


def good(second: float) -> Given:
    return Given(encoded(event(second)), ["m"])


def bad(value: bytes | Mapping[str, object] | None, reason: Reason, timestamp: int = 0) -> Given:
    return Given(encoded(value) if isinstance(value, Mapping) else value, [reason], timestamp)


BAD = (
    (bad(None, Reason.NULL_VALUE), "no value"),
    (bad(b"", Reason.EMPTY), "no bytes"),
    (bad(b"[]", Reason.EMPTY), "no event"),
    (
        bad(b'{"model":"m","features":{"x":' + b" " * 600_000, Reason.TOO_LARGE),
        "600029 bytes; at most 524288",
    ),
    (bad(b'{"model":"m","features":{"x":', Reason.NOT_JSON), "line 1, column"),
    (bad(b'{"model":"\xff"}', Reason.NOT_JSON), "not JSON in UTF-8"),
    (bad(b"17", Reason.NOT_AN_EVENT), "an event is an object, not a number"),
    (bad({"model": "m", "when": 1}, Reason.UNKNOWN_ROLE), "other fields: when"),
    (bad(event(0, model=...), Reason.MISSING_MODEL), "model is missing"),
    (bad(event(0, model=7), Reason.MISSING_MODEL), "model is a number, not text"),
    (bad(event(0, model="one too many"), Reason.TOO_MANY_MODELS), "discovery.max_models"),
    (bad(event(0, version=1.5), Reason.INVALID_VERSION), "version is a number"),
    (bad(event(0, id={}), Reason.INVALID_ID), "id is an object"),
    (bad(event(0, time="yesterday"), Reason.INVALID_TIME), "time is"),
    (bad(event(0, features=[1]), Reason.INVALID_FEATURES), "features is an array"),
    (bad(event(0, prediction={}), Reason.INVALID_PREDICTION), "prediction is an object"),
    (bad(event(0, probability="0.9"), Reason.INVALID_PROBABILITIES), "probability is text"),
    (bad(event(0, latency_ms="12 ms"), Reason.INVALID_LATENCY), "latency_ms is text"),
    (bad(event(0, time=NOW + 86_400_000), Reason.CLOCK_SKEW), "after the record's own; at most 300000"),
    (bad(event(0, time=BASE + 300_001), Reason.CLOCK_SKEW, BASE), "time is 300001 ms after the record's own"),
    (bad(event(0, time=...), Reason.INVALID_TIME, NO_TIMESTAMP), "the record has no timestamp"),
)
TWICE = good(101)
PARTLY_BAD = Given(
    encoded([event(102), {"model": "m", "when": 1}, event(103)]), ["m", Reason.UNKNOWN_ROLE, "m"]
)
WITHOUT_TIMESTAMP = Given(encoded(event(104)), ["m"], NO_TIMESTAMP)
FIRST = (
    good(0),  # also: m is the one model that discovery accepts
    *(record for second, (wrong, _) in enumerate(BAD, 1) for record in (wrong, good(second))),
    good(100),
    TWICE,
    TWICE,
    PARTLY_BAD,
    WITHOUT_TIMESTAMP,
    *[bad(b"flood", Reason.NOT_JSON)] * FLOOD,
    good(105),
)
SECOND = tuple(good(second) for second in range(106, 116))
LATE = (good(0.5), good(50.5), good(105.5))
THIRD = (*LATE, good(116))


def rows(*waves: Sequence[Given]) -> int:
    return sum(fate == "m" for wave in waves for given in wave for fate in given.fates)


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What one worker has left. late: the metric after every wave."""

    topic: str
    log: str
    metrics: Mapping[str, float]
    late: Sequence[float]
    outcome: Outcome
    folded: Folded

    def rejected(self) -> Counter[str]:
        """By reason, as the metrics say it."""
        name = re.compile(r'stream_monitor_records_rejected_total\{reason="(\w+)"\}')
        found = {name.fullmatch(sample): int(value) for sample, value in self.metrics.items()}
        return Counter({match[1]: value for match, value in found.items() if match and value})

    def places_of(self, given: Given) -> Counter[str]:
        """Where the events of this record are, however often it was produced."""
        offsets = {at for at, one in enumerate((*FIRST, *SECOND, *THIRD)) if one is given}
        found: Counter[str] = Counter()
        for (item, fate), n in places(self.outcome).items():
            found[fate] += n * (item.offset in offsets)
        return +found


@pytest.fixture(scope="module")
def run(kafka: RunningKafka, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    name = f"bad-input-{uuid.uuid4().hex[:8]}"
    installation = Installation(
        bootstrap=kafka.bootstrap,
        name=name,
        topic=create_topic(kafka.bootstrap, f"{name}-events"),
        directory=tmp_path_factory.mktemp("bad-input"),
    )
    try:
        yield _run(installation)
    finally:
        installation.remove()


def _run(installation: Installation) -> Run:
    produce(installation, FIRST)  # before the start: what it holds is read in one go
    service = installation.start({"discovery.max_models": 1, "ingest.lateness": "200ms"})
    late = [_late_once_observed(service, rows(FIRST))]
    produce(installation, SECOND)
    late.append(_late_once_observed(service, rows(FIRST, SECOND)))
    produce(installation, THIRD)
    late.append(_late_once_observed(service, rows(FIRST, SECOND, THIRD)))
    metrics = service.metrics()
    service.terminate()
    outcome = read_outcome(load(installation.directory / "monitor-0.yaml", {}))
    return Run(
        topic=installation.topic,
        log=service.text,
        metrics=metrics,
        late=late,
        outcome=outcome,
        folded=fold(outcome),
    )


def produce(installation: Installation, wave: Sequence[Given]) -> None:
    """In order; in one go what has the same timestamp."""
    for timestamp, records in groupby(wave, key=lambda given: given.timestamp):
        installation.produce([given.value for given in records], timestamp=timestamp)


def _late_once_observed(service: Service, n: int) -> float:
    service.wait_for(
        lambda: service.metric("stream_monitor_rows_observed_total") >= n, f"{n} rows not observed"
    )
    return service.metric("stream_monitor_rows_late_total")


def test_every_event_is_in_its_place_once(run: Run) -> None:
    records = enumerate((*FIRST, *SECOND, *THIRD))
    expected = {
        (Item(run.topic, 0, at, item), str(fate)): 1
        for at, given in records
        for item, fate in enumerate(given.fates)
    }
    assert places(run.outcome) == Counter(expected)


def test_every_reject_is_counted_by_its_reason(run: Run) -> None:
    expected = Counter(str(fate) for given in FIRST for fate in given.fates if fate != "m")
    assert run.rejected() == expected
    assert set(expected) == set(Reason) - {Reason.UNKNOWN_MODEL}, "that one needs configured models"


def test_every_reject_says_what_is_wrong_with_it(run: Run) -> None:
    said = {
        headers[dead_letter.CONNECT + "offset"]: headers[dead_letter.DETAIL_HEADER].decode()
        for headers in (read.headers for read in run.outcome.dead_letters)
    }
    unclear = {
        given.fates[0]: said[b"%d" % FIRST.index(given)]
        for given, words in BAD
        if words not in said[b"%d" % FIRST.index(given)]
    }
    assert unclear == {}


def test_a_flood_of_rejects_is_said_as_it_grows_and_stops_nobody(run: Run) -> None:
    said = [line for line in run.log.splitlines() if "events rejected" in line and "not_json" in line]
    assert len(said) <= len(str(FLOOD)), "a line for every power of ten at most"
    totals = [int(number) for line in said for number in re.findall(r"total\W+(\d+)", line)]
    assert max(totals) >= FLOOD / 2
    assert run.places_of(FIRST[-1]) == {"m": 1}


def test_a_clock_that_is_ahead_makes_nobody_else_late(run: Run) -> None:
    """What came after it in the same partition, in the same poll and in later ones, is in time."""
    assert run.late[:2] == [0, 0]


def test_late_events_are_observed_and_counted(run: Run) -> None:
    assert run.late[2] == len(LATE)
    assert "rows came late" in run.log
    assert (run.folded.rows, run.folded.late, run.folded.held) == (rows(FIRST, SECOND, THIRD), len(LATE), 0)


def test_an_event_that_was_produced_twice_is_two_events(run: Run) -> None:
    assert run.places_of(TWICE) == {"m": 2}
    assert run.metrics['stream_monitor_rows_observed_total{model="m"}'] == rows(FIRST, SECOND, THIRD)


def test_a_record_without_a_timestamp_counts_by_the_time_in_it(run: Run) -> None:
    assert run.places_of(WITHOUT_TIMESTAMP) == {"m": 1}


def test_the_published_state_is_what_the_log_leads_to(run: Run) -> None:
    assert run.folded.states == run.outcome.states
