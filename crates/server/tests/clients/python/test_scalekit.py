"""The Python package of Scalekit, as it is, against the server: signing in, tokens, signing out."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from browser import Browser
from fastapi import Depends, FastAPI
from fastapi.testclient import TestClient
from scalekit import AuthorizationUrlOptions, CodeAuthenticationOptions, ScalekitClient
from scalekit.common.exceptions import (
    ScalekitBadRequestException,
    ScalekitUnauthorizedException,
    ScalekitValidateTokenFailureException,
)
from scalekit.common.scalekit import LogoutUrlOptions, TokenValidationOptions
from scalekit.frameworks.fastapi import ScalekitAuth

from conftest import ADA, BROUGHT, MACHINE

HOME = "http://localhost:8000"


@pytest.fixture(scope="module")
def client(server: str) -> ScalekitClient:
    # It asks for a token of its own at once.
    return ScalekitClient(server, BROUGHT.id, BROUGHT.secret)


@pytest.fixture
def browser(server: str) -> Browser:
    return Browser([server])


def options(**given: Any) -> AuthorizationUrlOptions:
    asked = AuthorizationUrlOptions()
    for name, value in given.items():
        setattr(asked, name, value)
    return asked


def sign_in(client: ScalekitClient, browser: Browser, **given: Any) -> dict[str, Any]:
    url = client.get_authorization_url(BROUGHT.callback, options(**given))
    back = parse_qs(urlsplit(browser.sign_in(url, ADA.username, ADA.password).url).query)
    assert back.get("state") == ([given["state"]] if "state" in given else None)
    return client.authenticate_with_code(back["code"][0], BROUGHT.callback, CodeAuthenticationOptions())


def test_a_person_signs_in_and_is_known(server: str, client: ScalekitClient, browser: Browser) -> None:
    result = sign_in(client, browser, scopes=["openid", "profile", "email", "offline_access"], state="x&y")
    user = result["user"]
    assert (user["email"], user["emailVerified"], user["name"]) == (ADA.email, True, ADA.name)
    assert user["id"].startswith("usr_") and user["username"] == ADA.username
    assert (result["organization_id"], result["connection_id"], result["expires_in"]) == (None, "pwd", 900)
    access = result["access_token"]
    assert client.validate_access_token(access) is True
    strict = TokenValidationOptions(issuer=server, audience=[BROUGHT.id], required_scopes=["email", "profile"])
    claims = client.validate_access_token_and_get_claims(access, strict)
    assert claims["sub"] == user["id"] and claims["email"] == ADA.email
    assert client.verify_scopes(access, ["openid"])
    with pytest.raises(ScalekitValidateTokenFailureException, match="missing required scopes: admin"):
        client.verify_scopes(access, ["admin"])
    for wrong in (TokenValidationOptions(issuer="https://other.example"), TokenValidationOptions(audience=["notes-api"])):
        assert client.validate_access_token(access, wrong) is False
    assert client.validate_access_token("garbage") is False


def test_the_default_scopes_sign_a_person_in(client: ScalekitClient, browser: Browser) -> None:
    result = sign_in(client, browser)
    assert result["user"]["email"] == ADA.email and result["refresh_token"]


def test_a_session_goes_on_until_the_person_signs_out(client: ScalekitClient, browser: Browser) -> None:
    first = sign_in(client, browser, scopes=["openid", "email", "offline_access"])
    again = client.refresh_access_token(first["refresh_token"])
    assert again["refresh_token"] != first["refresh_token"]
    assert client.validate_access_token(again["access_token"])
    url = client.get_logout_url(LogoutUrlOptions(first["id_token"], HOME, "where we were"))
    assert browser.go(url).url == f"{HOME}?state=where+we+were"
    with pytest.raises(ScalekitBadRequestException):
        client.refresh_access_token(again["refresh_token"])


def test_signing_out_without_a_hint_asks_the_person(server: str, client: ScalekitClient, browser: Browser) -> None:
    sign_in(client, browser)
    page = browser.go(client.get_logout_url(LogoutUrlOptions(post_logout_redirect_uri=HOME)))
    assert page.has("logout-confirm")
    assert browser.press(page, "logout-confirm").url == HOME
    assert browser.go(f"{server}/account/profile").has("login-submit")


def test_the_integration_with_fastapi_signs_a_person_in_and_out(server: str, client: ScalekitClient, browser: Browser) -> None:
    auth = ScalekitAuth(
        client=client,
        redirect_uri=BROUGHT.callback,
        callback_path="/auth/callback",
        post_logout_redirect_uri=HOME,
        cookie_encryption_secret="32 letters that nobody could guess",
        cookie_secure=False,
    )
    app = FastAPI()
    auth.install(app)

    @app.get("/account")
    async def account(user: dict[str, Any] = Depends(auth.requires_auth)) -> dict[str, Any]:
        return user

    with TestClient(app, base_url=HOME, follow_redirects=False) as application:
        sent = application.get("/account")
        sent = application.get(sent.headers["location"])
        back = browser.sign_in(sent.headers["location"], ADA.username, ADA.password)
        signed_in = application.get(back.url.removeprefix(HOME))
        assert "sk_session" in signed_in.cookies
        assert application.get("/account").json()["email"] == ADA.email
        left = application.get("/logout")
        assert browser.go(left.headers["location"]).url == HOME
        assert application.get("/account").status_code == 302


def test_programs_get_tokens_of_their_own(client: ScalekitClient) -> None:
    claims = client.validate_access_token_and_get_claims(client.get_client_access_token())
    assert (claims["sub"], claims["scopes"]) == (BROUGHT.id, ["notes:read"])
    assert client.generate_client_token(MACHINE.id, MACHINE.secret, ["notes:read"])


def test_refusals_have_their_classes(server: str, client: ScalekitClient) -> None:
    with pytest.raises(ScalekitUnauthorizedException):
        ScalekitClient(server, BROUGHT.id, "wrong")
    for code in ("garbage", ""):
        with pytest.raises(ScalekitBadRequestException):
            client.authenticate_with_code(code, BROUGHT.callback, CodeAuthenticationOptions())
    with pytest.raises(ScalekitBadRequestException):
        client.refresh_access_token("garbage")
