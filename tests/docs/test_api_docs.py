"""docs/api.md lists every operation of the API with all that it takes, and no other."""

import re
from pathlib import Path

from stream_monitor.web.catalogue import CATALOGUE
from stream_monitor.web.operations import Operation

TEXT = (Path(__file__).parents[2] / "docs" / "api.md").read_text(encoding="utf-8")


def row(operation: Operation) -> str:
    fields = [
        field.alias or name
        for kind in (operation.query, operation.body)
        if kind is not None
        for name, field in kind.model_fields.items()
    ]
    takes = ", ".join(f"`{name}`" for name in fields) or "–"
    return f"| `{operation.method} {operation.path}` | {takes} | {operation.summary} |"


def test_the_table_is_that_of_the_catalogue() -> None:
    rows = re.findall(r"^\| `(?:GET|POST|DELETE) .*\|$", TEXT, re.MULTILINE)
    assert rows == [row(operation) for operation in CATALOGUE]
