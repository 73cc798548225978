"""The values of the demo's story: features, scores that go with the truth, and labels that come within a day. Pure.

Knows no monitor and no drift event; what a person would call each drift is told in `scenario`.
"""

import zlib
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from stream_monitor.core.detector import FloatArray
from stream_monitor.testing.streams import (
    Family,
    ModelStream,
    Values,
    bernoulli,
    categories,
    given,
    identifiers,
    lognormal,
    missing,
    normal,
    poisson,
    rounded,
    scaled,
    switched,
)

MODEL = "fraud"
VERSION = "7"
FIRST_MS = 1_736_121_600_000  # 2025-01-06T00:00:00Z, a Monday: no clock may find the events in the future
SPAN_MS = 70 * 24 * 3600 * 1000  # ten weeks, whatever the number of events: what budgets per week are about
THRESHOLD = 0.5
FRAUDS = 0.2
LABELLED = 0.8  # share of the predictions that get a label
DAYS = 70
DELAY_DAYS = (0.05, 1.0)
BAD_COUNTRY = "PL"
_COUNTRIES = {"DE": 40, "FR": 18, "NL": 12, BAD_COUNTRY: 12, "ES": 9, "IT": 8, "AT": 3}


class Part(NamedTuple):
    """Predictions [first, end); end None: for ever."""

    first: int
    end: int | None

    def mask(self, n: int) -> NDArray[np.bool_]:
        """Which of n predictions are in it."""
        inside = np.zeros(n, np.bool_)
        inside[self.first : self.end] = True
        return inside


class Parts(NamedTuple):
    """When what is done to the stream."""

    harmless: Part
    harmful: Part
    quality: Part
    latency: Part
    segment: Part
    concept: Part


class Timeline(NamedTuple):
    """What happens when: (events,) each. of: the place of a prediction, or -1 minus that of the prediction whose label it is.

    times: ms UTC, rising. rows: (predictions,), the place of every prediction among the events.
    """

    of: NDArray[np.int64]
    times: NDArray[np.int64]
    rows: NDArray[np.int64]


@lru_cache(maxsize=4)
def timeline(seed: int, events: int) -> Timeline:
    """Predictions at an even pace, four in five of them labelled from an hour to a day later, in shuffled order."""
    n = round(events / (1 + LABELLED))
    random = np.random.default_rng([seed, zlib.crc32(b"timeline")])
    made = np.arange(n) + 0.9 * random.random(n)
    due = made + random.uniform(*DELAY_DAYS, n) * n / DAYS
    candidates = random.permutation(np.flatnonzero(due < n))
    labelled = np.sort(candidates[: events - n])
    moments = np.concatenate([made, due[labelled]])
    order = np.argsort(moments, kind="stable")
    of = np.concatenate([np.arange(n), -1 - labelled])[order]
    times = FIRST_MS + np.floor(moments[order] * (SPAN_MS / n)).astype(np.int64)
    return Timeline(of=of, times=times, rows=np.flatnonzero(of >= 0))


def events_of(seed: int, when: Timeline, parts: Parts) -> Iterator[dict[str, object]]:
    """The events as native JSON objects, in order of time; made one by one from values drawn at the start (50 MB)."""
    n = len(when.rows)
    truth, scores = _outcomes(seed, n, parts)
    classes = np.array(["legit", "fraud"], object)
    stream = ModelStream(
        model=MODEL,
        version=VERSION,
        seed=seed,
        prefix="tx-",
        features={**_features(parts), "country": given(_countries(seed, n))},
        outputs={
            "prediction": given(classes[(scores >= THRESHOLD).astype(np.intp)]),
            "probability": given(scores),
            "latency_ms": rounded(
                switched(
                    lognormal(2.5, 0.4), lognormal(2.9, 0.4), start=parts.latency[0], stop=parts.latency[1]
                ),
                2,
            ),
        },
    )
    predictions = stream.events(n)
    labels = classes[truth.astype(np.intp)].tolist()
    for at, time in zip(when.of.tolist(), when.times.tolist(), strict=True):
        if at >= 0:
            yield next(predictions) | {"time": time}
        else:
            yield {"model": MODEL, "id": f"tx-{-1 - at}", "time": time, "label": labels[-1 - at]}


def _outcomes(seed: int, n: int, parts: Parts) -> tuple[NDArray[np.bool_], FloatArray]:
    """What each case is, and the score it gets, (n,) both.

    Where the model gets worse, scores are exchanged among some of the cases: what is predicted stays as it was on the whole,
    and only who is called a fraud is wrong more often.
    """
    random = np.random.default_rng([seed, zlib.crc32(b"scores")])
    truth = random.random(n) < FRAUDS
    scores: FloatArray = (
        np.where(truth, random.beta(5, 3, n), random.beta(2, 8, n)).round(4).astype(np.float64)
    )
    some = random.random(n)
    for wrong in (
        parts.harmful.mask(n) & (some < 0.5),
        parts.segment.mask(n) & (_countries(seed, n) == BAD_COUNTRY),
        parts.concept.mask(n) & (some < 0.5),
    ):
        scores[wrong] = random.permutation(scores[wrong])
    return truth, scores


def _countries(seed: int, n: int) -> Values:
    return categories(_COUNTRIES)(np.random.default_rng([seed, zlib.crc32(b"countries")]), n)


def _features(parts: Parts) -> Mapping[str, Family]:
    harmless, harmful, quality = parts.harmless, parts.harmful, parts.quality
    age = missing(rounded(normal(44, 13), 0), rate=0.01)
    days = rounded(lognormal(6.2, 1.1), 0)
    return {
        "amount": rounded(
            switched(lognormal(3.6, 0.6), lognormal(4.1, 0.6), start=harmless.first, stop=harmless.end), 2
        ),
        "age": missing(age, rate=1 - 0.88 / 0.99, start=quality.first, stop=quality.end),
        "account_days": _as_text(days, rate=0.06, part=quality),
        "transactions_24h": poisson(2.6),
        "device_score": rounded(
            scaled(normal(50, 8), factor=2, centre=50, start=harmful.first, stop=harmful.end), 3
        ),
        "distance_km": rounded(lognormal(1.8, 1.3), 3),
        "merchant": categories(
            {"grocery": 31, "fuel": 17, "fashion": 14, "travel": 9, "electronics": 12, "games": 8, "other": 9}
        ),
        "device": categories({"ios": 38, "android": 41, "web": 16, "pos": 5}),
        "is_new_customer": bernoulli(0.17),
        "card_present": bernoulli(0.62),
        "session_id": identifiers("s-"),
    }


def _as_text(family: Family, *, rate: float, part: Part) -> Family:
    """Numbers of which some are written as texts in a part of the stream."""

    def draw(random: np.random.Generator, n: int) -> Values:
        values = family(random, n).astype(object)
        for at in np.flatnonzero(part.mask(n) & (random.random(n) < rate)).tolist():
            values[at] = f"{values[at]} days"
        return values

    return draw
