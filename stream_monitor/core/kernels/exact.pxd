"""Sums of terms that lie on a grid, for other kernels. Values are taken as multiples of 1/256 up to 8."""

cdef void line_sums(const double *line, double *out) noexcept nogil
cdef double coarse_sum(const double *values) noexcept nogil
cdef void pair_sums(const double *before, const double *value, double *out) noexcept nogil
cdef double rounded_sum(const double *values, Py_ssize_t n) noexcept nogil
