"""What a batch needs is given back once it is observed: nothing waits for the collector, which comes rarely in a service."""

import gc

from stream_monitor.core.parameters import ModelParameters
from tests.property.chunking_law import answer_of
from tests.property.rows import Shape, batch_of, rows_of


def test_batches_leave_no_circles_of_arrays_behind() -> None:
    batches = [batch_of(rows_of("m", Shape(seed=seed, rows=400))) for seed in range(2)]
    parameters = ModelParameters(name="m")
    answer_of(parameters, batches[:1])  # what is imported or cached at first use
    gc.collect()
    gc.disable()
    try:
        answer_of(parameters, batches[1:])
        gc.set_debug(gc.DEBUG_SAVEALL)
        gc.collect()
        left = [one for one in gc.garbage if type(one).__name__ in {"Pattern", "Usable", "ndarray"}]
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
        gc.enable()
    assert left == []
