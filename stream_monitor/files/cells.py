"""Cells of text files → values: numbers, truth values, nulls and times. Knows no file and no column."""

import math
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from stream_monitor.formats.timestamps import EARLIEST_MS, LATEST_MS

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)

# n, i: NaN and infinities, which count as bad numbers, not as texts
_NUMBER_STARTS = frozenset("0123456789+-.nNiI")
_CONSTANTS = {
    "": None,
    "true": True,
    "True": True,
    "TRUE": True,
    "false": False,
    "False": False,
    "FALSE": False,
}


def values_of(cells: Sequence[str]) -> list[object]:
    """What the cells of one column hold, each by itself. Cost: about 0.2 µs a cell.

    >>> values_of(["1.5", "", "true", "DE", "1_000"])
    [1.5, None, True, 'DE', '1_000']
    """
    joined = "".join(cells)
    if joined.isascii() and "_" not in joined:  # float() reads 1_000 as 1000; no data file means that
        try:
            return list(map(float, cells))
        except ValueError:
            pass
    return [value_of(cell) for cell in cells]


def value_of(cell: str) -> object:
    """What one cell holds: an empty one null, true and false truth values, a number a float, anything else its text."""
    if cell.lstrip()[:1] in _NUMBER_STARTS and "_" not in cell:
        try:
            return float(cell)
        except ValueError:
            return cell
    return _CONSTANTS.get(cell, cell)


def time_of(value: object) -> int | None:
    """Milliseconds UTC, or None where `value` is no time between the years 1 and 9999.

    A number, or a text of digits, is epoch milliseconds. Other texts are ISO 8601 as RFC 3339 has it, also with a
    space for the T, as a date alone, or without a zone: that is UTC here, since tables are mostly written so.

    >>> time_of("2026-11-21 10:00:00"), time_of("2026-11-21T11:00:00.250+01:00"), time_of(1795255200000)
    (1795255200000, 1795255200250, 1795255200000)
    """
    if isinstance(value, str):
        text = value.strip()
        if not (text.isascii() and text.removeprefix("-").isdecimal()):
            return _time_of_text(text)
        value = int(text) if len(text) < 20 else None
    if isinstance(value, float):
        value = int(value) if math.isfinite(value) and value.is_integer() else None
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    return value if EARLIEST_MS <= value <= LATEST_MS else None


def _time_of_text(text: str) -> int | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return (moment - _EPOCH) // _MILLISECOND


def text_of(value: object) -> str | None:
    """An id or a version as text; None where it is neither text nor a whole number."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return None
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value) if isinstance(value, int) else None
