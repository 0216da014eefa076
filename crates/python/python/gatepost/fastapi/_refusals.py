"""What a refused caller gets to see: RFC 6750 challenges in FastAPI's own kind of exception.

The answers are coarse on purpose; which check refused is in the log of `gatepost`. Codes and sentences are the same as those
of the Rust guard.
"""

from __future__ import annotations

import logging
from http import HTTPStatus
from typing import Any

from fastapi import HTTPException
from starlette.responses import JSONResponse, Response

from gatepost.errors import ExpiredToken, ProofRefused, TokenError, UnknownKey, _ApiKeyUnexchanged

_log = logging.getLogger("gatepost")

ASK_ISSUER = (UnknownKey, _ApiKeyUnexchanged)
"""Errors that the issuer may turn into a good answer."""

INSTANCE = "gatepost"
"""Where the middleware leaves the instance of an app, in the scope: apps mounted below inherit it."""

REFUSAL = "gatepost.refusal"
"""Where a guard leaves its refusal of a WebSocket in the scope, for the middleware to answer."""

_PROBLEM_TYPES = "urn:gatepost:problem:"

_DETAILS = {
    "unauthenticated": "This needs an access token: send it as `Authorization: Bearer …`.",
    "invalid_token": "The access token is not valid here.",
    "invalid_dpop_proof": (
        "The header DPoP needs a proof that was made for this request and token, just now and for the first time."
    ),
    "reauthentication_required": "This needs a recent sign-in. Sign in again and retry.",
    "insufficient_scope": "The access token lacks a scope this needs.",
    "missing_role": "You lack a role this needs.",
    "missing_permission": "You lack a permission this needs.",
    "wrong_realm": "The access token belongs to another realm.",
    "organization_required": "This needs an access token for the organization it concerns.",
    "wrong_credential": "This is not for the kind of credential that was sent.",
    "forbidden": "You may not do this.",
    "not_found": "There is no such thing.",
    "not_yours": "This belongs to somebody else.",
    "issuer_unavailable": "Access tokens cannot be checked at the moment. Try again shortly.",
}
_EXPIRED = "The access token expired. Refresh it and try again."
_NO_SECOND_FACTOR = "This needs a second factor. Sign in again with one and retry."


class Refusal(HTTPException):
    """A request that is not let through, whatever the reason."""

    code: str
    """The reason as a stable snake_case word, as coarse as the caller may know it."""


class NotAuthenticated(Refusal):
    """401: no credential, a bad one, or a sign-in that is too old or lacks a second factor. `code` says which of these."""

    code: str
    """`unauthenticated`, `invalid_token`, `invalid_dpop_proof` or `reauthentication_required`."""

    def __init__(self, code: str = "unauthenticated", *, detail: str | None = None, challenge: str = "Bearer") -> None:
        super().__init__(401, detail or _DETAILS[code], {"WWW-Authenticate": challenge})
        self.code = code


class Forbidden(Refusal):
    """403: the credential is good, and not enough. `code` says what is missing."""

    code: str
    """`insufficient_scope`, `missing_role`, `missing_permission`, `wrong_realm`, `organization_required`, `wrong_credential`,
    `not_yours` or `forbidden`."""

    def __init__(self, code: str = "forbidden", *, challenge: str | None = None) -> None:
        super().__init__(403, _DETAILS[code], {"WWW-Authenticate": challenge} if challenge else None)
        self.code = code


class NotFound(Refusal):
    """404: what the route is about is not there, or the caller may not know that it is."""

    code = "not_found"

    def __init__(self) -> None:
        super().__init__(404, _DETAILS[self.code])


class IssuerUnavailable(Refusal):
    """503: the issuer is needed to check the credential, and could not be reached."""

    code = "issuer_unavailable"

    def __init__(self, retry_after: int) -> None:
        super().__init__(503, _DETAILS[self.code], {"Retry-After": str(max(1, retry_after))})


def missing() -> NotAuthenticated:
    """There is no credential (RFC 6750 section 3.1: a challenge without an error)."""
    return NotAuthenticated()


def invalid(error: TokenError) -> NotAuthenticated:
    """The credential is not good. The reason goes to the log and no further."""
    _log.info("refused an access token: %s", error.reason, extra={"refusal": error.code})
    if isinstance(error, ProofRefused):
        return NotAuthenticated("invalid_dpop_proof")
    expired = isinstance(error, ExpiredToken)
    description = "The access token expired" if expired else "The access token is not valid"
    return NotAuthenticated(
        "invalid_token",
        detail=_EXPIRED if expired else None,
        challenge=f'Bearer error="invalid_token", error_description="{description}"',
    )


def too_old(max_age: int) -> NotAuthenticated:
    """The sign-in was too long ago (RFC 9470 section 3)."""
    return NotAuthenticated(
        "reauthentication_required",
        challenge=f'Bearer error="insufficient_user_authentication", max_age={max_age}',
    )


def no_second_factor() -> NotAuthenticated:
    """The session was begun without a second factor (RFC 9470 section 3)."""
    return NotAuthenticated(
        "reauthentication_required",
        detail=_NO_SECOND_FACTOR,
        challenge='Bearer error="insufficient_user_authentication", acr_values="mfa"',
    )


def lacking_scope(scopes: tuple[str, ...]) -> Forbidden:
    """A scope is missing (RFC 6750 section 3.1)."""
    return Forbidden("insufficient_scope", challenge=f'Bearer error="insufficient_scope", scope="{" ".join(scopes)}"')


def answer(refusal: Refusal, errors: str) -> Response:
    """The response for a refusal: FastAPI's shape, or an RFC 9457 problem."""
    if errors == "problem":
        body: dict[str, Any] = {
            "type": _PROBLEM_TYPES + refusal.code,
            "title": HTTPStatus(refusal.status_code).phrase,
            "status": refusal.status_code,
            "detail": refusal.detail,
        }
        media_type = "application/problem+json"
    else:
        body = {"detail": refusal.detail, "code": refusal.code}
        media_type = "application/json"
    return JSONResponse(body, refusal.status_code, refusal.headers, media_type)
