# distutils: extra_compile_args = -fassociative-math -fno-signed-zeros -fno-trapping-math
"""Sums of terms that lie on a grid: nothing is rounded, so the compiler may add them in any order."""

from libc.math cimport rint

cdef enum:
    LAGS = 4
    SUMS = 3 + LAGS
    LONGEST = 64

cdef double LARGEST = 8.0
cdef double COARSE = 256.0


def line_sums(const double[:, ::1] line, double[:, :, ::1] out):
    """What blocks add to the sums of their values and squares: out (n, 2, SUMS) of line (n, LAGS + BLOCK).

    See `autocorrelation.sums_of`. ~60 ns a block.
    """
    cdef Py_ssize_t i, j, m = line.shape[1]
    cdef double value
    cdef double values[LONGEST]
    cdef double squares[LONGEST]
    cdef const double *source
    for i in range(line.shape[0]):
        source = &line[i, 0]
        for j in range(m):
            value = source[j]
            value = -LARGEST if value < -LARGEST else value
            value = LARGEST if value > LARGEST else value
            value = rint(value * COARSE) * (1.0 / COARSE)
            values[j] = value
            squares[j] = value * value
        lagged_sums(values, m, &out[i, 0, 0])
        lagged_sums(squares, m, &out[i, 1, 0])


cdef inline void lagged_sums(const double *y, Py_ssize_t m, double *out) noexcept nogil:
    cdef Py_ssize_t j, lag
    cdef double total = 0.0, square = 0.0
    cdef double products[LAGS]
    for lag in range(LAGS):
        products[lag] = 0.0
    for j in range(LAGS, m):
        for lag in range(LAGS):
            products[lag] += y[j] * y[j - LAGS + lag]
    for j in range(LAGS, m):
        total += y[j]
    for j in range(LAGS, m):
        square += y[j] * y[j]
    out[0] = total
    out[1] = square
    for lag in range(LAGS):
        out[2 + lag] = products[LAGS - 1 - lag]
    out[SUMS - 1] = total * total
