from hashlib import blake2b

import pytest

from stream_monitor.core.join.keys import keys_of, prints_of
from tests.unit.core.batches import column


def test_a_key_is_64_bits_of_blake2b() -> None:
    expected = int.from_bytes(
        blake2b("Ünï\ud800".encode("utf-8", "surrogatepass"), digest_size=8).digest(), "little"
    )
    assert keys_of(["Ünï\ud800", None, ""]).tolist()[:2] == [expected, 0]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (1, 1.0, True),
        (0.0, -0.0, True),
        ("a", "a", True),
        ("a", "b", False),
        (1, 2, False),
        (1, "1", False),
        (1, True, False),
        (True, False, False),
        (0, False, False),
    ],
)
def test_prints_tell_values_apart(one: object, other: object, same: bool) -> None:
    prints = prints_of(column("first in the dictionary", one, other)).tolist()
    assert (prints[1] == prints[2]) is same
    assert prints_of(column(other)).tolist() == prints[2:]


def test_a_cell_without_usable_value_has_no_print() -> None:
    assert prints_of(column(None, float("nan"), float("inf"), [1])).tolist() == [0, 0, 0, 0]
