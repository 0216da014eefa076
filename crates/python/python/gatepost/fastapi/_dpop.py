"""Tokens that are bound to a key (RFC 9449): what a proof is made for, and what refusals answer in that scheme."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from gatepost._native import Issuers
from gatepost.fastapi._refusals import Refusal

_ALGORITHMS = f'algs="{Issuers.proof_algorithms()}"'

_BOUND_TOKEN_MISSING = "This needs an access token that is bound to a key: send it as `Authorization: DPoP …`, with a proof."

_IN_A_PATH = "/:@!$&'()*+,;=~"


def request_of(scope: Any) -> tuple[str, str]:
    """The method of a request, and its path as it was sent. A WebSocket begins with a GET."""
    raw: bytes | None = scope.get("raw_path")
    # Some test clients leave the query there.
    path = quote(scope["path"], safe=_IN_A_PATH) if raw is None else raw.split(b"?", 1)[0].decode("latin-1")
    return scope.get("method", "GET"), path


def is_under_dpop(scope: Any) -> bool:
    """Whether the credential comes under the scheme `DPoP`."""
    for name, value in scope["headers"]:
        if name.lower() == b"authorization":
            scheme: bytes = value.split(b" ", 1)[0]
            return scheme.lower() == b"dpop"
    return False


def challenge(refusal: Refusal, scope: Any, *, only: bool) -> None:
    """Names the scheme `DPoP` in the challenge of a refusal, alone or beside `Bearer` (RFC 9449 sections 7.1 and 7.2).

    `only`: no other tokens are taken.
    """
    headers = refusal.headers or {}
    bearer = headers.get("WWW-Authenticate", "")
    if not bearer.startswith("Bearer"):
        return
    if refusal.code == "invalid_dpop_proof":
        said = f'DPoP error="invalid_dpop_proof", {_ALGORITHMS}'
    elif refusal.code == "unauthenticated":
        said = f"DPoP {_ALGORITHMS}" if only else f"Bearer, DPoP {_ALGORITHMS}"
        if only:
            refusal.detail = _BOUND_TOKEN_MISSING
    elif only or is_under_dpop(scope):
        said = f"DPoP{bearer.removeprefix('Bearer')}, {_ALGORITHMS}"
    elif refusal.code == "invalid_token":
        said = f"{bearer}, DPoP {_ALGORITHMS}"
    else:
        return  # A token under the other scheme would not help.
    refusal.headers = {**headers, "WWW-Authenticate": said}
