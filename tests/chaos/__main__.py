"""`make chaos`: run it on a broker of its own and print the table. Options: --events, --seed, --kills, --write."""

import argparse
import shutil
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from tests.chaos.report import write_into
from tests.chaos.run import Size, run
from tests.kafka_broker import KafkaCluster

PAGE = Path(__file__).parents[2] / "docs" / "delivery-semantics.md"


def main() -> None:
    size = Size()
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--events", type=int, default=size.events, help="input events (default %(default)s)")
    parser.add_argument(
        "--seed", type=int, default=size.seed, help="of events and disturbances (%(default)s)"
    )
    parser.add_argument(
        "--per-step",
        type=int,
        default=size.plan.per_step,
        help="kills at each step of the commit (%(default)s)",
    )
    parser.add_argument("--write", action="store_true", help=f"put the table into {PAGE.name}")
    options = parser.parse_args()
    plan = replace(size.plan, per_step=options.per_step)
    directory = Path(tempfile.mkdtemp(prefix="stream-monitor-chaos-"))
    cluster = KafkaCluster(directory=directory / "kafka")
    print(f"seed {options.seed}; logs in {directory}", flush=True)
    began = time.monotonic()
    try:
        cluster.start()
        report = run(cluster, directory, Size(events=options.events, plan=plan, seed=options.seed))
    finally:
        cluster.remove()
    print(report.table())
    report.check()
    shutil.rmtree(directory)  # the logs are for what does not hold
    print(f"\nEverything holds. {time.monotonic() - began:.0f} s.")
    if options.write:
        write_into(PAGE, report.table())


if __name__ == "__main__":
    main()
