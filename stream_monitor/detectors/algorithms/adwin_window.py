"""The window of ADWIN: between river's own bytes and plain fields, and the test of its cuts.

River keeps it in Rust and pickles it with bincode 1 (little-endian, fixed width; river/rust_src/adwin.rs).
Bytes that make no sense panic there, at once or in a later update, with an exception that `except Exception`
does not catch. So bytes of a
snapshot never get there: fields do, after `checked`. Knows no Python object of river.
"""

import math
import struct
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple

from stream_monitor.core.detector import Plain
from stream_monitor.core.errors import CorruptState
from stream_monitor.detectors.algorithm import LARGEST_SQUARES, LARGEST_SUM, UnknownLayout
from stream_monitor.detectors.fields import LARGEST_COUNT, as_real, as_reals, as_whole, require

# delta, clock, max_buckets, min_window_length, grace_period | total, variance, width, total_width |
# n_buckets, max_n_buckets, tick, n_detections | number of rows
HEAD = struct.Struct("<diQ2d4d4iQ")
TAIL = struct.Struct("<diQii")  # the parameters again

MOST_ROWS = 54  # a row i holds buckets of 2**i values; counts are exact up to 2**53
INT32 = 2**31
MOST_BUCKETS = 64  # of one size


class Cuts(NamedTuple):
    """The parameters of ADWIN, in river's order."""

    delta: float
    clock: int
    max_buckets: int
    min_window_length: int
    grace_period: int


@cache
def _row_of(most: int) -> struct.Struct:
    """max_size, current_idx | slots, totals | slots, variances."""
    slots = most + 1
    return struct.Struct(f"<3Q{slots}dQ{slots}d")


def decode(raw: bytes) -> dict[str, Plain]:
    """Plain fields of river's bytes. Raises UnknownLayout if they are not as river 0.26 writes them."""
    try:
        head = HEAD.unpack_from(raw)
        most = head[2]
        rows: list[Plain] = [
            [list(row[3 : 3 + row[1]]), list(row[5 + most : 5 + most + row[1]])]
            for row in _row_of(most).iter_unpack(raw[HEAD.size : -TAIL.size])
        ]
    except (struct.error, OverflowError, MemoryError) as error:
        raise UnknownLayout(f"river's ADWIN has a layout this release does not know: {error}") from error
    if len(rows) != head[13] or not float(head[7]).is_integer():
        raise UnknownLayout("river's ADWIN has a layout this release does not know")
    return {
        "total": head[5],
        "variance": head[6],
        "width": int(head[7]),
        "total_width": head[8],
        "buckets": head[9],
        "most_buckets": head[10],
        "tick": head[11],
        "detections": head[12],
        "rows": rows,
    }


def encode(window: Mapping[str, Any], cuts: Cuts) -> bytes:
    """River's bytes of `window`, which must have been decoded or `checked`."""
    delta, clock, most, shortest, grace = cuts
    counters = [window[name] for name in ("buckets", "most_buckets", "tick", "detections")]
    moments = (window["total"], window["variance"], float(window["width"]), window["total_width"])
    rows = window["rows"]
    parts = [HEAD.pack(delta, clock, most, shortest, grace, *moments, *counters, len(rows))]
    for totals, spreads in rows:
        rest = (0.0,) * (most + 1 - len(totals))
        numbers = (most, len(totals), most + 1, *totals, *rest, most + 1, *spreads, *rest)
        parts.append(_row_of(most).pack(*numbers))
    parts.append(TAIL.pack(*cuts))
    return b"".join(parts)


NAMES = frozenset(
    ("total", "variance", "width", "total_width", "buckets", "most_buckets", "tick", "detections", "rows")
)


def checked(window: Plain) -> dict[str, Any]:
    """`window` with every field plausible by itself. Raises CorruptState."""
    if not isinstance(window, Mapping) or set(window) != NAMES:
        raise CorruptState(f"must have exactly the fields {sorted(NAMES)}")
    rows = window["rows"]
    if isinstance(rows, str | bytes) or not isinstance(rows, Sequence) or not 1 <= len(rows) <= MOST_ROWS:
        raise CorruptState(f"must have 1 to {MOST_ROWS} rows")
    values: dict[str, Any] = {
        "total": as_real(window["total"], -LARGEST_SUM, LARGEST_SUM),
        "variance": as_real(window["variance"], -LARGEST_SQUARES, LARGEST_SQUARES),
        "width": as_whole(window["width"], 0, LARGEST_COUNT),
        "total_width": as_real(window["total_width"], 0.0, LARGEST_SUM),
        "rows": [_row(row) for row in rows],
    }
    for name in ("buckets", "most_buckets", "tick"):  # these wrap around in Rust, and nothing there minds
        values[name] = as_whole(window[name], -INT32, INT32 - 1)
    values["detections"] = as_whole(window["detections"], 0, 1)
    return values


def _row(row: Plain) -> tuple[list[float], list[float]]:
    if isinstance(row, str | bytes) or not isinstance(row, Sequence) or len(row) != 2:
        raise CorruptState("must have rows of two lists: totals and variances")
    totals = as_reals(row[0], MOST_BUCKETS, LARGEST_SUM)
    spreads = as_reals(row[1], MOST_BUCKETS, LARGEST_SQUARES)
    if len(totals) != len(spreads) or any(spread < 0 for spread in spreads):
        raise CorruptState("must have rows with one variance of at least 0 to each total")
    return totals, spreads


def coherent(window: Mapping[str, Any], cuts: Cuts, *, fired: bool) -> None:
    """Raise CorruptState unless the fields of `window` agree with each other as Rust relies on."""
    rows, width = window["rows"], window["width"]
    used = [len(totals) for totals, _ in rows]
    most = cuts.max_buckets
    require(
        all(most - 1 <= n <= most for n in used[:-1]),
        f"all rows but the last hold {most - 1} or {most} buckets",
    )
    require((0 if width == 0 else 1) <= used[-1] <= most, f"the last row holds 1 to {most} buckets")
    require(sum(n << i for i, n in enumerate(used)) == width, "the buckets hold `width` values")
    require(window["detections"] == fired, "`detections` says whether it has fired")
    if fired:
        return  # the next value begins a new window: nothing below is read again; cuts left rounding errors
    require(window["tick"] == (width + INT32) % (2 * INT32) - INT32, "`tick` counts the values of `width`")
    require(window["variance"] >= 0, "the variance is at least 0")
    require(
        width > 0 or window["total"] == window["variance"] == window["total_width"] == 0, "0 values sum to 0"
    )
    total = math.fsum(math.fsum(totals) for totals, _ in rows)
    # Both sums are rounded, in different orders; Cauchy-Schwarz bounds the sum of |x| by the moments.
    size = abs(window["total"]) + math.sqrt(width) * math.sqrt(window["variance"])
    require(abs(total - window["total"]) <= 1e-6 * max(1.0, size), "the buckets sum to `total`")


class Cut(NamedTuple):
    """statistic: |mean of the older part − mean of the newer part|. bound: ε. newer: entries of the newer part."""

    statistic: float
    bound: float
    newer: int


NO_CUT = Cut(0.0, 0.0, 0)


def strongest_cut(window: Mapping[str, Any], cuts: Cuts) -> Cut:
    """The cut whose statistic exceeds its bound most: there the mean has most likely changed.

    Bifet & Gavaldà (2007), as river computes it (`evaluate_cut` in adwin.rs). NO_CUT if none leaves two long
    enough parts.
    """
    width, total, shortest = window["width"], window["total"], cuts.min_window_length
    if width < 2:
        return NO_CUT
    spread = window["variance"] / width
    log = math.log(2.0 * math.log(width) / cuts.delta)
    older, older_total = 0, 0.0
    best = NO_CUT
    for row, (totals, _) in reversed(list(enumerate(window["rows"]))):
        for bucket in totals:
            older += 1 << row
            older_total += bucket
            newer = width - older
            if older < shortest or newer < shortest:
                continue
            statistic = abs(older_total / older - (total - older_total) / newer)
            m = 1.0 / (older - shortest + 1.0) + 1.0 / (newer - shortest + 1.0)
            bound = math.sqrt(2.0 * m * spread * log) + 2.0 / 3.0 * log * m
            if best is NO_CUT or statistic * best.bound > best.statistic * bound:
                best = Cut(statistic, bound, newer)
    return best
