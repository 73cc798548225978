"""Events and joins for the tests of the label join."""

from collections.abc import Sequence

from stream_monitor.core.join.joined import Joined
from stream_monitor.core.join.label_join import LabelJoin
from stream_monitor.core.join.parameters import JoinParameters
from tests.property.joins import batch_of
from tests.property.naive_join import Event

SMALL = JoinParameters(cut=1, chunk=2)


def prediction(key: str | None, time: int = 0, value: object = "a", **more: object) -> Event:
    return Event(key, time, prediction=value)._replace(**more)  # type: ignore[arg-type]  # as the caller names them


def label(key: str | None, time: int = 0, value: object = "a") -> Event:
    return Event(key, time, label=value)


def joined(events: Sequence[Event], parameters: JoinParameters = SMALL) -> tuple[LabelJoin, Joined]:
    """The join after `events`, and the pairs."""
    join = LabelJoin(parameters)
    return join, join.observe(batch_of(events), 0)
