"""What became of predictions and labels, in numbers: counts, label delays, and how many predictions have their label."""

from dataclasses import dataclass, fields
from typing import Final

import numpy as np
from numpy.typing import NDArray

from stream_monitor.core.detector import Plain
from stream_monitor.core.fields import Fields, as_bytes

SPANS: Final = 512  # in which the wait is divided to tell the coverage
_RING: Final = SPANS + 8


@dataclass(slots=True, kw_only=True)
class Counts:
    """All since the first row. Every prediction and every label is counted in exactly one of its outcomes, once it has one.

    predictions, labels: events, those without id included.
    joined: predictions that met their label, which makes a pair. matched: labels that met a prediction, or one of every version.
    expired: predictions that got no label within the wait. displaced: predictions that had to go before, for
    newer ones. late: labels that came after their prediction had expired or was displaced. duplicate_label,
    conflicting_label: labels of the same, or another, value than the first one of their prediction.
    orphan_label: labels for which no prediction came. displaced_label: labels that had to go before one could.
    duplicate_prediction: the first one of its version counts. prediction_without_id, label_without_id: cannot be joined.
    unusable_label: null, or no number, text or truth value. unknown_version: predictions of one version too many.
    classes_left_out: not an outcome: probabilities of classes beyond the bound.
    """

    predictions: int = 0
    labels: int = 0
    joined: int = 0
    matched: int = 0
    expired: int = 0
    displaced: int = 0
    late: int = 0
    duplicate_label: int = 0
    conflicting_label: int = 0
    orphan_label: int = 0
    displaced_label: int = 0
    duplicate_prediction: int = 0
    prediction_without_id: int = 0
    label_without_id: int = 0
    unusable_label: int = 0
    unknown_version: int = 0
    classes_left_out: int = 0

    def dump(self) -> dict[str, Plain]:
        """One field a count."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    @classmethod
    def load(cls, stored: Fields) -> "Counts":
        """The inverse of `dump`. Raises CorruptState."""
        return cls(**{field.name: stored.integer(field.name, least=0) for field in fields(cls)})


_EDGES: Final = np.unique(np.round(2.0 ** (np.arange(0, 4 * 42 + 1) / 4)).astype(np.int64))


class Delays:
    """Histogram of label delays, in ms: four bins an octave from 1 ms to 139 years; 1.3 KB."""

    def __init__(self) -> None:
        self._bins: NDArray[np.int64] = np.zeros(
            len(_EDGES) + 1, np.int64
        )  # the first: no delay, or a negative one

    def observe(self, delays: NDArray[np.int64]) -> None:
        """Delays (n,) in ms."""
        at = np.searchsorted(_EDGES, delays, side="right")
        self._bins += np.bincount(at, minlength=len(self._bins))

    def quantile(self, share: float) -> int | None:
        """The least delay that `share` (0 to 1) of the labels did not pass, ms, at most 19% too high; None without labels.

        0 stands for a label that was there with its prediction, or before.
        """
        total = int(self._bins.sum())
        if not total:
            return None
        at = int(np.searchsorted(np.cumsum(self._bins), max(share * total, 0.5)))
        return 0 if at == 0 else int(_EDGES[min(at, len(_EDGES) - 1)]) - 1

    def dump(self) -> Plain:
        """The counts of the bins."""
        return as_bytes(self._bins, "<i8")

    def load(self, stored: Fields, name: str) -> None:
        """The inverse of `dump`. Raises CorruptState."""
        bins = stored.array(name, "<i8", (len(self._bins),))
        if (bins < 0).any():
            raise stored.wrong(name, "counts below 0")
        self._bins = bins.astype(np.int64)


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """labelled: how many of `predictions` have their label."""

    predictions: int
    labelled: int

    @property
    def share(self) -> float | None:
        """None without predictions."""
        return self.labelled / self.predictions if self.predictions else None


class Spans:
    """How many predictions came in every span of time (the wait / 512), and how many of these are labelled; 12 KB."""

    def __init__(self, wait_ms: int) -> None:
        self._wait = wait_ms
        self._width = max(1, wait_ms // SPANS)
        self._spans: NDArray[np.int64] = np.full(_RING, -1, np.int64)  # number of the span, from 1970 on
        self._used: NDArray[np.bool_] = np.zeros(_RING, np.bool_)
        self._predictions: NDArray[np.int64] = np.zeros(_RING, np.int64)
        self._labelled: NDArray[np.int64] = np.zeros(_RING, np.int64)

    def predicted(self, clocks: NDArray[np.int64]) -> None:
        """Predictions came at these moments, (n,), which do not fall."""
        spans, numbers = np.unique(clocks // self._width, return_counts=True)
        for span, number in zip(spans.tolist(), numbers.tolist(), strict=True):
            at = span % _RING
            if not self._used[at] or self._spans[at] != span:
                self._used[at], self._spans[at] = True, span
                self._predictions[at] = self._labelled[at] = 0
            self._predictions[at] += number

    def labelled(self, clocks: NDArray[np.int64]) -> None:
        """Predictions that came at these moments, (n,), have got their label."""
        spans = clocks // self._width
        at = spans % _RING
        known = self._used[at] & (self._spans[at] == spans)
        np.add.at(self._labelled, at[known], 1)

    def coverage(self, clock: int, age_ms: int) -> Coverage:
        """Of the predictions that are at least `age_ms` old at `clock`, and not older than the wait; to a span exactly."""
        ends = (self._spans + 1) * self._width
        wanted = self._used & (ends <= clock - age_ms) & (ends > clock - self._wait)
        return Coverage(
            predictions=int(self._predictions[wanted].sum()), labelled=int(self._labelled[wanted].sum())
        )

    def dump(self) -> dict[str, Plain]:
        """Explicit fields, by span."""
        used = np.flatnonzero(self._used)
        used = used[np.argsort(self._spans[used])]
        return {
            "width": self._width,
            "spans": as_bytes(self._spans[used], "<i8"),
            "predictions": as_bytes(self._predictions[used], "<i8"),
            "labelled": as_bytes(self._labelled[used], "<i8"),
        }

    def load(self, stored: Fields) -> None:
        """The inverse of `dump`; with another wait than then the spans begin anew. Raises CorruptState."""
        spans, predictions, labelled = (
            stored.array(name, "<i8") for name in ("spans", "predictions", "labelled")
        )
        at = spans % _RING
        if not len(spans) == len(predictions) == len(labelled) == len(np.unique(at)):
            raise stored.wrong("spans", "not one count for each")
        if (labelled < 0).any() or (labelled > predictions).any():
            raise stored.wrong("labelled", "below 0, or more than there are predictions")
        if stored.integer("width", least=1) == self._width:
            self._used[at], self._spans[at] = True, spans
            self._predictions[at], self._labelled[at] = predictions, labelled
