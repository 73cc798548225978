"""What was given up because `on_lost_data` says continue, by partition: each loss once, however often it is met."""

from collections.abc import Mapping

from stream_monitor.core.events import Source
from stream_monitor.runtime.positions import Facts, removed
from stream_monitor.telemetry.view import Loss

_NONE = Loss(times=0, records=0)


class Losses:
    """Counts since the start of the process. Bounded by the partitions that ever lost something."""

    def __init__(self) -> None:
        self._found: dict[Source, Loss] = {}
        self._last: dict[Source, Facts] = {}

    def add(self, source: Source, facts: Facts) -> None:
        """Reading of `source` goes on behind what `facts` show to be lost.

        Until something behind it is committed every new start meets the same loss; then only what is gone beyond it counts.
        """
        before, counted = self._last.get(source), 0
        if before is not None and (before.topic_id, before.committed) == (facts.topic_id, facts.committed):
            if before.low == facts.low:
                return
            counted = removed(before)
        self._last[source] = facts
        times, records = self._found.get(source, _NONE)
        self._found[source] = Loss(times=times + 1, records=records + removed(facts) - counted)

    def by_source(self) -> Mapping[Source, Loss]:
        """As of now; not changed afterwards."""
        return dict(self._found)
