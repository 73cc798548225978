import numpy as np

from stream_monitor.core.sequential.sums import FINE, on_grid


def test_the_grid_is_below_and_near() -> None:
    values = np.random.default_rng(1).normal(size=1_000) * 100
    rounded = on_grid(values, 256.0)
    assert (rounded <= values).all()
    assert (values - rounded < 1 / 256).all()
    assert (rounded * 256 == np.rint(rounded * 256)).all()


def test_sums_on_the_grid_are_the_same_in_any_order() -> None:
    random = np.random.default_rng(2)
    logs = on_grid(np.log(random.random((32, 18))), FINE)
    counts = random.integers(0, 9, (700, 32)).astype(np.float64)
    order = random.permutation(32)
    assert (counts[:, order] @ logs[order]).tobytes() == (counts @ logs).tobytes()
