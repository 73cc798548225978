"""Which versions of a model are live. One that has been silent for RETIRED_ROWS rows of the model is retired."""

from typing import NamedTuple

import numpy as np

from stream_monitor.core.batch import ColumnBatch
from stream_monitor.core.detector import Plain
from stream_monitor.core.fields import Fields
from stream_monitor.core.plain import value_of

RETIRED_ROWS = 10_000


class Versions:
    """The last row of every live version that has one."""

    def __init__(self) -> None:
        self._last: dict[str, int] = {}

    def observe(self, batch: ColumnBatch, first_row: int) -> None:
        """The rows of `batch` follow, the first of them with the ordinal `first_row`."""
        appeared, first_rows = np.unique(batch.version_at, return_index=True)
        for _, at in sorted(zip(first_rows.tolist(), appeared.tolist(), strict=True)):
            version = batch.versions[at]
            if version is not None:
                self._last[version] = first_row + int(np.flatnonzero(batch.version_at == at)[-1])

    def retire(self, rows: int) -> list[str]:
        """Forget and return the versions that have been silent for too long after `rows` rows."""
        retired = sorted(version for version, last in self._last.items() if last < rows - RETIRED_ROWS)
        for version in retired:
            del self._last[version]
        return retired

    def dump(self) -> dict[str, Plain]:
        """Explicit fields."""
        return {"last": [[version, last] for version, last in self._last.items()]}

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
