"""Verifies tokens and fetches keys in between, for programs that wait: in a thread, and never on an event loop."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from gatepost._key_fetch import Metadata
from gatepost._key_source import KeySource
from gatepost._native import Claims, Issuers
from gatepost.errors import GatepostError, UnknownKey

_COOLDOWN = 30
"""Seconds between two fetches of the keys, whatever tokens arrive."""

_FRESH_FOR = 600
"""Seconds after which the keys are fetched again beside the calls that still use them."""

_MAX_AGE = 24 * 3600
"""Seconds after which keys that could not be fetched again are given up."""

_LEEWAY = 30


class Verifying:
    """Verifies the RS256 tokens of one issuer and type and for one audience, with the keys of the server at `url`.

    `keys` is where they are, for a server whose tokens name an issuer that is no address; otherwise its discovery document says so.
    """

    def __init__(
        self, url: str, *, issuer: str, audience: str, typ: str, clock: Callable[[], float], keys: str | None = None
    ) -> None:
        try:
            self._core = Issuers(
                issuers=[issuer],
                audience=audience,
                algorithms=["RS256"],
                typ=typ,
                leeway=_LEEWAY,
                cooldown=_COOLDOWN,
                fresh_for=_FRESH_FOR,
                max_age=_MAX_AGE,
                api_keys=False,
            )
        except (ValueError, OverflowError) as error:
            raise GatepostError(str(error)) from None
        known = None if keys is None else Metadata(keys, None, None, False, None)
        self._source = KeySource(url, 0, self._core, clock, known)
        self._clock = clock

    def presented(self, headers: Iterable[tuple[bytes, bytes]]) -> str | None:
        """The bearer token among the raw headers of ASGI, unverified. Raises where there is more than one."""
        return self._core.presented(headers)

    def verify(self, token: str) -> Claims:
        """What a good token says. Raises a `TokenError` where it is not good, and a `GatepostError` where there are no keys."""
        now = int(self._clock())
        if self._core.key_state(0, now) == "stale":
            self._source.fetch("stale", now)  # Beside the calls, which go on with the keys at hand.
        try:
            return self._core.verify(token, now)
        except UnknownKey:
            flight = self._source.fetch_for_unknown_key(now)
            if flight is None:
                return self._again(token)
        flight.wait()
        return self._again(token, flight.failure)

    def _again(self, token: str, failure: GatepostError | None = None) -> Claims:
        """With whatever keys there are by now."""
        now = int(self._clock())
        try:
            return self._core.verify(token, now)
        except UnknownKey as unknown:
            if self._core.key_state(0, now) in ("empty", "expired"):
                raise failure or GatepostError("the server's keys are not to be had") from None
            raise unknown
