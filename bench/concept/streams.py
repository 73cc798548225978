"""The concept streams as files of native events: a model trained on what came before, its predictions and their labels.

Only p(y|x) changes in them, never p(x). Knows nothing of what watches the events.
"""

import csv
import gzip
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import orjson
from river.naive_bayes import GaussianNB as LearningNaiveBayes
from sklearn.naive_bayes import GaussianNB as FrozenNaiveBayes  # type: ignore[import-untyped]  # comes without types

from stream_monitor.core.detector import FloatArray

TRAIN: Final = 2_000  # rows of a concept on which a model is trained; the rest of the concept it is watched
WINDOW: Final = 2_000  # rows after a change is complete in which it must be found
_ABRUPT: Final = (10_000, 20_000, 30_000)
_GRADUAL: Final = (9_500, 20_000, 30_500)
_WIDTH: Final = 1_000  # rows of a gradual change


@dataclass(frozen=True, slots=True, kw_only=True)
class Labels:
    """How labels come. delay: predictions after their own, at most, evenly spread; 0: in the same event. missing: share."""

    name: str
    delay: int = 0
    missing: float = 0.0
    learning: bool = False  # whether the model learns from every label


AT_ONCE: Final = Labels(name="labels at once")
LATE: Final = Labels(name="labels up to 1,000 later, 20 % missing", delay=1_000, missing=0.2)
LEARNING: Final = Labels(name="a model that keeps learning", learning=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Concept:
    """Rows of a stream: training, then a concept the model knows, then from `change` on another.

    width: rows that the transition takes. change: counted from the first watched row. features: (n, k); truth: (n,).
    """

    stream: str
    name: str
    train: tuple[FloatArray, FloatArray]
    features: FloatArray
    truth: FloatArray
    change: int
    width: int


def concepts(folder: Path) -> Iterator[Concept]:
    """Three changes of every stream in `folder`/concept_streams. Raises FileNotFoundError if there is none."""
    paths = sorted((folder / "concept_streams").glob("*.csv.gz"))
    if not paths:
        raise FileNotFoundError(f"no concept streams in {folder}")
    for path in paths:
        rows = _table(path)
        stream = path.name.partition(".")[0]
        gradual = "gradual" in stream
        changes, width = (_GRADUAL, _WIDTH) if gradual else (_ABRUPT, 0)
        for start, change in zip((0, *(one + width for one in changes)), changes, strict=False):
            end = min(len(rows), change + width + WINDOW)
            train, watched = rows[start : start + TRAIN], rows[start + TRAIN : end]
            yield Concept(
                stream=stream,
                name=f"{stream}@{change}",
                train=(train[:, :-1], train[:, -1]),
                features=watched[:, :-1],
                truth=watched[:, -1],
                change=change - start - TRAIN,
                width=width,
            )


def write(concept: Concept, labels: Labels, path: Path) -> Sequence[int]:
    """Native events in JSON lines. Returns for every line how many predictions have been made up to it."""
    random = np.random.default_rng(1)
    n = len(concept.truth)
    due = np.arange(n) + (random.integers(1, labels.delay + 1, n) if labels.delay else 0)
    lost = random.random(n) < labels.missing
    waiting: list[list[int]] = [[] for _ in range(n)]
    for at in np.flatnonzero(~lost & (due < n)).tolist():
        waiting[due[at]].append(at)
    predicted: list[int] = []
    with path.open("wb") as file:
        for at, p in enumerate(_probabilities(concept, learning=labels.learning)):
            event = _prediction(concept, at, p)
            if not labels.delay and not lost[at]:
                event["label"] = int(concept.truth[at])
            file.write(orjson.dumps(event, option=orjson.OPT_APPEND_NEWLINE))
            predicted.append(at + 1)
            for of in waiting[at] if labels.delay else ():
                label = {"model": "concept", "id": str(of), "label": int(concept.truth[of])}
                file.write(orjson.dumps(label, option=orjson.OPT_APPEND_NEWLINE))
                predicted.append(at + 1)
    return predicted


def _prediction(concept: Concept, at: int, p: float) -> dict[str, object]:
    features = {f"x{k}": value for k, value in enumerate(concept.features[at].tolist(), 1)}
    return {
        "model": "concept",
        "version": "1",
        "id": str(at),
        "features": features,
        "prediction": int(p > 0.5),
        "probability": round(p, 6),
    }


def _probabilities(concept: Concept, *, learning: bool) -> Iterator[float]:
    """Of the class 1, for every watched row in turn: Gaussian naive Bayes, frozen or not."""
    if not learning:
        frozen = FrozenNaiveBayes().fit(*concept.train)
        yield from frozen.predict_proba(concept.features)[:, 1].tolist()
        return
    model: Any = LearningNaiveBayes()  # type: ignore[no-untyped-call]  # river comes without this type
    for x, y in zip(*concept.train, strict=True):
        model.learn_one(_named(x), int(y))
    for x, y in zip(concept.features, concept.truth, strict=True):
        named = _named(x)
        yield float(model.predict_proba_one(named).get(1, 0.0))
        model.learn_one(named, int(y))


def _named(x: FloatArray) -> dict[int, float]:
    return dict(enumerate(x.tolist()))


def _table(path: Path) -> FloatArray:
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        _, *rows = csv.reader(file)
    return np.array(rows, np.float64)
