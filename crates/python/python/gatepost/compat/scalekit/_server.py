"""Talks to the server: tokens are asked for, and verified with its keys."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from gatepost._key_fetch import Fetch, check_issuer_url
from gatepost._native import Claims
from gatepost.compat._verifying import Verifying
from gatepost.compat.scalekit.common.exceptions import (
    ScalekitException,
    ScalekitValidateTokenFailureException,
    _refused,
)
from gatepost.errors import GatepostError, TokenError, WrongAudience

_MOST_AUDIENCES = 16


class Server:
    """The realm at `url`, as one client sees it. Nothing is asked before something is needed."""

    def __init__(self, url: str, clock: Callable[[], float] = time.time) -> None:
        self.url = url.rstrip("/")
        check_issuer_url(self.url)
        self._clock = clock
        self._verifying: dict[tuple[str, str], Verifying] = {}
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

    def _for(self, audience: str, typ: str) -> Verifying:
        with self._lock:
            known = self._verifying.get((audience, typ))
            if known is None:
                if len(self._verifying) >= _MOST_AUDIENCES:
                    self._verifying.clear()
                known = Verifying(self.url, issuer=self.url, audience=audience, typ=typ, clock=self._clock)
                self._verifying[audience, typ] = known
            return known
