"""A bank of sequential tests, stream after stream and block by block: what urns and bettors make of new
blocks.

Streams: rows (n,) in the arrays of the bank, which are moved on in place; blocks (n,) that they have
been through; first, size (n,): of the new ones of each in bins (N, BLOCK), usable (N,) and weights
(N,). What is made for the M = Σ size blocks of the bank lies in the order of its streams. Tables are
made anew where a stream has been through a number of blocks that is among the ascending `renewals`,
whose next one is at due (n,): D times in all. The bettors that expect what they have seen lately look
wherever it is a multiple of `every` (0: never), R times in all.
"""

from libc.math cimport rint
from libc.string cimport memcpy

cdef enum:
    WIDE = 16  # bettors that are added up side by side, in registers
    MOST = 64  # bettors

cdef double FINE = 268435456.0
cdef double LOG_2 = 0.6931471805599453


def draw(
    const unsigned char[:, ::1] bins, const unsigned char[::1] usable, const Py_ssize_t[::1] rows,
    const Py_ssize_t[::1] blocks, const Py_ssize_t[::1] first, const Py_ssize_t[::1] size,
    const Py_ssize_t[::1] renewals, const Py_ssize_t[::1] due, Py_ssize_t every,
    const double[::1] before, const double[::1] keep, const double[::1] put,
    Py_ssize_t[:, ::1] urn, Py_ssize_t[:, ::1] seen, Py_ssize_t[:, ::1] late, double[:, ::1] recent,
    Py_ssize_t[:, ::1] new_seen, Py_ssize_t[:, ::1] new_late, double[:, ::1] new_recent, double[:, ::1] null,
):
    """Values into urns: null (M, PARTS) log of the probability of every part; new_seen (D, bins) the
    urns at every renewal; new_late, new_recent (R, bins) the urns and the shares seen lately at every
    look. The last of each stream is in its row, too. ~2 ns a value.

    before: log (n - 1)! at n. keep, put: what is kept of the shares when so many values come, and what
    each puts in.
    """
    cdef Py_ssize_t i, j, part, v, row, total, upcoming, at = 0, renewed = 0, look = 0
    cdef Py_ssize_t k = urn.shape[1], parts = null.shape[1], width = bins.shape[1] // parts
    cdef Py_ssize_t table = before.shape[0] - 2
    cdef Py_ssize_t *mine
    cdef const unsigned char *source
    cdef double chosen
    for i in range(rows.shape[0]):
        row = rows[i]
        upcoming = due[i]
        mine = &urn[row, 0]
        total = 0
        for v in range(k):
            total += mine[v]
        for j in range(size[i]):
            if blocks[i] + j == renewals[upcoming]:
                memcpy(&seen[row, 0], mine, k * sizeof(Py_ssize_t))
                memcpy(&new_seen[renewed, 0], mine, k * sizeof(Py_ssize_t))
                upcoming += 1
                renewed += 1
            if every > 0 and (blocks[i] + j) % every == 0:
                fade(mine, &late[row, 0], &recent[row, 0], k, &keep[0], &put[0])
                memcpy(&new_late[look, 0], mine, k * sizeof(Py_ssize_t))
                memcpy(&new_recent[look, 0], &recent[row, 0], k * sizeof(double))
                look += 1
            for part in range(parts):
                chosen = 0.0
                if usable[first[i] + j]:
                    source = &bins[first[i] + j, part * width]
                    for v in range(width):
                        chosen += logarithm(&before[0], table, mine[source[v]])
                        mine[source[v]] += 1
                    chosen -= rising(&before[0], table, total, width)
                    total += width
                null[at, part] = chosen
            at += 1


cdef inline double logarithm(const double *before, Py_ssize_t table, Py_ssize_t number) noexcept nogil:
    """On the fine grid. Behind the table straight lines between the points of its last half: off by
    1e-8 at most.
    """
    cdef Py_ssize_t low, power = 0
    cdef double start, end, part
    if number < table:
        return before[number + 1] - before[number]
    while number >> power >= table:
        power += 1
    low = number >> power
    start, end = before[low + 1] - before[low], before[low + 2] - before[low + 1]
    part = <double>(number - (low << power)) / <double>(<Py_ssize_t>1 << power)
    return rint((start + part * (end - start) + power * LOG_2) * FINE) * (1.0 / FINE)


cdef inline double rising(
    const double *before, Py_ssize_t table, Py_ssize_t start, Py_ssize_t steps
) noexcept nogil:
    """log of start · (start + 1) ⋯ (start + steps - 1), behind the table expanded around the middle."""
    cdef Py_ssize_t twice
    cdef double correction
    if start + steps <= table:
        return before[start + steps] - before[start]
    twice = 2 * start + steps - 1
    correction = <double>(steps * steps - 1) / (6.0 * <double>twice * <double>twice)
    return rint(steps * (logarithm(before, table, twice) - LOG_2 - correction) * FINE) * (1.0 / FINE)


cdef inline void fade(
    const Py_ssize_t *urn, Py_ssize_t *late, double *recent, Py_ssize_t k,
    const double *keep, const double *put,
) noexcept nogil:
    """Shares seen lately take in what came into the urn since `late`."""
    cdef Py_ssize_t b, values = 0
    cdef double kept, share
    for b in range(k):
        values += urn[b] - late[b]
    kept = keep[values]
    share = put[values]
    for b in range(k):
        recent[b] = recent[b] * kept + share * <double>(urn[b] - late[b])
        late[b] = urn[b]


def bet(
    const unsigned char[:, ::1] bins, const unsigned char[::1] usable, const Py_ssize_t[::1] rows,
    const Py_ssize_t[::1] blocks, const Py_ssize_t[::1] first, const Py_ssize_t[::1] size,
    const Py_ssize_t[::1] renewals, const Py_ssize_t[::1] due, Py_ssize_t every,
    const double[:, :, ::1] new_q, const double[:, :, ::1] new_late,
    double[:, :, ::1] log_q, double[:, :, ::1] log_late,
    const double[:, ::1] null, const double[::1] power, const double[::1] most, double[:, :, ::1] out,
):
    """log of the gain of every bettor in every part: out (M, PARTS, bettors), to the power (n,) of the
    stream, no more than `most` (bettors,). new_q (D, bins, ·), new_late (R, bins, ·): new tables of the
    bettors, which take the place of the old ones. Their sums are exact: on the fine grid. ~3 ns a value
    of 18 bettors.
    """
    cdef Py_ssize_t i, j, c, part, row, upcoming, at = 0, renewed = 0, look = 0
    cdef Py_ssize_t k = log_q.shape[1], fixed = log_q.shape[2], recent = log_late.shape[2]
    cdef Py_ssize_t parts = null.shape[1], width = bins.shape[1] // parts, bettors = fixed + recent
    cdef const unsigned char *source
    cdef double *gain
    cdef double value
    for i in range(rows.shape[0]):
        row = rows[i]
        upcoming = due[i]
        for j in range(size[i]):
            if blocks[i] + j == renewals[upcoming]:
                memcpy(&log_q[row, 0, 0], &new_q[renewed, 0, 0], k * fixed * sizeof(double))
                upcoming += 1
                renewed += 1
            if every > 0 and (blocks[i] + j) % every == 0:
                memcpy(&log_late[row, 0, 0], &new_late[look, 0, 0], k * recent * sizeof(double))
                look += 1
            for part in range(parts):
                gain = &out[at, part, 0]
                source = &bins[first[i] + j, part * width]
                if usable[first[i] + j]:
                    add_up(&log_q[row, 0, 0], fixed, source, width, gain)
                    if recent:
                        add_up(&log_late[row, 0, 0], recent, source, width, gain + fixed)
                else:
                    for c in range(bettors):
                        gain[c] = 0.0
                for c in range(bettors):
                    value = (gain[c] - null[at, part]) * power[i]
                    gain[c] = value if value < most[c] else most[c]
            at += 1


cdef inline void add_up(
    const double *table, Py_ssize_t bettors, const unsigned char *bins, Py_ssize_t width, double *out
) noexcept nogil:
    cdef Py_ssize_t c = 0
    while c + WIDE <= bettors:
        columns(table + c, bettors, bins, width, out + c, WIDE)
        c += WIDE
    while c + 2 <= bettors:
        columns(table + c, bettors, bins, width, out + c, 2)
        c += 2
    if c < bettors:
        columns(table + c, bettors, bins, width, out + c, 1)


cdef inline void columns(
    const double *table, Py_ssize_t bettors, const unsigned char *bins, Py_ssize_t width,
    double *out, Py_ssize_t many,
) noexcept nogil:
    """Some columns of the rows of these bins, added up."""
    cdef Py_ssize_t c, v
    cdef const double *line
    cdef double sums[WIDE]
    for c in range(many):
        sums[c] = 0.0
    for v in range(width):
        line = table + bins[v] * bettors
        for c in range(many):
            sums[c] += line[c]
    for c in range(many):
        out[c] = sums[c]


def gather(
    const double[:, :, ::1] gain, const double[::1] weights,
    const Py_ssize_t[::1] rows, const Py_ssize_t[::1] first, const Py_ssize_t[::1] size,
    const double[::1] priors, double nothing, double[:, ::1] evidence, double[::1] peak, double[::1] out,
):
    """M ← (M + w) · gain, (M, PARTS, bettors), through all parts: evidence of the streams, and out (N,)
    at each of their blocks the largest of the weighted means of M at its parts. Behind a block, M below
    `nothing` is 0. ~25 ns a part.
    """
    cdef Py_ssize_t i, j, c, part, row, at = 0
    cdef Py_ssize_t parts = gain.shape[1], bettors = gain.shape[2]
    cdef double weight, mean, largest = 0.0
    cdef const double *here
    cdef double *mine
    cdef double product[MOST]
    cdef double added[MOST]
    cdef double now[MOST]
    for i in range(rows.shape[0]):
        row = rows[i]
        mine = &evidence[row, 0]
        for j in range(size[i]):
            weight = weights[first[i] + j] / parts
            for c in range(bettors):
                product[c] = 1.0
                added[c] = 0.0
            for part in range(parts):
                here = &gain[at, part, 0]
                for c in range(bettors):
                    product[c] = product[c] * here[c]
                    added[c] = (added[c] + weight) * here[c]
                    now[c] = mine[c] * product[c] + added[c]
                mean = weighted(now, &priors[0], bettors)
                if part == 0 or mean > largest or largest != largest:
                    largest = mean
            for c in range(bettors):
                mine[c] = 0.0 if now[c] < nothing else now[c]
            out[first[i] + j] = largest
            at += 1
        peak[row] = largest


cdef inline double weighted(const double *values, const double *priors, Py_ssize_t many) noexcept nogil:
    """Σ values · priors: first of two interleaved halves, side by side."""
    cdef Py_ssize_t c = 0
    cdef double even = 0.0, odd = 0.0
    while c + 2 <= many:
        even += values[c] * priors[c]
        odd += values[c + 1] * priors[c + 1]
        c += 2
    if c < many:
        even += values[c] * priors[c]
    return even + odd
