"""One issuer and one application for the whole run; people are made as tests need them."""

from __future__ import annotations

import itertools
import os
import shlex
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from issuers import ADMINISTRATOR, AUDIENCE, PASSWORD, GatepostServer, Issuer, StandInIssuer
from processes import Program

COMMAND = shlex.split(os.environ.get("NOTES_COMMAND", ""))


BINARY = os.environ.get("GATEPOST_BIN")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if not COMMAND:
        for item in items:
            item.add_marker(pytest.mark.skip(reason="NOTES_COMMAND is not set"))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if not COMMAND:
        terminalreporter.write_line("SKIPPED: everything: NOTES_COMMAND is not set, so there is no application to test")
    elif not BINARY:
        terminalreporter.write_line("SKIPPED: Gatepost itself: GATEPOST_BIN is not set, tokens came from a stand-in issuer")


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("notes")


@pytest.fixture(scope="session")
def issuer(folder: Path) -> Iterator[Issuer]:
    running = GatepostServer(BINARY, folder) if BINARY else StandInIssuer()
    yield running
    running.stop()


@pytest.fixture(scope="session")
def environment(issuer: Issuer, folder: Path) -> dict[str, str]:
    return {
        "NOTES_ISSUER": issuer.url,
        "NOTES_AUDIENCE": AUDIENCE,
        "NOTES_LISTEN": "127.0.0.1:0",
        "NOTES_DATABASE": str(folder / "notes.db"),
    }


@pytest.fixture(scope="session")
def app(environment: dict[str, str], folder: Path) -> Iterator[Program]:
    program = Program(COMMAND, folder / "app.log", environment)
    yield program
    program.stop()


class Person(httpx.Client):
    """Somebody at the API: with a token, or without."""

    def __init__(self, url: str, token: str | None = None, id: str | None = None, email: str | None = None) -> None:
        headers = {"authorization": f"Bearer {token}"} if token else {}
        # A connection each: a server that refuses a request before it has read the body may end the connection after the answer.
        super().__init__(base_url=url, headers=headers, timeout=30, limits=httpx.Limits(max_keepalive_connections=0))
        self.token, self.id, self.email = token, id, email

    def write(self, text: str) -> int:
        answer = self.post("/notes", json={"text": text})
        assert answer.status_code == 201, answer.text
        return answer.json()["id"]


@pytest.fixture
def anybody(app: Program) -> Iterator[Person]:
    with Person(app.url) as client:
        yield client


_numbers = itertools.count(1)


@pytest.fixture
def somebody(app: Program, issuer: Issuer) -> Iterator[Callable[[], Person]]:
    """Makes a person who just registered and signed in."""
    made: list[Person] = []

    def make() -> Person:
        email = f"person-{next(_numbers)}@example.com"
        answer = httpx.post(f"{issuer.url}/api/v1/register", json={"email": email, "password": PASSWORD}, timeout=30)
        assert answer.status_code in (200, 201), answer.text
        made.append(signed_in(app, issuer, email))
        return made[-1]

    yield make
    for person in made:
        person.close()


@pytest.fixture
def ada(somebody: Callable[[], Person]) -> Person:
    return somebody()


@pytest.fixture
def bob(somebody: Callable[[], Person]) -> Person:
    return somebody()


@pytest.fixture
def administrator(app: Program, issuer: Issuer) -> Iterator[Person]:
    with signed_in(app, issuer, ADMINISTRATOR) as person:
        yield person


def signed_in(app: Program, issuer: Issuer, email: str) -> Person:
    answer = httpx.post(f"{issuer.url}/api/v1/login", json={"email": email, "password": PASSWORD}, timeout=30)
    assert answer.status_code == 200, answer.text
    body = answer.json()
    return Person(app.url, body["access_token"], body["user"]["id"], email)
