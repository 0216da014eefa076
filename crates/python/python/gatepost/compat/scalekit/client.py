"""The client that applications make."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gatepost.compat.scalekit import _options, _webhooks
from gatepost.compat.scalekit._answers import Answer, user_of
from gatepost.compat.scalekit._server import Server
from gatepost.compat.scalekit.common.exceptions import ScalekitValidateTokenFailureException
from gatepost.compat.scalekit.common.scalekit import (
    AuthorizationUrlOptions,
    CodeAuthenticationOptions,
    GrantType,
    LogoutUrlOptions,
    TokenValidationOptions,
)
from gatepost.errors import GatepostError

__all__ = ["ScalekitClient"]

_SCOPES = ("openid", "profile", "email")

_BY_GRPC = ("m2m_client", "organization", "permissions", "roles", "sessions", "users")
"""What the vendor's package does over gRPC, with Gatepost as with the vendor's own servers."""

_NOWHERE = (
    "connect", "actions", "auth", "connected_accounts", "connection", "directory", "domain", "events", "mcp", "passwordless",
    "resources", "tokens", "tools", "webauthn",
)  # fmt: skip
"""What it does over gRPC, and Gatepost does not answer there."""


class ScalekitClient:
    """Signs people in with a realm of Gatepost. Made in a moment: the server is asked when something is needed of it."""

    def __init__(
        self,
        env_url: str,
        client_id: str,
        client_secret: str,
        keepalive_time_ms: int | None = None,
        keepalive_timeout_ms: int | None = None,
        call_timeout_s: float | None = None,
        tool_call_timeout_s: float | None = None,
    ) -> None:
        """`env_url` is the realm's issuer. The other numbers are for gRPC, which is not spoken, and are not looked at."""
        for name, value in (("env_url", env_url), ("client_id", client_id), ("client_secret", client_secret)):
            if not isinstance(value, str) or not value:
                raise GatepostError(f"{name} is missing; is the variable set that it is read from?")
        self._server = Server(env_url)
        self._client_id = client_id
        self._client_secret = client_secret

    def __getattr__(self, name: str) -> Any:  # Only what is not there comes here.
        if name in _BY_GRPC:
            raise AttributeError(
                f"gatepost.compat.scalekit has no {name}: it is administered by Gatepost's own API, under /api/v1/admin, or by "
                "gRPC with the vendor's own package (scalekit-sdk-python) in a program that runs without gatepost.compat"
            )
        if name in _NOWHERE:
            raise AttributeError(
                f"gatepost.compat.scalekit has no {name}, and Gatepost answers nothing of it by gRPC; what a realm has is "
                "administered by Gatepost's own API, under /api/v1/admin"
            )
        raise AttributeError(f"gatepost.compat.scalekit has no {name}")

    def get_authorization_url(
        self, redirect_uri: str, options: AuthorizationUrlOptions | Mapping[str, Any] | None = None
    ) -> str:
        """Where the browser is sent for its person to sign in."""
        wanted = _options.read(AuthorizationUrlOptions, options)
        scopes = wanted.scopes or _SCOPES
        return self._server.at(
            "/oauth/authorize",
            {
                "response_type": "code",
                "client_id": self._client_id,
                "redirect_uri": redirect_uri,
                "scope": scopes if isinstance(scopes, str) else " ".join(scopes),
                "state": wanted.state,
                "nonce": wanted.nonce,
                "login_hint": wanted.login_hint,
                "domain_hint": wanted.domain_hint,
                "connection_id": wanted.connection_id,
                "organization_id": wanted.organization_id,
                "provider": wanted.provider,
                "prompt": wanted.prompt,
                "code_challenge": wanted.code_challenge,
                "code_challenge_method": wanted.code_challenge_method,
            },
        )

    def authenticate_with_code(
        self, code: str, redirect_uri: str, options: CodeAuthenticationOptions | Mapping[str, Any] | None = None
    ) -> Answer:
        """The tokens for a code: `user`, `id_token`, `access_token`, `refresh_token`, `expires_in`, `connection_id`,
        `organization_id`. The ID token is verified: signature, issuer, audience, time."""
        wanted = _options.read(CodeAuthenticationOptions, options)
        said = self._tokens(
            GrantType.AuthorizationCode, code=code, redirect_uri=redirect_uri, code_verifier=wanted.code_verifier
        )
        if not isinstance(said.get("id_token"), str):
            raise ScalekitValidateTokenFailureException("the server gave no ID token; ask for the scope openid")
        claims = self._server.claims_of_id_token(said["id_token"], self._client_id).claims
        methods = claims.get("amr") or [None]
        return Answer(
            {
                "user": user_of(claims),
                "id_token": said["id_token"],
                "access_token": said["access_token"],
                "refresh_token": said.get("refresh_token"),
                "expires_in": said.get("expires_in"),
                "connection_id": methods[0],
                "organization_id": claims.get("oid"),
            }
        )

    def refresh_access_token(self, refresh_token: str) -> Answer:
        """The next `access_token` and `refresh_token`, with `expires_in`."""
        said = self._tokens(GrantType.RefreshToken, refresh_token=refresh_token)
        return Answer({name: said.get(name) for name in ("access_token", "refresh_token", "expires_in", "id_token")})

    def validate_access_token(
        self,
        token: str,
        options: TokenValidationOptions | Mapping[str, Any] | None = None,
        audience: str | None = None,
    ) -> dict[str, Any]:
        """The claims of a good access token. **Raises** where it is not good: the vendor's package returns False."""
        wanted = _options.read(TokenValidationOptions, options)
        named = wanted.audience or ([audience] if audience else [self._client_id])
        claims = self._server.claims_of_access_token(token, [named] if isinstance(named, str) else named).claims
        issuers = [wanted.issuer] if isinstance(wanted.issuer, str) else wanted.issuer
        if issuers and claims["iss"] not in issuers:
            raise ScalekitValidateTokenFailureException("the token is of another issuer")
        _check_scopes(claims, wanted.required_scopes or ())
        return claims

    def validate_access_token_and_get_claims(
        self,
        token: str,
        options: TokenValidationOptions | Mapping[str, Any] | None = None,
        audience: str | None = None,
    ) -> dict[str, Any]:
        """The same."""
        return self.validate_access_token(token, options, audience)

    def validate_token(
        self,
        token: str,
        options: TokenValidationOptions | Mapping[str, Any] | None = None,
        audience: str | None = None,
    ) -> dict[str, Any]:
        """The same."""
        return self.validate_access_token(token, options, audience)

    def verify_scopes(self, token: str, required_scopes: Sequence[str]) -> bool:
        """True where a good token has all of them. Raises otherwise."""
        _check_scopes(self.validate_access_token(token), required_scopes)
        return True

    def generate_client_token(self, client_id: str, client_secret: str, scopes: Sequence[str] | None = None) -> str:
        """An access token of a client of its own."""
        scope = " ".join(scopes) if scopes else None
        form = {"client_id": client_id, "client_secret": client_secret, "scope": scope}
        said = self._server.tokens({"grant_type": GrantType.ClientCredentials.value, **form})
        return str(said["access_token"])

    def get_client_access_token(self) -> str:
        """An access token of this client of its own."""
        return self.generate_client_token(self._client_id, self._client_secret)

    def get_logout_url(
        self,
        options: LogoutUrlOptions | Mapping[str, Any] | None = None,
        *,
        id_token_hint: str | None = None,
        post_logout_redirect_uri: str | None = None,
        state: str | None = None,
    ) -> str:
        """Where the browser is sent for its person to sign out. What is not among the options can be named by itself."""
        wanted = _options.read(LogoutUrlOptions, options)
        return self._server.at(
            "/oidc/logout",
            {
                "id_token_hint": id_token_hint or wanted.id_token_hint,
                "post_logout_redirect_uri": post_logout_redirect_uri or wanted.post_logout_redirect_uri,
                "state": state or wanted.state,
                # Without a hint it says whose address that is.
                "client_id": self._client_id,
            },
        )

    def verify_webhook_payload(self, secret: str, headers: Mapping[str, str], payload: str | bytes) -> bool:
        """True where the payload was signed with the secret, just now. Raises otherwise."""
        return _webhooks.verify(secret, headers, payload, "webhook")

    def verify_interceptor_payload(self, secret: str, headers: Mapping[str, str], payload: str | bytes) -> bool:
        """The same of what waits for an answer."""
        return _webhooks.verify(secret, headers, payload, "interceptor", "webhook")

    def _tokens(self, grant: GrantType, **form: str | None) -> dict[str, Any]:
        own = {"client_id": self._client_id, "client_secret": self._client_secret}
        return self._server.tokens({"grant_type": grant.value, **own, **form})


def _check_scopes(claims: Mapping[str, Any], required: Sequence[str]) -> None:
    had = str(claims.get("scope") or "").split()
    missing = [scope for scope in required if scope not in had]
    if missing:
        raise ScalekitValidateTokenFailureException(f"the token lacks scopes: {', '.join(missing)}")
