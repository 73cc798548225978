"""The dashboard in a real browser, of a monitor that reads a real Kafka: every view, live, with keyboard, in both schemes."""

import time
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.e2e.dashboard_events import CHURN, CREDIT, ETA, FRAUD, IMPORTANCE, STORIES, WARMING, one_of
from tests.e2e.dashboard_monitor import Monitor, an_alert, produce, watching
from tests.e2e.dashboard_pages import PATIENCE_MS, SCREENSHOTS, Dashboard, Scheme, chromium, tab
from tests.kafka_broker import RunningKafka

pytestmark = pytest.mark.kafka
TOKEN = "0123456789abcdef0123"
VIEWS = [
    "",
    f"models/{FRAUD}",
    f"models/{FRAUD}/series?name=feature:amount",
    f"models/{FRAUD}/series?name=feature:country",
]
VIEWS += [f"models/{FRAUD}/performance", f"models/{CREDIT}", "alerts?state=all", "pipeline", "configuration"]


@pytest.fixture(scope="module")
def monitor(kafka: RunningKafka, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Monitor]:
    with watching(
        kafka.bootstrap, tmp_path_factory.mktemp("dashboard"), token=TOKEN, slowly=bool(SCREENSHOTS)
    ) as running:
        yield running


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


@pytest.fixture
def dashboard(browser: Browser, monitor: Monitor) -> Iterator[Dashboard]:
    with tab(browser, monitor.url) as opened:
        yield opened


def test_the_overview_puts_first_what_needs_attention_and_shows_the_warm_up(dashboard: Dashboard) -> None:
    dashboard.open("", "Overview")
    rows = dashboard.page.locator("table.models tbody tr")
    expect(rows).to_have_count(len(STORIES))
    assert "needs attention" in rows.nth(0).inner_text()
    assert FRAUD in rows.nth(0).inner_text() or ETA in rows.nth(0).inner_text()
    warming = rows.filter(has_text=CREDIT).inner_text()
    assert "warming up" in warming
    assert f"{WARMING}/1,000" in warming
    dashboard.see("Needs attention", "main h2")
    assert dashboard.page.locator(".incidents > li").count() >= 1
    dashboard.see("ready", ".workers")


def test_what_happens_is_shown_without_a_reload(dashboard: Dashboard, monitor: Monitor) -> None:
    facts = dashboard.open(f"models/{CHURN}", CHURN).page.locator("dl.facts")
    dashboard.see("live", ".side .connection")
    before = monitor.get(f"models/{CHURN}")["rows"]
    assert isinstance(before, int)
    expect(facts).to_contain_text(f"{before:,}")
    now = time.time_ns() // 1_000_000
    produce(monitor.installation, [one_of(CHURN, number, now + number) for number in range(4)])
    expect(facts).to_contain_text(f"{before + 4:,}", timeout=PATIENCE_MS)


def test_from_the_overview_down_to_the_evidence_and_back(dashboard: Dashboard) -> None:
    page = dashboard.open("", "Overview").page
    page.locator("table.models").get_by_role("link", name=FRAUD).click()
    page.get_by_role("heading", level=1, name=FRAUD).wait_for()
    assert page.title().startswith(FRAUD)
    assert page.evaluate("document.activeElement.id") == "main"  # a screen reader goes on in the new view
    amount = (
        page.get_by_role("table", name=f"Series of {FRAUD}")
        .get_by_role("row")
        .filter(has_text="amount")
        .first
    )
    assert "drifting" in amount.inner_text()
    amount.get_by_role("link").first.click()
    page.get_by_role("heading", level=1, name="amount").wait_for()
    page.locator("main > .alert-line .sentence a").first.click()
    page.get_by_role("heading", name="Evidence").wait_for()
    page.get_by_role("heading", name="Where the data is").wait_for()
    assert dashboard.text("h1").startswith(f"feature:amount of {FRAUD}")
    assert page.get_by_role("table", name="Positions").get_by_role("row").count() >= 2
    page.go_back()
    page.get_by_role("heading", level=1, name="amount").wait_for()
    page.locator(".crumbs").get_by_role("link", name=FRAUD).click()
    page.get_by_role("heading", level=1, name=FRAUD).wait_for()


def test_the_table_of_series_sorts_and_filters(dashboard: Dashboard) -> None:
    page = dashboard.open(f"models/{FRAUD}", FRAUD).page
    table = page.get_by_role("table", name=f"Series of {FRAUD}")
    table.get_by_role("button", name="effect").click()
    expect(table.get_by_role("columnheader", name="effect")).to_have_attribute("aria-sort", "descending")
    page.get_by_role("searchbox", name="Filter series").fill("missing:age")
    expect(table.locator("tbody tr")).to_have_count(1)
    assert "drifting" in table.locator("tbody tr").inner_text()
    # htm closes no tags by itself: every row has a cell for every column, and the drawings are in them
    cells = table.locator("tbody tr").first.locator("th, td")
    assert cells.count() == table.locator("thead th").count()
    assert table.locator("tbody .sparkline, tbody .mini").count() >= 1


def test_the_heat_strip_is_drawn_and_goes_by_keyboard(dashboard: Dashboard) -> None:
    page = dashboard.open(f"models/{FRAUD}", FRAUD).page
    strip = page.get_by_role("application", name="Drift score")
    strip.wait_for()
    page.wait_for_function(
        """() => {
        const canvas = document.querySelector('.heat canvas');
        const dots = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
        const colours = new Set();
        for (let i = 0; i < dots.length; i += 4) colours.add(dots[i] << 16 | dots[i + 1] << 8 | dots[i + 2]);
        return colours.size > 20;
        }"""
    )
    strip.focus()
    page.keyboard.press("ArrowDown")
    expect(page.locator(".heat-said")).to_contain_text("score")
    first = page.locator(".heat-said").inner_text()
    page.keyboard.press("ArrowDown")
    expect(page.locator(".heat-said")).not_to_have_text(first)
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Distribution").wait_for()
    assert "/series?name=" in page.url


def test_what_moved_and_matters_is_told_from_what_only_moved(dashboard: Dashboard) -> None:
    impact = dashboard.open(f"models/{FRAUD}", FRAUD).page.get_by_role("region", name="Impact")
    assert impact.locator("circle").count() == len(IMPORTANCE)
    impact.locator(".name").get_by_text("amount").wait_for()
    impact.get_by_role("link", name="feature:amount: effect").focus()
    dashboard.page.keyboard.press("Enter")
    dashboard.page.get_by_role("heading", level=1, name="amount").wait_for()


def test_the_heat_strip_has_a_table_instead(dashboard: Dashboard) -> None:
    page = dashboard.open(f"models/{FRAUD}", FRAUD).page
    page.get_by_role("button", name="Table").click()
    table = page.get_by_role("table", name="Drift scores of series")
    table.wait_for()
    assert table.get_by_role("link", name="amount").count() >= 1


def test_a_series_shows_its_drift_and_two_windows_side_by_side(dashboard: Dashboard) -> None:
    page = dashboard.open(f"models/{FRAUD}/series?name=feature:amount", "amount").page
    for name in ("Score", "Evidence", "Distribution", "Quantiles", "Missing", "Values"):
        page.get_by_role("heading", name=name, exact=True).wait_for()
    assert page.locator(".uplot canvas").count() == 5
    page.locator("figure[aria-label='Drift score over time'] summary").click()
    numbers = page.get_by_role("table", name="Drift score over time")
    expect(numbers.locator("tbody tr").nth(20)).to_be_visible()
    page.get_by_role("group", name="Window").get_by_role("button", name="5 min", exact=True).click()
    expect(page.locator(".histogram .legend")).to_contain_text("last 5 min")
    page.get_by_role("group", name="Against").get_by_role("button", name="start of the chart").click()
    expect(page.locator(".histogram .legend")).to_contain_text("start (")
    assert "window=5" in page.url  # a link shows somebody else the same
    assert "against=start" in page.url
    plot = page.locator("figure[aria-label='Drift score over time'] .u-over")
    plot.scroll_into_view_if_needed()
    box = plot.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 40, box["y"] + 40)
    page.mouse.down()
    page.mouse.move(box["x"] + 140, box["y"] + 40, steps=4)
    page.mouse.up()
    dashboard.see("A span of your own")


def test_a_categorical_series_shows_its_categories(dashboard: Dashboard) -> None:
    page = dashboard.open(f"models/{FRAUD}/series?name=feature:country", "country").page
    page.get_by_role("heading", name="Shares").wait_for()
    assert "PL" in dashboard.text(".categories")


def test_performance_has_intervals_estimates_and_labels(dashboard: Dashboard) -> None:
    page = dashboard.open(f"models/{FRAUD}/performance", FRAUD).page
    table = page.get_by_role("table", name="Figures of this version")
    table.wait_for()
    accuracy = table.get_by_role("row").filter(has=page.get_by_role("rowheader", name="accuracy", exact=True))
    assert "–" in accuracy.inner_text()
    assert "coverage" in dashboard.text(".facts.inside")
    assert "of those due" in dashboard.text(".facts.inside")
    page.locator("figure[aria-label='accuracy over time with its interval'] canvas").wait_for()
    dashboard.open(f"models/{CREDIT}/performance", CREDIT)
    dashboard.see("labels", "main")


def test_alerts_fold_into_incidents(dashboard: Dashboard) -> None:
    page = dashboard.open("alerts", "Alerts").page
    page.locator(".timeline a").first.wait_for()
    incident = page.locator(".incident").first
    incident.wait_for()
    assert incident.locator(".folded article").count() == 0
    unfold = incident.get_by_role("button", name="Unfold")
    unfold.click()
    assert incident.locator(".folded article").count() >= 2
    page.get_by_role("combobox", name="Model").select_option(ETA)
    expect(page.locator(".alert-line .model").first).to_have_text(ETA)
    page.get_by_role("button", name="resolved", exact=True).click()
    assert "state=resolved" in page.url


def test_an_alert_is_acknowledged_with_a_reason_and_taken_back(
    dashboard: Dashboard, monitor: Monitor
) -> None:
    alert = an_alert(monitor, FRAUD, "feature:amount")
    page = dashboard.open(f"alerts/{alert}").page
    page.get_by_role("button", name="Acknowledge").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Your name").fill("Ann")
    dialog.get_by_label("Reason").fill("the payments team knows")
    dialog.get_by_label("Token").fill("not the token")
    dialog.get_by_role("button", name="Acknowledge").click()
    dialog.get_by_role("alert").wait_for()
    assert "token" in dialog.get_by_role("alert").inner_text()
    dialog.get_by_label("Token").fill(TOKEN)
    dialog.get_by_role("button", name="Acknowledge").click()
    dashboard.see("acknowledged it")
    assert "the payments team knows" in dashboard.text()
    page.get_by_role("button", name="Take back").click()
    page.get_by_role("button", name="Acknowledge").wait_for()
    refused = [said for said in dashboard.complaints if "401" in said]
    assert len(refused) == 1  # a browser logs every refusal
    dashboard.complaints.remove(refused[0])


def test_a_series_is_muted_for_a_while_and_heard_again(dashboard: Dashboard, monitor: Monitor) -> None:
    alert = an_alert(monitor, FRAUD, "feature:country")
    page = dashboard.open(f"alerts/{alert}").page
    page.get_by_role("button", name="Mute").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Your name").fill("Ann")
    dialog.get_by_label("Reason").fill("migration of the upstream table")
    dialog.get_by_label("For").select_option("1h")
    dialog.get_by_label("Token").fill(TOKEN)
    dialog.get_by_role("button", name="Mute").click()
    dashboard.see("muted it, until")
    dashboard.open("alerts", "Alerts")
    muted = page.locator(".lines li").filter(has_text="migration of the upstream table")
    muted.wait_for()
    muted.get_by_role("button", name="Unmute").click()
    muted.wait_for(state="detached")


def test_the_pipeline_shows_partitions_and_why_records_were_rejected(
    dashboard: Dashboard, monitor: Monitor
) -> None:
    page = dashboard.open("pipeline", "Pipeline").page
    partitions = page.get_by_role("table", name="Partitions")
    partitions.get_by_role("row").filter(has_text=monitor.installation.topic).first.wait_for()
    rejected = page.get_by_role("region", name="Rejected")
    assert rejected.locator("li").count() >= 1
    assert page.get_by_role("region", name="Rebalances").locator("li").count() >= 1


def test_the_configuration_explains_the_budget_and_hides_secrets(
    dashboard: Dashboard, monitor: Monitor
) -> None:
    page = dashboard.open("configuration", "Configuration").page
    page.get_by_role("searchbox", name="Filter settings").fill("kafka.")
    dashboard.see(monitor.installation.group)
    page.get_by_role("searchbox", name="Filter settings").fill("")
    dashboard.see("http.token")
    assert TOKEN not in dashboard.text()
    assert "1 per week" in dashboard.text(".budgets")
    assert "false alarm" in dashboard.text(".budgets")


def test_the_scheme_follows_the_system_until_somebody_chooses(browser: Browser, monitor: Monitor) -> None:
    ground = "getComputedStyle(document.documentElement).backgroundColor"
    with tab(browser, monitor.url, "dark") as dashboard:
        page = dashboard.open().page
        dark = page.evaluate(ground)
        page.get_by_role("button", name="Use light colours").click()
        light = page.evaluate(ground)
        assert dark != light
        page.reload()
        page.get_by_role("button", name="Use dark colours").wait_for()
        assert page.evaluate(ground) == light


def test_one_stream_is_open_and_none_while_the_tab_is_hidden(browser: Browser, monitor: Monitor) -> None:
    with tab(browser, monitor.url) as dashboard:
        streams: list[str] = []
        dashboard.page.on(
            "request", lambda request: streams.append(request.url) if "/stream" in request.url else None
        )
        page = dashboard.open().page
        dashboard.see("live", ".side .connection")
        page.get_by_role("link", name="Pipeline").first.click()
        page.get_by_role("heading", name="Pipeline", level=1).wait_for()
        assert len(streams) == 1
        hide = "hidden => { Object.defineProperty(document, 'hidden', {value: hidden, configurable: true});"
        hide += " document.dispatchEvent(new Event('visibilitychange')) }"
        page.evaluate(hide, True)
        dashboard.see("paused", ".side .connection")
        page.evaluate(hide, False)
        dashboard.see("live", ".side .connection")
        assert len(streams) == 2


def test_the_content_is_one_key_away(dashboard: Dashboard) -> None:
    page = dashboard.open().page
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"


def test_an_address_that_leads_nowhere_says_so(dashboard: Dashboard) -> None:
    dashboard.open("no/such/place", "Nothing is here")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_serious_is_in_the_way_of_anybody(browser: Browser, monitor: Monitor, scheme: Scheme) -> None:
    found = {}
    with tab(browser, monitor.url, scheme) as dashboard:
        for view in VIEWS:
            dashboard.open(view)
            found[view] = dashboard.findings()
        dashboard.open(f"alerts/{an_alert(monitor, FRAUD, 'feature:amount')}")
        found["alert"] = dashboard.findings()
        dashboard.page.get_by_role("button", name="Acknowledge").click()
        dashboard.page.get_by_role("dialog").wait_for()
        found["dialog"] = dashboard.findings()
    assert {view: what for view, what in found.items() if what} == {}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_main_views_have_their_picture_taken(browser: Browser, monitor: Monitor, scheme: Scheme) -> None:
    """Kept under docs/images only with UPDATE_SCREENSHOTS=1."""
    places = {
        "overview": "",
        "model": f"models/{FRAUD}",
        "series": f"models/{FRAUD}/series?name=feature:amount",
        "performance": f"models/{FRAUD}/performance",
        "alerts": "alerts",
        "alert": f"alerts/{an_alert(monitor, FRAUD, 'feature:amount')}",
        "pipeline": "pipeline",
    }
    with tab(browser, monitor.url, scheme) as dashboard:
        for name, place in places.items():
            dashboard.open(place)
            if scheme == "light":
                dashboard.picture(name)
            elif name == "series":
                dashboard.picture("series-dark")
