"""The labels of one model's predictions: delayed, shuffled, early, repeated, contradicted, missing and of nothing; seeded.

Knows neither topics nor times: a label is due once so many predictions have been made. Which come too late depends on times.
"""

from typing import Final, NamedTuple

import numpy as np

from stream_monitor.core.detector import FloatArray

MEAN_DELAY: Final = 300  # predictions of the model until the label comes
MOST_EARLY: Final = 200  # predictions
CLASSES: Final = ("no", "yes")


class Label(NamedTuple):
    """due: predictions made before it comes. id: None for one that lacks it."""

    due: float
    id: str | None
    value: str


def labels_of(model: str, truth: FloatArray, random: np.random.Generator) -> list[Label]:
    """Labels of predictions with these truths (n,), 0 or 1, in the order in which they are due.

    Of 100 predictions 10 never get one and 10 get it before they are made; 6 get it twice, and 4 another one later.
    """
    n = len(truth)
    delay = random.exponential(MEAN_DELAY, n)
    fate = random.random(n)
    delay = np.where(fate < 0.1, -MOST_EARLY * random.random(n), delay)
    missing = fate >= 0.9
    again, other, lost = random.random(n), random.random(n) < 0.04, random.random(n) < 0.01
    found = []
    for at in range(n):
        value, due, name = CLASSES[int(truth[at])], at + delay[at], f"{model}-{at}"
        if not missing[at]:
            found.append(Label(due, name, value))
        if again[at] < 0.06:
            found.append(Label(due + 10_000 * again[at], name, value))
        if other[at]:
            found.append(Label(due + 150 * (1 + again[at]), name, CLASSES[1 - int(truth[at])]))
        if lost[at]:
            found.append(Label(due, None if again[at] < 0.5 else f"nobody-{at}", value))
    return sorted(found, key=lambda label: label.due)
