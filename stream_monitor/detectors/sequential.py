"""The sequential test as a detector of one series: the only one here whose false alarms have a bound with a proof.

What it computes is in `core.sequential`, which tests all series of a model at once; this is one series of it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from stream_monitor.core.detector import Detection, FloatArray, Grain, Kind, Plain, Scalar
from stream_monitor.core.fields import Fields, as_bytes
from stream_monitor.core.sequential.series import Blocks
from stream_monitor.core.sequential.tests import SequentialTests
from stream_monitor.core.window import BLOCK
from stream_monitor.detectors.parameters import Parameter, number, resolve

_PARAMETERS: Sequence[Parameter] = (number("values_per_alarm", 1_000_000, 1_000, 1e15),)
_NAME = "series"


class SequentialDetector:
    """One series: values in waiting for their block, and the test."""

    __slots__ = ("_tests", "_waiting", "_weight")

    def __init__(self, values_per_alarm: float, seed: int) -> None:
        self._weight = BLOCK / values_per_alarm
        self._waiting: FloatArray = np.zeros(0)
        self._tests = SequentialTests()
        self._tests.add(_NAME, seed=seed)

    def update(self, values: FloatArray) -> Sequence[Detection]:
        """Feed `values`: (k,) float64 in arrival order. Raises ValueError, before any is used, if one is not finite."""
        if not np.isfinite(values).all():
            raise ValueError("a value is not finite")
        waited = len(self._waiting)
        values = np.concatenate([self._waiting, values])
        m = len(values) // BLOCK
        self._waiting = values[m * BLOCK :].copy()
        if m == 0:
            return ()
        numbers = values[: m * BLOCK].reshape(m, BLOCK)
        blocks = Blocks(numbers, np.zeros(numbers.shape, np.int64), np.full(m, self._weight))
        alarms = self._tests.advance({_NAME: blocks}).get(_NAME, [])
        return [
            Detection(
                at=(alarm.at + 1) * BLOCK - waited - 1, statistic=alarm.evidence, threshold=1.0, length=0
            )
            for alarm in alarms
        ]

    def dump(self) -> Mapping[str, Plain]:
        """The whole state as explicit fields."""
        return {
            "waiting": as_bytes(self._waiting, "<f8"),
            "test": self._tests.dump(_NAME),
        }

    def load(self, plain: Mapping[str, Plain]) -> None:
        """The inverse of `dump`. Raises CorruptState."""
        fields = Fields(plain, "sequential")
        if set(fields.names()) != {"waiting", "test"}:
            raise fields.wrong("test", "fields missing or unknown")
        self._waiting = fields.array("waiting", "<f8")
        if len(self._waiting) >= BLOCK:
            raise fields.wrong("waiting", "a full block waits")
        self._tests.load([(_NAME, fields.plain("test"))])

    def gauges(self) -> Mapping[str, float]:
        """`evidence` (1 is an alarm), lag-1 autocorrelation, and of how many of its views and scales the test takes part."""
        seen = self._tests.diagnosis(_NAME)
        return {
            "evidence": seen.evidence,
            "lag_1": seen.lag_1,
            "values_white": float(seen.values_white),
            "views_white": float(seen.views_white),
            "learning": float(seen.learning),
        }


@dataclass(frozen=True, slots=True)
class SequentialSpec:
    """Conformal sequential test: at most one false alarm in `values_per_alarm` values, whatever their distribution.

    **How it decides.** The rank of a value among earlier ones is uniform whatever the distribution, so the probability of the
    bin counts of half a block of 32 values is known exactly (a Polya urn). Bettors that expect shifts, scalings, other shapes or
    what was seen lately multiply M ← (M + w) · E with E = their probability of the counts over the urn's (Shiryaev–Roberts), w =
    16 / values_per_alarm. It fires at the end of a block in which the weighted mean of the M reached 1. Evidence then begins
    from 0; if it gets there again within 512 values, that second firing confirms the change, and the new regime is learned.
    Values that depend on the ones before are not tested themselves, but the errors of an AR(3) forecast of them, in units of
    their recent size; evidence is tempered by what autocorrelation those are left with.

    **Input.** Any numbers, of any scale: only their order counts. Up to six distinct values are treated as categories.

    **Parameters.** values_per_alarm: raising it makes false alarms rarer and detection a little later (logarithmically).

    **Cost.** About 5 µs a value alone, 0.1 to 0.2 µs where many series are tested together; state about 4 kB, 7 kB while it
    learns. Learning takes 512 values, and as many again where a forecast is needed.

    **Guarantees.** If the values are exchangeable and continuous, it fires within n of them with probability at most
    n / values_per_alarm, for every n and every distribution: a theorem (docs/explanation/alarm-budget.md). For few levels the
    proof's conditions are met up to what is estimated from the past. Values with material autocorrelation in their past are
    seen through forecast errors, whose rate is measured, not proven; if those are not white either, the test is blind until
    they are, and says so.

    Example:
        >>> import numpy as np
        >>> values = np.random.default_rng(1).normal(size=6000)
        >>> values[4000:] *= 1.6
        >>> [detection.at for detection in SEQUENTIAL.build({}, seed=0).update(values)]
        [4063, 4159]

    References:
        V. Vovk et al., Retrain or not retrain: conformal test martingales for change-point detection, COPA 2021.
        J. Shin, A. Ramdas, A. Rinaldo, E-detectors: a nonparametric framework for sequential change detection, NEJSDS 2024.
    """

    @property
    def id(self) -> str:
        """Stable name."""
        return "sequential"

    @property
    def state_version(self) -> int:
        """Version of the fields of `dump`."""
        return 1

    @property
    def library_version(self) -> str | None:
        """None: the state mirrors no library."""
        return None

    @property
    def kinds(self) -> frozenset[Kind]:
        """Numbers, and booleans as 0 and 1."""
        return frozenset({Kind.NUMERIC, Kind.BOOLEAN})

    @property
    def grain(self) -> Grain:
        """Every value: it forms its blocks itself, and looks at their ranks."""
        return Grain.VALUE

    @property
    def defaults(self) -> Mapping[str, Scalar]:
        """Every parameter with its default."""
        return {parameter.name: parameter.default for parameter in _PARAMETERS}

    def build(self, parameters: Mapping[str, Scalar], *, seed: int) -> SequentialDetector:
        """A fresh detector. Raises ValueError naming the parameter that is unknown or out of range."""
        chosen = resolve("sequential", _PARAMETERS, parameters)
        return SequentialDetector(float(chosen["values_per_alarm"]), seed)  # type: ignore[arg-type]  # checked by resolve

    def load(
        self, parameters: Mapping[str, Scalar], fields: Mapping[str, Plain], *, seed: int
    ) -> SequentialDetector:
        """A detector with the state of `dump`. Raises CorruptState."""
        detector = self.build(parameters, seed=seed)
        detector.load(fields)
        return detector


SEQUENTIAL = SequentialSpec()
