"""The active organization: what the token says, what the request says, and that the two must agree. TN-02."""

from typing import Annotated, Any

import pytest
from conftest import Issuer
from fastapi import FastAPI
from fastapi.testclient import TestClient

import gatepost
from gatepost.fastapi import CurrentMember, CurrentUser, Gatepost, Member, Organization, require

PATHS = ["/member", "/own", "/any", "/acme"]


@pytest.fixture
def routes(app: FastAPI, auth: Gatepost) -> FastAPI:
    @app.get("/member")
    async def member(member: CurrentMember) -> str:
        return f"{member.organization.id} {member.id}"

    @app.get("/own")
    async def own(member: Annotated[Member, auth.member()]) -> str:
        return f"{member.organization.id} {member.id}"

    @app.get("/any", dependencies=[require(organization=True)])
    async def any_organization() -> None: ...

    @app.get("/acme", dependencies=[require(organization="org_acme")])
    async def acme() -> None: ...

    @app.get("/me")
    async def me(user: CurrentUser) -> str:
        return user.organization.id if user.organization else "-"

    return app


def ask(client: TestClient, issuer: Issuer, path: str, organization: Any, *headers: bytes) -> Any:
    bearer = issuer.bearer(org_id=organization)["Authorization"].encode()
    named = [(b"X-Organization-ID", header) for header in headers]
    return client.get(path, headers=[(b"Authorization", bearer), *named])


def test_a_member_acts_for_the_organization_of_the_token(routes: FastAPI, client: TestClient, issuer: Issuer) -> None:
    for headers in [(), (b"org_acme",)]:
        for path in PATHS:
            assert ask(client, issuer, path, "org_acme", *headers).status_code == 200
        for path in ["/member", "/own"]:
            assert ask(client, issuer, path, "org_acme", *headers).json() == "org_acme usr_ada"
    assert ask(client, issuer, "/member", "org_ä", "org_ä".encode()).json() == "org_ä usr_ada"
    assert ask(client, issuer, "/me", "org_acme").json() == "org_acme"
    assert ask(client, issuer, "/me", None).json() == "-"


@pytest.mark.parametrize("organization", [None, ""])
@pytest.mark.parametrize("headers", [(), (b"org_acme",), (b"",)])
def test_a_token_without_an_organization_is_not_enough(
    routes: FastAPI, client: TestClient, issuer: Issuer, organization: Any, headers: tuple[bytes, ...]
) -> None:
    for path in PATHS:
        answer = ask(client, issuer, path, organization, *headers)
        assert (answer.status_code, answer.json()["code"]) == (403, "organization_required")
        assert "www-authenticate" not in answer.headers


@pytest.mark.parametrize("organization", [7, ["org_acme"], {"id": "org_acme"}, True])
def test_an_organization_claim_of_another_type_is_no_good_token(
    routes: FastAPI, client: TestClient, issuer: Issuer, organization: Any
) -> None:
    assert ask(client, issuer, "/member", organization).json()["code"] == "invalid_token"


@pytest.mark.parametrize(
    "headers",
    [
        (b"org_globex",),
        (b"ORG_ACME",),
        (b"org_acme, org_acme",),
        (b"",),
        (b"org_acme", b"org_acme"),
        (b"org_acme", b"org_globex"),
        (b"org_globex", b"org_acme"),
        (b"org_acme\xff",),
    ],
)
def test_tn_02_a_header_that_names_another_organization_is_refused(
    routes: FastAPI, client: TestClient, issuer: Issuer, headers: tuple[bytes, ...]
) -> None:
    for path in PATHS:
        answer = ask(client, issuer, path, "org_acme", *headers)
        assert (answer.status_code, answer.json()["code"]) == (403, "organization_required"), path


def test_a_rule_that_names_an_organization_takes_no_other(routes: FastAPI, client: TestClient, issuer: Issuer) -> None:
    for organization in ["org_globex", "org_acme2", "Org_Acme"]:
        assert ask(client, issuer, "/any", organization, organization.encode()).status_code == 200
        assert ask(client, issuer, "/acme", organization, organization.encode()).json()["code"] == "organization_required"


def test_strangers_are_401_whatever_organization_they_name(routes: FastAPI, client: TestClient) -> None:
    for path in PATHS:
        assert client.get(path, headers={"X-Organization-ID": "org_acme"}).status_code == 401


def test_organizations_are_compared_by_identifier(routes: FastAPI, client: TestClient, issuer: Issuer) -> None:
    seen: list[Organization] = []

    @routes.get("/seen")
    async def see(member: CurrentMember) -> None:
        seen.append(member.organization)

    for organization in ["org_acme", "org_acme", "org_globex"]:
        ask(client, issuer, "/seen", organization)
    assert seen[0] == seen[1] and seen[0] != seen[2]
    assert len({*seen}) == 2
    assert repr(seen[0]) == '<Organization "org_acme">'
    assert gatepost.Organization is Organization
