"""The pages of the guide that show a flow: their code runs as it stands, top to bottom."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).resolve().parent
GUIDE = HERE.parents[4] / "docs/guide"
REALM = (HERE.parent / "realm.toml").read_text()
PAGES = ["client-credentials.md", "token-exchange.md", "signed-requests.md", "fapi.md", "password.md"]


def blocks(page: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", (GUIDE / page).read_text(), re.M | re.S)


@pytest.mark.parametrize("page", PAGES)
def test_the_code_of_the_page_runs(page: str, server: str) -> None:
    code = blocks(page, "python")
    assert code
    scope: dict[str, Any] = {"__name__": "guide"}
    for block in code:
        exec(compile(block.replace("https://auth.example.com", server), page, "exec"), scope)


@pytest.mark.parametrize("page", PAGES)
def test_the_client_of_the_page_is_the_one_it_runs_as(page: str) -> None:
    assert all(block.strip() in REALM for block in blocks(page, "toml"))
