"""Which columns of a flat file are not features. Owns the names people use for them; knows no file format."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from types import MappingProxyType

from stream_monitor.core.errors import StreamMonitorError

ALIASES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "time": ("timestamp", "event_time", "ts", "time", "prediction_ts", "@timestamp", "datetime"),
        "id": ("event_id", "prediction_id", "request_id", "inference_id", "transaction_id", "id"),
        "prediction": ("prediction", "y_pred", "predicted_label", "score"),
        "probability": ("probability", "y_pred_proba", "prediction_score", "proba", "confidence"),
        "label": ("label", "actual", "y_true", "target", "ground_truth", "actual_label"),
        "latency": ("latency_ms", "latency", "duration_ms"),
        "version": ("version", "model_version"),
    }
)
"""Usual names of what a flat row carries beside features. They are only suggested: a column may well be a feature."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileColumns:
    """The columns of flat rows that are not features, by name; every other column is a feature.

    model: not a column but the name of the model the rows belong to; None: the file's name without its extensions.
    """

    time: str | None = None
    id: str | None = None
    prediction: str | None = None
    probability: str | None = None
    label: str | None = None
    latency: str | None = None
    version: str | None = None
    model: str | None = None

    @property
    def named(self) -> Mapping[str, str]:
        """What is named: role → column."""
        given = {role: getattr(self, role) for role in ALIASES}
        return {role: column for role, column in given.items() if column is not None}

    def check(self, present: Collection[str], where: str) -> None:
        """Raise StreamMonitorError if a named column is not among `present`, or is named twice. `where`: the file."""
        roles: dict[str, str] = {}
        for role, column in self.named.items():
            if column in roles:
                raise StreamMonitorError(
                    f"{where}: the column {column!r} cannot be both {roles[column]} and {role}; name it once"
                )
            roles[column] = role
            if column not in present:
                raise StreamMonitorError(
                    f"{where}: there is no column {column!r}{_advice(role, column, present)}"
                )

    def lookalikes(self, present: Collection[str]) -> Mapping[str, str]:
        """Roles that no column was named for, with the column that by its name could be it.

        >>> FileColumns(time="ts").lookalikes(["ts", "amount", "y_pred"])
        {'prediction': 'y_pred'}
        """
        named = self.named
        taken = set(named.values())
        found = {}
        for role, aliases in ALIASES.items():
            at_hand = [alias for alias in aliases if alias in present and alias not in taken]
            if role not in named and at_hand:
                found[role] = at_hand[0]
        return found


def check_distinct(names: Sequence[str], where: str) -> None:
    """Raise StreamMonitorError if two columns have one name. `where`: the file."""
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise StreamMonitorError(f"{where}: two columns are called {twice[0]!r}; rename one")


def _advice(role: str, column: str, present: Collection[str]) -> str:
    close = get_close_matches(column, present, n=1) or [alias for alias in ALIASES[role] if alias in present]
    question = f"; did you mean {close[0]!r}?" if close else ";"
    shown = ", ".join(list(present)[:40]) + (", …" if len(present) > 40 else "")
    return f"{question} The columns are: {shown}" if present else "; the file has no columns"
