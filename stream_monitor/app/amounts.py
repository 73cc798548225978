"""Budgets, spans of time and counts as people say them."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from stream_monitor.core.parameters import Budget

_SECOND: Final = 1000
_UNITS: Final = {
    "week": 7 * 86_400 * _SECOND,
    "day": 86_400 * _SECOND,
    "hour": 3_600 * _SECOND,
    "minute": 60 * _SECOND,
    "second": _SECOND,
    "millisecond": 1,
}
_YEAR: Final = 365.25 * 86_400 * _SECOND
_NAMES: Final = 8
_SAID: Final = {"years": _YEAR} | {f"{unit}s": float(ms) for unit, ms in _UNITS.items() if ms >= _SECOND}


def budget_in_words(budget: "Budget | None") -> str:
    """Alarms per time or events; None is the default."""
    # late: commands import this module for their --help, which shall not load numpy
    from stream_monitor.core.parameters import PER_100K_EVENTS, PER_WEEK, BudgetUnit  # noqa: PLC0415 (the command starts faster without it)

    if budget is None:
        return f"{budget_in_words(PER_WEEK)} of event time (in files without time {budget_in_words(PER_100K_EVENTS)})"
    if budget.unit is BudgetUnit.EVENTS:
        return f"{budget.alarms:g} per {budget.span:,.0f} events"
    unit, ms = next((unit, ms) for unit, ms in _UNITS.items() if budget.span % ms == 0)
    number = round(budget.span / ms)
    return f"{budget.alarms:g} per {unit}" if number == 1 else f"{budget.alarms:g} per {number} {unit}s"


def duration(ms: float) -> str:
    """About so long, in the largest unit of which there are two or more.

    >>> duration(90_000), duration(8.6e6), duration(3e11), duration(1600)
    ('90 seconds', '2.4 hours', '9.5 years', '1.6 seconds')
    """
    unit, size = next(((unit, size) for unit, size in _SAID.items() if ms >= 2 * size), ("seconds", _SECOND))
    return f"{rounded(ms / size)} {unit}"


def rounded(number: float) -> str:
    """Two digits at least, no more than are worth reading.

    >>> rounded(2.345), rounded(87.6), rounded(1234.5), rounded(0.0123)
    ('2.3', '88', '1,234', '0.012')
    """
    return f"{number:,.0f}" if number >= 10 else f"{number:.2g}"


def range_in_words(low: float | None, high: float | None) -> str:
    """Which numbers are allowed; one of the two bounds at least.

    >>> range_in_words(0.0, 3e3), range_in_words(0.0, None), range_in_words(None, 5.0)
    ('0 to 3000', 'at least 0', 'at most 5')
    """
    if low is None:
        return f"at most {high:g}"
    return f"at least {low:g}" if high is None else f"{low:g} to {high:g}"


def allowed_in_words(names: Sequence[str]) -> str:
    """Which categories are allowed, the first few of many.

    >>> allowed_in_words(["a", "b"]), allowed_in_words(list("abcdefghijkl"))
    ('one of a, b', 'one of a, b, c, d, e, f, g, h and 4 more')
    """
    more = f" and {len(names) - _NAMES} more" if len(names) > _NAMES else ""
    return f"one of {', '.join(names[:_NAMES])}{more}"
