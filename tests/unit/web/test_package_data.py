"""The dashboard's files reach whoever installs the package: nothing that it serves is left out of the wheel.

The wheel takes every file of the package that git does not ignore (hatchling's rule).
"""

import subprocess
import tomllib
from pathlib import Path

from stream_monitor.web.assets import PAGE, assets

ROOT = Path(__file__).parents[3]
FILES = sorted(file for file in (ROOT / "stream_monitor" / "web" / "ui").rglob("*") if file.is_file())


def test_the_wheel_takes_the_package_as_it_is() -> None:
    build = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["hatch"]["build"]
    wheel = build["targets"]["wheel"]
    assert wheel.pop("hooks") == {
        "custom": {"path": "scripts/compile_kernels.py"}
    }  # adds, and leaves nothing out
    assert wheel == {"packages": ["stream_monitor"]}
    assert set(build) == {"targets"}  # no exclude for all targets


def test_git_ignores_none_of_the_files() -> None:
    assert FILES
    listed = "\n".join(str(file.relative_to(ROOT)) for file in FILES)
    told = subprocess.run(
        ["git", "check-ignore", "--no-index", "--stdin"],
        input=listed,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (told.returncode, told.stdout, told.stderr) == (1, "", "")  # 1: none is ignored


def test_every_file_is_served() -> None:
    served = {ROOT / "stream_monitor" / "web" / "ui" / path for path in assets()}
    assert served == set(FILES)
    assert PAGE in assets()
