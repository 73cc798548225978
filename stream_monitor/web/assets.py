"""The files of the dashboard, from the installed package: read once, served from memory, revalidated by ETag.

Which files there are and what is in them is the dashboard's business.
"""

import gzip
import hashlib
import importlib.resources
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources.abc import Traversable
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

PAGE: Final = "index.html"
# Only what the dashboard itself brings; no inline script or style, so that a name in the data can never become one.
POLICY: Final = (
    "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; object-src 'none'"
)
# Not `mimetypes`: that asks the machine, whose answers differ (text/javascript may be text/plain on Windows).
_TYPES: Final = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".woff2": "font/woff2",
    ".json": "application/json",
    ".txt": "text/plain; charset=utf-8",
}
_COMPRESSED_ALREADY: Final = frozenset({"image/png", "font/woff2"})
_SMALLEST_TO_COMPRESS: Final = 1_024


@dataclass(frozen=True, slots=True, kw_only=True)
class Asset:
    """One file. etag: of its content, with the quotes. compressed: by gzip; None where that gains nothing."""

    content: bytes
    media_type: str
    etag: str
    compressed: bytes | None


@cache
def assets() -> Mapping[str, Asset]:
    """Path below `stream_monitor/web/ui` → file; files of an unknown type are not served. Cost: some 20 ms, once."""
    root = importlib.resources.files("stream_monitor.web") / "ui"
    return {
        path: _asset(path, file.read_bytes()) for path, file in _files(root, "") if _type(path) is not None
    }


def asset_response(request: Request, asset: Asset) -> Response:
    """The file, or that the client has it already. Compressed here, once: the middleware leaves it alone."""
    headers = {
        "etag": asset.etag,
        "cache-control": "no-cache",  # may be kept, must be asked for: a new release shows at once
        "content-security-policy": POLICY,
    }
    if _has(request, asset.etag):
        return Response(status_code=304, headers=headers)
    content = asset.content
    if asset.compressed is not None and "gzip" in request.headers.get("accept-encoding", ""):
        content = asset.compressed
        headers |= {"content-encoding": "gzip", "vary": "Accept-Encoding"}
    return Response(content, media_type=asset.media_type, headers=headers)


def _has(request: Request, etag: str) -> bool:
    """Whether If-None-Match names it; compared weakly, as RFC 9110 wants of this header."""
    asked = request.headers.get("if-none-match", "")
    named = {one.strip().removeprefix("W/") for one in asked.split(",")}
    return etag in named or "*" in named


def _files(at: Traversable, prefix: str) -> Iterator[tuple[str, Traversable]]:
    for entry in sorted(at.iterdir(), key=lambda entry: entry.name) if at.is_dir() else ():
        path = f"{prefix}{entry.name}"
        if entry.is_dir():
            yield from _files(entry, f"{path}/")
        else:
            yield path, entry


def _type(path: str) -> str | None:
    return _TYPES.get("." + path.rpartition(".")[2])


def _asset(path: str, content: bytes) -> Asset:
    media_type = _type(path)
    assert media_type is not None
    compressed = None
    if media_type not in _COMPRESSED_ALREADY and len(content) >= _SMALLEST_TO_COMPRESS:
        compressed = gzip.compress(content, mtime=0)
    etag = f'"{hashlib.sha256(content).hexdigest()[:24]}"'
    return Asset(content=content, media_type=media_type, etag=etag, compressed=compressed)
