"""What has to be known before anybody can sign in."""

from __future__ import annotations

import os
from dataclasses import dataclass


@dataclass(frozen=True)
class Settings:
    issuer: str
    """The realm's URL."""
    client_id: str
    client_secret: str
    public_url: str
    """Where browsers reach this application, without a slash at the end."""
    cookie_secret: str
    """Seals the cookie of the way to the sign-in. 32 random characters or more."""

    @classmethod
    def from_environment(cls) -> Settings:
        """LOGIN_ISSUER, LOGIN_CLIENT_ID, LOGIN_CLIENT_SECRET, LOGIN_PUBLIC_URL, LOGIN_COOKIE_SECRET."""
        return cls(**{name: _setting(f"LOGIN_{name.upper()}") for name in cls.__dataclass_fields__})


def _setting(name: str) -> str:
    value = os.environ.get(name, "")
    if not value:
        raise SystemExit(f"fastapi-browser-login: {name} is not set")
    return value
