"""What a detector is fed, by its grain, and how what it says is told in blocks."""

from collections.abc import Mapping, Sequence

import numpy as np
import pytest

from stream_monitor.core.detector import (
    Detection,
    Detector,
    DetectorSpec,
    FloatArray,
    Grain,
    Kind,
    Plain,
    Scalar,
)
from stream_monitor.core.parameters import DetectorChoice
from stream_monitor.core.reference import boolean
from stream_monitor.core.series import SeriesKey
from stream_monitor.core.standardise import Lens
from stream_monitor.core.watch import Seen, Watch, block_sums, watches_of
from stream_monitor.core.window import BLOCK

LENS = Lens(boolean(trues=30, size=100, unusable=0))


class Recorder:
    """Remembers what it was fed, and says what it is told to say."""

    def __init__(self) -> None:
        self.fed: list[FloatArray] = []
        self.says: Sequence[Detection] = ()

    def update(self, values: FloatArray) -> Sequence[Detection]:
        self.fed.append(values)
        return self.says

    def dump(self) -> Mapping[str, Plain]:
        return {}

    def gauges(self) -> Mapping[str, float]:
        return {}


class Spec:
    """Makes recorders of one grain."""

    id = "recorder"
    state_version = 1
    library_version = None
    defaults: Mapping[str, Scalar] = {}

    def __init__(self, grain: Grain, kinds: frozenset[Kind]) -> None:
        self.grain = grain
        self.kinds = kinds
        self.made = Recorder()

    def build(self, parameters: Mapping[str, Scalar], *, seed: int) -> Detector:
        del parameters, seed
        return self.made

    def load(self, parameters: Mapping[str, Scalar], fields: Mapping[str, Plain], *, seed: int) -> Detector:
        raise AssertionError(parameters, fields, seed)

    def get(self, name: str) -> DetectorSpec:
        """Also the catalogue that knows it alone."""
        assert name == self.id
        return self


def watched(grain: Grain, *, raw: bool) -> tuple[Watch, Recorder]:
    spec = Spec(grain, frozenset({Kind.BOOLEAN}) if raw else frozenset({Kind.BOOLEAN, Kind.NUMERIC}))
    [watch] = watches_of(SeriesKey("x", None), LENS, [DetectorChoice(id="recorder")], spec)
    return watch, spec.made


def seen_of(numbers: FloatArray) -> Seen:
    views = LENS.standardised(numbers)
    return Seen(
        LENS, numbers.reshape(-1, BLOCK), np.stack([block_sums(view) for view in views.values()], axis=1)
    )


NUMBERS = (np.random.default_rng(1).random(3 * BLOCK) < 0.3).astype(np.float64)


@pytest.mark.parametrize("raw", [False, True])
@pytest.mark.parametrize("grain", Grain)
def test_a_detector_is_fed_by_its_grain(grain: Grain, *, raw: bool) -> None:
    watch, recorder = watched(grain, raw=raw)
    watch.update(seen_of(NUMBERS))
    values = NUMBERS if raw else LENS.standardised(NUMBERS)["value"]
    expected = values if grain is Grain.VALUE else values.reshape(3, BLOCK).sum(axis=1)
    assert [column.tolist() for column in recorder.fed] == [expected.tolist()]


@pytest.mark.parametrize(
    ("grain", "said", "told"),
    [
        (Grain.VALUE, [(0, 0), (31, 1), (32, 32), (95, 33)], [(0, 0), (0, 1), (1, 1), (2, 2)]),
        (Grain.BLOCK, [(0, 0), (1, 1), (2, 40)], [(0, 0), (1, 1), (2, 40)]),
    ],
)
def test_what_it_says_is_told_in_blocks(
    grain: Grain, said: Sequence[tuple[int, int]], told: Sequence[tuple[int, int]]
) -> None:
    watch, recorder = watched(grain, raw=False)
    recorder.says = [Detection(at, 2.0, 1.0, length) for at, length in said]
    found = watch.update(seen_of(NUMBERS))
    assert [(one.at, one.length) for one in found] == told
    assert {(one.statistic, one.threshold) for one in found} == {(2.0, 1.0)}


@pytest.mark.parametrize("grain", Grain)
@pytest.mark.parametrize("n", [0, 5, BLOCK, 2 * BLOCK + 7])
def test_of_the_warm_up_it_sees_all_or_the_last_whole_blocks(grain: Grain, n: int) -> None:
    watch, recorder = watched(grain, raw=True)
    watch.rehearse(NUMBERS[:n], LENS.standardised(NUMBERS[:n]))
    if grain is Grain.VALUE:
        assert recorder.fed[0].tolist() == NUMBERS[:n].tolist()
    else:
        assert recorder.fed[0].tolist() == [
            NUMBERS[first : first + BLOCK].sum() for first in range(n % BLOCK, n, BLOCK)
        ]
