"""Rows of one model on their way to columns: written cell by cell, one behind the other, then turned into
columns at once.

`append` takes a decoded `Row`. A format that is compiled as well writes cells itself, without making objects
of them: `begin`, then `codes` and `cells` or `text` at columns that `column` and `feature` know, `version`,
`id` and the rest of `head`, then `commit` or `roll_back`.
"""

from cpython.bool cimport PyBool_Check
from cpython.dict cimport PyDict_GetItem
from cpython.float cimport PyFloat_Check
from cpython.long cimport PyLong_Check
from cpython.object cimport PyObject
from cpython.unicode cimport PyUnicode_Check
from libc.math cimport isfinite, isnan
from libc.stdint cimport int64_t, uint8_t
from libc.string cimport memcpy, memset

cimport cython

from typing import NamedTuple

import numpy as np

cdef extern from "Python.h":
    const Py_ssize_t PY_SSIZE_T_MAX

cdef enum:
    COLUMNS = 16  # that there is room for at first
    FEW = 64  # rows that there is room for at first
    MOST_VERSIONS = 65_535
    BLOCK = 32  # rows that are turned together: they stay in the cache

_HEAD = np.dtype(
    [
        ("time", "i8"),
        ("offset", "i8"),
        ("item", "u4"),
        ("id_bytes", "i4"),
        ("source", "u2"),
        ("version", "u2"),
        ("roles", "u1"),
    ],
    align=True,
)


class Full(Exception):
    """The row has names that there is no room for beside those of the rows before; it was not taken."""


class Drained(NamedTuple):
    """What n rows held, as arrays (n,).

    columns: k names; cells: (k, n) float64; codes: (k, n) uint8 of `Cell`, None where all are numbers. A cell
    that its row says nothing of is NONE. texts: by name, of the columns that have any. id_bytes: -1 of a row
    without an id; ids: the UTF-8 of all, one behind the other.
    """

    times: object
    offsets: object
    items: object
    source_at: object
    versions: tuple
    version_at: object
    roles: object
    id_bytes: object
    ids: bytes
    columns: tuple
    cells: object
    codes: object
    texts: dict


@cython.final
cdef class RowBuffer:
    """Empty, with the columns of the rows before: what a model sends is mostly what it sent.

    rows: that wait. names: of the columns, of whatever rows. most_columns: that rows may have beside each
    other; one row may have more.
    """

    def __init__(self, str model, most_columns=None):
        self.model = model
        self._most_columns = PY_SSIZE_T_MAX if most_columns is None else most_columns
        self.names = []
        self._places = {}
        self._features = {}
        self._stride = COLUMNS
        self._expected = FEW
        self._forget_rows()

    def append(self, row, int source_at, int64_t offset, unsigned int item):
        """Take one `Row`, in order. Raises Full. Cost: ~40 ns a cell."""
        self.begin()
        try:
            _, version, key, time, roles, of_features, of_outputs = row
            for name, value in of_features.items():
                self._put(self.feature(name), value)
            for name, value in of_outputs.items():
                self._put(self.column(name), value)
            self.version(version)
            if key is not None:
                encoded = key.encode("utf-8", "surrogatepass")
                self.id(encoded, len(encoded))
            self.head.time = time
            self.head.roles = roles
            self.head.source = source_at
            self.head.offset = offset
            self.head.item = item
        except BaseException:
            self.roll_back()
            raise
        self.commit()

    def drain(self):
        """All rows, as `Drained`; none is left. Cost: ~10 µs plus ~50 ns a row of 20 numbers."""
        cdef Py_ssize_t rows = self.rows, width = len(self.names)
        heads = self._all_heads[:rows]
        cells = np.empty((width, rows))
        codes = None
        _turn[double](self._first_cell, self._stride, cells)
        if self._numbers != rows * width:
            codes = np.empty((width, rows), np.uint8)
            _turn[uint8_t](self._first_code, self._stride, codes)
        drained = Drained(
            times=np.ascontiguousarray(heads["time"]),
            offsets=np.ascontiguousarray(heads["offset"]),
            items=np.ascontiguousarray(heads["item"]),
            source_at=np.ascontiguousarray(heads["source"]),
            versions=tuple(self._versions),
            version_at=np.ascontiguousarray(heads["version"]),
            roles=np.ascontiguousarray(heads["roles"]),
            id_bytes=np.ascontiguousarray(heads["id_bytes"]),
            ids=self._all_ids[:self._ids_size].tobytes(),
            columns=tuple(self.names),
            cells=cells,
            codes=codes,
            texts={name: tuple(texts) for name, texts in zip(self.names, self._texts) if texts},
        )
        self._expected = max(FEW, rows + rows // 4)
        self._forget_rows()
        return drained

    cdef int begin(self) except -1:
        """The row behind the last one is written next: all its cells are NONE."""
        cdef Py_ssize_t width = len(self.names)
        if self.rows == self._room:
            self._make_room(max(2 * self._room, self._expected), self._stride)
        self._point()
        memset(self.codes, NONE, width)
        memset(self.cells, 0, width * sizeof(double))
        self.head.version = 0
        self.head.id_bytes = -1
        return 0

    cdef int commit(self) except -1:
        """It is complete."""
        cdef Py_ssize_t column
        for column in range(len(self.names)):
            self._numbers += self.codes[column] == NUMBER
        if self.head.id_bytes > 0:
            self._ids_size += self.head.id_bytes
        self.rows += 1
        if self._told:
            self._told = []
        return 0

    cdef int roll_back(self) except -1:
        """It was never written. A column that it brought stays, and holds nothing."""
        for dictionary, entry in reversed(self._told):
            del dictionary[entry]
        self._told = []
        return 0

    cdef Py_ssize_t column(self, str name) except -1:
        """Which one has this name; a new one where there is none."""
        cdef PyObject *found = PyDict_GetItem(self._places, name)
        if found is not NULL:
            return <object>found
        if len(self.names) >= self._most_columns and self.rows:
            raise Full
        cdef Py_ssize_t at = len(self.names)
        if at == self._stride:
            self._make_room(self._room, 2 * self._stride)
            self._point()
        self.names.append(name)
        self._texts.append(None)
        self._places[name] = at
        return at

    cdef Py_ssize_t feature(self, str name) except -1:
        """The same of a feature."""
        cdef PyObject *found = PyDict_GetItem(self._features, name)
        if found is not NULL:
            return <object>found
        at = self._features[name] = self.column("feature:" + name)
        return at

    cdef int text(self, Py_ssize_t column, str text) except -1:
        """The cell holds this text."""
        if self._texts[column] is None:
            self._texts[column] = {}
        self.codes[column] = TEXT
        self.cells[column] = self._entry(<dict>self._texts[column], text)
        return 0

    cdef int version(self, str version) except -1:
        """The row is of this version."""
        if len(self._versions) >= MOST_VERSIONS and version not in self._versions:
            raise Full
        self.head.version = self._entry(self._versions, version)
        return 0

    cdef int id(self, const uint8_t *utf8, Py_ssize_t size) except -1:
        """The row has this id."""
        if self._ids_size + size > self._ids_room:
            self._ids_room = max(2 * self._ids_room, self._ids_size + size)
            self._all_ids = _moved(self._all_ids, np.zeros(self._ids_room, np.uint8), self._ids_size)
            self._first_id = <uint8_t *>_address(self._all_ids)
        memcpy(self._first_id + self._ids_size, utf8, size)
        self.head.id_bytes = size
        return 0

    cdef int _put(self, Py_ssize_t column, value) except -1:
        """The cell holds this JSON-like object."""
        cdef double number
        if PyBool_Check(value):
            self.codes[column] = TRUE if value else FALSE
        elif PyUnicode_Check(value):
            self.text(column, str(value))
        elif PyFloat_Check(value) or PyLong_Check(value):
            try:
                number = value
            except OverflowError:
                self.codes[column] = INFINITE
                return 0
            if isfinite(number):
                self.codes[column] = NUMBER
                self.cells[column] = number
            else:
                self.codes[column] = NOT_A_NUMBER if isnan(number) else INFINITE
        else:
            self.codes[column] = OF_NULL if value is None else WRONG
        return 0

    cdef Py_ssize_t _entry(self, dict dictionary, entry) except -1:
        cdef PyObject *found = PyDict_GetItem(dictionary, entry)
        if found is not NULL:
            return <object>found
        cdef Py_ssize_t at = len(dictionary)
        dictionary[entry] = at
        self._told.append((dictionary, entry))
        return at

    cdef void _point(self) noexcept:
        self.cells = self._first_cell + self.rows * self._stride
        self.codes = self._first_code + self.rows * self._stride
        self.head = self._first_head + self.rows

    cdef int _make_room(self, Py_ssize_t room, Py_ssize_t stride) except -1:
        """For as many rows and columns; what was written of the row behind the last one is kept."""
        cdef Py_ssize_t rows = min(self.rows + 1, self._room)
        self._all_cells = _moved(self._all_cells, np.zeros((room, stride)), rows)
        self._all_codes = _moved(self._all_codes, np.zeros((room, stride), np.uint8), rows)
        self._all_heads = _moved(self._all_heads, np.zeros(room, _HEAD), rows)
        self._first_cell = <double *>_address(self._all_cells)
        self._first_code = <uint8_t *>_address(self._all_codes)
        self._first_head = <Head *>_address(self._all_heads)
        self._room, self._stride = room, stride
        return 0

    cdef int _forget_rows(self) except -1:
        self.rows = self._numbers = self._ids_size = self._ids_room = 0
        self._versions, self._texts, self._told = {}, [None] * len(self.names), []
        self._all_ids = np.zeros(0, np.uint8)
        self._all_cells = self._all_codes = self._all_heads = None
        self._room = 0
        return 0


cdef object _moved(object before, object to, Py_ssize_t rows):
    """`to` with the first rows of `before`, which is no larger."""
    if rows and to.ndim == 1:
        to[:rows] = before[:rows]
    elif rows:
        to[:rows, :before.shape[1]] = before[:rows]
    return to


cdef size_t _address(object array) except? 0:
    return array.ctypes.data


ctypedef fused Written:
    double
    uint8_t


cdef int _turn(const Written *written, Py_ssize_t stride, Written[:, ::1] to) except -1:
    """The rows of what was written become columns: to (k, n)."""
    cdef Py_ssize_t begin, row, column
    for begin in range(0, to.shape[1], BLOCK):
        for column in range(to.shape[0]):
            for row in range(begin, min(begin + BLOCK, to.shape[1])):
                to[column, row] = written[row * stride + column]
    return 0
