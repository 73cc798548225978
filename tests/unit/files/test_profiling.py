import json
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import pytest

from stream_monitor.core.derived.parameters import Constraints
from stream_monitor.core.detector import Kind
from stream_monitor.core.errors import StreamMonitorError
from stream_monitor.core.events import Decoded, Role, Row, Source
from stream_monitor.core.performance.task import TaskKind
from stream_monitor.core.profile import Origin, learn_feature
from stream_monitor.core.reference import Reference
from stream_monitor.files.columns import FileColumns
from stream_monitor.files.learning import Choices
from stream_monitor.files.profiling import Built, Part, build, build_from
from tests.unit.files.written import read_columns, written


def csv(folder: Path, rows: int, name: str = "train.csv") -> Path:
    rng = np.random.default_rng(rows)
    amount, country = rng.lognormal(size=rows), rng.choice(["DE", "FR", "US"], rows, p=[0.6, 0.3, 0.1])
    lines = [
        f"{x!r},{c},{at % 3},e{at},{at}"
        for at, (x, c) in enumerate(zip(amount.tolist(), country, strict=True))
    ]
    return written(folder, name, "\n".join(["amount,country,grade,event_id,ts", *lines, ""]))


def built(*paths: Path, columns: FileColumns | None = None, choices: Choices | None = None) -> Built:
    return build(paths, columns or FileColumns(), choices or Choices(), lambda _: None)


def features(one: Built) -> Mapping[str, Reference]:
    return one.profile.features


def test_a_file_that_fits_is_learned_as_data_named_in_a_configuration_are(tmp_path: Path) -> None:
    path = csv(tmp_path, 2_500)
    found = built(
        path, columns=FileColumns(id="event_id", time="ts", model="fraud"), choices=Choices(version="7")
    )
    expected = {
        name: learn_feature(column, None, categories=64)
        for name, column in read_columns(path, exclude=["event_id", "ts"]).items()
    }
    assert features(found) == expected
    assert (found.profile.model, found.profile.version, found.profile.rows) == ("fraud", "7", 2_500)
    assert found.profile.created_from == (Origin(kind="csv", name="train.csv", rows=2_500),)


def test_constraints_are_suggested_where_asked_for_also_of_more_rows_than_are_sampled(tmp_path: Path) -> None:
    path = csv(tmp_path, 6_000)
    assert built(path).profile.constraints == {}
    whole, sampled = (
        built(path, choices=Choices(constraints=True, max_rows=rows)).profile.constraints
        for rows in (6_000, 2_000)
    )
    assert whole == sampled
    assert whole["country"] == Constraints(allowed=("DE", "FR", "US"), required=True)
    assert (whole["amount"].low, whole["amount"].required) == (0.0, True)


def test_categories_of_which_the_last_came_late_are_not_all_there_are(tmp_path: Path) -> None:
    rows = ["b" if at > 500 and at % 2 else "a" for at in range(2_000)]
    path = written(tmp_path, "train.csv", "\n".join(["country", *rows, ""]))
    found = built(path, choices=Choices(constraints=True)).profile.constraints
    assert found == {"country": Constraints(required=True)}


def test_of_more_rows_than_are_sampled_all_are_counted(tmp_path: Path) -> None:
    path = csv(tmp_path, 6_000)
    whole, sampled = features(built(path)), features(built(path, choices=Choices(max_rows=600)))
    amount, exact = sampled["amount"], whole["amount"]
    assert (amount.size, amount.counts[0], amount.counts[-1]) == (6_000, 0, 0)
    assert (amount.edges[0], amount.edges[-1]) == (exact.edges[0], exact.edges[-1])
    assert (amount.mean, amount.scale) == pytest.approx((exact.mean, exact.scale), rel=1e-12)
    for view, moments in exact.views.items():
        assert amount.views[view] == pytest.approx(moments, rel=1e-9, abs=1e-12)
    values = read_columns(path)["amount"].values
    edges = np.array(amount.edges)
    assert list(amount.counts[1:-1]) == np.histogram(values, edges)[0].tolist()
    assert (sampled["country"].counts, sampled["grade"].counts) == (
        whole["country"].counts,
        whole["grade"].counts,
    )
    assert sampled["event_id"] == whole["event_id"]


def test_several_files_are_one_data_set(tmp_path: Path) -> None:
    lines = csv(tmp_path, 3_000).read_text().splitlines()
    first = written(tmp_path, "a.csv", "\n".join(lines[:1001]))
    second = written(tmp_path, "b.csv", "\n".join([lines[0], *lines[1001:]]))
    parts, whole = built(first, second), built(tmp_path / "train.csv")
    assert features(parts) == features(whole)
    assert [(origin.name, origin.rows) for origin in parts.profile.created_from] == [
        ("a.csv", 1000),
        ("b.csv", 2000),
    ]


def test_columns_are_excluded_and_kinds_chosen_by_name_or_glob(tmp_path: Path) -> None:
    kinds = {"grade": Kind.CATEGORICAL, "am*": Kind.IDENTIFIER}
    found = built(csv(tmp_path, 50), choices=Choices(exclude=["event_*", "ts"], kinds=kinds))
    assert {name: one.kind for name, one in features(found).items()} == {
        "amount": Kind.IDENTIFIER,
        "country": Kind.CATEGORICAL,
        "grade": Kind.CATEGORICAL,
    }


def test_columns_that_may_be_no_features_are_told(tmp_path: Path) -> None:
    path = csv(tmp_path, 5)
    assert built(path).lookalikes == {path: {"id": "event_id", "time": "ts"}}
    assert built(path, columns=FileColumns(id="event_id", time="ts")).lookalikes == {}


def events(folder: Path, *given: Mapping[str, object]) -> Path:
    return written(
        folder, "e.jsonl", "".join(json.dumps({"time": 1, **one}) + "\n" for one in given) + "broken\n"
    )


def test_native_events_say_whose_they_are(tmp_path: Path) -> None:
    path = events(
        tmp_path,
        {"model": "a", "features": {"x": 1}},
        {"model": "a", "prediction": 1},
        {"model": "a", "features": {"y": 2}},
    )
    found = built(path)
    assert (found.profile.model, found.profile.rows, sum(found.rejected.values())) == ("a", 2, 1)
    assert {name: one.unusable for name, one in features(found).items()} == {"x": 1, "y": 1}


def predictions(folder: Path, rows: int) -> Path:
    """Two versions, of which the second answers otherwise; every third event is a prediction alone."""
    given = []
    for at in range(rows):
        version = {"version": "8" if at % 4 == 0 else "7"} if at % 10 else {}
        answer = {"probability": 0.75 if at % 4 == 0 else 0.25, "prediction": "yes" if at % 2 else "no"}
        features = {"features": {"x": at % 50}} if at % 3 else {}
        given.append({"model": "a", **version, **answer, **features, "label": 1})
    return events(folder, *given)


def test_what_each_version_puts_out_is_learned_apart(tmp_path: Path) -> None:
    profile = built(predictions(tmp_path, 300)).profile
    assert (profile.version, profile.rows) == (None, 200)
    assert {version: one.rows for version, one in profile.versions.items()} == {"": 30, "7": 210, "8": 60}
    seven, eight = (profile.versions[version].series for version in ("7", "8"))
    assert list(seven) == ["prediction", "probability"]  # the label is the truth
    assert (seven["probability"].mean, eight["probability"].mean) == (0.25, 0.75)
    assert (seven["prediction"].counts, seven["prediction"].unusable) == ((150, 60, 0), 0)
    assert eight["prediction"].categories == ("no",)


def test_of_many_rows_the_outputs_are_counted_as_the_features_are(tmp_path: Path) -> None:
    path = predictions(tmp_path, 900)
    whole, sampled = built(path).profile, built(path, choices=Choices(max_rows=100)).profile
    counted, exact = (one.versions["7"].series["prediction"] for one in (sampled, whole))
    assert (counted.categories, counted.counts, counted.unusable) == (exact.categories, exact.counts, 0)
    assert sampled.versions["7"].series["probability"].counts == (0, 630, 0)
    assert sampled.features["x"].size == 600


def test_one_version_can_be_chosen(tmp_path: Path) -> None:
    found = built(predictions(tmp_path, 300), choices=Choices(version="7"))
    assert (found.profile.version, found.other_versions) == ("7", 60)
    assert {version: one.rows for version, one in found.profile.versions.items()} == {"7": 240}


def test_too_many_versions_are_none(tmp_path: Path) -> None:
    path = events(tmp_path, *({"model": "a", "version": f"v{at}", "features": {"x": 1}} for at in range(33)))
    with pytest.raises(StreamMonitorError, match="more than 32 versions; choose one with --version"):
        built(path)


def test_rows_that_changed_between_the_readings_are_a_failure() -> None:
    def chunks() -> Iterator[Decoded]:
        rows.append(Row("a", None, None, 0, Role.FEATURES, {"x": 1.0}, {}))
        source = Source("t", 0)
        yield Decoded(source=source, rows=rows, offsets=[0] * len(rows), items=[0] * len(rows), rejected=[])

    rows: list[Row] = []
    rows += [Row("a", None, None, 0, Role.FEATURES, {"x": 1.0}, {})] * 4
    part = Part(where="t", kind="topic", name="t", named=True, chunks=chunks)
    with pytest.raises(
        StreamMonitorError, match="5 rows were there at the first reading and 6 at the second"
    ):
        build_from([part], None, Choices(max_rows=3), lambda _: None)


def test_of_events_of_several_models_one_is_chosen(tmp_path: Path) -> None:
    path = events(tmp_path, {"model": "a", "features": {"x": 1}}, {"model": "b", "features": {"z": 1}})
    with pytest.raises(StreamMonitorError, match=r"several models \(a, b\); choose one with --model"):
        built(path)
    found = built(path, columns=FileColumns(model="b"))
    assert (found.profile.model, list(features(found))) == ("b", ["z"])


def test_nothing_to_learn_from_is_said(tmp_path: Path) -> None:
    with pytest.raises(StreamMonitorError, match=r"no row with features \(1 rows could not be read\)"):
        built(events(tmp_path, {"model": "a", "label": 1}))


def test_progress_is_told(tmp_path: Path) -> None:
    told: list[int] = []
    build([csv(tmp_path, 2_500)], FileColumns(), Choices(), told.append)
    assert told == [1000, 2000, 2500]


def scored(
    folder: Path, rows: int, *, name: str = "scored.csv", labelled: float = 1.0, seed: int = 1
) -> Path:
    rng = np.random.default_rng(seed)
    p = rng.beta(0.5, 0.5, rows)
    actual = np.where(rng.random(rows) < p, "fraud", "legit")
    there = rng.random(rows) < labelled
    lines = [
        f"{at % 7},{'fraud' if x > 0.5 else 'legit'},{x!r},{y if known else ''},{at % 2 + 7}"
        for at, (x, y, known) in enumerate(zip(p.tolist(), actual.tolist(), there.tolist(), strict=True))
    ]
    return written(folder, name, "\n".join(["grade,said,score,is,version", *lines, ""]))


SCORED = FileColumns(prediction="said", probability="score", label="is")


def test_labelled_predictions_promise_their_performance(tmp_path: Path) -> None:
    (version,) = built(scored(tmp_path, 2_000), columns=SCORED).profile.versions.values()
    promise = version.performance
    assert promise is not None
    table = np.genfromtxt(tmp_path / "scored.csv", delimiter=",", dtype=str, skip_header=1)
    said, true = table[:, 1], table[:, 3]
    assert promise.pairs == 2_000
    assert promise.figures["accuracy"].value == (said == true).mean()
    hits = ((said == "fraud") & (true == "fraud")).sum()
    assert promise.figures["recall:fraud"].value == pytest.approx(hits / (true == "fraud").sum())
    assert "roc_auc" in promise.figures


def test_rows_without_a_label_are_left_out_of_it(tmp_path: Path) -> None:
    (version,) = built(scored(tmp_path, 2_000, labelled=0.4), columns=SCORED).profile.versions.values()
    assert version.rows == 2_000
    assert version.performance is not None
    assert 600 < version.performance.pairs < 1_000


@pytest.mark.parametrize("rows", [0, 31])
def test_too_few_labels_promise_nothing(tmp_path: Path, rows: int) -> None:
    path = scored(tmp_path, 100 if rows == 0 else rows, labelled=float(rows > 0))
    (version,) = built(path, columns=SCORED).profile.versions.values()
    assert version.performance is None


def test_each_version_promises_its_own(tmp_path: Path) -> None:
    columns = FileColumns(prediction="said", probability="score", label="is", version="version")
    versions = built(scored(tmp_path, 1_000), columns=columns).profile.versions
    assert {name: one.performance and one.performance.pairs for name, one in versions.items()} == {
        "7": 500,
        "8": 500,
    }


def test_the_positive_class_can_be_chosen(tmp_path: Path) -> None:
    for positive in ("fraud", "legit"):
        choices = Choices(task=TaskKind.BINARY, positive=positive)
        (version,) = built(scored(tmp_path, 500), columns=SCORED, choices=choices).profile.versions.values()
        assert version.performance is not None
        assert version.performance.task.positive == positive
        figures = version.performance.figures
        assert figures["recall"] == figures[f"recall:{positive}"]


def test_a_sample_of_many_labelled_predictions_says_nearly_the_same(tmp_path: Path) -> None:
    path = scored(tmp_path, 6_000)
    (whole,) = built(path, columns=SCORED).profile.versions.values()
    (sampled,) = built(path, columns=SCORED, choices=Choices(max_rows=600)).profile.versions.values()
    assert whole.performance is not None
    assert sampled.performance is not None
    assert sampled.performance.pairs == 6_000
    exact, near = whole.performance.figures["accuracy"], sampled.performance.figures["accuracy"]
    assert near.n == 600
    assert near.value == pytest.approx(exact.value, abs=0.06)
