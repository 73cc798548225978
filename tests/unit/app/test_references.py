"""What a configuration names as reference, from training data and from profiles, as a whole and by version."""

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from stream_monitor.app.references import load_references
from stream_monitor.app.replay import Tally, plan, replay
from stream_monitor.config import Settings, load, model_parameters
from stream_monitor.core.errors import StreamMonitorError
from stream_monitor.core.outcomes import Outcomes
from stream_monitor.core.parameters import OutcomeParameters, SeriesParameters
from stream_monitor.core.performance.expected import Origin
from stream_monitor.core.profile import Profile, categorical
from stream_monitor.files.columns import FileColumns
from stream_monitor.files.learning import Choices
from stream_monitor.files.profiles import write_profile
from stream_monitor.files.profiling import build
from tests.unit.app.files import written


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


def test_a_profile_gives_the_references_of_its_data(tmp_path: Path) -> None:
    from_data = load_references(settings(tmp_path, data(tmp_path)))
    assert load_references(settings(tmp_path, profile(tmp_path))) == from_data
    assert (
        from_data["fraud"].features["clicks"].edges[-2:]
        == (from_data["fraud"].features["clicks"].edges[-1],) * 2
    )


def test_features_that_are_not_watched_are_left_out(tmp_path: Path) -> None:
    found = load_references(settings(tmp_path, profile(tmp_path), exclude=["cou*"]))
    assert list(found["fraud"].features) == ["clicks"]


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
    assert len(load_references(settings(tmp_path, path))["fraud"].features["x"].categories) == 64


def predictions(folder: Path, name: str, version: str | None, probability: float) -> Path:
    """A profile of 50 predictions; JSON lines of them beside it."""
    events = [
        {"model": "fraud", "time": 1, "features": {"x": at}, "probability": probability, "latency_ms": None}
        | ({} if version is None else {"version": version})
        for at in range(50)
    ]
    lines = folder / f"{name}.jsonl"
    lines.write_text("\n".join(map(json.dumps, events)))
    path = folder / f"{name}.json"
    write_profile(path, build([lines], FileColumns(), Choices(), lambda _: None).profile)
    return path


def means(found: Settings) -> dict[str | None, dict[str, float]]:
    outputs = load_references(found)["fraud"].outputs
    return {version: {name: one.mean for name, one in known.items()} for version, known in outputs.items()}


def test_a_file_holds_what_several_versions_put_out(tmp_path: Path) -> None:
    lines = []
    for name, version, probability in (("a", "7", 0.25), ("b", "8", 0.75), ("c", None, 0.5)):
        predictions(tmp_path, name, version, probability)
        lines.append((tmp_path / f"{name}.jsonl").read_text())
    path = tmp_path / "all.jsonl"
    path.write_text("\n".join(lines))
    # what never had a value is learned from the stream
    expected = {"7": {"probability": 0.25}, "8": {"probability": 0.75}, None: {"probability": 0.5}}
    assert means(settings(tmp_path, path)) == expected
    write_profile(tmp_path / "p.json", build([path], FileColumns(), Choices(), lambda _: None).profile)
    assert means(settings(tmp_path, tmp_path / "p.json")) == expected


def test_a_version_can_have_a_file_of_its_own(tmp_path: Path) -> None:
    whole = predictions(tmp_path, "whole", "7", 0.25)
    seven, nobodys = predictions(tmp_path, "seven", "7", 0.5), predictions(tmp_path, "nobodys", None, 0.75)
    versions = {"7": str(seven), "8": str(nobodys), "9": str(nobodys.with_suffix(".jsonl"))}
    reference = {"file": str(whole), "versions": versions}
    found = settings(tmp_path, whole, reference=reference)
    assert means(found) == {v: {"probability": p} for v, p in (("7", 0.5), ("8", 0.75), ("9", 0.75))}
    alone = settings(tmp_path, whole, reference={"events": 500, "versions": {"7": str(seven)}})
    assert load_references(alone)["fraud"].features == {}
    assert means(alone) == {"7": {"probability": 0.5}}


def test_a_file_without_the_version_is_refused(tmp_path: Path) -> None:
    seven = predictions(tmp_path, "seven", "7", 0.5)
    found = settings(tmp_path, seven, reference={"versions": {"8": str(seven)}})
    with pytest.raises(
        StreamMonitorError, match=r"seven\.json: holds no predictions of version '8', but of 7; "
    ):
        load_references(found)


def test_the_predictions_of_a_version_are_held_against_its_own_reference(tmp_path: Path) -> None:
    """The reference knows 7 and 8; 9 is new and learns from its own first events."""
    rng = np.random.default_rng(4)

    def events(name: str, means: Mapping[str, float]) -> Path:
        lines = [
            {"model": "fraud", "version": version, "features": {"x": 1}, "probability": probability}
            for _ in range(1_500)
            for version, mean in means.items()
            for probability in rng.normal(mean, 0.05, 1).tolist()
        ]
        return written(tmp_path / name, map(json.dumps, lines))

    known = events("known.jsonl", {"7": 0.3, "8": 0.5})
    stream = events("stream.jsonl", {"7": 0.3, "8": 0.3, "9": 0.3})
    found, tally = settings(tmp_path, known), Tally()
    for _ in replay(plan([stream], FileColumns(), found), tally):
        pass
    lenses = {
        key.version: None if one.lens is None else one.lens.reference
        for key, one in tally.monitors["fraud"].series.items()
        if key.name == "probability"
    }
    outputs = load_references(found)["fraud"].outputs
    assert {version: lenses[version] for version in ("7", "8")} == {
        version: outputs[version]["probability"] for version in ("7", "8")
    }
    assert lenses["9"] is not None
    assert lenses["9"].size == SeriesParameters().warm_up


def scored(folder: Path, name: str, version: str) -> Path:
    """Native events with prediction and label: nine of ten right."""
    events = [
        {
            "model": "fraud", "version": version, "id": str(at), "time": at, "features": {"clicks": at % 3},
            "prediction": "yes" if at % 2 else "no", "label": "yes" if (at % 2) != (at % 10 == 0) else "no",
        }
        for at in range(400)
    ]  # fmt: skip
    path = folder / name
    path.write_text("\n".join(json.dumps(event) for event in events))
    return path


def test_labelled_predictions_in_the_reference_are_what_is_expected(tmp_path: Path) -> None:
    file = scored(tmp_path, "seven.jsonl", "7")
    found = settings(tmp_path, file)
    promised = model_parameters(found, "fraud", load_references(found)).outcomes.promised
    assert list(promised) == ["7"]
    assert promised["7"].origin is Origin.REFERENCE
    assert promised["7"].figures["accuracy"].value == 0.9
    outcomes = Outcomes(OutcomeParameters(promised=promised))
    assert outcomes._of("7").expected == promised["7"]
    assert outcomes._of("8").expected is None


def test_what_the_configuration_promises_wins(tmp_path: Path) -> None:
    file = scored(tmp_path, "seven.jsonl", "7")
    found = settings(tmp_path, file, performance={"expected": {"accuracy": 0.5}})
    outcomes = Outcomes(model_parameters(found, "fraud", load_references(found)).outcomes)
    expected = outcomes._of("7").expected
    assert expected is not None
    assert (expected.origin, expected.figures["accuracy"].value) == (Origin.GIVEN, 0.5)


def test_a_profile_with_figures_of_another_task_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "p.json"
    file = scored(tmp_path, "seven.jsonl", "7")
    write_profile(path, build([file], FileColumns(), Choices(), lambda _: None).profile)
    assert load_references(settings(tmp_path, path, task="binary", positive="yes"))["fraud"].promises
    with pytest.raises(
        StreamMonitorError, match=r"a binary task with yes positive.*; build it with --positive no"
    ):
        load_references(settings(tmp_path, path, positive="no"))
    with pytest.raises(StreamMonitorError, match="build it with --task regression"):
        load_references(settings(tmp_path, path, task="regression"))


def test_a_configured_task_is_that_of_events_read_as_reference(tmp_path: Path) -> None:
    file = scored(tmp_path, "seven.jsonl", "7")
    promises = load_references(settings(tmp_path, file, positive="no"))["fraud"].promises
    assert promises["7"].task.positive == "no"
