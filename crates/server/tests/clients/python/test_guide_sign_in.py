"""The pages about a person's sign-in are one story: the code of each goes on where that of the one before ended."""

from __future__ import annotations

import builtins
import webbrowser
from typing import Any

import pytest
from browser import Browser, Page
from test_guide import ADDRESS, blocks, is_part_of_the_realm

from conftest import ADA

STORY = ["authorization-code.md", "refresh.md", "logout.md"]


def test_the_code_of_the_pages_runs(server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    browser = Browser([server])
    pages: list[Page] = []

    def visit(url: str) -> bool:
        page = browser.sign_in(url, ADA.username, ADA.password)
        pages.append(browser.press(page, "logout-confirm") if page.has("logout-confirm") else page)
        return True

    monkeypatch.setattr(webbrowser, "open", visit)
    monkeypatch.setattr(builtins, "input", lambda _: pages[-1].url)
    scope: dict[str, Any] = {"__name__": "guide"}
    for page in STORY:
        for block in blocks(page, "python"):
            exec(compile(block.replace(ADDRESS, server), page, "exec"), scope)
    assert pages[-1].url == "http://localhost:8000/?state=where+we+were"


@pytest.mark.parametrize("page", STORY)
def test_the_client_of_the_pages_is_the_one_they_run_as(page: str) -> None:
    assert all(map(is_part_of_the_realm, blocks(page, "toml")))
