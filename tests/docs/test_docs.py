"""Every page: links lead somewhere, configurations load, commands and files that are named exist, words have their code."""

import importlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple, cast

import pytest
import typer.main
from typer.core import TyperCommand, TyperGroup

from stream_monitor.cli.main import app
from stream_monitor.config import load

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "examples").rglob("*.md")],
    key=lambda page: page.as_posix(),
)
# A comment before a block says what is not whole: a configuration's fragment, or code that is not to be run.
MARK = re.compile(r"<!-- (fragment|run)\b[^>]*-->\n$")
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
# Not what begins with a dot: it is relative to wherever a command is run.
FILE = re.compile(r"^[\w-][\w.-]*(?:/[\w.*-]+)*\.(?:py|md|yaml|yml|toml|json)$")


class Block(NamedTuple):
    """A fenced block. mark: what a comment before it says, if anything."""

    page: Path
    language: str
    text: str
    mark: str | None

    def __str__(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.text.partition(chr(10))[0][:40]}"


def _blocks() -> Iterator[Block]:
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        for found in FENCE.finditer(text):
            mark = MARK.search(text[: found.start()])
            yield Block(page, found[1], found[2], mark[1] if mark else None)


BLOCKS = list(_blocks())
YAML = [block for block in BLOCKS if block.language == "yaml" and block.mark != "fragment"]
PYTHON = [block for block in BLOCKS if block.language == "python"]
SHELL = [block for block in BLOCKS if block.language in {"sh", "console", ""}]


def _name(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def _without_blocks(page: Path) -> str:
    return FENCE.sub("", page.read_text(encoding="utf-8"))


def _anchors(page: Path) -> set[str]:
    """As GitHub makes them of headings."""
    headings = re.findall(r"^#+ (.+)$", _without_blocks(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_relative_links_lead_somewhere(page: Path) -> None:
    broken = []
    for link in re.findall(r"\]\(([^)\s]+)\)", _without_blocks(page)):
        path, _, anchor = link.partition("#")
        if re.match(r"[a-z]+:", link):
            continue
        target = (page.parent / path).resolve() if path else page
        if not target.exists() or (anchor and anchor not in _anchors(target)):
            broken.append(link)
    assert broken == []


@pytest.mark.parametrize("block", YAML, ids=str)
def test_configurations_load(block: Block, tmp_path: Path) -> None:
    text = re.sub(r"\$\{FILE:[^}]*\}", "${FILE:secret}", block.text)
    (tmp_path / "secret").touch()
    for reference in re.findall(r"[\w./-]+\.(?:parquet|csv)", text):
        file = tmp_path / reference.lstrip("/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
    (tmp_path / "monitor.yaml").write_text(text, encoding="utf-8")
    assert load(tmp_path / "monitor.yaml", {}).version == 1


def test_the_configuration_of_the_readme_is_the_example() -> None:
    (shown,) = (block.text for block in YAML if block.page.name == "README.md")
    comment, _, example = (ROOT / "examples" / "one-model.yaml").read_text(encoding="utf-8").partition("\n")
    assert comment.startswith("#")
    assert shown == example
    assert len(shown.splitlines()) == 9


@pytest.mark.parametrize("block", PYTHON, ids=str)
def test_python_compiles_and_prints_what_is_shown(block: Block, capsys: pytest.CaptureFixture[str]) -> None:
    """Code that is marked is run; the block of text after it is what it prints."""
    code = compile(block.text, str(block), "exec")
    if block.mark == "run":
        exec(code, {"__name__": "docs"})
        shown = BLOCKS[BLOCKS.index(block) + 1]
        assert (shown.language, shown.text) == ("text", capsys.readouterr().out)


def _commands() -> list[tuple[str, str]]:
    """Page and command line, of blocks and of code in sentences."""
    found = []
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        found += [(_name(page), line) for line in re.findall(r"`(stream-monitor [^`]+)`", text)]
    for block in SHELL:
        lines = re.findall(r"(?:^|\s|/)(stream-monitor [a-z][^\n|>#]*)", block.text)
        found += [(_name(block.page), line) for line in lines]
    return sorted(set(found))


@pytest.mark.parametrize(("page", "line"), _commands())
def test_commands_that_are_named_exist(page: str, line: str) -> None:
    command: TyperCommand | TyperGroup = cast("TyperGroup", typer.main.get_command(app))
    for word in line.split()[1:]:
        if isinstance(command, TyperGroup) and not word.startswith("-"):
            assert word in command.commands, f"{page}: {line}"
            command = cast("TyperCommand | TyperGroup", command.commands[word])
        elif word.startswith("-"):
            known = {name for one in command.params for name in one.opts} | {"--help"}
            assert word.partition("=")[0] in known, f"{page}: {line}"
    assert not isinstance(command, TyperGroup), f"{page}: {line} names no command"


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_targets_of_make_exist(page: Path) -> None:
    targets = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    text = page.read_text(encoding="utf-8")
    named = re.findall(r"`make ([a-z]+)|^(?:\$ )?make ([a-z]+)", text, re.MULTILINE)
    assert {first or second for first, second in named} <= set(targets)


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_files_that_are_named_exist(page: Path) -> None:
    """Code in sentences that is a path with a directory; a path starts at the checkout, the package or the page."""
    named = [
        word for word in re.findall(r"`([^`\s]+)`", _without_blocks(page)) if "/" in word and FILE.match(word)
    ]
    roots = (ROOT, ROOT / "stream_monitor", page.parent)
    assert [word for word in named if not any([*root.glob(word)] for root in roots)] == []


def test_tests_that_are_named_exist() -> None:
    defined = {
        name
        for file in (ROOT / "tests").rglob("test_*.py")
        for name in re.findall(r"^def (test_\w+)", file.read_text(encoding="utf-8"), re.MULTILINE)
    }
    named = {name for page in PAGES for name in re.findall(r"`(test_\w+)`", page.read_text(encoding="utf-8"))}
    assert len(named) > 20
    assert named - defined == set()


GLOSSARY = re.findall(
    r"^\| \*\*([^*]+)\*\* \| (.+) \| `([\w.]+):(\w+)` \|$",
    (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8"),
    re.MULTILINE,
)


@pytest.mark.parametrize(("module", "name"), sorted({(module, name) for _, _, module, name in GLOSSARY}))
def test_words_of_the_glossary_have_their_code(module: str, name: str) -> None:
    assert hasattr(importlib.import_module(f"stream_monitor.{module}"), name)


def test_the_glossary_explains_each_word_once() -> None:
    text = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
    words = [word for word, *_ in GLOSSARY]
    assert len(words) == len(re.findall(r"^\| \*\*", text, re.MULTILINE)) > 40, "a line that is not read"
    assert len(set(words)) == len(words)


def test_every_page_is_in_the_index() -> None:
    index = ROOT / "docs" / "index.md"
    linked = {
        (index.parent / link.partition("#")[0]).resolve()
        for link in re.findall(r"\]\(([^)\s]+)\)", index.read_text(encoding="utf-8"))
    }
    assert {page for page in PAGES if page.is_relative_to(ROOT / "docs")} - linked == {index}


def test_the_place_of_the_table_of_chaos_is_marked() -> None:
    text = (ROOT / "docs" / "delivery-semantics.md").read_text(encoding="utf-8")
    assert re.search(r"^<!-- chaos:begin -->$.*^<!-- chaos:end -->$", text, re.DOTALL | re.MULTILINE)
