"""The benchmark of concept drift finds a change of p(y|x) as the product tells it, and counts as it says."""

from pathlib import Path

import numpy as np
import orjson
import pytest

from bench.concept import __main__ as bench
from bench.concept.streams import AT_ONCE, LATE, LEARNING, Concept, Labels, concepts, write


def concept(rows: int, change: int) -> Concept:
    """Two classes apart; from `change` on they are called by each other's name."""
    random = np.random.default_rng(1)
    truth = (random.random(rows + 500) < 0.5).astype(np.float64)
    features = random.normal(size=(rows + 500, 2)) + 2.0 * truth[:, None]
    watched = truth[500:] != (np.arange(rows) >= change)
    return Concept(
        stream="made",
        name=f"made@{change}",
        train=(features[:500], truth[:500]),
        features=features[500:],
        truth=watched.astype(np.float64),
        change=change,
        width=0,
    )


@pytest.mark.parametrize("labels", [AT_ONCE, LATE], ids=lambda one: one.name)
def test_the_error_of_a_frozen_model_is_told_and_its_features_are_silent(
    labels: Labels, tmp_path: Path
) -> None:
    found = bench.Found()
    bench.watch(concept(6_000, 4_000), labels, tmp_path / "concept.jsonl", found)
    assert found.features == found.outputs == found.false == 0
    (delay,) = found.delays
    assert delay is not None
    assert 0 < delay <= 64 + labels.delay
    ((before, after),) = found.falls
    assert before > 0.9
    assert after < 0.7


def test_late_labels_are_events_of_their_own_and_of_some_predictions_none_come(tmp_path: Path) -> None:
    path = tmp_path / "concept.jsonl"
    predicted = write(concept(3_000, 2_000), LATE, path)
    events = [orjson.loads(line) for line in path.read_bytes().splitlines()]
    assert len(events) == len(predicted)
    made = {event["id"]: at for event, at in zip(events, predicted, strict=True) if "prediction" in event}
    delays = [at - made[event["id"]] for event, at in zip(events, predicted, strict=True) if "label" in event]
    assert len(made) == 3_000
    assert 0.7 < len(delays) / (3_000 - LATE.delay / 2) < 0.9
    assert 1 <= min(delays) < 50
    assert LATE.delay - 50 < max(delays) <= LATE.delay


def test_a_model_that_learns_is_right_again_in_time(tmp_path: Path) -> None:
    made = concept(4_000, 500)
    accuracies = []
    for labels in (AT_ONCE, LEARNING):
        write(made, labels, tmp_path / "concept.jsonl")
        last = [orjson.loads(line) for line in (tmp_path / "concept.jsonl").read_bytes().splitlines()][-500:]
        accuracies.append(np.mean([event["prediction"] == event["label"] for event in last]))
    assert accuracies[0] < 0.2
    assert accuracies[1] > 0.8


def test_a_folder_without_streams_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(FileNotFoundError):
        next(concepts(tmp_path))
    with pytest.raises(SystemExit):
        bench.main(["--datasets", str(tmp_path)])
    assert "no folder" in capsys.readouterr().err
