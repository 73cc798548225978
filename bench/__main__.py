"""`python -m bench`: what an event costs in every step of the core, and end to end on real Kafka, next to the floor."""

import argparse
import datetime as dt
import json
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from bench import figures
from bench.core_path import Core, Stopwatch
from bench.produce import fill
from bench.profiling import profile_core
from bench.reader import Cost
from bench.stream import FEATURES, PARTITIONS, records
from stream_monitor.core.events import Record, Source
from tests.kafka_broker import KafkaCluster

_ROOT: Final = Path(__file__).parents[1]
_REPORT: Final = _ROOT / "docs" / "benchmarks" / "performance.md"
_BEGIN: Final = "<!-- bench:begin -->"
_END: Final = "<!-- bench:end -->"
_READER_SECONDS: Final = 900.0
_WARM_UP: Final = 3_000  # events: imports, and the references of all series


def main(arguments: Sequence[str] | None = None) -> None:
    asked = _parse(arguments)
    stream = records(asked.events)
    _warm_up()
    if asked.profile:
        print(figures.hot_list(profile_core(stream)))
        return
    core = figures.table(figures.core_lines(list(_core_runs(stream, asked.repeats)), asked.events))
    print(
        f"Core, {asked.events:,} events, {FEATURES} numeric features, median of {asked.repeats}\n\n{core}\n"
    )
    if asked.no_kafka:
        return
    with _broker(asked.bootstrap) as bootstrap:
        pairs = list(_kafka_pairs(bootstrap, asked.events, asked.repeats))
    end_to_end = figures.table(figures.kafka_lines(pairs))
    print(f"On Kafka, {PARTITIONS} input partitions, one worker\n\n{end_to_end}\n")
    if asked.write:
        profile = profile_core(stream, top=6)
        del profile["publish"]  # a few drift events: no time to speak of
        _write(asked.events, asked.repeats, [core, end_to_end, figures.hot_list(profile)])


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--events", type=int, default=200_000)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--quick", action="store_true", help="10,000 events once: does it work, not how fast")
    parser.add_argument("--no-kafka", action="store_true", help="the core only")
    parser.add_argument("--bootstrap", help="a broker that runs already; else one is started")
    parser.add_argument("--profile", choices=("core",), help="where the time of every step goes, instead")
    parser.add_argument(
        "--write", action="store_true", help=f"put the result into {_REPORT.relative_to(_ROOT)}"
    )
    asked = parser.parse_args(arguments)
    if asked.quick:
        asked.events, asked.repeats = 10_000, 1
    if asked.events < _WARM_UP or asked.repeats < 1:
        parser.error(f"at least {_WARM_UP} events and one repeat")
    if asked.write and asked.no_kafka:
        parser.error("--write needs the whole picture: leave out --no-kafka")
    return asked


def _warm_up() -> None:
    """Imports that happen at first use are paid once, whatever the number of events."""
    Core(Stopwatch()).run(records(_WARM_UP))


def _core_runs(stream: Mapping[Source, Sequence[Record]], repeats: int) -> Iterator[Mapping[str, float]]:
    for _ in range(repeats):
        watch = Stopwatch()
        core = Core(watch)
        core.run(stream)
        if not core.drift_events:
            raise RuntimeError("no drift was found in a stream that drifts: there is nothing to measure")
        yield watch.seconds


def _kafka_pairs(bootstrap: str, events: int, repeats: int) -> Iterator[tuple[Cost, Cost]]:
    """Floor and monitor in turn, each in a process of its own, on a topic of this run."""
    topic = f"bench-features-{uuid.uuid4().hex[:8]}"
    fill(bootstrap, topic, events)
    for _ in range(repeats):
        floor = _read("floor", bootstrap, topic, events)
        monitor = _read("monitor", bootstrap, topic, events)
        if not monitor.drift_events:
            raise RuntimeError("the service published no drift event of a stream that drifts")
        yield floor, monitor


@contextmanager
def _broker(named: str | None) -> Iterator[str]:
    """Address of the broker that was named, or of one that lives as long as the block."""
    if named:
        yield named
        return
    with tempfile.TemporaryDirectory() as directory:
        cluster = KafkaCluster(directory=Path(directory) / "kafka")
        try:
            cluster.start()
            yield cluster.bootstrap
        finally:
            cluster.remove()


def _read(what: str, bootstrap: str, topic: str, events: int) -> Cost:
    command = [sys.executable, "-m", "bench.reader", what, bootstrap, topic, str(events)]
    done = subprocess.run(
        command, cwd=_ROOT, capture_output=True, text=True, check=False, timeout=_READER_SECONDS
    )
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} ended with {done.returncode}:\n{done.stderr}")
    return Cost(**json.loads(done.stdout))


def _write(events: int, repeats: int, tables: Sequence[str]) -> None:
    """Replace what is between the marks of the report; the words around it are written by people."""
    core, end_to_end, profile = tables
    text = _REPORT.read_text(encoding="utf-8")
    before, _, rest = text.partition(_BEGIN)
    _, _, after = rest.partition(_END)
    today = dt.datetime.now(tz=dt.UTC).date()
    between = f"""
Measured on {today} by `python -m bench --write`: {events:,} events of {FEATURES} numeric features, medians of {repeats} runs.

{figures.machine()}

### The core: bytes to drift events

{core}

### End to end on real Kafka

{PARTITIONS} input partitions, one worker, one broker on the same machine.

{end_to_end}

### Where the time goes

Shares of a step's time under cProfile, functions of 2% and more.

{profile}
"""
    _REPORT.write_text(f"{before}{_BEGIN}\n{between}\n{_END}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
