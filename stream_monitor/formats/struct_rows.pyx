"""Records → structs that msgspec parses → rows: their numbers into the buffer of their model, without a list
or an array each. One record at a time: what is written next is still in the caches.
"""

from cpython cimport array
from cpython.float cimport PyFloat_AS_DOUBLE, PyFloat_CheckExact
from cpython.tuple cimport PyTuple_GET_ITEM, PyTuple_GET_SIZE
from libc.math cimport isinf
from libc.stdint cimport int64_t

cimport cython

from stream_monitor.core.row_buffer cimport NUMBER, RowBuffer

import array

from msgspec import UNSET, MsgspecError
from msgspec.structs import astuple

from stream_monitor.core.row_buffer import Full
from stream_monitor.formats.timestamps import EARLIEST_MS, parse_rfc3339

cdef enum:  # `Role`
    FEATURES = 1
    PREDICTION = 2
    LABEL = 4

cdef enum:  # attributes of a struct
    NOBODYS
    THE_VERSION
    THE_ID
    THE_TIME
    THE_FEATURES
    THE_CLASSES
    THE_LABEL
    THE_PREDICTION  # and the other `_OUTPUTS`

cdef object _UNSET = UNSET
cdef int64_t _EARLIEST_MS = EARLIEST_MS
cdef tuple _OUTPUTS = ("prediction", "probability", "latency_ms")
cdef dict _PARTS = {
    "version": THE_VERSION,
    "id": THE_ID,
    "time": THE_TIME,
    "features": THE_FEATURES,
    "probabilities": THE_CLASSES,
    "label": THE_LABEL,
    **{name: THE_PREDICTION + at for at, name in enumerate(_OUTPUTS)},
}


@cython.final
cdef class StructRows:
    """Writes the structs of one shape into `rows`.

    parts: the names of the struct's attributes, in order. features, classes: those of the structs inside of
    it, as in the events. Raises Full.
    """

    cdef RowBuffer rows
    cdef array.array parts
    cdef array.array features
    cdef array.array classes
    cdef int64_t newest  # the event time of the last row

    def __init__(self, RowBuffer rows, parts, features, classes):
        self.rows = rows
        self.parts = array.array("q", [_PARTS.get(name, NOBODYS) for name in parts])
        self.features = array.array("q", [rows.feature(name) for name in features])
        self.classes = array.array("q", [rows.column(f"probability:{name}") for name in classes])

    cdef int write(self, row, tuple record, int source_at, int64_t skew) except -1:
        """Raises ValueError where the event carries nothing, or its time cannot be."""
        self.rows.begin()
        try:
            self._event(astuple(row), record[1], skew)
            self.rows.head.source = source_at
            self.rows.head.offset = record[0]
            self.rows.head.item = 0
            self.newest = self.rows.head.time
        except BaseException:
            self.rows.roll_back()
            raise
        self.rows.commit()
        return 0

    cdef int _event(self, tuple values, int64_t stamped, int64_t skew) except -1:
        cdef int roles = 0
        cdef Py_ssize_t at
        for at in range(PyTuple_GET_SIZE(values)):
            value = <object>PyTuple_GET_ITEM(values, at)
            roles |= self._part(self.parts.data.as_longlongs[at], value, stamped)
        if not roles or 0 <= stamped < self.rows.head.time - skew:
            raise ValueError
        self.rows.head.roles = roles
        return 0

    cdef inline int _part(self, int64_t part, value, int64_t stamped) except -1:
        """The role that it makes."""
        if value is _UNSET or part == NOBODYS:
            return 0
        if part == THE_VERSION:
            self.rows.version(str(value) if type(value) is int else value)
        elif part == THE_ID:
            if value is not None:
                encoded = str(value).encode()
                self.rows.id(encoded, len(encoded))
        elif part == THE_TIME:
            self.rows.head.time = _time(value, stamped)
        elif part == THE_FEATURES:
            self._cells(astuple(value), self.features)
            return FEATURES
        elif part == THE_CLASSES:
            self._cells(astuple(value), self.classes)
            return PREDICTION
        elif part == THE_LABEL:
            if value is not None:
                self._cell(self.rows.column("label"), value)
                return LABEL
        elif self._cell(self.rows.column(_OUTPUTS[part - THE_PREDICTION]), value):
            return PREDICTION
        return 0

    cdef int _cells(self, tuple values, array.array columns) except -1:
        cdef Py_ssize_t at
        for at in range(PyTuple_GET_SIZE(values)):
            self._cell(columns.data.as_longlongs[at], <object>PyTuple_GET_ITEM(values, at))
        return 0

    cdef inline bint _cell(self, Py_ssize_t column, value) except -1:
        """Whether there is anything: infinity, which JSON does not have, stands for nothing."""
        if PyFloat_CheckExact(value):
            if isinf(PyFloat_AS_DOUBLE(value)):
                return False
            self.rows.codes[column] = NUMBER
            self.rows.cells[column] = PyFloat_AS_DOUBLE(value)
            return True
        if value is _UNSET:
            return False
        self.rows._put(column, value)
        return True


cdef int64_t _time(value, int64_t stamped) except? -1:
    cdef int64_t time
    if type(value) is int:
        return value
    time = stamped if value is None else parse_rfc3339(value)
    if time < _EARLIEST_MS or (value is None and stamped < 0):
        raise ValueError
    return time


def write(
    decode, told_by, writers,
    list records, Py_ssize_t begin, Py_ssize_t limit, int source_at, int64_t skew
):
    """The records from `begin` on, as far as each is an event that fits. Returns the position of the first
    that does not, else their number; and the latest event time that was written.

    decode: bytes → struct. writers: `StructRows` (None: nobody's) by what `told_by` says of a struct. limit:
    bytes of a record. skew: how many ms an event may be later than its record.
    """
    cdef Py_ssize_t at
    cdef tuple record
    cdef StructRows rows
    cdef int64_t newest = _EARLIEST_MS
    for at in range(begin, len(records)):
        record = <tuple>records[at]
        value = record[3]
        if value is None or len(<bytes>value) > limit:
            return at, newest
        try:
            event = decode(value)
            rows = writers[told_by(event)]
            if rows is None:
                return at, newest
            rows.write(event, record, source_at, skew)
        except (ValueError, MsgspecError, RecursionError, Full):
            return at, newest
        newest = max(newest, rows.newest)
    return len(records), newest
