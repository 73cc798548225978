from libc.stdint cimport int32_t, int64_t, uint8_t, uint16_t, uint32_t

cimport cython


cdef enum:  # `Cell`
    NONE = 0
    NUMBER = 1
    TEXT = 2
    FALSE = 3
    TRUE = 4
    OF_NULL = 5
    NOT_A_NUMBER = 7
    INFINITE = 8
    WRONG = 9


cdef struct Head:
    int64_t time
    int64_t offset
    uint32_t item
    int32_t id_bytes
    uint16_t source
    uint16_t version
    uint8_t roles


@cython.final
cdef class RowBuffer:
    cdef readonly str model
    cdef readonly Py_ssize_t rows
    cdef readonly list names
    cdef dict _places
    cdef dict _features
    cdef list _texts
    cdef dict _versions
    cdef list _told
    cdef Py_ssize_t _most_columns
    cdef Py_ssize_t _numbers
    # room for rows, one behind the other
    cdef Py_ssize_t _room
    cdef Py_ssize_t _stride
    cdef Py_ssize_t _expected
    cdef object _all_cells
    cdef object _all_codes
    cdef object _all_heads
    cdef double *_first_cell
    cdef uint8_t *_first_code
    cdef Head *_first_head
    cdef object _all_ids
    cdef uint8_t *_first_id
    cdef Py_ssize_t _ids_size
    cdef Py_ssize_t _ids_room
    # the row that is being written
    cdef double *cells
    cdef uint8_t *codes
    cdef Head *head

    cdef int begin(self) except -1
    cdef int commit(self) except -1
    cdef int roll_back(self) except -1
    cdef Py_ssize_t column(self, str name) except -1
    cdef Py_ssize_t feature(self, str name) except -1
    cdef int text(self, Py_ssize_t column, str text) except -1
    cdef int version(self, str version) except -1
    cdef int id(self, const uint8_t *utf8, Py_ssize_t size) except -1
    cdef int _put(self, Py_ssize_t column, object value) except -1
    cdef Py_ssize_t _entry(self, dict dictionary, object entry) except -1
    cdef void _point(self) noexcept
    cdef int _make_room(self, Py_ssize_t room, Py_ssize_t stride) except -1
    cdef int _forget_rows(self) except -1
