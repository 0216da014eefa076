"""API keys at an instance that accepts them: exchanged once, remembered for a minute, refused when in doubt."""

import asyncio
import json
import logging
import threading
from collections.abc import Callable
from typing import Any

import pytest
from conftest import Answer, Clock, Issuer, call, key, token
from fastapi import FastAPI, WebSocket
from fastapi.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from gatepost import IssuerMismatch
from gatepost import _exchange as exchange
from gatepost import _key_fetch as key_fetch
from gatepost.fastapi import CurrentUser, Gatepost, OptionalUser, require

KEY = "gp_key_000g40r40m30e209185gr38e1w8124gk2gahc5rr34d1p70x3rfj08924deqwbcv"
"""The bytes 0 to 35 and their checksum."""

OTHER = "gp_key_chjpcsv8d5n6pv3ddsqq0wbjedt7axkqf1wqmyvwfnz7z041ga1r91c6gyqb0m18"
"""Another, whose checksum is right too."""

EXCHANGE = "/oauth/token"
BY_HEADER = {"X-API-Key": KEY}
BY_BEARER = {"Authorization": f"Bearer {KEY}"}


def of_key(issuer: Issuer, **claims: Any) -> str:
    """What the issuer gives for a good key."""
    return issuer.token(**{"api_key": "key_1", "permissions": ["notes:read"], **claims})


@pytest.fixture
def auth(issuer: Issuer, make_auth: Callable[..., Gatepost]) -> Gatepost:
    issuer.exchanges()
    issuer.grant(of_key(issuer))
    return make_auth(api_keys=True)


@pytest.fixture
def client(app: FastAPI) -> TestClient:
    @app.get("/me")
    async def me(user: CurrentUser) -> str:
        return f"{user.id} {user.credential}"

    @app.get("/maybe")
    async def maybe(user: OptionalUser) -> str:
        return user.id if user else "-"

    @app.get("/read", dependencies=[require(permission="notes:read")])
    async def read() -> None: ...

    @app.get("/people", dependencies=[require(credential="token")])
    async def people() -> None: ...

    @app.get("/programs", dependencies=[require(credential="api_key")])
    async def programs() -> None: ...

    @app.websocket("/ws")
    async def ws(socket: WebSocket, user: CurrentUser) -> None:
        await socket.accept()
        await socket.send_text(f"{user.id} {user.credential}")

    return TestClient(app)


def exchanges(issuer: Issuer) -> int:
    return issuer.asked.count(EXCHANGE)


def test_a_key_is_exchanged_once_and_is_its_owner_with_its_permissions(client: TestClient, issuer: Issuer) -> None:
    for headers in [BY_HEADER, BY_BEARER, {"authorization": f"bearer {KEY}"}]:
        assert client.get("/me", headers=headers).json() == "usr_ada api_key"
        for path in ["/maybe", "/read", "/programs"]:
            assert client.get(path, headers=headers).status_code == 200
        with client.websocket_connect("/ws", headers=headers) as socket:
            assert socket.receive_text() == "usr_ada api_key"
    assert exchanges(issuer) == 1
    assert issuer.forms == [
        {
            "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange",
            "subject_token": KEY,
            "subject_token_type": "urn:gatepost:params:oauth:token-type:api-key",
        }
    ]


def test_a_rule_tells_keys_from_tokens(client: TestClient, issuer: Issuer) -> None:
    refused = client.get("/people", headers=BY_HEADER)
    assert (refused.status_code, refused.json()["code"]) == (403, "wrong_credential")
    assert client.get("/people", headers=issuer.bearer()).status_code == 200
    assert client.get("/programs", headers=issuer.bearer()).json()["code"] == "wrong_credential"
    # Exchanged by hand it stays a key: the rule cannot be got around.
    by_hand = {"Authorization": f"Bearer {of_key(issuer)}"}
    assert client.get("/people", headers=by_hand).json()["code"] == "wrong_credential"


def test_ak_05_two_credentials_are_refused_whichever_is_good(client: TestClient, issuer: Issuer) -> None:
    good, bad = issuer.bearer()["Authorization"], "Bearer a.b.c"
    for headers in [
        [("Authorization", good), ("X-API-Key", KEY)],
        [("X-API-Key", KEY), ("Authorization", good)],
        [("Authorization", good), ("X-API-Key", "gp_key_bad")],
        [("Authorization", good), ("X-API-Key", "")],
        [("Authorization", bad), ("X-API-Key", KEY)],
        [("Authorization", f"Bearer {KEY}"), ("X-API-Key", KEY)],
        [("Authorization", "Basic dXNlcjpwdw=="), ("X-API-Key", KEY)],
        [("X-API-Key", KEY), ("X-API-Key", KEY)],
        [("X-API-Key", KEY), ("x-api-key", "gp_key_bad")],
        [("Authorization", f"Bearer {KEY}"), ("Authorization", good)],
    ]:
        for path in ["/me", "/maybe"]:
            answer = client.get(path, headers=headers)
            assert (answer.status_code, answer.json()["code"]) == (401, "invalid_token"), headers
    with pytest.raises(WebSocketDisconnect):
        with client.websocket_connect("/ws", subprotocols=["bearer", issuer.token()], headers=BY_HEADER):
            pass
    assert exchanges(issuer) == 0


def test_where_keys_are_not_asked_for_they_open_nothing(issuer: Issuer, make_auth: Callable[..., Gatepost]) -> None:
    issuer.exchanges()
    app = FastAPI()
    make_auth().install(app)

    @app.get("/me")
    async def me(user: CurrentUser) -> None: ...

    client = TestClient(app)
    assert client.get("/me", headers=BY_BEARER).json()["code"] == "invalid_token"
    assert client.get("/me", headers=BY_HEADER).json()["code"] == "unauthenticated"
    assert client.get("/me", headers={**BY_HEADER, **issuer.bearer()}).status_code == 200
    assert exchanges(issuer) == 0


def test_what_cannot_be_a_key_is_refused_without_asking(client: TestClient, issuer: Issuer) -> None:
    mistyped = KEY.replace("40r4", "40r5")
    for wrong in [mistyped, KEY[:70], KEY + "0", KEY.upper(), "gp_key_", "", "a.b.c", issuer.token()]:
        answer = client.get("/me", headers={"X-API-Key": wrong})
        assert (answer.status_code, answer.json()["code"]) == (401, "invalid_token"), wrong
    assert client.get("/me", headers=[(b"X-API-Key", b"gp_key_\xff")]).status_code == 401
    assert exchanges(issuer) == 0


def test_ak_02_a_revoked_key_is_refused_when_its_token_ends(client: TestClient, issuer: Issuer, clock: Clock) -> None:
    assert client.get("/me", headers=BY_HEADER).status_code == 200  # The token lives longer, which changes nothing.
    issuer.refuse()
    clock.advance(59)
    assert client.get("/me", headers=BY_HEADER).status_code == 200
    clock.advance(1)
    assert client.get("/me", headers=BY_HEADER).json()["code"] == "invalid_token"


def test_a_refusal_is_remembered_for_a_moment(client: TestClient, issuer: Issuer, clock: Clock) -> None:
    issuer.refuse()
    for _ in range(10):
        assert client.get("/me", headers=BY_HEADER).json()["code"] == "invalid_token"
    assert exchanges(issuer) == 1
    issuer.grant(of_key(issuer))
    clock.advance(5)
    assert client.get("/me", headers=BY_HEADER).status_code == 200


def test_many_first_uses_of_a_key_ask_once(client: TestClient, app: FastAPI, issuer: Issuer) -> None:
    stall = threading.Event()
    answer = Answer(json.dumps({"access_token": of_key(issuer)}).encode(), stall=stall)
    issuer.answers[EXCHANGE] = answer

    async def crowd() -> list[int]:
        asking = [asyncio.ensure_future(call(app, BY_HEADER)) for _ in range(30)]
        await asyncio.to_thread(answer.asked.wait, 10)
        asking[0].cancel()  # Who goes away must not stop it for the others.
        stall.set()
        return list(await asyncio.gather(*asking[1:]))

    assert asyncio.run(crowd()) == [200] * 29
    assert exchanges(issuer) == 1


@pytest.mark.parametrize(
    "answer",
    [
        Answer(b"{}", 500),
        Answer(b'{"access_token": "a.b.c"}', 503),
        Answer(b'{"error": "slow_down"}', 429),
        Answer(b"<html>", 400),
        Answer(b"", 403),
        Answer(b"<html>"),
        Answer(b'{"token_type": "Bearer"}'),
        Answer(b'{"access_token": 7}'),
        Answer(b"[]"),
        Answer(b"[" * 60_000),
        Answer(b'{"access_token": "' + b"a" * (1 << 20) + b'"}'),
        Answer(b'{"access_token": "a.b.c"}', headers={"content-encoding": "gzip"}, status=307),
    ],
    ids=lambda answer: f"{answer.status}-{answer.body[:12]!r}-{len(answer.body)}",
)
def test_an_issuer_that_does_not_answer_is_503_and_nothing_is_remembered(
    client: TestClient, issuer: Issuer, answer: Answer
) -> None:
    issuer.answers[EXCHANGE] = answer
    for _ in range(2):
        refused = client.get("/me", headers=BY_HEADER)
        assert (refused.status_code, refused.json()["code"]) == (503, "issuer_unavailable")
        assert refused.headers["retry-after"] == "5"
    assert exchanges(issuer) == 2
    issuer.grant(of_key(issuer))
    assert client.get("/me", headers=BY_HEADER).status_code == 200


def test_a_key_follows_no_redirect(client: TestClient, issuer: Issuer, other_issuer: Issuer) -> None:
    for location in [f"{other_issuer.url}/oauth/token", f"{issuer.url}/moved"]:
        issuer.answers[EXCHANGE] = Answer(status=307, headers={"location": location})
        assert client.get("/me", headers=BY_HEADER).status_code == 503
    assert (other_issuer.asked, "/moved" in issuer.asked) == ([], False)


def test_an_issuer_that_is_too_slow_is_503(
    client: TestClient, issuer: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert client.get("/me", headers=issuer.bearer()).status_code == 200
    monkeypatch.setattr(key_fetch, "FETCH_SECONDS", 0.2)
    monkeypatch.setattr(exchange, "FETCH_SECONDS", 0.2)
    stall = threading.Event()
    issuer.answers[EXCHANGE] = Answer(stall=stall)
    assert client.get("/me", headers=BY_HEADER).status_code == 503
    stall.set()


def test_a_key_seen_before_is_served_while_its_issuer_is_down(client: TestClient, issuer: Issuer, clock: Clock) -> None:
    assert client.get("/me", headers=BY_HEADER).status_code == 200
    issuer.answers[EXCHANGE] = Answer(status=500)
    clock.advance(59)
    assert client.get("/me", headers=BY_HEADER).status_code == 200
    assert client.get("/me", headers={"X-API-Key": OTHER}).status_code == 503
    clock.advance(1)
    assert client.get("/me", headers=BY_HEADER).status_code == 503


@pytest.mark.parametrize(
    "claims",
    [{"aud": "billing"}, {"iss": "https://other.example.com"}, {"api_key": None}, {"exp": 1_000}, {"by": key("es-9")}],
    ids=str,
)
def test_a_lying_issuer_makes_no_key_good(client: TestClient, issuer: Issuer, claims: dict[str, Any]) -> None:
    lie = {"api_key": "key_1", **claims}
    issuer.grant(token(lie.pop("iss", issuer.url), **lie))
    for _ in range(2):
        assert client.get("/me", headers=BY_HEADER).json()["code"] == "invalid_token"
    assert exchanges(issuer) == 1


def test_a_key_set_that_is_new_is_fetched_for_an_exchanged_token(
    client: TestClient, issuer: Issuer, clock: Clock
) -> None:
    assert client.get("/me", headers=issuer.bearer()).status_code == 200
    clock.advance(60)
    rotated = key("es-2")
    issuer.keys = [rotated]
    issuer.grant(of_key(issuer, by=rotated, now=clock.now))
    assert client.get("/me", headers=BY_HEADER).status_code == 200


def test_keys_are_those_of_the_first_issuer_alone(
    issuer: Issuer, other_issuer: Issuer, make_auth: Callable[..., Gatepost]
) -> None:
    issuer.exchanges()
    other_issuer.exchanges()
    app = FastAPI()
    make_auth([issuer.url, other_issuer.url], api_keys=True).install(app)

    @app.get("/me")
    async def me(user: CurrentUser) -> None: ...

    client = TestClient(app)
    # A token of the second, which the first has no business to hand out.
    issuer.grant(token(other_issuer.url, by=key("other-1"), api_key="key_1"))
    assert client.get("/me", headers=other_issuer.bearer(by=key("other-1"))).status_code == 200
    assert client.get("/me", headers=BY_HEADER).json()["code"] == "invalid_token"
    issuer.grant(of_key(issuer))
    assert client.get("/me", headers={"X-API-Key": OTHER}).status_code == 200
    assert (exchanges(issuer), exchanges(other_issuer)) == (2, 0)


@pytest.mark.parametrize(
    "discovery",
    [
        {},
        {"token_endpoint": "/oauth/token", "grant_types_supported": ["authorization_code"]},
        {"token_endpoint": "http://auth.example.com/oauth/token"},
        {"token_endpoint": "file:///etc/passwd"},
        {"token_endpoint": 7},
    ],
    ids=str,
)
def test_keys_that_could_never_be_exchanged_fail_the_start(
    issuer: Issuer, make_auth: Callable[..., Gatepost], discovery: dict[str, Any]
) -> None:
    issuer.discovery = {**discovery}
    if discovery.get("token_endpoint") == "/oauth/token":
        issuer.discovery["token_endpoint"] = f"{issuer.url}/oauth/token"
    with pytest.raises(IssuerMismatch, match="exchanges no API keys"):
        asyncio.run(make_auth(api_keys=True).ready())
    asyncio.run(make_auth().ready())  # Without keys nothing is missing.


def test_ak_03_nothing_repeats_a_key(client: TestClient, issuer: Issuer, clock: Clock, caplog: Any) -> None:
    with caplog.at_level(logging.DEBUG, "gatepost"):
        for answer in [Answer(b'{"error": "invalid_request"}', 400), Answer(status=500)]:
            issuer.answers[EXCHANGE] = answer
            clock.advance(10)
            for sent in [KEY, OTHER, "gp_key_mistyped"]:
                assert "gp_key_" not in client.get("/me", headers={"X-API-Key": sent}).text
    logged = [record.getMessage() for record in caplog.records if record.name.startswith("gatepost")]
    assert logged and not any("gp_key_" in line for line in logged)


def test_closed_prefixes_take_keys_too(issuer: Issuer, make_auth: Callable[..., Gatepost]) -> None:
    issuer.exchanges()
    issuer.grant(of_key(issuer))
    app = FastAPI()
    make_auth(api_keys=True).install(app, protect=["/api"])

    @app.get("/api/notes")
    async def notes() -> str:
        return "notes"

    client = TestClient(app)
    assert client.get("/api/notes").status_code == 401
    assert client.get("/api/notes", headers=BY_HEADER).json() == "notes"
    assert client.get("/api/notes", headers={**BY_HEADER, **issuer.bearer()}).status_code == 401


def test_the_document_offers_the_key_as_an_alternative(client: TestClient, app: FastAPI) -> None:
    document = app.openapi()
    scheme = document["components"]["securitySchemes"]["gatepostKey"]
    assert (scheme["type"], scheme["in"], scheme["name"]) == ("apiKey", "header", "X-API-Key")
    assert {"gatepostKey": []} in document["paths"]["/me"]["get"]["security"]
    assert "**Requires** credential: token." in document["paths"]["/people"]["get"]["description"]
