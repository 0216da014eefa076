"""Keeps the keys of one issuer fresh, without ever blocking an event loop.

The native key cache decides whether a fetch is due; this module runs it in a thread and wakes whoever waits for it.
"""

from __future__ import annotations

import asyncio
import logging
import os
import threading
from collections.abc import Callable
from typing import Literal

from gatepost._key_fetch import FETCH_SECONDS, Fetch, Metadata
from gatepost._native import Issuers
from gatepost.errors import GatepostError, IssuerUnreachable

_log = logging.getLogger("gatepost")

_REASONS: dict[str, Literal["never", "unknown_kid", "stale"]] = {
    "empty": "never",
    "expired": "stale",
    "fresh": "unknown_kid",
    "stale": "unknown_kid",
}
"""Why a token's key is not at hand, by the state of the keys."""


class Flight:
    """A fetch under way. Several requests may wait for it, on any event loop."""

    def __init__(self) -> None:
        self.failure: GatepostError | None = None
        self.process = os.getpid()
        self._has_landed = False
        self._lock = threading.Lock()
        self._wakers: list[Callable[[], object]] = []

    def land(self, failure: GatepostError | None = None) -> bool:
        """Ends the wait. False if it had ended before."""
        with self._lock:
            if self._has_landed:
                return False
            self.failure = failure
            self._has_landed = True
            wakers, self._wakers = self._wakers, []
        for wake in wakers:
            try:
                wake()
            except RuntimeError:
                pass  # The event loop that waited is closed.
        return True

    def wait(self) -> None:
        """Waits for the end, in a thread that has nothing else to do."""
        arrived = threading.Event()
        with self._lock:
            if self._has_landed:
                return
            self._wakers.append(arrived.set)
        arrived.wait(FETCH_SECONDS)

    async def landed(self) -> None:
        """Waits for the end, good or bad. See `failure`."""
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            await self._landed_on_another_loop()
            return
        waiter: asyncio.Future[None] = loop.create_future()

        def arrived() -> None:
            if not waiter.done():
                waiter.set_result(None)

        with self._lock:
            if self._has_landed:
                return
            self._wakers.append(lambda: loop.call_soon_threadsafe(arrived))
        await waiter

    async def _landed_on_another_loop(self) -> None:
        import anyio  # Present wherever Starlette is.

        # trio. A look every 20 ms, and only while a fetch is under way.
        while not self._has_landed:
            await anyio.sleep(0.02)


class KeySource:
    """Where the keys of one issuer come from: from what its discovery document names, or `metadata` in its place."""

    def __init__(
        self,
        issuer: str,
        position: int,
        issuers: Issuers,
        clock: Callable[[], float],
        metadata: Metadata | None = None,
    ) -> None:
        self.issuer = issuer
        self.metadata = metadata
        """What the issuer's discovery document said last; None before the first fetch."""
        self._discovers = metadata is None
        self._position = position
        self._issuers = issuers
        self._clock = clock
        self._lock = threading.Lock()
        self._flight: Flight | None = None

    @property
    def exchanges(self) -> bool:
        """Whether the issuer exchanges credentials, as far as is known."""
        return self.metadata is not None and self.metadata.exchange_endpoint is not None

    def fetch(self, reason: Literal["never", "unknown_kid", "stale"], now: int) -> Flight | None:
        """The fetch that is under way, started here if one is due. None if there is nothing to wait for."""
        with self._lock:
            flight = self._flight
            if flight is not None and flight.process != os.getpid():
                # A forked worker inherited a fetch, but not the thread that makes it.
                self._flight = flight = None
                self._issuers.failed(self._position, now)
            if flight is None and self._issuers.should_fetch(self._position, reason, now):
                self._flight = flight = Flight()
                self._start(flight, rediscover=reason != "unknown_kid")
            return flight

    def fetch_for_unknown_key(self, now: int) -> Flight | None:
        """The fetch to wait for because a token names a key that is not at hand."""
        return self.fetch(_REASONS[self._issuers.key_state(self._position, now)], now)

    def _start(self, flight: Flight, *, rediscover: bool) -> None:
        fetch = Fetch(self.issuer)
        # Look-ups of names and TLS handshakes know no total time limit; this is it.
        limit = threading.Timer(FETCH_SECONDS, self._end, (flight, fetch, None, _too_slow(self.issuer)))
        limit.daemon = True

        def run() -> None:
            document: bytes | None = None
            failure: GatepostError | None = None
            try:
                if self.metadata is None or rediscover and self._discovers:
                    self.metadata = fetch.discover()
                document = fetch.keys(self.metadata)
            except GatepostError as error:
                failure = error
            except Exception as error:  # A defect must not leave every request waiting.
                _log.exception("fetching the keys of %s failed in an unforeseen way", self.issuer)
                failure = IssuerUnreachable(f"fetching the keys of {self.issuer} failed: {type(error).__name__}")
            limit.cancel()
            self._end(flight, fetch, document, failure)

        limit.start()
        threading.Thread(target=run, name="gatepost-keys", daemon=True).start()

    def _end(self, flight: Flight, fetch: Fetch, document: bytes | None, failure: GatepostError | None) -> None:
        with self._lock:
            if self._flight is not flight:
                return
            self._flight = None
            now = int(self._clock())
            if document is None:
                self._issuers.failed(self._position, now)
            else:
                try:
                    self._issuers.fetched(self._position, now, document)
                except GatepostError as refused:
                    failure = refused
        if failure is not None:
            _log.warning("the keys of %s could not be fetched: %s", self.issuer, failure)
        flight.land(failure)
        if document is None:
            fetch.give_up()


def _too_slow(issuer: str) -> IssuerUnreachable:
    return IssuerUnreachable(f"{issuer} did not answer within {FETCH_SECONDS:g} s")
