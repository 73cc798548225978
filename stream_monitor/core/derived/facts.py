"""Plain facts: what needs no statistics to be said, and spends no alarm budget. Findings, so that alerts carry them like others.

What a fact is can be read from its evidence: the detector that found it, its name as the view, and its figures as parameters.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from stream_monitor.core.detector import Kind, Scalar
from stream_monitor.core.drift_event import (
    Claim,
    Direction,
    Distribution,
    EffectSize,
    EffectSizes,
    Evidence,
    Severity,
)
from stream_monitor.core.series import Finding, SeriesKey, Transition

_NOTHING: Final = Distribution(size=0, mean=None, standard_deviation=None, missing=0.0, bins=(), shares=())
_NO_EFFECT: Final = EffectSizes(
    psi=EffectSize.of(0.0, 0.1),
    js_distance=EffectSize.of(0.0, 0.1),
    wasserstein=None,
    ks=None,
    chi_square=None,
    cramers_v=None,
    l_infinity=None,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """detector: what found it. name: what it is. statistic, threshold: in the detector's own unit. change_row, change_time: since
    when it has been so, as far as that is known.
    """

    key: SeriesKey
    kind: Kind
    detector: str
    name: str
    statistic: float
    threshold: float
    severity: Severity
    change_row: int
    change_time: int
    parameters: Mapping[str, Scalar]

    def finding(self, row: int, time: int) -> Finding:
        """The fact as of a row of the model, with the latest event time."""
        evidence = Evidence(
            detector=self.detector,
            claim=Claim.OBSERVED,
            bounded=False,
            view=self.name,
            statistic=self.statistic,
            threshold=self.threshold,
            effect=0.0,
            direction=Direction.OTHER,
            parameters=self.parameters,
        )
        return Finding(
            series=self.key,
            kind=self.kind,
            transition=Transition.BEGAN,
            row=row,
            time=time,
            change_row=self.change_row,
            change_time=self.change_time,
            severity=self.severity,
            effect=0.0,
            evidence=(evidence,),
            effect_sizes=_NO_EFFECT,
            reference=_NOTHING,
            current=_NOTHING,
        )
