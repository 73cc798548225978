"""Where rows and pairs belong, against a plain account of what was said of every id."""

from typing import Any

import numpy as np
import pytest

from stream_monitor.core.columnise import columnise
from stream_monitor.core.errors import CorruptState
from stream_monitor.core.events import Role
from stream_monitor.core.outcomes import Outcomes
from stream_monitor.core.parameters import ModelParameters, OutcomeParameters
from stream_monitor.core.segments.parameters import SegmentParameters, Slicing
from stream_monitor.core.segments.segments import Segments
from stream_monitor.core.series import SeriesKey, SeriesSlice
from tests.property.rows import SOURCES
from tests.property.segmented import naive_places, segmented_rows

PARAMETERS = SegmentParameters(
    slicings=(
        Slicing(feature="country", most=2, features=("amount",)),
        Slicing(feature="amount", edges=(150.0,)),
        Slicing(feature=None),
    )
)
ROWS = segmented_rows(4, 900)


def observed(parameters: SegmentParameters = PARAMETERS) -> tuple[Segments, dict[SeriesKey, SeriesSlice]]:
    segments = Segments(parameters)
    outcomes = Outcomes(segments.kept(OutcomeParameters(expected=True)))
    batch = columnise("m", ROWS, SOURCES[:1])
    placed = segments.place(batch, 0)
    outcomes.observe(placed.batch, 0)
    return segments, {one.key: one for one in segments.observe(placed, 0, outcomes)}


def test_a_prediction_is_in_the_segment_that_an_event_of_its_id_told() -> None:
    segments, found = observed()
    told = naive_places(ROWS, "country")
    values = segments.placings[0].values
    assert len(values) == 2
    for value in [*values, "(other)"]:
        wanted: dict[str | None, list[int]] = {}
        for at, (placed, country) in enumerate(zip(ROWS, told, strict=True)):
            name = country if country in values else "(other)"
            if placed.row.roles & Role.PREDICTION and country is not None and name == value:
                wanted.setdefault(placed.row.version, []).append(at)
        assert wanted
        for version, rows in wanted.items():
            assert found[SeriesKey("prediction", version, f"country={value}")].rows.tolist() == rows
        assert segments.predictions[f"country={value}"] == sum(map(len, wanted.values()))


def test_features_are_watched_in_the_segments_that_ask_for_them() -> None:
    _, found = observed()
    names = {key.name for key in found}
    assert names == {"prediction", "error", "feature:amount"}
    of_amount = {key.segment for key in found if key.name == "feature:amount"}
    assert of_amount == {key.segment for key in found if (key.segment or "").startswith("country=")}


def test_pairs_are_in_the_segment_of_their_prediction_and_of_their_label() -> None:
    segments, found = observed()
    performance = segments.versions["1"]
    assert {"label=yes", "label=no", "amount<150", "amount>=150"} <= performance.windows.keys()
    for by in ("label=", "amount"):
        seen = sum(window.seen for name, window in performance.windows.items() if name.startswith(by))
        total = sum(window.seen for name, window in performance.windows.items() if name.startswith("label="))
        assert (
            0.85 * total <= seen <= total
        )  # a rival names no features, and may predict before they are known
    errors = found[SeriesKey("error", "1", "label=yes")]
    assert len(errors.rows) == performance.windows["label=yes"].seen
    assert (np.diff(errors.rows) > 0).all()


def test_without_slicings_nothing_is_done_and_nothing_waits() -> None:
    segments, found = observed(SegmentParameters())
    assert found == {}
    assert segments.kept(OutcomeParameters()) == OutcomeParameters()


def test_what_was_dumped_is_loaded_again_and_nonsense_is_not() -> None:
    segments, _ = observed()
    plain = segments.dump()
    assert Segments.load(PARAMETERS, plain).dump() == plain
    wrongs: list[dict[str, Any]] = [
        {"placings": []}, {"predictions": {"a": -1}}, {"versions": [["1"]]}, {"digest": 3},
    ]  # fmt: skip
    for wrong in wrongs:
        with pytest.raises(CorruptState):
            Segments.load(PARAMETERS, {**plain, **wrong})


def test_other_slicings_begin_anew() -> None:
    segments, _ = observed()
    other = SegmentParameters(slicings=(Slicing(feature="country", most=3),))
    assert Segments.load(other, segments.dump()).dump() == Segments(other).dump()
    assert Segments(other).column != segments.column


def test_a_series_of_a_segment_has_no_reference_of_all_rows() -> None:
    parameters = ModelParameters(name="m")
    chosen = parameters.of_segment("error")
    assert chosen is not None
    assert (chosen.reference, chosen.upward) == (None, True)
    assert observed()[0].slicing_of(SeriesKey("latency_ms", "1", "country=DE")) is None
    assert observed()[0].slicing_of(SeriesKey("error", "1", "city=Rome")) is None
