"""A page of the dashboard in a real Chromium, as a person uses it; what it complains of is kept."""

import hashlib
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from playwright.sync_api import Browser, Page, sync_playwright

AXE = Path(__file__).parent / "axe" / "axe.min.js"  # axe-core 4.14.1, MPL-2.0
AXE_SHA256 = "29348999450cdf2849a8e70b7912fc2da85a849da39c0d0d5394f51d4a9ed95c"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
PATIENCE_MS = 30_000
SCREENSHOTS = os.environ.get("UPDATE_SCREENSHOTS")
IMAGES = Path(__file__).parents[2] / "docs" / "images"
Scheme = Literal["light", "dark"]


@contextmanager
def chromium() -> Iterator[Browser]:
    """The browser of the system; nothing is downloaded."""
    found = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    assert found is not None, (
        f"none of {', '.join(BROWSERS)} is on the PATH; scripts/system-parts installs one"
    )
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield browser
        browser.close()


@dataclass(slots=True, kw_only=True)
class Dashboard:
    """One tab at `url`. complaints: errors on its console, policy violations among them, and uncaught ones."""

    page: Page
    url: str
    complaints: list[str] = field(default_factory=list)

    def open(self, place: str = "", heading: str | None = None) -> "Dashboard":
        """The view at `#/place`, when it is there. An open stream of events never lets the network be idle: wait for the DOM."""
        self.page.goto(f"{self.url}/#/{place}")
        self.page.locator("main h1").first.wait_for()
        if heading is not None:
            self.page.get_by_role("heading", level=1, name=heading).wait_for()
        self.page.locator("main .loading").first.wait_for(state="detached")
        return self

    def text(self, selector: str = "main") -> str:
        return self.page.locator(selector).first.inner_text()

    def see(self, text: str, selector: str = "main") -> None:
        """Wait until the text is there."""
        self.page.locator(selector).get_by_text(text).first.wait_for()

    def findings(self) -> list[str]:
        """What axe-core finds that is serious or worse: rule, and where."""
        assert hashlib.sha256(AXE.read_bytes()).hexdigest() == AXE_SHA256
        self.page.evaluate(AXE.read_text())  # by the debugger, so past the page's policy
        result: Mapping[str, Any] = self.page.evaluate("axe.run(document, {resultTypes: ['violations']})")
        return [
            f"{one['id']}: {node['html'][:160]} {node['failureSummary']}"
            for one in result["violations"]
            if one["impact"] in ("serious", "critical")
            for node in one["nodes"]
        ]

    def picture(self, name: str) -> None:
        """To docs/images, where UPDATE_SCREENSHOTS wants it."""
        if SCREENSHOTS:
            IMAGES.mkdir(exist_ok=True)
            self.page.wait_for_timeout(600)
            self.page.screenshot(path=IMAGES / f"{name}.png", animations="disabled")


@contextmanager
def tab(browser: Browser, url: str, scheme: Scheme = "light") -> Iterator[Dashboard]:
    """A tab that starts empty; it may not complain of anything."""
    context = browser.new_context(color_scheme=scheme, viewport={"width": 1440, "height": 900})
    page = context.new_page()
    page.set_default_timeout(PATIENCE_MS)
    dashboard = Dashboard(page=page, url=url)
    page.on("pageerror", lambda error: dashboard.complaints.append(str(error)))
    page.on("console", lambda said: dashboard.complaints.append(said.text) if said.type == "error" else None)
    yield dashboard
    context.close()
    assert dashboard.complaints == []
