"""Files of tests of a configuration: what goes in, and which drift events must come out. Reads no data, runs nothing."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import Field, PlainValidator, WithJsonSchema, model_validator

from stream_monitor.config.fields import FormatVersion, Name, Section, Shorthand, refuse, shown
from stream_monitor.config.input_streams import StreamSettings
from stream_monitor.config.problems import Finding, InvalidConfiguration, Problem, name_instead
from stream_monitor.config.problems import Path as KeyPath
from stream_monitor.config.reading import placed, read_file, validated
from stream_monitor.config.schema import schema_of
from stream_monitor.config.settings import Settings
from stream_monitor.config.yaml_source import Tree

SCHEMA_ID: Final = "https://stream-monitor.io/schemas/test-v1.json"
UNNAMED_MODEL: Final = "model"
"""Whose the events of a stream are where neither the test nor the configuration names a model."""
_RANGE: Final = "write [FIRST, LAST], two rows counted from 0"
_EXPECT: Final = "write none, or - {series: feature:NAME, between: [FIRST, LAST]}"


# --- what must come out -----------------------------------------------------------------------------------------------


def _between(value: object) -> tuple[int, int]:
    if not isinstance(value, list | tuple):
        raise refuse(f"must be a list of two rows, not {shown(value)}", _RANGE)
    if len(value) != 2 or not all(type(row) is int and row >= 0 for row in value):
        raise refuse("is not a list of two rows", _RANGE)
    first, last = value
    if last < first:
        raise refuse(f"row {last} is before row {first}", _RANGE)
    return first, last


def _expected(value: object) -> object:
    if value == "none":
        return []
    if not isinstance(value, list):
        raise refuse(f"must be none or a list of drift events, not {shown(value)}", _EXPECT)
    if not value:
        raise refuse("is empty", _EXPECT)
    return value


Between = Annotated[
    tuple[int, int],
    PlainValidator(_between, json_schema_input_type=Any),
    WithJsonSchema(
        {"type": "array", "items": {"type": "integer", "minimum": 0}, "minItems": 2, "maxItems": 2}
    ),
]


class Expectation(Section):
    """A drift event that must come out."""

    series: Name = Field(
        description="Its series: feature:NAME, missing:NAME, prediction, probability, label or latency_ms; or one that is"
        " computed, such as traffic, outlier, quality:unseen or schema:NAME.",
    )
    status: Literal["opened", "updated", "resolved"] = Field("opened", description="Its status.")
    between: Between = Field(
        description="First and last row, from 0, between which it must be raised; both count."
    )
    severity: Literal["warning", "critical"] | None = Field(
        None, description="Its severity; either if absent."
    )
    direction: Literal["up", "down", "other"] | None = Field(
        None, description="Where the values went; anywhere if absent."
    )


Expected = Annotated[list[Expectation], Shorthand(_expected, {"const": "none"})]

# --- what goes in -----------------------------------------------------------------------------------------------------


class ColumnSettings(Section):
    """The columns of flat rows that are not features, as the options of replay."""

    time: Name | None = Field(None, description="Column with the event time.")
    id: Name | None = Field(None, description="Column with the id that joins prediction and label.")
    prediction: Name | None = Field(None, description="Column with the predicted class or value.")
    probability: Name | None = Field(None, description="Column with the probability or score.")
    label: Name | None = Field(None, description="Column with the truth.")
    latency: Name | None = Field(None, description="Column with the latency of the model in milliseconds.")
    version: Name | None = Field(None, description="Column with the version of the model.")


class InputSettings(Section):
    """Events of a file, or synthetic ones."""

    file: Name | None = Field(
        None,
        description="CSV, JSON lines (both also .gz) or Parquet, as replay reads it; a relative path starts at this"
        " file's directory.",
    )
    columns: ColumnSettings = Field(
        default_factory=ColumnSettings, description="Columns of the file that are not features."
    )
    stream: StreamSettings | None = Field(None, description="Synthetic events, from a seed.")

    @model_validator(mode="after")
    def _one_of(self) -> "InputSettings":
        if (self.file is None) == (self.stream is None):
            what = "says nothing" if self.file is None else "gives both file and stream"
            raise refuse(what, "write either file: PATH or stream: {rows: NUMBER, features: …}")
        if self.stream is not None and self.columns != ColumnSettings():
            raise refuse("only a file has columns", "remove columns")
        return self


class ConfigurationTest(Section):
    """One test: the monitor begins anew, takes the input, and must raise what is expected."""

    name: Name = Field(description="What it shows, in words; unique in the file.")
    model: Name | None = Field(None, description="Whose the events are, instead of the file's model.")
    input: InputSettings = Field(description="What goes in.")
    expect: Expected = Field(description="What must come out: none, or drift events.")
    unexpected: Literal["fail", "ignore"] = Field(
        "fail", description="What becomes of a test in which other alerts open, too."
    )

    @model_validator(mode="after")
    def _can_fail(self) -> "ConfigurationTest":
        if not self.expect and self.unexpected == "ignore":
            raise refuse("expects nothing and ignores the rest", "remove unexpected: ignore")
        return self


class ConfigurationTests(Section):
    """Tests of a configuration of stream-monitor."""

    version: FormatVersion = Field(1, description="Version of this format: 1.")
    config: Name = Field(
        description="The configuration that is tested; a relative path starts at this file's directory."
    )
    model: Name | None = Field(
        None,
        description="Whose the events are, of streams and flat rows; the only configured model if absent.",
    )
    tests: list[ConfigurationTest] = Field(min_length=1, description="The tests.")


# --- the file ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedTests:
    """A file of tests that was read. file: as the user named it. config: the tested configuration."""

    file: Path
    config: Path
    tests: tuple[ConfigurationTest, ...]
    model: str | None
    tree: Tree

    def path_of(self, name: str) -> Path:
        """A path that is written in the file."""
        return self.file.parent / name

    def line_of(self, at: int) -> int:
        """The line in which the test at this position begins."""
        return self.tree.place(("tests", at), on_key=False).line or 1

    def problems(self, found: Iterable[Finding]) -> list[Problem]:
        """The findings with their places, in the order of the file."""
        return sorted(placed(found, self.tree), key=lambda p: (p.line or 0, p.column or 0))

    def model_of(self, test: ConfigurationTest, settings: Settings) -> str | None:
        """Whose the events are, as far as test, file and configuration say it."""
        configured = [model.name for model in settings.models or []]
        only = configured[0] if len(configured) == 1 else None
        return test.model or self.model or only


def load_tests(path: Path) -> LoadedTests:
    """The tests in a file. Raises InvalidConfiguration with all problems found; the configuration is not read."""
    tree, problems = read_file(path)
    if problems and not tree.values:
        raise InvalidConfiguration(problems)
    tests, found = validated(ConfigurationTests, tree.values, None)
    if tests is not None:
        found += _checked(tests, path.parent)
    spoiled = {problem.path for problem in problems}
    problems += [problem for problem in placed(found, tree) if problem.path not in spoiled]
    if problems or tests is None:
        raise InvalidConfiguration(sorted(problems, key=lambda p: (p.line or 0, p.column or 0)))
    return LoadedTests(
        file=path, config=path.parent / tests.config, tests=tuple(tests.tests), model=tests.model, tree=tree
    )


def check_models(loaded: LoadedTests, settings: Settings) -> list[Problem]:
    """Problems of the models that the tests name, or should: the configuration must have them."""
    return loaded.problems(_models(loaded, settings))


def schema_of_tests() -> dict[str, Any]:
    """The schema of a file of tests, JSON Schema draft 2020-12."""
    title = "Tests of a configuration of stream-monitor"
    return schema_of(ConfigurationTests, SCHEMA_ID, title, required=["version", "config", "tests"])


def _models(loaded: LoadedTests, settings: Settings) -> Iterator[Finding]:
    configured = [model.name for model in settings.models or []]
    if not configured:
        return
    if loaded.model is not None and loaded.model not in configured:
        yield _no_model(("model",), loaded.model, configured)
    for at, test in enumerate(loaded.tests):
        if test.model is not None and test.model not in configured:
            yield _no_model(("tests", at, "model"), test.model, configured)
        if test.input.stream is not None and loaded.model_of(test, settings) is None:
            write = f"write model: and one of {', '.join(configured)}"
            yield Finding(("tests", at), "does not say which model is meant", write)


def _no_model(path: KeyPath, name: str, configured: list[str]) -> Finding:
    return Finding(path, f'the configuration has no model "{name}"', name_instead(name, configured))


def _checked(tests: ConfigurationTests, directory: Path) -> Iterator[Finding]:
    """What must hold between keys, and between them and the outside."""
    if not (directory / tests.config).is_file():
        what = "is not a file" if (directory / tests.config).exists() else "does not exist"
        yield Finding(("config",), f"{directory / tests.config} {what}", "name a configuration file")
    first: dict[str, int] = {}
    for at, test in enumerate(tests.tests):
        path: KeyPath = ("tests", at)
        if first.setdefault(test.name, at) != at:
            what = f"tests[{first[test.name]}] has the same name"
            yield Finding((*path, "name"), what, "give each its own name")
        if test.input.file is not None and not (directory / test.input.file).is_file():
            what = "is not a file" if (directory / test.input.file).exists() else "does not exist"
            yield Finding((*path, "input", "file"), f"{directory / test.input.file} {what}", "name a file")
        if test.input.stream is not None:
            yield from _within(test, test.input.stream, path)


def _within(test: ConfigurationTest, stream: StreamSettings, path: KeyPath) -> Iterator[Finding]:
    """Changes and expectations are about rows and series that the stream has."""
    beyond, write = f"the last row is {stream.rows - 1}", "write rows: and a larger number, or an earlier row"
    below: KeyPath = (*path, "input", "stream")
    named = {(*below, "features", name): series for name, series in stream.features.items()}
    named |= {(*below, name): series for name, series in stream.outputs.items()}
    for where, series in named.items():
        for at, change in enumerate(series.changes):
            if change.at >= stream.rows:
                yield Finding((*where, "changes", at, "at"), beyond, write)
    for at, expected in enumerate(test.expect):
        where = (*path, "expect", at)
        if expected.series not in stream.series and expected.series not in stream.derived:
            what = f'the stream has no series "{expected.series}"'
            yield Finding((*where, "series"), what, name_instead(expected.series, stream.series))
        if expected.between[1] >= stream.rows:
            yield Finding((*where, "between"), beyond, write)
