"""Damage to snapshots: what bit rot, hand editing and old releases do to the fields of a dump, one damage at a time."""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import TypeAlias

from stream_monitor.core.detector import Plain

Damaged: TypeAlias = tuple[str, dict[str, Plain]]

STRANGE: Sequence[Plain] = (
    None, True, -1, 0, 3, 2**70, math.nan, math.inf, -math.inf, -1.0, 0.5, 2.0, 1e308, "x", b"\xff", [],
    [math.nan], {},
)  # fmt: skip


def misshapen(state: Mapping[str, Plain]) -> Iterator[Damaged]:
    """`state` without one of its fields, with one more, with one renamed: (what was done, the damaged state)."""
    yield "with an extra field", {**state, "no_such_field": 1}
    for name in state:
        rest = {other: value for other, value in state.items() if other != name}
        yield f"without `{name}`", rest
        yield f"with `{name}` renamed", {**rest, f"{name}_": state[name]}


def corruptions(state: Mapping[str, Plain]) -> Iterator[Damaged]:
    """`state` with one value replaced by a strange one, or one list or text cut short, at every depth."""
    for where, damaged in _variants(state):
        assert isinstance(damaged, dict)
        yield where, damaged


def _variants(value: Plain) -> Iterator[tuple[str, Plain]]:
    """Every single damage inside `value`, which is a mapping."""
    assert isinstance(value, Mapping)
    for name, item in value.items():
        for what, damaged in _damages(item):
            yield f"with `{name}` {what}", {**value, name: damaged}


def _damages(value: Plain) -> Iterator[tuple[str, Plain]]:
    for strange in STRANGE:
        if type(strange) is not type(value) or strange != value:
            yield f"= {strange!r}", strange
    if isinstance(value, Mapping):
        yield from (
            (f"without `{name}`", {other: item for other, item in value.items() if other != name})
            for name in value
        )
        yield from _variants(value)
    elif isinstance(value, bytes | str):
        yield "cut short", value[:-1]
        if isinstance(value, bytes):
            yield "all zero", bytes(len(value))
    elif isinstance(value, Sequence):
        yield "cut short", list(value[:-1])
        yield "doubled", [*value, *value]
        for position in sorted({0, len(value) - 1} & set(range(len(value)))):  # the ends stand for all
            for what, damaged in _damages(value[position]):
                yield f"[{position}] {what}", [*value[:position], damaged, *value[position + 1 :]]
