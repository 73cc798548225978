from pathlib import Path

import pytest

from tests.unit.cli.commands import run


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["-o", "data.txt"], "write a file that ends in .parquet or .csv"),
        (["-o", "data.csv", "--until", "soon"], "write a time such as"),
        (["-o", "data.csv", "--labels-within", "7"], "write 7s"),
        (["-o", "data.csv", "--rows", "0"], "--rows"),
        ([], "--output"),
    ],
)
def test_wrong_usage_says_what_to_write(
    options: list[str], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    ran = run("export", "9a1c", *options)
    assert (ran.code, ran.out) == (2, "")
    assert said in ran.err
    assert list(tmp_path.iterdir()) == []


def test_without_brokers_it_says_how_to_name_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    ran = run("export", "9a1c", "-o", "data.parquet")
    assert ran.code == 1
    assert "write --bootstrap-servers HOST:PORT" in ran.err
