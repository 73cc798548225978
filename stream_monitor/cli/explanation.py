"""Explanations as text. Owns the words, not the numbers."""

from collections.abc import Iterator, Sequence
from textwrap import TextWrapper
from typing import TYPE_CHECKING, TypeAlias

from stream_monitor.app.amounts import allowed_in_words, budget_in_words, duration, range_in_words, rounded
from stream_monitor.cli.outcomes import outcome_lines

if TYPE_CHECKING:
    from stream_monitor.app.explanation import ConstraintsExplained, Explanation, Found, Power, Smallest
    from stream_monitor.core.status import SeriesStatus

Line: TypeAlias = tuple[str, str | None]
"""A line and its style."""
_HEAD = "bold"
_WRAPPER = TextWrapper(width=110, replace_whitespace=False, break_on_hyphens=False)
_AFTER_DRIFT = {
    "keep": "keep: the alert stays open until the series is back",
    "adopt": "adopt: once the drift has lasted, the new regime is learned as the new normal",
}
_LIMITS = {
    "evidence": "less brings too little evidence in that time",
    "tolerance": "the tolerance: less is not reported",
    "past": "less becomes normal first",
}

_BLOCK = 32
_SETTLED = 1024  # values


def paragraphs(explained: "Sequence[Explanation]") -> Iterator[Line]:
    """Everything, one series after the other."""
    for at, one in enumerate(explained):
        if at:
            yield "", None
        of = "" if one.version is None else f", version {one.version}"
        of += "" if one.segment is None else f", where {one.segment}"
        yield f"{one.model}.{one.series}{of}", _HEAD
        yield f"read from {one.source}", "dim"
        for title, texts in (
            ("How it is watched", _watched(one)),
            ("Its share of the alarm budget", _budget(one)),
            ("What is found, on average", _power(one)),
            ("Now", _now(one)),
        ):
            yield "", None
            yield title, _HEAD
            for line in (line for text in texts for line in _WRAPPER.wrap(text) or [""]):
                yield f"  {line}".rstrip(), None


def one_line_each(explained: "Sequence[Explanation]") -> Iterator[Line]:
    """A table with a line for each series."""
    rows = [("series", "kind", "now", "a false alarm in", "found within 10,000 values", "because of")]
    for one in explained:
        of = "" if one.version is None else f" of {one.version}"
        of += "" if one.segment is None else f" where {one.segment}"
        rows.append((f"{one.series}{of}", _kind(one), _phase(one), _span(one), *_at_best(one)))
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    first = explained[0]
    yield f"{first.model}: {len(explained):,} series, read from {first.source}", _HEAD
    for at, row in enumerate(rows):
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        yield "  ".join(cells).rstrip(), _HEAD if at == 0 else None


def _watched(one: "Explanation") -> Iterator[str]:
    reference = one.reference
    if reference.given:
        file = f"given, {reference.file}" if reference.file else "given"
        normal = f"{file}, {reference.values:,} values"
    else:
        normal = f"learned from its first {reference.values:,} values"
    yield f"kind         {_kind(one)}"
    yield f"reference    {normal}"
    yield f"detectors    {', '.join(one.detectors) or 'none'}"
    yield f"tolerance    {one.tolerance:g} standard deviations of the reference; no smaller effect is reported"
    for what, said in _demanded(one.constraints) if one.constraints is not None else ():
        yield f"{what:<13}{said}"
    yield f"after drift  {_AFTER_DRIFT[one.after_drift]}"
    for what, said in outcome_lines(one.outcomes) if one.outcomes is not None else ():
        yield f"{what:<13}{said}"
    if reference.given:
        yield (
            "A mean that stays off the reference by the tolerance is reported, as differs_from_reference, after about"
            f" {_SETTLED:,} values at the latest. That claim has no bound; the token bucket holds it."
        )


def _demanded(constraints: "ConstraintsExplained") -> Iterator[tuple[str, str]]:
    """What is demanded of a feature and by whom, beside its heading."""
    said = {}
    if constraints.range is not None:
        said["range"] = range_in_words(*constraints.range)
    if constraints.allowed is not None:
        said["allowed"] = allowed_in_words(constraints.allowed)
    if constraints.required is not None:
        said["required"] = "required" if constraints.required else "not required"
    if constraints.at_most is not None:
        said["at_most"] = f"at most {constraints.at_most:.2%} of events may break it, or an alert says so"
    for at, (field, words) in enumerate(said.items()):
        yield "" if at else "demanded", f"{words} ({constraints.origins[field]})"


def _budget(one: "Explanation") -> Iterator[str]:
    from stream_monitor.core.parameters import Budget

    budget = one.budget
    said = budget_in_words(Budget(alarms=budget.alarms, span=budget.span, unit=budget.unit))
    yield f"The model accepts {said}{'' if budget.unit == 'events' else ' of event time'}."
    if budget.tested:
        yield (
            f"{budget.tests_share:.0%} of that are for the sequential tests, the same to each of {budget.series:,} series:"
            f" one false alarm of this one in {_span(one)}{_in_values(one)}."
        )
    else:
        yield "No sequential test watches this series: its detectors have no bound of their own."
    yield (
        "All other detectors of the model share a token bucket: one alert, then at most one more in"
        f" {_of_unit(one, budget.bucket_span)}."
    )


def _power(one: "Explanation") -> Iterator[str]:
    power = one.power
    if power is None:
        yield _no_power(one)
        return
    width = max(len(_change(power, found)) for found in power.changes)
    yield f"{'change':<{width}}  evidence a value  evidence needed  found after"
    for found in power.changes:
        evidence = f"{found.evidence:>11.3g} nats  {found.needed:>10.1f} nats"
        yield f"{_change(power, found):<{width}}  {evidence}  {_when(found)}"
    if one.kind is None:
        yield "Its kind is learned with its reference: this is what holds for numbers."
    if not power.exact:
        yield "Its reference is not known here: these are the latest delays, for shares that are hardest to tell."
    yield ""
    yield "The smallest change that is found"
    for smallest in power.smallest:
        yield f"  within {smallest.within:>7,} values: {_smallest(power, smallest)}"
    yield ""
    yield from _why(one, power)


def _no_power(one: "Explanation") -> str:
    if one.kind == "identifier":
        return "Nothing: identifiers are counted and not watched."
    if not one.budget.tested:
        return "Not known: other detectors than the sequential test have no formula; try them with stream-monitor test."
    if one.budget.values_per_alarm is None:
        return "The budget counts time, and nothing says how often there is a value: add --rate EVENTS_PER_SECOND."
    return "The budget allows an alarm with every value."


def _why(one: "Explanation", power: "Power") -> Iterator[str]:
    values = one.budget.values_per_alarm
    assert values is not None
    assumed = " (assumed)" if power.past_assumed else ""
    yield (
        "Why: evidence is how much better a value of the new regime fits it than the old one; for a mean moved by d standard"
        " deviations it is d²/2 nats on average. What is needed grows with the logarithm of the values between two false"
        f" alarms, {rounded(values)}; a larger budget or fewer series lower it little. It is decided at the end of every"
        f" {_BLOCK} values. Every value joins what is normal: against a past of {power.past:,}{assumed} a small change becomes"
        " part of it before there is enough evidence; the more past, the smaller the change that is found."
    )
    yield (
        "All of this holds for values whose order means nothing. Where they depend on those before, it takes longer:"
        " docs/explanation/alarm-budget.md."
    )


def _now(one: "Explanation") -> Iterator[str]:
    status = one.now
    if status is None:
        yield "Not known: read from the configuration alone."
        return
    yield f"{_phase(one)}; {status.values:,} values so far, {status.missing:.1%} missing"
    if one.budget.values_per_second:
        yield f"about {rounded(one.budget.values_per_second)} values a second of event time"
    if status.phase == "watching":
        yield f"recent effect: {status.effect:+.2f} standard deviations of the reference"
    yield from _test_now(status)


def _test_now(status: "SeriesStatus") -> Iterator[str]:
    test = status.test
    if test is None:
        return
    if not test.learning and test.view is not None:
        yield f"sequential test: evidence {test.evidence:.2g}, an alarm at 1"
    yield test.words + ("" if test.bounded else _as_one(test.lag_1))


def _as_one(lag_1: float) -> str:
    """Effective sample size, were it an autoregression of order one."""
    if not 0 < lag_1 < 1:
        return ""
    return f" (about {rounded((1 + lag_1) / (1 - lag_1))} such values say as much as one independent one)"


def _kind(one: "Explanation") -> str:
    return str(one.kind) if one.kind is not None else "not known yet"


def _phase(one: "Explanation") -> str:
    status = one.now
    if status is None:
        return "not known"
    if status.waiting:
        return "waiting: it drifts, the alarm budget is spent"
    if status.blind:
        return "blind"
    if status.phase == "warming":
        return f"warming up, {status.warm_up:.0%}"
    return "drifting: an alert is open" if status.phase == "drifting" else str(status.phase)


def _span(one: "Explanation") -> str:
    span = one.budget.span_per_alarm
    return "no bound" if span is None else _of_unit(one, span)


def _of_unit(one: "Explanation", span: float) -> str:
    return f"{rounded(span)} events" if one.budget.unit == "events" else duration(span)


def _in_values(one: "Explanation") -> str:
    values = one.budget.values_per_alarm
    if one.budget.unit == "events":
        return " (counted in its own values)"
    return "" if values is None else f" of event time, about {rounded(values)} of its values"


def _change(power: "Power", found: "Found") -> str:
    if power.moves == "mean":
        return f"mean ±{found.size:.3g} sd"
    if found.before is None or found.after is None:
        return f"{power.moves} ±{found.size:.3g}"
    return f"{power.moves} {found.before:.3g} → {found.after:.3g}"


def _when(found: "Found") -> str:
    if not found.reported:
        return f"not reported: effect {found.effect:.2g}, below the tolerance"
    if found.delay is None:
        return "never: it becomes normal first"
    time = "" if found.delay_seconds is None else f", {duration(found.delay_seconds * 1000)}"
    return f"{found.delay:,} values{time}"


def _smallest(power: "Power", one: "Smallest") -> str:
    if one.change is None:
        return f"none ({_LIMITS[one.limit]})"
    return f"{_change(power, one.change)} ({_LIMITS[one.limit]})"


def _at_best(one: "Explanation") -> tuple[str, str]:
    if one.power is None:
        return "not known", ""
    best = next(smallest for smallest in one.power.smallest if smallest.within == 10_000)
    return ("none" if best.change is None else _change(one.power, best.change)), str(best.limit)
