"""What labels must lead to: the naive join of what was produced, and scikit-learn's figures of its pairs.

Knows the events and the rules of the join; nothing of the log, of workers or of what the product computes.
"""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from sklearn import metrics  # type: ignore[import-untyped]  # comes without types

from stream_monitor.core.join.parameters import JoinParameters
from stream_monitor.core.performance.version import PerformanceParameters
from tests.chaos.labels import CLASSES
from tests.chaos.workload import Row
from tests.property.naive_join import NaiveJoin, Pair

BLOCK: Final = 32  # pairs: figures are told at the ends of such blocks


@dataclass(frozen=True, slots=True, kw_only=True)
class Learned:
    """counts: what became of predictions and labels, those that are not 0. waiting: predictions and labels that still do.

    figures: of the last pairs; expected: of the first.
    """

    counts: Mapping[str, int]
    waiting: tuple[int, int]
    figures: Mapping[str, float]
    expected: Mapping[str, float]

    def differences(self, other: "Learned") -> list[str]:
        """Names of what `other` has otherwise: counts exactly, figures but for the last digits of a float."""
        counts, others = Counter(self.counts), Counter(other.counts)
        different = [name for name in {*counts, *others} if counts[name] != others[name]]
        if self.waiting != other.waiting:
            different.append("waiting")
        for window, mine, its in (
            ("figures", self.figures, other.figures),
            ("expected", self.expected, other.expected),
        ):
            different += [
                f"{window}: {name}"
                for name, value in mine.items()
                if not math.isclose(value, its.get(name, math.nan), rel_tol=1e-9)
            ]
        return sorted(different)


def truth_of(rows: Sequence[Row], join: JoinParameters, performance: PerformanceParameters) -> Learned:
    """rows: of one model and version, in the order in which they are observed."""
    naive = NaiveJoin(join)
    naive.rows = next(at for at, row in enumerate(rows) if row.event.label is not None)
    pairs = naive.observe([row.event for row in rows[naive.rows :]])  # nothing waits before the first label
    closed = pairs[: len(pairs) - len(pairs) % BLOCK]
    return Learned(
        counts=naive.counts,
        waiting=(len(naive.pending), len(naive.early)),
        figures=_figures(closed[-performance.window :]),
        expected=_figures(closed[: performance.reference]),
    )


def _figures(pairs: Sequence[Pair]) -> Mapping[str, float]:
    positive = CLASSES[1]
    actual, said = [pair.label for pair in pairs], [pair.prediction for pair in pairs]
    truths, p = [one == positive for one in actual], [pair.probability for pair in pairs]
    return {
        "accuracy": metrics.accuracy_score(actual, said),
        "precision": metrics.precision_score(actual, said, pos_label=positive),
        "recall": metrics.recall_score(actual, said, pos_label=positive),
        "f1": metrics.f1_score(actual, said, pos_label=positive),
        "f1_macro": metrics.f1_score(actual, said, average="macro"),
        "roc_auc": metrics.roc_auc_score(truths, p),
        "pr_auc": metrics.average_precision_score(truths, p),
        "log_loss": metrics.log_loss(truths, p),
        "brier": metrics.brier_score_loss(truths, p),
    }
