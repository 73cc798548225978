"""Where reading a partition starts, and when that would lose or repeat data. Pure: both adapters ask the same rules.

Offsets are committed with a note: the id of the topic they belong to. A broker forgets the offsets of a deleted topic
[GroupCoordinatorService.onPartitionsDeleted], so the notes on the columns partitions also remember the inputs' ids.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple, TypeAlias

from stream_monitor.core.events import Source
from stream_monitor.runtime.ports import LostData

OnLostData: TypeAlias = Literal["stop", "continue"]

# offset.metadata.max.bytes is 4096 by default; 35 bytes a topic, so the first 100 topics by digest are remembered.
NOTE_LIMIT: Final = 3500


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is known of a partition when it is about to be read.

    committed: of the group, None when there is none. recorded_id: the topic's id when the group last committed, if known.
    low, high: first offset present, and one behind the last (READ_UNCOMMITTED), both taken after `committed`.
    """

    committed: int | None
    recorded_id: str | None
    topic_id: str
    low: int
    high: int


class Start(NamedTuple):
    """Where to start. lost: what is gone, in words, when the policy is to continue; else None."""

    offset: int
    lost: str | None


def start_offset(source: Source, facts: Facts, *, group: str, on_lost_data: OnLostData) -> Start:
    """The committed offset; the first one present when the group has never read the partition.

    Raises LostData when records between are gone or the topic is another one, unless `on_lost_data` is "continue": then
    reading starts at the first offset present and `lost` says why.
    """
    problem = _problem(source, facts)
    if problem is None:
        return Start(facts.low if facts.committed is None else facts.committed, None)
    if on_lost_data == "stop":
        raise LostData(f"{problem}; {way_out(group)}")
    return Start(facts.low, problem)


def removed(facts: Facts) -> int:
    """How many records, counted as offsets, were removed before they were read; of a recreated or cut topic nobody knows.

    >>> removed(Facts(committed=20, recorded_id="aaa", topic_id="aaa", low=30, high=40))
    10
    """
    if facts.committed is None or facts.recorded_id not in {None, facts.topic_id}:
        return 0
    return max(0, facts.low - facts.committed)


def out_of_range(source: Source, offset: int, *, group: str) -> LostData:
    """The error of a partition whose records vanished while it was being read."""
    return LostData(f"{_name(source)}: offset {offset} is no longer on the broker; {way_out(group)}")


def recreated(topic: str, recorded: str, current: str, *, group: str) -> LostData:
    """The error of a topic that was replaced by another one of the same name."""
    return LostData(f"{_recreated(topic, recorded, current)}; {way_out(group)}")


def way_out(group: str) -> str:
    """What a person can do about lost data."""
    return (
        "set kafka.on_lost_data to continue to go on from the first record still there and accept the gap, or start"
        f" afresh with another kafka.group_id than {group} and another kafka.topic_prefix"
    )


def expired_group(group: str, columns: str) -> LostData:
    """The error of a columns topic that has committed records for a group that has no offset at all.

    Both are written in one transaction, so the offsets have expired (offsets.retention.minutes) or the group is another.
    """
    return LostData(
        f"group {group} has no committed offset, but {columns} holds records of an earlier run: the offsets have"
        " expired (the broker's offsets.retention.minutes) or were deleted, or kafka.group_id was changed; reading the"
        f" input again would count it twice; {way_out(group)}"
    )


def note(topic: str, ids: Mapping[str, str], inputs: Iterable[str] = ()) -> str:
    """What is committed beside an offset of `topic`: its id, and the ids of `inputs` (for a columns partition).

    >>> note("columns", {"columns": "aaa", "clicks": "bbb"}, ["clicks"])
    'aaa 5ffa15d77e0d=bbb'
    """
    parts = sorted(f"{_digest(name)}={ids[name]}" for name in inputs if name in ids)
    text = " ".join([ids.get(topic, ""), *parts])
    return text if len(text) <= NOTE_LIMIT else text[:NOTE_LIMIT].rpartition(" ")[0]


def recorded_id(own: str | None, columns: Iterable[str | None], source: Source, current: str) -> str | None:
    """Id of the source's topic when the group last committed: by the partition's own note, else by the columns' notes.

    Of notes that differ (a recreated topic that was accepted, and a columns partition idle since) `current` is believed.

    >>> recorded_id(None, ["aaa 5ffa15d77e0d=bbb"], Source("clicks", 0), "ddd")
    'bbb'
    >>> recorded_id("ccc", [], Source("clicks", 0), "ddd")
    'ccc'
    """
    if own:
        return own.split(" ", 1)[0] or None
    wanted = f"{_digest(source.topic)}="
    found = {
        part.removeprefix(wanted)
        for text in columns
        for part in (text or "").split(" ")[1:]
        if part.startswith(wanted)
    }
    return current if current in found else next(iter(sorted(found)), None)


def _problem(source: Source, facts: Facts) -> str | None:
    if facts.recorded_id is not None and facts.recorded_id != facts.topic_id:
        return _recreated(source.topic, facts.recorded_id, facts.topic_id)
    if facts.committed is None:
        return None
    if facts.committed < facts.low:
        return (
            f"{_name(source)}: offsets {facts.committed} to {facts.low - 1} were removed before they were read"
            " (retention is shorter than the time the monitor was behind or stopped)"
        )
    if facts.committed > facts.high:
        return (
            f"{_name(source)}: committed up to {facts.committed}, but the log ends at {facts.high}"
            " (records were lost by the broker, or the topic was restored from an older copy)"
        )
    return None


def _recreated(topic: str, recorded: str, current: str) -> str:
    return f"topic {topic} was deleted and created again (its id was {recorded}, now it is {current})"


def _name(source: Source) -> str:
    return f"topic {source.topic} partition {source.partition}"


def _digest(topic: str) -> str:
    return hashlib.blake2b(topic.encode(), digest_size=6).hexdigest()
