"""Columns of text. Knows no command."""

from collections.abc import Iterator, Sequence


def aligned(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Every row as a line, its cells as wide as the widest of the column.

    >>> list(aligned([("model", "state"), ("fraud-detection", "watching")]))
    ['model            state', 'fraud-detection  watching']
    """
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
