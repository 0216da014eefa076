"""The pages of the guide that show a flow: their code runs as it stands, top to bottom."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).resolve().parent
GUIDE = HERE.parents[4] / "docs/guide"
ADDRESS = "http://127.0.0.1:8400"
REALM = tomllib.loads((HERE.parents[4] / "examples/flows.toml").read_text())["realm"][0]
PAGES = ["client-credentials.md", "token-exchange.md", "signed-requests.md", "fapi.md", "password.md"]


def blocks(page: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", (GUIDE / page).read_text(), re.M | re.S)


def is_part_of_the_realm(block: str) -> bool:
    """A block of a page is a file of its own, which changes nothing in the realm that its code runs in."""
    [realm] = tomllib.loads(block)["realm"]
    clients = realm.pop("client", [])
    return realm.items() <= REALM.items() and all(client in REALM["client"] for client in clients)


@pytest.mark.parametrize("page", PAGES)
def test_the_code_of_the_page_runs(page: str, server: str) -> None:
    code = blocks(page, "python")
    assert code
    scope: dict[str, Any] = {"__name__": "guide"}
    for block in code:
        exec(compile(block.replace(ADDRESS, server), page, "exec"), scope)


@pytest.mark.parametrize("page", [*PAGES, "device.md"])
def test_the_client_of_the_page_is_the_one_it_runs_as(page: str) -> None:
    assert all(map(is_part_of_the_realm, blocks(page, "toml")))
