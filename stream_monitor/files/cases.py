"""Cases put together from events: features, prediction and label of one id, in a database of its own on disk.

So the join of any amount of data takes little memory. Knows neither where events come from nor how the cases are written.
"""

import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Final, NamedTuple, Self

import orjson

from stream_monitor.core.errors import StreamMonitorError
from stream_monitor.core.events import Role, Row

LABEL: Final = "label"
CHUNK: Final = 10_000  # cases handed out together
_CREATE: Final = (
    "CREATE TABLE cases (seq INTEGER PRIMARY KEY, id TEXT UNIQUE, time INTEGER, version TEXT, roles INTEGER,"
    " features BLOB, outputs BLOB, label BLOB)"
)
_PUT: Final = (
    "INSERT OR REPLACE INTO cases (seq, id, time, version, roles, features, outputs, label)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
)
_KNOWN: Final = (
    "SELECT seq, id, time, version, roles, features, outputs, label FROM cases"
    " WHERE id IN (SELECT value FROM json_each(?))"
)
_ORDERED: Final = (
    "SELECT seq, id, time, version, roles, features, outputs, label FROM cases ORDER BY time, seq LIMIT ?"
)
_COUNTS: Final = "SELECT count(*), total((roles & ?) > 0), total((roles & ?) > 0), count(label) FROM cases"
_NEXT: Final = "SELECT seq, id, time, version, roles, features, outputs, label FROM cases WHERE seq > ? ORDER BY seq LIMIT ?"
_DELETE: Final = "DELETE FROM cases WHERE seq = ?"
_LABEL: Final = "UPDATE cases SET label = ? WHERE id = ? AND label IS NULL AND time >= ?"
_ALWAYS: Final = -(2**62)


class Case(NamedTuple):
    """What is known of one id. time: of the prediction, else of the features; ms UTC. outputs: by series, without the label."""

    id: str | None
    time: int
    version: str | None
    features: Mapping[str, object]
    outputs: Mapping[str, object]
    label: object


class _Stored(NamedTuple):
    seq: int | None
    id: str | None
    time: int
    version: str | None
    roles: int
    features: dict[str, object]
    outputs: dict[str, object]
    label: object


class Cases:
    """Events in, cases out, by event time. Use it in a `with` block: the database goes with it.

    Cost: some 15 µs an event; about the size of the events on disk, in `folder`.
    """

    def __init__(self, folder: Path) -> None:
        """Raises StreamMonitorError: `folder` cannot be written to."""
        try:
            self._folder = TemporaryDirectory(prefix=".stream-monitor-", dir=folder)
        except OSError as error:
            raise StreamMonitorError(f"{folder}: cannot be written to: {error.strerror or error}") from error
        self._database = sqlite3.connect(Path(self._folder.name) / "cases.db", isolation_level=None)
        for pragma in ("journal_mode = OFF", "synchronous = OFF", "temp_store = FILE"):
            self._database.execute(f"PRAGMA {pragma}")
        self._database.execute(f"PRAGMA temp_store_directory = '{self._folder.name}'")
        self._database.execute(_CREATE)

    def __enter__(self) -> Self:
        """As it is."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """The database is removed."""
        self._database.close()
        self._folder.cleanup()

    def add(self, rows: Sequence[Row]) -> None:
        """Take the features, predictions and labels of `rows`. Of what one id says twice the first counts. A row that only
        holds a label is left to `label`.
        """
        rows = [row for row in rows if row.roles & ~Role.LABEL]
        known = self._known({row.id for row in rows if row.id is not None})
        put: list[_Stored] = []
        for row in rows:
            if row.id is None:
                put.append(_first(row))
            else:
                before = known.get(row.id)
                known[row.id] = _first(row) if before is None else _merged(before, row)
        put += [known[one] for one in dict.fromkeys(row.id for row in rows if row.id is not None)]
        with self._transaction():
            self._database.executemany(_PUT, map(_encoded, put))

    def label(self, rows: Sequence[Row], within_ms: int | None) -> int:
        """Give the labels among `rows` to cases that have none; those more than `within_ms` after their case are late. How many
        found their case.
        """
        labels = [
            (
                orjson.dumps(row.outputs[LABEL]),
                row.id,
                _ALWAYS if within_ms is None else row.time - within_ms,
            )
            for row in rows
            if row.id is not None and row.outputs.get(LABEL) is not None
        ]
        before = self._database.total_changes
        with self._transaction():
            self._database.executemany(_LABEL, labels)
        return self._database.total_changes - before

    def keep(self, wanted: Callable[[Sequence[Case]], Sequence[bool]]) -> int:
        """Remove the cases that are not `wanted`; asked for CHUNK at a time. How many were removed."""
        before, last = self._database.total_changes, 0
        while taken := self._database.execute(_NEXT, (last, CHUNK)).fetchall():
            stored = [_decoded(found) for found in taken]
            kept = wanted([_case(one) for one in stored])
            gone = [(one.seq,) for one, stays in zip(stored, kept, strict=True) if not stays]
            with self._transaction():
                self._database.executemany(_DELETE, gone)
            last = taken[-1][0]
        return self._database.total_changes - before

    def counts(self) -> tuple[int, int, int, int]:
        """How many cases there are, how many have features, a prediction, a label."""
        (found,) = self._database.execute(_COUNTS, (int(Role.FEATURES), int(Role.PREDICTION)))
        cases, features, predictions, labels = found
        return int(cases), int(features), int(predictions), int(labels)

    def last_time(self) -> int | None:
        """Latest event time of a case, ms UTC."""
        ((latest,),) = self._database.execute("SELECT max(time) FROM cases")
        return None if latest is None else int(latest)

    def chunks(self, limit: int | None = None) -> Iterator[list[Case]]:
        """The cases by event time, the first `limit` of them; can be asked for again."""
        asked = self._database.execute(_ORDERED, (-1 if limit is None else limit,))
        while taken := asked.fetchmany(CHUNK):
            yield [_case(_decoded(found)) for found in taken]

    def _known(self, ids: set[str]) -> dict[str, _Stored]:
        asked = self._database.execute(_KNOWN, (orjson.dumps(sorted(ids)).decode(),))
        return {str(found[1]): _decoded(found) for found in asked}

    def _transaction(self) -> "_Transaction":
        return _Transaction(self._database)


class _Transaction:
    """Many statements at once: each alone would be slow. A full disk is an error with a name."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database

    def __enter__(self) -> None:
        self._database.execute("BEGIN")

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if isinstance(error, sqlite3.OperationalError):
            raise StreamMonitorError(f"the cases cannot be put together on disk: {error}") from error
        if error is None:
            self._database.execute("COMMIT")


def _first(row: Row) -> _Stored:
    outputs = {name: value for name, value in row.outputs.items() if name != LABEL}
    return _Stored(
        None, row.id, row.time, row.version, row.roles, dict(row.features), outputs, row.outputs.get(LABEL)
    )


def _merged(known: _Stored, row: Row) -> _Stored:
    """What was said first counts; the time is that of the prediction."""
    other = _first(row)
    predicts = row.roles & Role.PREDICTION and not known.roles & Role.PREDICTION
    return known._replace(
        time=row.time if predicts else known.time,
        version=(row.version or known.version) if predicts else known.version or row.version,
        roles=known.roles | row.roles,
        features={**other.features, **known.features},
        outputs={**other.outputs, **known.outputs},
        label=other.label if known.label is None else known.label,
    )


def _case(one: _Stored) -> Case:
    return Case(one.id, one.time, one.version, one.features, one.outputs, one.label)


def _encoded(case: _Stored) -> tuple[object, ...]:
    label = None if case.label is None else orjson.dumps(case.label)
    return (
        *case[:4], int(case.roles), orjson.dumps(case.features), orjson.dumps(case.outputs), label
    )  # fmt: skip


def _decoded(found: tuple[int, str | None, int, str | None, int, bytes, bytes, bytes | None]) -> _Stored:
    seq, id_, time, version, roles, features, outputs, label = found
    return _Stored(
        seq, id_, time, version, roles, orjson.loads(features), orjson.loads(outputs),
        None if label is None else orjson.loads(label),
    )  # fmt: skip
