"""Small column batches for the tests of the core."""

from collections.abc import Mapping, Sequence

from stream_monitor.core.batch import Column, ColumnBatch
from stream_monitor.core.columnise import PlacedRow, columnise
from stream_monitor.core.events import Role, Row, Source

T0 = 1_795_255_200_000
SOURCE = Source("in", 0)


def row(
    features: Mapping[str, object] | None = None,
    *,
    time: int = T0,
    version: str | None = None,
    model: str = "m",
    **outputs: object,
) -> Row:
    """An event with the roles of what it carries."""
    roles = Role.FEATURES if features is not None else Role(0)
    if outputs.keys() - {"label"}:
        roles |= Role.PREDICTION
    if "label" in outputs:
        roles |= Role.LABEL
    return Row(model, version, None, time, int(roles), features or {}, outputs)


def batch_of(rows: Sequence[Row], *, first_offset: int = 0) -> ColumnBatch:
    """The rows of one source, in order."""
    placed = [PlacedRow(one, 0, first_offset + at, 0) for at, one in enumerate(rows)]
    return columnise(rows[0].model, placed, [SOURCE])


def batch_at(
    places: Sequence[tuple[Source, int]], *, times: Sequence[int] = (), sources: Sequence[Source] = ()
) -> ColumnBatch:
    """One row for every source and offset."""
    known = list(sources) or list(dict.fromkeys(source for source, _ in places))
    placed = [
        PlacedRow(row({"x": 1.0}, time=times[at] if times else T0 + at), known.index(source), offset, 0)
        for at, (source, offset) in enumerate(places)
    ]
    return columnise("m", placed, known)


def column(*cells: object) -> Column:
    """The cells of one feature."""
    return batch_of([row({"x": cell}) for cell in cells]).columns["feature:x"]
