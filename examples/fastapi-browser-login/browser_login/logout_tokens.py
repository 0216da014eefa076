"""Word from Gatepost that somebody was signed out (OpenID Connect Back-Channel Logout 1.0).

Anybody can send a form to this address, so nothing ends but by a token that Gatepost signed for this application, for this
purpose, a moment ago.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet
from joserfc.jws import JWSRegistry

SIGNED_OUT = "http://schemas.openid.net/event/backchannel-logout"
FRESH = 120
"""Seconds that a token may take to arrive, and that its name is remembered at least."""


class LogoutRefused(Exception):
    """It is no logout token for this application, or it was here before."""


class UnknownKey(LogoutRefused):
    """None of the keys signed it: they may have been replaced."""


@dataclass(frozen=True)
class SignedOut:
    """One session at Gatepost; all of the person's where it names none."""

    person: str | None
    session: str | None


class LogoutTokens:
    """Reads each token once. The names of those read are kept in memory: with more than one process they belong to the sessions."""

    def __init__(self, issuer: str, client_id: str) -> None:
        self._claims = jwt.JWTClaimsRegistry(
            leeway=5,
            iss={"essential": True, "value": issuer},
            aud={"essential": True, "value": client_id},
            exp={"essential": True},
            iat={"essential": True},
            jti={"essential": True},
        )
        # Those that sign ID tokens here; a token that says otherwise, or that it needs no signature, is none.
        self._signatures = JWSRegistry(algorithms=["RS256"])
        self._read: dict[str, float] = {}

    def read(self, token: str, keys: dict[str, Any]) -> SignedOut:
        """Who was signed out. Raises `LogoutRefused`."""
        try:
            read = jwt.decode(token, key=KeySet.import_key_set(keys), registry=self._signatures)
            self._claims.validate(read.claims)
        except InvalidKeyIdError as refused:
            raise UnknownKey from refused
        except (JoseError, ValueError) as refused:
            raise LogoutRefused from refused
        claims, now = read.claims, time.time()
        events = claims.get("events")
        # An ID token is signed by the same keys; these three tell them apart.
        if (
            read.header.get("typ") != "logout+jwt"
            or not isinstance(events, dict)
            or not isinstance(events.get(SIGNED_OUT), dict)
            or "nonce" in claims
        ):
            raise LogoutRefused
        if claims["iat"] < now - FRESH or not (claims.get("sub") or claims.get("sid")):
            raise LogoutRefused
        self._read = {name: until for name, until in self._read.items() if until > now}
        if claims["jti"] in self._read:
            raise LogoutRefused
        self._read[claims["jti"]] = max(claims["exp"], now + FRESH) + self._claims.leeway
        return SignedOut(claims.get("sub"), claims.get("sid"))
