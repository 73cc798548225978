"""Cases as a table in a file, Parquet or CSV by its suffix: which columns there are, and rows written in groups.

A file is there whole or not at all. Imports pyarrow only when Parquet is written.
"""

import csv
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeAlias

import orjson

from stream_monitor.core.errors import StreamMonitorError
from stream_monitor.files.cases import LABEL, Case
from stream_monitor.files.opening import FileKind, kind_of
from stream_monitor.formats.timestamps import format_rfc3339

Cells: TypeAlias = Sequence[Sequence[object]]
"""A group of rows as columns."""
Write: TypeAlias = Callable[[Cells], None]

_WHOLE: Final = 2**53  # beyond, a double does not hold every whole number


class CellType(StrEnum):
    """What the cells of a column are."""

    TIME = "time"  # ms UTC
    NUMBER = "number"
    WHOLE = "whole"
    BOOLEAN = "boolean"
    TEXT = "text"


class TableColumn(NamedTuple):
    """A column: its name, what its cells are, and how a case fills it."""

    name: str
    type: CellType
    of: Callable[[Case], object]


def columns_of(chunks: Iterable[Sequence[Case]]) -> Sequence[TableColumn]:
    """The columns that these cases fill: id, time, version, the features by name, what the model said, label.

    A feature that is called like one of the others is written as `feature:<name>`. Cost: one pass over the cases.
    """
    features: dict[str, set[type]] = {}
    outputs: dict[str, set[type]] = {"prediction": set()}
    labels: set[type] = set()
    for chunk in chunks:
        for case in chunk:
            for name, value in case.features.items():
                features.setdefault(name, set()).add(_type(value))
            for name, value in case.outputs.items():
                outputs.setdefault(name, set()).add(_type(value))
            labels.add(_type(case.label))
    ordered = sorted(outputs, key=lambda name: (name != "prediction", name))
    taken = {"id", "time", "version", LABEL, *outputs}
    return [
        TableColumn("id", CellType.TEXT, lambda case: case.id),
        TableColumn("time", CellType.TIME, lambda case: case.time),
        TableColumn("version", CellType.TEXT, lambda case: case.version),
        *(
            TableColumn(f"feature:{name}" if name in taken else name, *_typed(features[name], _feature(name)))
            for name in sorted(features)
        ),
        *(TableColumn(name, *_typed(outputs[name], _output(name))) for name in ordered),
        TableColumn(LABEL, *_typed(labels, lambda case: case.label)),
    ]


@contextmanager
def table(
    path: Path, columns: Sequence[TableColumn], about: str
) -> Iterator[Callable[[Sequence[Case]], None]]:
    """Gives what writes a group of cases; about: JSON, kept as metadata of Parquet. The file appears when the block ends well.

    Raises StreamMonitorError: it cannot be written, or its suffix is neither that of Parquet nor of CSV.
    """
    opened = check_suffix(path)
    part = path.with_name(f".{path.name}.part")
    try:
        with opened(part, columns, about) as write:
            yield lambda cases: write([[one.of(case) for case in cases] for one in columns])
        part.replace(path)
    except OSError as error:
        raise StreamMonitorError(f"{path}: cannot be written: {error.strerror or error}") from error
    finally:
        part.unlink(missing_ok=True)


def check_suffix(path: Path) -> Any:
    """What opens a table of this suffix. Raises StreamMonitorError for another than Parquet's or CSV's."""
    kind = kind_of(path) if path.suffix.lower() in (".csv", ".parquet", ".pq") else None
    if kind is None:
        raise StreamMonitorError(f"{path}: write a file that ends in .parquet or .csv")
    return _parquet if kind is FileKind.PARQUET else _csv


@contextmanager
def _parquet(path: Path, columns: Sequence[TableColumn], about: str) -> Iterator[Write]:
    import pyarrow as pa  # noqa: PLC0415  # half a second: only for who writes Parquet
    import pyarrow.parquet as pq  # noqa: PLC0415  # as above

    types: dict[CellType, pa.DataType] = {
        CellType.TIME: pa.timestamp("ms", tz="UTC"),
        CellType.NUMBER: pa.float64(),
        CellType.WHOLE: pa.int64(),
        CellType.BOOLEAN: pa.bool_(),
        CellType.TEXT: pa.string(),
    }
    schema = pa.schema([(one.name, types[one.type]) for one in columns], metadata={"stream_monitor": about})
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:

        def write(cells: Cells) -> None:
            arrays = [pa.array(column, field.type) for column, field in zip(cells, schema, strict=True)]
            writer.write_table(pa.Table.from_arrays(arrays, schema=schema))

        yield write


@contextmanager
def _csv(path: Path, columns: Sequence[TableColumn], _about: str) -> Iterator[Write]:
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow([one.name for one in columns])
        times = [one.type is CellType.TIME for one in columns]

        def write(cells: Cells) -> None:
            shown = [
                [_shown(cell, is_time=is_time) for cell in column]
                for column, is_time in zip(cells, times, strict=True)
            ]
            writer.writerows(zip(*shown, strict=True))

        yield write


def _shown(cell: object, *, is_time: bool) -> object:
    """As `reference build` and `replay` read it back."""
    if cell is None:
        return ""
    if is_time and isinstance(cell, int):
        return format_rfc3339(cell)
    return ("true" if cell else "false") if isinstance(cell, bool) else cell


def _feature(name: str) -> Callable[[Case], object]:
    return lambda case: case.features.get(name)


def _output(name: str) -> Callable[[Case], object]:
    return lambda case: case.outputs.get(name)


def _type(value: object) -> type:
    """Of whole numbers that a double may not hold, and of what is no scalar: text."""
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) > _WHOLE:
        return str
    return type(value) if value is None or isinstance(value, bool | int | float | str) else str


def _typed(found: set[type], of: Callable[[Case], object]) -> tuple[CellType, Callable[[Case], object]]:
    """The type of a column in which cells of those types were found; of several that do not go together: text."""
    there = found - {type(None)}
    if there == {bool}:
        return CellType.BOOLEAN, of
    if there == {int}:
        return CellType.WHOLE, of
    if there and there <= {int, float}:
        return CellType.NUMBER, of
    return CellType.TEXT, lambda case: _text(of(case))


def _text(value: object) -> str | None:
    return value if value is None or isinstance(value, str) else orjson.dumps(value).decode()
