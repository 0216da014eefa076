"""The dependencies: who is calling, and may they."""

from typing import Annotated, Any

import pytest
from conftest import AUDIENCE, NOW, Clock, Issuer, key
from fastapi import APIRouter, BackgroundTasks, Depends, FastAPI
from fastapi.testclient import TestClient

from gatepost.fastapi import (
    CurrentUser,
    Forbidden,
    Gatepost,
    NotAuthenticated,
    OptionalUser,
    User,
    require,
    signed_in,
)

BEARER = {"www-authenticate": "Bearer"}
INVALID = 'Bearer error="invalid_token", error_description="The access token is not valid"'
EXPIRED = 'Bearer error="invalid_token", error_description="The access token expired"'


@pytest.fixture
def routes(app: FastAPI) -> FastAPI:
    @app.get("/me")
    async def me(user: CurrentUser) -> str:
        return user.id

    @app.get("/feed")
    async def feed(user: OptionalUser) -> str:
        return user.id if user else "-"

    @app.get("/plain")
    def plain(user: CurrentUser) -> str:
        return user.id

    return app


def test_a_good_token_names_the_caller(routes: FastAPI, client: TestClient, issuer: Issuer) -> None:
    for path in ["/me", "/feed", "/plain"]:
        answer = client.get(path, headers=issuer.bearer())
        assert (answer.status_code, answer.json()) == (200, "usr_ada")


@pytest.mark.parametrize("scheme", ["bearer", "BEARER", "bEaReR", "Bearer  "])
def test_the_scheme_is_compared_without_regard_to_case(
    routes: FastAPI, client: TestClient, issuer: Issuer, scheme: str
) -> None:
    assert client.get("/me", headers={"Authorization": f"{scheme} {issuer.token()}"}).status_code == 200


@pytest.mark.parametrize("header", [None, "Basic dXNlcjpwdw==", "DPoP a.b.c", "Bearerx a.b.c", "a.b.c", ""])
def test_without_a_bearer_token_the_caller_is_nobody(routes: FastAPI, client: TestClient, header: str | None) -> None:
    headers = {} if header is None else {"Authorization": header}
    answer = client.get("/me", headers=headers)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    assert answer.json() == {
        "detail": "This needs an access token: send it as `Authorization: Bearer …`.",
        "code": "unauthenticated",
    }
    assert client.get("/feed", headers=headers).json() == "-"


def test_a_bad_token_is_401_everywhere_and_never_anonymous(routes: FastAPI, client: TestClient, issuer: Issuer) -> None:
    good = issuer.token()
    for bad in [
        "",
        "x",
        "a.b.c",
        good + "x",
        good[:-6] + "AAAAAA",
        f"{good}, Bearer {good}",
        f"Bearer {good}",
        issuer.token(aud="other-api"),
        issuer.token(iss="https://evil.example"),
        issuer.token(typ="JWT"),
        issuer.token(by=key("evil")),
        issuer.token(cnf={"jkt": "x"}),
        issuer.token(roles="admin"),
        "a" * 20000,
    ]:
        for path in ["/me", "/feed"]:
            answer = client.get(path, headers={"Authorization": f"Bearer {bad}"})
            assert (answer.status_code, answer.headers["www-authenticate"]) == (401, INVALID), bad[:20]
            assert answer.json() == {"detail": "The access token is not valid here.", "code": "invalid_token"}


def test_an_expired_token_says_so_that_the_client_refreshes(routes: FastAPI, client: TestClient, issuer: Issuer) -> None:
    for path in ["/me", "/feed"]:
        answer = client.get(path, headers=issuer.bearer(exp=NOW - 60))
        assert (answer.status_code, answer.headers["www-authenticate"]) == (401, EXPIRED)
        assert answer.json()["code"] == "invalid_token"


def test_a_token_expires_while_it_is_remembered(
    routes: FastAPI, client: TestClient, issuer: Issuer, clock: Clock
) -> None:
    bearer = issuer.bearer()
    assert client.get("/me", headers=bearer).status_code == 200
    clock.advance(931)
    assert client.get("/me", headers=bearer).headers["www-authenticate"] == EXPIRED


def test_two_authorization_headers_are_refused_whichever_is_good(
    routes: FastAPI, client: TestClient, issuer: Issuer
) -> None:
    good = f"Bearer {issuer.token()}"
    for pair in [(good, good), (good, "Basic x"), ("Basic x", good)]:
        answer = client.get("/feed", headers=[("Authorization", value) for value in pair])
        assert (answer.status_code, answer.json()["code"]) == (401, "invalid_token")


def test_jwt_20_a_thousand_authorization_headers_are_refused(
    routes: FastAPI, client: TestClient, issuer: Issuer
) -> None:
    many = [("Authorization", f"Bearer {issuer.token()}")] * 1000
    assert client.get("/me", headers=many).status_code == 401


def test_a_token_in_the_query_is_not_looked_at(routes: FastAPI, client: TestClient, issuer: Issuer) -> None:
    answer = client.get("/me", params={"access_token": issuer.token(), "token": issuer.token()})
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")


def test_no_answer_and_no_log_repeats_the_token(
    routes: FastAPI, client: TestClient, issuer: Issuer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG", "gatepost")
    bad = issuer.token(aud="other-api")
    answer = client.get("/me", headers={"Authorization": f"Bearer {bad}"})
    logged = caplog.text
    assert "another audience (aud)" in logged
    for part in bad.split("."):
        assert part not in answer.text + str(answer.headers) + logged


def test_the_log_says_which_rule_refused_whom(
    app: FastAPI, client: TestClient, issuer: Issuer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "gatepost")

    @app.get("/admin", dependencies=[require(any_role=["admin", "owner"], scope="notes:read")])
    async def admin() -> None: ...

    assert client.get("/admin", headers=issuer.bearer(scope="notes:read", roles=["reader"])).status_code == 403
    record = caplog.records[-1]
    assert record.getMessage() == (
        "refused usr_ada: missing_role; asked for is {'any_role': ['admin', 'owner'], 'scope': 'notes:read'}"
    )
    assert record.refusal == "missing_role"  # type: ignore[attr-defined]


def test_an_app_without_an_instance_fails_and_says_what_to_do() -> None:
    app = FastAPI()

    @app.get("/me")
    async def me(user: CurrentUser) -> str:
        return user.id

    with pytest.raises(RuntimeError, match="call auth.install\\(app\\) on it or on the app it is mounted in"):
        TestClient(app).get("/me")


def allowed(app: FastAPI, issuer: Issuer, rule: Any, **claims: Any) -> Any:
    @app.get("/ruled", dependencies=[rule])
    async def ruled() -> str:
        return "in"

    return TestClient(app).get("/ruled", headers=issuer.bearer(**claims))


def is_pro(user: User) -> bool:
    return bool(user.claims.get("plan") == "pro")


@pytest.mark.parametrize(
    ("rule", "good", "bad", "code"),
    [
        ({"role": "admin"}, {"roles": ["member", "admin"]}, {"roles": ["administrator"]}, "missing_role"),
        ({"role": "admin"}, {"roles": ["admin"]}, {"roles": ["Admin"]}, "missing_role"),
        ({"role": "admin"}, {"roles": ["admin"]}, {}, "missing_role"),
        ({"any_role": ["admin", "owner"]}, {"roles": ["owner"]}, {"roles": ["member"]}, "missing_role"),
        ({"any_role": {"admin", "owner"}}, {"roles": ["admin"]}, {"roles": []}, "missing_role"),
        ({"all_roles": ("admin", "owner")}, {"roles": ["owner", "x", "admin"]}, {"roles": ["owner"]}, "missing_role"),
        (
            {"permission": "notes:write"},
            {"permissions": ["notes:write"]},
            {"permissions": ["notes:read"]},
            "missing_permission",
        ),
        ({"permission": "notes:write"}, {"permissions": ["notes:*"]}, {"permissions": ["*:*"]}, "missing_permission"),
        (
            {"any_permission": ["notes:write", "notes:read"]},
            {"permissions": ["notes:read"]},
            {"permissions": ["users:read"]},
            "missing_permission",
        ),
        (
            {"all_permissions": ["notes:write", "notes:read"]},
            {"permissions": ["notes:read", "notes:write"]},
            {"permissions": ["notes:read"]},
            "missing_permission",
        ),
        ({"realm": "acme"}, {"realm_id": "acme"}, {"realm_id": "Acme"}, "wrong_realm"),
        ({"realm": "acme"}, {"realm_id": "acme"}, {}, "wrong_realm"),
        ({"organization": True}, {"org_id": "org_acme"}, {}, "organization_required"),
        ({"organization": "org_acme"}, {"org_id": "org_acme"}, {"org_id": "org_globex"}, "organization_required"),
        ({"check": is_pro}, {"plan": "pro"}, {"plan": "free"}, "forbidden"),
        ({"role": "a", "permission": "n:w"}, {"roles": ["a"], "permissions": ["n:w"]}, {"roles": ["a"]}, "missing_permission"),
        ({"role": "a", "permission": "n:w"}, {"roles": ["a"], "permissions": ["n:w"]}, {"permissions": ["n:w"]}, "missing_role"),
    ],
)
def test_az_01_a_rule_lets_in_who_fits_it_and_nobody_else(
    app: FastAPI, issuer: Issuer, rule: dict[str, Any], good: dict[str, Any], bad: dict[str, Any], code: str
) -> None:
    assert allowed(app, issuer, require(**rule), **good).status_code == 200
    refused = allowed(app, issuer, require(**rule), **bad)
    assert (refused.status_code, refused.json()["code"]) == (403, code)
    assert "www-authenticate" not in refused.headers


def test_every_word_of_a_scope_is_needed_and_the_answer_names_them(app: FastAPI, issuer: Issuer) -> None:
    assert allowed(app, issuer, require(scope="notes read"), scope="read extra notes").status_code == 200
    refused = allowed(app, issuer, require(scope="notes read"), scope="notes")
    assert (refused.status_code, refused.json()["code"]) == (403, "insufficient_scope")
    assert refused.headers["www-authenticate"] == 'Bearer error="insufficient_scope", scope="notes read"'


def test_a_sign_in_that_is_too_old_must_be_repeated(app: FastAPI, issuer: Issuer) -> None:
    assert allowed(app, issuer, require(fresh="10m"), auth_time=NOW - 600).status_code == 200
    assert allowed(app, issuer, require(fresh="10m"), auth_time=NOW + 60).status_code == 200
    for claims in [{"auth_time": NOW - 601}, {}, {"auth_time": NOW + 61}]:
        refused = allowed(app, issuer, require(fresh="10m"), **claims)
        assert (refused.status_code, refused.json()["code"]) == (401, "reauthentication_required")
        assert refused.headers["www-authenticate"] == 'Bearer error="insufficient_user_authentication", max_age=600'


def test_without_a_second_factor_the_challenge_asks_for_one(app: FastAPI, issuer: Issuer) -> None:
    assert allowed(app, issuer, require(mfa=True), amr=["pwd", "mfa"]).status_code == 200
    for amr in [None, [], ["pwd"], ["otp", "hwk"], "mfa", ["MFA"], [["mfa"]]]:
        refused = allowed(app, issuer, require(mfa=True), amr=amr)
        assert (refused.status_code, refused.json()["code"]) == (401, "reauthentication_required"), amr
        assert refused.headers["www-authenticate"] == 'Bearer error="insufficient_user_authentication", acr_values="mfa"'
        assert refused.json()["detail"] == "This needs a second factor. Sign in again with one and retry."


def test_a_rule_without_a_credential_is_401_and_not_403(app: FastAPI, issuer: Issuer) -> None:
    @app.get("/ruled", dependencies=[require(role="admin")])
    async def ruled() -> str:
        return "in"

    answer = TestClient(app).get("/ruled")
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")


def test_a_named_policy_gives_the_user(app: FastAPI, client: TestClient, issuer: Issuer) -> None:
    Admin = Annotated[User, require(role="admin")]

    @app.delete("/users/{id}")
    async def delete(id: str, admin: Admin) -> str:
        return f"{admin.id} deleted {id}"

    assert client.delete("/users/7", headers=issuer.bearer(roles=["admin"])).json() == "usr_ada deleted 7"
    assert client.delete("/users/7", headers=issuer.bearer()).status_code == 403


def test_a_rule_on_a_router_holds_for_all_its_routes(app: FastAPI, client: TestClient, issuer: Issuer) -> None:
    team = APIRouter(prefix="/team", dependencies=[signed_in])

    @team.get("/a")
    async def a() -> str:
        return "a"

    @team.get("/b", dependencies=[require(role="admin")])
    async def b(user: CurrentUser) -> str:
        return user.id

    app.include_router(team)
    assert client.get("/team/a").status_code == 401
    assert client.get("/team/a", headers=issuer.bearer()).json() == "a"
    assert client.get("/team/b", headers=issuer.bearer()).status_code == 403
    assert client.get("/team/b", headers=issuer.bearer(roles=["admin"])).json() == "usr_ada"


def test_a_guard_inside_a_dependency_of_ones_own(app: FastAPI, client: TestClient, issuer: Issuer) -> None:
    async def shelf(user: CurrentUser) -> str:
        return f"shelf of {user.id}"

    @app.get("/shelf")
    async def read(mine: Annotated[str, Depends(shelf)], user: CurrentUser) -> str:
        return mine

    assert client.get("/shelf", headers=issuer.bearer()).json() == "shelf of usr_ada"
    assert client.get("/shelf").status_code == 401


def test_two_guards_on_a_route_verify_once(app: FastAPI, client: TestClient, issuer: Issuer, auth: Gatepost) -> None:
    calls = []
    verify = auth._core

    class Counting:
        def __getattr__(self, name: str) -> Any:
            if name == "authenticate":
                calls.append(name)
            return getattr(verify, name)

    auth._core = Counting()  # type: ignore[assignment]

    @app.get("/both", dependencies=[require(role="admin"), require(realm="acme")])
    async def both(user: CurrentUser) -> str:
        return user.id

    assert client.get("/both", headers=issuer.bearer(roles=["admin"], realm_id="acme")).json() == "usr_ada"
    # The first attempt found no keys yet.
    calls.clear()
    assert client.get("/both", headers=issuer.bearer(roles=["admin"], realm_id="acme", jti="2")).json() == "usr_ada"
    assert calls == ["authenticate"]


def test_a_user_may_be_passed_to_a_background_task(app: FastAPI, client: TestClient, issuer: Issuer) -> None:
    thanked: list[str] = []

    def thank(user: User) -> None:
        thanked.append(user.id)

    @app.post("/order")
    async def order(user: CurrentUser, tasks: BackgroundTasks) -> None:
        tasks.add_task(thank, user)

    client.post("/order", headers=issuer.bearer())
    assert thanked == ["usr_ada"]


def test_one_can_answer_refusals_oneself(make_auth: Any, issuer: Issuer) -> None:
    from starlette.requests import Request
    from starlette.responses import PlainTextResponse

    app = FastAPI()

    @app.exception_handler(NotAuthenticated)
    async def sign_in(request: Request, error: NotAuthenticated) -> PlainTextResponse:
        return PlainTextResponse(f"own {error.code}", 401, error.headers)

    make_auth().install(app)

    @app.exception_handler(Forbidden)
    async def forbidden(request: Request, error: Forbidden) -> PlainTextResponse:
        return PlainTextResponse(f"own {error.code}", 403)

    @app.get("/ruled", dependencies=[require(role="admin")])
    async def ruled() -> str:
        return "in"

    client = TestClient(app)
    assert client.get("/ruled").text == "own unauthenticated"
    assert client.get("/ruled", headers=issuer.bearer()).text == "own missing_role"


def test_refusals_can_be_problems(make_auth: Any, issuer: Issuer) -> None:
    app = FastAPI()
    make_auth().install(app, errors="problem")

    @app.get("/ruled", dependencies=[require(role="admin")])
    async def ruled() -> str:
        return "in"

    client = TestClient(app)
    for headers, status, code, title in [
        ({}, 401, "unauthenticated", "Unauthorized"),
        (issuer.bearer(), 403, "missing_role", "Forbidden"),
    ]:
        answer = client.get("/ruled", headers=headers)
        body = answer.json()
        assert answer.headers["content-type"] == "application/problem+json"
        assert (answer.status_code, body["status"], body["title"]) == (status, status, title)
        assert body["type"].rsplit(":", 1)[1] == code
        assert set(body) == {"type", "title", "status", "detail"}
    assert client.get("/ruled").headers["www-authenticate"] == "Bearer"


def test_audience_of_the_issuer_does_not_open_the_api(routes: FastAPI, client: TestClient, issuer: Issuer) -> None:
    assert client.get("/me", headers=issuer.bearer(aud=[issuer.url])).status_code == 401
    assert client.get("/me", headers=issuer.bearer(aud=[issuer.url, AUDIENCE])).status_code == 200
