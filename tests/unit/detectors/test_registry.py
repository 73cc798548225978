import importlib
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from stream_monitor.detectors import registry
from stream_monitor.detectors.registry import BrokenDetector, DuplicateDetector, Registry, UnknownDetector

PLUGIN = '''
"""A detector of somebody else."""
from stream_monitor.core.detector import Grain, Kind


class Spec:
    """Fires never."""
    id = "quiet"
    state_version = 1
    library_version = None
    kinds = frozenset({Kind.NUMERIC})
    grain = Grain.VALUE
    defaults = {}
    def build(self, parameters, *, seed): ...
    def load(self, parameters, fields, *, seed): ...


class Misnamed(Spec):
    id = "loud"


QUIET, MISNAMED, NOTHING = Spec(), Misnamed(), object()
'''

BUILT_IN = ("adwin", "ddm", "eddm", "fhddm", "hddm_a", "hddm_w", "kswin", "page_hinkley", "sequential")


class SitePackages:
    """A directory on sys.path into which distributions can be put."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def install(self, name: str, entry_points: dict[str, str], **modules: str) -> None:
        for module, source in modules.items():
            (self.path / f"{module}.py").write_text(source)
        info = self.path / f"{name.replace('-', '_')}-1.2.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.2\n")
        lines = [f"{key} = {value}" for key, value in entry_points.items()]
        (info / "entry_points.txt").write_text("\n".join(["[stream_monitor.detectors]", *lines, ""]))
        importlib.invalidate_caches()


@pytest.fixture
def site_packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SitePackages]:
    monkeypatch.syspath_prepend(str(tmp_path))
    before = set(sys.modules)
    yield SitePackages(tmp_path)
    for name in set(sys.modules) - before:
        if str(tmp_path) in str(getattr(sys.modules[name], "__file__", "")):
            del sys.modules[name]


def test_the_built_in_detectors_are_registered_under_their_ids() -> None:
    found = {entry.id: entry for entry in registry.installed().registered()}
    assert set(BUILT_IN) <= set(found)
    for name in BUILT_IN:
        entry = found[name]
        assert entry.problem is None
        assert entry.spec is not None
        assert entry.spec.id == name
        assert registry.get(name) is entry.spec
        assert [distribution.split()[0] for distribution in entry.distributions] == ["stream-monitor"]


def test_an_installed_plug_in_is_found_and_imported_only_when_asked_for(site_packages: SitePackages) -> None:
    site_packages.install("acme-drift", {"quiet": "acme_drift:QUIET"}, acme_drift=PLUGIN)
    found = Registry()
    assert found.ids() == tuple(sorted([*BUILT_IN, "quiet"]))
    assert "acme_drift" not in sys.modules
    assert found.get("quiet").id == "quiet"
    assert found.get("quiet") is found.get("quiet")
    [entry] = [entry for entry in found.registered() if entry.id == "quiet"]
    assert entry.distributions == ("acme-drift 1.2",)


@pytest.mark.parametrize(
    ("target", "text"),
    [
        ("acme_drift:QUIETER", r"cannot be imported: AttributeError: .*QUIETER"),
        ("acme_drifts:QUIET", r"cannot be imported: ModuleNotFoundError: No module named 'acme_drifts'"),
        ("acme_drift:MISNAMED", "calls itself `loud`: entry point and id must agree"),
        ("acme_drift:NOTHING", "is not a DetectorSpec: it has no id, state_version, library_version"),
        ("acme_drift:Spec", "is not a DetectorSpec: it is a class: name an instance"),
        ("acme_broken:QUIET", "cannot be imported: ZeroDivisionError: division by zero"),
    ],
)
def test_a_broken_plug_in_is_reported_and_does_not_hide_the_others(
    site_packages: SitePackages, target: str, text: str
) -> None:
    site_packages.install("acme-drift", {"quiet": target}, acme_drift=PLUGIN, acme_broken="1 / 0")
    found = Registry()
    with pytest.raises(BrokenDetector, match=rf"detector `quiet` \({target} of acme-drift 1\.2\) {text}"):
        found.get("quiet")
    entries = {entry.id: entry for entry in found.registered()}
    assert entries["quiet"].spec is None
    assert "acme-drift 1.2" in (entries["quiet"].problem or "")
    assert all(entries[name].problem is None for name in BUILT_IN)


def test_an_id_of_two_distributions_is_refused_with_both_named(site_packages: SitePackages) -> None:
    site_packages.install("acme-drift", {"adwin": "acme_drift:QUIET"}, acme_drift=PLUGIN)
    found = Registry()
    with pytest.raises(
        DuplicateDetector, match=r"acme-drift 1\.2.*stream-monitor|stream-monitor.*acme-drift 1\.2"
    ):
        found.get("adwin")
    entries = {entry.id: entry for entry in found.registered()}
    assert "uninstall one of them" in (entries["adwin"].problem or "")
    assert entries["ddm"].problem is None
    assert len(entries) == len(BUILT_IN)


def test_an_unknown_id_is_answered_with_the_nearest() -> None:
    with pytest.raises(UnknownDetector, match="unknown detector `page_hinkly`; did you mean `page_hinkley`"):
        registry.get("page_hinkly")
    with pytest.raises(ValueError, match="installed are adwin, ddm"):
        registry.get("x")


def test_a_checkout_that_is_not_installed_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.metadata.entry_points", lambda **_: ())
    with pytest.raises(UnknownDetector, match="none is installed: install stream-monitor itself"):
        Registry().get("adwin")
