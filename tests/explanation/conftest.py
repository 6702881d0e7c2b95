"""A browser to see networks explained in."""

import shutil
from contextlib import contextmanager

import pytest

DESKTOP = 1440
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]


@pytest.fixture(scope="package")
def browser():
    """The system's Chromium."""
    found = shutil.which("chromium") or shutil.which("google-chrome")
    if not found:
        pytest.skip("needs a Chromium: apt-get install chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="package")
def open_page(browser):
    """A function that opens a page and, in the end, has seen neither errors nor requests."""

    @contextmanager
    def open_page(path, width=DESKTOP, theme="light"):
        context = browser.new_context(
            viewport={"width": width, "height": 900}, color_scheme=theme, has_touch=True
        )
        page, seen = context.new_page(), []
        page.on("console", lambda message: seen.append(message.text))
        page.on("pageerror", lambda error: seen.append(str(error)))

        def watch(route):
            if route.request.url == path.as_uri():
                return route.continue_()
            seen.append(route.request.url)
            return route.abort()

        page.route("**/*", watch)
        page.goto(path.as_uri())
        page.evaluate("onion.whole")
        yield page
        context.close()
        assert seen == []

    return open_page
