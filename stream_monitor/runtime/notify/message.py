"""What is sent to a sink, and what became of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple, Protocol

from stream_monitor.core.drift_event import DriftEvent
from stream_monitor.formats.alerts_topic import Published
from stream_monitor.runtime.board.operations import OperationBook


class Outcome(StrEnum):
    """What became of a message; a closed list: it labels a metric."""

    DELIVERED = "delivered"
    UNAVAILABLE = "unavailable"  # it is tried again
    REFUSED = "refused"  # trying again would not help: it goes to the dead-letter topic
    EXPIRED = "expired"  # tried for as long as configured: likewise
    MUTED = "muted"  # nobody wants to be told
    LEFT_OUT = "left_out"  # the sink does not want such events


class Posted(NamedTuple):
    """detail: what the receiver said, or why there was no answer."""

    outcome: Outcome
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One POST."""

    url: str
    body: bytes
    headers: Mapping[str, str]


class Poster(Protocol):
    """Sends one message and waits for the answer; never raises."""

    def post(self, message: Message) -> Posted:
        """What became of it."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """When something is decided: wall time, ms UTC, and what people have done about alerts by then."""

    now: int
    operations: OperationBook

    def muted(self, event: DriftEvent) -> bool:
        """Whether nobody wants to be told of the alert."""
        return self.operations.muted(event.model, event.series, self.now) is not None


class Sink(Protocol):
    """Turns what is published into messages. Its state is what the receiver was told; called by one thread."""

    def message(self, event: Published, raw: bytes, at: Moment) -> Message | Outcome:
        """For one record of the alerts topic: what to send, or why nothing is. The same again where a try failed.

        raw: the record's value.
        """
        ...

    def delivered(self, event: Published, at: Moment) -> None:
        """The message for it has arrived."""
        ...

    def repeat(self, open_alerts: Sequence[DriftEvent], at: Moment) -> Message | None:
        """What is said again every `repeat_every`, given all alerts that are open; None: nothing."""
        ...

    def repeated(self, open_alerts: Sequence[DriftEvent], at: Moment) -> None:
        """The repetition of these has arrived."""
        ...
