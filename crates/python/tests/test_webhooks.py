"""WH-01: what is received is verified, and agrees with the independent library."""

import base64
import json
import re
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from standardwebhooks import Webhook, WebhookVerificationError
from starlette.datastructures import Headers

from gatepost import webhooks
from gatepost.webhooks import WebhookRefused

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OTHER = "whsec_" + base64.b64encode(b"\x09" * 32).decode()
ID, AT = "evt_06fj5k2m8nqv3w1t7x9y4z0abc", 1_800_000_000
BODY = b'{"type":"user.created","data":{}}'
# As the Rust tests have it.
SIGNATURE = "v1,vDEFqSbubvtwTPNIX0oAMCKKYmFwnbf/7+jKPe8dPCU="
HEADERS = {"webhook-id": ID, "webhook-timestamp": str(AT), "webhook-signature": SIGNATURE}


def refused(body: bytes = BODY, secret: Any = SECRET, now: float = AT, **headers: str | None) -> str:
    sent = {name: value for name, value in {**HEADERS, **{k.replace("_", "-"): v for k, v in headers.items()}}.items() if value is not None}
    with pytest.raises(WebhookRefused) as raised:
        webhooks.verify(body, sent, secret, now=now)
    return raised.value.code


def test_a_message_is_read_with_the_right_secret_while_it_is_new() -> None:
    for now in (AT - 300, AT, AT + 300):
        assert webhooks.verify(BODY, HEADERS, SECRET, now=now) == {"type": "user.created", "data": {}}
    assert webhooks.verify(BODY, {name.title(): value for name, value in HEADERS.items()}, [OTHER, SECRET], now=AT)["type"] == "user.created"


def test_wh_01_anything_else_is_refused() -> None:
    assert refused(now=AT + 301) == "too_old"
    assert refused(now=AT - 301) == "too_new"
    assert refused(body=BODY + b" ") == "bad_signature"
    assert refused(secret=OTHER) == "bad_signature"
    assert refused(secret=[]) == "bad_signature"
    assert refused(webhook_id="evt_another") == "bad_signature"
    assert refused(webhook_timestamp=str(AT + 1)) == "bad_signature"
    for list_ in ("", "v1,", "v1,AAAA", SIGNATURE[3:], SIGNATURE.replace("v1,", "v1a,"), SIGNATURE.replace("=", ""), SIGNATURE + "A", "v1,ü"):
        assert refused(webhook_signature=list_) == "bad_signature", list_
    assert webhooks.verify(BODY, {**HEADERS, "webhook-signature": f"v1,AAAA v1a,x {SIGNATURE}"}, SECRET, now=AT)
    for headers in (
        {"webhook_id": None},
        {"webhook_id": ""},
        {"webhook_id": "x" * 257},
        {"webhook_timestamp": None},
        {"webhook_timestamp": "soon"},
        {"webhook_timestamp": f"0{AT}"},
        {"webhook_timestamp": f"+{AT}"},
        {"webhook_timestamp": "-1"},
        {"webhook_timestamp": "9" * 30},
        {"webhook_timestamp": "١"},
        {"webhook_signature": None},
        {"webhook_signature": SIGNATURE * 100},
    ):
        assert refused(**headers) == "header_missing", headers
    for secret in ("", "secret", "whsec_", "whsec_AAAA", SECRET[6:], "whsec_" + "A" * 100, "whsec_%%%%"):
        with pytest.raises(ValueError, match="whsec_ and base64"):
            webhooks.verify(BODY, HEADERS, secret, now=AT)


def test_wh_01_a_header_that_is_there_twice_is_none() -> None:
    raw = [(name.encode(), value.encode()) for name, value in HEADERS.items()]
    assert webhooks.verify(BODY, Headers(raw=raw), SECRET, now=AT)
    for name in HEADERS:
        twice = Headers(raw=[*raw, (name.encode(), HEADERS[name].encode())])
        with pytest.raises(WebhookRefused, match=name):
            webhooks.verify(BODY, twice, SECRET, now=AT)


def signed_elsewhere(body: str, at: float) -> dict[str, str]:
    signature = Webhook(SECRET).sign(ID, datetime.fromtimestamp(at, tz=timezone.utc), body)
    return {"webhook-id": ID, "webhook-timestamp": str(int(at)), "webhook-signature": signature}


def test_what_the_library_of_standard_webhooks_signs_is_verified() -> None:
    assert signed_elsewhere(BODY.decode(), AT) == HEADERS
    for body in ('{"name":"Ada Lovelace – größer 大"}', '{"a":[1,2,3]}', "{}"):
        assert webhooks.verify(body.encode(), signed_elsewhere(body, AT), SECRET, now=AT) == json.loads(body)


def test_the_library_of_standard_webhooks_verifies_what_we_take(monkeypatch: pytest.MonkeyPatch) -> None:
    class Then(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> Any:
            return datetime.fromtimestamp(AT + 9, tz=tz)

    monkeypatch.setattr("standardwebhooks.webhooks.datetime", Then)
    assert Webhook(SECRET).verify(BODY, HEADERS) == {"type": "user.created", "data": {}}
    with pytest.raises(WebhookVerificationError):
        Webhook(OTHER).verify(BODY, HEADERS)


def test_the_receiver_of_the_guide_takes_what_is_signed_and_nothing_else(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    page = Path(__file__).resolve().parents[3] / "docs/guide/webhooks.md"
    if not page.is_file():
        pytest.skip("the guide is not here")
    (block,) = re.findall(r"^```python\n(.*?)^```", page.read_text(), re.M | re.S)
    scope: dict[str, Any] = {"__name__": "guide"}
    exec(compile(block, "webhooks.md", "exec"), scope)
    monkeypatch.setattr("gatepost.webhooks.time.time", lambda: AT)
    client = TestClient(scope["app"])
    body = '{"id":"evt_1","type":"user.created"}'
    send: Callable[[dict[str, str]], int] = lambda headers: client.post("/hooks/auth", content=body, headers=headers).status_code
    assert send(signed_elsewhere(body, AT)) == 204
    assert capsys.readouterr().out == "evt_1 user.created\n"
    assert [send({}), send(HEADERS)] == [400, 400]


def test_the_sender_of_the_guide_carries_what_is_signed_and_nothing_else() -> None:
    page = Path(__file__).resolve().parents[3] / "docs/guide/second-factors.md"
    if not page.is_file():
        pytest.skip("the guide is not here")
    (block,) = re.findall(r"^```python\n(.*?)^```", page.read_text(), re.M | re.S)
    scope: dict[str, Any] = {"__name__": "guide"}
    exec(compile(block, "second-factors.md", "exec"), scope)
    carried: list[tuple[str, str]] = []

    async def carry(to: str, text: str) -> None:
        carried.append((to, text))

    scope["carry"] = carry
    client = TestClient(scope["app"])
    body = '{"type":"sms.code","to":"+4915112345678","text":"402956 is your code."}'
    send: Callable[[dict[str, str]], int] = lambda headers: client.post("/gatepost/sms", content=body, headers=headers).status_code
    assert send(signed_elsewhere(body, int(datetime.now(timezone.utc).timestamp()))) == 204
    assert [send({}), send(HEADERS)] == [400, 400]
    assert carried == [("+4915112345678", "402956 is your code.")]
