"""Exchanges what arrives in another form for a token of this API (RFC 8693): once, however many requests bring it.

Threads ask, and event loops wait for them. What was exchanged is remembered natively, for a minute at most.
"""

from __future__ import annotations

import logging
import os
import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from gatepost._key_fetch import FETCH_SECONDS, Fetch, SecondFactorMissing
from gatepost._key_source import Flight, KeySource
from gatepost._native import Claims, Exchanges, Issuers, Subject
from gatepost.errors import GatepostError, IssuerUnreachable, TokenError, UnknownKey

_log = logging.getLogger("gatepost")

TRY_AGAIN = 5
"""Seconds after which a failed exchange is worth another try."""

_AT_ONCE = 16
"""So many exchanges of one lane are under way at once, whatever arrives."""

_WAITING = 256
"""So many of a lane may be under way or wait for their turn. The next fails at once."""

_WAITING_OF_A_USER = 8
"""So many of them may be one user's, who can name organizations without end."""


@dataclass(frozen=True)
class Wanted:
    """What to exchange, and what must come of it."""

    subject: Subject
    issuer: int
    form: dict[str, str]
    organization: str | None = None
    user: str | None = None


def api_key(key: str) -> Wanted:
    """The token of an API key. The keys are those of the first issuer: no key is shown to another."""
    form = {"subject_token": key, "subject_token_type": "urn:gatepost:params:oauth:token-type:api-key"}
    return Wanted(Subject.api_key(key), 0, form)


def membership(token: str, organization: str, user: str, issuer: int) -> Wanted:
    """The token of the same user in another organization."""
    form = {
        "subject_token": token,
        "subject_token_type": "urn:ietf:params:oauth:token-type:access_token",
        "organization_id": organization,
    }
    return Wanted(Subject.organization(token, organization), issuer, form, organization, user)


class _Lane:
    """Exchanges wait for others of their lane alone."""

    def __init__(self) -> None:
        self.flights: dict[Subject, _Exchange] = {}
        self.turns: deque[_Exchange] = deque()
        self.workers = 0

    def has_room(self, user: str | None) -> bool:
        if len(self.flights) >= _WAITING:
            return False
        of_user = (flight for flight in self.flights.values() if flight.wanted.user == user)
        return user is None or sum(1 for _ in of_user) < _WAITING_OF_A_USER


class _Lanes:
    """Anybody can make up API keys that only the issuer tells from real ones: whoever fills the lane of the unknown keys keeps
    out neither the keys in use nor the members of organizations."""

    def __init__(self) -> None:
        self.keys_in_use, self.unknown_keys, self.organizations = _Lane(), _Lane(), _Lane()

    def under_way(self, subject: Subject) -> _Exchange | None:
        lanes = (self.keys_in_use, self.unknown_keys, self.organizations)
        return next((lane.flights[subject] for lane in lanes if subject in lane.flights), None)


class _Exchange(Flight):
    """An exchange under way."""

    def __init__(self, wanted: Wanted, fetch: Fetch, lane: _Lane) -> None:
        super().__init__()
        self.wanted = wanted
        self.fetch = fetch
        self.lane = lane
        self.claims: Claims | None = None
        self.lacks_factor = False


class Exchanging:
    """The exchanges of one API."""

    def __init__(self, issuers: Issuers, sources: Sequence[KeySource], clock: Callable[[], float]) -> None:
        self._memory = Exchanges(issuers)
        self._issuers = issuers
        self._sources = sources
        self._clock = clock
        self._lock = threading.Lock()
        self._process = os.getpid()
        self._lanes = _Lanes()
        self._warned = float("-inf")

    async def exchange(self, wanted: Wanted) -> Claims | None:
        """The claims of what it is exchanged for; None if the issuer refuses it. A `GatepostError` if it does not answer,
        `SecondFactorMissing` if it refuses for want of one."""
        known = self._memory.known(wanted.subject, int(self._clock()))
        if known == "second_factor":
            raise SecondFactorMissing
        if known is not None:
            return known or None
        flight = self._join(wanted)
        await flight.landed()
        if flight.failure is not None:
            raise flight.failure
        if flight.lacks_factor:
            raise SecondFactorMissing
        return flight.claims

    def _join(self, wanted: Wanted) -> _Exchange:
        with self._lock:
            if self._process != os.getpid():
                # A forked worker inherited the exchanges, but not the threads that make them.
                self._process = os.getpid()
                self._lanes = _Lanes()
            under_way = self._lanes.under_way(wanted.subject)
            if under_way is not None:
                return under_way
            lane = self._lane(wanted)
            if not lane.has_room(wanted.user):
                raise IssuerUnreachable("too many exchanges wait for their issuer")
            flight = _Exchange(wanted, Fetch(self._sources[wanted.issuer].issuer), lane)
            lane.flights[wanted.subject] = flight
            lane.turns.append(flight)
            if lane.workers < _AT_ONCE:
                lane.workers += 1
                threading.Thread(target=self._work, args=(lane,), name="gatepost-exchange", daemon=True).start()
        return flight

    def _lane(self, wanted: Wanted) -> _Lane:
        if wanted.organization is not None:
            return self._lanes.organizations
        if self._memory.was_good(wanted.subject, int(self._clock())):
            return self._lanes.keys_in_use
        return self._lanes.unknown_keys

    def _work(self, lane: _Lane) -> None:
        while True:
            with self._lock:
                if not lane.turns:
                    lane.workers -= 1
                    return
                flight = lane.turns.popleft()
            self._fly(flight)

    def _fly(self, flight: _Exchange) -> None:
        issuer = self._sources[flight.wanted.issuer].issuer
        # Look-ups of names and TLS handshakes know no total time limit; this is it.
        too_slow = IssuerUnreachable(f"{issuer} did not answer within {FETCH_SECONDS:g} s")
        limit = threading.Timer(FETCH_SECONDS, self._end, (flight, too_slow))
        limit.daemon = True
        limit.start()
        failure: GatepostError | None = None
        try:
            flight.claims = self._exchanged(flight)
        except GatepostError as error:
            failure = error
        except Exception as error:  # A defect must not leave every request waiting.
            _log.exception("an exchange at %s failed in an unforeseen way", issuer)
            failure = IssuerUnreachable(f"an exchange at {issuer} failed: {type(error).__name__}")
        limit.cancel()
        self._end(flight, failure)

    def _end(self, flight: _Exchange, failure: GatepostError | None) -> None:
        with self._lock:
            if flight.lane.flights.get(flight.wanted.subject) is flight:
                del flight.lane.flights[flight.wanted.subject]
        if not flight.land(failure):
            return
        if failure is not None:
            self._warn(failure)
            flight.fetch.give_up()

    def _warn(self, failure: GatepostError) -> None:
        """Once a minute: who sends credentials that must be exchanged must not fill the log while the issuer is down."""
        now = self._clock()
        if now - self._warned >= 60:
            self._warned = now
            _log.warning("a credential could not be exchanged: %s", failure)

    def _exchanged(self, flight: _Exchange) -> Claims | None:
        wanted = flight.wanted
        known = self._memory.known(wanted.subject, int(self._clock()))
        if known == "second_factor":
            flight.lacks_factor = True
            return None
        if known is not None:
            return known or None  # One landed between the look that found nothing and the start of this one.
        source = self._sources[wanted.issuer]
        if source.metadata is None:
            self._wait_for_keys(source)
        if source.metadata is None or source.metadata.exchange_endpoint is None:
            raise IssuerUnreachable(f"{source.issuer} exchanges nothing, or was not reached yet")
        try:
            token = flight.fetch.exchange(source.metadata.exchange_endpoint, wanted.form)
        except SecondFactorMissing:
            if wanted.organization is not None:
                flight.lacks_factor = True
                self._memory.refuse_without_second_factor(wanted.subject, int(self._clock()))
                return None
            token = None
        claims = None if token is None else self._taken(wanted, source, token)
        if claims is None:
            self._memory.refuse(wanted.subject, int(self._clock()))
        return claims

    def _taken(self, wanted: Wanted, source: KeySource, token: str) -> Claims | None:
        """The claims, if the token is good here and what was asked for."""
        try:
            try:
                claims = self._take(wanted, token)
            except UnknownKey:
                self._wait_for_keys(source)
                if self._issuers.key_state(wanted.issuer, int(self._clock())) in ("empty", "expired"):
                    raise IssuerUnreachable(f"the keys of {source.issuer} are not to be had") from None
                claims = self._take(wanted, token)
        except TokenError as refused:
            _log.warning("%s gave a token in exchange that is not good here: %s", source.issuer, refused.reason)
            return None
        if claims is None:
            _log.warning("%s gave a token in exchange that is not what was asked for", source.issuer)
        return claims

    def _take(self, wanted: Wanted, token: str) -> Claims | None:
        now = int(self._clock())
        return self._memory.take(
            wanted.subject, wanted.issuer, token, now, organization=wanted.organization, user=wanted.user
        )

    def _wait_for_keys(self, source: KeySource) -> None:
        flight = source.fetch_for_unknown_key(int(self._clock()))
        if flight is not None:
            flight.wait()
