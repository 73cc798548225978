"""`python -m bench`: what an event costs, next to the floor, to a loop written in an afternoon, and to other tools.

Every section prints its table as it comes; ratios are of one run. `--write` puts the tables into the report.
"""

import argparse
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from bench import figures
from bench.asked import Asked
from bench.kafka import Kafka
from bench.peers.environment import ROOT
from bench.profiling import profile_core
from bench.report import REPORT, write
from bench.sections import core, latency, memory, on_kafka, restore, scaling, workers
from bench.stream import records

_LEAST: Final = 10_000  # events: fewer do not fill the windows of the peers


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A part of the report. measure: gives its Markdown."""

    title: str
    measure: Callable[[Asked], str]


SECTIONS: Final[Mapping[str, Section]] = {
    "core": Section(title="The core: bytes to drift events", measure=core.core),
    "replay": Section(title="The same, seen from outside", measure=core.replay),
    "kafka": Section(title="End to end on real Kafka", measure=on_kafka.on_kafka),
    "peers": Section(title="Others on the same events", measure=on_kafka.peers),
    "scaling": Section(title="How the cost of a value scales", measure=scaling.scaling),
    "workers": Section(title="Several workers", measure=workers.workers),
    "memory": Section(title="Memory", measure=memory.memory),
    "restore": Section(title="Restore", measure=restore.restore),
    "latency": Section(title="How soon an alarm can be read", measure=latency.latency),
    "profile": Section(title="Where the time goes", measure=core.profile),
}


def main(arguments: Sequence[str] | None = None) -> None:
    asked = _parse(arguments)
    if asked.profile:
        print(figures.hot_list(profile_core(records(asked.events))))
        return
    with Kafka(asked.bootstrap) as kafka:
        given = Asked(events=asked.events, repeats=asked.repeats, quick=asked.quick, kafka=kafka)
        print(f"{given.events:,} events, medians of {given.repeats}\n")
        for name in asked.only:
            print(f"## {SECTIONS[name].title} ({name})\n", flush=True)
            found = SECTIONS[name].measure(given)
            print(f"\n{found}\n", flush=True)
            if asked.write:
                write(name, found, _command(asked))
    print(figures.machine())


def _command(asked: argparse.Namespace) -> str:
    return f"python -m bench --events {asked.events} --repeats {asked.repeats} --write"


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--events", type=int, default=200_000)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument(
        "--only", type=_sections, default=list(SECTIONS), metavar="NAMES", help=f"of {', '.join(SECTIONS)}"
    )
    parser.add_argument("--quick", action="store_true", help="small and once: does it work, not how fast")
    parser.add_argument(
        "--no-kafka", action="store_const", const=["core"], dest="only", help="the same as --only core"
    )
    parser.add_argument("--bootstrap", help="a broker that runs already; else one is started")
    parser.add_argument("--profile", choices=("core",), help="where the time of every step goes, instead")
    parser.add_argument(
        "--write", action="store_true", help=f"put the result into {REPORT.relative_to(ROOT)}"
    )
    asked = parser.parse_args(arguments)
    if asked.quick:
        asked.events, asked.repeats = _LEAST, 1
    if asked.events < _LEAST or asked.repeats < 1:
        parser.error(f"at least {_LEAST:,} events and one repeat")
    if asked.write and asked.quick:
        parser.error("--write needs full sizes: leave out --quick")
    return asked


def _sections(names: str) -> list[str]:
    wanted = names.split(",")
    if unknown := sorted(set(wanted) - set(SECTIONS)):
        raise argparse.ArgumentTypeError(f"no section {', '.join(unknown)}")
    return [name for name in SECTIONS if name in wanted]


if __name__ == "__main__":
    main()
