"""The request to train a model anew, as a value. Knows no wire format and no policy."""

from collections.abc import Mapping
from dataclasses import dataclass

from stream_monitor.core.drift_event import Attribution, Positions, Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class RetrainEvidence:
    """An open alert that the request rests on. opened_at, change_point: event time, ms UTC."""

    alert_id: str
    series: str
    segment: str | None
    severity: Severity
    opened_at: int
    change_point: int
    summary: str
    attribution: Attribution | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RetrainRequest:
    """One request for one model.

    id: the same for the same input. number: 0-based, of the model. version: whose alerts ask for it; None for those of features.
    time, row: event time (ms UTC) and row at which it was made. change_point, change_point_row: where the new regime begins, that
    of the first piece of evidence. rows: of the model since then. ongoing: the regime goes on behind `positions`.
    """

    id: str
    number: int
    summary: str
    model: str
    version: str | None
    time: int
    row: int
    change_point: int
    change_point_row: int
    rows: int
    ongoing: bool
    evidence: tuple[RetrainEvidence, ...]
    positions: tuple[Positions, ...]
    labels: Mapping[str, str]
