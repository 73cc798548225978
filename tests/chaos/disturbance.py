"""What is done to a running group: kills at every step and at random, a pause, broker restarts, joins and leaves; seeded."""

import random
import signal
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Final

from stream_monitor.kafka.failpoints import STEPS
from tests.chaos.crew import Crew, WorkerProcess
from tests.kafka_broker import KafkaCluster

ANY_TIME: Final = "at any time"
NAMELESS: Final = "at any time, without an instance id"
AT_MOST_COMMITS: Final = 4
PAUSE_SECONDS: Final = 8.0  # longer than the session of the workers


@dataclass(slots=True, kw_only=True)
class Done:
    """What happened. kills: by kind."""

    kills: Counter[str] = field(default_factory=Counter)
    broker_kills: int = 0
    broker_restarts: int = 0
    pauses: int = 0
    joins: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How much of everything. per_step: kills at each named step of the commit."""

    per_step: int = 3
    any_time: int = 6
    nameless: int = 1
    joins: int = 5

    def kills(self, dice: random.Random) -> Sequence[str]:
        kinds = [step for step in STEPS for _ in range(self.per_step)] + [ANY_TIME] * self.any_time
        dice.shuffle(kinds)
        return kinds


def disturb(crew: Crew, cluster: KafkaCluster, plan: Plan, seed: int) -> tuple[Done, list[WorkerProcess]]:
    """Do it all. Returns what was done, and the two workers that live at the end."""
    dice, done = random.Random(seed), Done()
    kinds = plan.kills(dice)
    halves = [("a", kinds[::2], dice.randrange(2**32)), ("b", kinds[1::2], dice.randrange(2**32))]
    with ThreadPoolExecutor(2) as both:
        for killed in both.map(lambda half: _kill_again_and_again(crew, *half), halves):
            done.kills += killed
    for _ in range(plan.nameless):
        done.kills += _kill_a_nameless_one(crew, dice)
    workers = [crew.start(name, instance_id=name) for name in ("a", "b")]
    for worker in workers:
        worker.wait_until_ready()
    _restart_broker(cluster, done, dice)
    _storm(crew, plan.joins, done, dice)
    _pause(workers[1], done)
    return done, workers


def _kill_again_and_again(crew: Crew, name: str, kinds: Sequence[str], seed: int) -> Counter[str]:
    """One worker with a stable instance id dies and comes back, while the other one does the same."""
    dice = random.Random(seed)
    for kind in kinds:
        if kind in STEPS:
            failpoint = f"{kind}:{dice.randint(1, AT_MOST_COMMITS)}"
            crew.start(name, instance_id=name, failpoint=failpoint).die_at_failpoint()
        else:
            worker = crew.start(name, instance_id=name)
            if dice.random() < 0.7:
                worker.wait_until_ready()
            time.sleep(dice.uniform(0.2, 2.5))
            worker.kill()
    return Counter(kinds)


def _kill_a_nameless_one(crew: Crew, dice: random.Random) -> Counter[str]:
    """Nobody comes back with its name: its session and its transaction have to time out."""
    worker = crew.start("nameless")
    worker.wait_until_ready()
    time.sleep(dice.uniform(0.5, 2.0))
    worker.kill()
    return Counter([NAMELESS])


def _restart_broker(cluster: KafkaCluster, done: Done, dice: random.Random) -> None:
    """Once by kill -9, once in order; the workers live through both."""
    time.sleep(dice.uniform(1.0, 2.0))
    cluster.kill()
    cluster.restart()
    done.broker_kills += 1
    time.sleep(dice.uniform(3.0, 5.0))
    cluster.restart()
    done.broker_restarts += 1
    time.sleep(3.0)


def _storm(crew: Crew, joins: int, done: Done, dice: random.Random) -> None:
    """More workers join and leave in order, faster than the group comes to rest."""
    guests: list[WorkerProcess] = []
    for _ in range(joins):
        guests.append(crew.start("guest"))
        done.joins += 1
        time.sleep(dice.uniform(0.5, 3.0))
        if len(guests) > 1:
            _leave(guests.pop(0))
    for guest in guests:
        guest.wait_until_ready()
        _leave(guest)


def _leave(guest: WorkerProcess) -> None:
    """SIGTERM, but not before it can take one."""
    guest.wait_until_running()
    guest.stop()


def _pause(worker: WorkerProcess, done: Done) -> None:
    """Stopped for longer than its session: it wakes up as a zombie, and must not commit what it still holds."""
    worker.process.send_signal(signal.SIGSTOP)
    time.sleep(PAUSE_SECONDS)
    worker.process.send_signal(signal.SIGCONT)
    done.pauses += 1
    time.sleep(3.0)
