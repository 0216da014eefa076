"""What both clients are made of."""

from __future__ import annotations

from typing import Any

from gatepost.compat.zalt_auth._answers import AuthResult, Registration, Tokens
from gatepost.compat.zalt_auth._errors import ZaltError
from gatepost.compat.zalt_auth._server import Server, access_token

TIMEOUT = 10.0
"""Seconds for each request."""


class Base:
    """The address of a realm, and the tokens of one person, if it is to remember them."""

    def __init__(
        self,
        publishable_key: str | None = None,
        realm_id: str | None = None,
        base_url: str | None = None,
        *,
        api_url: str | None = None,
        timeout: float = TIMEOUT,
        remember: bool = False,
    ) -> None:
        """`base_url` and `api_url` are the realm's URL, under either name; without one it is that of the variable `ZALT_API_URL`.
        `publishable_key` and `realm_id` name the realm; one is enough.

        `remember=True` is for a program that acts for one person: methods then use the tokens of the last sign-in. An application
        with many callers has one client for all of them, and hands each its caller's token. `timeout` is in seconds, for each
        request; what is refused with 429 or 5xx is asked three times more, after 1, 2 and 4 seconds.
        """
        self._server = Server(base_url, api_url, publishable_key, realm_id, timeout)
        self._remembers = remember
        self._tokens: Tokens | None = None

    @property
    def tokens(self) -> Tokens | None:
        """Those that are remembered."""
        return self._tokens

    def _access(self, given: str | None) -> str:
        if given is not None:
            return access_token(given)
        if self._tokens is None:
            raise ZaltError(self._missing("access_token"))
        return self._tokens.access_token

    def _refreshing(self, given: str | None) -> str:
        if given is not None:
            return given
        if self._tokens is None:
            raise ZaltError(self._missing("refresh_token"))
        return self._tokens.refresh_token

    def _missing(self, name: str) -> str:
        if self._remembers:
            return f"nobody is signed in with this client: sign in first, or give {name}"
        return f"whose is it? Give {name}: this client remembers nobody. For a program of one person: remember=True"

    def _note(self, answer: Any) -> None:
        """Remembers the tokens of an answer."""
        tokens = answer.tokens if isinstance(answer, AuthResult | Registration) else answer
        if self._remembers and isinstance(tokens, Tokens):
            self._tokens = tokens

    def _forget(self, token: str) -> None:
        if self._tokens is not None and self._tokens.access_token == token:
            self._tokens = None
