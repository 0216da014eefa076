"""`Gatepost`: the verifier of an app."""

from __future__ import annotations

import itertools
import logging
import time
from collections.abc import Callable, Sequence
from typing import Any, Literal

from fastapi import FastAPI

from gatepost._key_fetch import SecondFactorMissing, check_issuer_url
from gatepost._exchange import TRY_AGAIN, Exchanging, Wanted, api_key, membership
from gatepost._key_source import KeySource
from gatepost._native import Claims as User
from gatepost._native import Issuers
from gatepost.errors import GatepostError, IssuerMismatch, IssuerUnreachable, MalformedToken, ProofRequired, TokenError, UnknownKey
from gatepost.fastapi._dpop import challenge, is_under_dpop, request_of
from gatepost.fastapi._guard import Guards
from gatepost.fastapi._organization import named, names_another
from gatepost.fastapi._protection import Protection
from gatepost.fastapi._refusals import ASK_ISSUER, Forbidden, IssuerUnavailable, Refusal, invalid, no_second_factor

_log = logging.getLogger("gatepost")

_COOLDOWN = 30
"""Seconds between two fetches of an issuer's keys, whatever tokens arrive."""

_FRESH_FOR = 600
"""Seconds after which keys are fetched again beside the requests that still use them."""

_MAX_AGE = 24 * 3600
"""Seconds after which keys that could not be fetched again are given up."""

_LOOK_EVERY = 10
"""Seconds between two looks at the age of the keys."""

_serial = itertools.count(1)


class Gatepost(Guards):
    """Verifies the access tokens of one API, from one or more issuers.

        auth = Gatepost("https://auth.example.com", audience="notes-api")
        auth.install(app)

    `url` is the issuer's URL as its tokens' `iss` has it; several may be given as a list. The keys are fetched from there, at
    the start of the app or with the first token. `audience` is what tokens must name as `aud`. `name` tells a second instance
    of the same app from the first. `api_keys=True` accepts API keys too, as `X-API-Key: gp_key_…` or as bearer; they are those of
    the first issuer named, and a revoked one goes on working for at most a minute. `dpop` accepts tokens that are bound to a key, too
    (RFC 9449): it is the public URL of this API, under which clients reach what ASGI has as the path `/`, with the prefix that a
    proxy takes off. `dpop_only=True` accepts no other tokens. A proof is good for a minute, and once in each process. `leeway` is how far clocks may differ, in seconds. `typ` and `algorithms` are for issuers
    other than Gatepost; by default only access tokens (RFC 9068) with asymmetric signatures are good.
    """

    def __init__(
        self,
        url: str | Sequence[str],
        *,
        audience: str,
        name: str | None = None,
        api_keys: bool = False,
        dpop: str | None = None,
        dpop_only: bool = False,
        leeway: int = 30,
        typ: str = "at+jwt",
        algorithms: Sequence[str] | None = None,
    ) -> None:
        super().__init__(self)
        urls = [url] if isinstance(url, str) else list(url)
        if not urls:
            raise GatepostError("Gatepost([]) trusts no issuer; name at least one")
        if len(set(urls)) != len(urls):
            raise GatepostError("an issuer is named twice")
        if not isinstance(audience, str) or not audience:
            raise GatepostError("audience= is what tokens for this API name as `aud`; without it any token would do")
        if name is not None and not (name.isascii() and name.isidentifier()):
            raise GatepostError(f"name={name!r} must be a word of letters, digits and underscores")
        if dpop_only and dpop is None:
            raise GatepostError("dpop_only=True needs the public URL of this API: dpop='https://api.example.com'")
        if dpop_only and api_keys:
            raise GatepostError("dpop_only=True and api_keys=True exclude each other: API keys are bound to no key")
        for each in urls:
            check_issuer_url(each)
        self.issuers: tuple[str, ...] = tuple(urls)
        self.audience = audience
        self.name = name
        self.api_keys = api_keys
        self.dpop = dpop
        self.dpop_only = dpop_only
        self.scheme_name = name or "gatepost"
        # Not the name: an app mounted in another may have an instance of the same name, and must not take the outer one's
        # user for its own.
        serial = next(_serial)
        self._key = f"gatepost.user.{serial}"
        self._held = f"gatepost.held.{serial}"
        self._clock: Callable[[], float] = time.time
        try:
            self._core = Issuers(
                issuers=urls,
                audience=audience,
                algorithms=algorithms,
                typ=typ,
                leeway=leeway,
                cooldown=_COOLDOWN,
                fresh_for=_FRESH_FOR,
                max_age=_MAX_AGE,
                api_keys=api_keys,
                dpop=dpop,
                dpop_only=dpop_only,
            )
        except (ValueError, OverflowError) as error:
            raise GatepostError(str(error)) from None
        self._sources = [KeySource(each, at, self._core, lambda: self._clock()) for at, each in enumerate(urls)]
        self._exchanging = Exchanging(self._core, self._sources, lambda: self._clock())
        self._installed: list[tuple[Protection, str]] = []
        # Outside these the clock was set back, or it is time.
        self._last_look = self._next_look = 0

    def install(
        self,
        app: FastAPI,
        *,
        errors: Literal["detail", "problem"] = "detail",
        protect: Sequence[str] | Literal["all"] = (),
        public: Sequence[str] = (),
    ) -> None:
        """Makes this the verifier of the app and of every app mounted in it.

        `errors` is the shape of refusals: FastAPI's own, or RFC 9457. `protect` closes whole prefixes, or everything with
        `"all"`, before any route is looked for; `public` names the paths below that stay open, each exactly.
        """
        from gatepost.fastapi._install import install

        self._installed.append((install(self, app, errors=errors, protect=protect, public=public), errors))

    def document(self, schema: dict[str, Any]) -> dict[str, Any]:
        """A copy of an OpenAPI document with the schemes, rules and refusals of the guarded routes.

        For apps that build their own document; `install` does it for the one of FastAPI. Closed prefixes are those of the app
        that this was first installed in.
        """
        from gatepost.fastapi._openapi import documented

        protection, errors = self._installed[0] if self._installed else (None, "detail")
        return documented(self, schema, protection=protection, errors=errors)

    def now(self) -> int:
        """The time by which tokens are judged, in Unix seconds."""
        return int(self._clock())

    def caller(self, scope: Any) -> User | None:
        """The caller; None without a credential. Raises the refusal that the caller is to see.

        What is in `ASK_ISSUER` is no refusal yet: `caller_by_asking` decides. Two methods, because nearly every request is
        answered without waiting for anything, and a coroutine costs.
        """
        user: User | None = scope.get(self._key)
        if user is not None:
            return user  # An outer guard of this instance has asked already.
        now = int(self._clock())
        if not self._last_look <= now < self._next_look:
            self._look_after_keys(now)
        try:
            user = self._look(scope, now)
        except ASK_ISSUER:
            raise
        except TokenError as error:
            raise invalid(error) from None
        if user is not None:
            scope[self._key] = user
        return user

    async def caller_by_asking(self, scope: Any, error: Exception) -> User:
        """The caller whose token names a key that is not at hand, or whose API key is new. Waits for the issuer."""
        presented = self._presented(scope)
        if isinstance(error, UnknownKey):
            user = await self._by_newer_keys(scope, presented, error)
        else:
            exchanged = await self._exchange(api_key(presented))
            if exchanged is None:
                raise invalid(MalformedToken(reason="the issuer refused the API key"))
            user = exchanged
        scope[self._key] = user
        return user

    def may_be_member(self, user: User, scope: Any) -> bool:
        """Whether the request names another organization than the user's, and the issuer can be asked about it."""
        return (
            names_another(user, scope)
            and not is_under_dpop(scope)  # What a token is exchanged for would be bound to no key.
            and user.credential == "token"  # A key is for one organization, and has no others to choose from.
            and self._source_of(user)[1].exchanges
        )

    async def as_member(self, user: User, scope: Any) -> User:
        """The caller as a member of the organization that the request names. 403 for who is none, and 401 for who has to show the
        second factor first that the organization asks for."""
        position, _ = self._source_of(user)
        try:
            member = await self._exchange(membership(self._presented(scope), str(named(scope)), user.id, position))
        except SecondFactorMissing:
            raise no_second_factor() from None
        if member is None:
            raise Forbidden("organization_required")
        now = self.now()
        for enforce in scope.get(self._held, ()):
            enforce(member, now, scope)  # Other roles: what was allowed before may not be allowed now.
        scope[self._key] = member
        if scope.get("user") is user:
            scope["user"] = member
        return member

    def note_held(self, enforce: Callable[[User, int, Any], None], scope: Any) -> None:
        """Notes that the rules let this request through, should the caller become a member of another organization."""
        scope.setdefault(self._held, []).append(enforce)

    async def _exchange(self, wanted: Wanted) -> User | None:
        try:
            return await self._exchanging.exchange(wanted)
        except GatepostError:
            raise IssuerUnavailable(TRY_AGAIN) from None  # Logged where it happened.

    def _source_of(self, user: User) -> tuple[int, KeySource]:
        position = self.issuers.index(user.issuer)
        return position, self._sources[position]

    def challenge(self, refusal: Refusal, scope: Any) -> None:
        """Makes the challenge of a refusal one of the schemes that tokens are taken under here."""
        if self.dpop is not None:
            challenge(refusal, scope, only=self.dpop_only)

    async def _by_newer_keys(self, scope: Any, token: str, error: UnknownKey) -> User:
        position = self._core.asked_of(token)
        if position is None:
            raise invalid(error)
        now = int(self._clock())
        flight = self._sources[position].fetch_for_unknown_key(now)
        if flight is not None:
            await flight.landed()
        now = int(self._clock())
        try:
            user = self._look(scope, now)
            assert user is not None  # There was a token.
            return user
        except UnknownKey as still:
            if self._core.key_state(position, now) in ("empty", "expired"):
                raise IssuerUnavailable(self._core.retry_after(position, now)) from None
            raise invalid(still) from None
        except TokenError as refused:
            raise invalid(refused) from None

    async def ready(self) -> None:
        """Fetches the keys of every issuer, ahead of the first request.

        For programs that must not start without them. An app that is merely installed does this at its start too, but goes on
        without an issuer that is down, and asks it again when a token arrives. Raises `IssuerMismatch` if what answers is another
        issuer, and another `GatepostError` if nothing usable does.
        """
        now = int(self._clock())
        flights = [source.fetch("never", now) for source in self._sources]
        for position, flight in enumerate(flights):
            if flight is not None:
                await flight.landed()
                if flight.failure is not None:
                    raise flight.failure
            elif self._core.key_state(position, now) in ("empty", "expired"):
                wait = self._core.retry_after(position, now)
                raise IssuerUnreachable(f"{self.issuers[position]} was asked for its keys in vain; ask again in {wait} s")
        if self.api_keys and not self._sources[0].exchanges:
            raise IssuerMismatch(f"{self.issuers[0]} exchanges no API keys, so it cannot go with api_keys=True")

    def sources(self) -> Sequence[KeySource]:
        """Where the keys come from, one for each issuer."""
        return self._sources

    def _look(self, scope: Any, now: int) -> User | None:
        """The caller, as far as one gets without waiting."""
        if scope["type"] == "websocket":
            return self._of_websocket(scope, now)
        return self._of_headers(scope, now)

    def _of_headers(self, scope: Any, now: int) -> User | None:
        if self.dpop is None:
            return self._core.authenticate(scope["headers"], now)
        return self._core.authenticate(scope["headers"], now, request_of(scope))

    def _of_websocket(self, scope: Any, now: int) -> User | None:
        """Browsers cannot set headers here, but may offer the subprotocols `bearer` and the token itself."""
        offered = scope.get("subprotocols") or []
        if "bearer" not in offered:
            return self._of_headers(scope, now)
        if len(offered) != 2 or offered[0] != "bearer" or self._core.presented(scope["headers"]) is not None:
            raise MalformedToken(reason="a token among the subprotocols is offered as exactly ['bearer', token], and alone")
        if self.dpop_only:
            raise ProofRequired(reason="a token among the subprotocols comes without a proof")
        return self._core.verify(offered[1], now)

    def _presented(self, scope: Any) -> str:
        presented = self._core.presented(scope["headers"])
        return str(scope["subprotocols"][1]) if presented is None else presented

    def _look_after_keys(self, now: int) -> None:
        """Has stale keys fetched again, beside the request: it is answered with those at hand."""
        self._last_look, self._next_look = now, now + _LOOK_EVERY
        for position, source in enumerate(self._sources):
            if self._core.key_state(position, now) == "stale":
                source.fetch("stale", now)
