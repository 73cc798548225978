# distutils: extra_compile_args = -fno-trapping-math
"""Blocks of many series through their views; see `sequential.views`."""

from libc.math cimport fabs, floor
from libc.stdint cimport int8_t, int64_t, uint8_t
from libc.string cimport memcpy, memset

from stream_monitor.core.kernels.exact cimport coarse_sum, line_sums, pair_sums
from stream_monitor.core.kernels.sizes cimport BLOCK, LAGS, ORDER, SUMS

cdef enum:
    VALUE = 0
    RESIDUAL = 1
    LEFT = 2
    PHASES = 24  # hours of a day
    OWN = 2  # the line of the view itself
    GROUP = 8  # of sums that are made together
    PAIRS = 6  # sums of a running mean and what follows it

cdef double LARGEST = 8.0
cdef double COARSE = 256.0
cdef double FINER = 1048576.0


def push(
    views,
    const Py_ssize_t[::1] rows,
    const int64_t[::1] first,
    const int64_t[::1] size,
    const int8_t[:, ::1] hours,
    const double[:, ::1] usual,
    const uint8_t[:, ::1] known,
    const double[::1] kept,
    const double[:, ::1] rates,
    double slow_rate,
    double run_rate,
    double least_size,
    double[:, ::1] values,
    uint8_t[::1] usable,
):
    """Move `Views` on by the blocks of n series, which have these rows; blocks begin there and are so many.

    hours: (N, BLOCK), -1 unknown. usual, known: (rows, PHASES) of the calendar. kept: (BLOCK + 1,) of a
    running mean of sizes before each value, and after the last. rates: (BLOCK, BLOCK) what each size has put
    into it after each value. values: (N, BLOCK), which become those of the views, if not of the value itself.
    usable: (N,). ~60 ns a line of a block, and 200 ns a view.
    """
    cdef double[:, :, :, ::1] sums = views.sums
    cdef int64_t[:, ::1] number = views.number
    cdef double[:, :, ::1] last = views.last
    cdef const double[:, ::1] model = views.model
    cdef double[::1] slow = views.slow, recent = views.size, run = views.run
    cdef double[:, ::1] slow_sums = views.slow_sums, size_sums = views.size_sums, run_sums = views.run_sums
    cdef const double[:, ::1] slow_model = views.slow_model, size_model = views.size_model
    cdef const int64_t[::1] view = views.view
    cdef double line[LAGS + BLOCK]
    cdef double rest[LAGS + BLOCK]
    cdef double left[BLOCK]
    cdef const double *source
    cdef double *seen
    cdef double mean
    cdef Py_ssize_t at, row, block
    cdef bint timed, told, counts
    for at in range(rows.shape[0]):
        row = rows[at]
        memset(rest, 0, sizeof(rest))
        timed = any_of(&known[row, 0])
        told = False
        for block in range(first[at], first[at] + size[at]):
            seen = &values[block, 0]
            follow(line, seen, &last[row, 0, 0])
            count(line, True, &sums[row, 0, 0, 0], &number[row, 0])
            if timed:
                told = leave(seen, &hours[block, 0], &usual[row, 0], &known[row, 0], left)
                follow(rest, left, &last[row, 1, 0])
                count(rest, told, &sums[row, 1, 0, 0], &number[row, 1])
            usable[block] = counts = view[row] <= RESIDUAL or told
            if view[row] != VALUE:
                source = &rest[0] if view[row] >= LEFT else &line[0]
                if view[row] == LEFT:
                    memcpy(seen, source + LAGS, BLOCK * sizeof(double))
                else:
                    forecast_errors(source, &model[row, 0], seen)
                steady(seen, counts, slow_rate, &slow_model[row, 0], &slow[row], &slow_sums[row, 0])
                in_units(
                    seen, counts, &kept[0], &rates[0, 0], least_size,
                    &size_model[row, 0], &recent[row], &size_sums[row, 0],
                )
                follow(line, seen, &last[row, OWN, 0])
                mean = count(line, counts, &sums[row, OWN, 0, 0], &number[row, OWN])
                if counts:
                    run_sums[row, 0] += 1.0
                    run_sums[row, 1] += run[row]
                    run_sums[row, 2] += run[row] * run[row]
                    run[row] = (1.0 - run_rate) * run[row] + run_rate * mean


cdef inline bint any_of(const uint8_t *known) noexcept nogil:
    cdef Py_ssize_t hour
    cdef uint8_t found = 0
    for hour in range(PHASES):
        found |= known[hour]
    return found


cdef inline bint leave(
    const double *values, const int8_t *hours, const double *usual, const uint8_t *known, double *out
) noexcept nogil:
    """Values without what is usual at their hours, unknown ones being the first. Whether all are known."""
    cdef Py_ssize_t j
    cdef int8_t hour
    cdef uint8_t told = 1
    for j in range(BLOCK):
        hour = hours[j]
        if hour < 0:
            told = hour = 0
        told &= known[hour]
        out[j] = values[j] - usual[hour]
    return told


cdef inline void follow(double *line, const double *block, double *last) noexcept nogil:
    """A block behind the last LAGS values (line: both), of which its own are the last then."""
    memcpy(line, last, LAGS * sizeof(double))
    memcpy(line + LAGS, block, BLOCK * sizeof(double))
    memcpy(last, block + BLOCK - LAGS, LAGS * sizeof(double))


cdef inline double count(const double *line, bint counts, double *sums, int64_t *number) noexcept nogil:
    """Returns the mean of the block of a line, which may count."""
    cdef Py_ssize_t k
    cdef double added[2 * SUMS]
    line_sums(line, added)
    if counts:
        for k in range(2 * SUMS):
            sums[k] += added[k]
        number[0] += BLOCK
    return added[0] * (1.0 / BLOCK)


cdef inline void forecast_errors(const double *line, const double *model, double *out) noexcept nogil:
    """Of forecasting each value of the block. model: constant and coefficients, newest first."""
    cdef Py_ssize_t j, lag
    for j in range(BLOCK):
        out[j] = line[LAGS + j] - model[0]
    for lag in range(1, ORDER + 1):
        for j in range(BLOCK):
            out[j] -= model[lag] * line[LAGS - lag + j]


cdef inline void steady(
    double *values, bint counts, double rate, const double *model, double *slow, double *sums
) noexcept nogil:
    """Take off a block what a running mean of block means says of it."""
    cdef Py_ssize_t j
    cdef double before = slow[0], mean = coarse_sum(values) * (1.0 / BLOCK)
    cdef double shift = model[1] * (before - model[0])
    if counts:
        sums[0] += 1.0
        sums[1] += before
        sums[2] += before * before
        sums[3] += before * mean
        sums[4] += mean
        sums[5] += mean * mean
        slow[0] = (1.0 - rate) * before + rate * mean
    for j in range(BLOCK):
        values[j] -= shift


cdef inline void in_units(
    double *values,
    bint counts,
    const double *kept,
    const double *rates,
    double least,
    const double *model,
    double *recent,
    double *sums,
) noexcept nogil:
    """Divide values by what a running mean of their sizes says: spells of volatility leave no trace."""
    cdef Py_ssize_t j
    cdef double value, unit, keeps = model[1], usual = 1.0 / COARSE
    cdef double sizes[BLOCK]
    cdef double before[BLOCK]
    cdef double within[BLOCK + 1]
    cdef double added[PAIRS - 1]
    for j in range(BLOCK):
        value = fabs(values[j])
        value = value if value < LARGEST else LARGEST
        sizes[j] = floor(value * COARSE) * (1.0 / COARSE)
    running_sizes(sizes, rates, within)
    for j in range(BLOCK):
        before[j] = floor((recent[0] * kept[j] + within[j]) * FINER) * (1.0 / FINER)
    if counts:
        pair_sums(before, sizes, added)
        sums[0] += BLOCK
        for j in range(PAIRS - 1):
            sums[1 + j] += added[j]
        recent[0] = recent[0] * kept[BLOCK] + within[BLOCK]
    if model[0] > usual:
        usual = model[0]
    for j in range(BLOCK):
        unit = (before[j] / usual - 1.0) * keeps + 1.0
        values[j] /= unit if unit > least else least


cdef inline void running_sizes(const double *sizes, const double *rates, double *out) noexcept nogil:
    """What sizes (BLOCK,) put into a running mean before each and after the last, out (BLOCK + 1,)."""
    cdef Py_ssize_t group, i, j, k
    cdef double sums[GROUP]
    out[0] = 0.0
    for group in range(BLOCK // GROUP):
        j = group * GROUP
        for k in range(GROUP):
            sums[k] = 0.0
        for i in range(j + GROUP):
            for k in range(GROUP):
                sums[k] += sizes[i] * rates[i * BLOCK + j + k]
        for k in range(GROUP):
            out[1 + j + k] = sums[k]
