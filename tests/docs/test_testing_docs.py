"""docs/testing.md is complete and true."""

import re
from pathlib import Path

import pytest

from stream_monitor.config.configuration_tests import schema_of_tests
from tests.docs.configuration_rows import rows_by_section
from tests.unit.cli.commands import run

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "testing.md").read_text(encoding="utf-8")
EXAMPLES = ROOT / "examples" / "tests"
SECTIONS = rows_by_section(schema_of_tests())
OF_OTHERS = {"GeneratorSettings"}  # its keys are those of a series


@pytest.mark.parametrize("section", sorted(SECTIONS.keys() - OF_OTHERS))
def test_every_key_is_documented_with_type_default_and_meaning(section: str) -> None:
    """Fails with the lines that belong into a table."""
    lines = TEXT.splitlines()
    assert [row for row in SECTIONS[section] if row not in lines] == []


def test_no_key_is_documented_that_does_not_exist() -> None:
    written = re.findall(r"^\| `.*$", TEXT, re.MULTILINE)
    assert sorted(written) == sorted(row for name in SECTIONS.keys() - OF_OTHERS for row in SECTIONS[name])


def test_the_file_that_is_shown_is_the_example() -> None:
    (shown,) = re.findall(r"```yaml\n(.*?)```", TEXT, re.DOTALL)
    assert shown == (EXAMPLES / "tests.yaml").read_text(encoding="utf-8")


def test_what_is_told_is_what_is_printed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Numbers aside: detectors may become quicker."""
    monkeypatch.chdir(tmp_path)
    Path("monitor.yaml").write_text((EXAMPLES / "monitor.yaml").read_text())
    example = (EXAMPLES / "tests.yaml").read_text()
    Path("tests.yaml").write_text(
        example.replace("shift: 60", "shift: -20").replace("missing: 0.4", "missing: 0.02")
    )
    ran = run("test", "tests.yaml")
    (shown,) = re.findall(r"```text\n(.*?)```", TEXT, re.DOTALL)
    assert ran.code == 1
    assert _without_numbers(ran.out + ran.err) == _without_numbers(shown)


def _without_numbers(text: str) -> str:
    return re.sub(r"[-+]?\d[\d.,:TZ-]*\s*", "#", text)
