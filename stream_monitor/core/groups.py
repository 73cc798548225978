"""How the bins of a reference are counted together for people to look at: few enough to keep for every minute of a week."""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from stream_monitor.core.bin_edges import bin_labels
from stream_monitor.core.detector import Kind
from stream_monitor.core.reference import Reference
from stream_monitor.core.snapshot import digest

GROUPS: Final = 20  # of neighbouring bins; what is below and above, or other, comes to them
_OTHER: Final = "(other)"


class Groups(NamedTuple):
    """What the groups of a reference are called and hold; as `SeriesReference`."""

    labels: tuple[str, ...]
    edges: tuple[float, ...] | None
    categories: tuple[str, ...] | None
    shares: tuple[float, ...]


def first_bins(reference: Reference) -> NDArray[np.intp]:
    """The first bin of every group, (g,), ascending from 0, g <= 22; none for a series that is not watched.

    Numbers: below, groups about equally full of the reference, above. Categories: the most frequent alone, the rarer ones
    together, other.
    """
    if reference.kind is Kind.IDENTIFIER:
        return np.zeros(0, np.intp)
    bins = len(reference.counts)
    if reference.kind is not Kind.NUMERIC:
        known = bins - 1
        return np.arange(bins) if known <= GROUPS else np.array([*range(GROUPS), known])
    inside = np.array(reference.counts[1:-1], np.int64)
    if len(inside) <= GROUPS:
        return np.arange(bins)
    # As many bins to each: 32 equal bins in 20 groups would be groups of one and of two, which look like a ragged distribution.
    wanted = -(-len(inside) // -(-len(inside) // GROUPS))
    twice_the_middle = 2 * np.cumsum(inside) - inside
    group = np.minimum(twice_the_middle * wanted // max(1, 2 * int(inside.sum())), wanted - 1)
    begins = np.flatnonzero(np.diff(group, prepend=-1)) + 1
    return np.array([0, *begins.tolist(), bins - 1])


def groups_of(reference: Reference) -> Groups:
    """What people need to know of the groups of `reference`. Cost: 20 µs."""
    first = first_bins(reference)
    if len(first) == 0:
        return Groups((), None, None, ())
    counts = np.add.reduceat(np.array(reference.counts, np.int64), first)
    shares = tuple((counts / max(1, int(counts.sum()))).tolist())
    if reference.kind is Kind.NUMERIC:
        labels = _joined(bin_labels(reference.edges), first.tolist())
        edges = (*(reference.edges[at - 1] for at in first[1:-1].tolist()), reference.edges[-1])
        return Groups(labels, edges, None, shares)
    alone = reference.categories[: len(first) - 1]
    rarer = len(reference.categories) - len(alone)
    if rarer:
        alone = alone[:-1]
        return Groups((*alone, f"({rarer + 1} rarer)", _OTHER), None, alone, shares)
    return Groups((*alone, _OTHER), None, alone, shares)


def reference_id(reference: Reference) -> str:
    """Tells the groups of one reference from those of another, whatever process asks. Cost: 30 µs."""
    groups = groups_of(reference)
    return digest([reference.kind, reference.size, *groups])


def _joined(labels: tuple[str, ...], first: list[int]) -> tuple[str, ...]:
    """Labels of the groups that begin at `first`, from those of the bins.

    >>> _joined(("below 1", "1 to 2", "2 to 3", "3", "4", "above 4"), [0, 1, 3, 5])
    ('below 1', '1 to 3', '3 to 4', 'above 4')
    """
    last = [*(at - 1 for at in first[1:]), len(labels) - 1]
    return tuple(
        labels[a] if a == b else f"{labels[a].split(' to ')[0]} to {labels[b].split(' to ')[-1]}"
        for a, b in zip(first, last, strict=True)
    )
