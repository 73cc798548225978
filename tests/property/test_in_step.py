"""Series that are taken together, because they are in step, come to the same bits as each of them alone."""

from collections.abc import Iterable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stream_monitor.core import model_monitor
from stream_monitor.core.blocks import Closed, Waiting
from stream_monitor.core.columnise import PlacedRow
from stream_monitor.core.detector import FloatArray
from stream_monitor.core.events import Role, Row
from stream_monitor.core.parameters import DetectorChoice, ModelParameters, SeriesParameters
from stream_monitor.core.pattern import Usable
from stream_monitor.core.taking import Cells, Took, take
from stream_monitor.core.window import BLOCK
from tests.property.chunking_law import Answer, answer_of, check_same
from tests.property.rows import T0, Shape, batch_of, rows_of
from tests.property.test_chunking import in_pieces, parameters_of

PLAIN = SeriesParameters(warm_up=64, detectors=(DetectorChoice(id="sequential"), DetectorChoice(id="adwin")))


def one_by_one(cells: Iterable[Cells]) -> Took:
    """As `take`, every series for itself."""
    whole = Took([], [], [], {})
    for monitors, columns, pattern in cells:
        for monitor, column in zip(monitors, columns, strict=True):
            took = take([Cells([monitor], [column], pattern)])
            whole.full.extend(took.full)
            whole.usable.extend(took.usable)
            whole.faults.extend(took.faults)
            whole.rehearsals.update(took.rehearsals)
    return whole


def alone(parameters: ModelParameters, placed: list[PlacedRow], sizes: list[int]) -> Answer:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(model_monitor, "take", one_by_one)
        return answer_of(parameters, in_pieces(placed, sizes))


def gappy(seed: int, rows: int, *, gaps: int = 3) -> list[PlacedRow]:
    """Numbers and flags, some missing for a while: as many that a feature is in step again, or is not."""
    rng = np.random.default_rng(seed)
    begins = {f"f{at}": rng.integers(0, rows, gaps).tolist() for at in range(6)}
    lengths = {name: rng.choice([1, 5, BLOCK, 2 * BLOCK], gaps).tolist() for name in begins}
    placed = []
    for at in range(rows):
        features: dict[str, object] = {}
        for name, starts in begins.items():
            shift = 2.0 if name == "f0" and at > rows // 2 else 0.0
            features[name] = float(rng.normal(shift)) if name < "f4" else bool(rng.random() < 0.3)
            if any(begin <= at < begin + n for begin, n in zip(starts, lengths[name], strict=True)):
                features[name] = None
        row = Row("m", None, f"e-{at}", T0 + 100 * at, int(Role.FEATURES), features, {})
        placed.append(PlacedRow(row, 0, at, 0))
    return placed


@settings(max_examples=12)
@given(
    seed=st.integers(0, 99),
    sizes=st.lists(st.sampled_from([1, 31, 100, 255, 700]), min_size=1, max_size=4),
)
def test_series_that_leave_the_step_and_rejoin_it_come_to_the_same_bits_as_alone(
    seed: int, sizes: list[int]
) -> None:
    parameters = ModelParameters(name="m", default=PLAIN)
    placed = gappy(seed, 1_200)
    check_same(answer_of(parameters, in_pieces(placed, sizes)), alone(parameters, placed, sizes))


def test_one_that_leaves_from_the_middle_and_rejoins_keeps_its_own_numbers() -> None:
    parameters, placed = ModelParameters(name="m", default=PLAIN), gappy(5, 900, gaps=0)
    for at in range(300, 300 + BLOCK):
        row = placed[at].row
        placed[at] = placed[at]._replace(row=row._replace(features={**row.features, "f1": None}))
    check_same(answer_of(parameters, in_pieces(placed, [100])), alone(parameters, placed, [100]))


@pytest.mark.parametrize("seed", [0, 1])
def test_series_of_every_kind_come_to_the_same_bits_as_alone(seed: int) -> None:
    placed, sizes = rows_of("m", Shape(seed=seed, rows=1_000)), [33, 255, 100]
    together = answer_of(parameters_of(), in_pieces(placed, sizes))
    check_same(together, alone(parameters_of(), placed, sizes))


def test_series_without_missing_cells_are_in_step_and_so_are_their_indicators(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    groups: list[int] = []
    original = Waiting.add

    def add(self: Waiting, usable: Usable, numbers: FloatArray) -> Closed | None:
        groups.append(self.series)
        return original(self, usable, numbers)

    monkeypatch.setattr(Waiting, "add", add)
    answer_of(ModelParameters(name="m", default=PLAIN), [batch_of(gappy(1, 400, gaps=0))])
    numbers, one_flag, another_flag, indicators = 4, 1, 1, 6
    assert groups == [numbers, one_flag, another_flag, indicators]
