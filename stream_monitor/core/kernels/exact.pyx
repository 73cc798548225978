# distutils: extra_compile_args = -fassociative-math -fno-signed-zeros -fno-trapping-math
"""Sums of terms that lie on a grid: nothing is rounded, so the compiler may add them in any order."""

from libc.math cimport floor, rint

from stream_monitor.core.kernels.sizes cimport BLOCK, LAGS, SUMS

cdef double LARGEST = 8.0
cdef double COARSE = 256.0


cdef void line_sums(const double *line, double *out) noexcept nogil:
    """What a block adds to sums of its values and their squares: out (2, SUMS) of line (LAGS + BLOCK,)."""
    cdef Py_ssize_t j
    cdef double value
    cdef double values[LAGS + BLOCK]
    cdef double squares[LAGS + BLOCK]
    for j in range(LAGS + BLOCK):
        value = line[j]
        value = -LARGEST if value < -LARGEST else value
        value = LARGEST if value > LARGEST else value
        value = rint(value * COARSE) * (1.0 / COARSE)
        values[j] = value
        squares[j] = value * value
    lagged_sums(values, out)
    lagged_sums(squares, out + SUMS)


cdef inline void lagged_sums(const double *y, double *out) noexcept nogil:
    """Σy, Σy², Σ y_t y_{t-k} and (Σy)² of a line."""
    cdef Py_ssize_t j, lag
    cdef double total = 0.0, square = 0.0
    cdef double products[LAGS]
    for lag in range(LAGS):
        products[lag] = 0.0
    for j in range(LAGS, LAGS + BLOCK):
        for lag in range(LAGS):
            products[lag] += y[j] * y[j - LAGS + lag]
    for j in range(LAGS, LAGS + BLOCK):
        total += y[j]
    for j in range(LAGS, LAGS + BLOCK):
        square += y[j] * y[j]
    out[0] = total
    out[1] = square
    for lag in range(LAGS):
        out[2 + lag] = products[LAGS - 1 - lag]
    out[SUMS - 1] = total * total


cdef double coarse_sum(const double *values) noexcept nogil:
    """Of the values (BLOCK,) of a block, rounded down."""
    cdef Py_ssize_t j
    cdef double value, total = 0.0
    for j in range(BLOCK):
        value = values[j]
        value = -LARGEST if value < -LARGEST else value
        value = LARGEST if value > LARGEST else value
        total += floor(value * COARSE)
    return total * (1.0 / COARSE)


cdef double rounded_sum(const double *values, Py_ssize_t n) noexcept nogil:
    """Of values (n,), rounded."""
    cdef Py_ssize_t j
    cdef double total = 0.0
    for j in range(n):
        total += rint(values[j] * COARSE)
    return total * (1.0 / COARSE)


cdef void pair_sums(const double *before, const double *value, double *out) noexcept nogil:
    """Σm, Σm², Σmx, Σx, Σx² of pairs m, x (BLOCK,)."""
    cdef Py_ssize_t j
    cdef double m = 0.0, mm = 0.0, mx = 0.0, x = 0.0, xx = 0.0
    for j in range(BLOCK):
        m += before[j]
        mm += before[j] * before[j]
        mx += before[j] * value[j]
        x += value[j]
        xx += value[j] * value[j]
    out[0], out[1], out[2], out[3], out[4] = m, mm, mx, x, xx
