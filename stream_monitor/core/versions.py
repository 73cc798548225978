"""Which versions of a model are live: one is retired after RETIRED_ROWS rows of the model without a row of its own or a label of
its predictions. Labels come late, and say most of a version when it has just been replaced.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from stream_monitor.core.batch import ColumnBatch
from stream_monitor.core.detector import Plain
from stream_monitor.core.fields import Fields
from stream_monitor.core.join.joined import Joined
from stream_monitor.core.plain import value_of

RETIRED_ROWS = 10_000


class Versions:
    """The last row that told of every live version."""

    def __init__(self) -> None:
        self._last: dict[str, int] = {}

    def observe(self, batch: ColumnBatch, first_row: int) -> None:
        """The rows of `batch` follow, the first of them with the ordinal `first_row`."""
        self._heard(batch.versions, batch.version_at, np.arange(first_row, first_row + len(batch)))

    def labelled(self, joined: Joined) -> None:
        """Predictions found their labels in the rows observed last."""
        self._heard(joined.versions, joined.version_at, joined.rows)

    def _heard(
        self, versions: Sequence[str | None], version_at: NDArray[np.uint16], rows: NDArray[np.int64]
    ) -> None:
        for at, version in enumerate(versions):
            mine = rows[version_at == at]
            if version is not None and len(mine):
                self._last[version] = max(int(mine[-1]), self._last.get(version, 0))

    def retire(self, rows: int) -> list[str]:
        """Forget and return the versions that have been silent for too long after `rows` rows."""
        retired = sorted(version for version, last in self._last.items() if last < rows - RETIRED_ROWS)
        for version in retired:
            del self._last[version]
        return retired

    def dump(self) -> dict[str, Plain]:
        """Explicit fields."""
        return {"last": [[version, self._last[version]] for version in sorted(self._last)]}

    @classmethod
    def load(cls, plain: Plain) -> "Versions":
        """The inverse of `dump`. Raises CorruptState."""
        fields = Fields(plain, "versions")
        versions = cls()
        for entry in fields.rows("last"):
            seen = value_of(_Seen, entry)
            versions._last[seen.version] = seen.row
        return versions


class _Seen(NamedTuple):
    version: str
    row: int
