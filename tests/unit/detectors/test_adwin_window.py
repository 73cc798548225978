import random
from typing import Any

import numpy as np
import pytest

from stream_monitor.core.errors import CorruptState
from stream_monitor.detectors.algorithm import UnknownLayout
from stream_monitor.detectors.algorithms.adwin_window import NO_CUT, Cuts, decode, encode, strongest_cut
from stream_monitor.detectors.river import ADWIN

CUTS = Cuts(0.002, 2, 3, 1, 1)


def raw_of(detector: Any) -> bytes:
    return bytes(detector._it._helper.__getstate__())


def fed(size: int) -> Any:
    detector = ADWIN.build({}, seed=0)
    detector.update(np.random.default_rng(size).normal(size=size))
    return detector


@pytest.mark.parametrize("size", [0, 1, 5, 6, 31, 100, 3_000])
def test_bytes_decode_to_fields_and_back(size: int) -> None:
    raw = raw_of(fed(size))
    assert encode(decode(raw), CUTS) == raw


def test_every_truncation_is_an_unknown_layout() -> None:
    raw = raw_of(fed(200))
    for end in range(len(raw)):
        with pytest.raises(UnknownLayout):
            decode(raw[:end])
    with pytest.raises(UnknownLayout):
        decode(raw + b"\0")


def contradictions() -> list[tuple[str, Any]]:
    state: Any = fed(300).dump()["window"]
    rows = state["rows"]
    moved = [[rows[0][0][:-2], rows[0][1][:-2]], *rows[1:]]
    return [
        ("`width` values", {"width": 301}),
        ("counts the values", {"tick": 299}),
        ("sum to `total`", {"total": state["total"] + 1.0}),
        ("variance is at least 0", {"variance": -0.1}),
        ("all rows but the last hold 2 or 3", {"rows": moved, "width": 298, "tick": 298}),
        ("the last row holds 1 to 3", {"rows": [*rows, [[], []]]}),
        ("`detections` says", {"detections": 1}),
        ("one variance", {"rows": [[rows[0][0], rows[0][1][:-1]], *rows[1:]]}),
        ("must have 1 to 54 rows", {"rows": []}),
        ("at most 64 floats", {"rows": [[[0.0] * 65, [0.0] * 65]]}),
    ]


@pytest.mark.parametrize(("text", "change"), contradictions(), ids=[text for text, _ in contradictions()])
def test_fields_that_contradict_each_other_never_reach_rust(text: str, change: dict[str, Any]) -> None:
    window: Any = fed(300).dump()["window"]
    with pytest.raises(CorruptState, match=text):
        ADWIN.load({}, {"fired": False, "window": {**window, **change}}, seed=0)


def test_parameters_that_do_not_fit_the_window_are_refused() -> None:
    with pytest.raises(CorruptState, match="buckets"):
        ADWIN.load({"max_buckets": 8}, fed(300).dump(), seed=0)


def test_bit_flips_that_pass_the_checks_never_panic() -> None:
    """Unchecked, some of them panic in Rust, at once or in a later update, with an exception that is no Exception."""
    rng = random.Random(4)
    raw = raw_of(fed(1_000))
    column = np.random.default_rng(4).normal(size=400) * 3
    accepted = refused = 0
    for _ in range(4_000):
        flipped = bytearray(raw)
        flipped[rng.randrange(len(raw))] ^= 1 << rng.randrange(8)
        try:
            detector = ADWIN.load({}, {"fired": False, "window": decode(bytes(flipped))}, seed=0)
        except (UnknownLayout, CorruptState):
            refused += 1
        else:
            accepted += 1
            detector.update(column)
            detector.dump()
    assert accepted > 100
    assert refused > 500


def test_a_tick_that_wrapped_around_is_restored() -> None:
    """River counts ticks in 32 bits: after 2**31 values without a firing they go on at -2**31."""
    window: Any = dict(fed(0).dump()["window"])
    counts = [2] * 30  # 2**31 values and a few in all
    while sum(n << i for i, n in enumerate(counts)) < 2**31:
        counts.append(2)
    width = sum(n << i for i, n in enumerate(counts))
    window.update(width=width, tick=width - 2**32, rows=[([0.0] * n, [0.0] * n) for n in counts])
    detector = ADWIN.load({}, {"fired": False, "window": window}, seed=0)
    detector.update(np.zeros(1))
    after: Any = detector.dump()["window"]
    assert (after["width"], after["tick"]) == (width + 1, width + 1 - 2**32)


def test_a_window_too_short_to_cut_has_no_evidence() -> None:
    window: Any = fed(1).dump()["window"]
    assert strongest_cut(window, CUTS) is NO_CUT
