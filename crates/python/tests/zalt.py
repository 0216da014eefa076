"""What a realm with the profile `zalt` answers, for the tests of the module that its applications import."""

from __future__ import annotations

import json
import time
from typing import Any

from conftest import Answer, Issuer, Key, key, token

RSA = key("rsa-1", "RS256")
PUBLISHABLE = "pk_live_" + "Ab1" * 10 + "Zz"
KEYS = "/.well-known/jwks.json"

USER: dict[str, Any] = {
    "id": "usr_ada",
    "realm_id": "acme",
    "email": "ada@example.com",
    "email_verified": True,
    "profile": {"first_name": "Ada", "last_name": "Lovelace", "avatar_url": None, "phone_number": None, "metadata": {}},
    "status": "active",
    "mfa_enabled": False,
    "roles": ["editor"],
    "permissions": ["settings:read", "notes:*"],
    "tenants": [
        {"tenant_id": "org_1", "tenant_name": "Engines", "role": "owner", "permissions": ["billing:read"]},
        {"tenant_id": "org_2", "tenant_name": "Looms", "role": "member", "permissions": []},
    ],
    "created_at": "2026-11-27T10:00:00Z",
    "updated_at": "2026-11-27T10:00:00Z",
    "last_login": None,
}
PAIR = {"access_token": "a.b.c", "refresh_token": "gp_rt_1", "expires_in": 900, "token_type": "Bearer"}


def answers(issuer: Issuer, path: str, status: int = 200, **members: Any) -> None:
    """A success has its members once more under `data`."""
    body = {**members, "data": members} if status < 300 else members
    issuer.answers[path] = Answer(json.dumps(body).encode(), status)


def refusal(status: int, code: str, headers: dict[str, str] | None = None, **more: Any) -> Answer:
    error = {"code": code, "message": "No.", "timestamp": "2026-11-27T10:00:00Z", "request_id": "req_1", **more}
    return Answer(json.dumps({"error": error}).encode(), status, headers or {})


def shows(issuer: Issuer, **changes: Any) -> None:
    """What `/me` tells."""
    answers(issuer, "/me", user={**USER, **changes})


def lists(issuer: Issuer, *keys: Key) -> None:
    issuer.answers[KEYS] = Answer(json.dumps({"keys": [each.jwk for each in keys]}).encode())


def made(*, by: Key = RSA, typ: str = "JWT", iss: str = "zalt.io", **claims: Any) -> str:
    """An access token as the realm makes it."""
    usual = {
        "aud": "zalt.io",
        "email": "ada@example.com",
        "email_verified": True,
        "realm_id": "acme",
        "roles": ["editor"],
        "permissions": ["settings:read", "notes:*"],
    }
    return token(iss, by=by, typ=typ, now=int(time.time()), **{**usual, **claims})
