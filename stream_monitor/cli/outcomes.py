"""Labels and performance of a model in words."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from stream_monitor.app.amounts import duration

if TYPE_CHECKING:
    from stream_monitor.app.outcomes import OutcomesExplained


def outcome_lines(of: "OutcomesExplained") -> Iterator[tuple[str, str]]:
    """What it is about, and what is said of it."""
    if of.task is None:
        yield "task", "told from the first labelled predictions"
    else:
        yield "task", str(of.task) + (f", positive {of.positive}" if of.positive is not None else "")
    begin = "expected" if of.expected else "not expected: from the first label on"
    yield (
        "labels",
        f"{begin}, a prediction waits {duration(of.wait_ms)}, at most {of.pending:,} at a time",
    )
    if of.promised:
        figures = ", ".join(f"{name} {value:g}" for name, value in of.promised.items())
        promise = f"{figures}, over {of.window:,} labelled predictions"
    elif of.referenced:
        versions = ", ".join(version or "(none)" for version in of.referenced)
        promise = f"what the reference holds of version {versions}, over {of.window:,} labelled predictions"
    else:
        promise = f"that of the first {of.reference:,} labelled predictions, over {of.window:,}"
    yield "promised", f"{promise}; a drop of {of.tolerance:g} is tolerated"
