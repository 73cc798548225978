import json
from pathlib import Path

import pytest

from stream_monitor.files.profiles import read_profile
from tests.unit.cli.commands import run


def data(folder: Path, name: str = "train.csv", start: int = 0) -> Path:
    lines = [f"{at / 3},{'DE' if at % 3 else 'FR'},{at % 2},{at}" for at in range(start, start + 300)]
    path = folder / name
    path.write_text("\n".join(["amount,country,flag,y_pred", *lines, ""]))
    return path


def test_build_then_show(tmp_path: Path) -> None:
    out = tmp_path / "p.json"
    ran = run(
        "reference",
        "build",
        data(tmp_path),
        "-o",
        out,
        "--model",
        "fraud",
        "--version",
        "7",
        "--type",
        "f*=categorical",
    )
    assert (ran.code, ran.out) == (0, "")
    assert "note: 'y_pred' of" in ran.err
    assert "add --prediction y_pred" in ran.err
    assert "4 features of 300 rows" in ran.err
    shown = run("reference", "show", out)
    assert shown.out.splitlines()[:4] == [
        "model    fraud",
        "version  7",
        "rows     300",
        "from     train.csv (csv, 300 rows)",
    ]
    assert "country  categorical     300    0.00%     2  DE 66.7%, FR 33.3%" in shown.out
    assert "0 1" not in run("reference", "show", out, "--json").err
    assert run("reference", "show", out, "--json").out == out.read_text()
    assert json.loads(out.read_text())["features"]["flag"]["kind"] == "categorical"


def test_what_is_demanded_is_suggested_shown_and_can_be_left_out(tmp_path: Path) -> None:
    out = tmp_path / "p.json"
    lines = [f"{at % 50},{'DE' if at % 3 else 'FR'}" for at in range(1_200)]
    train = tmp_path / "train.csv"
    train.write_text("\n".join(["amount,country", *lines, ""]))
    assert "constraints on 2 of them" in run("reference", "build", train, "-o", out).err
    assert run("reference", "show", out).out.splitlines()[-3:] == [
        "demanded, where the configuration says nothing",
        "amount   required; 0 to 98",
        "country  required; one of DE, FR",
    ]
    assert "constraints" not in run("reference", "build", train, "-o", out, "--no-constraints").err
    assert read_profile(out).constraints == {}


def test_named_and_excluded_columns_are_no_features(tmp_path: Path) -> None:
    out = tmp_path / "p.json"
    ran = run("reference", "build", data(tmp_path), "-o", out, "--prediction", "y_pred", "--exclude", "co*")
    assert list(read_profile(out).features) == ["amount", "flag"]
    assert "note:" not in ran.err


def test_versions_are_built_shown_and_merged(tmp_path: Path) -> None:
    parts = []
    for version in ("7", "8"):
        parts.append(tmp_path / f"{version}.json")
        columns = ("--prediction", "y_pred", "--label", "flag", "--version", version)
        ran = run("reference", "build", data(tmp_path), "-o", parts[-1], *columns)
        assert f"prediction of {version}: 300 rows" in ran.err
    ran = run("reference", "merge", *parts, "-o", tmp_path / "m.json")
    assert "wrong by" not in ran.err
    shown = run("reference", "show", tmp_path / "m.json").out
    assert "version  (not said)" in shown
    assert "version 7, 300 rows\noutput      kind     values" in shown
    assert "version 8, 300 rows" in shown


def test_without_brokers_no_topic_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    ran = run("reference", "build", "-o", "p.json", "--topic", "t", "--from", "2026-11-21")
    assert ran.code == 1
    assert "error: no brokers: write --bootstrap-servers HOST:PORT" in ran.err


def test_merge_says_how_exact_it_is(tmp_path: Path) -> None:
    parts = [tmp_path / "a.json", tmp_path / "b.json"]
    for at, part in enumerate(parts):
        run("reference", "build", data(tmp_path, f"{at}.csv", 100 * at), "-o", part)
    ran = run("reference", "merge", *parts, "-o", tmp_path / "m.json")
    assert ran.code == 0
    assert "4 features of 600 rows" in ran.err
    assert "wrong by at most 0.0" in ran.err
    assert read_profile(tmp_path / "m.json").features["country"].counts == (400, 200, 0)
    assert [one.name for one in read_profile(tmp_path / "m.json").created_from] == ["0.csv", "1.csv"]


def test_one_profile_is_nothing_to_merge(tmp_path: Path) -> None:
    path = data(tmp_path)
    ran = run("reference", "merge", path, "-o", tmp_path / "m.json")
    assert (ran.code, ran.err) == (2, "error: name at least two reference profiles\n")


def test_import_says_what_is_not_carried(tmp_path: Path) -> None:
    statistics, constraints = tmp_path / "statistics.json", tmp_path / "constraints.json"
    buckets = {"categorical": {"buckets": [{"value": "DE", "count": 9}]}}
    texts = {"common": {"num_present": 9, "num_missing": 1}, "distinct_count": 1, "distribution": buckets}
    feature = {"name": "country", "inferred_type": "String"}
    statistics.write_text(json.dumps({"version": 0, "features": [feature | {"string_statistics": texts}]}))
    limits = {"string_constraints": {"domains": ["DE"]}, "monitoringConfigOverrides": {"a": 1}}
    constraints.write_text(json.dumps({"features": [feature | limits]}))
    out = tmp_path / "p.json"
    ran = run("reference", "import", statistics, constraints, "-o", out, "--model", "fraud")
    assert ran.code == 0
    assert "note: country: monitoringConfigOverrides is not kept" in ran.err
    assert "constraints on 1 of them, which can be edited in the file" in ran.err
    assert read_profile(out).features["country"].counts == (9, 0)
    assert read_profile(out).constraints["country"].allowed == ("DE",)
    assert run("reference", "import", statistics, "-o", out).err == f"{out}: 1 features of 10 rows\n"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("build", "train.csv", "-o", "p.json", "--type", "amount"), "is not FEATURE=KIND"),
        (("build", "train.csv", "-o", "p.json", "--type", "amount=float"), "is not FEATURE=KIND"),
        (("build", "train.csv", "-o", "p.json", "--id", "nothing"), "there is no column 'nothing'"),
        (("build", "-o", "p.json"), "name files of data, or --topic TOPIC\n"),
        (("build", "train.csv", "-o", "p.json", "--topic", "t"), "--topic TOPIC, not both"),
        (("build", "train.csv", "-o", "p.json", "--to", "0:5"), "go with --topic TOPIC"),
        (("build", "-o", "p.json", "--topic", "t", "--id", "key"), "--id names a column of a file"),
        (
            ("build", "-o", "p.json", "--topic", "t", "--version-column", "v"),
            "--version-column names a column",
        ),
        (("build", "-o", "p.json", "--topic", "t", "--from", "1200"), "--from 1200: neither a time such as"),
        (
            ("build", "-o", "p.json", "--topic", "t", "--to", "0:1,0:2"),
            "--to 0:1,0:2: a partition is named twice",
        ),
        (("show", "train.csv"), "not JSON"),
        (("import", "train.csv", "-o", "p.json"), "not those of SageMaker"),
    ],
)
def test_wrong_usage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    data(tmp_path)
    ran = run("reference", *arguments)
    assert ran.code == 2
    assert said in ran.err
    assert not Path("p.json").exists()


def test_what_cannot_be_written_is_a_failure(tmp_path: Path) -> None:
    ran = run("reference", "build", data(tmp_path), "-o", tmp_path / "no" / "p.json")
    assert ran.code == 1
    assert "cannot be written" in ran.err


def scored(folder: Path, name: str = "scored.csv") -> Path:
    lines = [
        f"{at % 5},{'yes' if at % 2 else 'no'},{'yes' if (at % 2) != (at % 10 == 0) else 'no'}"
        for at in range(300)
    ]
    path = folder / name
    path.write_text("\n".join(["amount,said,is", *lines, ""]))
    return path


def test_performance_is_built_shown_and_merged(tmp_path: Path) -> None:
    out, both = tmp_path / "p.json", tmp_path / "both.json"
    columns = ("--prediction", "said", "--label", "is", "--version", "7", "--positive", "no")
    ran = run("reference", "build", scored(tmp_path), "-o", out, *columns)
    assert ran.code == 0, ran.err
    assert "performance of 7: binary, 300 labelled predictions" in ran.err
    shown = run("reference", "show", out).out
    assert "performance: binary, no positive, 300 labelled predictions" in shown
    assert "  accuracy               0.9  0.8608 to 0.9291" in shown
    assert run("reference", "merge", out, out, "-o", both).code == 0
    shown = run("reference", "show", both).out
    assert "600 labelled predictions" in shown
    assert "f1" not in shown
    other = tmp_path / "other.json"
    run("reference", "build", scored(tmp_path), "-o", other, *columns[:-1], "yes")
    refused = run("reference", "merge", out, other, "-o", both)
    assert refused.code == 2
    assert "version '7' predicts binary with no positive in one" in refused.err


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--task", "guess"), "'guess' is not one of binary, multiclass, regression"),
        (("--task", "regression", "--positive", "no"), "--positive CLASS goes with --task binary"),
    ],
)
def test_a_task_that_is_none_is_refused(tmp_path: Path, options: tuple[str, ...], said: str) -> None:
    ran = run("reference", "build", scored(tmp_path), "-o", tmp_path / "p.json", *options)
    assert ran.code == 2
    assert said in ran.err
