"""Webhooks: verify what a Gatepost server, or anybody who signs after Standard Webhooks, sends to an application.

    event = webhooks.verify(await request.body(), request.headers, "whsec_…")

The same message may come twice. Keep the ids of those that were dealt with, and answer a second one as the first.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import time
from collections.abc import Iterable, Mapping
from typing import Any

__all__ = ["TOLERANCE", "WebhookRefused", "verify"]

TOLERANCE = 300
"""How many seconds old a message may be, and how far the clock of its sender may be ahead."""

_LONGEST_ID = 256
_LONGEST_LIST = 4_096


class WebhookRefused(Exception):
    """The message is not one that the sender signed of late. `code` says why, for a log; whoever sent it needs no more than 400."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        """`header_missing`, `too_old`, `too_new`, `bad_signature` or `not_json`."""


def verify(
    body: bytes,
    headers: Mapping[str, str],
    secret: str | Iterable[str],
    *,
    now: float | None = None,
) -> dict[str, Any]:
    """The message in `body`, if it was signed with the secret within the last five minutes.

    `body` is what was received, to the byte. `headers` are those of the request, in any case. `secret` is `whsec_…`, as it was
    shown when the webhook was made, or several, of which one is enough: while one is being replaced. Raises `WebhookRefused`, and
    `ValueError` for what is no secret.
    """
    keys = [_key(one) for one in ([secret] if isinstance(secret, str) else secret)]
    message = _only(headers, "webhook-id")
    timestamp = _only(headers, "webhook-timestamp")
    signatures = _only(headers, "webhook-signature")
    if not 1 <= len(message) <= _LONGEST_ID:
        raise _missing("webhook-id")
    # The digits themselves are signed, so that there is one spelling of a moment.
    if not (timestamp.isascii() and timestamp.isdecimal() and len(timestamp) <= 19 and str(int(timestamp)) == timestamp):
        raise _missing("webhook-timestamp")
    if len(signatures) > _LONGEST_LIST:
        raise _missing("webhook-signature")
    age = (time.time() if now is None else now) - int(timestamp)
    if age > TOLERANCE:
        raise WebhookRefused("too_old", f"the message is older than {TOLERANCE} seconds")
    if age < -TOLERANCE:
        raise WebhookRefused("too_new", "the message is from the future; compare the clocks")
    signed = b".".join([message.encode(), timestamp.encode(), body])
    macs = [hmac.digest(key, signed, hashlib.sha256) for key in keys]
    given = [_mac(one[3:]) for one in signatures.split(" ") if one.startswith("v1,")]
    # All are compared: how long it takes says nothing.
    if not any([hmac.compare_digest(mac, one) for mac in macs for one in given]):
        raise WebhookRefused("bad_signature", "no signature is right for this message")
    try:
        event = json.loads(body)
    except ValueError as error:
        raise WebhookRefused("not_json", "the message is no JSON") from error
    if not isinstance(event, dict):
        raise WebhookRefused("not_json", "the message is no JSON object")
    return event


def _missing(name: str) -> WebhookRefused:
    return WebhookRefused("header_missing", f"the header {name} is missing or cannot be read")


def _only(headers: Mapping[str, str], name: str) -> str:
    """The one header of the name. A mapping that has several of a name says so in its items, as Starlette's does."""
    found = [value for key, value in headers.items() if key.lower() == name]
    if len(found) != 1:
        raise _missing(name)
    return found[0]


def _key(secret: str) -> bytes:
    try:
        key = base64.b64decode(secret.removeprefix("whsec_").encode(), validate=True)
    except (binascii.Error, UnicodeError):
        key = b""
    if not (secret.startswith("whsec_") and 24 <= len(key) <= 64):
        raise ValueError("a webhook secret is whsec_ and base64 of 24 to 64 bytes")
    return key


def _mac(text: str) -> bytes:
    try:
        return base64.b64decode(text.encode(), validate=True)
    except (binascii.Error, UnicodeError):
        return b""
