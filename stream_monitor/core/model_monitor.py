"""The heart: one model's rows in order in, drift events out. Pure and deterministic; all of the science is below this.

`observe` gives every column to its series, the blocks that this closes to the sequential tests of all series at once, and every
finding to the alerts. Cutting the rows differently into batches changes neither the drift events nor the state.
"""

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain, pairwise

import numpy as np
from numpy.typing import NDArray

from stream_monitor.core.alerts import Alerts, Where
from stream_monitor.core.allowance import Allowance, bucket_budget
from stream_monitor.core.attribution import Inputs
from stream_monitor.core.batch import FEATURE, Cell, ColumnBatch
from stream_monitor.core.credit import Credit
from stream_monitor.core.derived.derived import Derived
from stream_monitor.core.derived.names import OF_MODEL
from stream_monitor.core.drift_event import DriftEvent
from stream_monitor.core.history_counts import HistoryCounts
from stream_monitor.core.importance.association import Association
from stream_monitor.core.outcomes import Outcomes
from stream_monitor.core.parameters import PER_WEEK, AfterDrift, ModelParameters, SeriesParameters
from stream_monitor.core.performance.columns import BY_CLASS
from stream_monitor.core.positions import PositionLog
from stream_monitor.core.retrain_request import RetrainRequest
from stream_monitor.core.retraining import Retraining
from stream_monitor.core.segments.segments import Placed, Segments
from stream_monitor.core.segments.treatment import Treatment
from stream_monitor.core.sequential.series import Blocks
from stream_monitor.core.sequential.tests import SequentialTests
from stream_monitor.core.series import MISSING, Deriver, DetectorCatalogue, Finding, SeriesKey, SeriesSlice
from stream_monitor.core.series_monitor import SeriesMonitor
from stream_monitor.core.side_by_side import SideBySide
from stream_monitor.core.taking import Cells, Full, Took, cells_of, cells_of_slices, indicators_of, take
from stream_monitor.core.versions import Versions


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a batch led to; both in the order of rows. rows: observed now."""

    drift_events: tuple[DriftEvent, ...] = ()
    retrain_requests: tuple[RetrainRequest, ...] = ()
    rows: int = 0


CUT = 4096  # rows between the moments at which versions retire and references are adopted


class ModelMonitor:
    """Series, alerts, budget and positions of one model."""

    def __init__(self, parameters: ModelParameters, catalogue: DetectorCatalogue) -> None:
        self.parameters = parameters
        self.series: dict[SeriesKey, SeriesMonitor] = {}
        self.dropped: set[str] = set()  # one series too many
        self.excluded: set[str] = set()  # by configuration
        self.rows = 0
        self.clock = 0  # latest event time observed, ms UTC
        self.tests = SequentialTests()
        self.allowance = Allowance(parameters.budget or PER_WEEK)
        self.association = Association(self.series)
        self.inputs = Inputs(
            series=self.series, importance=parameters.importance, association=self.association
        )
        self.retraining = Retraining(parameters, self.inputs)
        self.alerts = Alerts(parameters, Credit(bucket_budget(parameters)), self.inputs)
        self.positions = PositionLog()
        self.versions = Versions()
        self.derived = Derived(parameters)
        self.segments = Segments(parameters.segments)
        self.treatment = Treatment(parameters.segments.fairness)
        self.outcomes = Outcomes(self.segments.kept(parameters.outcomes))
        self.side_by_side = SideBySide()
        self.history = HistoryCounts()
        self._catalogue = catalogue

    @property
    def _derivers(self) -> Sequence[Deriver]:
        """Those that need to know what became of features."""
        return (self.derived,)

    def observe(self, batch: ColumnBatch) -> Outcome:
        """Take the rows of `batch` (n >= 1), which follow those observed before."""
        events = self._heard(self.derived.returned(self.alerts, self.rows, int(batch.times[0])))
        requests: list[RetrainRequest] = []
        for part in _cut(batch, self.rows):
            first = self.rows
            rows = np.arange(first, first + len(part), dtype=np.int64)
            clock = np.maximum(np.maximum.accumulate(part.times), self.clock)
            where = partial(self.positions.since, part, first)
            found = self._observe(part, rows, clock, where)
            requests += self.retraining.decide(found, rows, clock, where)
            events += found
            if self.rows % CUT == 0:
                events += self._end()
        return Outcome(drift_events=tuple(events), retrain_requests=tuple(requests), rows=len(batch))

    def minds(self, ms: int) -> bool:
        """Whether it may have to say something of so long a silence, whatever rows came before."""
        return self.derived.minds(ms)

    def silent(self, ms: int) -> list[DriftEvent]:
        """No source of the model has brought a row of it for so long."""
        return self._heard(self.derived.silent(ms, self.alerts, self.rows, self.clock))

    def _observe(
        self, batch: ColumnBatch, rows: NDArray[np.int64], clock: NDArray[np.int64], where: Where
    ) -> list[DriftEvent]:
        first = self.rows
        self.positions.observe(batch, first)
        self.versions.observe(batch, first)
        placed = self.segments.place(batch, first)
        sliced = self._sliced(placed, first)
        begins = self._admit(batch, sliced)
        carried = cells_of(self.series, batch, rows, begins)
        took = self._take(chain(carried, cells_of_slices(self.series, sliced)))
        derived = self._derive(batch, first)  # from what was found in the cells above
        indicators = indicators_of(self.series, took.usable)
        more = self._take(chain(indicators, cells_of_slices(self.series, derived)))
        full = [*took.full, *more.full]
        findings = [self._noted(one) for one in self._decide(full, {**took.rehearsals, **more.rehearsals})]
        findings += self.outcomes.findings()
        findings += self.treatment.observe(placed, first, self.outcomes, self.segments)
        self.history.observe(batch.times, [one.summed() for one in full])
        self.association.observe(batch, first)
        self.rows += len(batch)
        self.clock = int(clock[-1])
        return self.alerts.decide(findings, rows, clock, where)

    def _sliced(self, placed: Placed, first: int) -> Sequence[SeriesSlice]:
        """Errors of pairs, and what the rows of segments hold."""
        errors = self.outcomes.observe(placed.batch, first)
        if self.outcomes.joined is not None:
            self.versions.labelled(self.outcomes.joined)
        self.side_by_side.observe(self.outcomes)
        return [*errors, *self.segments.observe(placed, first, self.outcomes)]

    def _admit(self, batch: ColumnBatch, sliced: Sequence[SeriesSlice]) -> dict[SeriesKey, int]:
        """Make monitors for series that appear here for the first time, in order of appearance and up to the cap.

        Returns the position of the first cell of each new one.
        """
        new = [(int(one.rows[0]) - self.rows, one.key) for one in sliced if one.key not in self.series]
        for name in batch.columns:
            if name.startswith(FEATURE):
                if SeriesKey(name, None) not in self.series and name not in self.excluded:
                    new.append((_first_present(batch.columns[name].codes), SeriesKey(name, None)))
                continue
            if name.startswith(BY_CLASS) and name in self.dropped:
                continue
            for at, version in enumerate(batch.versions):
                if SeriesKey(name, version) not in self.series:
                    codes = np.where(batch.version_at == at, batch.columns[name].codes, np.uint8(Cell.NONE))
                    new.append((_first_present(codes), SeriesKey(name, version)))
        begins = {key: begin for begin, key in sorted(new, key=_by_appearance) if begin < len(batch)}
        for key, begin in begins.items():
            self._add(key, self.rows + begin)
        if begins:
            self.split_budget()
        return begins

    def split_budget(self) -> None:
        """Share the alarm budget of the sequential tests among the series there are now."""
        self.allowance.split([monitor.born for monitor in self.series.values()])

    def _add(self, key: SeriesKey, born: int) -> None:
        """Watch a new series, a feature together with its missing indicator, unless it is excluded or one too many."""
        if key.name in self.excluded or not self._parameters_of(key):
            self.excluded.add(key.name)
            return
        keys = [key]
        if key.name.startswith(FEATURE) and key.segment is None:
            keys.append(SeriesKey(MISSING + key.name.removeprefix(FEATURE), None))
        if self._crowded(key, len(keys)):
            self.dropped.add(key.name if key.segment is None else f"{key.name} where {key.segment}")
            return
        for one in keys:
            self.series[one] = self.new_series(one, born)

    def _crowded(self, key: SeriesKey, more: int) -> bool:
        """Whether so many series more would be too many; the few of the model as a whole do not count, whenever they begin."""
        cap = self.parameters.caps.series
        if key.name in OF_MODEL and key.segment is None:
            return False
        if key.name.startswith(BY_CLASS):  # a class that is left out of one version is left out of all
            classes = sum(k.version == key.version and k.name.startswith(BY_CLASS) for k in self.series)
            if key.name in self.dropped or classes >= self.parameters.caps.classes:
                return True
        if len(self.series) + more <= cap:
            return False
        return sum(key.name not in OF_MODEL or key.segment is not None for key in self.series) + more > cap

    def watches(self, key: SeriesKey) -> bool:
        """Whether the configuration wants `key` to be watched."""
        return self._parameters_of(key) is not None

    def new_series(self, key: SeriesKey, born: int) -> SeriesMonitor:
        """A fresh monitor for `key`, first seen at the row `born`; it must not be excluded."""
        parameters = self._parameters_of(key)
        assert parameters is not None
        monitor = SeriesMonitor(
            key,
            parameters,
            self._catalogue,
            tests=self.tests,
            categories=self.parameters.caps.categories,
            born=born,
        )
        monitor.screen = self.derived.screen_of(key)
        return monitor

    def _parameters_of(self, key: SeriesKey) -> SeriesParameters | None:
        if key.segment is not None:
            return self.parameters.of_segment(key.name) if self.segments.slicing_of(key) else None
        if key.name.startswith(FEATURE):
            return self.parameters.of_feature(key.name.removeprefix(FEATURE))
        if key.name.startswith(MISSING):
            return self.parameters.of_indicator(key.name.removeprefix(MISSING))
        return self.parameters.of_output(key.name, key.version)

    def _take(self, cells: Iterable[Cells]) -> Took:
        """Give series their cells, and note the faults in them."""
        took = take(cells)
        for fault in took.faults:
            self.derived.note(*fault)
        return took

    def _derive(self, batch: ColumnBatch, first: int) -> Sequence[SeriesSlice]:
        """The cells of series that are computed from rows; one that is new begins to be watched."""
        found = [one for deriver in self._derivers for one in deriver.observe(batch, first)]
        for one in found:
            if one.key not in self.series:
                self._add(one.key, int(one.rows[0]))
                self.split_budget()
        return found

    def _decide(self, full: Sequence[Full], rehearsals: Mapping[SeriesKey, Blocks]) -> list[Finding]:
        """Advance the sequential tests of all series at once; then every series decides."""
        arrived: dict[Hashable, Blocks] = dict(rehearsals.items())
        for one in full:
            if one.monitors[0].tested:
                self._arrive(one, arrived)
        alarms = self.tests.advance(arrived)
        findings: list[Finding] = []
        for one in full:
            m = len(one.closed.rows)
            for place, monitor in enumerate(one.monitors):
                said, alarmed = one.fired.get(place, {}), alarms.get(monitor.key, ())
                if monitor.key in rehearsals:
                    learned = len(rehearsals[monitor.key].weights)
                    alarmed = [alarm._replace(at=alarm.at - learned) for alarm in alarmed]
                if said or alarmed or monitor.stirred:
                    findings += monitor.decide(m, said, alarmed)
        return [replace(one, at_fault=self.derived.at_fault(one)) for one in findings]

    def _arrive(self, full: Full, arrived: dict[Hashable, Blocks]) -> None:
        """Blocks that series in step closed are on their way to their tests, behind those of a rehearsal."""
        (numbers, rows, times, _, elapsed), level = full.closed, full.level
        weights = self.allowance.weights(rows[:, 0], elapsed)
        for place, monitor in enumerate(full.monitors):
            values = level if level is not None else numbers[place if len(numbers) > 1 else 0]
            blocks, rehearsed = Blocks(values, times, weights), arrived.get(monitor.key)
            arrived[monitor.key] = blocks if rehearsed is None else rehearsed.followed(blocks)

    def _noted(self, finding: Finding) -> Finding:
        """With what is known of the model's performance since the change."""
        note = self.outcomes.note(finding.series, finding.change_row, finding.row)
        return finding if note is None else replace(finding, performance=note)

    def _end(self) -> list[DriftEvent]:
        """At a row that no batch decides: what is over, what drifts did, and the facts that are looked at now and then."""
        self.outcomes.settle()
        events = [*self._retire(), *self._adopt(), *self._judge()]
        self.association.end()
        return self._heard([*events, *self.derived.look(self.series, self.alerts, self.rows - 1, self.clock)])

    def _heard(self, events: Sequence[DriftEvent]) -> list[DriftEvent]:
        """Drift events that rest on no row of a batch, once the policy for retraining knows of them."""
        for event in events:
            self.retraining.hear(event)
        return list(events)

    def _retire(self) -> list[DriftEvent]:
        """End the series of versions that have been silent for long; their alerts are resolved."""
        events = []
        for version in self.versions.retire(self.rows):
            for key in [key for key in self.series if key.version == version]:
                if self.series.pop(key).tested:
                    self.tests.remove(key)
            self.outcomes.retire(version)
            self.segments.retire(version)
            self.treatment.retire(version)
            self.side_by_side.retire(version)
            for deriver in self._derivers:
                deriver.retire(version)
            self.split_budget()
            events += self.alerts.retire(version, self.rows - 1, self.clock)
        return events

    def _adopt(self) -> list[DriftEvent]:
        """Where that is the policy: end drifts that have lasted, and learn the new regime as the new normal."""
        if self.parameters.after_drift is AfterDrift.KEEP:
            return []
        events = []
        for key, monitor in sorted(self.series.items(), key=lambda one: one[0].order):
            if monitor.has_settled:
                monitor.warm_anew()
                events += self.alerts.adopt(key, self.rows - 1, self.clock)
        return events

    def _judge(self) -> list[DriftEvent]:
        """Say of open drifts what they did to performance, where it was not known yet or is another by now."""
        events: list[DriftEvent] = []
        for key in sorted(self.series.keys() & self.alerts.open.keys(), key=lambda key: key.order):
            note = self.outcomes.note(key, self.alerts.open[key].change_point_row, self.rows - 1)
            if note is not None:
                events += self.alerts.judge(key, note, self.rows - 1, self.clock)
        return events


def _cut(batch: ColumnBatch, first_row: int) -> Iterator[ColumnBatch]:
    """`batch` cut where the model's row ordinal is a multiple of CUT: what happens there does not depend on batches."""
    cuts = range((first_row // CUT + 1) * CUT - first_row, len(batch), CUT)
    borders = [0, *cuts, len(batch)]
    if len(borders) == 2:
        yield batch
        return
    for begin, end in pairwise(borders):
        yield batch.slice(begin, end)


def _by_appearance(new: tuple[int, SeriesKey]) -> tuple[int, str, str, str]:
    begin, key = new
    return begin, *key.order


def _first_present(codes: NDArray[np.uint8]) -> int:
    """Position of the first cell that is there; the length if none is."""
    here = (codes != Cell.NONE) & (codes != Cell.ABSENT)
    return int(here.argmax()) if here.any() else len(here)
