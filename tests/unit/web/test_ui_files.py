"""The dashboard's files as they are: what is vendored, what a strict policy allows, and colours that can be read."""

import hashlib
import json
import re
from pathlib import Path

import pytest

UI = Path(__file__).parents[3] / "stream_monitor" / "web" / "ui"
VENDOR = UI / "vendor"
OWN = sorted(
    path for path in UI.rglob("*") if path.suffix in (".js", ".css", ".html") and VENDOR not in path.parents
)
LONGEST_FILE = 400

# Text and what it lies on; `-soft` is the ground of a state.
PAIRS = [
    *[
        (text, ground)
        for text in ("text", "text-2", "text-3")
        for ground in ("bg", "surface", "sunken", "hover")
    ],
    *[(tone, f"{tone}-soft") for tone in ("critical", "warning", "good", "warming", "silent", "accent")],
    *[(tone, ground) for tone in ("critical", "warning", "accent") for ground in ("surface", "bg", "hover")],
    ("on-accent", "accent"),
    ("text-2", "silent-soft"),
]


def test_vendored_files_are_those_of_the_packages_and_have_their_licences() -> None:
    listed = json.loads((VENDOR / "vendored.json").read_text())
    texts = {text for one in listed.values() for text in one["licence_texts"]}
    assert {path.name for path in VENDOR.iterdir()} == {*listed, *texts, "vendored.json"}
    for name, one in listed.items():
        assert hashlib.sha256((VENDOR / name).read_bytes()).hexdigest() == one["sha256"], name
    for text in texts:
        assert re.search(r"Copyright|Apache License|SIL Open Font License", (VENDOR / text).read_text()), text


@pytest.mark.parametrize("file", OWN, ids=lambda path: str(path.relative_to(UI)))
def test_a_strict_policy_allows_all_of_it(file: Path) -> None:
    source = file.read_text()
    assert len(source.splitlines()) <= LONGEST_FILE
    assert not re.search(r"\b(eval|innerHTML|outerHTML|insertAdjacentHTML|dangerouslySetInnerHTML)\b", source)
    code = re.sub(r"/\*.*?\*/", "", source, flags=re.DOTALL)  # types in comments import, too
    assert not re.search(r"new Function\b|\bimport\(", code)
    # Nothing is fetched from elsewhere: no address but names of namespaces and of licences.
    foreign = set(re.findall(r"https?://[\w.]+", source)) - {"http://www.w3.org"}
    assert foreign == set()


def test_the_page_has_neither_inline_scripts_nor_inline_styles() -> None:
    page = (UI / "index.html").read_text()
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=", page)
    for path in re.findall(r'(?:src|href)="([^"]+)"', page):
        assert path.startswith("ui/")
        assert (UI / path.removeprefix("ui/")).is_file(), path


def test_every_module_that_is_imported_is_there_and_is_used() -> None:
    scripts = [file for file in OWN if file.suffix == ".js"]
    imported = {UI / "app.js", UI / "early.js"}
    for file in scripts:
        for path in re.findall(r'(?:from|import) "(\.[^"]+)"', file.read_text()):
            target = (file.parent / path).resolve()
            assert target.is_file(), f"{file.name} imports {path}"
            imported.add(target)
    assert set(scripts) <= imported


def schemes() -> dict[str, dict[str, str]]:
    """Values of the colours, by scheme."""
    source = (UI / "css" / "tokens.css").read_text()
    blocks = {
        "light": source[source.index(":root {") : source.index("@media")],
        "dark": source[source.index("@media") : source.index("/* Chosen by hand")],
        "chosen dark": source[source.index(':root[data-scheme="dark"]') :],
    }
    return {name: dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", block)) for name, block in blocks.items()}


def test_the_dark_scheme_is_the_same_whoever_chose_it_and_names_every_colour() -> None:
    found = schemes()
    assert found["dark"] == found["chosen dark"]
    assert set(found["dark"]) == set(found["light"])


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("text", "ground"), PAIRS)
def test_text_can_be_read(scheme: str, text: str, ground: str) -> None:
    """WCAG 2.2, success criterion 1.4.3: 4.5 for text of this size."""
    colours = schemes()[scheme]
    brighter, darker = sorted((luminance(colours[text]), luminance(colours[ground])), reverse=True)
    assert (brighter + 0.05) / (darker + 0.05) >= 4.5


def luminance(colour: str) -> float:
    """Relative luminance of WCAG 2.2."""
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
