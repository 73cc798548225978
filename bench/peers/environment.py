"""An environment for each peer, made by uv on demand in a directory that git ignores: their dependencies exclude each other."""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
_WHERE: Final = ROOT / ".tools" / "peers"


def python_of(peer: str) -> Path:
    """The interpreter of the environment with the packages of `bench/peers/<peer>.txt`. Needs PyPI, the first time.

    Raises RuntimeError with what uv said when they cannot be installed here.
    """
    requirements = Path(__file__).with_name(f"{peer}.txt")
    python = _WHERE / peer / "bin" / "python"
    stamp = _WHERE / f"{peer}.stamp"
    wanted = hashlib.sha256(requirements.read_bytes() + sys.version.encode()).hexdigest()
    if stamp.exists() and stamp.read_text(encoding="ascii") == wanted and python.exists():
        return python
    _uv("venv", "--clear", "--python", sys.executable, str(_WHERE / peer))
    _uv("pip", "sync", "--python", str(python), str(requirements))
    stamp.write_text(wanted, encoding="ascii")
    return python


def environment() -> dict[str, str]:
    """Of a peer's process: nothing of ours on its path, and nobody is told that it runs."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "VIRTUAL_ENV"))}
    return kept | {"DO_NOT_TRACK": "1", "WHYLOGS_NO_ANALYTICS": "True", "PYTHONWARNINGS": "ignore"}


def version_of(peer: str, package: str) -> str:
    """As pinned."""
    lines = Path(__file__).with_name(f"{peer}.txt").read_text(encoding="utf-8").splitlines()
    return next(line.split("==")[1].split()[0] for line in lines if line.startswith(f"{package}=="))


def _uv(*arguments: str) -> None:
    uv = shutil.which("uv") or str(ROOT / ".tools" / "bin" / "uv")
    done = subprocess.run([uv, *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"uv {' '.join(arguments)} ended with {done.returncode}:\n{done.stderr}")
