import math
import random
import subprocess
import sys
from dataclasses import replace

import msgspec
import numpy as np
import pytest

from stream_monitor.core.detector import Detection, Kind
from stream_monitor.core.errors import CorruptState
from stream_monitor.core.window import BLOCK
from stream_monitor.detectors import registry
from stream_monitor.detectors.algorithm import UnknownLayout
from stream_monitor.detectors.river import ADWIN, FHDDM, HDDM_W, KSWIN, PAGE_HINKLEY, RiverSpec
from tests.unit.detectors.streams import CASES, OURS, RIVERS, SEED, Case

EVERY = [
    ADWIN,
    PAGE_HINKLEY,
    KSWIN,
    *(registry.get(name) for name in ("ddm", "eddm", "fhddm", "hddm_a", "hddm_w")),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_fires_where_the_plain_object_of_river_fires(case: Case) -> None:
    plain, column = case.plain(), case.column()
    expected = []
    for at, value in enumerate(column):
        plain.update(case.given_to_river(float(value)))
        if plain.drift_detected:
            expected.append(at)
    found = registry.get(case.id).build(case.parameters, seed=SEED).update(column)
    assert [detection.at for detection in found] == expected
    assert len(expected) >= 2


@pytest.mark.parametrize("case", [case for case in CASES if case.id == "adwin"], ids=str)
def test_the_bytes_of_adwin_survive_dump_and_load(case: Case) -> None:
    plain, column = case.plain(), case.column()
    detector = ADWIN.build(case.parameters, seed=0)
    rng = random.Random(1)
    cuts = {0, 1, 2, 31, 32, 33, len(column) - 1, *rng.sample(range(len(column)), 60)}
    fired = 0
    for at, value in enumerate(column):
        plain.update(float(value))
        fired += len(detector.update(column[at : at + 1]))
        if at in cuts or plain.drift_detected:
            detector = ADWIN.load(case.parameters, detector.dump(), seed=0)
            assert bytes(detector._it._helper.__getstate__()) == bytes(plain._helper.__getstate__())
    assert fired >= 2


@pytest.mark.parametrize(
    ("name", "parameters", "expected"),
    # The indices that river's documentation prints for these streams.
    [("adwin", RIVERS, 1023), ("page_hinkley", {}, 1006), ("kswin", {"alpha": 0.0001}, 1016)],
)
def test_fires_where_the_documentation_of_river_says_numeric(
    name: str, parameters: dict[str, float], expected: int
) -> None:
    rng = random.Random(12345)
    column = np.array(rng.choices([0, 1], k=1000) + rng.choices(range(4, 8), k=1000), dtype=np.float64)
    found = registry.get(name).build(parameters, seed=42).update(column)
    assert [detection.at for detection in found] == [expected]


@pytest.mark.parametrize(
    ("name", "parameters", "expected"),
    [
        ("ddm", {}, 1334),
        ("eddm", {"alpha": 0.8, "beta": 0.75}, 1278),
        ("hddm_a", {}, 1206),
        ("hddm_w", {}, 1077),
    ],
)
def test_fires_where_the_documentation_of_river_says_binary(
    name: str, parameters: dict[str, float], expected: int
) -> None:
    rng = random.Random(42)
    column = np.array(
        rng.choices([0, 1], k=1000) + rng.choices([0, 1], k=1000, weights=[0.3, 0.7]), dtype=np.float64
    )
    found = registry.get(name).build(parameters, seed=0).update(column)
    assert [detection.at for detection in found] == [expected]


@pytest.mark.parametrize("name", ["ddm", "eddm", "fhddm", "hddm_a", "hddm_w"])
def test_binary_detectors_fire_when_the_bad_event_becomes_frequent_and_not_when_it_becomes_rare(
    name: str,
) -> None:
    rng = np.random.default_rng(3)
    rare, frequent = (rng.random(1000) < 0.1).astype(float), (rng.random(1000) < 0.7).astype(float)
    spec = registry.get(name)
    tight = {"warm_start": 200} if name == "ddm" else {}
    worse = spec.build(tight, seed=0).update(np.concatenate([rare, frequent]))
    better = spec.build(tight, seed=0).update(np.concatenate([frequent, rare]))
    assert any(detection.at >= 1000 for detection in worse)
    assert not [detection for detection in better if detection.at >= 1000]


@pytest.mark.parametrize("case", [case for case in CASES if case.id not in {"kswin", "eddm"}], ids=str)
def test_the_statistic_passes_the_threshold(case: Case) -> None:
    for detection in registry.get(case.id).build(case.parameters, seed=SEED).update(case.column()):
        assert detection.statistic >= detection.threshold >= 0  # DDM: 0 after a past without errors


@pytest.mark.parametrize("case", [case for case in CASES if case.id in {"kswin", "eddm"}], ids=str)
def test_the_statistic_falls_to_the_threshold_where_smaller_is_stronger(case: Case) -> None:
    for detection in registry.get(case.id).build(case.parameters, seed=SEED).update(case.column()):
        assert 0 <= detection.statistic <= detection.threshold


@pytest.mark.parametrize("parameters", [OURS, RIVERS], ids=["ours", "river's"])
def test_the_evidence_of_adwin_is_the_strongest_border_of_its_window(parameters: dict[str, int]) -> None:
    rng = np.random.default_rng(8)
    column = np.concatenate([rng.normal(0.0, 1.0, 900), rng.normal(1.5, 1.0, 200)])
    first = ADWIN.build(parameters, seed=0).update(column)[0]
    window, less = column[: first.at + 1], parameters["min_window_length"] - 1
    log = math.log(2 * math.log(len(window)) / 0.002)

    def cut(newest: int) -> tuple[float, float]:
        older, newer = window[:-newest], window[-newest:]
        m = 1 / (len(older) - less) + 1 / (len(newer) - less)
        return abs(older.mean() - newer.mean()), math.sqrt(2 * m * window.var() * log) + 2 / 3 * log * m

    statistic, bound = cut(first.length)
    assert first.statistic == pytest.approx(
        statistic / BLOCK, rel=1e-9
    )  # of a value, not of the sum over a block
    assert first.threshold == pytest.approx(bound / BLOCK, rel=1e-9)
    every = [cut(newest) for newest in range(less + 1, len(window) - less)]
    assert statistic / bound > 0.8 * max(one / other for one, other in every)  # not every border is kept
    assert abs(first.length - (len(window) - 900)) < 25


def test_adwin_cuts_no_window_of_fewer_than_16_blocks_however_large_the_change() -> None:
    places = [
        found.at
        for before in range(1, 30)
        for found in ADWIN.build({"clock": 1}, seed=0).update(np.repeat([0.0, 1e6], [before, 60]))
    ]
    assert min(places) + 1 == 16


@pytest.mark.parametrize("spec", EVERY, ids=lambda spec: spec.id)
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_is_not_finite_is_refused_before_it_blinds(spec: RiverSpec, value: float) -> None:
    detector = spec.build({}, seed=0)
    detector.update(np.ones(40))
    before = detector.dump()
    with pytest.raises(ValueError, match="was fed"):
        detector.update(np.array([1.0, 0.0, value, 1.0]))
    assert detector.dump() == before


@pytest.mark.parametrize("name", ["ddm", "eddm", "fhddm", "hddm_a", "hddm_w"])
def test_binary_detectors_refuse_other_numbers(name: str) -> None:
    with pytest.raises(ValueError, match=r"neither 0\.0 nor 1\.0"):
        registry.get(name).build({}, seed=0).update(np.array([1.0, 0.5]))


@pytest.mark.parametrize("spec", [ADWIN, PAGE_HINKLEY, KSWIN], ids=lambda spec: spec.id)
def test_enormous_values_leave_a_state_that_can_be_restored(spec: RiverSpec) -> None:
    detector = spec.build({}, seed=0)
    for column in (np.full(70, 1.0), np.array([1e308, -1e308, 1e200, 1e100] * 40), np.full(70, -1.0)):
        detector.update(column)
        detector = spec.load({}, detector.dump(), seed=0)
        assert all(map(math.isfinite, detector.gauges().values()))


@pytest.mark.parametrize(
    ("spec", "parameters"),
    [
        (KSWIN, {"window_size": 4_096, "stat_size": 100}),
        (ADWIN, {"max_buckets": 64}),
        (FHDDM, {"sliding_window_size": 16_384}),
    ],
    ids=lambda value: getattr(value, "id", ""),
)
def test_the_largest_states_stay_below_64_kb(spec: RiverSpec, parameters: dict[str, int]) -> None:
    detector = spec.build(parameters, seed=0)
    size = 4_095 if spec is KSWIN else 300_000 if spec is ADWIN else 17_000
    detector.update((np.arange(size) % 2).astype(np.float64))
    assert len(msgspec.msgpack.encode(detector.dump())) < 64 * 1024


def test_kswin_draws_from_its_seed_alone() -> None:
    column = np.random.default_rng(2).normal(size=400)
    one, same, other = (KSWIN.build({}, seed=seed) for seed in (7, 7, 8))
    states = []
    for detector in (one, same, other):
        detector.update(column)
        states.append(detector.dump()["twister"])
    assert states[0] == states[1] != states[2]


def test_a_firing_that_is_pending_is_part_of_the_state() -> None:
    column = np.concatenate([np.zeros(500), np.ones(500)])
    detector = PAGE_HINKLEY.build({"threshold": 5.0}, seed=0)
    [first, *_] = detector.update(column)
    detector = PAGE_HINKLEY.build({"threshold": 5.0}, seed=0)
    assert detector.update(column[: first.at + 1]) == [first]
    restored = PAGE_HINKLEY.load({"threshold": 5.0}, detector.dump(), seed=0)
    restored.update(column[:1])
    assert restored.dump()["values"] == 1


@pytest.mark.parametrize("spec", EVERY, ids=lambda spec: spec.id)
def test_another_layout_of_river_is_refused(spec: RiverSpec) -> None:
    unknown = replace(spec.algorithm, attributes=spec.algorithm.attributes | {"_new_in_0_27"})
    with pytest.raises(UnknownLayout, match=r"river 0\.\d+.* another way .* install river"):
        RiverSpec(unknown).build({}, seed=0)


def test_a_layout_that_does_not_round_trip_is_refused() -> None:
    forgetful = replace(
        PAGE_HINKLEY.algorithm, fields=PAGE_HINKLEY.algorithm.fields[:-1], coherent=lambda *_: None
    )
    with pytest.raises(UnknownLayout):
        RiverSpec(forgetful).build({}, seed=0)


def test_bytes_of_hddm_w_that_are_not_as_known_are_refused() -> None:
    detector = HDDM_W.build({}, seed=0)
    detector.update(np.ones(3))
    detector._it._total._is_init = False
    with pytest.raises(UnknownLayout, match="EWMean"):
        detector.dump()


@pytest.mark.parametrize(
    ("name", "parameters", "text"),
    [
        ("adwin", {"detla": 0.1}, "adwin: unknown parameter `detla`; did you mean `delta`?"),
        ("adwin", {"q": 0.1}, "write one of delta, clock, max_buckets, min_window_length, grace_period"),
        ("adwin", {"delta": 1}, "adwin: `delta` is 1: write a number above 0 and below 1"),
        ("adwin", {"clock": True}, "`clock` is True: write a whole number from 1 to 1000000"),
        ("adwin", {"clock": 32.0}, "`clock` is 32.0: write a whole number"),
        ("page_hinkley", {"threshold": 10**400}, "`threshold` is 1000"),
        ("page_hinkley", {"mode": "sideways"}, "`mode` is 'sideways': write one of up, down, both"),
        ("kswin", {"stat_size": 60}, "`stat_size` is 60 of a `window_size` of 100: write at most half"),
        ("kswin", {"seed": 1}, "unknown parameter `seed`"),
        (
            "ddm",
            {"warning_threshold": 4},
            "`warning_threshold` is 4.0: write at most the `drift_threshold`, 3.0",
        ),
        ("eddm", {"beta": 0.97}, "`beta` is 0.97: write at most `alpha`, 0.95"),
        ("fhddm", {"short_window_size": 100}, "`short_window_size` is 100: write less than"),
        ("fhddm", {"short_window_size": 0}, "write null or a whole number from 1"),
        ("hddm_a", {"two_sided_test": 1}, "`two_sided_test` is 1: write true or false"),
        (
            "hddm_w",
            {"drift_confidence": 0.1},
            "`drift_confidence` is 0.1: write at most the `warning_confidence`",
        ),
    ],
)
def test_a_wrong_parameter_is_named_with_what_to_write(
    name: str, parameters: dict[str, float], text: str
) -> None:
    with pytest.raises(ValueError) as raised:  # noqa: PT011 - the text is checked below, literally
        registry.get(name).build(parameters, seed=0)
    assert text in str(raised.value)


def test_a_whole_number_will_do_where_a_float_is_meant() -> None:
    column = np.random.default_rng(1).normal(size=300)
    one, other = (PAGE_HINKLEY.build({"threshold": threshold}, seed=0) for threshold in (10, 10.0))
    assert one.update(column) == other.update(column)
    assert one.dump() == other.dump()


def test_a_corrupt_snapshot_names_detector_and_field() -> None:
    state = dict(PAGE_HINKLEY.build({}, seed=0).dump())
    with pytest.raises(CorruptState, match="snapshot of page_hinkley: field `mean` must be a finite float"):
        PAGE_HINKLEY.load({}, {**state, "mean": math.nan}, seed=0)


def test_detections_are_plain_tuples() -> None:
    column = np.repeat([0.0, 9.0], 200)
    for detection in KSWIN.build({}, seed=0).update(column):
        assert [type(value) for value in detection] == [int, float, float, int]
    assert KSWIN.build({}, seed=0).update(column)[0] == Detection(*KSWIN.build({}, seed=0).update(column)[0])


def test_listing_and_parameters_do_not_import_river() -> None:
    code = (
        "import sys\n"
        "from stream_monitor.detectors import registry\n"
        "specs = [entry.spec for entry in registry.installed().registered()]\n"
        "print([(spec.id, dict(spec.defaults), spec.library_version, spec.kinds, spec.__doc__) for spec in specs])\n"
        "assert 'adwin' in registry.installed().ids()\n"
        "assert not {'river', 'scipy'} & set(sys.modules)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr


SECTIONS = ["Input:", "Parameters:", "Detection:", "Cost:", "Guarantees:", "Example:", "References:"]


@pytest.mark.parametrize("spec", EVERY, ids=lambda spec: spec.id)
def test_the_docstring_has_its_sections_in_order_and_names_every_parameter(spec: RiverSpec) -> None:
    text = spec.__doc__ or ""
    lines = text.splitlines()
    assert [line for line in lines if line in SECTIONS] == SECTIONS
    assert lines[0].endswith(".")
    parameters = text[text.index("Parameters:") : text.index("Detection:")]
    for name in spec.defaults:
        assert f"    {name}: " in parameters
    assert spec.kinds <= {Kind.NUMERIC, Kind.BOOLEAN}
