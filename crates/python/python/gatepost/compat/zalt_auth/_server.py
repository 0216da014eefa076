"""Talks to the server: one request at a time, what a refusal becomes, and whether to ask again."""

from __future__ import annotations

import json
import os
import re
import threading
from collections.abc import Mapping
from typing import Any

from gatepost._key_fetch import Answer, Fetch, check_issuer_url
from gatepost.compat.zalt_auth._calls import Call, T
from gatepost.compat.zalt_auth._errors import NetworkError, ZaltAPIError, ZaltError, of_status
from gatepost.errors import GatepostError

URL_VARIABLE = "ZALT_API_URL"
"""Where the address of the server is read if nobody says it."""

PAUSES = (1.0, 2.0, 4.0)
"""Seconds between one try and the next: so many times is asked again."""

_PATIENCE = 5.0
"""Seconds that one pause may have at the most: a server that says to wait longer is asked no more."""

_KEY = re.compile(r"pk_(live|test)_[A-Za-z0-9]{32}")
_REALM = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{1,62}[A-Za-z0-9]")


class Server:
    """A realm at its address."""

    def __init__(
        self, base_url: str | None, api_url: str | None, publishable_key: str | None, realm_id: str | None, timeout: float
    ) -> None:
        if base_url and api_url and base_url.rstrip("/") != api_url.rstrip("/"):
            raise GatepostError("base_url and api_url are two names for one address; give one of them")
        url = base_url or api_url or os.environ.get(URL_VARIABLE)
        if not isinstance(url, str) or not url:
            # The vendor's own address is no default here: passwords would be sent there.
            raise GatepostError(f"the address of the realm is missing: give base_url, or set {URL_VARIABLE}")
        if publishable_key is None and realm_id is None:
            raise GatepostError("say which realm: give publishable_key, as `gatepost realm show` prints it, or realm_id")
        if publishable_key is not None and not _is(_KEY, publishable_key):
            raise GatepostError("publishable_key is not of the form pk_live_… or pk_test_…, with 32 letters and digits")
        if realm_id is not None and not _is(_REALM, realm_id):
            raise GatepostError(f"realm_id={realm_id!r}: it has 3 to 64 letters, digits and hyphens")
        if not timeout > 0:
            raise GatepostError("timeout is a number of seconds above 0")
        self.url = url.rstrip("/")
        check_issuer_url(self.url)
        self._timeout = timeout
        self._headers = {
            **({} if publishable_key is None else {"X-API-Key": publishable_key}),
            **({} if realm_id is None else {"X-Realm-ID": realm_id}),
        }

    def fetch(self) -> Fetch:
        """What one request is sent with. Another thread may give it up."""
        return Fetch(self.url, self._timeout)

    def ask(self, call: Call[T], fetch: Fetch | None = None) -> T:
        """What the server answers. Raises a `ZaltError` otherwise. Waits."""
        headers, body = dict(self._headers), None
        if call.token is not None:
            headers["Authorization"] = f"Bearer {call.token}"
        if call.body is not None:
            headers["Content-Type"] = "application/json"
            body = json.dumps(call.body).encode()
        fetch = fetch or self.fetch()
        # Look-ups of names, TLS handshakes and headers that drip know no total time limit; this is it.
        limit = threading.Timer(self._timeout, fetch.give_up)
        limit.daemon = True
        limit.start()
        try:
            answer = fetch.ask(call.method, f"{self.url}{call.path}", body, headers)
        except GatepostError as unreachable:
            raise NetworkError(str(unreachable)) from unreachable
        finally:
            limit.cancel()
        said = _object(answer.body)
        if not 200 <= answer.status < 300:
            raise _refused(answer, said)
        # The same once more, for clients of one generation; this is one of them.
        inner = said.get("data")
        return call.read(inner if isinstance(inner, dict) else said)


def pause_before_next(refused: ZaltAPIError, pause: float) -> float | None:
    """How long to wait before asking again; None if that is of no use."""
    if refused.status_code != 429 and refused.status_code < 500:
        return None
    wait = max(pause, float(refused.retry_after or 0))
    return wait if wait <= _PATIENCE else None


def access_token(token: object) -> str:
    """The token, if it can stand in a header. It is not repeated where it cannot."""
    if not isinstance(token, str) or not re.fullmatch(r"[\x21-\x7e]+", token):
        raise ZaltError("the access token is no token: it is text without blanks")
    return token


def _is(form: re.Pattern[str], value: object) -> bool:
    return isinstance(value, str) and form.fullmatch(value) is not None


def _object(body: bytes) -> dict[str, Any]:
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return said if isinstance(said, dict) else {}


def _refused(answer: Answer, said: Mapping[str, Any]) -> ZaltAPIError:
    error = said.get("error")
    about = error if isinstance(error, dict) else {"code": said.get("code"), "message": error}
    details = about.get("details")
    return of_status(answer.status)(
        answer.status,
        _text(about.get("code")),
        _text(about.get("message")),
        details if isinstance(details, dict) else None,
        _text(about.get("request_id")),
        _seconds(answer.retry_after),
    )


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _seconds(value: str | None) -> int | None:
    return int(value) if value is not None and re.fullmatch(r"[0-9]{1,9}", value) else None
