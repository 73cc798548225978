"""Files of tests: every problem with its place, and a schema of one mind with the loader."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from stream_monitor.config import InvalidConfiguration, load
from stream_monitor.config.configuration_tests import LoadedTests, check_models, load_tests, schema_of_tests
from tests.golden_files import golden

EXAMPLES = Path(__file__).parents[3] / "examples" / "tests"
STREAM = "{stream: {rows: 100, features: {x: {normal: {}}}}}"


def loaded(folder: Path, text: str) -> LoadedTests:
    (folder / "monitor.yaml").touch()
    file = folder / "tests.yaml"
    file.write_text(text, encoding="utf-8")
    return load_tests(file)


def complaints(folder: Path, text: str) -> list[str]:
    with pytest.raises(InvalidConfiguration) as caught:
        loaded(folder, text)
    return [str(problem).replace(f"{folder}/", "") for problem in caught.value.problems]


def whole(*, given: str = STREAM, expect: str = "none", more: str = "") -> str:
    """A file of one test; `input` is in line 5, `expect` in line 6."""
    return (
        "version: 1\nconfig: monitor.yaml\ntests:\n  - name: a\n"
        f"    input: {given}\n    expect: {expect}\n{more}"
    )


def test_what_is_absent_has_its_default(tmp_path: Path) -> None:
    found = loaded(tmp_path, whole(expect="[{series: feature:x, between: [3, 9]}]"))
    (test,) = found.tests
    assert (found.file, found.config) == (tmp_path / "tests.yaml", tmp_path / "monitor.yaml")
    assert found.line_of(0) == 4
    assert test.unexpected == "fail"
    assert test.input.stream is not None
    assert (test.input.stream.seed, test.input.stream.every.total_seconds()) == (1, 1)
    (expected,) = test.expect
    assert (expected.status, expected.between, expected.severity) == ("opened", (3, 9), None)


def test_none_is_expected_by_that_word(tmp_path: Path) -> None:
    (test,) = loaded(tmp_path, whole()).tests
    assert test.expect == []


NOT_A_RANGE = "write [FIRST, LAST], two rows counted from 0"
NOT_EXPECTED = "write none, or - {series: feature:NAME, between: [FIRST, LAST]}"


@pytest.mark.parametrize(
    ("expect", "said"),
    [
        ("[]", f"6:13 tests[0].expect: is empty; {NOT_EXPECTED}"),
        (
            "nothing",
            f'6:13 tests[0].expect: must be none or a list of drift events, not "nothing"; {NOT_EXPECTED}',
        ),
        (
            "{drift: none}",
            f"6:13 tests[0].expect: must be none or a list of drift events, not a mapping; {NOT_EXPECTED}",
        ),
        (
            "[{serie: feature:x, between: [1, 2]}]",
            "6:14 tests[0].expect[0].series: missing; write series:",
        ),
        (
            "[{series: feature:x}]",
            "6:14 tests[0].expect[0].between: missing; write between:",
        ),
        (
            "[{series: feature:x, between: 7}]",
            f"6:43 tests[0].expect[0].between: must be a list of two rows, not 7; {NOT_A_RANGE}",
        ),
        (
            "[{series: feature:x, between: [1]}]",
            f"6:43 tests[0].expect[0].between: is not a list of two rows; {NOT_A_RANGE}",
        ),
        (
            "[{series: feature:x, between: [true, 2]}]",
            f"6:43 tests[0].expect[0].between: is not a list of two rows; {NOT_A_RANGE}",
        ),
        (
            "[{series: feature:x, between: [-1, 2]}]",
            f"6:43 tests[0].expect[0].between: is not a list of two rows; {NOT_A_RANGE}",
        ),
        (
            "[{series: feature:x, between: [9, 3]}]",
            f"6:43 tests[0].expect[0].between: row 3 is before row 9; {NOT_A_RANGE}",
        ),
        (
            "[{series: feature:x, between: [9, 100]}]",
            (
                "6:43 tests[0].expect[0].between: the last row is 99;"
                " write rows: and a larger number, or an earlier row"
            ),
        ),
        (
            "[{series: feature:y, between: [1, 2]}]",
            (
                '6:23 tests[0].expect[0].series: the stream has no series "feature:y";'
                ' did you mean "feature:x"?'
            ),
        ),
        (
            "[{series: feature:x, between: [1, 2], status: open}]",
            ('6:59 tests[0].expect[0].status: "open" is not allowed here; write opened, updated or resolved'),
        ),
    ],
)
def test_problems_of_what_is_expected(tmp_path: Path, expect: str, said: str) -> None:
    assert complaints(tmp_path, whole(expect=expect))[0] == f"tests.yaml:{said}"


@pytest.mark.parametrize(
    ("stream", "said"),
    [
        ("{features: {x: {normal: {}}}}", "rows: missing; write rows:"),
        ("{rows: 10}", ": has no values; write features: {NAME: {normal: {mean: 0, sd: 1}}}"),
        (
            "{rows: 10, features: {x: {}}}",
            (
                "features.x: does not say which values; write one of normal, lognormal, poisson, boolean,"
                " categories"
            ),
        ),
        (
            "{rows: 10, features: {x: {poisson: 2, boolean: 0.5}}}",
            "features.x: gives poisson and boolean; write one of normal,",
        ),
        ("{rows: 10, features: {x: {gamma: 2}}}", "features.x.gamma: unknown key; write one of normal,"),
        ("{rows: 10, features: {x: {normal: {sd: -1}}}}", "features.x.normal.sd: -1 is too small; write 0"),
        ("{rows: 10, features: {x: {boolean: 2}}}", "features.x.boolean: 2 is too large; write 1 or less"),
        (
            "{rows: 10, features: {x: {categories: {}}}}",
            "features.x.categories: no category has a share; write for example {DE: 60, FR: 40}",
        ),
        ("{rows: 10, label: {poisson: 1, missing: 1.5}}", "label.missing: 1.5 is too large"),
        (
            "{rows: 10, label: {poisson: 1, changes: [{at: 1}]}}",
            "label.changes[0]: changes nothing; write shift, scale, replace or missing",
        ),
        (
            "{rows: 10, label: {poisson: 1, changes: [{at: 5, until: 5, shift: 1}]}}",
            "label.changes[0]: ends in row 5, before it begins; write until: 6 or more",
        ),
        (
            "{rows: 10, label: {poisson: 1, changes: [{at: 10, shift: 1}]}}",
            "label.changes[0].at: the last row is 9; write rows: and a larger number, or an earlier row",
        ),
        (
            "{rows: 10, label: {poisson: 1, changes: [{at: 5, scale: 2, ramp: 3}]}}",
            "label.changes[0]: only a shift can grow; write shift, or remove ramp",
        ),
        (
            "{rows: 10, label: {poisson: 1, changes: [{at: 5, scale: 2, replace: {poisson: 3}}]}}",
            "label.changes[0]: replaces the values that it shifts or scales; write two changes, or only",
        ),
        (
            "{rows: 10, label: {boolean: 1, changes: [{at: 5, shift: 1}]}}",
            "label: only numbers can be shifted or scaled; write replace, with other shares",
        ),
        (
            (
                "{rows: 10, label: {poisson: 1, changes: [{at: 5, replace: {boolean: 0.5}},"
                " {at: 6, shift: 1}]}}"
            ),
            "label: only numbers can be shifted or scaled; write replace, with other shares",
        ),
        ("{rows: 10, every: 5, label: {poisson: 1}}", "every: 5 has no unit; write 5s"),
    ],
)
def test_problems_of_a_stream(tmp_path: Path, stream: str, said: str) -> None:
    (found,) = complaints(tmp_path, whole(given=f"{{stream: {stream}}}"))
    assert f" tests[0].input.stream{'' if said[0] == ':' else '.'}{said}" in found


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("{}", "5:12 tests[0].input: says nothing; write either file: PATH or stream:"),
        (
            "{file: gone.csv}",
            "5:19 tests[0].input.file: gone.csv does not exist; name a file",
        ),
        ("{file: .}", "5:19 tests[0].input.file: {folder} is not a file; name a file"),
        (
            "{columns: {time: t}, stream: {rows: 1, label: {poisson: 1}}}",
            "5:12 tests[0].input: only a file has columns; remove columns",
        ),
        (
            "{file: a.csv, stream: {rows: 1, label: {poisson: 1}}}",
            "5:12 tests[0].input: gives both file and stream; write either",
        ),
        (
            "{file: a.csv, columns: {tim: t}}",
            '5:36 tests[0].input.columns.tim: unknown key; did you mean "time"?',
        ),
    ],
)
def test_problems_of_an_input(tmp_path: Path, given: str, said: str) -> None:
    (found,) = complaints(tmp_path, whole(given=given))
    assert found.startswith("tests.yaml:" + said.replace("{folder}", str(tmp_path)))


def test_problems_of_the_whole(tmp_path: Path) -> None:
    assert complaints(tmp_path, "tests: []\n") == [
        "tests.yaml:1:1 version: missing; begin the file with `version: 1`",
        "tests.yaml:1:1 config: missing; write config:",
        "tests.yaml:1:8 tests: is empty; write at least one entry, or remove it",
    ]
    again = f"  - {{name: a, input: {STREAM}, expect: none}}\n"
    assert complaints(tmp_path, whole(more=again)) == [
        "tests.yaml:7:12 tests[1].name: tests[0] has the same name; give each its own name"
    ]
    assert complaints(tmp_path, whole().replace("monitor.yaml", "gone.yaml")) == [
        "tests.yaml:2:9 config: gone.yaml does not exist; name a configuration file"
    ]
    assert complaints(tmp_path, whole(more="    unexpected: ignore\n")) == [
        "tests.yaml:4:5 tests[0]: expects nothing and ignores the rest; remove unexpected: ignore"
    ]


def of_models(folder: Path, text: str, models: str) -> list[str]:
    found = loaded(folder, text)
    (folder / "monitor.yaml").write_text(f"version: 1\n{models}\n")
    settings = load(folder / "monitor.yaml", {}, for_kafka=False)
    return [str(problem).replace(f"{folder}/", "") for problem in check_models(found, settings)]


TWO = "models: [{name: fraud}, {name: churn}]"


@pytest.mark.parametrize(
    ("more", "models", "said"),
    [
        ("", "", None),
        ("model: any\n", "", None),
        ("", "models: [{name: fraud}]", None),
        ("model: churn\n", TWO, None),
        ("    model: churn\n", TWO, None),
        ("", TWO, "4:5 tests[0]: does not say which model is meant; write model: and one of fraud, churn"),
        ("model: froud\n", TWO, '7:8 model: the configuration has no model "froud"; did you mean "fraud"?'),
        (
            "    model: chun\nmodel: fraud\n",
            TWO,
            '7:12 tests[0].model: the configuration has no model "chun"; did you mean "churn"?',
        ),
    ],
)
def test_the_model_is_one_of_the_configuration(
    tmp_path: Path, more: str, models: str, said: str | None
) -> None:
    assert of_models(tmp_path, whole(more=more), models) == ([] if said is None else [f"tests.yaml:{said}"])


def test_the_schema_is_the_reviewed_one() -> None:
    Draft202012Validator.check_schema(schema_of_tests())
    written = json.dumps(schema_of_tests(), indent=2, ensure_ascii=False).encode() + b"\n"
    assert json.loads(golden("schema/test.json", written)) == schema_of_tests()


def wrong(document: Any) -> list[str]:
    return [error.message for error in Draft202012Validator(schema_of_tests()).iter_errors(document)]


def test_the_example_fits_the_schema_and_loads() -> None:
    file = EXAMPLES / "tests.yaml"
    assert wrong(yaml.safe_load(file.read_text(encoding="utf-8"))) == []
    assert len(load_tests(file).tests) == 5


@pytest.mark.parametrize(
    ("given", "expect"),
    [
        ("{fil: f}", "none"),
        ("{stream: {rows: 0}}", "none"),
        ("{stream: {rows: 1, features: {x: {boolean: 2}}}}", "none"),
        (STREAM, "some"),
        (STREAM, "[{series: s}]"),
        (STREAM, "[{series: s, between: [1]}]"),
    ],
)
def test_the_schema_refuses(given: str, expect: str) -> None:
    assert wrong(yaml.safe_load(whole())) == []
    assert wrong(yaml.safe_load(whole(given=given, expect=expect)))
