"""LO-02: what ends a session here, and what does not."""

from __future__ import annotations

import base64
import hmac
import json
import time
from typing import Any

import pytest
import requests
from browser_login.logout_tokens import SIGNED_OUT, LogoutRefused, LogoutTokens, SignedOut, UnknownKey
from conftest import Diary
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey

ISSUER = "https://auth.example.com"
KEY = RSAKey.generate_key(2048, {"kid": "one", "alg": "RS256", "use": "sig"})
KEYS: dict[str, Any] = KeySet([KEY]).as_dict(private=False)
GONE = object()


def token(key: RSAKey = KEY, header: dict[str, Any] | None = None, **changed: Any) -> str:
    """A good logout token but for what is changed; `GONE` takes a claim away."""
    now = int(time.time())
    claims = {
        "iss": ISSUER,
        "aud": "diary",
        "iat": now,
        "exp": now + 120,
        "jti": base64.b64encode(str(time.perf_counter_ns()).encode()).decode(),
        "sub": "usr_1",
        "sid": "ses_1",
        "events": {SIGNED_OUT: {}},
    } | changed
    claims = {name: value for name, value in claims.items() if value is not GONE}
    return jwt.encode({"alg": "RS256", "kid": "one", "typ": "logout+jwt"} | (header or {}), claims, key)


@pytest.fixture
def tokens() -> LogoutTokens:
    return LogoutTokens(ISSUER, "diary")


def test_a_token_says_which_session_is_over(tokens: LogoutTokens) -> None:
    assert tokens.read(token(), KEYS) == SignedOut("usr_1", "ses_1")
    assert tokens.read(token(sid=GONE), KEYS) == SignedOut("usr_1", None)
    assert tokens.read(token(sub=GONE), KEYS) == SignedOut(None, "ses_1")


@pytest.mark.parametrize(
    "changed",
    [
        {"iss": "https://evil.example"},
        {"iss": GONE},
        {"aud": "another"},
        {"aud": GONE},
        {"nonce": "of an ID token"},
        {"events": GONE},
        {"events": {}},
        {"events": {"https://schemas.openid.net/event/other": {}}},
        {"events": {SIGNED_OUT: "yes"}},
        {"events": [SIGNED_OUT]},
        {"sub": GONE, "sid": GONE},
        {"iat": GONE},
        {"iat": int(time.time()) - 600},
        {"iat": int(time.time()) + 600},
        {"exp": GONE},
        {"exp": int(time.time()) - 60},
        {"jti": GONE},
    ],
    ids=str,
)
def test_lo_02_a_token_for_another_purpose_ends_nothing(tokens: LogoutTokens, changed: dict[str, Any]) -> None:
    with pytest.raises(LogoutRefused):
        tokens.read(token(**changed), KEYS)


@pytest.mark.parametrize("typ", ["JWT", "at+jwt", ""])
def test_lo_02_an_id_token_or_an_access_token_in_its_place_ends_nothing(tokens: LogoutTokens, typ: str) -> None:
    with pytest.raises(LogoutRefused):
        tokens.read(token(header={"typ": typ}), KEYS)


def test_lo_02_a_token_that_was_taken_once_is_not_taken_again(tokens: LogoutTokens) -> None:
    once = token()
    tokens.read(once, KEYS)
    with pytest.raises(LogoutRefused):
        tokens.read(once, KEYS)


def test_lo_02_a_forged_signature_ends_nothing(tokens: LogoutTokens) -> None:
    header, claims, signature = token().split(".")
    unsigned = base64.urlsafe_b64encode(json.dumps({"alg": "none", "typ": "logout+jwt", "kid": "one"}).encode()).decode()
    # Signed with the public key as if it were a shared secret.
    hashed = base64.urlsafe_b64encode(json.dumps({"alg": "HS256", "typ": "logout+jwt", "kid": "one"}).encode()).decode()
    signed = f"{hashed.rstrip('=')}.{claims}"
    mac = hmac.digest(KEY.as_pem(private=False), signed.encode(), "sha256")
    confused = f"{signed}.{base64.urlsafe_b64encode(mac).decode().rstrip('=')}"
    another = RSAKey.generate_key(2048, {"kid": "one"})
    for forged in [
        f"{unsigned.rstrip('=')}.{claims}.",
        f"{header}.{claims}.",
        f"{header}.{claims}.{signature[::-1]}",
        confused,
        token(another),
        "",
        "a.b.c",
        "not a token",
    ]:
        with pytest.raises(LogoutRefused):
            tokens.read(forged, KEYS)
    with pytest.raises(UnknownKey):
        tokens.read(token(header={"kid": "two"}), KEYS)


def test_lo_02_over_http_it_is_a_400_and_the_sessions_stay(diary: Diary) -> None:
    before = len(diary.sessions)
    for form in [{"logout_token": token()}, {"logout_token": "x"}, {"logout_token": ""}]:
        assert requests.post(f"{diary.url}/signed-out", data=form, timeout=10).status_code in (400, 422)
    assert len(diary.sessions) == before
