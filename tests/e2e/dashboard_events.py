"""Events of five models as a company might have them, for the dashboard's tests: one breaks, one is slow, one is new."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

FRAUD, ETA, CHURN, RANKING, CREDIT = "fraud-scoring", "checkout-eta", "churn", "ad-ranking", "credit-limit"
WARMING = 312  # rows of the model that is new
SECOND = 1_000
LABEL_DELAY = 180 * SECOND
LABELLED = 0.8
SEED = 20_261_122
_WEIGHTS = {
    "amount": 5,
    "risk_of_ip": 4.5,
    "country": 4,
    "balance": 3,
    "age": 2.5,
    "distance_km": 2,
    "device": 1.5,
}
IMPORTANCE = {
    name: {"importance": weight}
    for name, weight in {**_WEIGHTS, "attempts": 1, "is_new": 0.8, "basket": 0.5}.items()
}
_COUNTRIES = ["DE", "FR", "NL", "PL", "ES"]
_DEVICES = ["ios", "android", "web"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """rows of one model, `every` ms apart, the last one now; drifts: place of the first row that is different, None: none."""

    model: str
    rows: int
    every: int
    drifts: int | None = None


STORIES = (
    Story(model=FRAUD, rows=5_000, every=SECOND * 2 // 5, drifts=3_800),
    Story(model=ETA, rows=2_500, every=SECOND * 4 // 5, drifts=1_900),
    Story(model=CHURN, rows=1_600, every=SECOND * 5 // 4),
    Story(model=RANKING, rows=1_600, every=SECOND * 5 // 4),
    Story(model=CREDIT, rows=WARMING, every=2 * SECOND),
)


def events(now: int) -> list[dict[str, Any]]:
    """Of all models, in event-time order. now: ms UTC, the time of the last."""
    every = [event for place, story in enumerate(STORIES) for event in _told(story, now, SEED + place)]
    return sorted((event for event in every if event["time"] <= now), key=lambda event: event["time"])


def _told(story: Story, now: int, seed: int) -> Iterator[dict[str, Any]]:
    random = np.random.default_rng(seed)
    begin = now - story.rows * story.every
    for row in range(story.rows):
        moved = story.drifts is not None and row >= story.drifts
        time = begin + row * story.every
        known = _features(random, moved=moved)
        event = {
            "model": story.model,
            "version": "7",
            "id": f"{story.model}-{row}",
            "time": time,
            "features": known,
        }
        if story.model == ETA:
            minutes = 20 + 0.3 * known["distance_km"] + float(random.normal(0, 2))
            event |= {
                "prediction": round(minutes, 2),
                "latency_ms": round(float(random.gamma(9, 2)) * (2.2 if moved else 1), 2),
            }
            label: object = round(minutes + float(random.normal(0, 3)), 2)
        else:
            risk = 1 / (1 + np.exp(-(known["amount"] - 60) / 9))
            score = float(np.clip(risk + random.normal(0, 0.08), 0.01, 0.99))
            event |= {
                "prediction": "yes" if score > 0.5 else "no",
                "probability": round(max(score, 1 - score), 4),
            }
            label = "yes" if random.random() < (0.5 * risk if moved else risk) else "no"
        yield event
        if random.random() < LABELLED:
            yield {"model": story.model, "id": event["id"], "time": time + LABEL_DELAY, "label": label}


def _features(random: np.random.Generator, *, moved: bool) -> dict[str, Any]:
    """One case. moved: amounts are larger, another country sends them, and half of the ages are gone."""
    mix = [0.2, 0.15, 0.1, 0.45, 0.1] if moved else [0.45, 0.25, 0.15, 0.1, 0.05]
    return {
        "amount": round(float(random.normal(62 if moved else 48, 12)), 2),
        "distance_km": round(float(random.gamma(3, 4 if moved else 2.5)), 3),
        "country": _COUNTRIES[int(random.choice(5, p=mix))],
        "device": _DEVICES[int(random.choice(3, p=[0.4, 0.35, 0.25]))],
        "age": None if moved and random.random() < 0.5 else int(random.integers(18, 80)),
        "balance": round(float(random.normal(2_000, 450)), 1),
        "basket": int(random.poisson(6)),
        "is_new": bool(random.random() < 0.2),
        "attempts": int(random.poisson(1.5)),
        "risk_of_ip": round(float(random.beta(2, 8)), 4),
    }


def one_of(model: str, number: int, now: int) -> Mapping[str, Any]:
    """An event of the model at `now`, as usual."""
    known = _features(np.random.default_rng(number), moved=False)
    return {"model": model, "id": f"{model}-later-{number}", "time": now, "features": known}
