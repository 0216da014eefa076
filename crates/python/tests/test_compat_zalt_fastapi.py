"""`gatepost.compat.zalt_auth.integrations.fastapi` beside a stand-in server: who is let in, and who is not."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Optional

import pytest
from conftest import Issuer, key
from fastapi import Depends, FastAPI, WebSocket
from fastapi.middleware.cors import CORSMiddleware
from fastapi.testclient import TestClient
from starlette.websockets import WebSocketDisconnect
from zalt import KEYS, PUBLISHABLE, RSA, lists, made, refusal, shows

import gatepost
from gatepost import GatepostError
from gatepost.compat.zalt_auth import User
from gatepost.compat.zalt_auth.integrations.fastapi import (
    ZaltFastAPI,
    get_current_user,
    get_optional_user,
    require_permissions,
)


@pytest.fixture
def issuer(issuer: Issuer) -> Issuer:
    lists(issuer, RSA)
    shows(issuer)
    return issuer


def routes(app: FastAPI) -> FastAPI:
    @app.get("/profile")
    async def profile(user: User = Depends(get_current_user)) -> Any:
        return {"id": user.id, "email": user.email, "profile": user.profile}

    @app.get("/content")
    async def content(user: Optional[User] = Depends(get_optional_user)) -> Any:
        return user.email if user else "guest"

    @app.get("/settings")
    async def settings(user: User = Depends(require_permissions("settings:read"))) -> Any:
        return user.id

    @app.get("/notes")
    async def notes(user: User = Depends(require_permissions(["notes:read", "notes:write"], "settings:read"))) -> Any:
        return user.id

    @app.get("/billing")
    async def billing(user: User = Depends(require_permissions("billing:read"))) -> Any:
        return user.id

    @app.get("/whole")
    async def whole(user: User = Depends(get_current_user)) -> User:
        return user

    @app.get("/open")
    async def open_route() -> str:
        return "open"

    return app


@pytest.fixture
def zalt(issuer: Issuer) -> tuple[FastAPI, ZaltFastAPI]:
    app = FastAPI()
    return routes(app), ZaltFastAPI(app, realm_id="acme", api_url=issuer.url)


@pytest.fixture
def client(zalt: tuple[FastAPI, ZaltFastAPI]) -> TestClient:
    return TestClient(zalt[0])


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def test_both_shapes_of_the_constructor_let_the_same_people_in(issuer: Issuer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZALT_API_URL", issuer.url)
    shapes: list[Callable[[FastAPI], ZaltFastAPI]] = [
        lambda app: ZaltFastAPI(app, realm_id="acme", api_url=issuer.url),
        lambda app: ZaltFastAPI(app, PUBLISHABLE, "acme", issuer.url, None, False),
        lambda app: ZaltFastAPI(app, publishable_key=PUBLISHABLE, base_url=f"{issuer.url}/"),
        lambda app: ZaltFastAPI(app, PUBLISHABLE),
    ]
    for shape in shapes:
        app = FastAPI()
        shape(app)
        client = TestClient(routes(app))
        answer = client.get("/profile", headers=bearer(made()))
        assert answer.status_code == 200, answer.text
        names = {"first_name": "Ada", "last_name": "Lovelace", "avatar_url": None, "phone_number": None}
        assert answer.json() == {"id": "usr_ada", "email": "ada@example.com", "profile": {**names, "metadata": {}}}
        assert client.get("/profile", headers=bearer("garbage")).status_code == 401
    assert issuer.requests[-1].headers["X-API-Key"] == PUBLISHABLE


def test_a_setting_that_is_wrong_is_named(issuer: Issuer) -> None:
    for settings, said in [
        ({"realm_id": "acme"}, "the address of the realm is missing"),
        ({"api_url": issuer.url}, "say which realm"),
        ({"publishable_key": "acme", "api_url": issuer.url}, "is not of the form pk_live_"),
        ({"realm_id": "acme", "api_url": issuer.url, "audience": ""}, "audience"),
    ]:
        with pytest.raises(GatepostError, match=said):
            ZaltFastAPI(FastAPI(), **settings)
    app = FastAPI()
    ZaltFastAPI(app, realm_id="acme", api_url=issuer.url)
    with pytest.raises(GatepostError, match="has a ZaltFastAPI already"):
        ZaltFastAPI(app, realm_id="acme", api_url=issuer.url)
    started = FastAPI()
    TestClient(started).get("/")
    with pytest.raises(GatepostError, match="has started already"):
        ZaltFastAPI(started, realm_id="acme", api_url=issuer.url)
    with pytest.raises(RuntimeError, match="no ZaltFastAPI in this app"):
        TestClient(routes(FastAPI())).get("/profile")


def test_whoever_sends_nothing_is_nobody(client: TestClient) -> None:
    for path in ("/profile", "/settings"):
        answer = client.get(path)
        assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
    assert client.get("/content").json() == "guest"
    assert client.get("/open").json() == "open"
    # The header alone: what stands in an address is logged on the way.
    assert client.get("/profile", params={"authorization": f"Bearer {made()}"}).status_code == 401
    assert client.get("/profile", headers={"Cookie": f"access_token={made()}"}).status_code == 401


BAD: dict[str, Callable[[], str]] = {
    "garbage": lambda: "garbage",
    "dots": lambda: "a.b.c",
    "False": lambda: "False",
    "None": lambda: "None",
    "another signature": lambda: made()[:-4] + "AAAA",
    "expired": lambda: made(exp=1_000_000_000, iat=999_999_000),
    "another audience": lambda: made(aud="other"),
    "another issuer": lambda: made(iss="https://evil.example"),
    "another realm": lambda: made(realm_id="other"),
    "no realm": lambda: made(realm_id=None),
    "an unknown key": lambda: made(by=key("rsa-2", "RS256")),
    "another key of this name": lambda: made(by=key("rsa-1", "ES256")),
    "another type": lambda: made(typ="at+jwt"),
    "no algorithm": lambda: "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0." + made().split(".")[1] + ".",
    "no subject": lambda: made(sub=None),
    "an endless one": lambda: made(exp=None),
}


@pytest.mark.parametrize("bad", BAD)
def test_a_token_that_is_not_good_is_401_and_never_somebody_or_nobody(
    issuer: Issuer, client: TestClient, bad: str
) -> None:
    for path in ("/profile", "/content", "/settings"):
        answer = client.get(path, headers=bearer(BAD[bad]()))
        assert answer.status_code == 401, (path, answer.text)
        assert answer.headers["www-authenticate"].startswith('Bearer error="invalid_token"')
    assert "/me" not in issuer.asked, "it is refused before the server is asked"


def test_two_credentials_are_none(client: TestClient) -> None:
    twice = [("Authorization", f"Bearer {made()}"), ("Authorization", "Bearer garbage")]
    for path in ("/profile", "/content"):
        assert client.get(path, headers=twice).status_code == 401


def test_the_account_is_asked_for_once_a_request(issuer: Issuer, client: TestClient, zalt: tuple[FastAPI, ZaltFastAPI]) -> None:
    @zalt[0].get("/twice")
    async def twice(
        one: User = Depends(get_current_user),
        same: Optional[User] = Depends(get_optional_user),
        other: User = Depends(require_permissions("notes:read")),
    ) -> bool:
        return one is same is other

    token = made()
    for _ in range(2):
        assert client.get("/twice", headers=bearer(token)).json() is True
    assert (issuer.asked.count("/me"), issuer.asked.count(KEYS)) == (2, 1)
    assert issuer.requests[-1].headers["Authorization"] == f"Bearer {token}"
    whole = client.get("/whole", headers=bearer(token)).json()
    assert whole["tenants"][0]["role"] == "owner" and whole["permissions"] == ["settings:read", "notes:*"]


def test_a_session_that_has_ended_is_noticed_at_once(issuer: Issuer, client: TestClient) -> None:
    token = made()
    assert client.get("/profile", headers=bearer(token)).status_code == 200
    issuer.answers["/me"] = refusal(401, "INVALID_TOKEN")
    for path in ("/profile", "/content", "/settings"):
        assert client.get(path, headers=bearer(token)).status_code == 401
    issuer.answers["/me"] = refusal(403, "ACCOUNT_SUSPENDED")
    assert client.get("/profile", headers=bearer(token)).status_code == 403


def test_an_answer_about_somebody_else_lets_nobody_in(issuer: Issuer, client: TestClient) -> None:
    for changes in ({"id": "usr_eve"}, {"realm_id": "other"}, {"realm_id": None}):
        shows(issuer, **changes)
        assert client.get("/profile", headers=bearer(made())).status_code == 401


def test_an_account_without_an_address_is_no_user(issuer: Issuer, client: TestClient) -> None:
    assert client.get("/content", headers=bearer(made(email=None))).status_code == 403


def test_a_server_that_is_not_there_is_no_refusal_of_the_token(issuer: Issuer, client: TestClient) -> None:
    for answer in (refusal(500, "INTERNAL_ERROR"), refusal(404, "REALM_NOT_FOUND"), refusal(429, "RATE_LIMITED")):
        issuer.answers["/me"] = answer
        for path in ("/profile", "/content"):
            refused = client.get(path, headers=bearer(made()))
            assert (refused.status_code, refused.headers["retry-after"]) == (503, "5")
    app = FastAPI()
    ZaltFastAPI(app, realm_id="acme", api_url="http://127.0.0.1:9")
    away = TestClient(routes(app))
    assert away.get("/profile", headers=bearer(made())).status_code == 503
    assert away.get("/content", headers=bearer(made())).status_code == 503
    assert away.get("/content").json() == "guest"


def test_a_permission_is_the_tokens_and_still_the_accounts(issuer: Issuer, client: TestClient) -> None:
    assert [client.get(path, headers=bearer(made())).status_code for path in ("/settings", "/notes")] == [200, 200]
    # One that the token does not have, one that was taken since, and a name that is only the beginning of it.
    less = made(permissions=["notes:*"])
    assert [client.get(path, headers=bearer(less)).status_code for path in ("/settings", "/notes")] == [403, 403]
    shows(issuer, permissions=["notes:*", "settings:readonly"])
    assert [client.get(path, headers=bearer(made())).status_code for path in ("/settings", "/notes")] == [403, 403]
    shows(issuer, permissions="settings:read")
    assert client.get("/settings", headers=bearer(made())).status_code == 403


def test_a_permission_in_an_organization_opens_nothing_outside_of_it(issuer: Issuer, client: TestClient) -> None:
    everything = ["billing:read", "settings:read"]
    assert client.get("/billing", headers=bearer(made(permissions=everything))).status_code == 403
    within = {"permissions": everything, "org_id": "org_1"}
    assert client.get("/billing", headers=bearer(made(**within))).status_code == 200
    # And one in the realm nothing inside of it.
    assert client.get("/settings", headers=bearer(made(**within))).status_code == 403
    for other in ("org_2", "org_9"):
        assert client.get("/billing", headers=bearer(made(**{**within, "org_id": other}))).status_code == 403


@pytest.mark.parametrize("nothing", [(), ([],), ("",), (["a:b", " "],), (["a:b", 7],)])
def test_permissions_that_are_none_are_refused_where_they_are_written(nothing: Any) -> None:
    with pytest.raises(TypeError):
        require_permissions(*nothing)


def test_keys_that_follow_are_found(
    issuer: Issuer, client: TestClient, zalt: tuple[FastAPI, ZaltFastAPI], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert client.get("/profile", headers=bearer(made())).status_code == 200
    new = key("rsa-2", "RS256")
    lists(issuer, RSA, new)
    assert client.get("/profile", headers=bearer(made(by=new))).status_code == 401  # It was fetched a moment ago.
    now = time.time() + 60
    monkeypatch.setattr(zalt[1]._guarding, "_clock", lambda: now)
    assert client.get("/profile", headers=bearer(made(by=new))).status_code == 200
    assert issuer.asked.count(KEYS) == 2 and "/.well-known/openid-configuration" not in issuer.asked


def test_another_issuer_and_audience_are_those_that_are_named(issuer: Issuer) -> None:
    app = FastAPI()
    ZaltFastAPI(app, realm_id="acme", api_url=issuer.url, issuer="https://api.zalt.io", audience="https://api.zalt.io")
    client = TestClient(routes(app))
    named = made(iss="https://api.zalt.io", aud="https://api.zalt.io")
    assert client.get("/profile", headers=bearer(named)).status_code == 200
    assert client.get("/profile", headers=bearer(made())).status_code == 401
    # The realm's own address, as everywhere else: then its tokens say that they are access tokens.
    own = FastAPI()
    ZaltFastAPI(own, realm_id="acme", api_url=issuer.url, issuer=issuer.url)
    client = TestClient(routes(own))
    assert client.get("/profile", headers=bearer(made(iss=issuer.url, typ="at+jwt"))).status_code == 200
    assert client.get("/profile", headers=bearer(made(iss=issuer.url))).status_code == 401


def test_without_public_paths_a_route_is_closed_by_what_it_asks_for_and_with_them_by_being_none(issuer: Issuer) -> None:
    app = FastAPI()
    app.add_middleware(CORSMiddleware, allow_origins=["https://app.example"], allow_methods=["GET"])
    ZaltFastAPI(app, PUBLISHABLE, base_url=issuer.url, public_paths=["/open", "/content"])

    @app.websocket("/ws")
    async def ws(socket: WebSocket) -> None:
        await socket.accept()
        await socket.close()

    client = TestClient(routes(app))
    assert client.get("/open").status_code == 200
    assert client.get("/content").json() == "guest"
    assert client.get("/content", headers=bearer("garbage")).status_code == 401
    for closed in ("/openapi.json", "/docs", "/open/", "/Open", "/openX", "/nothing", "//open", "/open/../profile"):
        assert client.get(closed).status_code == 401, closed
        assert client.get(closed, headers=bearer("garbage")).status_code == 401, closed
    refused = client.get("/profile", headers={"Origin": "https://app.example"})
    assert (refused.status_code, refused.headers["www-authenticate"]) == (401, "Bearer")
    assert refused.headers["access-control-allow-origin"] == "https://app.example"
    assert client.get("/openapi.json", headers=bearer(made())).status_code == 200
    assert client.get("/profile", headers=bearer(made())).status_code == 200
    assert issuer.asked.count("/me") == 2
    with pytest.raises(WebSocketDisconnect) as closed_socket, client.websocket_connect("/ws"):
        pass
    assert closed_socket.value.code == 1008
    with client.websocket_connect("/ws", headers=bearer(made())) as socket, pytest.raises(WebSocketDisconnect):
        socket.receive_text()


def test_apps_that_are_mounted_are_guarded_by_the_one_around_them(zalt: tuple[FastAPI, ZaltFastAPI], client: TestClient) -> None:
    zalt[0].mount("/inner", routes(FastAPI()))
    assert client.get("/inner/profile", headers=bearer(made())).status_code == 200
    assert client.get("/inner/profile", headers=bearer("garbage")).status_code == 401


def test_the_document_says_that_a_token_is_needed(client: TestClient) -> None:
    document = client.get("/openapi.json").json()
    assert document["components"]["securitySchemes"] == {"zalt": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}}
    assert document["paths"]["/settings"]["get"]["security"] == [{"zalt": []}]
    assert "security" not in document["paths"]["/open"]["get"]
    assert "parameters" not in document["paths"]["/profile"]["get"]


def test_the_log_is_told_why_and_the_caller_is_not(issuer: Issuer, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "gatepost")  # And puts it back.
    logging.getLogger("gatepost").setLevel(logging.WARNING)
    app = FastAPI()
    ZaltFastAPI(app, realm_id="acme", api_url=issuer.url, debug=True)
    token = made(realm_id="other")
    answer = TestClient(routes(app)).get("/profile", headers=bearer(token))
    assert "it is of another realm" in caplog.text and "realm" not in answer.text
    assert token not in caplog.text


def test_debugging_writes_somewhere(issuer: Issuer) -> None:
    code = f"""
from fastapi import Depends, FastAPI
from fastapi.testclient import TestClient
from gatepost.compat.zalt_auth.integrations.fastapi import ZaltFastAPI, get_current_user
app = FastAPI(dependencies=[Depends(get_current_user)])
ZaltFastAPI(app, realm_id="acme", api_url="{issuer.url}", debug=True)
app.get("/")(lambda: 1)
print(TestClient(app).get("/", headers={{"Authorization": "Bearer garbage"}}).status_code)
"""
    source = str(Path(gatepost.__file__).parents[1])
    env = {**os.environ, "PYTHONPATH": source}
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, timeout=60)
    assert done.stdout == "401\n" and "refused an access token" in done.stderr
