"""Times the answers of the dashboard's API: models × series with an hour of history by the minute, over HTTP on loopback.

    python -m bench.dashboard [--models 20] [--series 500]

Prints the median and the best of some requests each, compressed, as a browser makes them, and the CPU time of the best: client
and server are one process.
"""

import argparse
import gzip
import http.client
import time
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from prometheus_client import CollectorRegistry

from stream_monitor.app.effective import Effective
from stream_monitor.config import load
from stream_monitor.core.detector import Kind
from stream_monitor.core.history import ModelHistory, SeriesHistory
from stream_monitor.core.reference_status import ReferenceOrigin, ReferenceStatus, SeriesReference
from stream_monitor.core.status import ModelStatus, Phase, SeriesStatus
from stream_monitor.memory.log import MemoryLog
from stream_monitor.memory.topics import MemoryOperationsWriter
from stream_monitor.runtime.board.board import Board
from stream_monitor.telemetry.collector import Build
from stream_monitor.web.app import Published, create_app
from stream_monitor.web.dashboard import Dashboard, Endpoints
from stream_monitor.web.server import start
from tests.unit.runtime.board.boards import TOPICS, tell

MINUTE, MINUTES, GROUPS, TIMES = 60_000, 60, 20, 15
NOW = 1_795_255_200_000
PATHS = (
    "/overview",
    "/models/m0",
    "/models/m0/heat?buckets=60",
    "/models/m0/series?name=feature:f0",
    "/alerts",
    "/pipeline",
    "/configuration",
)


def filled_board(models: int, series: int) -> Board:
    board = Board(TOPICS)
    generator = np.random.default_rng(1)
    for number in range(models):
        name = f"m{number}"
        tell(board, status(name, series), references(name, series), *history(name, series, generator))
    return board


def status(name: str, series: int) -> ModelStatus:
    rows = [
        SeriesStatus(
            series=f"feature:f{at}",
            version=None,
            kind=Kind.NUMERIC,
            phase=Phase.WATCHING,
            warm_up=1.0,
            values=1_000_000,
            missing=0.01,
            effect=0.1,
            gauges={"adwin/value/width": 1_000.0},
            quality={},
            waiting=False,
            blind=False,
            test=None,
        )
        for at in range(series)
    ]
    return ModelStatus(
        model=name,
        time=NOW,
        rows=1_000_000,
        late_rows=0,
        held_rows=0,
        series=tuple(rows),
        series_dropped=0,
        open_alerts=(),
        budget_credit=1.0,
        drift_events=0,
        suppressed=0,
    )


def references(name: str, series: int) -> ReferenceStatus:
    one = SeriesReference(
        series="",
        version=None,
        segment=None,
        kind=Kind.NUMERIC,
        origin=ReferenceOrigin.LEARNED,
        id="0f1e2d3c4b5a6978",
        size=1_000,
        missing=0.01,
        mean=0.0,
        sd=1.0,
        groups=tuple([f"{at} to {at + 1}" for at in range(GROUPS)]),
        edges=tuple([float(at) for at in range(GROUPS - 1)]),
        categories=None,
        shares=(1 / GROUPS,) * GROUPS,
    )
    return ReferenceStatus(
        model=name, series=tuple([replace(one, series=f"feature:f{at}") for at in range(series)])
    )


def history(name: str, series: int, generator: np.random.Generator) -> Iterator[ModelHistory]:
    starts = tuple([NOW - (MINUTES - at) * MINUTE for at in range(MINUTES)])
    counts = generator.poisson(50, (series, MINUTES, GROUPS))
    yield ModelHistory(
        model=name,
        as_of=NOW,
        width=MINUTE,
        starts=starts,
        rows=(1_000,) * MINUTES,
        series=tuple(
            [
                SeriesHistory(
                    series=f"feature:f{at}",
                    version=None,
                    segment=None,
                    reference="0f1e2d3c4b5a6978",
                    evidence=0.25,
                    at=tuple(range(MINUTES)),
                    values=tuple(counts[at].sum(axis=1).tolist()),
                    unusable=(0,) * MINUTES,
                    counts=tuple(map(tuple, counts[at].tolist())),
                )
                for at in range(series)
            ]
        ),
    )


def timed(connection: http.client.HTTPConnection, path: str) -> tuple[list[float], list[float], int, int]:
    """Seconds and CPU seconds of each request; bytes compressed and not."""
    seconds, cpu, compressed, plain = [], [], 0, 0
    for _ in range(TIMES):
        began, cpu_began = time.perf_counter(), time.process_time()
        connection.request("GET", f"/api/v1{path}", headers={"Accept-Encoding": "gzip"})
        response = connection.getresponse()
        body = response.read()
        seconds.append(time.perf_counter() - began)
        cpu.append(time.process_time() - cpu_began)
        assert response.status == 200, body
        compressed = len(body)
        plain = len(gzip.decompress(body)) if response.headers["content-encoding"] == "gzip" else len(body)
    return seconds, cpu, compressed, plain


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--models", type=int, default=20)
    parser.add_argument("--series", type=int, default=500)
    wanted = parser.parse_args()
    began = time.perf_counter()
    board = filled_board(wanted.models, wanted.series)
    print(f"{wanted.models} models × {wanted.series} series: folded in {time.perf_counter() - began:.1f} s")
    print(*board.problems(), sep="\n")
    settings = load(None, {}, {}, for_kafka=False)
    endpoints = Endpoints(
        Dashboard(
            board=lambda _: board,
            writer=MemoryOperationsWriter(MemoryLog(), TOPICS.operations),
            configuration=Effective(settings, token=None),
            token=None,
            wall=lambda: NOW,
        )
    )
    build = Build(version="0", python="", librdkafka="", configuration="")
    published = Published(registry=CollectorRegistry(), build=build, endpoints=endpoints)
    with start("127.0.0.1", 0, create_app(published)) as server:
        connection = http.client.HTTPConnection(server.host, server.port)
        print(f"{'answer':<40} {'median ms':>10} {'best ms':>8} {'CPU ms':>8} {'kB':>8} {'gzip kB':>8}")
        for path in PATHS:
            seconds, cpu, compressed, plain = timed(connection, path)
            median, best = 1_000 * float(np.median(seconds)), 1_000 * min(seconds)
            times = f"{median:>10.1f} {best:>8.1f} {1_000 * min(cpu):>8.1f}"
            print(f"{path:<40} {times} {plain / 1e3:>8.1f} {compressed / 1e3:>8.1f}")
        connection.close()


if __name__ == "__main__":
    main()
