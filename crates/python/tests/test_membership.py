"""`X-Organization-ID` of another organization than the token's: the issuer says whether the caller is a member of it."""

from typing import Annotated, Any

import pytest
from conftest import Answer, Clock, Issuer
from fastapi import Depends, FastAPI
from fastapi.testclient import TestClient
from starlette.requests import Request

from gatepost.fastapi import CurrentMember, CurrentUser, Gatepost, User, require, resource

GLOBEX = {"X-Organization-ID": "org_globex"}


@pytest.fixture
def client(app: FastAPI, auth: Gatepost, issuer: Issuer) -> TestClient:
    issuer.exchanges()
    makes_member(issuer)

    def say(user: User) -> str:
        return f"{user.organization.id if user.organization else '-'} {list(user.roles)}"

    @app.get("/member")
    async def member(member: CurrentMember) -> str:
        return say(member)

    @app.get("/globex")
    async def globex(user: Annotated[User, require(organization="org_globex")]) -> str:
        return say(user)

    @app.get("/behind")
    async def behind(member: CurrentMember, user: CurrentUser) -> str:
        return say(user)

    @app.get("/user")
    async def user(user: CurrentUser) -> str:
        return say(user)

    @app.get("/admin", dependencies=[require(role="admin")])
    async def admin() -> None: ...

    @app.get("/admin-first", dependencies=[require(role="admin")])
    async def admin_first(member: CurrentMember) -> None: ...

    @app.get("/admin-then")
    async def admin_then(member: CurrentMember, admin: Annotated[User, require(role="admin")]) -> None: ...

    class Note:
        org_id = "org_globex"

    @app.get("/note")
    async def note(note: Annotated[Note, resource(Note, organization="org_id")]) -> None: ...

    async def load_page() -> str:
        return "page"

    page = resource(load_page, check=lambda user, page: user.has_role("admin"))

    @app.get("/page-first")
    async def page_first(page: Annotated[str, page], member: CurrentMember) -> None: ...

    @app.get("/page-then")
    async def page_then(member: CurrentMember, page: Annotated[str, page]) -> None: ...

    return TestClient(app)


def makes_member(issuer: Issuer, **claims: Any) -> None:
    """The issuer exchanges tokens for those of a reader in `org_globex`."""
    issuer.grant(issuer.token(**{"org_id": "org_globex", "roles": ["reader"], **claims}))


def admin(issuer: Issuer) -> dict[str, str]:
    """The token of an admin of `org_acme`."""
    return issuer.bearer(org_id="org_acme", roles=["admin"])


def exchanges(issuer: Issuer) -> int:
    return issuer.asked.count("/oauth/token")


def test_a_member_acts_for_the_organization_that_the_request_names(client: TestClient, issuer: Issuer) -> None:
    token = admin(issuer)
    for path in ["/member", "/globex", "/behind"] * 2:
        assert client.get(path, headers={**token, **GLOBEX}).json() == "org_globex ['reader']", path
    assert client.get("/note", headers={**token, **GLOBEX}).status_code == 200
    assert client.get("/note", headers=token).status_code == 403
    assert issuer.forms == [
        {
            "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange",
            "subject_token": token["Authorization"].removeprefix("Bearer "),
            "subject_token_type": "urn:ietf:params:oauth:token-type:access_token",
            "organization_id": "org_globex",
        }
    ]
    # A token for no organization can be one of a member as well.
    assert client.get("/member", headers={**issuer.bearer(), **GLOBEX}).status_code == 200


def test_what_asks_for_no_organization_asks_no_issuer(client: TestClient, issuer: Issuer) -> None:
    assert client.get("/user", headers={**admin(issuer), **GLOBEX}).json() == "org_acme ['admin']"
    assert client.get("/admin", headers={**admin(issuer), **GLOBEX}).status_code == 200
    assert client.get("/member", headers={**admin(issuer), "X-Organization-ID": "org_acme"}).status_code == 200
    assert exchanges(issuer) == 0


def test_tn_02_roles_of_one_organization_open_nothing_of_another(client: TestClient, issuer: Issuer) -> None:
    for path in ["/admin-first", "/admin-then"]:
        refused = client.get(path, headers={**admin(issuer), **GLOBEX})
        assert (refused.status_code, refused.json()["code"]) == (403, "missing_role"), path
        assert client.get(path, headers=admin(issuer)).status_code == 200
    makes_member(issuer, roles=["admin"])
    for path in ["/admin-first", "/admin-then"]:
        assert client.get(path, headers={**admin(issuer), **GLOBEX}).status_code == 200


def test_tn_02_a_resource_is_asked_again_once_the_organization_is_known(client: TestClient, issuer: Issuer) -> None:
    for path in ["/page-first", "/page-then"]:
        refused = client.get(path, headers={**admin(issuer), **GLOBEX})
        assert (refused.status_code, refused.json()["code"]) == (403, "not_yours"), path
        assert client.get(path, headers=admin(issuer)).status_code == 200


@pytest.mark.parametrize("error", ["invalid_target", "invalid_request", "unauthorized_client"])
def test_tn_02_who_is_no_member_is_refused(client: TestClient, issuer: Issuer, error: str) -> None:
    issuer.refuse(error)
    token = admin(issuer)
    for path in ["/member", "/globex", "/behind", "/admin-first", "/note"]:
        refused = client.get(path, headers={**token, **GLOBEX})
        assert (refused.status_code, refused.json()["code"]) == (403, "organization_required"), path
    assert exchanges(issuer) == 1


def test_mf_05_a_member_without_the_second_factor_of_the_organization_is_led_to_show_it(
    client: TestClient, issuer: Issuer, clock: Clock
) -> None:
    issuer.refuse("insufficient_user_authentication")
    token = admin(issuer)
    for path in ["/member", "/globex", "/behind"]:
        refused = client.get(path, headers={**token, **GLOBEX})
        assert (refused.status_code, refused.json()["code"]) == (401, "reauthentication_required"), path
        challenge = refused.headers["www-authenticate"]
        assert challenge == 'Bearer error="insufficient_user_authentication", acr_values="mfa"', path
    assert exchanges(issuer) == 1
    makes_member(issuer)
    clock.advance(10)
    assert client.get("/member", headers={**token, **GLOBEX}).status_code == 200


def test_tn_02_a_removed_member_is_refused_after_a_minute(client: TestClient, issuer: Issuer, clock: Clock) -> None:
    token = admin(issuer)
    assert client.get("/member", headers={**token, **GLOBEX}).status_code == 200
    issuer.refuse("invalid_target")
    clock.advance(59)
    assert client.get("/member", headers={**token, **GLOBEX}).status_code == 200
    clock.advance(1)
    assert client.get("/member", headers={**token, **GLOBEX}).json()["code"] == "organization_required"


@pytest.mark.parametrize(
    "lie",
    [
        {"org_id": "org_initech"},
        {"org_id": None},
        {"sub": "usr_bob"},
        {"aud": "billing"},
        {"iss": "https://other.example.com"},
        {"api_key": "key_1"},
    ],
    ids=str,
)
def test_tn_02_a_lying_issuer_makes_nobody_a_member(client: TestClient, issuer: Issuer, lie: dict[str, Any]) -> None:
    makes_member(issuer, **lie)
    assert client.get("/member", headers={**admin(issuer), **GLOBEX}).json()["code"] == "organization_required"


def test_tn_02_what_names_no_organization_is_refused_without_asking(client: TestClient, issuer: Issuer) -> None:
    names = ["", "globex", "org_", "ORG_globex", "org_a, org_b", "org_a b", "org_../x", "usr_ada", "org_" + "a" * 100]
    for named in names:
        refused = client.get("/member", headers={**admin(issuer), "X-Organization-ID": named})
        assert refused.json()["code"] == "organization_required", named
    bearer = admin(issuer)["Authorization"]
    twice = [("Authorization", bearer), *GLOBEX.items(), *GLOBEX.items()]
    assert client.get("/member", headers=twice).json()["code"] == "organization_required"
    # A key is for one organization at most.
    of_key = issuer.bearer(api_key="key_1", org_id="org_acme")
    assert client.get("/member", headers={**of_key, **GLOBEX}).json()["code"] == "organization_required"
    assert exchanges(issuer) == 0


def test_a_key_of_an_organization_is_none_of_its_members(client: TestClient, issuer: Issuer) -> None:
    of_organization = issuer.bearer(sub="org_globex", org_id="org_globex", api_key="key_1")
    for named in ({}, GLOBEX):
        refused = client.get("/member", headers={**of_organization, **named})
        assert (refused.status_code, refused.json()["code"]) == (403, "organization_required")
        assert client.get("/globex", headers={**of_organization, **named}).status_code == 200
    assert exchanges(issuer) == 0


def test_an_issuer_that_does_not_answer_is_503(client: TestClient, issuer: Issuer) -> None:
    issuer.answers["/oauth/token"] = Answer(status=500)
    refused = client.get("/member", headers={**admin(issuer), **GLOBEX})
    assert (refused.status_code, refused.json()["code"]) == (503, "issuer_unavailable")
    assert refused.headers["retry-after"] == "5"


def test_the_request_of_a_closed_prefix_shows_the_member(app: FastAPI, issuer: Issuer, make_auth: Any) -> None:
    issuer.exchanges()
    makes_member(issuer)
    closed = FastAPI()
    make_auth().install(closed, protect=["/api"])

    async def seen(request: Request) -> list[str]:
        return list(request.user.roles)

    @closed.get("/api/roles")
    async def roles(member: CurrentMember, roles: Annotated[list[str], Depends(seen)]) -> list[str]:
        return roles

    assert TestClient(closed).get("/api/roles", headers={**admin(issuer), **GLOBEX}).json() == ["reader"]
