"""A group coordinator in memory: members, who owns what, committed offsets. Deterministic; nothing happens by itself.

Rebalancing is cooperative and sticky: a partition moves only after its owner has given it up, in a poll of its own.
A member that is expired (its session ended) owns nothing at once, but does not know it before its next poll: a zombie.
"""

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from stream_monitor.core.events import Source


class Noted(NamedTuple):
    """A committed offset and the note committed with it."""

    offset: int
    note: str


class Handle(NamedTuple):
    """What a process knows of its membership: stale after it was expired or replaced."""

    member: str
    epoch: int


@dataclass(slots=True)
class _Member:
    epoch: int
    topics: frozenset[str]
    owned: set[Source] = field(default_factory=set)


class Group:
    """Members in the order in which they joined, the target assignment, and the committed offsets."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.offsets: dict[Source, Noted] = {}
        self._members: dict[str, _Member] = {}
        self._epochs = itertools.count(1)
        self._numbers = itertools.count(1)
        self._target: dict[Source, str] = {}
        self._target_of: tuple[int, int] | None = None
        self._version = 0

    def join(self, instance_id: str | None) -> Handle:
        """A new member; with an instance id (KIP-345) it replaces the one that had it and gets its partitions."""
        name = instance_id if instance_id is not None else f"member-{next(self._numbers)}"
        before = self._members.get(name)
        epoch = next(self._epochs)
        self._members[name] = _Member(epoch, frozenset(), before.owned if before else set())
        self._version += 1
        return Handle(name, epoch)

    def leave(self, handle: Handle) -> None:
        """Leave, or be expired by the broker: what the member owned is free."""
        if self.knows(handle):
            del self._members[handle.member]
            self._version += 1

    def expire(self, member: str) -> None:
        """The session of a member has ended. Raises KeyError when there is no such member."""
        del self._members[member]
        self._version += 1

    def members(self) -> Sequence[str]:
        """Names, in order of joining."""
        return list(self._members)

    def knows(self, handle: Handle) -> bool:
        """Whether the handle is of a current member."""
        member = self._members.get(handle.member)
        return member is not None and member.epoch == handle.epoch

    def replaced(self, handle: Handle) -> bool:
        """Whether another process has joined with the same instance id."""
        member = self._members.get(handle.member)
        return member is not None and member.epoch != handle.epoch

    def subscribe(self, handle: Handle, topics: Iterable[str]) -> None:
        """The topics a member reads, as it sees them now."""
        member, wanted = self._members[handle.member], frozenset(topics)
        if member.topics != wanted:
            member.topics = wanted
            self._version += 1

    def give_up(self, handle: Handle, counts: Mapping[str, int], version: int) -> Sequence[Source]:
        """Partitions the member owns and must hand over."""
        self._rebalance(counts, version)
        owned = self._members[handle.member].owned
        return sorted(source for source in owned if self._target.get(source) != handle.member)

    def gave_up(self, handle: Handle, sources: Iterable[Source]) -> None:
        """They are free now."""
        self._members[handle.member].owned.difference_update(sources)

    def take(self, handle: Handle, counts: Mapping[str, int], version: int) -> Sequence[Source]:
        """Make the member owner of all that is meant for it and free; everything it owns then."""
        self._rebalance(counts, version)
        held = {
            source
            for name, member in self._members.items()
            if name != handle.member
            for source in member.owned
        }
        own = self._members[handle.member].owned
        own.update(
            source for source, name in self._target.items() if name == handle.member and source not in held
        )
        return sorted(own)

    def forget_topic(self, topic: str) -> None:
        """The topic was deleted: its offsets and owners go."""
        self.offsets = {source: noted for source, noted in self.offsets.items() if source.topic != topic}
        for member in self._members.values():
            member.owned = {source for source in member.owned if source.topic != topic}
        self._version += 1

    def _rebalance(self, counts: Mapping[str, int], version: int) -> None:
        """Spread all partitions evenly; who owns one keeps it as far as that allows."""
        if self._target_of == (self._version, version):
            return
        self._target_of = (self._version, version)
        subscribed = frozenset(itertools.chain.from_iterable(m.topics for m in self._members.values()))
        free = {
            Source(topic, number) for topic in sorted(subscribed) for number in range(counts.get(topic, 0))
        }
        self._target = {}
        if not self._members:
            return
        floor, extra = divmod(len(free), len(self._members))
        kept: dict[str, list[Source]] = {}
        for name, member in sorted(self._members.items(), key=lambda item: -len(item[1].owned)):
            kept[name] = sorted(member.owned & free)[: floor + (extra > 0)]
            extra -= len(kept[name]) > floor
            free.difference_update(kept[name])
        for source in sorted(free):
            name = min(self._members, key=lambda each: len(kept[each]))
            kept[name].append(source)
        self._target = {source: name for name, sources in kept.items() for source in sources}
