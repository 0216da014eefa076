"""What `Gatepost.install` puts into an app: a pure ASGI middleware, handlers for the refusals, and the OpenAPI document."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Sequence
from typing import TYPE_CHECKING, Any, Literal

from fastapi import FastAPI
from starlette.middleware import Middleware
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gatepost._native import Claims as User
from gatepost.errors import GatepostError, IssuerMismatch, TokenError
from gatepost.fastapi._openapi import documented, operations_without_guard
from gatepost.fastapi._protection import Protection
from gatepost.fastapi._refusals import (
    INSTANCE,
    ASK_ISSUER,
    REFUSAL,
    Forbidden,
    IssuerUnavailable,
    NotAuthenticated,
    NotFound,
    Refusal,
    answer,
    invalid,
    missing,
)

if TYPE_CHECKING:
    from gatepost.fastapi._gatepost import Gatepost

_log = logging.getLogger("gatepost")


def install(
    auth: Gatepost,
    app: FastAPI,
    *,
    errors: Literal["detail", "problem"],
    protect: Sequence[str] | Literal["all"],
    public: Sequence[str],
) -> Protection:
    """See `Gatepost.install`. Answers with what is closed."""
    if errors not in ("detail", "problem"):
        raise TypeError(f"errors={errors!r}: it is 'detail' or 'problem'")
    if app.middleware_stack is not None:
        raise GatepostError("the app has started already; call install right after making it")
    protection = Protection(protect, public)
    for other in app.user_middleware:
        if isinstance(other.kwargs.get("auth"), type(auth)):
            _agree(auth, other.kwargs, errors)
    # Innermost: CORS answers and the headers of other middleware are around the refusals too.
    app.user_middleware.append(
        Middleware(_Middleware, auth=auth, errors=errors, protection=protection, application=app)
    )
    _handle_refusals(app, errors)
    _document(auth, app, protection, errors)
    return protection


def _agree(auth: Gatepost, other: Any, errors: str) -> None:
    if other["auth"] is auth:
        raise GatepostError("this Gatepost is installed in the app already")
    if other["auth"].name == auth.name:
        raise GatepostError("a second Gatepost of an app needs a name of its own: Gatepost(..., name='staff')")
    if other["errors"] != errors:
        raise GatepostError(f"the other Gatepost of this app answers errors={other['errors']!r}; use the same for both")


def _handle_refusals(app: FastAPI, errors: str) -> None:
    # Any: it also answers WebSockets, which Starlette's type of a handler leaves out.
    async def refused(conn: HTTPConnection, error: Exception) -> Any:
        refusal = invalid(error) if isinstance(error, TokenError) else error
        assert isinstance(refusal, Refusal)
        if isinstance(error, TokenError) and INSTANCE in conn.scope:
            conn.scope[INSTANCE].challenge(refusal, conn.scope)  # Raised by the application, from the claims.
        if conn.scope["type"] == "websocket":
            conn.scope[REFUSAL] = refusal
            return None  # The middleware answers: a response would not do before every server's handshake.
        return answer(refusal, errors)

    for kind in (NotAuthenticated, Forbidden, NotFound, IssuerUnavailable, TokenError):
        app.exception_handlers.setdefault(kind, refused)


def _document(auth: Gatepost, app: FastAPI, protection: Protection, errors: str) -> None:
    build = app.openapi
    # FastAPI keeps its document, and returns the same dict each time; ours is as good as its inputs.
    kept: list[Any] = [None, None, {}]

    def openapi() -> dict[str, Any]:
        schema = build()
        known = [source.metadata for source in auth.sources()]
        if kept[0] is not schema or kept[1] != known:
            kept[:] = [schema, known, documented(auth, schema, protection=protection, errors=errors)]
        result: dict[str, Any] = kept[2]
        return result

    app.openapi = openapi  # type: ignore[method-assign]
    if app.swagger_ui_init_oauth is None:
        app.swagger_ui_init_oauth = {}
    app.swagger_ui_init_oauth.setdefault("usePkceWithAuthorizationCodeGrant", True)


class _Middleware:
    def __init__(
        self, app: ASGIApp, auth: Gatepost, errors: str, protection: Protection, application: FastAPI
    ) -> None:
        self._app = app
        self._auth = auth
        self._errors = errors
        self._closes = protection.closes if protection else None
        self._application = application
        self._is_default = auth.name is None

    # Not async, but what it returns is awaited: an open request pays no coroutine for us.
    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        kind = scope["type"]
        if kind == "lifespan":
            return self._lifespan(scope, receive, send)
        if self._is_default:
            scope[INSTANCE] = self._auth
        if kind == "websocket":
            return self._websocket(scope, receive, send)
        if self._closes is not None and self._closes(scope):
            try:
                scope["user"] = self._signed_in(self._auth.caller(scope))
            except ASK_ISSUER as error:
                return self._after_fetch(scope, receive, send, error)
            except Refusal as refusal:
                self._auth.challenge(refusal, scope)
                return answer(refusal, self._errors)(scope, receive, send)
        return self._app(scope, receive, send)

    @staticmethod
    def _signed_in(user: User | None) -> User:
        if user is None:
            raise missing()
        return user

    async def _after_fetch(self, scope: Scope, receive: Receive, send: Send, error: Exception) -> None:
        try:
            scope["user"] = await self._auth.caller_by_asking(scope, error)
        except Refusal as refusal:
            self._auth.challenge(refusal, scope)
            await answer(refusal, self._errors)(scope, receive, send)
            return
        await self._app(scope, receive, send)

    async def _websocket(self, scope: Scope, receive: Receive, send: Send) -> None:
        handshake = _Handshake(scope, send)
        if self._closes is not None and self._closes(scope):
            try:
                try:
                    scope["user"] = self._signed_in(self._auth.caller(scope))
                except ASK_ISSUER as error:
                    scope["user"] = await self._auth.caller_by_asking(scope, error)
            except Refusal as refusal:
                self._auth.challenge(refusal, scope)
                await handshake.refuse(refusal, self._errors)
                return
        await self._app(scope, receive, handshake.send)
        left: Refusal | None = scope.get(REFUSAL)
        if left is not None and not handshake.answered:
            await handshake.refuse(left, self._errors)

    async def _lifespan(self, scope: Scope, receive: Receive, send: Send) -> None:
        first = await receive()
        if first["type"] == "lifespan.startup":
            self._list_open_routes()
            try:
                await self._auth.ready()
            except IssuerMismatch as error:
                # This will not mend by itself, so the start fails.
                await send({"type": "lifespan.startup.failed", "message": str(error)})
                raise
            except GatepostError:
                pass  # Logged where it happened, and tried again when a token arrives.
        waiting = [first]

        async def replay() -> Message:
            return waiting.pop() if waiting else await receive()

        await self._app(scope, replay, send)

    def _list_open_routes(self) -> None:
        if _log.isEnabledFor(logging.DEBUG):
            for operation in operations_without_guard(self._application.openapi()):
                _log.debug("open to everybody: %s", operation)


class _Handshake:
    """The answer to a WebSocket's request."""

    def __init__(self, scope: Scope, send: Send) -> None:
        self._scope = scope
        self._send = send
        self._may_answer_http = "websocket.http.response" in (scope.get("extensions") or {})
        self.answered = False

    async def send(self, message: Message) -> None:
        """Passes on what the app says."""
        kind = message["type"]
        if kind.startswith("websocket.http.response") and not self._may_answer_http:
            # An app mounted below answered a refusal in a way that this server cannot send.
            if kind == "websocket.http.response.start" and not self.answered:
                refusal: Refusal | None = self._scope.get(REFUSAL)
                await self._close("forbidden" if refusal is None else refusal.code)
            return
        self.answered = True
        if kind == "websocket.accept" and message.get("subprotocol") is None:
            if "bearer" in (self._scope.get("subprotocols") or ()):
                # A browser closes a connection whose server picks none of the subprotocols it offered.
                message = {**message, "subprotocol": "bearer"}
        await self._send(message)

    async def refuse(self, refusal: Refusal, errors: str) -> None:
        """The HTTP answer before the upgrade where the server can send one, else close code 1008."""
        if not self._may_answer_http:
            await self._close(refusal.code)
            return
        self.answered = True
        response = answer(refusal, errors)
        await self._send(
            {
                "type": "websocket.http.response.start",
                "status": response.status_code,
                "headers": response.raw_headers,
            }
        )
        await self._send({"type": "websocket.http.response.body", "body": response.body})

    async def _close(self, reason: str) -> None:
        self.answered = True
        await self._send({"type": "websocket.close", "code": 1008, "reason": reason})


