"""The conformance check of detectors: what the engine relies on, run against any `DetectorSpec`.

For authors of plug-ins, and run in this project's tests for every registered detector. Owns no knowledge of a
particular detector: it reads what the spec says of itself. A detector that passes may be cut into columns,
snapshotted, restored and moved to another worker at any value, and answers as if nothing had happened.
"""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TypeAlias

import msgspec
import numpy as np

from stream_monitor.core.detector import Detection, Detector, DetectorSpec, FloatArray, Kind, Plain, Scalar
from stream_monitor.core.errors import CorruptState
from stream_monitor.testing.corruption import corruptions, misshapen

MOST_BYTES = 64 * 1024  # of a dump as msgpack: what the snapshot of a series may weigh
SEED = 20_071
CHANGE_AT, AFTER = 1_000, 500  # values before and after the change in the columns used here
CUTS = (0, 1, 31, 32, 100, 333, 1_001, 1_200)
LONG = 4_000
WATCHED = frozenset({Kind.NUMERIC, Kind.BOOLEAN})  # the kinds whose values are handed to detectors as columns

Parameters: TypeAlias = Mapping[str, Scalar]


def check_detector(spec: DetectorSpec, *, parameters: Parameters | None = None) -> None:
    """Raise AssertionError, saying what is wrong, unless `spec` keeps the detector protocol.

    Checked for every kind it watches, with `parameters` (default: its own defaults): any split of a column gives
    the same detections and the same state; so does a dump and a load at any value; a dump is plain, fits msgpack,
    does not grow and stays below 64 kB; the same seed gives the same answer; a large change is found (of boolean
    values: a rise of the rate of 1.0); a constant is not one; a damaged dump raises CorruptState or loads as
    something that keeps working; a wrong parameter is named; gauges are finite numbers.

    Cost: about 20,000 updates a kind.

    >>> from stream_monitor.detectors.registry import get
    >>> check_detector(get("page_hinkley"))
    """
    chosen = dict(parameters or {})
    for check_spec in (_check_identity, _check_parameters):
        _run(f"detector {spec.id!r}", partial(check_spec, spec))
    for kind in sorted(spec.kinds & WATCHED):
        column = column_with_change(kind)
        for check in CHECKS:
            _run(f"detector {spec.id!r} on {kind} values", partial(check, spec, chosen, column))


def _run(what: str, check: Callable[[], None]) -> None:
    try:
        check()
    except AssertionError as error:
        raise AssertionError(f"{what}: {error}") from error
    except Exception as error:
        raise AssertionError(f"{what}: it raised {type(error).__name__}: {error}") from error


def column_with_change(kind: Kind) -> FloatArray:
    """1,500 values with a large change at 1,000: a mean of 0 and then 5 sd, or a rate of 1.0 of 0.1 and then 0.8."""
    rng = np.random.default_rng(SEED)
    if kind is Kind.NUMERIC:
        column = np.concatenate([rng.normal(0.0, 1.0, CHANGE_AT), rng.normal(5.0, 1.0, AFTER)])
    else:
        column = np.concatenate([rng.random(CHANGE_AT) < 0.1, rng.random(AFTER) < 0.8]).astype(np.float64)
    column.setflags(write=False)  # a column is shared by all detectors of a series
    return column


def _check_identity(spec: DetectorSpec) -> None:
    _that(re.fullmatch(r"[a-z][a-z0-9_]*", spec.id) is not None, "its id must match [a-z][a-z0-9_]*")
    _that(type(spec.state_version) is int and spec.state_version >= 1, "state_version must be an int from 1")
    library = spec.library_version
    fits = library is None or re.fullmatch(r"\d+\.\d+", library) is not None
    _that(fits, f"library_version is {library!r}; it must be None or major.minor")
    _that(bool(spec.kinds & WATCHED), f"kinds must hold at least one of {', '.join(sorted(WATCHED))}")
    _that(bool((spec.__doc__ or "").strip()), "it must have a docstring: it is what users read of it")


def _check_parameters(spec: DetectorSpec) -> None:
    state = spec.build({}, seed=SEED).dump()
    wrong: list[tuple[str, Scalar]] = [("no_such_parameter", 1)]
    wrong += [(name, value) for name in spec.defaults for value in (b"\x00", math.nan)]
    for name, value in wrong:
        given = {name: value}
        for what, call in (
            ("build", partial(spec.build, given, seed=SEED)),
            ("load", partial(spec.load, given, state, seed=SEED)),
        ):
            error = _raised(call)
            named = isinstance(error, ValueError) and name in str(error)
            _that(
                named, f"{what} with {name} = {value!r} must raise a ValueError that names it, not {error!r}"
            )


def check_answers(spec: DetectorSpec, parameters: Parameters, column: FloatArray) -> None:
    """Detections are well-formed, the column is left alone, defaults are the defaults, the seed decides the rest."""
    detector = spec.build(parameters, seed=SEED)
    untouched = column.copy()
    found = _fed(detector, column)
    _that(np.array_equal(column, untouched), "it wrote into the column, which other detectors read too")
    _well_formed(found, len(column))
    twin = spec.build({**spec.defaults, **parameters}, seed=SEED)
    _that(
        _fed(twin, column) == found,
        "the same seed and values, with all parameters given, found something else",
    )
    _same_state(twin, detector, "built twice and fed the same")
    _that(_fed(detector, column[:0]) == [], "an empty column must give no detection")
    _same_state(detector, twin, "fed an empty column")


def check_chunking(spec: DetectorSpec, parameters: Parameters, column: FloatArray) -> None:
    """Any split of the column gives the same detections and state."""
    whole = spec.build(parameters, seed=SEED)
    expected = _fed(whole, column)
    for sizes in ((1,), (7, 64, 1, 333)):
        cut = spec.build(parameters, seed=SEED)
        found: list[Detection] = []
        start, turn = 0, 0
        while start < len(column):
            size = sizes[turn % len(sizes)]
            found += _shifted(_fed(cut, column[start : start + size]), start)
            start, turn = start + size, turn + 1
        _that(found == expected, f"in columns of {sizes} values it found {found}, in one column {expected}")
        _same_state(cut, whole, f"fed in columns of {sizes} values")


def check_round_trip(spec: DetectorSpec, parameters: Parameters, column: FloatArray) -> None:
    """A dump is plain, small and complete: a loaded detector goes on as the dumped one would."""
    whole = _fed(spec.build(parameters, seed=SEED), column)
    just_fired = [detection.at + 1 for detection in whole[:3]]  # where a pending reset is easily forgotten
    detector: Detector = spec.build(parameters, seed=SEED)
    found: list[Detection] = []
    start = 0
    for cut in sorted({*CUTS, *just_fired, len(column)}):
        found += _shifted(_fed(detector, column[start:cut]), start)
        start = cut
        state = detector.dump()
        packed = _packed(state)
        try:
            loaded = spec.load(parameters, msgspec.msgpack.decode(packed), seed=SEED)
        except CorruptState as error:
            raise AssertionError(f"its own dump after {cut} values was refused: {error}") from error
        _same_state(loaded, detector, f"dumped and loaded after {cut} values")
        _fed(detector, column[cut : cut + 3])
        _that(_packed(state) == packed, f"a dump taken after {cut} values changed when the detector went on")
        detector = loaded
    _that(found == whole, f"dumped and loaded in between it found {found}, otherwise {whole}")


def check_size(spec: DetectorSpec, parameters: Parameters, column: FloatArray) -> None:
    """The state does not grow with the number of values."""
    detector = spec.build(parameters, seed=SEED)
    quiet = np.resize(column[:CHANGE_AT], LONG)
    _fed(detector, quiet[: LONG // 4])
    early = len(_packed(detector.dump()))
    _fed(detector, quiet[LONG // 4 :])
    late = len(_packed(detector.dump()))
    _that(
        late <= 2 * early + 512,
        f"its state grew from {early} bytes at {LONG // 4} values to {late} at {LONG}",
    )


def check_power(spec: DetectorSpec, parameters: Parameters, column: FloatArray) -> None:
    """A large change is found, a constant is not one."""
    places = [detection.at for detection in _fed(spec.build(parameters, seed=SEED), column)]
    change = f"a large change at value {CHANGE_AT} (a mean from 0 to 5 sd, or a rate of 1.0 from 0.1 to 0.8)"
    _that(any(at >= CHANGE_AT for at in places), f"it did not find {change}; it fired at {places}")
    constants = (0.0, 1.0) if np.isin(column, (0.0, 1.0)).all() else (0.0, 0.1, -3.7)
    for constant in constants:
        places = [
            detection.at for detection in _fed(spec.build(parameters, seed=SEED), np.full(300, constant))
        ]
        _that(not places, f"it fired at {places} on a constant {constant}")


def check_gauges(spec: DetectorSpec, parameters: Parameters, column: FloatArray) -> None:
    """Gauges are finite floats of the same names at any time, and looking at them changes nothing."""
    detector = spec.build(parameters, seed=SEED)
    names = set(detector.gauges())
    start = 0
    for cut in (0, 1, 50, 400, *range(CHANGE_AT, CHANGE_AT + AFTER, 50)):
        _fed(detector, column[start:cut])
        start = cut
        before = _packed(detector.dump())
        gauges = detector.gauges()
        _that(set(gauges) == names, f"its gauges were {sorted(names)}, after {cut} values {sorted(gauges)}")
        _finite(gauges)
        _that(_packed(detector.dump()) == before, "reading the gauges changed the state")


def check_corruption(spec: DetectorSpec, parameters: Parameters, column: FloatArray) -> None:
    """A damaged dump raises CorruptState; where the damage cannot be seen, the detector keeps working."""
    for size in (0, 40, CHANGE_AT):
        detector = spec.build(parameters, seed=SEED)
        _fed(detector, column[:size])
        state = detector.dump()
        for what, damaged in misshapen(state):
            error = _raised(partial(spec.load, parameters, damaged, seed=SEED))
            _that(
                isinstance(error, CorruptState),
                f"loading a dump {what} must raise CorruptState, not {error!r}",
            )
        for what, damaged in corruptions(state):
            error = _raised(
                partial(_live_on, spec, parameters, damaged, column[CHANGE_AT - 30 : CHANGE_AT + 30])
            )
            fine = error is None or isinstance(error, CorruptState)
            _that(
                fine, f"a dump {what} was not refused with CorruptState, nor did it keep working: {error!r}"
            )


def _live_on(
    spec: DetectorSpec, parameters: Parameters, state: Mapping[str, Plain], column: FloatArray
) -> None:
    detector = spec.load(parameters, state, seed=SEED)
    _well_formed(_fed(detector, column), len(column))
    _finite(detector.gauges())
    try:
        spec.load(parameters, detector.dump(), seed=SEED)
    except CorruptState as error:
        raise AssertionError(f"it was loaded, and its own dump then was not: {error}") from error


def _well_formed(found: Sequence[Detection], size: int) -> None:
    for detection in found:
        types = [type(detection), *map(type, detection)]
        _that(types == [Detection, int, float, float, int], f"{detection!r} has wrong types")
        _that(
            math.isfinite(detection.statistic) and math.isfinite(detection.threshold),
            f"{detection} is not finite",
        )
        _that(
            0 <= detection.at < size and detection.length >= 0,
            f"{detection} is not inside a column of {size}",
        )
    places = [detection.at for detection in found]
    _that(places == sorted(set(places)), f"detections must be ordered by `at`, not {places}")


def _finite(gauges: Mapping[str, float]) -> None:
    for name, value in gauges.items():
        fine = type(value) is float and math.isfinite(value)
        _that(fine, f"the gauge {name!r} is {value!r}; it must be a finite float")


def _raised(call: Callable[[], object]) -> BaseException | None:
    try:
        call()
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # noqa: BLE001 - a panic in Rust is no Exception
        return error
    return None


def _fed(detector: Detector, column: FloatArray) -> list[Detection]:
    return list(detector.update(column))


def _shifted(detections: Sequence[Detection], start: int) -> list[Detection]:
    return [detection._replace(at=detection.at + start) for detection in detections]


def _packed(state: Mapping[str, Plain]) -> bytes:
    _check_plain("the dump", state)
    packed = msgspec.msgpack.encode(state)
    _that(len(packed) <= MOST_BYTES, f"a dump of {len(packed)} bytes is more than the {MOST_BYTES} allowed")
    return packed


def _check_plain(where: str, value: object) -> None:
    if isinstance(value, Mapping):
        for name, item in value.items():
            _that(type(name) is str, f"{where} has a key {name!r} that is no text")
            _check_plain(f"{where}, field {name!r}", item)
    elif isinstance(value, list | tuple):
        for item in value:
            _check_plain(where, item)
    else:
        plain = value is None or type(value) in {bool, int, float, str, bytes}
        _that(plain, f"{where} holds a {type(value).__name__}, {value!r}: dump plain values only")


def _same_state(one: Detector, other: Detector, when: str) -> None:
    mine, theirs = one.dump(), other.dump()
    if _packed(mine) != _packed(theirs):
        differing = [name for name in {**mine, **theirs} if mine.get(name) != theirs.get(name)]
        raise AssertionError(
            f"{when}, its state differs in {differing or 'the types or order of its fields'}"
        )


def _that(holds: bool, otherwise: str) -> None:  # noqa: FBT001 - reads like `assert holds, otherwise`
    if not holds:
        raise AssertionError(otherwise)


CHECKS: Sequence[Callable[[DetectorSpec, Parameters, FloatArray], None]] = (
    check_answers,
    check_chunking,
    check_round_trip,
    check_size,
    check_power,
    check_gauges,
    check_corruption,
)
