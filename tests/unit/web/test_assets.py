"""Files of the dashboard: which are served, as what, and that a browser asks again and is told that nothing changed."""

import gzip
import importlib.resources
from collections.abc import Iterator
from pathlib import Path

import pytest

from stream_monitor.web.assets import assets
from tests.unit.web.dashboards import client

FILES = {
    "index.html": "text/html; charset=utf-8",
    "app.js": "text/javascript; charset=utf-8",
    "css/base.css": "text/css; charset=utf-8",
    "icon.svg": "image/svg+xml",
    "vendor/font.woff2": "font/woff2",
    "vendor/LICENSE.txt": "text/plain; charset=utf-8",
}


@pytest.fixture
def _files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for path in [*FILES, "notes.md", "__init__.py"]:
        file = tmp_path / "ui" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(path.encode() * 400)
    monkeypatch.setattr(importlib.resources, "files", lambda _: tmp_path)
    assets.cache_clear()
    yield
    assets.cache_clear()


@pytest.mark.usefixtures("_files")
@pytest.mark.parametrize("path", FILES)
def test_every_file_has_its_type_and_a_strict_policy(path: str) -> None:
    response = client().get("/" if path == "index.html" else f"/ui/{path}")
    assert response.status_code == 200
    assert response.content == path.encode() * 400
    assert response.headers["content-type"] == FILES[path]
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.headers["referrer-policy"] == "no-referrer"
    policy = response.headers["content-security-policy"]
    assert policy.startswith("default-src 'self'; ")
    assert "unsafe" not in policy


@pytest.mark.usefixtures("_files")
@pytest.mark.parametrize(
    "path",
    [
        "notes.md",
        "__init__.py",
        "no.js",
        "../api.py",
        "..%2Fapi.py",
        "%2e%2e/app.py",
        "",
        "vendor",
        "/etc/passwd",
    ],
)
def test_nothing_else_is_served(path: str) -> None:
    assert client().get(f"/ui/{path}").status_code == 404


@pytest.mark.usefixtures("_files")
def test_a_file_is_asked_for_again_and_sent_once() -> None:
    first = client().get("/ui/app.js")
    assert first.headers["cache-control"] == "no-cache"
    etag = first.headers["etag"]
    for known in (etag, f"W/{etag}", f'"other", {etag}', "*"):
        again = client().get("/ui/app.js", headers={"if-none-match": known})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", etag)
    assert client().get("/ui/app.js", headers={"if-none-match": '"other"'}).status_code == 200


@pytest.mark.usefixtures("_files")
def test_text_is_compressed_and_fonts_are_not() -> None:
    with client().stream("GET", "/ui/app.js") as response:
        assert (response.headers["content-encoding"], response.headers["vary"]) == ("gzip", "Accept-Encoding")
        assert gzip.decompress(b"".join(response.iter_raw())) == b"app.js" * 400
    assert "content-encoding" not in client().get("/ui/vendor/font.woff2").headers
    plain = client().get("/ui/app.js", headers={"accept-encoding": "identity"})
    assert "content-encoding" not in plain.headers
    assert plain.headers["vary"] == "Accept-Encoding"
