import numpy as np

from stream_monitor.core.derived.confidence import Confidence, confidence_of
from stream_monitor.core.derived.parameters import DerivedParameters
from stream_monitor.core.detector import Kind
from stream_monitor.core.events import Row
from stream_monitor.core.model_monitor import ModelMonitor
from stream_monitor.core.parameters import Caps, ModelParameters
from stream_monitor.core.series import SeriesKey
from stream_monitor.detectors import registry
from tests.unit.core.batches import T0, batch_of, column, row


def predicted(version: str, **probabilities: float | None) -> Row:
    """A prediction of the class `a`, with the probabilities by class."""
    made = row(prediction="a", version=version)
    by_class = {f"probability:{name}": value for name, value in probabilities.items()}
    return made._replace(outputs={**made.outputs, **by_class})


def test_the_probability_of_the_predicted_class_or_the_largest() -> None:
    by_class = {"a": column(0.7, 0.2, 0.2, None), "b": column(0.3, 0.8, None, None)}
    told = confidence_of(by_class, column("b", "b", "c", "a"))
    assert told[:3].tolist() == [0.3, 0.8, 0.2]
    assert np.isnan(told[3])
    assert confidence_of(by_class, None)[:3].tolist() == [0.7, 0.8, 0.2]


def test_classes_that_are_numbers_or_truth_values_are_known_by_their_text() -> None:
    by_class = {"1": column(0.1, 0.2, 0.3), "true": column(0.4, 0.5, 0.6)}
    assert confidence_of(by_class, column(1, True, "1")).tolist() == [0.1, 0.5, 0.3]


def test_each_version_has_its_own_and_a_row_without_probabilities_none() -> None:
    rows = [
        predicted("2", a=0.9),
        row({"x": 1.0}, version="1"),
        predicted("1", a=0.6),
        predicted("1", a=None),
    ]
    two, one = Confidence().observe(batch_of(rows), 10)
    assert (two.key, one.key) == (SeriesKey("confidence", "2"), SeriesKey("confidence", "1"))
    assert (two.rows.tolist(), one.rows.tolist()) == ([10], [12, 13])
    assert one.column.values.tolist() == [0.6, 0.0]
    assert Confidence().observe(batch_of([row(prediction="a", probability=0.5)]), 0) == ()


def test_of_many_classes_the_first_are_watched_and_confidence_is_of_all() -> None:
    parameters = ModelParameters(name="m", caps=Caps(classes=3), derived=DerivedParameters(confidence=True))
    monitor = ModelMonitor(parameters, registry.installed())
    random = np.random.default_rng(0)
    for begin in range(0, 1_200, 300):
        rows = []
        for at in range(300):
            shares = random.dirichlet(np.ones(5))
            given = {f"c{number}": float(share) for number, share in enumerate(shares)}
            version = "1" if begin < 600 else "2"
            rows.append(predicted(version, **given)._replace(time=T0 + begin + at))
        monitor.observe(batch_of(rows, first_offset=begin))
    classes = {key for key in monitor.series if key.name.startswith("probability:")}
    assert classes == {SeriesKey(f"probability:c{at}", version) for at in range(3) for version in "12"}
    assert monitor.dropped == {"probability:c3", "probability:c4"}
    one = monitor.series[SeriesKey("confidence", "1")]
    assert one.warm_up is not None
    assert one.warm_up.learn(None, categories=4).kind is Kind.NUMERIC
