"""Detector ids, kinds and parameters are checked against whatever detectors the caller knows."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from stream_monitor.core.detector import Detector, Grain, Kind, Plain, Scalar
from tests.unit.config.loaded import complaints, settings


@dataclass(frozen=True, kw_only=True)
class Spec:
    """A detector that can only be asked about."""

    id: str
    kinds: frozenset[Kind]
    defaults: Mapping[str, Scalar]
    grain: Grain = Grain.VALUE
    state_version: int = 1
    library_version: str | None = None

    def build(self, parameters: Mapping[str, Scalar], *, seed: int) -> Detector:
        assert parameters.keys() == self.defaults.keys()
        assert seed == 0
        if parameters["delta"] == 0.1:
            raise Built
        if parameters["delta"] == 2:
            raise ValueError("adwin: `delta` is 2: write a number below 1")
        raise ValueError("delta must be in (0, 1)")

    def load(self, parameters: Mapping[str, Scalar], fields: Mapping[str, Plain], *, seed: int) -> Detector:
        raise AssertionError(parameters, fields, seed)


class Built(Exception):
    """The parameters were fine."""


KNOWN = {
    "adwin": Spec(id="adwin", kinds=frozenset({Kind.NUMERIC}), defaults={"delta": 0.002, "clock": 32}),
    "ddm": Spec(id="ddm", kinds=frozenset({Kind.BOOLEAN}), defaults={"drift": 3}),
}
TEXT = "version: 1\nkafka: {bootstrap_servers: b}\nmodels:\n  - name: m\n    sources: [a]\n    %s\n"


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (
            "detectors: [adwim]",
            '6:17 models[0].detectors[0]: there is no detector "adwim"; did you mean "adwin"?',
        ),
        (
            "detectors: [psi]",
            '6:17 models[0].detectors[0]: there is no detector "psi"; write one of adwin, ddm',
        ),
        (
            "features: {f: {type: numeric, detectors: [ddm]}}",
            "6:47 models[0].features.f.detectors[0]: ddm cannot watch numeric features; write one of adwin",
        ),
        (
            "features: {f: {type: identifier, detectors: [{type: ddm}]}}",
            (
                "6:50 models[0].features.f.detectors[0]: ddm cannot watch identifier features;"
                " remove it: nothing watches this kind"
            ),
        ),
        (
            "detectors: [{id: adwin, params: {dleta: 1}}]",
            '6:38 models[0].detectors[0].params.dleta: adwin has no such parameter; did you mean "delta"?',
        ),
        (
            "detectors: [{id: adwin, params: {x: 1}}]",
            "6:38 models[0].detectors[0].params.x: adwin has no such parameter; write one of delta, clock",
        ),
        (
            "detectors: [{id: adwin, params: {delta: 3}}]",
            (
                "6:37 models[0].detectors[0].params: adwin refuses its parameters: delta must be in (0, 1);"
                " write values it takes"
            ),
        ),
        (
            "detectors: [{id: adwin, params: {delta: 2}}]",
            "6:37 models[0].detectors[0].params: adwin: `delta` is 2; write a number below 1",
        ),
    ],
)
def test_detectors_that_do_not_fit(tmp_path: Path, line: str, expected: str) -> None:
    assert complaints(TEXT % line, tmp_path, known=KNOWN) == [f"monitor.yaml:{expected}"]


def test_parameters_are_tried_together_with_the_defaults(tmp_path: Path) -> None:
    with pytest.raises(Built):
        settings(TEXT % "detectors: [{id: adwin, params: {delta: 0.1}}]", tmp_path, known_detectors=KNOWN)


def test_nothing_is_built_without_parameters_and_unknown_lists_check_nothing(tmp_path: Path) -> None:
    assert settings(TEXT % "detectors: [adwin, ddm]", tmp_path, known_detectors=KNOWN).models is not None
    assert settings(TEXT % "detectors: [whatever]", tmp_path).models is not None
