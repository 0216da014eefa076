"""The sessions of this application. In memory: with more than one process they belong into a database or Redis."""

from __future__ import annotations

import asyncio
import hashlib
import secrets
from dataclasses import dataclass, field
from typing import Any

from browser_login.logout_tokens import SignedOut


@dataclass
class Session:
    """Who is signed in, and the tokens the provider gave for it."""

    person: dict[str, Any]
    """The claims of the ID token, which was checked."""
    tokens: dict[str, Any]
    refreshing: asyncio.Lock = field(default_factory=asyncio.Lock)


class Sessions:
    """Sessions by the key that the browser has. Only its hash is kept: who reads this memory can sign in as nobody."""

    def __init__(self) -> None:
        self._kept: dict[bytes, Session] = {}

    def begin(self, tokens: dict[str, Any]) -> str:
        """The key of a new session."""
        key = secrets.token_urlsafe(32)
        person = dict(tokens["userinfo"])
        self._kept[_digest(key)] = Session(person, dict(tokens))
        return key

    def find(self, key: str) -> Session | None:
        return self._kept.get(_digest(key))

    def end(self, key: str) -> Session | None:
        """The session that has ended, if there was one."""
        return self._kept.pop(_digest(key), None)

    def end_everywhere(self, signed_out: SignedOut) -> None:
        """Ends what the session at Gatepost led to here, or all sessions of the person."""
        for key, session in list(self._kept.items()):
            if signed_out.session is not None:
                over = session.person.get("sid") == signed_out.session
            else:
                over = session.person["sub"] == signed_out.person
            if over:
                del self._kept[key]

    def __len__(self) -> int:
        return len(self._kept)


def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode()).digest()
