"""Each thing that happens becomes the metric it should, and a log line where a state changes."""

import logging

import pytest
import structlog
from prometheus_client import CollectorRegistry

from stream_monitor.core.drift_event import Claim, Severity, Status
from stream_monitor.core.events import Reason, Source
from stream_monitor.telemetry.metric import Abort, Discard, Rebalance, Stage
from stream_monitor.telemetry.recorder import Telemetry
from tests.unit.formats.core_values import REQUEST
from tests.views import a_drift_event

PREFIX = "stream_monitor_"


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


@pytest.fixture
def telemetry(registry: CollectorRegistry, caplog: pytest.LogCaptureFixture) -> Telemetry:
    structlog.reset_defaults()  # whoever has configured logs in this process
    caplog.set_level(logging.INFO)
    return Telemetry(registry)


def value(registry: CollectorRegistry, name: str, **labels: str) -> float | None:
    return registry.get_sample_value(PREFIX + name, labels)


def test_consumed_records_are_counted_by_topic(registry: CollectorRegistry, telemetry: Telemetry) -> None:
    telemetry.records_consumed(Source("a", 0), 3, 30)
    telemetry.records_consumed(Source("a", 1), 2, 20)
    telemetry.rows_decoded(Source("a", 1), 4)
    assert value(registry, "records_consumed_total", topic="a") == 5
    assert value(registry, "consumed_bytes_total", topic="a") == 50
    assert value(registry, "rows_decoded_total", topic="a") == 4


def test_the_delay_of_the_newest_event_of_a_batch_is_told_by_topic(
    registry: CollectorRegistry, telemetry: Telemetry
) -> None:
    telemetry.event_delay(Source("a", 0), 0.75)
    telemetry.event_delay(Source("a", 1), 40.0)
    assert value(registry, "event_delay_seconds_count", topic="a") == 2
    assert value(registry, "event_delay_seconds_bucket", topic="a", le="1.0") == 1
    assert value(registry, "event_delay_seconds_sum", topic="a") == 40.75


def test_known_labels_start_at_zero(registry: CollectorRegistry, telemetry: Telemetry) -> None:
    telemetry.model_seen("fraud")
    assert {value(registry, "records_rejected_total", reason=reason) for reason in Reason} == {0}
    assert {value(registry, "rebalances_total", kind=kind) for kind in Rebalance} == {0}
    assert {value(registry, "checkpoints_aborted_total", reason=reason) for reason in Abort} == {0}
    assert {value(registry, "snapshots_discarded_total", reason=reason) for reason in Discard} == {0}
    assert value(registry, "rows_observed_total", model="fraud") == 0
    assert {
        value(
            registry, "drift_events_total", model="fraud", status="resolved", severity="warning", claim=claim
        )
        for claim in Claim
    } == {0}
    assert value(registry, "stage_seconds_count", stage=Stage.OBSERVE) == 0


def test_a_retrain_request_is_counted_and_logged(
    registry: CollectorRegistry, telemetry: Telemetry, caplog: pytest.LogCaptureFixture
) -> None:
    telemetry.model_seen("fraud")
    assert value(registry, "retrain_requests_total", model="fraud") == 0
    telemetry.retrain_requested(REQUEST)
    assert value(registry, "retrain_requests_total", model="fraud") == 1
    assert REQUEST.id in caplog.text


def test_nothing_is_no_new_label(registry: CollectorRegistry, telemetry: Telemetry) -> None:
    telemetry.late_rows("fraud", 0)
    assert value(registry, "rows_late_total", model="fraud") is None


def test_a_checkpoint_counts_its_time_records_and_bytes(
    registry: CollectorRegistry, telemetry: Telemetry
) -> None:
    telemetry.checkpoint_committed(0.2, 10, 1000)
    telemetry.checkpoint_committed(0.3, 1, 10)
    assert value(registry, "checkpoint_seconds_count") == 2
    assert value(registry, "checkpoint_seconds_sum") == pytest.approx(0.5)
    assert value(registry, "checkpoint_seconds_bucket", le="0.25") == 1
    assert value(registry, "records_produced_total") == 11
    assert value(registry, "produced_bytes_total") == 1010


def test_a_drift_event_is_counted_and_told_with_its_sentence(
    registry: CollectorRegistry, telemetry: Telemetry, caplog: pytest.LogCaptureFixture
) -> None:
    telemetry.drift_event(a_drift_event(status=Status.UPDATED, severity=Severity.WARNING))
    labels = {"model": "fraud", "status": "updated", "severity": "warning", "claim": "changed"}
    assert value(registry, "drift_events_total", **labels) == 1
    assert "drift updated" in caplog.text
    assert "rose by 1.5 standard deviations" in caplog.text


@pytest.mark.parametrize(
    ("tell", "level", "words"),
    [
        (lambda t: t.rebalanced(Rebalance.LOST, [Source("a", 2)]), logging.WARNING, ["partitions lost", "2"]),
        (lambda t: t.rebalanced(Rebalance.REVOKED, [Source("a", 2)]), logging.INFO, ["partitions revoked"]),
        (lambda t: t.checkpoint_aborted(Abort.LOST, "gone"), logging.WARNING, ["checkpoint aborted", "gone"]),
        (lambda t: t.restored(3, 0.5, 99), logging.INFO, ["state restored", "99"]),
        (
            lambda t: t.snapshot_discarded("series/m//s", Discard.PARAMETERS, "delta"),
            logging.WARNING,
            ["warming up again", "series/m//s", "parameters"],
        ),
    ],
)
def test_changes_of_state_are_logged_once(telemetry, caplog, tell, level: int, words: list[str]) -> None:  # type: ignore[no-untyped-def]
    tell(telemetry)
    (record,) = caplog.records
    assert record.levelno == level
    assert all(word in record.getMessage() for word in words)


def test_what_repeats_is_logged_at_powers_of_ten_and_always_counted(
    registry: CollectorRegistry, telemetry: Telemetry, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(1234):
        telemetry.rejected(Reason.NOT_JSON, 1)
        telemetry.records_consumed(Source("a", 0), 1, 1)
    totals = [record.getMessage().rpartition("total=")[2] for record in caplog.records]
    assert [int("".join(c for c in total if c.isdigit())) for total in totals] == [1, 10, 100, 1000]
    assert value(registry, "records_rejected_total", reason="not_json") == 1234


def test_each_reason_and_each_model_is_told_for_itself(
    telemetry: Telemetry, caplog: pytest.LogCaptureFixture
) -> None:
    telemetry.rejected(Reason.NOT_JSON, 5)
    telemetry.rejected(Reason.EMPTY, 5)
    telemetry.late_rows("a", 5)
    telemetry.late_rows("b", 5)
    telemetry.suppressed("a", 5)
    assert len(caplog.records) == 5


def test_two_workers_in_one_process_cannot_share_a_registry_unseen(
    registry: CollectorRegistry, telemetry: Telemetry
) -> None:
    with pytest.raises(ValueError, match="Duplicated timeseries"):
        Telemetry(registry)


def test_registries_are_separate() -> None:
    first, second = CollectorRegistry(), CollectorRegistry()
    Telemetry(first).rejected(Reason.EMPTY, 1)
    Telemetry(second)
    assert value(second, "records_rejected_total", reason="empty") == 0
