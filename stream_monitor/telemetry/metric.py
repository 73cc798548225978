"""What a metric is, and the closed sets that some labels are drawn from. Names no metric: those are in `metrics`."""

from enum import StrEnum
from typing import Final, NamedTuple

PREFIX: Final = "stream_monitor_"

FAST: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
SLOW: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
AGES: Final = (0.1, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 1_800.0, 3_600.0, 21_600.0, 86_400.0)
"""Upper bounds of the buckets of histograms, seconds."""


class Type(StrEnum):
    """The types of the exposition format that are used."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"
    INFO = "info"


class Metric(NamedTuple):
    """One metric. `name` as it is exposed, without the prefix; a histogram has `buckets`, upper bounds in its unit."""

    name: str
    type: Type
    labels: tuple[str, ...]
    help: str
    buckets: tuple[float, ...] = ()

    @property
    def full_name(self) -> str:
        """The name in queries."""
        return PREFIX + self.name

    @property
    def family(self) -> str:
        """The name of its family, which the client library wants without the suffix that it adds itself."""
        suffix = {Type.COUNTER: "_total", Type.INFO: "_info"}.get(self.type, "")
        return self.full_name.removesuffix(suffix)


class Stage(StrEnum):
    """The steps of the worker's loop that are timed."""

    POLL = "poll"  # waiting for records included, and what the group asks meanwhile
    DECODE = "decode"
    OBSERVE = "observe"
    ENCODE = "encode"  # all that a checkpoint writes, from the columns of waiting rows on
    COMMIT = "commit"


class Rebalance(StrEnum):
    """What the group did with partitions of this worker."""

    ASSIGNED = "assigned"
    REVOKED = "revoked"
    LOST = "lost"


class Abort(StrEnum):
    """Why a checkpoint was given up; the worker forgets, restores and reads again."""

    TRANSACTION = "transaction"  # the broker or the client aborted it, or its outcome is unknown
    LOST = "lost"  # partitions were lost before it could be committed


class Discard(StrEnum):
    """Why a stored snapshot was not used, so that its series warms up again."""

    CORRUPT = "corrupt"
    PARAMETERS = "parameters"  # it was made with other parameters
