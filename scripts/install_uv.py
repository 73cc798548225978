"""Put uv into .tools/ of the checkout, for `make` on a machine without uv. Standard library only.

In order: a virtual environment with pip; pip of this interpreter; pip's own wheel from PyPI (Debian's python3 comes
with neither pip nor ensurepip), checked against the digest that PyPI names. Nothing is written outside .tools/.
"""

import hashlib
import json
import shutil
import subprocess
import sys
import urllib.parse
import urllib.request
from collections.abc import Callable
from pathlib import Path

UV = "uv==0.13.9"
TOOLS = Path(__file__).resolve().parent.parent / ".tools"
INDEX = "https://pypi.org/pypi/pip/json"


def with_venv() -> None:
    """Install into a virtual environment of its own."""
    run(sys.executable, "-m", "venv", str(TOOLS / "venv"))
    run(str(TOOLS / "venv/bin/python"), "-m", "pip", "install", "--quiet", UV)
    link(TOOLS / "venv/bin/uv")


def with_pip() -> None:
    """Install with the pip of this interpreter into a directory (allowed where the environment is managed)."""
    run(sys.executable, "-m", "pip", "install", "--quiet", "--target", str(TOOLS / "lib"), UV)
    link(TOOLS / "lib/bin/uv")


def with_pip_from_pypi() -> None:
    """Run pip from its wheel, which is a zip file that Python can execute."""
    with urllib.request.urlopen(INDEX, timeout=60) as answer:
        files = json.load(answer)["urls"]
    wheel = next(file for file in files if file["packagetype"] == "bdist_wheel")
    url = urllib.parse.urljoin(INDEX, wheel["url"])  # mirrors answer with relative ones
    with urllib.request.urlopen(url, timeout=180) as answer:
        content: bytes = answer.read()
    if hashlib.sha256(content).hexdigest() != wheel["digests"]["sha256"]:
        raise OSError(f"{url} does not have the digest that PyPI names")
    path = TOOLS / wheel["filename"]
    path.write_bytes(content)
    run(sys.executable, str(path / "pip"), "install", "--quiet", "--target", str(TOOLS / "lib"), UV)
    link(TOOLS / "lib/bin/uv")


def run(*command: str) -> None:
    """Run a command; its last words are the reason when it fails."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        said = (done.stderr or done.stdout).strip().splitlines()
        raise OSError(said[-1] if said else f"{command[0]} ended with {done.returncode}")


def link(binary: Path) -> None:
    """Make .tools/bin/uv the one path that the Makefile knows."""
    if not binary.exists():
        raise OSError(f"{binary} is missing after the installation")
    (TOOLS / "bin").mkdir(exist_ok=True)
    target = TOOLS / "bin/uv"
    target.unlink(missing_ok=True)
    target.symlink_to(binary)


def main() -> int:
    """Try each way; 0 when one worked."""
    shutil.rmtree(TOOLS, ignore_errors=True)
    TOOLS.mkdir()
    ways: tuple[Callable[[], None], ...] = (with_venv, with_pip, with_pip_from_pypi)
    reasons = []
    for way in ways:
        try:
            way()
        except (
            OSError,
            LookupError,
            ValueError,
        ) as error:  # no network, or an index that answers in another way
            reasons.append(f"  {way.__name__}: {error}")
        else:
            return 0
    print(
        f"cannot install {UV}:",
        *reasons,
        "See https://docs.astral.sh/uv/ for other ways.",
        sep="\n",
        file=sys.stderr,
    )
    return 1


if __name__ == "__main__":
    sys.exit(main())
