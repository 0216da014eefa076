"""Who is calling: their token is verified here, and the server is asked whose it is now."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, MutableMapping
from dataclasses import dataclass
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.types import ASGIApp, Receive, Scope, Send

from gatepost._native import Claims
from gatepost.compat._verifying import Verifying
from gatepost.compat.zalt_auth import _calls
from gatepost.compat.zalt_auth._answers import User
from gatepost.compat.zalt_auth._errors import AuthenticationError, PermissionDeniedError, ZaltError
from gatepost.compat.zalt_auth._server import Server
from gatepost.errors import GatepostError, TokenError
from gatepost.fastapi._protection import Protection
from gatepost.fastapi._refusals import Forbidden, IssuerUnavailable, NotAuthenticated, Refusal, answer, invalid, missing

_log = logging.getLogger("gatepost")

GUARDING = "gatepost.compat.zalt_auth"
"""Where the middleware leaves what guards an app, in the scope: apps mounted below inherit it."""

_CALLER = "gatepost.compat.zalt_auth.caller"
_TRY_AGAIN = 5


@dataclass(frozen=True)
class Caller:
    """Somebody whose token is good, and whom the server knows."""

    user: User
    _claims: Claims

    def can(self, permission: str) -> bool:
        """Whether the token has the permission, and the account still has it where the token is for: in its organization if it
        names one, otherwise in the realm. One in another organization is no permission here."""
        return self._claims.can(permission) and _covers(self._present(), permission)

    def _present(self) -> tuple[str, ...]:
        active = self._claims.organization
        if active is None:
            return self.user.permissions
        return next((each.permissions for each in self.user.tenants if each.tenant_id == active.id), ())


class Guarding:
    """Tells callers of one realm. Everything here waits, and so runs in threads."""

    def __init__(self, server: Server, realm_id: str | None, issuer: str, audience: str) -> None:
        self._server = server
        self._realm_id = realm_id
        self._clock: Callable[[], float] = time.time
        self._verifying = Verifying(
            server.url,
            issuer=issuer,
            audience=audience,
            # The server's own words are in its tokens where they name its address (RFC 9068); otherwise those of the contract.
            typ="at+jwt" if issuer.rstrip("/") == server.url else "JWT",
            clock=lambda: self._clock(),
            keys=f"{server.url}/.well-known/jwks.json",
        )

    def caller(self, scope: MutableMapping[str, Any]) -> Caller | None:
        """Who is calling; None without a credential. Raises the refusal that the caller is to see: also of a bad credential."""
        known = scope.get(_CALLER)
        if known is not None and known[0] is self:
            found: Caller = known[1]
            return found
        try:
            token = self._verifying.presented(scope["headers"])
            if token is None:
                return None
            claims = self._verifying.verify(token)
        except TokenError as error:
            raise invalid(error) from None
        except GatepostError as error:
            _log.warning("an access token cannot be checked: %s", error)
            raise IssuerUnavailable(_TRY_AGAIN) from None
        if self._realm_id is not None and claims.realm != self._realm_id:
            raise _refused("it is of another realm")
        if claims.email is None:
            # The contract has no user without one.
            _log.info("refused %s: the account has no address", claims.id)
            raise Forbidden()
        caller = Caller(self._user(token, claims), claims)
        scope[_CALLER] = (self, caller)
        return caller

    def _user(self, token: str, claims: Claims) -> User:
        """The account as it is now: a session that has ended is noticed, and so is an account that was disabled."""
        try:
            user = self._server.ask(_calls.fetch_user(token))
        except AuthenticationError as error:
            raise _refused(f"the server refuses it: {error.code}") from None
        except PermissionDeniedError as error:
            _log.info("the server tells nothing of %s: %s", claims.id, error.code)
            raise Forbidden() from None
        except ZaltError as error:
            _log.warning("the server does not say whose token it is: %s", error)
            raise IssuerUnavailable(_TRY_AGAIN) from None
        if user.id != claims.id or user.realm_id != claims.realm:
            raise _refused("the server says that it is somebody else's")
        return user


class Middleware:
    """Leaves what guards the app where dependencies find it, and closes what is not public, if anything is to be closed."""

    def __init__(self, app: ASGIApp, guarding: Guarding, protection: Protection | None) -> None:
        self._app = app
        self._guarding = guarding
        self._closes = None if protection is None else protection.closes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        scope[GUARDING] = self._guarding
        if self._closes is not None and self._closes(scope):
            try:
                if await run_in_threadpool(self._guarding.caller, scope) is None:
                    raise missing()
            except Refusal as refused:
                if scope["type"] == "websocket":
                    await send({"type": "websocket.close", "code": 1008, "reason": "unauthenticated"})
                else:
                    await answer(refused, "detail")(scope, receive, send)
                return
        await self._app(scope, receive, send)


def _refused(reason: str) -> NotAuthenticated:
    return invalid(TokenError(reason=reason))


def _covers(permissions: tuple[str, ...], wanted: str) -> bool:
    resource, _, _ = wanted.rpartition(":")
    return wanted in permissions or f"{resource}:*" in permissions
