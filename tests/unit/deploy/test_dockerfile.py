"""The Dockerfile as far as it can be read without building it."""

import re
import shlex
import tomllib
from pathlib import Path
from typing import NamedTuple

import pytest

from stream_monitor.config import load

TOP = Path(__file__).parents[3]
DOCKERFILE = TOP / "deploy" / "Dockerfile"


class Instruction(NamedTuple):
    name: str
    rest: str


def instructions(text: str) -> list[Instruction]:
    """Instructions without comments, continued lines joined."""
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    joined = "\n".join(lines).replace("\\\n", " ")
    return [Instruction(*line.split(maxsplit=1)) for line in joined.splitlines()]


ALL = instructions(DOCKERFILE.read_text())
STARTS = [at for at, instruction in enumerate(ALL) if instruction.name == "FROM"]
BUILD, FINAL = ALL[: STARTS[-1]], ALL[STARTS[-1] :]


def only(stage: list[Instruction], name: str) -> str:
    (found,) = [instruction.rest for instruction in stage if instruction.name == name]
    return found


def test_every_image_is_pinned_to_a_version() -> None:
    images = [i.rest.split()[0] for i in ALL if i.name == "FROM"]
    images += re.findall(r"--from=(\S*[/.]\S*)", "\n".join(i.rest for i in ALL if i.name == "COPY"))
    assert len(images) == 3
    for image in images:
        assert re.search(r":\d+\.\d+\.\d+(-[a-z-]+)?$", image), image


def test_build_and_run_use_the_same_interpreter() -> None:
    bases = {i.rest.split()[0] for i in ALL if i.name == "FROM"}
    assert len(bases) == 1, "the virtual environment links to the interpreter of the image it was built in"


def test_the_interpreter_is_one_that_the_project_supports() -> None:
    classifiers = tomllib.loads((TOP / "pyproject.toml").read_text())["project"]["classifiers"]
    version = re.search(r"python:(\d+\.\d+)", only(FINAL, "FROM"))
    assert version
    assert f"Programming Language :: Python :: {version[1]}" in classifiers


def test_it_runs_as_a_number_that_is_not_root() -> None:
    assert only(FINAL, "USER") == "65532:65532"
    after = FINAL[[i.name for i in FINAL].index("USER") :]
    assert not [i for i in after if i.name in {"RUN", "COPY", "ADD"}]


def test_the_final_image_runs_no_command_while_it_is_built_and_takes_only_the_environment() -> None:
    assert not [i for i in FINAL if i.name in {"RUN", "ADD"}]
    assert only(FINAL, "COPY") == "--from=build /opt/stream-monitor /opt/stream-monitor"


def test_dependencies_come_from_the_lock_file_without_development_tools() -> None:
    syncs = [i.rest for i in BUILD if i.name == "RUN" and "uv sync" in i.rest]
    assert len(syncs) == 2
    for sync in syncs:
        assert {"--locked", "--no-dev"} <= set(shlex.split(sync))
    assert "--no-install-project" in syncs[0]
    assert "--no-editable" in syncs[1]


def test_the_environment_is_where_the_final_image_looks_for_it() -> None:
    build = " ".join(i.rest for i in BUILD if i.name == "ENV")
    final = " ".join(i.rest for i in FINAL if i.name == "ENV")
    assert "UV_PROJECT_ENVIRONMENT=/opt/stream-monitor" in build
    assert "PATH=/opt/stream-monitor/bin:$PATH" in final
    assert "UV_COMPILE_BYTECODE=1" in build
    assert "PYTHONDONTWRITEBYTECODE=1" in final


def test_it_starts_the_program_and_is_stopped_as_the_program_expects() -> None:
    scripts = tomllib.loads((TOP / "pyproject.toml").read_text())["project"]["scripts"]
    assert only(FINAL, "ENTRYPOINT") == '["stream-monitor"]'
    assert "stream-monitor" in scripts
    assert only(FINAL, "CMD") == '["run", "-c", "/etc/stream-monitor/config.yaml"]'
    assert only(FINAL, "STOPSIGNAL") == "SIGTERM"


def test_health_is_asked_where_the_shipped_configuration_listens() -> None:
    listen = load(TOP / "deploy" / "stream-monitor" / "config.yaml", {}).http.listen
    assert listen is not None
    assert f"http://127.0.0.1:{listen.port}/livez" in only(FINAL, "HEALTHCHECK")
    assert only(FINAL, "EXPOSE") == str(listen.port)


def test_the_probe_is_a_program_that_runs() -> None:
    probe = re.search(r'"-c", "(.+)"\]', only(FINAL, "HEALTHCHECK"))
    assert probe
    compile(probe[1], "HEALTHCHECK", "exec")


@pytest.mark.parametrize("label", ["title", "description", "licenses", "version", "revision"])
def test_it_carries_the_labels_of_the_oci(label: str) -> None:
    assert f"org.opencontainers.image.{label}=" in only(FINAL, "LABEL")


def test_the_version_label_is_that_of_the_program() -> None:
    (version,) = [
        i.rest.partition("=")[2] for i in FINAL if i.name == "ARG" and i.rest.startswith("VERSION=")
    ]
    assert f'__version__ = "{version}"' in (TOP / "stream_monitor" / "__init__.py").read_text()


@pytest.mark.parametrize("word", ["password", "secret", "token", "latest", "curl", "sudo"])
def test_nothing_that_does_not_belong_there(word: str) -> None:
    assert word not in "\n".join(i.rest for i in ALL).lower()


def test_what_is_copied_exists() -> None:
    for copy in (i.rest for i in BUILD if i.name == "COPY" and "--from" not in i.rest):
        *sources, _target = copy.split()
        for source in sources:
            assert list(TOP.glob(source)), source
