"""Talks to an issuer, with nothing but the standard library: discovery, keys, exchanges of credentials, and what else is asked.

Blocking, and meant for a thread of its own. Whatever the other side does, one fetch ends within `FETCH_SECONDS` and holds at
most `MAX_BYTES`.
"""

from __future__ import annotations

import http.client
import ipaddress
import json
import socket
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import SplitResult, urlencode, urljoin, urlsplit

from gatepost.errors import GatepostError, IssuerMismatch, IssuerUnreachable

_T = TypeVar("_T")

FETCH_SECONDS = 5.0
MAX_BYTES = 1024 * 1024
_MAX_REDIRECTS = 3
_MAX_EXCHANGE_BYTES = 64 * 1024
_TOKEN_EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
_SECOND_FACTOR_MISSING = "insufficient_user_authentication"
"""What an issuer says where an organization asks for a second factor that was not shown (RFC 9470 section 3)."""


class SecondFactorMissing(Exception):
    """The issuer exchanges the token once its user has shown a second factor. Callers never see it."""


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    body: bytes
    retry_after: str | None
    """The header `Retry-After`, as sent."""


@dataclass(frozen=True)
class Metadata:
    """What the discovery document says, as far as it is needed here (OpenID Connect Discovery 1.0 section 3)."""

    jwks_uri: str
    authorization_endpoint: str | None
    token_endpoint: str | None
    password_grant: bool
    exchange_endpoint: str | None
    """Where credentials are exchanged (RFC 8693)."""


def check_issuer_url(url: str) -> None:
    """Refuses a URL that cannot be an issuer, with what to write instead."""
    parts = _split(url)
    if parts is None or parts.query or parts.fragment or parts.username is not None or parts.password is not None:
        raise GatepostError(
            f"{url!r} is not an issuer; write its URL as in its tokens' `iss`, such as 'https://auth.example.com'"
        )
    if parts.scheme != "https" and not _is_loopback(parts):
        raise GatepostError(f"{url!r} is not https; plain http is for loopback addresses only, such as http://127.0.0.1:8400")


class Fetch:
    """One fetch of an issuer's keys, or one question to it, which another thread may give up."""

    def __init__(self, issuer: str, seconds: float | None = None) -> None:
        self._issuer = issuer
        self._seconds = FETCH_SECONDS if seconds is None else seconds
        self._ends = time.monotonic() + self._seconds
        self._given_up = threading.Event()
        self._socket: socket.socket | None = None

    def give_up(self) -> None:
        """Ends the fetch now. A read that waits for the other side returns at once."""
        self._given_up.set()
        waiting = self._socket
        if waiting is not None:
            try:
                waiting.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass  # It was closed already.

    def discover(self) -> Metadata:
        """Reads the discovery document. `IssuerMismatch` if it is not this issuer's own."""
        url = f"{self._issuer.rstrip('/')}/.well-known/openid-configuration"
        try:
            document = json.loads(self._get(url))
        except (ValueError, RecursionError):
            raise IssuerUnreachable(f"{url} is not JSON; is {self._issuer} an OpenID provider?") from None
        named = document.get("issuer") if isinstance(document, dict) else None
        if named != self._issuer:
            raise IssuerMismatch(
                f"{url} says that its issuer is {named!r}; write Gatepost({named!r}, ...) if that is the one you mean"
            )
        jwks_uri = document.get("jwks_uri")
        if not isinstance(jwks_uri, str):
            raise IssuerMismatch(f"{url} names no jwks_uri, so its tokens cannot be verified")
        self._check_keys_url(jwks_uri)
        grants = document.get("grant_types_supported")
        return Metadata(
            jwks_uri=jwks_uri,
            authorization_endpoint=_text(document.get("authorization_endpoint")),
            token_endpoint=_text(document.get("token_endpoint")),
            password_grant=isinstance(grants, list) and "password" in grants,
            exchange_endpoint=self._exchange_endpoint(document.get("token_endpoint"), grants),
        )

    def keys(self, metadata: Metadata) -> bytes:
        """The key set, as sent."""
        return self._get(metadata.jwks_uri)

    def post(self, endpoint: str, form: dict[str, str]) -> tuple[int, bytes]:
        """Status and body of the answer to a form. No redirect is followed."""
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        answer = self.ask("POST", endpoint, urlencode(form).encode(), headers, _MAX_EXCHANGE_BYTES)
        return answer.status, answer.body

    def ask(
        self, method: str, url: str, body: bytes | None, headers: Mapping[str, str], limit: int = MAX_BYTES
    ) -> Answer:
        """The answer to a request, whatever its status. No redirect is followed."""
        return self._guarded(url, lambda: self._ask(method, url, body, headers, limit))

    def exchange(self, endpoint: str, form: dict[str, str]) -> str | None:
        """The token that a credential is exchanged for (RFC 8693); None if the issuer refuses it, and `SecondFactorMissing` if it
        does for want of one. No redirect is followed."""
        status, answer = self.post(endpoint, {"grant_type": _TOKEN_EXCHANGE, **form})
        try:
            said = json.loads(answer)
        except (ValueError, RecursionError):
            said = None
        if isinstance(said, dict):
            token = said.get("access_token")
            if status == 200 and isinstance(token, str):
                return token
            # A proxy in between says 403 too, but not in these words (RFC 6749 section 5.2).
            if status in (400, 401, 403) and isinstance(said.get("error"), str):
                if said["error"] == _SECOND_FACTOR_MISSING:
                    raise SecondFactorMissing
                return None
        raise IssuerUnreachable(f"{endpoint} answered an exchange with {status} and neither a token nor a refusal")

    def _check_keys_url(self, url: str) -> None:
        wrong = self._wrong_with(url)
        if wrong is not None:
            raise IssuerMismatch(f"the jwks_uri of {self._issuer} {wrong}")

    def _exchange_endpoint(self, url: object, grants: object) -> str | None:
        if not isinstance(url, str) or self._wrong_with(url) is not None:
            return None
        return url if grants is None or isinstance(grants, list) and _TOKEN_EXCHANGE in grants else None

    def _wrong_with(self, url: str) -> str | None:
        """Why nothing of this issuer's is at the URL."""
        parts = _split(url)
        here = _split(self._issuer)
        if parts is None or parts.username is not None or parts.password is not None:
            return "is not a URL"
        # A remote issuer must not send us to services on this machine.
        if parts.scheme != "https" and not (_is_loopback(parts) and here is not None and _is_loopback(here)):
            return "is not https"
        return None

    def _get(self, url: str) -> bytes:
        return self._guarded(url, lambda: self._follow(url))

    def _guarded(self, url: str, ask: Callable[[], _T]) -> _T:
        try:
            return ask()
        except GatepostError:
            raise
        except TimeoutError:
            raise IssuerUnreachable(f"{url} did not answer within {self._seconds:g} s") from None
        except (OSError, http.client.HTTPException, ValueError) as error:
            if self._given_up.is_set():
                raise IssuerUnreachable(f"{url} did not answer within {self._seconds:g} s") from None
            raise IssuerUnreachable(f"{url} cannot be fetched: {type(error).__name__}: {error}") from None

    def _follow(self, url: str) -> bytes:
        for _ in range(_MAX_REDIRECTS + 1):
            parts = _split(url)
            if parts is None:
                raise IssuerUnreachable(f"{self._issuer} redirects to something that is not a URL")
            connection = self._connect(parts)
            try:
                target = f"{parts.path or '/'}{'?' + parts.query if parts.query else ''}"
                connection.request("GET", target, headers=_HEADERS)
                with connection.getresponse() as answer:
                    if answer.status not in (301, 302, 303, 307, 308):
                        return self._read(url, answer)
                    url = self._redirect(url, answer.getheader("location"))
            finally:
                self._socket = None
                connection.close()
        raise IssuerUnreachable(f"{url} redirects more than {_MAX_REDIRECTS} times")

    def _ask(self, method: str, url: str, body: bytes | None, headers: Mapping[str, str], limit: int) -> Answer:
        parts = _split(url)
        if parts is None:
            raise IssuerUnreachable(f"{url!r}, of {self._issuer}, is not a URL")
        connection = self._connect(parts)
        try:
            target = f"{parts.path or '/'}{'?' + parts.query if parts.query else ''}"
            connection.request(method, target, body, {**_HEADERS, **headers})
            with connection.getresponse() as answer:
                return Answer(answer.status, self._read_body(url, answer, limit), answer.getheader("retry-after"))
        finally:
            self._socket = None
            connection.close()

    def _connect(self, parts: SplitResult) -> http.client.HTTPConnection:
        timeout = self._ends - time.monotonic()
        if timeout <= 0 or self._given_up.is_set():
            raise TimeoutError
        host = parts.hostname or ""
        port = parts.port or (443 if parts.scheme == "https" else 80)
        connection = http.client.HTTPConnection(host, port, timeout=timeout)
        try:
            connection.connect()
            self._socket = connection.sock
            if parts.scheme == "https":
                self._encrypt(connection, host)
            if self._given_up.is_set():
                raise TimeoutError
        except BaseException:
            connection.close()
            raise
        return connection

    def _encrypt(self, connection: http.client.HTTPConnection, host: str) -> None:
        """By hand and not through HTTPSConnection, so that `give_up` can end a handshake that drips."""
        context = ssl.create_default_context()
        context.set_alpn_protocols(["http/1.1"])
        encrypted = context.wrap_socket(connection.sock, server_hostname=host, do_handshake_on_connect=False)
        self._socket = connection.sock = encrypted
        encrypted.do_handshake()

    def _redirect(self, url: str, location: str | None) -> str:
        here = _split(url)
        there = _split(urljoin(url, location or ""))
        if here is None or there is None or (here.scheme, here.netloc.lower()) != (there.scheme, there.netloc.lower()):
            raise IssuerUnreachable(f"{url} redirects to another host, which is not followed")
        return there.geturl()

    def _read(self, url: str, answer: http.client.HTTPResponse) -> bytes:
        if answer.status != 200:
            raise IssuerUnreachable(f"{url} answers {answer.status}")
        return self._read_body(url, answer, MAX_BYTES)

    def _read_body(self, url: str, answer: http.client.HTTPResponse, limit: int) -> bytes:
        if answer.getheader("content-encoding", "identity").lower() != "identity":
            raise IssuerUnreachable(f"{url} answers compressed although it was asked not to")
        body = bytearray()
        while chunk := answer.read1(65536):
            body += chunk
            if len(body) > limit:
                raise IssuerUnreachable(f"{url} is larger than {limit} bytes")
            if self._given_up.is_set() or time.monotonic() > self._ends:
                raise TimeoutError
        if self._given_up.is_set():
            raise TimeoutError  # The end of the body may be our own hanging up.
        return bytes(body)


_HEADERS = {"Accept": "application/json", "Accept-Encoding": "identity", "User-Agent": "gatepost-python/0.1.0"}


def _split(url: str) -> SplitResult | None:
    try:
        parts = urlsplit(url)
        _ = parts.port  # Raises on a port that is no number.
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return None
    return parts


def _is_loopback(parts: SplitResult) -> bool:
    host = parts.hostname or ""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
