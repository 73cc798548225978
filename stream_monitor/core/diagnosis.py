"""What the sequential test of a series can see at present, in figures and in words: whether the bound holds, and why not."""

from typing import Final

from stream_monitor.core.sequential.tests import Diagnosis
from stream_monitor.core.sequential.views import View
from stream_monitor.core.status import SequentialStatus

_NAMES: Final = {
    View.VALUE: "value",
    View.RESIDUAL: "residual",
    View.LEFT: "hour",
    View.LEFT_RESIDUAL: "hour_residual",
}
_PLAIN: Final = 0.95  # power of the evidence from which it is not worth a word
_WORDS: Final = {
    View.RESIDUAL: "what a forecast from the last values leaves",
    View.LEFT: "what is left of the usual of the hour",
    View.LEFT_RESIDUAL: "what the usual of the hour and a forecast leave",
}


def sequential_status(seen: Diagnosis) -> SequentialStatus:
    """`seen` for people and machines. Effective sample size as of an autoregression of order one."""
    blind = not seen.learning and not seen.values_white and not seen.views_white
    lag_1 = min(max(seen.lag_1, -0.999), 0.999)
    return SequentialStatus(
        evidence=seen.evidence,
        learning=seen.learning,
        view=None if blind else _NAMES[seen.view],
        lag_1=seen.lag_1,
        effective_share=min(1.0, (1 - lag_1) / (1 + lag_1)),
        bounded=seen.values_white,
        words=_in_words(seen, blind=blind),
    )


def _in_words(seen: Diagnosis, *, blind: bool) -> str:
    dependence = f"lag-1 autocorrelation {seen.lag_1:.2f}"
    if blind:
        return (
            f"its values depend on those before ({dependence}), and so does whatever is left of them: the sequential test is"
            " blind, other detectors watch alone; a feature made from it (a difference, a ratio to the usual of the hour)"
            " may be seen"
        )
    if seen.learning:
        return "the sequential test learns what is normal and gathers no evidence yet"
    if seen.values_white:
        return f"its values look independent ({dependence}): the bound on false alarms holds"
    tempered = (
        f"; evidence counts for {seen.power:.0%}, as that is not quite white" if seen.power < _PLAIN else ""
    )
    return (
        f"its values depend on those before ({dependence}): the sequential test watches {_WORDS[seen.view]}, its rate of false"
        f" alarms is measured and not a theorem, and changes are found later{tempered}"
    )
