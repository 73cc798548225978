"""Through the join: labels delayed, shuffled, repeated and missing; figures are scikit-learn's of the pairs that are there."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics  # type: ignore[import-untyped]  # comes without types

from stream_monitor.core.columnise import PlacedRow, columnise
from stream_monitor.core.events import Role, Row, Source
from stream_monitor.core.join.label_join import LabelJoin
from stream_monitor.core.join.parameters import JoinParameters
from stream_monitor.core.performance.columns import Places
from stream_monitor.core.performance.gate import Gate
from stream_monitor.core.performance.version import PerformanceParameters, VersionPerformance

PARAMETERS = PerformanceParameters(
    positive="fraud", window=512, reference=256, gate=Gate(minimum_pairs=1, minimum_coverage=0.0)
)
SOURCE = Source("events", 0)


def stream(seed: int, n: int) -> list[Row]:
    """Predictions of two versions, and of four in five the label: up to 300 events later, some twice, some before."""
    random = np.random.default_rng(seed)
    rows: list[tuple[float, Row]] = []
    for at in range(n):
        p = float(random.random())
        said, label = "fraud" if p > 0.5 else "legit", "fraud" if random.random() < p else "legit"
        version = "old" if random.random() < 0.3 else "new"
        outputs: dict[str, object] = {
            "prediction": said,
            "probability:fraud": p,
            "probability:legit": 1.0 - p,
        }
        rows.append((at, Row("m", version, f"e-{at}", 0, int(Role.PREDICTION), {}, outputs)))
        if random.random() < 0.8:
            for again in range(1 + int(random.random() < 0.1)):
                late = at + float(random.uniform(-5, 300)) + 300 * again
                rows.append((late, Row("m", None, f"e-{at}", 0, int(Role.LABEL), {}, {"label": label})))
    ordered = [row for _, row in sorted(rows, key=lambda one: one[0])]
    return [row._replace(time=1_000 + at) for at, row in enumerate(ordered)]


def expected_of(rows: list[Row]) -> list[tuple[str, str, float]]:
    """Label, prediction and probability of the pairs of `new`, in the order in which they became complete."""
    predictions: dict[str | None, Row] = {}
    labels: dict[str | None, str] = {}
    pairs = []
    for row in rows:
        first = row.id not in labels
        if row.roles & Role.LABEL:
            labels.setdefault(row.id, str(row.outputs["label"]))
        else:
            predictions[row.id], first = row, True
        if first and row.id in labels and row.id in predictions:
            one = predictions[row.id]
            if one.version == "new":
                said, p = str(one.outputs["prediction"]), one.outputs["probability:fraud"]
                assert isinstance(p, float)
                pairs.append((labels[row.id], said, p))
    return pairs


@settings(max_examples=25)
@given(st.integers(0, 2**32 - 1), st.integers(500, 1_500), st.lists(st.integers(1, 2_500), max_size=12))
def test_figures_are_those_of_the_pairs_that_were_joined(seed: int, n: int, cuts: list[int]) -> None:
    rows = stream(seed, n)
    join, version = LabelJoin(JoinParameters()), VersionPerformance(PARAMETERS)
    ends = sorted({0, len(rows), *(cut for cut in cuts if cut < len(rows))})
    for first, end in pairwise(ends):
        placed = [PlacedRow(row, 0, first + at, 0) for at, row in enumerate(rows[first:end])]
        joined = join.observe(columnise("m", placed, [SOURCE]), first)
        if "new" in joined.versions:
            at = np.flatnonzero(joined.version_at == joined.versions.index("new"))
            version.learn(joined.columns, Places(at, joined.rows[at], joined.times[at]))
    pairs = expected_of(rows)
    pairs = pairs[: len(pairs) - len(pairs) % 32][-512:]
    report = version.report(coverage=None)
    if report.task is None:
        assert len(expected_of(rows)) < 256
        return
    labels, said, p = (list(column) for column in zip(*pairs, strict=True))
    positive = [label == "fraud" for label in labels]
    figures = {name: one.value for name, one in report.figures.items()}
    assert report.figures["accuracy"].n == len(pairs)
    assert figures["accuracy"] == metrics.accuracy_score(labels, said)
    assert figures["recall"] == pytest.approx(metrics.recall_score(labels, said, pos_label="fraud"))
    assert figures["f1_macro"] == pytest.approx(metrics.f1_score(labels, said, average="macro"))
    assert figures["roc_auc"] == pytest.approx(metrics.roc_auc_score(positive, p))
    assert figures["pr_auc"] == pytest.approx(metrics.average_precision_score(positive, p))
    assert figures["log_loss"] == pytest.approx(metrics.log_loss(positive, p))
