"""The official parser of AsyncAPI for the tests: installed once into a cache on this machine, as its lock file says.

Never skips: a missing Node.js or npm is an error that names the command to install it.
"""

import hashlib
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FILES = Path(__file__).parent / "asyncapi"
PINNED = ("package.json", "package-lock.json")
INSTALL = "scripts/system-parts installs it, or: apt-get install -y nodejs npm"
INSTALL_SECONDS = 240
PARSE_SECONDS = 60


class ParserUnavailableError(RuntimeError):
    """The parser cannot be had on this machine; the message says what to install."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parsed:
    """What the parser says of a document. version: None where it is no document to it."""

    version: str | None
    operations: Mapping[str, Any]
    diagnostics: Sequence[Mapping[str, Any]]


def parse(documents: Sequence[object]) -> list[Parsed]:
    """What the parser says of each document."""
    command = [program("node"), str(FILES / "parse.js"), str(parser_folder())]
    done = subprocess.run(
        command,
        input=json.dumps(documents),
        capture_output=True,
        text=True,
        check=False,
        timeout=PARSE_SECONDS,
    )
    assert done.returncode == 0, done.stderr
    return [Parsed(**one) for one in json.loads(done.stdout)]


def program(name: str) -> str:
    """Where `name` is; raises ParserUnavailableError."""
    if found := shutil.which(name):
        return found
    raise ParserUnavailableError(f"no {name} found for the parser of AsyncAPI; {INSTALL}")


def parser_folder() -> Path:
    """The folder in which the pinned parser is installed, at first by npm.

    Its name carries a digest of the lock file, so that another lock file never meets old packages. Atomic: it appears
    complete (rename) or not at all, also when two test runs install at once.
    """
    digest = hashlib.sha256(b"".join((FILES / name).read_bytes() for name in PINNED)).hexdigest()[:12]
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    target = base / "stream-monitor" / "asyncapi-parser" / digest
    if target.is_dir():
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".install-") as scratch:
        fresh = Path(scratch) / "parser"
        _install(fresh)
        try:
            fresh.rename(target)
        except OSError:
            if not target.is_dir():  # another run was faster: its packages are the same
                raise
    return target


def _install(target: Path) -> None:
    target.mkdir()
    for name in PINNED:
        shutil.copy(FILES / name, target)
    # No scripts: what is parsed with needs none, and nobody else's code runs at installation.
    command = [program("npm"), "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline"]
    done = subprocess.run(
        command, cwd=target, capture_output=True, text=True, check=False, timeout=INSTALL_SECONDS
    )
    if done.returncode != 0:
        raise ParserUnavailableError(
            f"npm could not install the parser of AsyncAPI (network? proxy? ~/.npmrc?):\n{' '.join(command)}\n"
            f"{done.stdout}{done.stderr}"
        )
