"""Twenty models of five hundred features: the page stays quick. The board is filled in memory, the browser is real."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import pytest
from playwright.sync_api import Browser, expect
from prometheus_client import CollectorRegistry

from stream_monitor.app.effective import Effective
from stream_monitor.config import load
from stream_monitor.core.detector import Kind
from stream_monitor.core.history import ModelHistory, SeriesHistory
from stream_monitor.core.reference_status import ReferenceOrigin, ReferenceStatus, SeriesReference
from stream_monitor.core.status import ModelStatus, Phase, SeriesStatus
from stream_monitor.formats.encoded import EncodedRecord
from stream_monitor.runtime.board.board import Board
from stream_monitor.runtime.deadline import Deadline
from stream_monitor.web.app import Published, create_app
from stream_monitor.web.dashboard import Dashboard as ServedDashboard
from stream_monitor.web.dashboard import Endpoints
from stream_monitor.web.server import start
from tests.e2e.dashboard_pages import Dashboard, chromium, tab
from tests.unit.runtime.board.boards import TOPICS, tell
from tests.views import BUILD

MODELS, FEATURES, BUCKETS, GROUPS = 20, 500, 30, 10
MINUTE = 60_000
NOW = time.time_ns() // 1_000_000 // MINUTE * MINUTE
RANDOM = np.random.default_rng(20_261_122)
NAMES = [f"feature:f{place:03}" for place in range(FEATURES)]
SHARES = (0.0, *[1 / (GROUPS - 2)] * (GROUPS - 2), 0.0)
WATCHED = SeriesStatus(
    series="",
    version=None,
    kind=Kind.NUMERIC,
    phase=Phase.WATCHING,
    warm_up=1.0,
    values=100_000,
    missing=0.01,
    effect=0.02,
    gauges={},
    quality={},
    waiting=False,
    blind=False,
    test=None,
)
NORMAL = SeriesReference(
    series="",
    version=None,
    segment=None,
    kind=Kind.NUMERIC,
    origin=ReferenceOrigin.GIVEN,
    id="0f1e2d3c4b5a6978",
    size=10_000,
    missing=0.01,
    mean=5.0,
    sd=2.0,
    groups=tuple(f"{place} to {place + 1}" for place in range(GROUPS)),
    edges=tuple(float(place) for place in range(GROUPS - 1)),
    categories=None,
    shares=SHARES,
)


def a_status(model: str, rows: int) -> ModelStatus:
    return ModelStatus(
        model=model,
        time=NOW,
        rows=rows,
        late_rows=0,
        held_rows=0,
        series=tuple(
            replace(
                WATCHED,
                series=name,
                phase=Phase.DRIFTING if place < 5 else Phase.WATCHING,
                effect=1.5 if place < 5 else 0.02,
            )
            for place, name in enumerate(NAMES)
        ),
        series_dropped=0,
        open_alerts=(),
        budget_credit=1.0,
        drift_events=0,
        suppressed=0,
    )


def a_history(model: str, starts: Sequence[int]) -> ModelHistory:
    counts = RANDOM.multinomial(256, SHARES, (FEATURES, len(starts)))
    counts[:5, len(starts) // 2 :, 1:4] = 0  # the first features lose the lower part of their values
    return ModelHistory(
        model=model,
        as_of=NOW,
        width=MINUTE,
        starts=tuple(starts),
        rows=(256,) * len(starts),
        series=tuple(
            SeriesHistory(
                series=name,
                version=None,
                segment=None,
                reference=NORMAL.id,
                evidence=0.25,
                at=tuple(range(len(starts))),
                values=(256,) * len(starts),
                unusable=(2,) * len(starts),
                counts=tuple(map(tuple, counts[place].tolist())),
            )
            for place, name in enumerate(NAMES)
        ),
        performance=(),
        labels=None,
    )


class Nowhere:
    """An `OperationsWriter` that nobody writes to here."""

    def write(self, record: EncodedRecord, deadline: Deadline) -> None:
        raise AssertionError(record, deadline)

    def close(self) -> None: ...


@pytest.fixture(scope="module")
def board() -> Board:
    filled = Board(TOPICS)
    starts = [NOW - (BUCKETS - place) * MINUTE for place in range(BUCKETS)]
    for place in range(MODELS):
        model = f"model-{place:02}"
        references = ReferenceStatus(
            model=model, series=tuple(replace(NORMAL, series=name) for name in NAMES)
        )
        tell(filled, references, a_status(model, 1_000_000), a_history(model, starts), written=NOW)
    filled.told(caught_up=True, problem=None)
    return filled


@pytest.fixture(scope="module")
def url(board: Board) -> Iterator[str]:
    settings = load(None, {}, {"kafka.bootstrap_servers": "nowhere:9092", "discovery.topics": ["events"]})
    endpoints = Endpoints(
        ServedDashboard(
            board=lambda _: board,
            writer=Nowhere(),
            configuration=Effective(settings, token=None),
            token=None,
            wall=lambda: time.time_ns() // 1_000_000,
        )
    )
    app = create_app(Published(registry=CollectorRegistry(), build=BUILD, endpoints=endpoints))
    with start("127.0.0.1", 0, app) as server:
        yield server.url
        endpoints.close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


@pytest.fixture
def dashboard(browser: Browser, url: str) -> Iterator[Dashboard]:
    with tab(browser, url) as opened:
        yield opened


def test_a_model_of_five_hundred_features_is_shown_and_updated(dashboard: Dashboard, board: Board) -> None:
    page = dashboard.page
    began = time.perf_counter()
    dashboard.open("models/model-00", "model-00")
    page.get_by_role("application", name="Drift score of 500 series").wait_for()
    shown = time.perf_counter() - began
    table = page.get_by_role("table", name="Series of model-00")
    assert table.get_attribute("aria-rowcount") == "501"
    assert table.locator("tbody tr").count() == 40  # a page of them, however many there are
    assert "drifting" in table.locator("tbody tr").first.inner_text()
    paint = page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime")
    page.evaluate(
        """() => {
        window.longest = 0;
        const note = list => list.getEntries().forEach(task => { window.longest = Math.max(window.longest, task.duration) });
        new PerformanceObserver(note).observe({type: 'longtask'});
        }"""
    )
    began = time.perf_counter()
    tell(board, a_status("model-00", 7_654_321), a_history("model-00", [NOW]), written=NOW + 5_000)
    expect(page.locator("dl.facts")).to_contain_text("7.7 M")
    updated = time.perf_counter() - began
    page.wait_for_timeout(500)
    print(
        f"\n{FEATURES} features of {MODELS} models: first paint {paint:.0f} ms, everything after {shown:.1f} s,"
        f" an update after {updated:.1f} s, longest task of it {page.evaluate('window.longest'):.0f} ms"
    )


def test_the_overview_of_twenty_wide_models_is_one_table(dashboard: Dashboard) -> None:
    page = dashboard.open("", "Overview").page
    expect(page.locator("table.models tbody tr")).to_have_count(MODELS)
    assert "5/500" in page.locator("table.models tbody tr").first.inner_text()


def test_the_last_page_and_the_last_row_of_the_heat_strip_are_reached(dashboard: Dashboard) -> None:
    page = dashboard.open("models/model-07", "model-07").page
    pages = page.get_by_role("navigation", name="Pages")
    for _ in range(12):
        pages.get_by_role("button", name="Next").click()
    expect(pages).to_contain_text("481–500 of 500")
    assert pages.get_by_role("button", name="Next").is_disabled()
    strip = page.get_by_role("application", name="Drift score")
    strip.focus()
    for _ in range(60):
        page.keyboard.press("PageDown")
    said = page.locator(".heat-said")
    expect(said).to_contain_text("feature:f")
    before = said.inner_text()
    page.keyboard.press("ArrowDown")
    expect(said).to_have_text(before)  # there is no row below
    assert page.evaluate("document.querySelector('.heat-box').scrollTop") > 8_000
