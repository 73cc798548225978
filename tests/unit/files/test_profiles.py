import json
from pathlib import Path

import pytest

from stream_monitor.core.errors import NewerState, StreamMonitorError
from stream_monitor.core.profile import Profile, categorical
from stream_monitor.files.profiles import is_profile, read_profile, write_profile
from stream_monitor.formats.reference_profile import encode
from tests.unit.files.written import written

PROFILE = Profile(
    model="fraud",
    version=None,
    created_from=(),
    rows=9,
    features={"x": categorical({"a": 9}, other=0, unusable=0, cap=64)},
)
PLAIN = json.loads(encode(PROFILE))


def test_a_profile_comes_back_and_an_old_file_is_replaced(tmp_path: Path) -> None:
    path = written(tmp_path, "p.json", "old")
    write_profile(path, PROFILE)
    assert read_profile(path) == PROFILE
    assert is_profile(path)
    assert [one.name for one in tmp_path.iterdir()] == ["p.json"]


@pytest.mark.parametrize(
    "text",
    [
        encode(PROFILE).decode(),
        json.dumps(PLAIN),
        json.dumps(PLAIN) + "\n\n",
        json.dumps(PLAIN, indent=4, sort_keys=True),
        "\n" + json.dumps(PLAIN, indent="\t"),
    ],
    ids=["as written", "minified", "with lines", "sorted", "tabs"],
)
def test_a_profile_is_known_however_it_is_laid_out(tmp_path: Path, text: str) -> None:
    path = written(tmp_path, "p.json", text)
    assert is_profile(path)
    assert read_profile(path) == PROFILE


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("e.json", '{"model": "a", "features": {"x": 1}}\n{"model": "a", "features": {"x": 1}}\n'),
        ("e.json", '{"kind": "a", "x": 1}\n'),
        ("e.json", "broken\n{}"),
        ("e.json", ""),
        ("e.jsonl", json.dumps(PLAIN)),
        ("e.csv", "kind\nstream-monitor.reference\n"),
    ],
)
def test_training_data_is_no_profile(tmp_path: Path, name: str, text: str) -> None:
    assert not is_profile(written(tmp_path, name, text))


@pytest.mark.parametrize("indent", [None, 2])
def test_statistics_of_sagemaker_are_told_what_to_do(tmp_path: Path, indent: int | None) -> None:
    text = json.dumps({"version": 0.0, "dataset": {"item_count": 1}, "features": []}, indent=indent)
    with pytest.raises(StreamMonitorError, match=r"reference import statistics\.json -o"):
        is_profile(written(tmp_path, "statistics.json", text))


def test_what_is_wrong_names_the_file(tmp_path: Path) -> None:
    path = written(tmp_path, "p.json", json.dumps(PLAIN | {"rows": "x"}))
    with pytest.raises(StreamMonitorError, match=r"p\.json: the reference profile: the field 'rows'"):
        read_profile(path)
    path.write_text(json.dumps(PLAIN | {"format": 9}))
    with pytest.raises(NewerState, match=r"p\.json: .*format 9"):
        read_profile(path)
    with pytest.raises(StreamMonitorError, match="no such file"):
        read_profile(tmp_path / "q.json")


def test_what_cannot_be_written_is_said(tmp_path: Path) -> None:
    with pytest.raises(StreamMonitorError, match="cannot be written"):
        write_profile(tmp_path / "no" / "p.json", PROFILE)
