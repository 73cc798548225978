"""Blocks of many series by the hour of the day; see `sequential.calendar`."""

from libc.stdint cimport int8_t, int64_t

from stream_monitor.core.kernels.exact cimport rounded_sum


def learn(
    const Py_ssize_t[::1] rows,
    const int64_t[::1] first,
    const int64_t[::1] size,
    const double[:, ::1] values,
    const int8_t[:, ::1] hours,
    double[:, ::1] total,
    int64_t[:, ::1] number,
    int64_t[:, ::1] visits,
    int64_t[::1] last,
):
    """Take in the values (N, b) of n series, but no block with an hour -1.

    total, number, visits: (rows, hours of the day). last: (rows,) hour of the last value. ~1 ns a value.
    """
    cdef Py_ssize_t at, j, begin, row, block, width = values.shape[1]
    cdef const int8_t *hour
    cdef int8_t least
    for at in range(rows.shape[0]):
        row = rows[at]
        for block in range(first[at], first[at] + size[at]):
            hour = &hours[block, 0]
            least = 0
            for j in range(width):
                least |= hour[j]
            j = 0
            while j < width and least >= 0:
                begin = j
                while j < width and hour[j] == hour[begin]:
                    j += 1
                visits[row, hour[begin]] += last[row] != hour[begin]
                total[row, hour[begin]] += rounded_sum(&values[block, begin], j - begin)
                number[row, hour[begin]] += j - begin
                last[row] = hour[begin]
