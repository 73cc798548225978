"""Real Apache Kafka for the tests: one or three combined KRaft nodes on loopback, no containers.

Owns the processes and their scratch directory: whatever happens to the test run (also kill -9), no broker stays
behind. Knows nothing of what is tested.  ``python -m tests.kafka_broker`` is the same broker for a developer.
"""

import argparse
import base64
import contextlib
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Final, Protocol

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from tests.kafka_jars import KAFKA_FILES, java, kafka_jars

HEAP: Final = (
    "-Xms256m",
    "-Xmx384m",
    "-XX:MaxDirectMemorySize=64m",
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
)
STARTED: Final = "Kafka Server started"
READY_TIMEOUT: Final = 90.0
STOP_TIMEOUT: Final = 20.0
OPERATION_TIMEOUT: Final = 30.0
# Below the ephemeral range (32768 on Linux): no client socket can take a broker's port while it is being restarted.
PORTS: Final = range(20_000, 32_000)

# Ends with the test process, whatever ended that: reads process ids from a pipe and kills what is left at its end.
GUARDIAN: Final = """
import os, signal, sys
alive = set()
for line in sys.stdin:
    sign, process = line[0], int(line[1:])
    (alive.add if sign == "+" else alive.discard)(process)
for process in alive:
    try:
        os.kill(process, signal.SIGKILL)
    except ProcessLookupError:
        pass
"""


class RunningKafka(Protocol):
    """What a test that only needs a broker may ask of it: our own cluster, or one named by the environment."""

    @property
    def bootstrap(self) -> str: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ExternalKafka:
    """A broker that somebody else runs (STREAM_MONITOR_TEST_BOOTSTRAP)."""

    bootstrap: str


@dataclass(slots=True, kw_only=True)
class Node:
    """One combined broker and controller."""

    id: int
    client_port: int
    controller_port: int
    directory_id: str
    process: subprocess.Popen[bytes] | None = None
    starts: int = 0

    @property
    def running(self) -> bool:
        return self.process is not None and self.process.poll() is None


@dataclass(slots=True, kw_only=True)
class KafkaCluster:
    """Apache Kafka of the version in tests/kafka/pom.xml, 200 MB of memory and 4 s of start a node.

    ``directory`` holds configuration, logs and data; ``properties`` are added to server.properties of every node;
    ``ports`` fixes the client ports (else free ones are chosen; a restart keeps them).
    """

    directory: Path
    size: int = 1
    properties: Mapping[str, str | int] = field(default_factory=dict)
    ports: Sequence[int] = ()
    nodes: list[Node] = field(default_factory=list, init=False)
    _guardian: subprocess.Popen[str] | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        if self.size not in {1, 3}:
            raise ValueError(f"a cluster has one node or three, not {self.size}")
        chosen = [*self.ports, *free_ports(2 * self.size - len(self.ports))]
        self.nodes = [
            Node(
                id=i + 1,
                client_port=chosen[i],
                controller_port=chosen[self.size + i],
                directory_id=_kafka_id(),
            )
            for i in range(self.size)
        ]

    @property
    def bootstrap(self) -> str:
        """Addresses for ``bootstrap.servers``."""
        return ",".join(f"127.0.0.1:{node.client_port}" for node in self.nodes)

    def start(self) -> None:
        """Format the log directories, start every node, return when all serve clients (1 node 6 s, 3 nodes 15 s)."""
        self.directory.mkdir(parents=True, exist_ok=True)
        cluster_id = _kafka_id()
        for node in self.nodes:
            self._configure(node)
            self._format(node, cluster_id)
        for node in self.nodes:
            self._launch(node)
        self.wait_until_ready()

    def stop(self) -> None:
        """End every node gracefully, then by force; all of them at once."""
        running = [node for node in self.nodes if node.running]
        for node in running:
            self._signal(node.id, signal.SIGCONT)  # a paused process cannot obey
            self._signal(node.id, signal.SIGTERM)
        deadline = time.monotonic() + STOP_TIMEOUT
        for node in running:
            self._reap(node, max(0.0, deadline - time.monotonic()))
        if self._guardian is not None:
            self._guardian.communicate()
            self._guardian = None

    def remove(self) -> None:
        """Stop and delete data and logs."""
        self.stop()
        shutil.rmtree(self.directory, ignore_errors=True)

    def terminate(self, node: int = 1) -> None:
        """End one node gracefully (it hands over leadership) and wait for its end."""
        self._signal(node, signal.SIGTERM)
        self._reap(self._node(node), STOP_TIMEOUT)

    def kill(self, node: int = 1) -> None:
        """kill -9 of one node."""
        self._signal(node, signal.SIGKILL)
        self._reap(self._node(node), STOP_TIMEOUT)

    def restart(self, node: int = 1) -> None:
        """Start a node that was ended (a running one is ended gracefully first); return when it serves clients."""
        if self._node(node).running:
            self.terminate(node)
        self._launch(self._node(node))
        self.wait_until_ready()

    def pause(self, node: int = 1) -> None:
        """SIGSTOP: connections stay open, nothing answers."""
        self._signal(node, signal.SIGSTOP)

    def resume(self, node: int = 1) -> None:
        """SIGCONT after ``pause``."""
        self._signal(node, signal.SIGCONT)

    def wait_until_ready(self, timeout: float = READY_TIMEOUT) -> None:
        """Return when every node that runs says it is started and is seen by the others, else raise with its log."""
        deadline = time.monotonic() + timeout
        running = {node.id: node for node in self.nodes if node.process is not None}
        waiting = dict(running)
        while waiting:
            for node in list(waiting.values()):
                if STARTED in self._log_text(node):
                    del waiting[node.id]
                elif not node.running or time.monotonic() > deadline:
                    raise RuntimeError(f"Kafka node {node.id} did not start:\n{self.log_tail(node.id)}")
            time.sleep(0.1)
        _wait_for_brokers(self.bootstrap, set(running), deadline)

    def log_tail(self, node: int = 1, lines: int = 40) -> str:
        """Last lines of the log of a node's latest start."""
        return "\n".join(self._log_text(self._node(node)).splitlines()[-lines:])

    def _node(self, node: int) -> Node:
        return self.nodes[node - 1]

    def _log_path(self, node: Node) -> Path:
        return self.directory / f"node-{node.id}-start-{node.starts}.log"

    def _log_text(self, node: Node) -> str:
        return self._log_path(node).read_text(errors="replace")

    def _properties_path(self, node: Node) -> Path:
        return self.directory / f"node-{node.id}.properties"

    def _configure(self, node: Node) -> None:
        listeners = f"PLAINTEXT://127.0.0.1:{node.client_port},CONTROLLER://127.0.0.1:{node.controller_port}"
        replicas, in_sync = (1, 1) if self.size == 1 else (3, 2)
        own: dict[str, str | int] = {
            "node.id": node.id,
            "controller.quorum.bootstrap.servers": ",".join(
                f"127.0.0.1:{n.controller_port}" for n in self.nodes
            ),
            "listeners": listeners,
            "advertised.listeners": listeners,
            "log.dirs": str(self.directory / f"data-{node.id}"),
            "offsets.topic.replication.factor": replicas,
            "transaction.state.log.replication.factor": replicas,
            "transaction.state.log.min.isr": in_sync,
            "share.coordinator.state.topic.replication.factor": replicas,
            "share.coordinator.state.topic.min.isr": in_sync,
            "default.replication.factor": replicas,
            "min.insync.replicas": in_sync,
            **self.properties,
        }
        common = (KAFKA_FILES / "server.properties").read_text()
        text = common + "".join(f"{key}={value}\n" for key, value in own.items())
        self._properties_path(node).write_text(text)

    def _format(self, node: Node, cluster_id: str) -> None:
        command = [*self._java(), "kafka.tools.StorageTool", "format", "-t", cluster_id]
        command += ["-c", str(self._properties_path(node)), "--ignore-formatted"]
        if self.size == 1:
            command += ["--standalone"]
        else:
            voters = (f"{n.id}@127.0.0.1:{n.controller_port}:{n.directory_id}" for n in self.nodes)
            command += ["--initial-controllers", ",".join(voters)]
        # StorageTool prints the whole of KafkaConfig.
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=READY_TIMEOUT)
        (self.directory / f"node-{node.id}-format.log").write_text(done.stdout + done.stderr)
        if done.returncode != 0:
            raise RuntimeError(
                f"cannot format the log directory of node {node.id}:\n{done.stdout}{done.stderr}"
            )

    def _launch(self, node: Node) -> None:
        node.starts += 1
        command = [*self._java(*HEAP), "kafka.Kafka", str(self._properties_path(node))]
        with self._log_path(node).open("wb") as log:
            # Its own session: Ctrl-C reaches the tests, which then end the broker in order.
            node.process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._tell_guardian("+", node.process.pid)

    def _java(self, *options: str) -> list[str]:
        scratch = (
            self.directory / "tmp"
        )  # zstd and snappy unpack native code here; /tmp may be mounted noexec
        scratch.mkdir(exist_ok=True)
        logging = f"-Dlog4j2.configurationFile={KAFKA_FILES / 'log4j2.properties'}"
        # The JVM expands the star.
        return [
            *(java(), *options, "-Djava.awt.headless=true", f"-Djava.io.tmpdir={scratch}"),
            *(f"-DZstdTempFolder={scratch}", f"-Dorg.xerial.snappy.tempdir={scratch}"),
            *(logging, "-cp", f"{kafka_jars()}/*"),
        ]

    def _signal(self, node: int, number: signal.Signals) -> None:
        process = self._node(node).process
        if process is None or process.poll() is not None:
            raise RuntimeError(f"Kafka node {node} is not running:\n{self.log_tail(node)}")
        process.send_signal(number)

    def _reap(self, node: Node, timeout: float) -> None:
        process = node.process
        if process is None:
            return
        try:
            process.wait(timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        self._tell_guardian("-", process.pid)
        node.process = None

    def _tell_guardian(self, sign: str, process: int) -> None:
        if self._guardian is None:
            self._guardian = subprocess.Popen(
                [sys.executable, "-c", GUARDIAN], stdin=subprocess.PIPE, text=True, start_new_session=True
            )
        pipe: IO[str] | None = self._guardian.stdin
        assert pipe is not None
        pipe.write(f"{sign}{process}\n")
        pipe.flush()


def create_topic(
    bootstrap: str, name: str, *, partitions: int = 1, config: Mapping[str, str] | None = None
) -> str:
    """Create a topic, wait until it can be used, and return its name."""
    client = AdminClient({"bootstrap.servers": bootstrap})
    topic = NewTopic(name, num_partitions=partitions, config=dict(config or {}))
    client.create_topics([topic], operation_timeout=OPERATION_TIMEOUT)[name].result(OPERATION_TIMEOUT)

    def has_leaders() -> bool:
        seen = client.list_topics(name, timeout=5).topics[name].partitions
        return len(seen) == partitions and all(p.leader >= 0 and p.error is None for p in seen.values())

    _wait(has_leaders, time.monotonic() + OPERATION_TIMEOUT, f"topic {name} has no leaders")
    return name


def leader(bootstrap: str, topic: str, partition: int = 0) -> int:
    """Id of the node that leads a partition now, -1 for none: the one to kill."""
    return (
        AdminClient({"bootstrap.servers": bootstrap})
        .list_topics(topic, timeout=10)
        .topics[topic]
        .partitions[partition]
        .leader
    )


def free_ports(number: int) -> list[int]:
    """Distinct loopback ports on which nobody listens."""
    found: list[int] = []
    for port in random.SystemRandom().sample(PORTS, len(PORTS)):
        if len(found) == number:
            break
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            found.append(port)
    return found


def _kafka_id() -> str:
    """A Kafka UUID: base64url of 16 bytes; one that starts with '-' would look like an option."""
    while (text := base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")).startswith("-"):
        pass
    return text


def _wait_for_brokers(bootstrap: str, expected: set[int], deadline: float) -> None:
    client = AdminClient({"bootstrap.servers": bootstrap, "log_level": 0})

    def all_seen() -> bool:
        return set(client.list_topics(timeout=5).brokers) >= expected

    _wait(all_seen, deadline, f"brokers {sorted(expected)} do not all answer at {bootstrap}")


def _wait(condition: Callable[[], bool], deadline: float, what: str) -> None:
    while True:
        with contextlib.suppress(KafkaException):  # not there yet: that is what we wait for
            if condition():
                return
        if time.monotonic() > deadline:
            raise TimeoutError(what)
        time.sleep(0.1)


def main() -> None:
    """Run a broker in the foreground until Ctrl-C."""
    parser = argparse.ArgumentParser(prog="python -m tests.kafka_broker", description=main.__doc__)
    parser.add_argument("--nodes", type=int, choices=(1, 3), default=1)
    parser.add_argument("--port", type=int, default=9092, help="first client port (default %(default)s)")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="a server property")
    options = parser.parse_args()
    properties = dict(re.split("=", item, maxsplit=1) for item in options.set)
    ports = range(options.port, options.port + options.nodes)
    directory = Path(tempfile.mkdtemp(prefix="stream-monitor-kafka-"))
    cluster = KafkaCluster(directory=directory, size=options.nodes, ports=ports, properties=properties)
    for number in (signal.SIGINT, signal.SIGTERM):  # a shell starts background jobs with SIGINT ignored
        signal.signal(number, signal.default_int_handler)
    try:
        cluster.start()
        print(
            f"bootstrap.servers={cluster.bootstrap}   (logs in {directory}; Ctrl-C ends it and deletes its data)"
        )
        sys.stdout.flush()
        signal.pause()
    except KeyboardInterrupt:
        print("stopping")
    finally:
        cluster.remove()


if __name__ == "__main__":
    main()
