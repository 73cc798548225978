"""Reference profiles as JSON files: `Profile` ↔ bytes. Made to be read, compared and kept in version control.

One line a field, features by name, no time of writing: the same data gives the same bytes. `versions` and `constraints` are
left out where there are none. Knows no file.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any, Final, NamedTuple, get_type_hints

import orjson

from stream_monitor.core.detector import Kind
from stream_monitor.core.errors import CorruptState, NewerState
from stream_monitor.core.performance.figure import TOO_FEW, Figure
from stream_monitor.core.performance.promise import Promise
from stream_monitor.core.performance.task import Task
from stream_monitor.core.plain import plain_of, value_of
from stream_monitor.core.profile import Origin, Profile, VersionProfile
from stream_monitor.core.reference import Reference
from stream_monitor.formats.reference_constraints import constraints_of, plain_constraints

KIND: Final = "stream-monitor.reference"
FORMAT: Final = 1
_PARTS: Final = frozenset({"format", "kind", "constraints", "features", "versions"})
VIEWS: Final[Mapping[Kind, frozenset[str]]] = {
    Kind.NUMERIC: frozenset({"value", "deviation"}),
    Kind.CATEGORICAL: frozenset({"rarity", "mix"}),
    Kind.BOOLEAN: frozenset({"value"}),
    Kind.IDENTIFIER: frozenset(),
}


class _Written(NamedTuple):
    """A figure in the file; the last is what it is made of."""

    value: float
    low: float | None
    high: float | None
    n: int


_HINTS = get_type_hints(Reference)


def encode(profile: Profile) -> bytes:
    """The file of `profile`: UTF-8 with a final newline; the same profile gives the same bytes."""
    head = {
        "format": FORMAT,
        "kind": KIND,
        "model": profile.model,
        "version": profile.version,
        "created_from": [plain_of(origin) for origin in profile.created_from],
        "rows": profile.rows,
    }
    members = [f"{_json(name)}: {_json(value)}" for name, value in head.items()]
    if profile.constraints:
        demanded = [
            f"{_json(name)}: {_json(plain_constraints(one))}"
            for name, one in sorted(profile.constraints.items())
        ]
        members.append(_object("constraints", demanded))
    members.append(_object("features", [_reference_text(*one) for one in sorted(profile.features.items())]))
    if profile.versions:
        members.append(
            _object("versions", [_version_text(*one) for one in sorted(profile.versions.items())]),
        )
    return (_object(None, members) + "\n").encode()


def decode(data: bytes) -> Profile:
    """The profile of a file. Raises NewerState if a newer release wrote it, CorruptState for anything else that `encode`
    does not write, with the feature and the field.
    """
    try:
        whole = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise CorruptState(f"the reference profile is not JSON: {error}") from error
    if not is_profile(whole):
        raise CorruptState(f'not a reference profile: "kind" is not "{KIND}"')
    written = whole.get("format")
    if type(written) is not int or written < 1:
        raise CorruptState(f"the reference profile has the format {written!r}; this release reads {FORMAT}")
    if written > FORMAT:
        raise NewerState(
            f"the reference profile has format {written}; this release reads {FORMAT}: use the release that wrote it"
        )
    where = "the reference profile"
    fields = {name: whole[name] for name in whole if name not in _PARTS}
    hints = {"model": str, "version": str, "created_from": tuple[Origin, ...], "rows": int}
    _same_names(where, fields, list(hints))
    read: dict[str, Any] = {
        name: None if hint is str and fields[name] is None else _field(where, name, hint, fields[name])
        for name, hint in hints.items()
    }
    features = whole.get("features")
    if not isinstance(features, dict) or read["rows"] < 0:
        raise CorruptState("the reference profile: features is not an object, or rows is negative")
    references = {
        name: _reference(f"the feature {name!r} of {where}", plain) for name, plain in features.items()
    }
    return Profile(
        **read,
        features=references,
        constraints=constraints_of(where, whole.get("constraints", {}), references),
        versions=_versions(where, whole.get("versions", {})),
    )


def is_profile(document: object) -> bool:
    """Whether parsed JSON says of itself that it is a reference profile."""
    return isinstance(document, dict) and document.get("kind") == KIND


def _json(value: object) -> str:
    return orjson.dumps(value).decode()


def _object(name: str | None, members: Sequence[str]) -> str:
    """An object with one member a line, two blanks further in."""
    body = ",\n".join(members).replace("\n", "\n  ")  # no text holds a line break: JSON escapes it
    whole = f"{{\n  {body}\n}}" if members else "{}"
    return whole if name is None else f"{_json(name)}: {whole}"


def _reference_text(name: str, reference: Reference) -> str:
    plain = reference.to_plain()
    assert isinstance(plain, Mapping)
    return _object(name, [f"{_json(field)}: {_json(value)}" for field, value in plain.items()])


def _version_text(name: str, version: VersionProfile) -> str:
    series = [_reference_text(*one) for one in sorted(version.series.items())]
    members = [f'"rows": {version.rows}', _object("series", series)]
    if version.performance is not None:
        members.append(_performance_text(version.performance))
    return _object(name, members)


def _performance_text(promise: Promise) -> str:
    figures = [
        f"{_json(name)}: {_json([one.value, one.low, one.high, one.n])}"
        for name, one in sorted(promise.figures.items())
    ]
    members = [f'"task": {_json(promise.task.to_plain())}', f'"pairs": {promise.pairs}']
    return _object("performance", [*members, _object("figures", figures)])


def _versions(where: str, plain: object) -> dict[str, VersionProfile]:
    if not isinstance(plain, dict):
        raise CorruptState(f"{where}: versions is not an object")
    found = {}
    for name, version in plain.items():
        of = f"the version {name!r} of {where}"
        if not isinstance(version, dict):
            raise CorruptState(f"{of}: is not an object")
        _same_names(of, version, ["rows", "series", *(["performance"] if "performance" in version else [])])
        rows, series = _field(of, "rows", int, version["rows"]), version["series"]
        if not isinstance(series, dict) or rows < 0:
            raise CorruptState(f"{of}: series is not an object, or rows is negative")
        references = {one: _reference(f"{one!r} of {of}", known) for one, known in series.items()}
        promise = _promise(of, version["performance"]) if "performance" in version else None
        found[name] = VersionProfile(rows=rows, series=references, performance=promise)
    return found


def _promise(where: str, plain: object) -> Promise:
    where = f"the performance of {where}"
    if not isinstance(plain, dict):
        raise CorruptState(f"{where}: is not an object")
    _same_names(where, plain, ["task", "pairs", "figures"])
    if not isinstance(plain["figures"], dict):
        raise CorruptState(f"{where}: figures is not an object")
    figures = {
        name: _figure(_field(where, name, _Written, figure)) for name, figure in plain["figures"].items()
    }
    promise = Promise(
        task=_field(where, "task", Task, plain["task"]),
        pairs=_field(where, "pairs", int, plain["pairs"]),
        figures=figures,
    )
    try:
        promise.check()
    except CorruptState as error:
        raise CorruptState(f"{where}: {error}") from error
    return promise


def _figure(of: _Written) -> Figure:
    reason = None if of.low is not None else TOO_FEW
    return Figure(value=of.value, low=of.low, high=of.high, n=of.n, reason=reason)


def _reference(where: str, plain: object) -> Reference:
    if not isinstance(plain, dict):
        raise CorruptState(f"{where}: is not an object")
    _same_names(where, plain, list(_HINTS))
    reference = Reference(
        **{field: _field(where, field, hint, plain[field]) for field, hint in _HINTS.items()}
    )
    problem = next(_problems(reference), None)
    if problem is not None:
        raise CorruptState(f"{where}: {problem}")
    try:
        reference.check()
    except CorruptState as error:
        raise CorruptState(f"{where}: {error}") from error
    return reference


def _problems(reference: Reference) -> Iterator[str]:
    """What no learned reference has. That numbers are finite and scales positive is `Reference.check`'s."""
    numeric = reference.kind is Kind.NUMERIC
    if numeric != (len(reference.edges) >= 2):
        yield f"the field 'edges': {len(reference.edges)} edges of a {reference.kind} feature"
    if any(low >= high for low, high in pairwise(reference.edges[:-1])):
        yield "the field 'edges': not ascending (only the last one may be repeated)"
    if numeric and reference.categories:
        yield "the field 'categories': a numeric feature has none"
    if len(set(reference.categories)) < len(reference.categories):
        yield "the field 'categories': one occurs twice"
    if reference.kind is Kind.BOOLEAN and reference.categories != ("false", "true"):
        yield "the field 'categories': those of a boolean feature are false and true"
    if sum(reference.counts) != reference.size or reference.unusable < 0:
        yield f"the field 'counts': they add up to {sum(reference.counts)}, size is {reference.size}"
    if reference.views.keys() != VIEWS[reference.kind]:
        yield f"the field 'views': not those of a {reference.kind} feature: {', '.join(sorted(VIEWS[reference.kind]))}"


def _same_names(where: str, there: Mapping[str, object], wanted: Sequence[str]) -> None:
    for name in wanted:
        if name not in there:
            raise CorruptState(f"{where}: the field {name!r} is missing")
    for name in there:
        if name not in wanted:
            raise CorruptState(f"{where}: there is no field {name!r}")


def _field(where: str, name: str, hint: Any, plain: Any) -> Any:
    try:
        return value_of(hint, plain)
    except CorruptState as error:
        raise CorruptState(f"{where}: the field {name!r}: {error.__cause__ or error}") from error
