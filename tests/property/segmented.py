"""Rows of a model whose cases come in parts: features with their prediction, before it or after it; labels before or late."""

from collections.abc import Sequence

import numpy as np

from stream_monitor.core.columnise import PlacedRow
from stream_monitor.core.events import Role, Row

T0 = 1_795_255_200_000
COUNTRIES = ("DE", "FR", "IT", "ES", "PT")


def segmented_rows(seed: int, cases: int, *, bad: float = 0.6) -> list[PlacedRow]:
    """About 2.5 rows a case. From half of the cases on, predictions for IT are wrong with the probability `bad`."""
    rng = np.random.default_rng(seed)
    events: list[tuple[float, Row]] = []
    for case in range(cases):
        events += _case(case, rng, worse=case > cases / 2, bad=bad)
    events.sort(key=lambda one: one[0])
    return [PlacedRow(row._replace(time=T0 + 100 * at), 0, at, 0) for at, (_, row) in enumerate(events)]


def _case(case: int, rng: np.random.Generator, *, worse: bool, bad: float) -> list[tuple[float, Row]]:
    country = str(rng.choice(COUNTRIES, p=[0.4, 0.25, 0.25, 0.05, 0.05]))
    features: dict[str, object] = {
        "country": country if rng.random() < 0.97 else None,
        "amount": float(rng.gamma(2.0, 100.0)),
        "member": bool(rng.random() < 0.5),
        "code": (12, "12", -0.0, 0.0, True)[int(rng.integers(0, 5))],
    }
    truth = bool(rng.random() < (0.6 if features["member"] else 0.2))
    wrong = rng.random() < (bad if worse and country == "IT" else 0.1)
    outputs: dict[str, object] = {"prediction": "yes" if truth != wrong else "no"}
    label: dict[str, object] = {"label": "yes" if truth else "no"}
    version = ("1", "2", None)[int(rng.choice(3, p=[0.6, 0.35, 0.05]))]
    name = f"e-{case}" if rng.random() < 0.98 else None
    form = rng.random()
    at = float(case)

    def row(roles: int, some_features: dict[str, object], some_outputs: dict[str, object]) -> Row:
        return Row("m", version, name, 0, roles, some_features, some_outputs)

    apart = [row(int(Role.FEATURES), features, {}), row(int(Role.PREDICTION), {}, outputs)]
    events = [(at, row(int(Role.FEATURES | Role.PREDICTION), features, outputs))]
    if form < 0.5:
        events = list(zip((at, at + rng.exponential(3.0)), apart if form < 0.3 else apart[::-1], strict=True))
    if rng.random() < 0.3:  # another version predicts the same case
        other = {"prediction": "yes" if rng.random() < 0.5 else "no"}
        rival = "2" if version != "2" else "1"
        events.append((at + 0.5, Row("m", rival, name, 0, int(Role.PREDICTION), {}, other)))
    if rng.random() < 0.9:
        early = rng.random() < 0.05
        when = at - 1.0 if early else at + rng.exponential(20.0)
        events.append((when, Row("m", None, name, 0, int(Role.LABEL), {}, label)))
    return events


def naive_places(rows: Sequence[PlacedRow], feature: str) -> list[object]:
    """By row the value of `feature` that its prediction is told: its own, else the last one of its id before."""
    last: dict[str, object] = {}
    told: list[object] = []
    for placed in rows:
        row = placed.row
        own = row.features.get(feature)
        if row.roles & Role.PREDICTION:
            told.append(own if own is not None or row.id is None else last.get(row.id))
            continue
        told.append(own)
        if row.id is not None and own is not None:
            last[row.id] = own
    return told
