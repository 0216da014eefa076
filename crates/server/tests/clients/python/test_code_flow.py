"""A person signs in, is known, stays, and leaves: with Authlib and with requests-oauthlib."""

from __future__ import annotations

import secrets
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
import requests
from authlib.common.security import generate_token
from authlib.integrations.base_client import OAuthError
from authlib.integrations.requests_client import OAuth2Session as AuthlibSession
from authlib.oauth2.rfc6749 import MismatchingStateException
from browser import Browser
from joserfc import jwt
from joserfc.jwk import KeySet
from oauthlib.oauth2 import AccessDeniedError, InvalidGrantError
from requests_oauthlib import OAuth2Session

from conftest import ADA, WEB

Metadata = dict[str, Any]
SCOPE = "openid profile email"


@pytest.fixture
def browser(server: str) -> Browser:
    return Browser([server])


def identity(metadata: Metadata, token: dict[str, Any], nonce: str) -> dict[str, Any]:
    """The claims of the ID token, as OpenID Connect Core section 3.1.3.7 has them checked."""
    keys = KeySet.import_key_set(requests.get(metadata["jwks_uri"], timeout=10).json())
    claims = jwt.decode(token["id_token"], keys, algorithms=metadata["id_token_signing_alg_values_supported"]).claims
    jwt.JWTClaimsRegistry(
        iss={"essential": True, "value": metadata["issuer"]},
        aud={"essential": True, "value": WEB.id},
        exp={"essential": True},
        nonce={"essential": True, "value": nonce},
    ).validate(claims)
    return claims


def test_authlib_signs_a_person_in_and_out(metadata: Metadata, browser: Browser) -> None:
    session = AuthlibSession(
        WEB.id, WEB.secret, scope=SCOPE, redirect_uri=WEB.callback, code_challenge_method="S256",
        token_endpoint=metadata["token_endpoint"],
    )  # fmt: skip
    verifier, nonce = generate_token(48), generate_token()
    url, state = session.create_authorization_url(metadata["authorization_endpoint"], code_verifier=verifier, nonce=nonce)
    back = browser.sign_in(url, ADA.username, ADA.password)
    token = session.fetch_token(
        metadata["token_endpoint"], authorization_response=back.url, state=state, code_verifier=verifier
    )
    claims = identity(metadata, token, nonce)
    about = session.get(metadata["userinfo_endpoint"]).json()
    assert (about["sub"], about["email"], about["name"]) == (claims["sub"], ADA.email, ADA.name)

    fresh = session.refresh_token(metadata["token_endpoint"])
    assert fresh["refresh_token"] != token["refresh_token"]

    query = {"id_token_hint": token["id_token"], "post_logout_redirect_uri": "http://localhost:8000/", "state": "left"}
    left = browser.go(f"{metadata['end_session_endpoint']}?{urlencode(query)}")
    if left.has("logout-confirm"):
        left = browser.press(left, "logout-confirm")
    assert left.url == "http://localhost:8000/?state=left"
    with pytest.raises(OAuthError) as refused:
        session.refresh_token(metadata["token_endpoint"], fresh["refresh_token"])
    assert refused.value.error == "invalid_grant"
    assert browser.go(url).has("login-submit")


def test_authlib_refuses_an_answer_with_another_state(metadata: Metadata, browser: Browser) -> None:
    session = AuthlibSession(WEB.id, WEB.secret, scope=SCOPE, redirect_uri=WEB.callback, code_challenge_method="S256")
    verifier = generate_token(48)
    url, _ = session.create_authorization_url(metadata["authorization_endpoint"], code_verifier=verifier)
    back = browser.sign_in(url, ADA.username, ADA.password)
    with pytest.raises(MismatchingStateException):
        session.fetch_token(
            metadata["token_endpoint"], authorization_response=back.url, state="another", code_verifier=verifier
        )


def test_requests_oauthlib_signs_a_person_in(metadata: Metadata, browser: Browser) -> None:
    session = OAuth2Session(WEB.id, redirect_uri=WEB.callback, scope=SCOPE.split(), pkce="S256")
    nonce = secrets.token_urlsafe()
    url, _ = session.authorization_url(metadata["authorization_endpoint"], nonce=nonce)
    back = browser.sign_in(url, ADA.username, ADA.password)
    # It raises when the scope differs from what was asked for, and when `state` does.
    token = session.fetch_token(metadata["token_endpoint"], authorization_response=back.url, client_secret=WEB.secret)
    claims = identity(metadata, token, nonce)
    assert session.get(metadata["userinfo_endpoint"]).json()["sub"] == claims["sub"]
    # The same code once more: refused, and what it gave is taken back.
    with pytest.raises(InvalidGrantError):
        session.fetch_token(metadata["token_endpoint"], authorization_response=back.url, client_secret=WEB.secret)
    with pytest.raises(InvalidGrantError):
        session.refresh_token(
            metadata["token_endpoint"], refresh_token=token["refresh_token"], auth=(WEB.id, WEB.secret)
        )


def test_requests_oauthlib_hears_that_the_person_said_no(metadata: Metadata, browser: Browser) -> None:
    session = OAuth2Session(WEB.id, redirect_uri=WEB.callback, scope=SCOPE.split(), pkce="S256")
    url, state = session.authorization_url(metadata["authorization_endpoint"], prompt="consent")
    page = browser.press(browser.go(url), "login-submit", username=ADA.username, password=ADA.password)
    back = browser.press(page, "consent-deny")
    answered = parse_qs(urlsplit(back.url).query)
    assert (answered["state"], answered["iss"]) == ([state], [metadata["issuer"]])
    with pytest.raises(AccessDeniedError):
        session.fetch_token(metadata["token_endpoint"], authorization_response=back.url, client_secret=WEB.secret)
