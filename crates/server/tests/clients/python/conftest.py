"""The running server, and what it knows. scripts/test-clients starts it and says where."""

from __future__ import annotations

import os
import sys
import warnings
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests

# requests-oauthlib's own word for "http on loopback is meant".
os.environ["OAUTHLIB_INSECURE_TRANSPORT"] = "1"

with warnings.catch_warnings():
    # It was written for an older pydantic, and says so at length.
    warnings.simplefilter("ignore")
    import scalekit  # noqa: F401

# The browser of the examples.
sys.path.insert(0, str(Path(__file__).resolve().parents[5] / "examples"))


@dataclass(frozen=True)
class Client:
    id: str
    secret: str | None = None
    callback: str = ""


AUDIENCE = "notes-api"
MACHINE = Client("machine", "the machine keeps this to itself")
BROUGHT = Client("skc_app", "the application that was brought keeps this to itself", "http://localhost:8000/auth/callback")
WEB = Client("web", "the web server keeps this to itself", "http://localhost:8000/callback")


@dataclass(frozen=True)
class Person:
    username: str
    email: str
    name: str
    password: str


ADA = Person("ada", "ada@example.com", "Ada Lovelace", "the engine weaves algebra")


@pytest.fixture(scope="session")
def server() -> str:
    url = os.environ.get("GATEPOST_URL")
    assert url, "run scripts/test-clients, which starts the server"
    return url


@pytest.fixture(scope="session")
def metadata(server: str) -> dict[str, str]:
    answer = requests.get(f"{server}/.well-known/openid-configuration", timeout=10)
    answer.raise_for_status()
    return answer.json()
