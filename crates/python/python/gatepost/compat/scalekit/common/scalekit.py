"""Options. Each method also takes a dict with these names, or with their camelCase spelling."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

__all__ = [
    "AuthorizationUrlOptions",
    "CodeAuthenticationOptions",
    "GrantType",
    "LogoutUrlOptions",
    "TokenValidationOptions",
]


class GrantType(Enum):
    """How tokens are obtained (RFC 6749)."""

    AuthorizationCode = "authorization_code"
    RefreshToken = "refresh_token"
    ClientCredentials = "client_credentials"


@dataclass
class AuthorizationUrlOptions:
    """What is asked of the person and of the server."""

    connection_id: str | None = None
    organization_id: str | None = None
    scopes: Sequence[str] | None = None
    state: str | None = None
    nonce: str | None = None
    domain_hint: str | None = None
    login_hint: str | None = None
    provider: str | None = None
    prompt: str | None = None
    code_challenge: str | None = None
    code_challenge_method: str | None = None


@dataclass
class CodeAuthenticationOptions:
    """What proves that the code is one's own (RFC 7636)."""

    code_verifier: str | None = None


@dataclass
class LogoutUrlOptions:
    """Whose session ends, and where the browser goes afterwards."""

    id_token_hint: str | None = None
    post_logout_redirect_uri: str | None = None
    state: str | None = None


@dataclass
class TokenValidationOptions:
    """What a token must be beside signed by the server and unexpired. Unless an audience is named, it must be for the client."""

    issuer: str | Sequence[str] | None = None
    audience: Sequence[str] | None = None
    required_scopes: Sequence[str] | None = None
