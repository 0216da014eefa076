"""Tokens that are bound to a key (RFC 9449). What is refused is in the shared table (test_guard_cases); this is how instances,
mounted apps, prefixes and dependencies of one request go together."""

from collections.abc import Callable
from typing import Annotated, Any

import pytest
from conftest import Clock, Issuer, key
from fastapi import APIRouter, FastAPI, WebSocket
from fastapi.testclient import TestClient
from proofs import PUBLIC_URL, ClientKey
from starlette.websockets import WebSocketDisconnect

from gatepost.fastapi import AuthedRequest, CurrentMember, CurrentUser, Gatepost, GatepostError, OptionalUser, User, require

Make = Callable[..., Gatepost]


@pytest.fixture
def auth(make_auth: Make) -> Gatepost:
    return make_auth(dpop=PUBLIC_URL)


@pytest.fixture
def client_key() -> ClientKey:
    return ClientKey()


def bound(issuer: Issuer, to: ClientKey, **claims: Any) -> str:
    return issuer.token(cnf={"jkt": to.thumbprint}, **claims)


def ask(client: TestClient, path: str, token: str, *proofs: str) -> Any:
    return client.get(path, headers=[("Authorization", f"DPoP {token}"), *(("DPoP", proof) for proof in proofs)])


def test_jwt_14_a_proof_is_good_for_one_request_however_often_the_request_is_looked_at(
    make_auth: Make, issuer: Issuer, client_key: ClientKey
) -> None:
    app, inner = FastAPI(), FastAPI()
    make_auth(dpop=PUBLIC_URL).install(app, protect=["/closed"])
    Admin = Annotated[User, require(role="admin")]

    @app.get("/plain")
    async def plain(user: CurrentUser, admin: Admin, maybe: OptionalUser) -> str:
        return user.id

    @app.get("/closed/it")
    async def closed(request: AuthedRequest, user: CurrentUser) -> str:
        return request.user.id

    @inner.get("/deep")
    async def deep(user: CurrentUser, admin: Admin) -> str:
        return user.id

    router = APIRouter(prefix="/router", dependencies=[require(role="admin")])

    @router.get("/it")
    async def routed(user: CurrentUser) -> str:
        return user.id

    app.mount("/a/b", inner)
    app.include_router(router)
    client = TestClient(app)
    token = bound(issuer, client_key, roles=["admin"])
    for path in ["/plain", "/closed/it", "/a/b/deep", "/router/it"]:
        proof = client_key.proof(path, token, jti=path)
        answer = ask(client, path, token, proof)
        assert (answer.status_code, answer.json()) == (200, "usr_ada"), path
        again = ask(client, path, token, proof)
        assert (again.status_code, "header DPoP" in again.json()["detail"]) == (401, True), path
    # The address is that of the whole request, not of the app that is mounted.
    assert ask(client, "/a/b/deep", token, client_key.proof("/deep", token, jti="2")).status_code == 401


def test_jwt_14_a_name_is_used_up_for_its_key_and_for_a_good_token_only(
    me: FastAPI, client: TestClient, issuer: Issuer, client_key: ClientKey
) -> None:
    other = ClientKey()
    token, others = bound(issuer, client_key), bound(issuer, other)
    assert ask(client, "/me", token, client_key.proof("/me", token)).status_code == 200
    assert ask(client, "/me", others, other.proof("/me", others)).status_code == 200
    assert ask(client, "/me", token, client_key.proof("/me", token)).status_code == 401
    # Whoever has no good token uses nothing up.
    assert ask(client, "/me", token, other.proof("/me", token, jti="2")).json()["code"] == "invalid_token"
    assert ask(client, "/me", token, client_key.proof("/me", token, jti="2")).status_code == 200


def test_the_path_is_compared_as_it_was_sent(app: FastAPI, client: TestClient, issuer: Issuer, client_key: ClientKey) -> None:
    @app.get("/notes/{name:path}")
    async def note(name: str, user: CurrentUser) -> str:
        return name

    token = bound(issuer, client_key)
    for number, path in enumerate(["/notes/a%2Fb", "/notes/gr%C3%BCn", "/notes/%7Eada"]):
        assert ask(client, path, token, client_key.proof(path, token, jti=f"{number}")).status_code == 200, path
    assert ask(client, "/notes/a%2Fb", token, client_key.proof("/notes/a/b", token, jti="9")).status_code == 401
    # The query is not part of what a proof is made for.
    assert ask(client, "/notes/a?b=c", token, client_key.proof("/notes/a", token, jti="10")).status_code == 200


def test_a_bound_token_waits_for_new_keys_and_its_proof_is_still_good_once(
    me: FastAPI, client: TestClient, issuer: Issuer, client_key: ClientKey, clock: Clock
) -> None:
    first = bound(issuer, client_key)
    assert ask(client, "/me", first, client_key.proof("/me", first)).status_code == 200, "the keys are fetched"
    issuer.keys = [key("es-2")]
    clock.advance(31)
    token = bound(issuer, client_key, by=key("es-2"))
    proof = client_key.proof("/me", token, jti="2")
    assert ask(client, "/me", token, proof).status_code == 200
    assert ask(client, "/me", token, proof).status_code == 401
    assert issuer.key_fetches == 2


def test_two_instances_of_one_request_check_its_proof_each_for_itself(
    make_auth: Make, issuer: Issuer, client_key: ClientKey
) -> None:
    app = FastAPI()
    staff = make_auth(name="staff", dpop=PUBLIC_URL)
    make_auth(dpop=PUBLIC_URL).install(app)
    staff.install(app)

    @app.get("/")
    async def both(user: CurrentUser, other: Annotated[User, staff.user()]) -> str:
        return user.id

    token = bound(issuer, client_key)
    assert ask(TestClient(app), "/", token, client_key.proof("/", token)).status_code == 200


def test_api_keys_and_bearer_tokens_go_beside(make_auth: Make, issuer: Issuer, client_key: ClientKey) -> None:
    app = FastAPI()
    make_auth(dpop=PUBLIC_URL, api_keys=True).install(app)

    @app.get("/")
    async def home(user: CurrentUser) -> str:
        return user.credential

    client = TestClient(app)
    token = bound(issuer, client_key)
    assert client.get("/", headers=issuer.bearer()).status_code == 200
    assert ask(client, "/", token, client_key.proof("/", token)).json() == "token"
    two = {"Authorization": f"DPoP {token}", "DPoP": client_key.proof("/", token, jti="2"), "X-API-Key": "gp_key_1"}
    assert client.get("/", headers=two).json()["code"] == "invalid_token"


def test_a_bound_token_is_not_exchanged_for_another_organization(
    app: FastAPI, client: TestClient, issuer: Issuer, client_key: ClientKey
) -> None:
    issuer.exchanges()

    @app.get("/")
    async def home(member: CurrentMember) -> str:
        return member.organization.id

    token = bound(issuer, client_key, org_id="org_acme")
    headers = {"Authorization": f"DPoP {token}", "DPoP": client_key.proof("/", token)}
    assert client.get("/", headers=headers).json() == "org_acme"
    headers |= {"DPoP": client_key.proof("/", token, jti="2"), "X-Organization-ID": "org_beta"}
    assert client.get("/", headers=headers).json()["code"] == "organization_required"
    assert issuer.forms == []


def test_a_prefix_that_is_closed_answers_with_the_challenge_of_the_scheme(
    make_auth: Make, issuer: Issuer, client_key: ClientKey
) -> None:
    app = FastAPI()
    make_auth(dpop=PUBLIC_URL, dpop_only=True).install(app, protect="all", errors="problem")
    client = TestClient(app)
    answer = client.get("/")
    assert answer.headers["www-authenticate"].startswith("DPoP algs=")
    assert "bound to a key" in answer.json()["detail"]
    answer = ask(client, "/", bound(issuer, client_key))
    assert answer.headers["www-authenticate"].startswith('DPoP error="invalid_dpop_proof"')
    assert answer.json()["type"] == "urn:gatepost:problem:invalid_dpop_proof"


def test_claims_that_do_not_fit_are_told_in_the_scheme(
    app: FastAPI, client: TestClient, issuer: Issuer, client_key: ClientKey
) -> None:
    @app.get("/")
    async def home(user: CurrentUser) -> None:
        user.read(dict[str, int])

    token = bound(issuer, client_key)
    answer = ask(client, "/", token, client_key.proof("/", token))
    assert answer.headers["www-authenticate"].startswith('DPoP error="invalid_token"')


@pytest.mark.parametrize("only", [False, True])
def test_a_websocket_begins_with_a_get(make_auth: Make, issuer: Issuer, client_key: ClientKey, only: bool) -> None:
    app = FastAPI()
    make_auth(dpop=PUBLIC_URL, dpop_only=only).install(app)

    @app.websocket("/ws")
    async def ws(socket: WebSocket, user: CurrentUser) -> None:
        await socket.accept()
        await socket.send_text(user.id)

    client = TestClient(app)
    token = bound(issuer, client_key)
    headers = {"Authorization": f"DPoP {token}", "DPoP": client_key.proof("/ws", token)}
    with client.websocket_connect("/ws", headers=headers) as socket:
        assert socket.receive_text() == "usr_ada"
    unbound = issuer.token()
    for refused in [["bearer", token], ["bearer", unbound]] if only else [["bearer", token]]:
        with pytest.raises(Exception) as error, client.websocket_connect("/ws", subprotocols=refused):
            pass
        assert isinstance(error.value, WebSocketDisconnect) or "401" in repr(error.value)


def test_no_answer_and_no_log_repeats_a_proof(
    me: FastAPI, client: TestClient, issuer: Issuer, client_key: ClientKey, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG", "gatepost")
    token = bound(issuer, client_key)
    proof = client_key.proof("/elsewhere", token, jti="very-secret-name")
    answer = ask(client, "/me", token, proof)
    said = answer.text + str(answer.headers) + caplog.text
    assert "the proof is for another address (htu)" in said
    for part in [*proof.split("."), *token.split("."), "very-secret-name"]:
        assert part not in said


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"dpop": ""}, "http(s) URL"),
        ({"dpop": "api.example.com"}, "http(s) URL"),
        ({"dpop": "https://api.example.com?x"}, "http(s) URL"),
        ({"dpop_only": True}, "public URL"),
        ({"dpop": PUBLIC_URL, "dpop_only": True, "api_keys": True}, "exclude each other"),
    ],
)
def test_what_cannot_be_is_refused_at_once(settings: dict[str, Any], words: str) -> None:
    with pytest.raises(GatepostError, match=words.replace("(", r"\(").replace(")", r"\)")):
        Gatepost("https://auth.example.com", audience="notes-api", **settings)
