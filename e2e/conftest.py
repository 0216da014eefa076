import collections.abc
import contextlib

import pytest
from axe_core_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, Playwright, sync_playwright
from server import CHROMIUM, Server


@pytest.fixture(scope="session")
def url() -> collections.abc.Iterator[str]:
    with Server() as server:
        yield server.url


@pytest.fixture(scope="session")
def playwright() -> collections.abc.Iterator[Playwright]:
    with sync_playwright() as playwright:
        yield playwright


@pytest.fixture(scope="session")
def chromium(playwright: Playwright) -> collections.abc.Iterator[Browser]:
    browser = playwright.chromium.launch(**CHROMIUM)
    yield browser
    browser.close()


@pytest.fixture
def open_browser(chromium: Browser):
    """Makes browsers that know nothing of one another; none may print a warning, for the policy would be broken then."""
    contexts, said = [], []

    def make(**options: object) -> Page:
        context = chromium.new_context(**{"viewport": {"width": 1280, "height": 800}, "locale": "en-GB", **options})
        context.set_default_timeout(10_000)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: said.append(message.text) if message.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: said.append(str(error)))
        return page

    yield make
    for context in contexts:
        context.close()
    # What is refused is a failed load to Chromium.
    assert [text for text in said if "the server responded with a status of 4" not in text] == []


@pytest.fixture
def running() -> collections.abc.Iterator[contextlib.ExitStack]:
    """What is started for one test, and ends with it."""
    with contextlib.ExitStack() as running:
        yield running


@pytest.fixture
def page(open_browser) -> Page:
    return open_browser()


class Checker(Axe):
    """axe, which does not know `webauthn` as the last word of `autocomplete` yet (HTML section 4.10.18.7.1)."""

    def run(self, page: Page, *given: object, **options: object) -> dict:
        result = super().run(page, *given, **options)
        for one in result["violations"]:
            if one["id"] == "autocomplete-valid":
                one["nodes"] = [node for node in one["nodes"] if 'autocomplete="username webauthn"' not in node["html"]]
        result["violations"] = [one for one in result["violations"] if one["nodes"]]
        return result


@pytest.fixture(scope="session")
def axe() -> Axe:
    return Checker()
