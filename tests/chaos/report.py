"""What a run of chaos has shown, what must be true of it, and the table that says so."""

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.chaos.disturbance import Done
from tests.chaos.truth import Learned
from tests.chaos.verdict import Folded, Outcome, history_told, places, unlike
from tests.chaos.workload import Item, Workload
from tests.property.history_sums import Sums

BEGIN: Final = "<!-- chaos:begin -->"
END: Final = "<!-- chaos:end -->"
MIN_DRIFT_EVENTS: Final = 30
FATES: Final = (
    "joined",
    "expired",
    "late",
    "duplicate_label",
    "conflicting_label",
    "orphan_label",
    "label_without_id",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """workload: what was fed in. disturbed, calm: what the two runs left. folded: what the disturbed one's log leads to.

    learned: what its states know of labels; truth: what they must.
    """

    workload: Workload
    done: Done
    rebalances: int
    aborts: int
    early_rows: int
    disturbed: Outcome
    calm: Outcome
    folded: Folded
    learned: Learned
    truth: Learned

    def check(self) -> None:
        """Raise AssertionError unless everything holds that is promised."""
        found, expected = places(self.disturbed), Counter(self.workload.expected.items())
        assert not (found - expected), f"twice or in the wrong place: {_some(found - expected)}"
        assert not (expected - found), f"missing: {_some(expected - found)}"
        published = [read.value or b"" for read in self.disturbed.alerts]
        assert Counter(published) == Counter(self.folded.alerts), "drift events are not the fold of the log"
        assert len(set(published)) == len(published), "a drift event is published twice"
        assert len(published) >= MIN_DRIFT_EVENTS, f"only {len(published)} drift events: it proves little"
        differing = _differences(self.disturbed.states, self.folded.states)
        assert not differing, f"states are not the fold of the log: {differing}"
        counted = unlike(history_told(self.disturbed), self.folded.history)
        assert not counted, f"the history does not add up to the log: {_some(counted)}"
        assert self.folded.late == 0, f"{self.folded.late} rows were late: nothing is promised then"
        assert self.folded.held == 0, f"{self.folded.held} rows still wait"
        self._check_labels()
        self._check_against_calm(published)

    def _check_labels(self) -> None:
        different = self.truth.differences(self.learned)
        assert not different, (
            f"of labels is known otherwise than the naive join and scikit-learn say: {different}"
        )
        without = [name for name in FATES if not self.truth.counts.get(name)]
        assert not without, f"no label or prediction was {without}: it proves little"

    def _check_against_calm(self, published: list[bytes]) -> None:
        calm = [read.value or b"" for read in self.calm.alerts]
        assert Counter(published) == Counter(calm), "drift events differ from those of an undisturbed worker"
        assert places(self.calm) == Counter(self.workload.expected.items())
        differing = _differences(self.disturbed.series_and_models, self.calm.series_and_models)
        assert not differing, f"states differ from those of an undisturbed worker: {differing}"
        counted = unlike(history_told(self.disturbed), history_told(self.calm))
        assert not counted, f"the history differs from that of an undisturbed worker: {_some(counted)}"

    def table(self) -> str:
        """Markdown."""
        rows = [*self._what_was_done(), *self._what_came_of_it()]
        return "\n".join(
            ["| what | number |", "| --- | ---: |", *(f"| {what} | {n:,} |" for what, n in rows)]
        )

    def _what_was_done(self) -> list[tuple[str, int]]:
        done = self.done
        return [
            ("worker killed (kill -9), in all", done.kills.total()),
            *((f"– {_in_words(kind)}", n) for kind, n in sorted(done.kills.items())),
            ("worker paused for longer than its session", done.pauses),
            ("broker killed (kill -9) and started again", done.broker_kills),
            ("broker restarted", done.broker_restarts),
            ("workers that joined and left meanwhile", done.joins),
            ("rebalances, as workers saw them", self.rebalances),
            ("transactions aborted by workers that lived on", self.aborts),
        ]

    def _what_came_of_it(self) -> list[tuple[str, int]]:
        found, expected = places(self.disturbed), Counter(self.workload.expected.items())
        published = [read.value or b"" for read in self.disturbed.alerts]
        stored, folded = self.disturbed.states, self.folded.states
        calm, own = self.calm.series_and_models, self.disturbed.series_and_models
        return [
            ("input events", len(self.workload.expected)),
            ("– read while it was disturbed", self.early_rows),
            ("rows in the columns topic", self.folded.rows),
            ("dead letters", len(self.disturbed.dead_letters)),
            ("**events missing**", (expected - found).total()),
            ("**events twice**", (found - expected).total()),
            ("drift events published", len(published)),
            ("**published twice**", len(published) - len(set(published))),
            ("**other than the fold of the columns topic says**", _unlike(published, self.folded.alerts)),
            (
                "**other than an undisturbed worker published**",
                _unlike(published, [r.value or b"" for r in self.calm.alerts]),
            ),
            ("states stored", len(stored)),
            (
                "– equal to the fold of the columns topic, byte for byte",
                sum(folded.get(k) == v for k, v in stored.items()),
            ),
            ("states of series and models", len(own)),
            (
                "– equal to those of an undisturbed worker, byte for byte",
                sum(calm.get(k) == v for k, v in own.items()),
            ),
            ("records of history", len(self.disturbed.history)),
            (
                "**counted otherwise than an undisturbed worker did**",
                unlike(history_told(self.disturbed), history_told(self.calm)).total(),
            ),
            ("rows that came late", self.folded.late),
            *self._what_labels_came_to(),
        ]

    def _what_labels_came_to(self) -> list[tuple[str, int]]:
        known, different = self.learned.counts, self.truth.differences(self.learned)
        figures = len(self.truth.figures) + len(self.truth.expected)
        return [
            ("labels of one of the models", known["labels"]),
            *((f"– {name.replace('_', ' ')}", known.get(name, 0)) for name in FATES),
            ("performance figures of the pairs", figures),
            ("**counts and figures other than a naive join and scikit-learn say**", len(different)),
        ]


def write_into(page: Path, table: str) -> None:
    """Replace what stands between the markers in `page`."""
    text = page.read_text()
    parts = re.split(f"({re.escape(BEGIN)}|{re.escape(END)})", text)
    if len(parts) != 5:
        raise SystemExit(f"{page} has no pair of {BEGIN} and {END}")
    page.write_text("".join([parts[0], BEGIN, f"\n{table}\n", END, parts[4]]))


def _unlike(one: list[bytes], other: object) -> int:
    assert isinstance(other, list)
    first, second = Counter(one), Counter(other)
    return (first - second).total() + (second - first).total()


def _differences(
    one: Mapping[tuple[int, str], bytes], other: Mapping[tuple[int, str], bytes]
) -> list[tuple[int, str]]:
    return sorted(key for key in one.keys() | other.keys() if one.get(key) != other.get(key))


def _some(counter: Counter[tuple[Item, str]] | Sums) -> str:
    return f"{counter.total()}, such as {list(counter)[:5]}"


def _in_words(kind: str) -> str:
    return kind if kind.startswith("at any") else f"in the commit, at `{kind}`"
