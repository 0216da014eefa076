"""A FastAPI application that people sign in to with the browser.

The browser gets a cookie that means nothing elsewhere; the tokens stay here. Authlib does the protocol: state, nonce,
PKCE, and the check of the ID token.
"""

from __future__ import annotations

import html
import time
from typing import Annotated
from urllib.parse import urlencode

from authlib.integrations.starlette_client import OAuth, OAuthError
from fastapi import Depends, FastAPI, Form, Request, Response
from fastapi.responses import HTMLResponse, PlainTextResponse, RedirectResponse
from starlette.middleware.sessions import SessionMiddleware

from browser_login.logout_tokens import LogoutRefused, LogoutTokens, UnknownKey
from browser_login.sessions import Session, Sessions
from browser_login.settings import Settings

EARLY = 30
"""Seconds before its end at which an access token is refreshed."""


class SignInFirst(Exception):
    """Nobody is signed in, or not any more."""


async def signed_in(request: Request) -> Session:
    """The session of the browser; its access token is good for a while yet."""
    app = request.app.state
    key = request.cookies.get(app.cookie, "")
    session = app.sessions.find(key)
    if session is None:
        raise SignInFirst
    # One at a time: the second of two requests finds what the first has refreshed.
    async with session.refreshing:
        if session.tokens["expires_at"] < time.time() + EARLY:
            try:
                fresh = await app.gatepost.fetch_access_token(
                    grant_type="refresh_token", refresh_token=session.tokens["refresh_token"]
                )
            except OAuthError:
                # Signed out, stopped, or too old: the provider's word counts.
                app.sessions.end(key)
                raise SignInFirst from None
            session.tokens.update(fresh)
    return session


SignedIn = Annotated[Session, Depends(signed_in)]


async def ask_to_sign_in(request: Request, _: SignInFirst) -> Response:
    """A page leads to the sign-in; a script is told."""
    if request.method == "GET" and request.headers.get("sec-fetch-mode", "navigate") == "navigate":
        return RedirectResponse(f"/login?{urlencode({'next': request.url.path})}", 303)
    return PlainTextResponse("Sign in first.", 401)


def inside(path: str) -> str:
    """The path, if it is one of this application: `//evil.example` and `https:` lead elsewhere."""
    return path if path.startswith("/") and path[1:2] not in ("/", "\\") else "/"


def browser_login_app(settings: Settings) -> FastAPI:
    app = FastAPI(title="Browser login")
    oauth = OAuth()
    oauth.register(
        "gatepost",
        server_metadata_url=f"{settings.issuer}/.well-known/openid-configuration",
        client_id=settings.client_id,
        client_secret=settings.client_secret,
        client_kwargs={"scope": "openid profile email", "code_challenge_method": "S256"},
    )
    gatepost = app.state.gatepost = oauth.create_client("gatepost")
    sessions = app.state.sessions = Sessions()
    logout_tokens = LogoutTokens(settings.issuer, settings.client_id)
    secure = settings.public_url.startswith("https://")
    # With the prefix no other host of the domain can set it. Browsers ask for https then.
    cookie = app.state.cookie = "__Host-session" if secure else "session"
    # Only for the way to the sign-in and back: state, nonce and the PKCE verifier, for ten minutes.
    app.add_middleware(
        SessionMiddleware,
        secret_key=settings.cookie_secret,
        session_cookie="__Host-sign-in" if secure else "sign-in",
        max_age=600,
        same_site="lax",
        https_only=secure,
    )
    app.add_exception_handler(SignInFirst, ask_to_sign_in)

    @app.get("/login")
    async def login(request: Request, next: str = "/") -> Response:
        request.session["next"] = inside(next)
        return await gatepost.authorize_redirect(request, f"{settings.public_url}/callback")

    @app.get("/callback")
    async def callback(request: Request) -> Response:
        try:
            tokens = await gatepost.authorize_access_token(request)
        except OAuthError as refused:
            # Never the description: it came with the address, and anybody can make up an address.
            return HTMLResponse(f"<p>You are not signed in ({html.escape(refused.error)}).", 400)
        # A new key at every sign-in: one that was known before is worth nothing.
        sessions.end(request.cookies.get(cookie, ""))
        key = sessions.begin(tokens)
        answer = RedirectResponse(request.session.pop("next", "/"), 303)
        answer.set_cookie(cookie, key, httponly=True, secure=secure, samesite="lax", path="/")
        return answer

    @app.post("/logout")
    async def logout(request: Request) -> Response:
        """Here, at the provider, and so everywhere: whoever has tokens of that session gets no new ones."""
        session = sessions.end(request.cookies.get(cookie, ""))
        target = "/"
        if session is not None:
            metadata = await gatepost.load_server_metadata()
            query = {"id_token_hint": session.tokens["id_token"], "post_logout_redirect_uri": f"{settings.public_url}/"}
            target = f"{metadata['end_session_endpoint']}?{urlencode(query)}"
        answer = RedirectResponse(target, 303)
        answer.delete_cookie(cookie, httponly=True, secure=secure, samesite="lax", path="/")
        return answer

    @app.post("/signed-out")
    async def signed_out(logout_token: Annotated[str, Form()]) -> Response:
        """Gatepost says that a session there has ended, whoever ended it and wherever."""
        try:
            try:
                ended = logout_tokens.read(logout_token, await gatepost.fetch_jwk_set())
            except UnknownKey:
                ended = logout_tokens.read(logout_token, await gatepost.fetch_jwk_set(force=True))
        except LogoutRefused:
            return PlainTextResponse("That is no logout token for this application.", 400)
        sessions.end_everywhere(ended)
        return Response(status_code=200, headers={"cache-control": "no-store"})

    @app.get("/", response_class=HTMLResponse)
    async def home() -> str:
        return '<p>Anybody may read this. <a href="/diary">Your diary</a>'

    @app.get("/diary", response_class=HTMLResponse)
    async def diary(session: SignedIn) -> str:
        name = html.escape(session.person.get("name") or session.person["sub"])
        return f'<p>The diary of {name}.<form method="post" action="/logout"><button>Sign out</button></form>'

    return app
