"""What a configuration says of the labels and the performance of a model, as plain values for those who print them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from stream_monitor.core.parameters import OutcomeParameters
from stream_monitor.core.performance.task import TaskKind


@dataclass(frozen=True, slots=True, kw_only=True)
class OutcomesExplained:
    """task: None until it is told by the labels. wait_ms, pending: of predictions for their label; expected: from the first
    event on, else from the first label on.

    promised: by figure; where it is empty a reference profile says it, of the versions `referenced`, and of others their first
    `reference` labelled predictions. tolerance: of a drop. window,
    min_labels: labelled predictions; min_coverage: share of the predictions that are due.
    """

    task: TaskKind | None
    positive: str | None
    expected: bool
    wait_ms: int
    pending: int
    window: int
    reference: int
    min_labels: int
    min_coverage: float
    promised: Mapping[str, float]
    referenced: Sequence[str]
    tolerance: float


def outcomes_explained(parameters: OutcomeParameters) -> OutcomesExplained:
    """Of a model with these parameters."""
    performance = parameters.performance
    return OutcomesExplained(
        task=performance.kind,
        positive=performance.positive,
        expected=parameters.expected,
        wait_ms=parameters.join.wait_ms,
        pending=parameters.join.pending,
        window=performance.window,
        reference=performance.reference,
        min_labels=performance.gate.minimum_pairs,
        min_coverage=performance.gate.minimum_coverage,
        promised=dict(performance.expected),
        referenced=[] if performance.expected else [version or "" for version in parameters.promised],
        tolerance=performance.tolerance,
    )
