"""What a configuration becomes: rules for records, and references from training data and from profiles."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stream_monitor.app.composition import load_references, rules_by_topic
from stream_monitor.config import InvalidConfiguration, Settings, load
from stream_monitor.core.errors import StreamMonitorError
from stream_monitor.core.profile import Profile, categorical
from stream_monitor.files.columns import FileColumns
from stream_monitor.files.profiles import write_profile
from stream_monitor.files.learning import Choices
from stream_monitor.files.profiling import build
from stream_monitor.formats.native_json import MAX_RECORD_BYTES

KEY = "ingest.max_record_bytes"


def data(folder: Path) -> Path:
    rng = np.random.default_rng(2)
    rows = zip(rng.poisson(0.4, 900), rng.choice(["a", "b"], 900), strict=True)
    path = folder / "train.csv"
    path.write_text("\n".join(["clicks,country", *(f"{clicks},{country}" for clicks, country in rows), ""]))
    return path


def settings(folder: Path, file: Path, **model: object) -> Settings:
    models = [{"name": "fraud", "sources": ["t"], "reference": str(file), **model}]
    config = folder / "monitor.yaml"
    config.write_text(json.dumps({"version": 1, "kafka": {"bootstrap_servers": "k:1"}, "models": models}))
    return load(config, {})


def profile(folder: Path, model: str | None = None) -> Path:
    path = folder / "p.json"
    write_profile(path, build([data(folder)], FileColumns(model=model), Choices(), lambda _: None).profile)
    return path


@pytest.mark.parametrize(
    ("written", "read"), [({}, MAX_RECORD_BYTES), ({KEY: 2_000}, 2_000), ({KEY: "512 KiB"}, MAX_RECORD_BYTES)]
)
def test_records_are_read_up_to_the_configured_size(written: Mapping[str, Any], read: int) -> None:
    assert rules_by_topic(load(None, {}, written, for_kafka=False))("events").max_bytes == read


def test_no_size_is_accepted_that_a_batch_cannot_hold() -> None:
    with pytest.raises(InvalidConfiguration, match=f"write {MAX_RECORD_BYTES} or less"):
        load(None, {}, {KEY: MAX_RECORD_BYTES + 1}, for_kafka=False)


def test_a_profile_gives_the_references_of_its_data(tmp_path: Path) -> None:
    from_data = load_references(settings(tmp_path, data(tmp_path)))
    assert load_references(settings(tmp_path, profile(tmp_path))) == from_data
    assert from_data["fraud"]["clicks"].edges[-2:] == (from_data["fraud"]["clicks"].edges[-1],) * 2


def test_features_that_are_not_watched_are_left_out(tmp_path: Path) -> None:
    found = load_references(settings(tmp_path, profile(tmp_path), exclude=["cou*"]))
    assert list(found["fraud"]) == ["clicks"]


def test_a_profile_of_another_model_is_refused(tmp_path: Path) -> None:
    assert load_references(settings(tmp_path, profile(tmp_path, "fraud")))
    with pytest.raises(
        StreamMonitorError, match=r"p\.json: is the reference profile of the model 'churn', not of"
    ):
        load_references(settings(tmp_path, profile(tmp_path, "churn")))


def test_a_feature_of_another_kind_is_refused(tmp_path: Path) -> None:
    features = {"clicks": {"type": "categorical"}}
    with pytest.raises(
        StreamMonitorError, match=r"'clicks' is numeric, the configuration says categorical; .*--type"
    ):
        load_references(settings(tmp_path, profile(tmp_path), features=features))


def test_a_foreign_profile_has_no_more_categories_than_the_product_keeps(tmp_path: Path) -> None:
    many = categorical({f"c{at}": 5 for at in range(500)}, other=0, unusable=0, cap=500)
    path = tmp_path / "p.json"
    write_profile(path, Profile(model=None, version=None, created_from=(), rows=2_500, features={"x": many}))
    assert len(load_references(settings(tmp_path, path))["fraud"]["x"].categories) == 64
