"""What the OpenAPI document says about guarded routes, on every FastAPI version alike."""

from typing import Annotated, Any

import pytest
from conftest import Issuer
from fastapi import Depends, FastAPI
from fastapi.security import APIKeyHeader
from fastapi.testclient import TestClient

from gatepost.fastapi import CurrentMember, CurrentUser, Gatepost, OptionalUser, User, require, signed_in


def is_pro(user: User) -> bool:
    return False


@pytest.fixture
def schema(app: FastAPI, client: TestClient) -> Any:
    Admin = Annotated[User, require(role="admin", scope="notes read")]

    @app.get("/open")
    async def open_route() -> None: ...

    @app.get("/me")
    async def me(user: CurrentUser) -> None:
        """Says who is calling."""

    @app.get("/maybe")
    async def maybe(user: OptionalUser) -> None: ...

    @app.get("/maybe-ruled", dependencies=[require(any_role=["admin", "owner"])])
    async def maybe_ruled(user: OptionalUser) -> None: ...

    @app.get("/admin", dependencies=[signed_in])
    async def admin(user: Admin) -> None:
        """For administrators."""

    @app.post(
        "/much",
        dependencies=[
            require(any_role=["admin", "owner"]),
            require(permission="notes:write", fresh="10m", realm="acme", check=is_pro),
            require(permission="notes:read"),
        ],
        responses={403: {"description": "my own"}},
    )
    async def much() -> None: ...

    @app.get("/key", dependencies=[Depends(APIKeyHeader(name="X-Own", scheme_name="own"))])
    async def own(user: CurrentUser) -> None: ...

    return client.get("/openapi.json").json()


def test_the_schemes_are_sign_in_and_a_pasted_token(schema: Any, issuer: Issuer) -> None:
    schemes = schema["components"]["securitySchemes"]
    assert set(schemes) == {"gatepost", "gatepostToken", "own"}
    assert schemes["gatepost"]["type"] == "oauth2"
    assert schemes["gatepost"]["flows"] == {
        "authorizationCode": {
            "authorizationUrl": f"{issuer.url}/oauth/authorize",
            "tokenUrl": f"{issuer.url}/oauth/token",
            "scopes": {"notes": "", "read": ""},
        }
    }
    assert (schemes["gatepostToken"]["type"], schemes["gatepostToken"]["scheme"]) == ("http", "bearer")


def test_a_guarded_operation_takes_either_scheme_and_lists_its_scopes(schema: Any) -> None:
    paths = schema["paths"]
    either = [{"gatepost": []}, {"gatepostToken": []}]
    assert "security" not in paths["/open"]["get"]
    assert paths["/me"]["get"]["security"] == either
    assert paths["/maybe"]["get"]["security"] == [*either, {}]
    assert paths["/maybe-ruled"]["get"]["security"] == either
    assert paths["/admin"]["get"]["security"] == [{"gatepost": ["notes", "read"]}, {"gatepostToken": []}]
    assert {"own": []} in paths["/key"]["get"]["security"] and {"gatepost": []} in paths["/key"]["get"]["security"]


def test_rules_are_written_for_machines_and_for_people(schema: Any) -> None:
    paths = schema["paths"]
    assert paths["/admin"]["get"]["x-gatepost"] == {"role": "admin"}
    assert paths["/admin"]["get"]["description"] == "For administrators.\n\n**Requires** role: admin; scope: notes read."
    assert paths["/maybe-ruled"]["get"]["description"] == "**Requires** any role: admin, owner."
    assert paths["/much"]["post"]["x-gatepost"] == {
        "any_role": ["admin", "owner"],
        "permission": ["notes:write", "notes:read"],
        "fresh": "10m",
        "realm": "acme",
        "check": "is_pro",
    }
    assert "check: is_pro" in paths["/much"]["post"]["description"]
    assert paths["/me"]["get"]["description"] == "Says who is calling."
    assert "x-gatepost" not in paths["/me"]["get"] and "x-gatepost" not in paths["/maybe"]["get"]


def test_rules_that_take_no_name_are_said_in_words(app: FastAPI) -> None:
    @app.get("/any", dependencies=[require(organization=True, mfa=True)])
    async def any_organization() -> None: ...

    @app.get("/member")
    async def member(member: CurrentMember) -> None: ...

    @app.get("/acme", dependencies=[require(organization="org_acme")])
    async def acme() -> None: ...

    paths = app.openapi()["paths"]
    assert paths["/any"]["get"]["description"] == "**Requires** a second factor; an active organization."
    assert paths["/any"]["get"]["x-gatepost"] == {"organization": True, "mfa": True}
    assert paths["/member"]["get"]["description"] == "**Requires** an active organization."
    assert paths["/acme"]["get"]["description"] == "**Requires** organization: org_acme."
    for path in ("/any", "/member", "/acme"):
        assert {"401", "403"} <= set(paths[path]["get"]["responses"]) and "404" not in paths[path]["get"]["responses"]


def test_refusals_are_documented_and_ones_own_text_stays(schema: Any) -> None:
    paths = schema["paths"]
    assert "401" in paths["/maybe"]["get"]["responses"] and "403" not in paths["/maybe"]["get"]["responses"]
    assert {"401", "403"} <= set(paths["/admin"]["get"]["responses"])
    assert paths["/much"]["post"]["responses"]["403"]["description"] == "my own"
    assert "401" not in paths["/open"]["get"]["responses"]
    assert set(paths["/me"]["get"]["responses"]["401"]["content"]) == {"application/json"}


def test_no_guard_becomes_a_parameter_and_no_note_is_left(schema: Any) -> None:
    for item in schema["paths"].values():
        for operation in item.values():
            assert "parameters" not in operation
            for alternative in operation.get("security", []):
                for scopes in alternative.values():
                    assert not [scope for scope in scopes if scope.startswith(" ")]


def test_the_document_stays_the_same_when_it_is_asked_for_again(app: FastAPI, schema: Any, client: TestClient) -> None:
    assert client.get("/openapi.json").json() == schema
    assert app.openapi() == schema


def test_what_discovery_says_replaces_what_was_assumed(app: FastAPI, client: TestClient, issuer: Issuer) -> None:
    @app.get("/me")
    async def me(user: CurrentUser) -> None: ...

    issuer.discovery = {
        "authorization_endpoint": f"{issuer.url}/authorize",
        "token_endpoint": f"{issuer.url}/token",
        "grant_types_supported": ["authorization_code", "password"],
    }
    before = client.get("/openapi.json").json()["components"]["securitySchemes"]["gatepost"]["flows"]
    assert before["authorizationCode"]["tokenUrl"] == f"{issuer.url}/oauth/token"
    assert "password" not in before
    client.get("/me", headers=issuer.bearer())
    after = client.get("/openapi.json").json()["components"]["securitySchemes"]["gatepost"]["flows"]
    assert after["authorizationCode"]["authorizationUrl"] == f"{issuer.url}/authorize"
    assert after["password"]["tokenUrl"] == f"{issuer.url}/token"


def test_an_issuer_without_sign_in_pages_is_not_offered_for_signing_in(
    app: FastAPI, client: TestClient, issuer: Issuer
) -> None:
    @app.get("/me")
    async def me(user: CurrentUser) -> None: ...

    client.get("/me", headers=issuer.bearer())
    schema = client.get("/openapi.json").json()
    assert set(schema["components"]["securitySchemes"]) == {"gatepostToken"}
    assert schema["paths"]["/me"]["get"]["security"] == [{"gatepostToken": []}]


def test_the_docs_page_signs_in_with_pkce(app: FastAPI, client: TestClient) -> None:
    assert app.swagger_ui_init_oauth == {"usePkceWithAuthorizationCodeGrant": True}
    assert "usePkceWithAuthorizationCodeGrant" in client.get("/docs").text


def test_closed_prefixes_are_documented_without_any_guard_on_the_route(make_auth: Any) -> None:
    app = FastAPI()
    make_auth().install(app, protect=["/api"], public=["/api/health"], errors="problem")

    @app.get("/api/fast")
    @app.get("/api/health")
    @app.get("/apiary")
    async def route() -> None: ...

    paths = app.openapi()["paths"]
    assert paths["/api/fast"]["get"]["security"] == [{"gatepost": []}, {"gatepostToken": []}]
    assert set(paths["/api/fast"]["get"]["responses"]["401"]["content"]) == {"application/problem+json"}
    assert "security" not in paths["/api/health"]["get"] and "security" not in paths["/apiary"]["get"]


def test_two_instances_are_two_schemes(make_auth: Any, other_issuer: Issuer) -> None:
    app = FastAPI()
    make_auth().install(app)
    staff = make_auth(other_issuer.url, name="staff")
    staff.install(app)

    @app.get("/me")
    async def me(user: CurrentUser) -> None: ...

    @app.get("/staff")
    async def internal(user: Annotated[User, staff.user()]) -> None: ...

    schema = app.openapi()
    assert set(schema["components"]["securitySchemes"]) == {"gatepost", "gatepostToken", "staff", "staffToken"}
    assert schema["paths"]["/staff"]["get"]["security"] == [{"staff": []}, {"staffToken": []}]
    assert schema["paths"]["/me"]["get"]["security"] == [{"gatepost": []}, {"gatepostToken": []}]


def test_an_app_that_builds_its_own_document_has_it_completed_by_hand(app: FastAPI, auth: Gatepost) -> None:
    from fastapi.openapi.utils import get_openapi

    @app.get("/me")
    async def me(user: CurrentUser) -> None: ...

    own = get_openapi(title="Mine", version="1", routes=app.routes)
    completed = auth.document(own)
    assert completed["paths"]["/me"]["get"]["security"] == [{"gatepost": []}, {"gatepostToken": []}]
    assert "gatepostToken" not in own["components"]["securitySchemes"]


def test_a_document_completed_by_hand_knows_the_closed_prefixes(make_auth: Any) -> None:
    from fastapi.openapi.utils import get_openapi

    app = FastAPI()
    auth = make_auth()
    auth.install(app, protect=["/api"], errors="problem")

    @app.get("/api/fast")
    async def fast() -> None: ...

    completed = auth.document(get_openapi(title="Mine", version="1", routes=app.routes))
    operation = completed["paths"]["/api/fast"]["get"]
    assert operation["security"] == [{"gatepost": []}, {"gatepostToken": []}]
    assert set(operation["responses"]["401"]["content"]) == {"application/problem+json"}


def test_open_routes_are_listed_at_start_for_who_wants_to_know(
    app: FastAPI, client: TestClient, caplog: pytest.LogCaptureFixture
) -> None:
    @app.get("/me")
    async def me(user: CurrentUser) -> None: ...

    @app.get("/health")
    async def health() -> None: ...

    caplog.set_level("DEBUG", "gatepost")
    with client:
        pass
    said = [record.getMessage() for record in caplog.records if "open to everybody" in record.getMessage()]
    assert said == ["open to everybody: GET /health"]


@pytest.mark.parametrize("only", [False, True])
def test_tokens_that_are_bound_to_a_key_have_a_scheme_of_their_own(issuer: Issuer, only: bool) -> None:
    app = FastAPI()
    Gatepost(issuer.url, audience="notes-api", dpop="https://api.example.com", dpop_only=only).install(app)

    @app.get("/me", dependencies=[require(scope="notes")])
    async def me(user: CurrentUser) -> None: ...

    schema = app.openapi()
    schemes = schema["components"]["securitySchemes"]
    assert schemes["gatepostDpop"]["scheme"] == "DPoP"
    assert ("gatepostToken" in schemes) is not only
    assert ("bound to a key" in schemes["gatepost"]["description"]) is only
    names = ["gatepost", *([] if only else ["gatepostToken"]), "gatepostDpop"]
    assert schema["paths"]["/me"]["get"]["security"] == [{name: ["notes"] if name == "gatepost" else []} for name in names]
