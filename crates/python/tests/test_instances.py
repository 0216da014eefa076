"""Several instances, several issuers, apps mounted in apps."""

from typing import Annotated, Any

import pytest
from conftest import AUDIENCE, Issuer, key
from fastapi import FastAPI
from fastapi.testclient import TestClient

from gatepost.fastapi import CurrentUser, Gatepost, GatepostError, OptionalUser, User, require


def app_that_says_who() -> FastAPI:
    app = FastAPI()

    @app.get("/me")
    async def me(user: CurrentUser) -> str:
        return f"{user.id} of {user.issuer}"

    return app


def test_either_of_two_issuers_is_good_and_the_user_says_which(
    make_auth: Any, issuer: Issuer, other_issuer: Issuer
) -> None:
    app = app_that_says_who()
    make_auth([issuer.url, other_issuer.url]).install(app)
    client = TestClient(app)
    assert client.get("/me", headers=issuer.bearer()).json() == f"usr_ada of {issuer.url}"
    by_other = other_issuer.bearer(by=key("other-1"))
    assert client.get("/me", headers=by_other).json() == f"usr_ada of {other_issuer.url}"


def test_jwt_21_a_key_of_one_issuer_signs_nothing_for_the_other(
    make_auth: Any, issuer: Issuer, other_issuer: Issuer
) -> None:
    app = app_that_says_who()
    make_auth([issuer.url, other_issuer.url]).install(app)
    client = TestClient(app)
    client.get("/me", headers=issuer.bearer())
    client.get("/me", headers=other_issuer.bearer(by=key("other-1")))
    assert client.get("/me", headers=issuer.bearer(by=key("other-1"))).status_code == 401
    assert client.get("/me", headers=other_issuer.bearer(by=key())).status_code == 401
    assert client.get("/me", headers=issuer.bearer(iss="https://third.example")).status_code == 401


def test_only_the_issuer_that_a_token_names_is_asked(make_auth: Any, issuer: Issuer, other_issuer: Issuer) -> None:
    app = app_that_says_who()
    make_auth([issuer.url, other_issuer.url]).install(app)
    TestClient(app).get("/me", headers=issuer.bearer())
    assert issuer.key_fetches == 1
    assert other_issuer.asked == []


def test_a_second_instance_has_guards_of_its_own(make_auth: Any, issuer: Issuer, other_issuer: Issuer) -> None:
    app = app_that_says_who()
    make_auth().install(app)
    staff = make_auth(other_issuer.url, name="staff")
    staff.install(app)
    StaffUser = Annotated[User, staff.user()]

    @app.get("/staff")
    async def internal(user: StaffUser) -> str:
        return user.issuer

    @app.get("/staff/admin", dependencies=[staff.require(role="admin")])
    async def admin() -> str:
        return "in"

    @app.get("/staff/maybe")
    async def maybe(user: Annotated[User | None, staff.optional_user()]) -> str:
        return user.id if user else "-"

    client = TestClient(app)
    member, by_staff = issuer.bearer(), other_issuer.bearer(by=key("other-1"))
    assert client.get("/me", headers=member).status_code == 200
    assert client.get("/me", headers=by_staff).status_code == 401
    assert client.get("/staff", headers=by_staff).json() == other_issuer.url
    assert client.get("/staff", headers=member).status_code == 401
    assert client.get("/staff/admin", headers=by_staff).status_code == 403
    assert client.get("/staff/admin", headers=other_issuer.bearer(by=key("other-1"), roles=["admin"])).json() == "in"
    assert client.get("/staff/maybe", headers=by_staff).json() == "usr_ada"
    assert client.get("/staff/maybe").json() == "-"
    assert client.get("/staff/maybe", headers=member).status_code == 401


def test_an_app_mounted_in_another_is_guarded_by_the_outer_instance(app: FastAPI, issuer: Issuer) -> None:
    inner = app_that_says_who()

    @inner.get("/admin", dependencies=[require(role="admin")])
    async def admin() -> str:
        return "in"

    app.mount("/v2", inner)
    client = TestClient(app)
    assert client.get("/v2/me", headers=issuer.bearer()).json() == f"usr_ada of {issuer.url}"
    for path, headers, status in [("/v2/me", {}, 401), ("/v2/admin", issuer.bearer(), 403)]:
        refused = client.get(path, headers=headers)
        assert refused.status_code == status
        assert "detail" in refused.json()
    assert client.get("/v2/me").headers["www-authenticate"] == "Bearer"


def test_an_inner_app_does_not_take_the_outer_apps_user_for_its_own(
    make_auth: Any, issuer: Issuer, other_issuer: Issuer
) -> None:
    """Both instances have the same name and the same audience, and trust different issuers."""
    outer, inner = app_that_says_who(), app_that_says_who()
    outer_auth, inner_auth = make_auth(), make_auth(other_issuer.url)
    inner_auth.install(inner)
    # The outer guard has verified, and left its user in the scope, before the inner one looks.
    outer_auth.install(outer, protect=["/inner"])
    outer.mount("/inner", inner)

    @inner.get("/feed")
    async def feed(user: OptionalUser) -> str:
        return user.id if user else "-"

    client = TestClient(outer)
    assert client.get("/me", headers=issuer.bearer()).status_code == 200
    for path in ["/inner/me", "/inner/feed"]:
        refused = client.get(path, headers=issuer.bearer())
        assert (refused.status_code, refused.json()["code"]) == (401, "invalid_token")
    assert client.get("/inner/me", headers=other_issuer.bearer(by=key("other-1"))).status_code == 401


def test_a_second_instance_of_an_app_needs_a_name(make_auth: Any) -> None:
    app = FastAPI()
    first = make_auth()
    first.install(app)
    with pytest.raises(GatepostError, match="installed in the app already"):
        first.install(app)
    with pytest.raises(GatepostError, match="needs a name of its own"):
        make_auth().install(app)
    with pytest.raises(GatepostError, match="use the same for both"):
        make_auth(name="staff").install(app, errors="problem")
    make_auth(name="staff").install(app)


def test_an_app_that_has_started_cannot_be_guarded_any_more(make_auth: Any) -> None:
    app = FastAPI()
    TestClient(app).get("/")
    with pytest.raises(GatepostError, match="has started already"):
        make_auth().install(app)


@pytest.mark.parametrize(
    ("url", "settings", "says"),
    [
        ("auth.example.com", {}, "is not an issuer"),
        ("", {}, "is not an issuer"),
        ("ftp://auth.example.com", {}, "is not an issuer"),
        ("file:///etc/passwd", {}, "is not an issuer"),
        ("https://auth.example.com/?a=b", {}, "is not an issuer"),
        ("https://auth.example.com/#a", {}, "is not an issuer"),
        ("https://user:pw@auth.example.com", {}, "is not an issuer"),
        ("https://auth.example.com:http", {}, "is not an issuer"),
        ("http://auth.example.com", {}, "is not https"),
        ("http://127.0.0.1.example.com", {}, "is not https"),
        ("http://10.0.0.1", {}, "is not https"),
        ([], {}, "trusts no issuer"),
        (["https://a.example", "https://a.example"], {}, "named twice"),
        ("https://auth.example.com", {"audience": ""}, "audience="),
        ("https://auth.example.com", {"audience": None}, "audience="),
        ("https://auth.example.com", {"leeway": -1}, "leeway="),
        ("https://auth.example.com", {"algorithms": []}, "algorithms="),
        ("https://auth.example.com", {"algorithms": ["none"]}, "none"),
        ("https://auth.example.com", {"name": "two words"}, "name="),
        ("https://auth.example.com", {"name": ""}, "name="),
    ],
)
def test_an_instance_that_cannot_work_is_refused_when_it_is_made(url: Any, settings: Any, says: str) -> None:
    with pytest.raises(GatepostError, match=says):
        Gatepost(url, **{"audience": AUDIENCE, **settings})


@pytest.mark.parametrize("keyword", ["max_staleness", "on_stale", "clock"])
def test_keywords_of_later_versions_are_not_taken_silently(keyword: str) -> None:
    settings: Any = {keyword: True}
    with pytest.raises(TypeError, match=keyword):
        Gatepost("https://auth.example.com", audience=AUDIENCE, **settings)


@pytest.mark.parametrize("url", ["http://localhost:8400", "http://127.0.0.1:8400", "http://[::1]:8400", "https://a.example"])
def test_https_and_loopback_are_good(url: str) -> None:
    assert Gatepost(url, audience=AUDIENCE).issuers == (url,)
