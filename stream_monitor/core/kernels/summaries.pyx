"""Closed blocks of many series through the lenses of their references: counts of bins, sums of views and
moments.
"""

from libc.math cimport fabs

cdef enum:
    BLOCK = 32
    LANES = 8

cdef double CLIP = 5.0


def numeric(
    const double[:, :, ::1] numbers,
    const double[:, ::1] scales,
    const int[:, ::1] below,
    const double[:, ::1] edges,
    unsigned char[:, :, ::1] counts,
    double[:, :, ::1] views,
    double[:, :, ::1] moments,
):
    """numbers (S, m, BLOCK). scales (S, 6): mean and scale of the numbers, of the views `value` and
    `deviation`.

    below (S, cells): edges in the cells of scores before each. edges (S, k): ascending, the last infinite.
    Fills counts (S, m, width), which are 0, views (S, m, 2) and moments (S, m, 2), the sums of scores and of
    their squares. ~4 ns a number.
    """
    cdef Py_ssize_t s, b, j
    cdef double per_score = (below.shape[1] - 1) / (2 * CLIP)
    cdef int cells[BLOCK]
    cdef const int *lower
    cdef const double *edge
    cdef double z[BLOCK]
    cdef double part[BLOCK]
    cdef const double *x
    cdef const double *scale
    cdef unsigned char *tally
    for s in range(numbers.shape[0]):
        scale, lower, edge = &scales[s, 0], &below[s, 0], &edges[s, 0]
        for b in range(numbers.shape[1]):
            x = &numbers[s, b, 0]
            tally = &counts[s, b, 0]
            standardised(x, scale[0], scale[1], z)
            for j in range(BLOCK):
                cells[j] = <int>((z[j] + CLIP) * per_score)
            for j in range(BLOCK):
                tally[bin_of(x[j], lower[cells[j]], edge)] += 1
            moments[s, b, 0] = block_sum(z)
            standardised(z, scale[2], scale[3], part)
            views[s, b, 0] = block_sum(part)
            for j in range(BLOCK):
                part[j] = z[j] * z[j]
            moments[s, b, 1] = block_sum(part)
            for j in range(BLOCK):
                part[j] = fabs(z[j])
            standardised(part, scale[4], scale[5], part)
            views[s, b, 1] = block_sum(part)


def discrete(
    const double[:, :, ::1] numbers,
    const double[:, :, ::1] table,
    unsigned char[:, :, ::1] counts,
    double[:, :, ::1] views,
    double[:, :, ::1] moments,
):
    """numbers (S, m, BLOCK), places of categories, or (1, m, BLOCK) if they are the same for all.

    table (S, 1 + views, width): score and views of each. Fills as `numeric`. ~3 ns a number and view.
    """
    cdef Py_ssize_t s, b, v, j, own = numbers.shape[0] == table.shape[0]
    cdef double part[BLOCK]
    cdef const double *x
    cdef const double *score
    cdef unsigned char *tally
    for s in range(table.shape[0]):
        for b in range(numbers.shape[1]):
            x = &numbers[s * own, b, 0]
            tally = &counts[s, b, 0]
            score = &table[s, 0, 0]
            for j in range(BLOCK):
                tally[<Py_ssize_t>x[j]] += 1
                part[j] = score[<Py_ssize_t>x[j]]
            moments[s, b, 0] = block_sum(part)
            for j in range(BLOCK):
                part[j] = part[j] * part[j]
            moments[s, b, 1] = block_sum(part)
            for v in range(1, table.shape[1]):
                score = &table[s, v, 0]
                for j in range(BLOCK):
                    part[j] = score[<Py_ssize_t>x[j]]
                views[s, b, v - 1] = block_sum(part)


cdef inline void standardised(const double *x, double mean, double scale, double *out) noexcept nogil:
    """Winsorised at CLIP; `out` may be `x`."""
    cdef Py_ssize_t j
    cdef double score
    for j in range(BLOCK):
        score = (x[j] - mean) / scale
        score = -CLIP if score < -CLIP else score
        out[j] = CLIP if score > CLIP else score


cdef inline Py_ssize_t bin_of(double x, Py_ssize_t below, const double *edges) noexcept nogil:
    """How many edges are not above x, of which so many lie in the cells below its own. As a rule there is
    one more at most.
    """
    below += x >= edges[below]
    while x >= edges[below]:
        below += 1
    return below


cdef inline double block_sum(const double *x) noexcept nogil:
    """In the order in which numpy adds up an axis of BLOCK numbers."""
    cdef Py_ssize_t i, j
    cdef double r[LANES]
    for j in range(LANES):
        r[j] = x[j]
    for i in range(1, BLOCK // LANES):
        for j in range(LANES):
            r[j] += x[LANES * i + j]
    return ((r[0] + r[1]) + (r[2] + r[3])) + ((r[4] + r[5]) + (r[6] + r[7]))
