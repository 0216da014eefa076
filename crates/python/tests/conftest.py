"""An issuer, tokens and apps for the tests. Nothing here talks to anything but loopback."""

import asyncio
import base64
import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from fastapi import FastAPI
from fastapi.testclient import TestClient

from gatepost.fastapi import CurrentUser, Gatepost, OptionalUser

NOW = 1_800_000_000
AUDIENCE = "notes-api"


@dataclass(frozen=True)
class Key:
    """A key of the stand-in issuer."""

    kid: str
    algorithm: str
    private: Any

    @property
    def jwk(self) -> dict[str, Any]:
        public = {
            "RS256": jwt.algorithms.RSAAlgorithm,
            "ES256": jwt.algorithms.ECAlgorithm,
            "EdDSA": jwt.algorithms.OKPAlgorithm,
        }[self.algorithm].to_jwk(self.private.public_key(), as_dict=True)
        public.pop("key_ops", None)
        return {**public, "kid": self.kid, "alg": self.algorithm, "use": "sig"}


def key(kid: str = "es-1", algorithm: str = "ES256") -> Key:
    """The key of that name, the same one throughout a run."""
    return _key(kid, algorithm)


@lru_cache
def _key(kid: str, algorithm: str) -> Key:
    private: Any = {
        "RS256": lambda: rsa.generate_private_key(65537, 2048),
        "ES256": lambda: ec.generate_private_key(ec.SECP256R1()),
        "EdDSA": ed25519.Ed25519PrivateKey.generate,
    }[algorithm]()
    return Key(kid, algorithm, private)


def token(issuer: str, *, by: Key | None = None, typ: str = "at+jwt", now: int = NOW, **claims: Any) -> str:
    """A token as the issuer would make it; a claim given as None is left out."""
    by = by or key()
    payload = {
        "iss": issuer,
        "sub": "usr_ada",
        "aud": AUDIENCE,
        "iat": now,
        "exp": now + 900,
        "jti": "t1",
        "client_id": "web",
        "sid": "ses_1",
        **claims,
    }
    payload = {name: value for name, value in payload.items() if value is not None}
    return jwt.encode(payload, by.private, algorithm=by.algorithm, headers={"kid": by.kid, "typ": typ})


@dataclass
class Answer:
    """What the issuer answers on a path."""

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    stall: threading.Event | None = None
    """If given, nothing is sent until it is set."""
    asked: threading.Event = field(default_factory=threading.Event)
    """Set once it was asked for."""


@dataclass(frozen=True)
class Request:
    """What the issuer was asked."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


class Issuer:
    """A stand-in for any OpenID provider: discovery and keys, and every way to get them wrong."""

    def __init__(self, keys: list[Key] | None = None) -> None:
        self.keys = [key()] if keys is None else keys
        self.asked: list[str] = []
        self.forms: list[dict[str, str]] = []
        self.requests: list[Request] = []
        self.answers: dict[str, Answer | list[Answer]] = {}
        """By path. Of several one after the other, and the last from then on."""
        self.discovery: dict[str, Any] = {}
        issuer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                if self.headers["content-type"] == "application/x-www-form-urlencoded":
                    issuer.forms.append(dict(parse_qsl(body.decode(), strict_parsing=True)))
                self._answer(body)

            do_PATCH = do_POST

            def do_GET(self) -> None:
                self._answer(b"")

            def _answer(self, body: bytes) -> None:
                issuer.requests.append(Request(self.command, self.path, dict(self.headers.items()), body))
                issuer.asked.append(self.path)
                answer = issuer.answer(self.path)
                answer.asked.set()
                if answer.stall is not None:
                    answer.stall.wait(20)
                try:
                    self.send_response(answer.status)
                    for name, value in answer.headers.items():
                        self.send_header(name, value)
                    self.send_header("content-length", str(len(answer.body)))
                    self.end_headers()
                    self.wfile.write(answer.body)
                except OSError:
                    pass  # The guard hung up, as some tests want.

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self._thread = threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()

    def answer(self, path: str) -> Answer:
        if path in self.answers:
            answer = self.answers[path]
            if isinstance(answer, Answer):
                return answer
            return answer.pop(0) if len(answer) > 1 else answer[0]
        if path == "/.well-known/openid-configuration":
            known = {"issuer": self.url, "jwks_uri": f"{self.url}/keys", **self.discovery}
            return Answer(json.dumps(known).encode())
        if path == "/keys":
            return Answer(json.dumps({"keys": [each.jwk for each in self.keys]}).encode())
        return Answer(status=404)

    @property
    def key_fetches(self) -> int:
        return self.asked.count("/keys")

    def exchanges(self) -> None:
        """Has an endpoint for exchanges, which refuses everything until told otherwise."""
        self.discovery["token_endpoint"] = f"{self.url}/oauth/token"
        self.refuse()

    def refuse(self, error: str = "invalid_request") -> None:
        self.answers["/oauth/token"] = Answer(json.dumps({"error": error}).encode(), 400)

    def grant(self, token: str) -> None:
        self.answers["/oauth/token"] = Answer(json.dumps({"access_token": token, "expires_in": 60}).encode())

    def token(self, **claims: Any) -> str:
        return token(self.url, **claims)

    def bearer(self, **claims: Any) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token(**claims)}"}

    def close(self) -> None:
        self.server.shutdown()
        self._thread.join()
        self.server.server_close()


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    running = Issuer()
    yield running
    running.close()


@pytest.fixture
def other_issuer() -> Iterator[Issuer]:
    running = Issuer([key("other-1")])
    yield running
    running.close()


class Clock:
    """The time of a test, which only the test moves."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> float:
        return float(self.now)

    def advance(self, seconds: int) -> None:
        self.now += seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def make_auth(issuer: Issuer, clock: Clock) -> Callable[..., Gatepost]:
    """Makes instances that live by the test's clock."""

    def make(url: Any = None, **settings: Any) -> Gatepost:
        auth = Gatepost(url or issuer.url, **{"audience": AUDIENCE, **settings})
        auth._clock = clock
        return auth

    return make


@pytest.fixture
def auth(make_auth: Callable[..., Gatepost]) -> Gatepost:
    return make_auth()


@pytest.fixture
def app(auth: Gatepost) -> FastAPI:
    app = FastAPI()
    auth.install(app)
    return app


@pytest.fixture
def client(app: FastAPI) -> TestClient:
    return TestClient(app)


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


@pytest.fixture
def me(app: FastAPI) -> FastAPI:
    @app.get("/me")
    async def me(user: CurrentUser) -> str:
        return user.id

    @app.get("/maybe")
    async def maybe(user: OptionalUser) -> str:
        return user.id if user else "-"

    @app.get("/open")
    async def open_route() -> str:
        return "open"

    return app


def landed(auth: Gatepost) -> None:
    """Waits for fetches that run beside the requests."""
    for source in auth.sources():
        flight = source._flight
        if flight is not None:
            asyncio.run(flight.landed())


def key_set(*keys: Any) -> bytes:
    return json.dumps({"keys": list(keys)}).encode()


async def call(app: FastAPI, headers: dict[str, str], path: str = "/me") -> int:
    """One request on the running event loop."""
    statuses: list[int] = []

    async def receive() -> Any:
        return {"type": "http.request", "body": b""}

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            statuses.append(message["status"])

    await app(
        {
            "type": "http",
            "method": "GET",
            "path": path,
            "root_path": "",
            "query_string": b"",
            "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
        },
        receive,
        send,
    )
    return statuses[0]
