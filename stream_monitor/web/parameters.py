"""What the operations of the API take in their query and their body, each with its bounds."""

import math
from datetime import timedelta
from enum import StrEnum
from typing import Annotated, Final, Self

from pydantic import Field, model_validator

from stream_monitor.config.fields import parse_duration
from stream_monitor.web.operations import Milliseconds, Parameters

MOST_ALERTS: Final = 1_000
MOST_BUCKETS: Final = 240
_Name = Annotated[str, Field(min_length=1, max_length=300)]


class AlertState(StrEnum):
    """Which alerts are wanted."""

    OPEN = "open"
    RESOLVED = "resolved"
    ALL = "all"


class Span(Parameters):
    """A stretch of event time."""

    begin: Milliseconds | None = Field(None, alias="from", description="Begin; a day before `to` if absent.")
    end: Milliseconds | None = Field(
        None, alias="to", description="End; the model's latest event time if absent."
    )

    @model_validator(mode="after")
    def _forward(self) -> Self:
        if self.begin is not None and self.end is not None and self.begin >= self.end:
            raise ValueError("from must be before to")
        return self


class HeatQuery(Span):
    """What `heat` takes."""

    buckets: int = Field(60, ge=1, le=MOST_BUCKETS, description="Stretches of time, at most.")


class SeriesQuery(Span):
    """What `series` takes: which series, by the three parts of its name."""

    name: _Name = Field(description="Name of the series, for example feature:amount.")
    version: _Name | None = Field(None, description="Version of the model, where the series has one.")
    segment: _Name | None = Field(None, description="Segment, where the series has one.")


class AlertsQuery(Parameters):
    """What `alerts` takes."""

    state: AlertState = Field(AlertState.OPEN, description="Which alerts.")
    model: _Name | None = Field(None, description="Of this model only.")
    limit: int = Field(100, ge=1, le=MOST_ALERTS, description="So many alerts at most.")


class AcknowledgeBody(Parameters):
    """Who knows of the alert, and why that is enough."""

    by: _Name = Field(description="Who.")
    reason: str = Field("", max_length=1_000, description="Why.")


class MuteBody(Parameters):
    """Nobody wants to be told of these series for a while; either `until` or `for` says how long, at most 90 days."""

    model: _Name = Field(description="The model.")
    series: _Name = Field("*", description="Series: a glob such as feature:*.")
    by: _Name = Field(description="Who.")
    reason: str = Field("", max_length=1_000, description="Why.")
    until: Milliseconds | None = Field(None, description="End, epoch milliseconds.")
    lasting: str | None = Field(None, alias="for", description="How long from now on, for example 2h or 7d.")

    @model_validator(mode="after")
    def _one_end(self) -> Self:
        if (self.until is None) == (self.lasting is None):
            raise ValueError("give either until or for")
        if self.lasting is not None:
            parse_duration(self.lasting)
        return self

    def end(self, now: int) -> int:
        """ms UTC."""
        if self.until is not None:
            return self.until
        return now + math.ceil(parse_duration(self.lasting) / timedelta(milliseconds=1))
