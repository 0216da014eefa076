"""`client.sms` of `gatepost.compat.zalt_auth` against a running server whose realm has a sender: what it is sent is what people type."""

from __future__ import annotations

import asyncio
import http.server
import json
import os
import queue
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from test_seed_zalt import PASSWORD, REPOSITORY, totp

sys.path.append(str(REPOSITORY / "examples/notes-http-tests"))

from processes import Program  # noqa: E402

from gatepost.compat.zalt_auth import (  # noqa: E402
    AuthenticationError,
    AuthResult,
    MFAConfirmed,
    MFARequiredError,
    RateLimitError,
    ServerError,
    ValidationError,
    ZaltAsyncClient,
    ZaltClient,
)

NUMBER = "+49 151 12345678"
REALMS = """
[[realm]]
name = "default"
profile = "zalt"
rate_limits = "off"
sms_url = "{sender}"
[[realm]]
name = "limited"
profile = "zalt"
sms_url = "{sender}"
"""


class Sender(http.server.ThreadingHTTPServer):
    """Takes text messages, or does not."""

    def __init__(self) -> None:
        self.messages: queue.Queue[dict[str, str]] = queue.Queue()
        self.status = 204
        super().__init__(("127.0.0.1", 0), self.Handler)

    def code(self) -> str:
        """That of the one message that came since."""
        message = self.messages.get_nowait()
        assert self.messages.empty() and message["to"] == "+4915112345678"
        return message["code"]

    class Handler(http.server.BaseHTTPRequestHandler):
        server: Sender

        def do_POST(self) -> None:
            self.server.messages.put(json.loads(self.rfile.read(int(self.headers["content-length"]))))
            self.send_response(self.server.status)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass


@pytest.fixture(scope="module")
def running() -> Iterator[Sender]:
    with Sender() as sender:
        threading.Thread(target=sender.serve_forever, daemon=True).start()
        yield sender
        sender.shutdown()


@pytest.fixture
def sender(running: Sender) -> Iterator[Sender]:
    yield running
    running.status = 204
    running.messages = queue.Queue()


@pytest.fixture(scope="module")
def url(running: Sender, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("zalt_auth_sms")
    (folder / "realms.toml").write_text(REALMS.format(sender=f"http://127.0.0.1:{running.server_port}/sms"))
    command = [os.environ["GATEPOST_BIN"], "serve", "--listen", "127.0.0.1:0", "--data-dir", str(folder / "data")]
    # The sender is on this machine.
    here = {"GATEPOST_OUTGOING__PRIVATE_ADDRESSES": "true"}
    program = Program([*command, "--apply", str(folder / "realms.toml")], folder / "log", here)
    try:
        yield program.url
    finally:
        program.stop()


@pytest.fixture
def client(url: str) -> ZaltClient:
    return ZaltClient(realm_id="default", base_url=url)


def registered(client: ZaltClient, email: str) -> str:
    """The token of somebody new."""
    made = client.register(email, PASSWORD)
    assert made.tokens is not None
    return made.tokens.access_token


def asked_at_sign_in(client: ZaltClient, email: str) -> MFARequiredError:
    with pytest.raises(MFARequiredError) as asked:
        client.login(email, PASSWORD)
    return asked.value


def other_than(code: str) -> str:
    return "000001" if code == "000000" else "000000"


def test_a_number_is_set_up_ends_sign_ins_and_is_removed(client: ZaltClient, sender: Sender) -> None:
    token = registered(client, "ada@example.com")
    risk = client.sms.risk_warning(access_token=token)
    assert "weakest" in risk.warning and "totp" in risk.recommended_methods and risk.sms_allowed
    begun = client.sms.setup(NUMBER, access_token=token)
    assert (begun.phone_number, begun.verification_required) == ("•••78", True)
    code = sender.code()
    with pytest.raises(ValidationError) as wrong:
        client.sms.verify(other_than(code), access_token=token)
    assert wrong.value.code == "INVALID_CODE"
    # Until then it is nothing.
    assert not client.mfa.get_status(access_token=token).enabled
    assert client.login("ada@example.com", PASSWORD).user.mfa_enabled is False
    confirmed = client.sms.verify(code, access_token=token)
    assert isinstance(confirmed, MFAConfirmed) and confirmed.success and len(confirmed.backup_codes) == 10
    known = client.mfa.get_status(access_token=token)
    assert (known.enabled, known.methods, known.phone_number) == (True, ("sms",), "•••78")

    asked = asked_at_sign_in(client, "ada@example.com")
    assert asked.methods == ("sms", "backup_code") and (asked.sms_sent, asked.phone_number) == (True, "•••78")
    code = sender.code()
    with pytest.raises(AuthenticationError) as refused:
        client.sms.verify(other_than(code), asked.session_id)
    assert refused.value.code == "INVALID_MFA_CODE"
    # What was sent for one sign-in is nothing in another.
    other = asked_at_sign_in(client, "ada@example.com")
    others = sender.code()
    if code != others:
        with pytest.raises(AuthenticationError):
            client.sms.verify(code, other.session_id)
    held = client.sms.verify(code, asked.session_id)
    assert isinstance(held, AuthResult) and held.user.mfa_enabled
    with pytest.raises(AuthenticationError) as over:
        client.sms.verify(code, asked.session_id)
    assert over.value.code == "MFA_SESSION_EXPIRED"
    # With nothing beside the number, the one call for codes takes it as well.
    assert isinstance(client.mfa.verify(others, other.session_id), AuthResult)

    token = held.tokens.access_token
    with pytest.raises(AuthenticationError) as bad:
        client.sms.disable(password="not the password", access_token=token)
    assert bad.value.code == "INVALID_PASSWORD"
    assert client.sms.send(access_token=token).phone_number == "•••78"
    client.sms.disable(sender.code(), access_token=token)
    assert not client.mfa.get_status(access_token=token).enabled
    assert client.login("ada@example.com", PASSWORD).user.mfa_enabled is False
    with pytest.raises(ValidationError) as none:
        client.sms.disable(access_token=token)
    assert none.value.code == "MFA_NOT_ENABLED"


def test_a_code_is_sent_again_and_the_one_before_is_over(client: ZaltClient, sender: Sender) -> None:
    token = registered(client, "grace@example.com")
    with pytest.raises(ValidationError) as none:
        client.sms.send(access_token=token)
    assert none.value.code == "MFA_NOT_ENABLED"
    client.sms.setup(NUMBER, access_token=token)
    first = sender.code()
    assert client.sms.send(access_token=token).phone_number == "•••78"
    again = sender.code()
    if first != again:
        with pytest.raises(ValidationError):
            client.sms.verify(first, access_token=token)
    client.sms.verify(again, access_token=token)

    asked = asked_at_sign_in(client, "grace@example.com")
    sender.code()
    assert client.sms.send(asked.session_id).phone_number == "•••78"
    assert isinstance(client.sms.verify(sender.code(), asked.session_id), AuthResult)
    with pytest.raises(AuthenticationError) as forged:
        client.sms.send("forged")
    assert forged.value.code == "MFA_SESSION_EXPIRED" and sender.messages.empty()


def test_beside_an_app_a_code_is_sent_to_whoever_asks_for_it(client: ZaltClient, sender: Sender) -> None:
    token = registered(client, "heidi@example.com")
    client.sms.setup(NUMBER, access_token=token)
    client.sms.verify(sender.code(), access_token=token)
    app = client.mfa.setup(access_token=token)
    # The backup codes came with the number.
    assert client.mfa.verify(totp(app.secret), access_token=token).backup_codes == ()
    asked = asked_at_sign_in(client, "heidi@example.com")
    assert set(asked.methods) == {"totp", "sms", "backup_code"}
    assert asked.sms_sent is None and sender.messages.empty()
    client.sms.send(asked.session_id)
    held = client.sms.verify(sender.code(), asked.session_id)
    assert isinstance(held, AuthResult)
    client.sms.disable(access_token=held.tokens.access_token)
    assert client.mfa.get_status(access_token=held.tokens.access_token).methods == ("totp",)


def test_what_the_sender_does_not_take_is_said_and_the_code_is_no_good(client: ZaltClient, sender: Sender) -> None:
    token = registered(client, "judy@example.com")
    with pytest.raises(ValidationError) as misspelled:
        client.sms.setup("0151 1234", access_token=token)
    assert misspelled.value.code == "INVALID_PHONE" and sender.messages.empty()
    sender.status = 500
    with pytest.raises(ServerError) as unsent:
        client.sms.setup(NUMBER, access_token=token)
    assert (unsent.value.status_code, unsent.value.code) == (503, "SMS_SEND_FAILED") and unsent.value.retry_after
    # It was asked once.
    code = sender.code()
    with pytest.raises(ValidationError) as withdrawn:
        client.sms.verify(code, access_token=token)
    assert withdrawn.value.code == "CODE_EXPIRED"
    sender.status = 204
    client.sms.setup(NUMBER, access_token=token)
    client.sms.verify(sender.code(), access_token=token)
    sender.status = 500
    asked = asked_at_sign_in(client, "judy@example.com")
    assert asked.sms_sent is False and asked.phone_number is None
    sender.code()
    sender.status = 204
    client.sms.send(asked.session_id)
    assert isinstance(client.sms.verify(sender.code(), asked.session_id), AuthResult)


def test_a_number_is_sent_one_message_at_a_time(url: str, sender: Sender) -> None:
    client = ZaltClient(realm_id="limited", base_url=f"{url}/r/limited")
    token = registered(client, "ada@example.com")
    client.sms.setup(NUMBER, access_token=token)
    with pytest.raises(RateLimitError) as limited:
        client.sms.send(access_token=token)
    assert limited.value.code == "RATE_LIMITED" and limited.value.retry_after
    client.sms.verify(sender.code(), access_token=token)


def test_the_client_for_asyncio_does_the_same(url: str, sender: Sender) -> None:
    async def everything() -> None:
        client = ZaltAsyncClient(realm_id="default", api_url=url, remember=True)
        await client.register("bob@example.com", PASSWORD)
        assert (await client.sms.risk_warning()).sms_allowed
        assert (await client.sms.setup(NUMBER)).phone_number == "•••78"
        sender.code()
        assert (await client.sms.send()).phone_number == "•••78"
        confirmed = await client.sms.verify(sender.code())
        assert isinstance(confirmed, MFAConfirmed) and len(confirmed.backup_codes) == 10
        await client.logout()
        with pytest.raises(MFARequiredError) as asked:
            await client.login("bob@example.com", PASSWORD)
        assert client.tokens is None and asked.value.sms_sent
        sender.code()
        await client.sms.send(asked.value.session_id)
        held = await client.sms.verify(sender.code(), asked.value.session_id)
        assert isinstance(held, AuthResult) and client.tokens == held.tokens
        assert (await client.mfa.get_status()).methods == ("sms",)
        await client.sms.disable(password=PASSWORD)
        assert not (await client.mfa.get_status()).enabled

    asyncio.run(everything())
