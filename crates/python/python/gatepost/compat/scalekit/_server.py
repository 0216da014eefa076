"""Talks to the server: tokens are asked for, and verified with its keys."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from gatepost._key_fetch import Fetch, check_issuer_url
from gatepost._key_source import KeySource
from gatepost._native import Claims, Issuers
from gatepost.compat.scalekit.common.exceptions import (
    ScalekitException,
    ScalekitValidateTokenFailureException,
    _refused,
)
from gatepost.errors import GatepostError, TokenError, UnknownKey, WrongAudience

_COOLDOWN = 30
"""Seconds between two fetches of the keys, whatever tokens arrive."""

_FRESH_FOR = 600
"""Seconds after which the keys are fetched again beside the calls that still use them."""

_MAX_AGE = 24 * 3600
"""Seconds after which keys that could not be fetched again are given up."""

_LEEWAY = 30

_MOST_AUDIENCES = 16


class _Verifying:
    """Verifies the tokens of one type and for one audience, and fetches keys where one is missing."""

    def __init__(self, url: str, audience: str, typ: str, clock: Callable[[], float]) -> None:
        try:
            self._core = Issuers(
                issuers=[url],
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
        self._source = KeySource(url, 0, self._core, clock)
        self._clock = clock

    def verify(self, token: str) -> Claims:
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


class Server:
    """The realm at `url`, as one client sees it. Nothing is asked before something is needed."""

    def __init__(self, url: str, clock: Callable[[], float] = time.time) -> None:
        self.url = url.rstrip("/")
        check_issuer_url(self.url)
        self._clock = clock
        self._verifying: dict[tuple[str, str], _Verifying] = {}
        self._lock = threading.Lock()

    def at(self, path: str, parameters: Mapping[str, str | None]) -> str:
        """An address for a browser. What is empty is left out."""
        return f"{self.url}{path}?{urlencode({name: value for name, value in parameters.items() if value})}"

    def tokens(self, form: Mapping[str, str | None]) -> dict[str, Any]:
        """What the token endpoint answers."""
        endpoint = f"{self.url}/oauth/token"
        sent = {name: value for name, value in form.items() if value}
        try:
            status, body = Fetch(self.url).post(endpoint, sent)
        except GatepostError as unreachable:
            raise ScalekitException(str(unreachable)) from unreachable
        try:
            said = json.loads(body)
        except (ValueError, RecursionError):
            said = None
        answer = said if isinstance(said, dict) else {}
        if status == 200 and isinstance(answer.get("access_token"), str):
            return answer
        error, description = answer.get("error"), answer.get("error_description")
        raise _refused(
            status,
            error if isinstance(error, str) else None,
            description if isinstance(description, str) else None,
        )

    def claims_of_access_token(self, token: str, audiences: Sequence[str]) -> Claims:
        """What an access token says that is for one of these. Raises where it is not good."""
        return self._claims(token, audiences, "at+jwt")

    def claims_of_id_token(self, token: str, client: str) -> Claims:
        """What an ID token says that is for the client."""
        return self._claims(token, [client], "JWT")

    def _claims(self, token: str, audiences: Sequence[str], typ: str) -> Claims:
        if not isinstance(token, str):
            raise ScalekitValidateTokenFailureException("a token is text")
        refused: TokenError = WrongAudience()
        for audience in audiences:
            try:
                return self._for(audience, typ).verify(token)
            except WrongAudience as other:
                refused = other
            except TokenError as error:
                refused = error
                break
            except GatepostError as error:
                raise ScalekitException(str(error)) from error
        raise ScalekitValidateTokenFailureException(str(refused)) from refused

    def _for(self, audience: str, typ: str) -> _Verifying:
        with self._lock:
            known = self._verifying.get((audience, typ))
            if known is None:
                if len(self._verifying) >= _MOST_AUDIENCES:
                    self._verifying.clear()
                known = self._verifying[audience, typ] = _Verifying(self.url, audience, typ, self._clock)
            return known
