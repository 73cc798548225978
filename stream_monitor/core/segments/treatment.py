"""How the groups of a declared feature are treated by every version of a model, and the findings about it.

A finding compares two groups as if one were the reference of the other, so that its effect sizes and severity mean what they
mean elsewhere. It has no bound on false alarms of its own: the token bucket of the alarm budget holds it.
"""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from stream_monitor.core.batch import Column
from stream_monitor.core.detector import Kind, Plain
from stream_monitor.core.drift_event import Claim, Direction, Distribution, Evidence
from stream_monitor.core.effect_sizes import effect_sizes, severity_of
from stream_monitor.core.errors import CorruptState
from stream_monitor.core.fields import Fields
from stream_monitor.core.outcomes import Outcomes
from stream_monitor.core.performance.columns import LABEL, PREDICTION
from stream_monitor.core.performance.pairs import class_places
from stream_monitor.core.plain import plain_of
from stream_monitor.core.reference import boolean
from stream_monitor.core.segments.fairness import Cases, Fairness, Look
from stream_monitor.core.segments.fairness_figures import Rate
from stream_monitor.core.segments.parameters import DISPARATE_IMPACT, FairnessParameters
from stream_monitor.core.segments.placing import NOWHERE, Placing
from stream_monitor.core.segments.segments import Placed, Segments
from stream_monitor.core.sentence import FAIRNESS
from stream_monitor.core.series import Finding, SeriesKey, Transition
from stream_monitor.core.snapshot import digest


class Treatment:
    """Fairness by version. Costs nothing where no feature is declared."""

    def __init__(self, parameters: FairnessParameters | None) -> None:
        self.parameters = parameters
        self.versions: dict[str | None, Fairness] = {}

    def observe(
        self, placed: Placed, first_row: int, outcomes: Outcomes, segments: Segments
    ) -> Sequence[Finding]:
        """Take the rows placed, the first with the ordinal `first_row`, and the pairs `outcomes` has made of them."""
        if self.parameters is None:
            return ()
        placing = segments.placings[-1]
        looks = [*self._of_predictions(placed, first_row, segments, self.parameters)]
        looks += self._of_pairs(outcomes, segments, self.parameters)
        return [_finding(look, self.parameters, placing) for look in looks]

    def _of_predictions(
        self, placed: Placed, first_row: int, segments: Segments, parameters: FairnessParameters
    ) -> Iterator[Look]:
        batch = placed.batch
        column = batch.columns.get(PREDICTION)
        if column is None:
            return
        favoured = _is(column, parameters.favourable)
        places = segments.places_of(segments.placings[-1], placed.packed)
        here = np.flatnonzero((column.codes != 0) & (places != NOWHERE))
        for at, version in enumerate(batch.versions):
            mine = here[batch.version_at[here] == at]
            if len(mine):
                cases = Cases(first_row + mine, batch.times[mine], places[mine], favoured[mine])
                yield from self._of(version, parameters).predictions(version, cases)

    def _of_pairs(
        self, outcomes: Outcomes, segments: Segments, parameters: FairnessParameters
    ) -> Iterator[Look]:
        joined = outcomes.joined
        if joined is None or len(joined) == 0 or PREDICTION not in joined.columns:
            return
        places = segments.places_of(segments.placings[-1], segments.pairs)
        favoured = _is(joined.columns[PREDICTION], parameters.favourable)
        positive = _is(joined.columns[LABEL], parameters.favourable)
        here = np.flatnonzero((joined.columns[PREDICTION].codes != 0) & positive & (places != NOWHERE))
        for at, version in enumerate(joined.versions):
            mine = here[joined.version_at[here] == at]
            if len(mine):
                cases = Cases(joined.rows[mine], joined.times[mine], places[mine], favoured[mine])
                yield from self._of(version, parameters).positives(version, cases)

    def _of(self, version: str | None, parameters: FairnessParameters) -> Fairness:
        if version not in self.versions:
            self.versions[version] = Fairness(parameters)
        return self.versions[version]

    def retire(self, version: str) -> None:
        """A version has ended."""
        self.versions.pop(version, None)

    def dump(self) -> dict[str, Plain]:
        """Explicit fields."""
        order = sorted(self.versions, key=lambda version: (version is not None, version or ""))
        return {
            "digest": _digest(self.parameters),
            "versions": [[version, self.versions[version].dump()] for version in order],
        }

    @classmethod
    def load(cls, parameters: FairnessParameters | None, plain: Plain) -> "Treatment":
        """The inverse of `dump`; of another feature or window it begins anew. Raises CorruptState."""
        fields = Fields(plain, FAIRNESS)
        treatment = cls(parameters)
        if parameters is None or fields.text("digest") != _digest(parameters):
            return treatment
        for entry in fields.rows("versions"):
            if not isinstance(entry, list) or len(entry) != 2 or not isinstance(entry[0], str | None):
                raise CorruptState("fairness: no version and its cases")
            treatment.versions[entry[0]] = Fairness.load(entry[1], parameters)
        return treatment


def _digest(parameters: FairnessParameters | None) -> str:
    """What must be the same for what was counted to mean the same: not the tolerances."""
    if parameters is None:
        return ""
    plain = plain_of(parameters)
    assert isinstance(plain, Mapping)
    return digest([[name, value] for name, value in plain.items() if name not in ("tolerances", "least")])


def _is(column: Column, name: str) -> NDArray[np.bool_]:
    """Cells (n,) that are of the class `name`."""
    return np.asarray(class_places(column, {name: 0}) == 0.0)


def _finding(look: Look, parameters: FairnessParameters, placing: Placing) -> Finding:
    """The lowest group held against the highest as its reference."""
    figure, tolerance = look.figure, parameters.tolerances[look.name]
    lowest, highest = figure.lowest, figure.highest
    assert figure.value is not None
    assert figure.low is not None
    assert figure.high is not None
    assert lowest is not None
    assert highest is not None
    is_ratio = look.name == DISPARATE_IMPACT
    reference = boolean(trues=highest.hits, size=highest.n, unusable=0)
    effect = (lowest.value - highest.value) / reference.scale
    effects = effect_sizes(
        reference, np.array([lowest.n - lowest.hits, lowest.hits, 0], np.int64), mean_shift=effect
    )
    evidence = Evidence(
        detector=FAIRNESS,
        claim=Claim.DIFFERS,
        bounded=False,
        view="value",
        statistic=figure.high if is_ratio else figure.low,
        threshold=tolerance,
        effect=effect,
        direction=Direction.DOWN if is_ratio else Direction.UP,
        parameters={
            "figure": figure.value,
            "low": figure.low,
            "high": figure.high,
            "lowest": placing.name(lowest.place),
            "highest": placing.name(highest.place),
            "favourable": parameters.favourable,
        },
    )
    return Finding(
        series=SeriesKey(look.name, look.version),
        kind=Kind.BOOLEAN,
        transition=Transition.BEGAN if look.began else Transition.ENDED,
        row=look.row,
        time=look.time,
        change_row=look.since.row,
        change_time=look.since.time,
        severity=severity_of(effects),
        effect=effect,
        evidence=(evidence,),
        effect_sizes=effects,
        reference=_distribution(highest),
        current=_distribution(lowest),
    )


def _distribution(rate: Rate) -> Distribution:
    p = rate.value
    return Distribution(
        size=rate.n,
        mean=p,
        standard_deviation=float(np.sqrt(p * (1 - p))),
        missing=0.0,
        bins=("other", "favourable"),
        shares=(1 - p, p),
    )
