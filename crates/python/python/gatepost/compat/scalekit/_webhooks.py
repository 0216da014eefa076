"""Payloads that a server signed (Standard Webhooks)."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import time
from collections.abc import Mapping

from gatepost.compat.scalekit.common.exceptions import WebhookVerificationError

_TOLERANCE = 5 * 60
"""Seconds by which the clocks, and the way, may differ."""


def verify(secret: str, headers: Mapping[str, str], payload: str | bytes, *kinds: str) -> bool:
    """True, or a `WebhookVerificationError`. The headers are those of the first kind that is there."""
    found = {name.lower(): value for name, value in headers.items()}
    parts = None
    for kind in kinds:
        parts = [found.get(f"{kind}-{name}") for name in ("id", "timestamp", "signature")]
        if any(parts):
            break
    if parts is None or not all(parts):
        raise WebhookVerificationError("a header is missing: id, timestamp and signature are needed")
    identifier, timestamp, signatures = (part or "" for part in parts)
    _check_time(timestamp)
    body = payload.encode() if isinstance(payload, str) else payload
    wanted = hmac.digest(_key(secret), f"{identifier}.{timestamp}.".encode() + body, hashlib.sha256)
    # Every one is looked at: while a secret is replaced there are two.
    good = [hmac.compare_digest(wanted, given) for given in map(_signature, signatures.split(" ")) if given is not None]
    if not any(good):
        raise WebhookVerificationError("no signature is of this secret and payload")
    return True


def _check_time(text: str) -> None:
    if not (text.isascii() and text.isdigit() and len(text) < 16):
        raise WebhookVerificationError("the timestamp is no number of seconds")
    if abs(time.time() - int(text)) > _TOLERANCE:
        raise WebhookVerificationError("the payload was signed more than five minutes ago, or in the future")


def _key(secret: str) -> bytes:
    try:
        key = base64.b64decode(secret.partition("_")[2], validate=True)
    except binascii.Error:
        key = b""
    if not key:
        raise WebhookVerificationError("the secret is not of the form whsec_…")
    return key


def _signature(text: str) -> bytes | None:
    version, _, encoded = text.partition(",")
    if version != "v1":
        return None
    try:
        return base64.b64decode(encoded, validate=True)
    except binascii.Error:
        return None
