"""Ids seen again: events that came twice, by the ids of the last few thousand rows.

The same id with another part of the case (its label), or of another version, is no duplicate.
"""

from collections.abc import Sequence
from typing import Final
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from stream_monitor.core.batch import ColumnBatch
from stream_monitor.core.detector import Plain
from stream_monitor.core.fields import Fields, as_bytes

GENERATION: Final = 4_096  # rows: an id is known for at least that many, at most for twice as many
_ROLES: Final = np.uint32(0x9E3779B1)
_VERSIONS: Final = np.uint32(
    0x85EBCA6B
)  # CRC-32 is linear: without a factor id 1 of version 2 is id 2 of version 1


class Duplicates:
    """Fingerprints of recent ids in two generations, 32 bits each: an event is taken for the repetition of another one by chance
    once in half a million events. Cost: 0.2 µs a row with an id; state up to 32 kB.
    """

    def __init__(self) -> None:
        self._young: set[int] = set()
        self._old: set[int] = set()
        self._generation = 0

    def find(self, batch: ColumnBatch, first_row: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Positions of the rows of `batch`, the first of them with that ordinal, that have an id; and those that repeat."""
        ids = [one for one in batch.ids.encoded() if one is not None]
        named = np.flatnonzero(batch.ids.present)
        if len(named) == 0:
            return named, named
        prints = _prints(batch, named, ids)
        generations = (first_row + named) // GENERATION
        repeated = np.zeros(len(named), np.bool_)
        begin = 0
        for generation in range(int(generations[0]), int(generations[-1]) + 1):
            end = int(np.searchsorted(generations, generation, side="right"))
            if end > begin:
                self._turn(generation)
                repeated[begin:end] = self._known(prints[begin:end].tolist())
            begin = end
        return named, named[repeated]

    def _turn(self, generation: int) -> None:
        """The rows of another generation begin."""
        if generation > self._generation:
            self._old = self._young if generation == self._generation + 1 else set()
            self._young = set()
            self._generation = generation

    def _known(self, prints: list[int]) -> list[bool]:
        fresh = set(prints)
        if len(fresh) == len(prints) and fresh.isdisjoint(self._young) and fresh.isdisjoint(self._old):
            self._young |= fresh
            return [False] * len(prints)
        known = []
        for one in prints:
            known.append(one in self._young or one in self._old)
            self._young.add(one)
        return known

    def dump(self) -> dict[str, Plain]:
        """Explicit fields."""
        return {
            "generation": self._generation,
            "young": as_bytes(np.array(sorted(self._young), np.uint32), "<u4"),
            "old": as_bytes(np.array(sorted(self._old), np.uint32), "<u4"),
        }

    @classmethod
    def load(cls, plain: Plain) -> "Duplicates":
        """The inverse of `dump`. Raises CorruptState."""
        fields = Fields(plain, "duplicates")
        duplicates = cls()
        duplicates._generation = fields.integer("generation", least=0)
        duplicates._young = set(fields.array("young", "<u4").tolist())
        duplicates._old = set(fields.array("old", "<u4").tolist())
        if max(len(duplicates._young), len(duplicates._old)) > GENERATION:
            raise fields.wrong("young", "more ids than rows")
        return duplicates


def _prints(batch: ColumnBatch, named: NDArray[np.intp], ids: Sequence[bytes]) -> NDArray[np.uint32]:
    """Fingerprints (k,) of the rows `named` with these `ids`: of id, version and roles together."""
    versions = np.array([_sum_of(f"{version}") for version in batch.versions], np.uint32)
    mixed = (
        np.fromiter(map(crc32, ids), np.uint32, len(ids)) ^ (versions * _VERSIONS)[batch.version_at[named]]
    )
    return np.asarray(mixed ^ batch.roles[named].astype(np.uint32) * _ROLES)


def _sum_of(text: str) -> int:
    return crc32(text.encode("utf-8", "surrogatepass"))
