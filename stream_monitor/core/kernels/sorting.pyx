"""Values of many series into the bins of their slots; see `sequential.binning`."""

from libc.stdint cimport int64_t, uint8_t, uint64_t

from stream_monitor.core.kernels.sizes cimport BLOCK
from stream_monitor.core.kernels.ties cimport started, tie_breaker

cdef enum:
    WIDTH = 32


def sort(
    const double[:, ::1] values,
    const int64_t[::1] first,
    const int64_t[::1] size,
    const int64_t[::1] ordinals,
    const uint64_t[::1] seeds,
    const uint8_t[::1] constant,
    const double[:, :, ::1] lines,
    uint8_t[:, ::1] out,
):
    """Bins (N, BLOCK) of the values (N, BLOCK) of n series, whose blocks begin there and are so many.

    ordinals: (n,) of their first values. constant: (n,) whether any other value is above the only edge.
    lines: (n, 2, WIDTH) edges and keys, ended by infinity. ~4 ns a value, 7 where values tie.
    """
    cdef Py_ssize_t at, j, block
    cdef const double *edges
    cdef const double *source
    cdef uint8_t *found
    cdef uint64_t start, ordinal
    cdef bint tied
    for at in range(first.shape[0]):
        edges = &lines[at, 0, 0]
        start = started(seeds[at])
        for block in range(first[at], first[at] + size[at]):
            source, found = &values[block, 0], &out[block, 0]
            if constant[at]:
                for j in range(BLOCK):
                    found[j] = source[j] != edges[0]
                continue
            tied = False
            for j in range(BLOCK):
                found[j] = below(edges, source[j])
                tied |= edges[found[j]] == source[j]
            if tied:
                ordinal = ordinals[at] + (block - first[at]) * BLOCK
                break_ties(source, edges, &lines[at, 1, 0], start, ordinal, found)


cdef inline Py_ssize_t below(const double *edges, double value) noexcept nogil:
    """How many of the edges are."""
    cdef Py_ssize_t at = (edges[15] < value) * 16
    at += (edges[at + 7] < value) * 8
    at += (edges[at + 3] < value) * 4
    at += (edges[at + 1] < value) * 2
    return at + (edges[at] < value)


cdef void break_ties(
    const double *values,
    const double *edges,
    const double *keys,
    uint64_t start,
    uint64_t ordinal,
    uint8_t *found,
) noexcept nogil:
    """Move values that are an edge on by their tie-breakers."""
    cdef Py_ssize_t j
    cdef double key
    for j in range(BLOCK):
        if edges[found[j]] == values[j]:
            key = found[j] + tie_breaker(start, ordinal + j)
            while keys[found[j]] < key:
                found[j] += 1
