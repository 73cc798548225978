"""`stream-monitor detectors`."""

from typing import TYPE_CHECKING

from stream_monitor.cli.options import AsJson
from stream_monitor.cli.output import console, print_json

if TYPE_CHECKING:
    from stream_monitor.detectors.registry import Registered


def detectors(as_json: AsJson = False) -> None:
    """List the installed detectors.

    With the kinds of series they watch, what they are fed and count in, their parameters with defaults, and where they come from.
    """
    from stream_monitor.detectors.registry import installed

    found = installed().registered()
    if as_json:
        print_json([_plain(one) for one in found])
        return
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("id", "kinds", "grain", "parameters", "from"):
        table.add_column(column, overflow="fold")
    for one in found:
        table.add_row(one.id, *_cells(one), ", ".join(one.distributions))
    out = console()
    out.print(table, width=None if out.is_terminal else 160)


def _cells(one: "Registered") -> tuple[str, str, str]:
    if one.spec is None:
        return "-", "-", f"cannot be used: {one.problem}"
    return (
        _kinds(one),
        one.spec.grain.value,
        ", ".join(f"{name}={value!r}" for name, value in one.spec.defaults.items()),
    )


def _kinds(one: "Registered") -> str:
    return ", ".join(sorted(one.spec.kinds)) if one.spec else ""


def _plain(one: "Registered") -> dict[str, object]:
    return {
        "id": one.id,
        "kinds": sorted(one.spec.kinds) if one.spec else [],
        "grain": one.spec.grain.value if one.spec else None,
        "parameters": dict(one.spec.defaults) if one.spec else {},
        "state_version": one.spec.state_version if one.spec else None,
        "library_version": one.spec.library_version if one.spec else None,
        "distributions": list(one.distributions),
        "problem": one.problem,
    }
