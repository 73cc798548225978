"""The stream of a test as rows: what the configuration of a test says in words, drawn from its seed."""

from collections.abc import Iterator
from functools import partial
from itertools import islice, zip_longest

from stream_monitor.config.input_streams import GeneratorSettings, SeriesStream, StreamSettings
from stream_monitor.core.events import Decoded, Source
from stream_monitor.files.rows import CHUNK_ROWS, FileRows
from stream_monitor.testing.streams import (
    Family,
    ModelStream,
    bernoulli,
    categories,
    lognormal,
    missing,
    normal,
    poisson,
    scaled,
    shifted,
    switched,
)

_SOURCE = Source("stream", 0)


def rows_of(stream: StreamSettings, model: str) -> FileRows:
    """The events of `stream` as if a file held them; with event time."""
    drawn = ModelStream(
        features={name: family_of(series) for name, series in stream.features.items()},
        outputs={name: family_of(series) for name, series in stream.outputs.items()},
        seed=stream.seed,
        model=model,
        step_ms=stream.every.total_seconds() * 1000,
    )
    return FileRows(model=model, timed=True, lookalikes={}, chunks=partial(_chunks, drawn, stream.rows))


def family_of(series: SeriesStream) -> Family:
    """How the values of a series are drawn; its changes are applied in their order, what is missing at the end."""
    family = _generator(series)
    for change in series.changes:
        if change.replace is not None:
            other = _as_objects(_generator(change.replace))
            family = switched(_as_objects(family), other, start=change.at, stop=change.until)
        if change.scale is not None:
            family = scaled(family, factor=change.scale, start=change.at, stop=change.until)
        if change.shift is not None:
            family = shifted(family, by=change.shift, start=change.at, stop=change.until, ramp=change.ramp)
    return _with_missing(family, series)


def _chunks(drawn: ModelStream, n: int) -> Iterator[Decoded]:
    rows = drawn.rows(n)
    first = 0
    while chunk := list(islice(rows, CHUNK_ROWS)):
        offsets = range(first, first + len(chunk))
        yield Decoded(source=_SOURCE, rows=chunk, offsets=offsets, items=[0] * len(chunk), rejected=())
        first += len(chunk)


def _generator(chosen: GeneratorSettings) -> Family:
    if chosen.normal is not None:
        return normal(chosen.normal.mean, chosen.normal.sd)
    if chosen.lognormal is not None:
        return lognormal(chosen.lognormal.log_mean, chosen.lognormal.log_sd)
    if chosen.poisson is not None:
        return poisson(chosen.poisson)
    if chosen.boolean is not None:
        return bernoulli(chosen.boolean)
    assert chosen.categories is not None  # the settings have exactly one
    return categories(chosen.categories)


def _as_objects(family: Family) -> Family:
    """Each value stays what it is where one kind takes the place of another: true does not become 1."""
    return lambda random, n: family(random, n).astype(object)


def _with_missing(family: Family, series: SeriesStream) -> Family:
    """Values lost at the rate of the latest change that says one, else at the rate of the series."""
    ends = [change.until for change in series.changes if change.until is not None]
    starts = sorted({0, *(change.at for change in series.changes), *ends})
    for start, stop in zip_longest(starts, starts[1:]):
        rate = _missing_at(start, series)
        if rate:
            family = missing(family, rate=rate, start=start, stop=stop)
    return family


def _missing_at(row: int, series: SeriesStream) -> float:
    rate = series.missing
    for change in series.changes:
        if change.missing is not None and change.at <= row and (change.until is None or row < change.until):
            rate = change.missing
    return rate
