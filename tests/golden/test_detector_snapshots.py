"""A snapshot written by any released version restores: the files are written once and never change."""

import struct
from pathlib import Path

import msgspec
import numpy as np
import pytest

from stream_monitor.detectors import registry

SNAPSHOTS = sorted((Path(__file__).parent / "snapshots").glob("*.msgpack"))


@pytest.mark.parametrize("path", SNAPSHOTS, ids=lambda path: path.stem)
def test_a_golden_snapshot_goes_on_as_recorded(path: Path) -> None:
    golden = msgspec.msgpack.decode(path.read_bytes())
    assert golden["format"] == 1
    spec = registry.get(golden["id"])
    assert path.stem == f"{spec.id}.v{golden['state_version']}"
    detector = spec.load(golden["parameters"], golden["fields"], seed=golden["seed"])
    if golden["state_version"] == spec.state_version:
        assert msgspec.msgpack.encode(detector.dump()) == msgspec.msgpack.encode(golden["fields"])
    values = golden["values"]
    found = detector.update(np.array(struct.unpack(f"<{len(values) // 8}d", values)))
    assert [detection.at for detection in found] == golden["detected_at"]


def test_every_registered_detector_has_a_snapshot_of_its_state_version() -> None:
    expected = {f"{name}.v{registry.get(name).state_version}" for name in registry.installed().ids()}
    assert expected <= {path.stem for path in SNAPSHOTS}
