from stream_monitor.telemetry import metrics
from stream_monitor.telemetry.segments import of_segments
from tests.views import a_model, with_segments


def test_segments_and_fairness_are_exported_where_there_are_any() -> None:
    samples = {(metric, *labels): value for metric, labels, value in of_segments(with_segments(a_model()))}
    assert samples == {
        (metrics.SEGMENT_PREDICTIONS, "fraud", "country=(other)"): 12,
        (metrics.SEGMENT_PREDICTIONS, "fraud", "country=DE"): 900,
        (metrics.SEGMENT_PERFORMANCE, "fraud", "7", "country=DE", "accuracy"): 0.75,
        (metrics.FAIRNESS_BEYOND, "fraud", "7", "disparate_impact"): 1.0,
        (metrics.FAIRNESS, "fraud", "7", "disparate_impact"): 0.5,
        (metrics.FAIRNESS_LOW, "fraud", "7", "disparate_impact"): 0.375,
        (metrics.FAIRNESS_HIGH, "fraud", "7", "disparate_impact"): 0.625,
        (metrics.FAIRNESS_BEYOND, "fraud", "7", "equal_opportunity_difference"): 0.0,
    }
    assert list(of_segments(a_model())) == []
