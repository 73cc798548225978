"""Feeding streams to monitors: false alarms where nothing changes, delays where something does."""

from collections.abc import Mapping, Sequence

import numpy as np

from bench.detection.monitors import Monitor, Part, Session, Times
from bench.detection.scoring import Score
from bench.detection.streams import Change, Stationary
from stream_monitor.core.detector import FloatArray, Kind

HORIZON = 10_000
BEFORE = 2_000  # values before a change
BEFORE_DEPENDENT = 6_000  # what depends in time tells less a value: it takes longer to learn what is normal
_STEP = 512  # rows a part
_STREAMS = 50  # side by side


def alarms_of(monitor: Monitor, columns: FloatArray, times: Times | None, kind: Kind) -> list[list[int]]:
    """Rows of the alarms of every stream. columns: (streams, n)."""
    session = monitor.begin(len(columns), kind)
    found: list[list[int]] = [[] for _ in columns]
    for start in range(0, columns.shape[1], 8 * _STEP):
        part = slice(start, start + 8 * _STEP)
        here = None if times is None else times[part]
        for stream, rows in session.feed(Part(range(len(columns)), columns[:, part], start, here)).items():
            found[stream] += rows
    return found


def false_alarms(monitor: Monitor, stream: Stationary, values: int, seed: int) -> Score:
    """Over `values` values in all, as up to fifty streams."""
    if monitor.cost > 1:
        values = max(min(values, 10_000), int(values / monitor.cost))
    streams = max(1, min(_STREAMS, values // (20_000 if stream.independent else 100_000)))
    n = values // streams
    random = np.random.default_rng([seed, len(stream.name), *stream.name.encode()])
    columns = np.stack([stream.draw(random, n) for _ in range(streams)])
    score = Score()
    for alarms in alarms_of(monitor, columns, stream.times(n), stream.kind):
        score.add(alarms, (), range(n), HORIZON)
    return score


def delays(monitor: Monitor, change: Change, trials: int, seed: int) -> Score:
    """First alarm after the change in each of so many streams; they are fed no further. False ones before it count too."""
    columns, starts = drawn(change, trials, seed)
    session = monitor.begin(trials, change.before.kind)
    times = change.before.times(columns.shape[1])
    alarms = _until_found(session, columns, starts, times)
    score = Score()
    for rows, start in zip(alarms, starts, strict=True):
        score.add(rows, (start,), range(start + HORIZON), HORIZON)
    return score


def drawn(change: Change, trials: int, seed: int) -> tuple[FloatArray, list[int]]:
    """Streams (trials, n) and the rows of their changes, which are no round numbers."""
    random = np.random.default_rng([seed, *change.name.encode()])
    before = BEFORE if change.before.independent else BEFORE_DEPENDENT
    starts = [before + int(random.integers(0, 64)) for _ in range(trials)]
    n = before + HORIZON
    columns = np.stack([change.draw(random, start, n - start) for start in starts])
    return columns, starts


def _until_found(
    session: Session, columns: FloatArray, starts: Sequence[int], times: Times | None
) -> list[list[int]]:
    alarms: list[list[int]] = [[] for _ in columns]
    live = list(range(len(columns)))
    for start in range(0, columns.shape[1], _STEP):
        part = slice(start, start + _STEP)
        here = None if times is None else times[part]
        for stream, rows in session.feed(Part(live, columns[live, part], start, here)).items():
            alarms[stream] += rows
        live = [stream for stream in live if not alarms[stream] or alarms[stream][-1] < starts[stream]]
        if not live:
            break
    return alarms


def oracle_delays(change: Change, trials: int, seed: int, budget: float) -> Score:
    """Shiryaev–Roberts with the true densities: the same guarantee, and nobody is much faster (Pollak 1985)."""
    assert change.ratio is not None
    columns, starts = drawn(change, trials, seed)
    gain = np.exp(np.minimum(change.ratio(columns), 600.0))
    evidence, alarms = np.zeros(trials), [[0] * 0 for _ in range(trials)]
    for at in range(columns.shape[1]):
        evidence = np.minimum((evidence + 1.0) * gain[:, at], 1e300)
        for stream in np.flatnonzero(evidence >= budget):
            alarms[stream].append(at)
            evidence[stream] = 0.0
    score = Score()
    for rows, start in zip(alarms, starts, strict=True):
        score.add(rows, (start,), range(start + HORIZON), HORIZON)
    return score


def ratios(
    scores: Mapping[str, Score], oracle: Mapping[str, Score], names: Sequence[str], *, less: float = 0.0
) -> list[float]:
    """Restricted mean delay, `less` so many values, over the oracle's."""
    return [(scores[name].restricted_delay - less) / oracle[name].restricted_delay for name in names]
