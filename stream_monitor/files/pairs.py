"""Rows that hold a prediction and its label → what they promise of each version's performance, in bounded memory.

A label in an event of its own is not looked for: a file has it beside the prediction, and a topic is monitored, not a file.
"""

from typing import Final

import numpy as np

from stream_monitor.core.columnise import PlacedRow, columnise
from stream_monitor.core.events import Decoded, Role, Source
from stream_monitor.core.performance.columns import LABEL, is_score, labelled_of
from stream_monitor.core.performance.pairs import encode
from stream_monitor.core.performance.promise import Promise, promise_of
from stream_monitor.core.performance.task import TaskKind, task_of
from stream_monitor.files.reference import RowSample

LEAST: Final = 32  # labelled predictions; fewer promise nothing


class LabelledSample:
    """The labelled predictions of one version. Of more than `size` of them a uniform sample says the figures."""

    def __init__(self, size: int) -> None:
        self._sample = RowSample(size)

    def add(self, rows: list[PlacedRow]) -> None:
        """The next rows, which hold a prediction and its label."""
        self._sample.add(columnise("", rows, (Source("", 0),)))

    def promise(self, kind: TaskKind | None, positive: str | None) -> Promise | None:
        """None where there are too few, or one class only."""
        if self._sample.rows < LEAST:
            return None
        batch = self._sample.kept()
        labelled = labelled_of(batch.columns, np.arange(len(batch)))
        task = task_of(labelled, kind=kind, positive=positive)
        if task is None:
            return None
        encoded = encode(labelled, task)
        if len(encoded.pairs) == 0:
            return None
        return promise_of(encoded.pairs, encoded.task, seen=self._sample.rows)


def labelled_rows(decoded: Decoded, version: str) -> dict[str, list[PlacedRow]]:
    """The rows with a prediction and its label, with nothing else, by version; `version`: of rows that name none."""
    found: dict[str, list[PlacedRow]] = {}
    for row, offset, item in zip(decoded.rows, decoded.offsets, decoded.items, strict=True):
        outputs = {name: value for name, value in row.outputs.items() if is_score(name)}
        if LABEL in outputs and len(outputs) > 1:
            bare = row._replace(
                features={},
                outputs=outputs,
                roles=(Role.PREDICTION | Role.LABEL).value,
                id=None,
                version=None,
            )
            found.setdefault(row.version or version, []).append(PlacedRow(bare, 0, offset, item))
    return found
