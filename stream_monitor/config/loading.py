"""File, environment and command line to `Settings`, or everything that is wrong with them at once."""

from collections.abc import Iterable, Mapping
from pathlib import Path as FilePath
from typing import Any, Final

from stream_monitor.config.checks import check, check_kafka
from stream_monitor.config.environment import lay_environment
from stream_monitor.config.problems import Finding, InvalidConfiguration, Path, Place, Problem
from stream_monitor.config.reading import placed, read_file, validated
from stream_monitor.config.secrets import Surroundings, may_refer
from stream_monitor.config.settings import Settings
from stream_monitor.config.yaml_source import Tree, Value
from stream_monitor.core.detector import DetectorSpec

_COMMAND_LINE: Final = Place("command line")


def load(
    path: FilePath | str | None,
    environ: Mapping[str, str],
    overrides: Mapping[str, Any] | None = None,
    *,
    known_detectors: Mapping[str, DetectorSpec] | None = None,
    for_kafka: bool = True,
    reference_files: bool = True,
) -> Settings:
    """The settings; command line before environment before file before default.

    path: the YAML file; None for none. overrides: dotted key → value, as `{"http.listen": "off"}`; mappings are merged.
    known_detectors: by id; None leaves detector ids and parameters unchecked. for_kafka: False where nothing is
    read from Kafka (replay of files), so that brokers and topics may be absent. reference_files: False where they are only
    being made, so that they need not be there.

    Raises InvalidConfiguration with all problems found.
    """
    tree, problems = read_file(path)
    if problems and not tree.values:
        raise InvalidConfiguration(problems)
    problems += lay_environment(tree, environ)
    for key, value in (overrides or {}).items():
        tree.put(tuple(key.split(".")), value, _COMMAND_LINE)
    problems += _stray_references(tree)
    around = Surroundings(
        environ=environ, directory=FilePath(path).absolute().parent if path else FilePath.cwd()
    )
    settings, found = validated(Settings, tree.values, around)
    wrong = [finding.path for finding in found]
    valid = settings
    if found:
        valid = _without(tree.values, wrong, around)
    if valid is not None:
        more = [
            *check(valid, known_detectors, reference_files=reference_files),
            *(check_kafka(valid) if for_kafka else ()),
        ]
        found += [finding for finding in more if not _related(finding, wrong)]
    spoiled = {problem.path for problem in problems}
    problems += [problem for problem in placed(found, tree) if problem.path not in spoiled]
    if problems or settings is None:
        raise InvalidConfiguration(sorted(problems, key=lambda p: (p.line or 0, p.column or 0)))
    return settings


def _without(values: dict[str, Value], wrong: list[Path], around: Surroundings) -> Settings | None:
    """Settings of what is right, so that the checks between keys can say at once what else is wrong.

    A bad list entry takes its whole list with it: positions must stay true.
    """
    left: Any = _copied(values)
    for _ in range(4):  # what is left may lack a key that was cut out: then its entry goes too
        for path in wrong:
            cut = path
            while cut and (isinstance(cut[-1], int) or not _remove(left, cut)):
                cut = cut[:-1]
        settings, found = validated(Settings, left, around)
        if settings is not None:
            return settings
        wrong = [finding.path for finding in found]
    return None


def _copied(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _copied(inner) for key, inner in value.items()}
    return [_copied(inner) for inner in value] if isinstance(value, list) else value


def _remove(tree: Any, path: Path) -> bool:
    for part in path[:-1]:
        try:
            tree = tree[part]
        except (KeyError, IndexError, TypeError):
            return False
    return isinstance(tree, dict) and tree.pop(path[-1], tree) is not tree


def _related(finding: Finding, wrong: list[Path]) -> bool:
    """Whether a finding may only be a consequence of something that was cut out above, at or below it."""
    return any(
        path[: len(other)] == other or other[: len(path)] == path
        for path in (finding.path, *([finding.also] if finding.also else []))
        for other in wrong
    )


def _stray_references(tree: Tree) -> list[Problem]:
    """References where none is resolved: they would be taken as they stand."""

    def walk(value: Value, path: Path) -> Iterable[Finding]:
        if may_refer(path):
            return
        if isinstance(value, dict):
            for key, inner in value.items():
                yield from walk(inner, (*path, key))
        elif isinstance(value, list):
            for at, inner in enumerate(value):
                yield from walk(inner, (*path, at))
        elif isinstance(value, str) and ("${ENV:" in value or "${FILE:" in value):
            what = "references are resolved in kafka.properties and in secrets only"
            yield Finding(path, what, "write the value, or set this key by an environment variable")

    return placed(walk(tree.values, ()), tree)
