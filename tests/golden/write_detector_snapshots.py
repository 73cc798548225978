"""Writes the golden snapshot of every detector that has none for its state version. Never touches one that exists.

    python -m tests.golden.write_detector_snapshots

A snapshot is made once, by the release that introduces a state version, and is read for ever after by
`test_detector_snapshots.py`. What the detector must find afterwards is told by plain river, value by value; what no library
knows is told by the detector itself, fed without a stop, in single values.
"""

import random
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import river.drift

from stream_monitor.core.detector import FloatArray, Kind, Scalar
from stream_monitor.detectors import registry

SNAPSHOTS = Path(__file__).parent / "snapshots"
SEED = 12
PARAMETERS: Mapping[str, Mapping[str, Scalar]] = {
    "adwin": {"clock": 1, "max_buckets": 3, "min_window_length": 1, "grace_period": 1},
    "eddm": {"alpha": 0.8, "beta": 0.75},
    "fhddm": {"short_window_size": 25},
    "hddm_a": {"two_sided_test": True},
    "hddm_w": {"two_sided_test": True},
}
RIVER: Mapping[str, Any] = {
    "adwin": river.drift.ADWIN,
    "page_hinkley": river.drift.PageHinkley,
    "kswin": lambda **parameters: river.drift.KSWIN(**parameters, seed=SEED),
    "ddm": river.drift.binary.DDM,
    "eddm": river.drift.binary.EDDM,
    "fhddm": river.drift.binary.FHDDM,
    "hddm_a": river.drift.binary.HDDMA,
    "hddm_w": river.drift.binary.HDDMW,
}
OWN = ("sequential",)
BEFORE, AFTER = 500, 700  # values before and after the snapshot; the change comes in the middle of the second
LONGER = {"sequential": (1_300, 700)}  # it learns from 512 values, and more parts of it have begun by then


def column_of(kinds: frozenset[Kind], before: int, after: int) -> FloatArray:
    rng = random.Random(3)
    middle = before + after // 2
    if Kind.NUMERIC in kinds:
        values = [round(rng.gauss(0.0 if at < middle else 2.0, 1.0), 3) for at in range(before + after)]
    else:
        values = [float(rng.random() < (0.15 if at < middle else 0.7)) for at in range(before + after)]
    return np.array(values)


def told_by_river(name: str, parameters: Mapping[str, Scalar], column: FloatArray) -> list[int]:
    plain, places = RIVER[name](**parameters), []
    for at, value in enumerate(column):
        plain.update(1.0 - float(value) if name == "fhddm" else float(value))
        if plain.drift_detected:
            places.append(at)
    return places


def told_by_itself(name: str, parameters: Mapping[str, Scalar], column: FloatArray) -> list[int]:
    detector = registry.get(name).build(parameters, seed=SEED)
    return [at for at in range(len(column)) if detector.update(column[at : at + 1])]


def golden(name: str) -> dict[str, Any]:
    spec, parameters = registry.get(name), PARAMETERS.get(name, {})
    before, after = LONGER.get(name, (BEFORE, AFTER))
    column = column_of(spec.kinds, before, after)
    detector = spec.build(parameters, seed=SEED)
    detector.update(column[:before])
    told = (told_by_itself if name in OWN else told_by_river)(name, parameters, column)
    places = [at - before for at in told if at >= before]
    assert places, f"{name} finds nothing after the snapshot: it would prove nothing"
    return {
        "format": 1,
        "id": name,
        "state_version": spec.state_version,
        "library_version": spec.library_version,
        "parameters": dict(parameters),
        "seed": SEED,
        "fields": detector.dump(),
        "values": struct.pack(f"<{after}d", *column[before:]),
        "detected_at": places,
    }


def main() -> None:
    for name in (*RIVER, *OWN):
        path = SNAPSHOTS / f"{name}.v{registry.get(name).state_version}.msgpack"
        if path.exists():
            print(f"kept    {path.name}")
        else:
            path.write_bytes(msgspec.msgpack.encode(golden(name)))
            print(f"written {path.name}")


if __name__ == "__main__":
    main()
