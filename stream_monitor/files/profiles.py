"""Reference profiles as files: read, write, and tell them from files of training data. Knows paths, not what is inside."""

from pathlib import Path

import orjson

from stream_monitor.core.errors import NewerState, StreamMonitorError
from stream_monitor.core.profile import Profile
from stream_monitor.files.opening import opened
from stream_monitor.formats import reference_profile

MAX_PROFILE_BYTES = 64 * 1024 * 1024


def is_profile(path: Path) -> bool:
    """Whether a `.json` file is a reference profile and not JSON lines. Told by content, however it is laid out.

    Raises StreamMonitorError if it cannot be read, or is what only `stream-monitor reference import` reads.
    """
    if path.suffix.lower() != ".json":
        return False
    with opened(path) as stream:
        first = stream.readline(MAX_PROFILE_BYTES)
        document = _parsed(first)
        if document is None:  # no whole value in the first line: a document over many lines, or no JSON
            document = _parsed(first + stream.read(MAX_PROFILE_BYTES))
    if isinstance(document, dict) and isinstance(document.get("features"), list) and "version" in document:
        raise StreamMonitorError(
            f"{path}: looks like statistics of SageMaker Model Monitor; make a reference profile of it with:"
            f" stream-monitor reference import {path.name} -o profile.json"
        )
    return reference_profile.is_profile(document)


def read_profile(path: Path) -> Profile:
    """The profile in a file. Raises StreamMonitorError with the file, and the feature and field that are wrong."""
    data = read_bytes(path)
    try:
        return reference_profile.decode(data)
    except NewerState as error:
        raise NewerState(f"{path}: {error}") from error
    except StreamMonitorError as error:
        raise StreamMonitorError(f"{path}: {error}") from error


def write_profile(path: Path, profile: Profile) -> None:
    """Write the file whole or not at all. Raises StreamMonitorError."""
    part = path.with_name(f".{path.name}.part")
    try:
        part.write_bytes(reference_profile.encode(profile))
        part.replace(path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise StreamMonitorError(f"{path}: cannot be written: {error.strerror or error}") from error


def read_bytes(path: Path) -> bytes:
    """A small file, whole. Raises StreamMonitorError if it is not there, cannot be read, or is not small."""
    with opened(path) as stream:
        data = stream.read(MAX_PROFILE_BYTES + 1)
    if len(data) > MAX_PROFILE_BYTES:
        raise StreamMonitorError(f"{path}: is larger than {MAX_PROFILE_BYTES // 2**20} MiB")
    return data


def _parsed(data: bytes) -> object:
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError:
        return None
