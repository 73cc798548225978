"""What a scrape sees of a view, and what it must not see."""

import dataclasses
import math

from prometheus_client import CollectorRegistry

from stream_monitor.core.status import Phase
from stream_monitor.telemetry.collector import ViewCollector
from stream_monitor.telemetry.view import View, ViewHolder
from tests.views import (
    BUILD,
    COLUMNS,
    INPUT,
    a_drift_event,
    a_figure,
    a_figure_that_is_none,
    a_full_view,
    a_model,
    a_performance,
    a_series,
    a_view,
    some_labels,
)


class Scrape:
    """One registry over one holder, scraped again and again."""

    def __init__(self, view: View, *, series_limit: int = 300) -> None:
        self.holder = ViewHolder(view)
        self.registry = CollectorRegistry()
        ViewCollector(self.registry, self.holder, BUILD, series_limit=series_limit)

    def samples(self, name: str) -> dict[tuple[str, ...], float]:
        """Values by label values, in alphabetical order of the label names."""
        return {
            tuple(value for _, value in sorted(sample.labels.items())): sample.value
            for family in self.registry.collect()
            for sample in family.samples
            if sample.name == f"stream_monitor_{name}"
        }


def test_lag_is_exported_for_input_and_columns_partitions() -> None:
    assert Scrape(a_view()).samples("consumer_lag") == {
        ("stream-monitor", "0", "fraud.events"): 42,
        ("stream-monitor", "3", "stream-monitor.columns"): 0,
    }


def test_unknown_lag_is_left_out_and_never_minus_one() -> None:
    assert Scrape(a_view(lag={COLUMNS: -1})).samples("consumer_lag") == {}


def test_lag_of_a_partition_that_is_not_owned_is_left_out() -> None:
    view = dataclasses.replace(a_view(lag={INPUT: 1, COLUMNS: 2}), assigned=(COLUMNS,), paused=())
    scrape = Scrape(view)
    assert list(scrape.samples("consumer_lag").values()) == [2]
    assert list(scrape.samples("partition_assigned")) == [("stream-monitor", "3", "stream-monitor.columns")]


def test_losses_are_counted_from_zero_on_and_do_not_go_with_the_partition() -> None:
    scrape = Scrape(a_view())
    lost, kept = ("stream-monitor", "0", "fraud.events"), ("stream-monitor", "3", "stream-monitor.columns")
    assert scrape.samples("data_losses_total") == {lost: 2, kept: 0}
    assert scrape.samples("records_lost_total") == {lost: 10, kept: 0}
    scrape.holder.publish(dataclasses.replace(a_view(), assigned=(), paused=()))
    assert scrape.samples("records_lost_total") == {lost: 10}


def test_what_was_revoked_is_gone_at_the_next_scrape() -> None:
    scrape = Scrape(a_full_view())
    assert scrape.samples("series_status")
    scrape.holder.publish(dataclasses.replace(a_full_view(), assigned=(), paused=(), models=()))
    for gone in (
        "series_status",
        "consumer_lag",
        "partition_assigned",
        "model_open_alerts",
        "series_detector_state",
        "performance",
        "labels_total",
        "label_coverage_ratio",
    ):
        assert not scrape.samples(gone), gone
    assert scrape.samples("worker_ready") == {(): 1}


def test_before_the_first_checkpoint_and_the_first_event_there_is_no_time_of_it() -> None:
    model = dataclasses.replace(a_model(), rows=0, time=0)
    scrape = Scrape(dataclasses.replace(a_view(model), last_checkpoint=None))
    assert scrape.samples("checkpoint_last_success_timestamp_seconds") == {}
    assert scrape.samples("model_last_event_timestamp_seconds") == {}


def test_times_are_seconds() -> None:
    scrape = Scrape(a_full_view())
    assert scrape.samples("model_last_event_timestamp_seconds") == {("fraud",): 1_795_255_200.123}
    assert scrape.samples("checkpoint_last_success_timestamp_seconds") == {(): 1_795_255_300.0}


def test_status_of_series_and_counts_of_a_model() -> None:
    scrape = Scrape(a_full_view())
    assert scrape.samples("series_status") == {
        ("fraud", "", "feature:amount", ""): 3,
        ("fraud", "", "feature:country", ""): 1,
        ("fraud", "", "prediction", "7"): 2,
    }
    assert scrape.samples("model_series") == {
        ("fraud", "drifting"): 1,
        ("fraud", "warming"): 1,
        ("fraud", "watching"): 1,
        ("fraud", "unwatched"): 0,
    }
    assert scrape.samples("model_open_alerts") == {
        ("changed", "fraud", "critical"): 1,
        ("changed", "fraud", "warning"): 0,
        ("differs_from_reference", "fraud", "critical"): 0,
        ("differs_from_reference", "fraud", "warning"): 0,
        ("observed", "fraud", "critical"): 0,
        ("observed", "fraud", "warning"): 0,
    }


def test_a_segment_is_a_series_of_its_own() -> None:
    both = [a_series("prediction"), dataclasses.replace(a_series("prediction"), segment="country=DE")]
    samples = Scrape(a_view(a_model(*both))).samples("series_status")
    assert sorted(labels[:3] for labels in samples) == [
        ("fraud", "", "prediction"),
        ("fraud", "country=DE", "prediction"),
    ]


def test_detectors_show_their_state_and_the_largest_evidence() -> None:
    scrape = Scrape(a_full_view())
    state = scrape.samples("series_detector_state")
    assert state["adwin", "width", "fraud", "", "feature:amount", "", "value"] == 800
    assert scrape.samples("series_evidence_ratio") == {("fraud", "", "feature:amount", ""): 1.1}


def test_a_gauge_of_any_name_is_shown() -> None:
    scrape = Scrape(a_view(a_model(a_series(gauges={"theirs/value/a/b": 1.0, "bare": 2.0}))))
    assert scrape.samples("series_detector_state") == {
        ("theirs", "a/b", "fraud", "", "feature:amount", "", "value"): 1.0,
        ("", "bare", "fraud", "", "feature:amount", "", ""): 2.0,
    }


def test_only_defects_that_occurred_are_shown() -> None:
    cells = Scrape(a_view(a_model(a_series()))).samples("series_cells")
    assert cells == {
        ("null", "fraud", "", "feature:amount", ""): 100,
        ("nan", "fraud", "", "feature:amount", ""): 10,
    }


def test_what_is_not_a_number_is_left_out() -> None:
    scrape = Scrape(a_view(a_model(a_series(effect=math.nan, gauges={"adwin/value/width": math.inf}))))
    assert scrape.samples("series_effect") == {}
    assert scrape.samples("series_detector_state") == {}
    assert scrape.samples("series_status")


def test_the_cap_keeps_what_drifts_and_what_has_most_effect_and_says_what_is_hidden() -> None:
    series = [a_series(f"feature:{i}", effect=float(i)) for i in range(10)]
    series[0] = a_series("feature:0", effect=0.0, phase=Phase.DRIFTING)
    scrape = Scrape(a_view(a_model(*series), a_model(a_series(effect=0.5), model="other")), series_limit=3)
    assert [labels[2] for labels in scrape.samples("series_effect")] == [
        "feature:0",
        "feature:8",
        "feature:9",
    ]
    assert scrape.samples("model_series_hidden") == {("fraud",): 7, ("other",): 1}
    assert scrape.samples("model_series_dropped") == {("fraud",): 1, ("other",): 1}


def test_a_falling_series_counts_like_a_rising_one() -> None:
    scrape = Scrape(
        a_view(a_model(a_series("up", effect=0.5), a_series("down", effect=-2.0))), series_limit=1
    )
    assert list(scrape.samples("series_effect").values()) == [-2.0]


def test_a_series_at_the_edge_of_the_cap_does_not_flicker() -> None:
    def view(a: float, b: float) -> View:
        return a_view(a_model(a_series("a", effect=a), a_series("b", effect=b)))

    scrape = Scrape(view(1.0, 0.9), series_limit=1)
    chosen = []
    for a, b in [(1.0, 0.9), (1.0, 1.1), (0.9, 1.0), (0.5, 1.0)]:
        scrape.holder.publish(view(a, b))
        chosen.append([labels[2] for labels in scrape.samples("series_effect")])
    assert chosen == [["a"], ["a"], ["a"], ["b"]]


def test_a_model_counts_all_its_series_whatever_is_exported() -> None:
    hidden = dataclasses.replace(
        a_series("b", effect=0.0, gauges={"hddm_a/value/evidence": 0.75}), blind=True, waiting=True
    )
    scrape = Scrape(a_view(a_model(a_series("a", effect=1.0), hidden)), series_limit=1)
    assert scrape.samples("series_evidence_ratio") == {}
    assert scrape.samples("model_evidence_ratio") == {("fraud",): 0.75}
    assert scrape.samples("model_series_blind") == scrape.samples("model_series_waiting") == {("fraud",): 1}


def test_a_model_without_detectors_that_have_a_threshold_has_no_evidence() -> None:
    assert Scrape(a_view(a_model(a_series()))).samples("model_evidence_ratio") == {}


def test_the_event_time_is_that_of_inputs_that_are_owned_and_had_events() -> None:
    scrape = Scrape(a_view())
    (labels,) = scrape.samples("consumer_event_timestamp_seconds")
    assert labels == ("stream-monitor", "0", "fraud.events")
    assert scrape.samples("consumer_event_timestamp_seconds")[labels] == 1_795_255_200.123
    scrape.holder.publish(dataclasses.replace(a_view(), assigned=(), paused=()))
    assert scrape.samples("consumer_event_timestamp_seconds") == {}


def test_a_worker_tells_when_its_loop_turned_and_how_much_is_on_its_way_back() -> None:
    scrape = Scrape(a_view(restored=False))
    assert scrape.samples("worker_last_poll_timestamp_seconds") == {(): 1_795_255_301.5}
    assert scrape.samples("partitions_restoring") == {(): 2}
    scrape.holder.publish(dataclasses.replace(a_view(), beat_wall=None))
    assert scrape.samples("worker_last_poll_timestamp_seconds") == {}


def test_readiness_is_a_metric() -> None:
    assert Scrape(a_view(restored=False)).samples("worker_ready") == {(): 0}
    assert Scrape(a_view(a_model(open_alerts=(a_drift_event(),)))).samples("worker_ready") == {(): 1}


def test_one_line_says_what_runs() -> None:
    assert Scrape(a_view()).samples("build_info") == {("0123abcd", "2.16.0", "3.11.7", "1.2.3"): 1}


def test_figures_of_versions_come_with_their_intervals_and_what_was_expected() -> None:
    scrape = Scrape(a_view(a_model(performance=(a_performance(),), labels=some_labels())))
    accuracy, f1 = ("", "accuracy", "fraud", "7"), ("fraud", "f1", "fraud", "7")
    assert scrape.samples("performance") == {accuracy: 0.75, f1: 0.5}
    assert scrape.samples("performance_low") == {accuracy: 0.6875, f1: 0.4375}
    assert scrape.samples("performance_high") == {accuracy: 0.8125, f1: 0.5625}
    assert scrape.samples("performance_expected") == {accuracy: 0.875}
    assert scrape.samples("performance_estimate") == {accuracy: 0.8125}
    assert scrape.samples("performance_estimate_error") == {accuracy: -0.0625}
    assert scrape.samples("performance_estimate_absolute_error") == {accuracy: 0.125}
    assert scrape.samples("performance_estimate_inside_ratio") == {accuracy: 0.875}
    assert scrape.samples("performance_estimate_unreliable") == {accuracy: 0}
    assert scrape.samples("performance_estimate_trials_total") == {
        ("fraud", "scored", "7"): 9,
        ("fraud", "unlabelled", "7"): 2,
    }
    assert scrape.samples("performance_pairs") == {("fraud", "7"): 2048}


def test_a_figure_that_is_not_defined_or_held_back_is_absent() -> None:
    undefined = a_performance(figures={"precision": a_figure_that_is_none("never predicted fraud")})
    held_back = a_performance("8", figures={}, withheld="no label is due yet", pairs=0)
    scrape = Scrape(a_view(a_model(performance=(undefined, held_back), labels=some_labels(coverage=None))))
    assert scrape.samples("performance") == {}
    assert scrape.samples("performance_withheld") == {("fraud", "7"): 0, ("fraud", "8"): 1}
    assert scrape.samples("label_coverage_ratio") == {}


def test_labels_are_counted_by_what_became_of_them_and_delays_told_in_seconds() -> None:
    scrape = Scrape(a_view(a_model(labels=some_labels())))
    assert scrape.samples("labels_total") == {
        ("fraud", "joined"): 3000,
        ("fraud", "expired"): 7,
        ("fraud", "conflicting_label"): 0,
    }
    assert scrape.samples("label_delay_seconds") == {("fraud", "0.5"): 1, ("fraud", "0.99"): 60.5}
    assert scrape.samples("predictions_pending") == {("fraud",): 120}


def test_a_model_without_labels_has_no_metric_of_labels() -> None:
    scrape = Scrape(a_view(a_model()))
    assert scrape.samples("labels_total") == scrape.samples("performance_hidden") == {}


def test_figures_of_classes_and_versions_are_capped_and_how_many_are_hidden_is_told() -> None:
    many = {f"f1:{at:02}": a_figure(0.5) for at in range(60)} | {"accuracy": a_figure(0.75)}
    versions = tuple(a_performance(f"{at:02}", figures=many, pairs=at) for at in range(25))
    scrape = Scrape(a_view(a_model(performance=versions)))
    shown = scrape.samples("performance")
    assert len(shown) == 20 * 40
    assert {labels[-1] for labels in shown} == {f"{at:02}" for at in range(5, 25)}
    assert ("", "accuracy", "fraud", "24") in shown
    assert scrape.samples("performance_hidden") == {("fraud",): 25 * 61 - 20 * 40}
