"""The public check must catch what it promises to: each fault here is one that a plug-in's author may well make."""

import math
import random
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pytest

from stream_monitor.core.detector import Detection, FloatArray, Grain, Kind, Plain, Scalar
from stream_monitor.core.errors import CorruptState
from stream_monitor.testing import check_detector


class Ewma:
    """A sound detector: fires when the exponentially weighted mean of the values passes a level, then begins anew."""

    def __init__(self, level: float) -> None:
        self.level = level
        self.mean = 0.0

    def update(self, values: FloatArray) -> Sequence[Detection]:
        found = []
        for at, value in enumerate(values.tolist()):
            self.mean += 0.1 * (value - self.mean)
            if self.fires():
                found.append(Detection(at, self.mean, self.level, 0))
                self.mean = 0.0
        return found

    def fires(self) -> bool:
        return self.mean > self.level

    def dump(self) -> Mapping[str, Plain]:
        return {"mean": self.mean}

    def gauges(self) -> Mapping[str, float]:
        return {"mean": self.mean}


class EwmaSpec:
    """Makes `Ewma`."""

    detector: type[Any] = Ewma
    id = "ewma"
    state_version = 1
    library_version: str | None = None
    kinds = frozenset({Kind.NUMERIC})
    grain = Grain.VALUE
    defaults: Mapping[str, Scalar] = {"level": 2.0}

    def build(self, parameters: Mapping[str, Scalar], *, seed: int) -> Any:
        del seed
        for name, value in parameters.items():
            if name != "level":
                raise ValueError(f"unknown parameter {name}")
            if not isinstance(value, float) or not 0 < value < 10:
                raise ValueError(f"{name} must be a number from 0 to 10")
        return self.detector(**{**self.defaults, **parameters})

    def load(self, parameters: Mapping[str, Scalar], fields: Mapping[str, Plain], *, seed: int) -> Any:
        detector = self.build(parameters, seed=seed)
        if set(fields) != {"mean"}:
            raise CorruptState("expected the field `mean`")
        mean = fields["mean"]
        if type(mean) is not float or not abs(mean) < 100:
            raise CorruptState("`mean` must be a number")
        detector.mean = mean
        return detector


def spec_of(**methods: Any) -> EwmaSpec:
    """A spec whose detector has some methods replaced."""
    spec = EwmaSpec()
    spec.detector = type("Faulty", (Ewma,), methods)
    return spec


def altered(**attributes: Any) -> EwmaSpec:
    """A spec that has some attributes replaced."""
    spec: EwmaSpec = type("Faulty", (EwmaSpec,), {"__doc__": "Faulty.", **attributes})()
    return spec


def update_of_last_only(self: Ewma, values: FloatArray) -> Sequence[Detection]:
    found = Ewma.update(self, values)
    return found[-1:]


def update_writing(self: Ewma, values: FloatArray) -> Sequence[Detection]:
    values.setflags(write=True)
    values += 1
    return Ewma.update(self, values)


def update_in_place(self: Ewma, values: FloatArray) -> Sequence[Detection]:
    values -= self.mean
    return Ewma.update(self, values)


def update_at_random(self: Ewma, values: FloatArray) -> Sequence[Detection]:
    self.mean += random.random() / 10
    return Ewma.update(self, values)


def update_with_numpy(self: Ewma, values: FloatArray) -> Sequence[Detection]:
    return [found._replace(statistic=np.float64(found.statistic)) for found in Ewma.update(self, values)]


def update_with_infinity(self: Ewma, values: FloatArray) -> Sequence[Detection]:
    return [found._replace(threshold=math.inf) for found in Ewma.update(self, values)]


def update_resetting_late(self: Any, values: FloatArray) -> Sequence[Detection]:
    """Begins anew at the next value, and forgets in `dump` that it must."""
    found = []
    for at, value in enumerate(values.tolist()):
        if getattr(self, "pending", False):
            self.mean, self.pending = 0.0, False
        self.mean += 0.1 * (value - self.mean)
        if self.fires():
            found.append(Detection(at, self.mean, self.level, 0))
            self.pending = True
    return found


def update_keeping_history(self: Any, values: FloatArray) -> Sequence[Detection]:
    self.history = [*getattr(self, "history", []), *values.tolist()]
    return Ewma.update(self, values)


def load_anything(self: EwmaSpec, parameters: Mapping[str, Scalar], fields: Any, *, seed: int) -> Any:
    detector = self.build(parameters, seed=seed)
    detector.mean = fields["mean"]
    return detector


def load_history(self: EwmaSpec, parameters: Mapping[str, Scalar], fields: Any, *, seed: int) -> Any:
    detector = load_anything(self, parameters, fields, seed=seed)
    detector.history = fields["history"]
    return detector


def dump_history(self: Any) -> Mapping[str, Plain]:
    return {"mean": self.mean, "history": getattr(self, "history", [])}


def load_without_looking(self: EwmaSpec, parameters: Mapping[str, Scalar], fields: Any, *, seed: int) -> Any:
    if set(fields) != {"mean"}:
        raise CorruptState("expected the field `mean`")
    return load_anything(self, parameters, fields, seed=seed)


def build_anything(self: EwmaSpec, parameters: Mapping[str, Any], *, seed: int) -> Any:
    del seed
    return self.detector(level=parameters.get("level", 2.0))


def build_vaguely(self: EwmaSpec, parameters: Mapping[str, Scalar], *, seed: int) -> Any:
    try:
        return EwmaSpec.build(self, parameters, seed=seed)
    except ValueError:
        raise ValueError("wrong parameter") from None


def gauges_counting(self: Ewma) -> Mapping[str, float]:
    self.mean += 1e-3
    return {"mean": self.mean}


FAULTS = {
    "in columns of": spec_of(update=update_of_last_only),
    "it wrote into the column": spec_of(update=update_writing),
    "it raised ValueError: .*read-only": spec_of(update=update_in_place),
    "differs in|the same seed and values": spec_of(update=update_at_random),
    "wrong types": spec_of(update=update_with_numpy),
    "is not finite": spec_of(update=update_with_infinity),
    "dumped and loaded in between it found|changed when": spec_of(update=update_resetting_late),
    "its state grew": altered(
        detector=type("Growing", (Ewma,), {"update": update_keeping_history, "dump": dump_history}),
        load=load_history,
    ),
    "bytes is more than the 65536 allowed": altered(
        detector=type("Large", (Ewma,), {"dump": lambda self: {"mean": self.mean, "history": [0.0] * 9_000}}),
        load=load_history,
    ),
    "its own dump after 0 values was refused": spec_of(dump=dump_history),
    "holds a float64": spec_of(dump=lambda self: {"mean": np.float64(self.mean)}),
    "holds a Ewma|holds a Faulty": spec_of(dump=lambda self: {"mean": self}),
    "did not find a large change": spec_of(fires=lambda _: False),
    "on a constant": spec_of(fires=lambda self: abs(self.mean) > 1.0 and self.mean < 3.0),
    "gauge 'mean' is nan": spec_of(gauges=lambda _: {"mean": math.nan}),
    "gauge 'mean' is 3": spec_of(gauges=lambda _: {"mean": 3}),
    "its gauges were": spec_of(gauges=lambda self: {"mean": 0.0} if self.mean < 1 else {}),
    "reading the gauges changed the state": spec_of(gauges=gauges_counting),
    "with an extra field must raise CorruptState": altered(load=load_anything),
    "nor did it keep working": altered(load=load_without_looking),
    "no_such_parameter = 1 must raise": altered(build=build_anything),
    "must raise a ValueError that names it": altered(build=build_vaguely),
    r"its id must match": altered(id="Ewma 2"),
    "state_version must be": altered(state_version=0),
    "library_version is '0.26.1'": altered(library_version="0.26.1"),
    "kinds must hold": altered(kinds=frozenset({Kind.IDENTIFIER})),
    "must have a docstring": altered(__doc__=""),
}


def test_a_sound_detector_passes() -> None:
    check_detector(EwmaSpec())


@pytest.mark.parametrize(("text", "spec"), FAULTS.items(), ids=FAULTS)
def test_a_fault_is_found_and_named(text: str, spec: EwmaSpec) -> None:
    with pytest.raises(AssertionError, match=text) as raised:
        check_detector(spec)
    assert spec.id in str(raised.value)
