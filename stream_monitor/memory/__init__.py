"""Kafka in memory: the twin of `stream_monitor.kafka` behind the same ports. Public: the demo and tests run on it.

Deterministic, synchronous; one thread, but for a `MemoryTopicReader`, which may be in another. Crashes, zombies, aborts and
fencing are explicit calls.
"""

from stream_monitor.memory.checkpointer import InjectedAbort, InjectedTimeout, MemoryCheckpointer
from stream_monitor.memory.group import Group
from stream_monitor.memory.log import MemoryLog
from stream_monitor.memory.source import MemorySource
from stream_monitor.memory.state_store import MemoryStateStore
from stream_monitor.memory.topics import MemoryOperationsWriter, MemoryTopicReader

__all__ = [
    "Group",
    "InjectedAbort",
    "InjectedTimeout",
    "MemoryCheckpointer",
    "MemoryLog",
    "MemoryOperationsWriter",
    "MemorySource",
    "MemoryStateStore",
    "MemoryTopicReader",
]
