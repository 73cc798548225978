"""Flat rows → core rows: which cells are features, outputs, time, id and version. Knows no file format."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from stream_monitor.core.events import Decoded, Reason, Record, Rejected, Role, Row, Source
from stream_monitor.files.cells import text_of, time_of

_OUTPUTS = {"prediction": "prediction", "probability": "probability", "latency": "latency_ms"}

_TEXTS = (("version", Reason.INVALID_VERSION), ("id", Reason.INVALID_ID))
_NOTHING = (None, "")
_NO_OUTPUTS: Mapping[str, object] = {}
_FEATURES, _PREDICTION, _LABEL = map(int, (Role.FEATURES, Role.PREDICTION, Role.LABEL))


@dataclass(frozen=True, slots=True, kw_only=True)
class FlatRules:
    """How the flat rows of one file are read. `named`: role → column, as `FileColumns.named`."""

    source: Source
    model: str
    named: Mapping[str, str]


class Chunk:
    """The rows of one stretch of a file as they are read."""

    __slots__ = ("_items", "_offsets", "_rejected", "_rows", "_rules")

    def __init__(self, rules: FlatRules) -> None:
        self._rules = rules
        self._rows: list[Row] = []
        self._offsets: list[int] = []
        self._items: list[int] = []
        self._rejected: list[Rejected] = []

    def add(
        self, offset: int, features: Mapping[str, object], named: Mapping[str, object], *, item: int = 0
    ) -> None:
        """One row. features: column → value. named: role → value, the roles that the row has."""
        time = time_of(named.get("time")) if "time" in self._rules.named else offset
        if time is None:
            detail = "the time is neither epoch milliseconds nor a date such as 2026-11-21T10:00:00Z"
            self.reject(offset, Reason.INVALID_TIME, detail, item=item)
            return
        roles = _FEATURES if features else 0
        if not named:
            self._keep(Row(self._rules.model, None, None, time, roles, features, _NO_OUTPUTS), offset, item)
            return
        for role, reason in _TEXTS:
            if named.get(role) not in _NOTHING and text_of(named[role]) is None:
                self.reject(offset, reason, f"the {role} is neither text nor a whole number", item=item)
                return
        version, id_ = text_of(named.get("version")) or None, text_of(named.get("id")) or None
        outputs = {series: named[role] for role, series in _OUTPUTS.items() if role in named}
        if outputs:
            roles |= _PREDICTION
        if named.get("label") is not None:  # an empty label cell is a label that has not come yet
            outputs["label"] = named["label"]
            roles |= _LABEL
        self._keep(Row(self._rules.model, version, id_, time, roles, features, outputs), offset, item)

    def add_columns(
        self,
        offsets: Sequence[int],
        features: Mapping[str, Sequence[object]],
        named: Mapping[str, Sequence[object]],
    ) -> None:
        """Whole columns of rows, each as long as `offsets`. features: column → cells. named: role → cells."""
        nothing = ((),) * len(offsets)
        by_row = zip(*features.values(), strict=True) if features else nothing
        named_by_row = zip(*named.values(), strict=True) if named else nothing
        for offset, cells, named_cells in zip(offsets, by_row, named_by_row, strict=True):
            self.add(
                offset, dict(zip(features, cells, strict=True)), dict(zip(named, named_cells, strict=True))
            )

    def reject(
        self, offset: int, reason: Reason, detail: str, *, raw: bytes | None = None, item: int = 0
    ) -> None:
        """One row that cannot be read."""
        record = Record(offset, -1, None, raw)
        self._rejected.append(Rejected(self._rules.source, record, item, reason, detail))

    def decoded(self) -> Decoded:
        """What was read."""
        return Decoded(
            source=self._rules.source,
            rows=self._rows,
            offsets=self._offsets,
            items=self._items,
            rejected=sorted(self._rejected, key=lambda bad: (bad.record.offset, bad.item)),
        )

    def _keep(self, row: Row, offset: int, item: int) -> None:
        self._rows.append(row)
        self._offsets.append(offset)
        self._items.append(item)
