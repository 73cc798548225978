"""Snapshots of models and series: which fields they have, and when a stored one may be used again."""

from collections import ChainMap
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from stream_monitor.core.blocks import Waiting
from stream_monitor.core.detector import Plain
from stream_monitor.core.errors import CorruptState, NewerState
from stream_monitor.core.fields import Fields, as_bytes
from stream_monitor.core.model_monitor import ModelMonitor
from stream_monitor.core.outcomes import Lost, Outcomes
from stream_monitor.core.plain import plain_of, value_of
from stream_monitor.core.positions import PositionLog
from stream_monitor.core.reference import Reference
from stream_monitor.core.segments.segments import Segments
from stream_monitor.core.segments.treatment import Treatment
from stream_monitor.core.sequential.tests import SequentialTests
from stream_monitor.core.series import DetectorCatalogue, SeriesKey
from stream_monitor.core.series_monitor import SeriesMonitor
from stream_monitor.core.side_by_side import SideBySide
from stream_monitor.core.snapshot import Snapshot
from stream_monitor.core.standardise import Lens
from stream_monitor.core.versions import Versions
from stream_monitor.core.warm_up import WarmUp
from stream_monitor.core.watch import Watch
from stream_monitor.core.window import Window

MODEL_VERSION = 1
SERIES_VERSION = 1
JOIN_VERSION = 1


def model_key(model: str) -> str:
    """Key of a model's snapshot."""
    return f"model/{model}"


def series_key(model: str, key: SeriesKey) -> str:
    """Key of a series' snapshot; the lengths keep names with slashes apart."""
    version = "" if key.version is None else f"{len(key.version)}:{key.version}"
    segment = "" if key.segment is None else f"~{len(key.segment)}:{key.segment}"
    return f"series/{len(model)}:{model}/{version}{segment}/{key.name}"


def dump_model(monitor: ModelMonitor, as_of: int) -> Snapshot:
    """The model without its series."""
    born = sorted(monitor.series.values(), key=_by_birth)
    fields: dict[str, Plain] = {
        "rows": monitor.rows,
        "clock": monitor.clock,
        "series": [plain_of(series.key) for series in born],
        "births": as_bytes(np.array([series.born for series in born], np.int64), "<i8"),
        "dropped": sorted(monitor.dropped),
        "alerts": monitor.alerts.dump(),
        "retraining": monitor.retraining.dump(),
        "positions": monitor.positions.dump(),
        "versions": monitor.versions.dump(),
        "outcomes": monitor.outcomes.dump(),
        "derived": monitor.derived.dump(),
        "segments": monitor.segments.dump(),
        "treatment": monitor.treatment.dump(),
        "side_by_side": monitor.side_by_side.dump(),
        "association": monitor.association.dump(),
    }
    return Snapshot(
        kind="model",
        key=model_key(monitor.parameters.name),
        state_version=MODEL_VERSION,
        library_version=None,
        parameters="",
        as_of=as_of,
        fields=fields,
    )


def _by_birth(series: SeriesMonitor) -> tuple[int, str, str, str]:
    """An order in which no cut of the rows into batches has a part."""
    return series.born, *series.key.order


def load_model(
    monitor: ModelMonitor, snapshot: Snapshot, chunks: Mapping[str, Snapshot], lost: Lost
) -> dict[SeriesKey, int]:
    """Fill `monitor`; returns the keys of its series in order, with the row of their birth. chunks: of its label join.

    What of the outcomes cannot be used begins afresh, and `lost` is told its key and why; series can be made anew, the rest must
    be sound. Raises NewerState, CorruptState.
    """
    _check_version(snapshot, MODEL_VERSION)
    fields = Fields(snapshot.fields, snapshot.key)
    monitor.rows = fields.integer("rows", least=0)
    monitor.clock = fields.integer("clock")
    monitor.dropped = set(fields.texts("dropped"))
    monitor.alerts.load(fields.plain("alerts"))
    monitor.retraining.load(fields.plain("retraining"), monitor.alerts.open.values())
    monitor.positions = PositionLog.load(fields.plain("positions"))
    monitor.versions = Versions.load(fields.plain("versions"))
    _load_outcomes(monitor, fields.plain("outcomes"), chunks, lost)
    monitor.derived.load(fields.plain("derived"))
    monitor.segments = Segments.load(monitor.parameters.segments, fields.plain("segments"))
    monitor.treatment = Treatment.load(monitor.parameters.segments.fairness, fields.plain("treatment"))
    monitor.side_by_side = SideBySide.load(fields.plain("side_by_side"))
    monitor.association.load(fields.plain("association"))
    keys = [value_of(SeriesKey, key) for key in fields.rows("series")]
    births = fields.array("births", "<i8").tolist()
    if len(births) != len(keys):
        raise fields.wrong("births", "not one for each series")
    return dict(zip(keys, births, strict=True))


def join_key(model: str, number: int) -> str:
    """Key of a chunk of a model's label join."""
    return f"{join_prefix(model)}{number}"


def dump_chunks(monitor: ModelMonitor, as_of: int) -> list[Snapshot]:
    """The chunks of the label join that have changed since the last call."""
    return _snapshots_of(monitor, monitor.outcomes.join.dirty_chunks(), as_of)


def dump_all_chunks(monitor: ModelMonitor, as_of: int) -> list[Snapshot]:
    """Every chunk of the label join, whether or not it was written."""
    return _snapshots_of(monitor, monitor.outcomes.join.all_chunks(), as_of)


def _snapshots_of(monitor: ModelMonitor, chunks: Mapping[int, Plain], as_of: int) -> list[Snapshot]:
    return [
        Snapshot(
            kind="join",
            key=join_key(monitor.parameters.name, number),
            state_version=JOIN_VERSION,
            library_version=None,
            parameters="",
            as_of=as_of,
            fields={"chunk": chunk},
        )
        for number, chunk in chunks.items()
    ]


def _load_outcomes(
    monitor: ModelMonitor, plain: Plain, snapshots: Mapping[str, Snapshot], lost: Lost
) -> None:
    """Labels and performance, as far as they can be used. Raises NewerState."""
    name, parameters = monitor.parameters.name, monitor.outcomes.parameters
    chunks: dict[int, Plain] = {}
    for key, snapshot in snapshots.items():
        _check_version(snapshot, JOIN_VERSION)
        chunks[_chunk_number(name, key)] = snapshot.fields.get("chunk")
    try:
        monitor.outcomes = Outcomes.load(
            parameters, plain, chunks, lambda part, why: lost(outcomes_key(name, part), why)
        )
    except CorruptState as error:
        monitor.outcomes = Outcomes(parameters)
        lost(outcomes_key(name, "join"), str(error))


def outcomes_key(model: str, part: str) -> str:
    """How a part of a model's outcomes is called that has no snapshot of its own."""
    what, _, of = part.partition("/")
    return f"{what}/{len(model)}:{model}/{of}".removesuffix("/")


def join_keys(keys: Iterable[str]) -> dict[str, list[str]]:
    """Those among `keys` that are of chunks of label joins, by what those of one model begin with: see `join_prefix`."""
    found: dict[str, list[str]] = {}
    for key in keys:
        if key.startswith("join/"):
            found.setdefault(key[: key.rindex("/") + 1], []).append(key)
    return found


def begin_join(monitor: ModelMonitor, keys: Iterable[str]) -> None:
    """Give the chunks of a label join that holds nothing numbers behind those of `keys`, which are to be deleted."""
    numbers = [_chunk_number(monitor.parameters.name, key) for key in keys]
    monitor.outcomes.join.number_from(max(numbers, default=-1) + 1)


def _chunk_number(model: str, key: str) -> int:
    """-1 for a key that is none of ours."""
    number = key.removeprefix(join_prefix(model))
    return int(number) if number.isdecimal() and len(number) < 18 else -1


def join_prefix(model: str) -> str:
    """What the keys of the chunks of a model's label join begin with."""
    return f"join/{len(model)}:{model}/"


def dump_series(model: str, monitor: SeriesMonitor, as_of: int) -> Snapshot:
    """One series with the state of its detectors."""
    fields: dict[str, Plain] = {"quality": as_bytes(monitor.quality, "<i8")}
    if monitor.lens is None:
        assert monitor.warm_up is not None
        fields["warm_up"] = monitor.warm_up.dump()
    else:
        fields["reference"] = monitor.lens.reference.to_plain()
        fields["watches"] = [_dump_watch(watch) for watch in monitor.watches]
        fields["blocks"] = monitor.blocks.dump(monitor.place)
        fields["window"] = monitor.window.dump()
        fields["begun"] = monitor.blocks.begun if monitor.tested else -1
        fields["drift"] = monitor.drift.dump()
        if monitor.tested:
            fields["test"] = monitor.tests.dump(monitor.key)
    return Snapshot(
        kind="series",
        key=series_key(model, monitor.key),
        state_version=SERIES_VERSION,
        library_version=None,
        parameters=monitor.parameters_digest,
        as_of=as_of,
        fields=fields,
    )


def load_series(
    monitor: ModelMonitor,
    births: Mapping[SeriesKey, int],
    snapshots: Mapping[str, Snapshot],
    catalogue: DetectorCatalogue,
    lost: Lost,
) -> None:
    """Give the model its series, which were born at these rows, from their snapshots. One that cannot be used warms up again, and
    `lost` is told its key and why. Raises NewerState.
    """
    tests: dict[SeriesKey, Plain] = {}
    wrong: dict[SeriesKey, str] = {}
    for key, born in births.items():
        if not monitor.watches(key):
            continue  # the configuration has excluded it since
        series = monitor.series[key] = monitor.new_series(key, born)
        try:
            fields = _series_fields(series, snapshots.get(series_key(monitor.parameters.name, key)))
            _load_one(series, fields, catalogue)
            if series.tested:
                tests[key] = fields.plain("test")
        except CorruptState as error:
            wrong[key] = str(error)
    wrong |= _load_tests(monitor.tests, tests)
    for key, why in wrong.items():
        lost(series_key(monitor.parameters.name, key), why)
        monitor.series[key] = monitor.new_series(key, births[key])
    monitor.split_budget()


def _load_tests(into: SequentialTests, tests: Mapping[SeriesKey, Plain]) -> dict[SeriesKey, str]:
    """The state of sequential tests; returns which cannot be used, and why."""
    try:
        into.load(list(tests.items()))
    except CorruptState as error:
        if len(tests) == 1:
            return dict.fromkeys(tests, str(error))
        wrong = [_load_tests(into, {key: plain}) for key, plain in tests.items()]
        return dict(ChainMap(*wrong))
    return {}


def _series_fields(series: SeriesMonitor, snapshot: Snapshot | None) -> Fields:
    if snapshot is None:
        raise CorruptState("its snapshot is missing or could not be read")
    _check_version(snapshot, SERIES_VERSION)
    if snapshot.parameters != series.parameters_digest:
        raise CorruptState("its parameters in the configuration have changed")
    return Fields(snapshot.fields, snapshot.key)


def _load_one(series: SeriesMonitor, fields: Fields, catalogue: DetectorCatalogue) -> None:
    """All but its sequential test."""
    if series.lens is not None:
        series.warm_anew()  # a given reference has begun it
    quality = fields.array("quality", "<i8")
    if len(quality) != len(series.quality):
        raise fields.wrong("quality", "not one count per cell code")
    series.quality = quality.astype(np.int64)
    if "warm_up" in fields:
        series.warm_up = WarmUp.load(fields.plain("warm_up"))
        return
    reference = Reference.from_plain(fields.plain("reference"))
    given = series.parameters.reference
    lens = Lens(given if given is not None and given == reference else reference)
    series.begin(lens)
    _load_watches(series, fields.rows("watches"), catalogue)
    series.window = Window.load(
        fields.plain("window"), bins=len(reference.counts), views=len(reference.views)
    )
    series.blocks = Waiting.load(fields.plain("blocks"), lens, begun=fields.integer("begun"))
    series.drift.load(fields.plain("drift"), series.witnesses)


def _dump_watch(watch: Watch) -> dict[str, Plain]:
    return {
        "name": watch.name,
        "state_version": watch.state_version,
        "library_version": watch.library_version,
        "fields": watch.detector.dump(),
    }


def _load_watches(series: SeriesMonitor, stored: Sequence[Plain], catalogue: DetectorCatalogue) -> None:
    if len(stored) != len(series.watches):
        raise CorruptState("another set of detectors")
    for watch, plain in zip(series.watches, stored, strict=True):
        fields = Fields(plain, watch.name)
        spec = catalogue.get(watch.id)
        if fields.integer("state_version") > spec.state_version:
            raise NewerState(f"{watch.name}: state of a newer release of the detector")
        same = fields.integer("state_version") == spec.state_version
        if fields.text("name") != watch.name or not same:
            raise CorruptState(f"{watch.name}: another detector or an older form of its state")
        if fields.optional_text("library_version") != spec.library_version:
            raise CorruptState(f"{watch.name}: written with another version of the library")
        inner = fields.plain("fields")
        if not isinstance(inner, dict):
            raise fields.wrong("fields", "no fields")
        watch.detector = spec.load(watch.parameters, inner, seed=watch.seed)


def _check_version(snapshot: Snapshot, known: int) -> None:
    if snapshot.state_version > known:
        raise NewerState(
            f"{snapshot.key}: state of format {snapshot.state_version}, this release reads up to {known}; "
            "start the newer release again (nothing was overwritten)"
        )
    if snapshot.state_version < 1:
        raise CorruptState(f"{snapshot.key}: unknown format {snapshot.state_version}")
