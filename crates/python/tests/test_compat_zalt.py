"""The clients of `gatepost.compat.zalt_auth` beside a stand-in server: what they send, what they read, and what they refuse."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import threading
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from conftest import Answer, Issuer
from zalt import PAIR, PUBLISHABLE, USER, answers, refusal

from gatepost import GatepostError
from gatepost.compat.zalt_auth import (
    AuthenticationError,
    AuthResult,
    ConflictError,
    MFAConfirmed,
    MFARequiredError,
    NetworkError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitError,
    ServerError,
    ValidationError,
    ZaltAPIError,
    ZaltAsyncClient,
    ZaltClient,
    ZaltError,
    _asynchronous,
    _client,
)

TOKEN = "eyJ.e30.AA"


@pytest.fixture
def client(issuer: Issuer) -> ZaltClient:
    return ZaltClient(PUBLISHABLE, "acme", issuer.url)


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses that a client made, none of which is waited for."""
    pauses: list[float] = []

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)

    monkeypatch.setattr(_client, "time", SimpleNamespace(sleep=pauses.append))
    monkeypatch.setattr(_asynchronous.asyncio, "sleep", sleep)
    return pauses


def sent(issuer: Issuer) -> tuple[str, str, Any]:
    """Method, path and body of the last request."""
    last = issuer.requests[-1]
    return last.method, last.path, json.loads(last.body) if last.body else None


def test_a_client_is_made_in_either_shape_and_asks_nothing(issuer: Issuer, monkeypatch: pytest.MonkeyPatch) -> None:
    for client in (
        ZaltClient(PUBLISHABLE, base_url=issuer.url),
        ZaltClient(publishable_key=PUBLISHABLE.replace("live", "test"), realm_id="acme", base_url=issuer.url + "/"),
        ZaltClient(realm_id="acme", api_url=issuer.url),
        ZaltAsyncClient(realm_id="acme", api_url=issuer.url, base_url=issuer.url + "/"),
    ):
        assert client._server.url == issuer.url
    monkeypatch.setenv("ZALT_API_URL", issuer.url)
    assert ZaltClient(PUBLISHABLE)._server.url == issuer.url
    assert issuer.asked == []


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"publishable_key": PUBLISHABLE}, "the address of the realm is missing: give base_url, or set ZALT_API_URL"),
        ({"base_url": "https://auth.example.com"}, "say which realm"),
        ({"base_url": "http://auth.example.com", "realm_id": "acme"}, "is not https"),
        ({"base_url": "https://a.example", "api_url": "https://b.example", "realm_id": "acme"}, "two names for one"),
        ({"base_url": "https://a.example", "publishable_key": "pk_live_short"}, "is not of the form pk_live_"),
        ({"base_url": "https://a.example", "publishable_key": PUBLISHABLE + "\n"}, "is not of the form pk_live_"),
        ({"base_url": "https://a.example", "publishable_key": "sk_live_" + "a" * 32}, "is not of the form pk_live_"),
        ({"base_url": "https://a.example", "realm_id": "a"}, "3 to 64 letters"),
        ({"base_url": "https://a.example", "realm_id": "acme\r\nx: y"}, "3 to 64 letters"),
        ({"base_url": "https://a.example", "realm_id": "acme", "timeout": 0}, "seconds above 0"),
    ],
)
def test_a_setting_that_is_wrong_is_named(settings: dict[str, Any], said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ZALT_API_URL", raising=False)
    for kind in (ZaltClient, ZaltAsyncClient):
        with pytest.raises(GatepostError, match=said):
            kind(**settings)


def test_a_sign_in_gives_the_account_and_its_tokens(issuer: Issuer, client: ZaltClient) -> None:
    answers(issuer, "/login", message="Signed in.", user=USER, tokens=PAIR)
    result = client.login("ada@example.com", "the engine weaves algebra")
    assert (result.user.id, result.user.email, result.user.realm_id) == ("usr_ada", "ada@example.com", "acme")
    assert result.user.profile.first_name == "Ada" and result["user"]["profile"]["last_name"] == "Lovelace"
    assert result.user.tenants[0].permissions == ("billing:read",) and result.user.get("nothing") is None
    assert (result.tokens.access_token, result.tokens["refresh_token"], result.tokens.expires_in) == ("a.b.c", "gp_rt_1", 900)
    assert dict(result.tokens)["token_type"] == "Bearer"
    assert "a.b.c" not in repr(result) and "gp_rt_1" not in repr(result)
    with pytest.raises(KeyError):
        result.user["keys"]
    assert sent(issuer) == ("POST", "/login", {"email": "ada@example.com", "password": "the engine weaves algebra"})
    headers = issuer.requests[-1].headers
    assert (headers["X-API-Key"], headers["X-Realm-ID"]) == (PUBLISHABLE, "acme")
    assert headers["Content-Type"] == "application/json" and "Authorization" not in headers


def test_half_a_sign_in_is_none(issuer: Issuer, client: ZaltClient) -> None:
    half = {"mfa_required": True, "mfa_session_id": "half", "mfa_methods": ["totp", "backup_code"], "mfa_expires_in": 600}
    answers(issuer, "/login", user={"id": "usr_ada", "email": "ada@example.com"}, **half)
    with pytest.raises(MFARequiredError) as asked:
        client.login("ada@example.com", "the engine weaves algebra")
    waiting = asked.value
    assert (waiting.session_id, waiting.methods, waiting.expires_in) == ("half", ("totp", "backup_code"), 600)
    assert "half" not in str(waiting) and (waiting.sms_sent, waiting.phone_number) == (None, None)
    answers(issuer, "/v1/auth/mfa/login/verify", user=USER, tokens=PAIR, used_backup_code=False)
    result = client.mfa.verify("123456", waiting.session_id)
    assert isinstance(result, AuthResult) and result.user.id == "usr_ada"
    assert sent(issuer) == ("POST", "/v1/auth/mfa/login/verify", {"mfa_session_id": "half", "code": "123456"})
    answers(issuer, "/login", mfa_required=True)
    with pytest.raises(ZaltError, match="not for which sign-in"):
        client.login("ada@example.com", "the engine weaves algebra")


def test_a_sign_in_says_where_its_code_was_sent(issuer: Issuer, client: ZaltClient) -> None:
    half = {"mfa_required": True, "mfa_session_id": "half", "mfa_methods": ["sms", "backup_code"], "mfa_expires_in": 600}
    for said, read in (
        ({"sms_sent": True, "phone_number": "•••56"}, (True, "•••56")),
        ({"sms_sent": False, "phone_number": None}, (False, None)),
    ):
        answers(issuer, "/login", **half, **said)
        with pytest.raises(MFARequiredError, match="or with sms.verify where it came by text message") as asked:
            client.login("ada@example.com", "the engine weaves algebra")
        assert (asked.value.sms_sent, asked.value.phone_number) == read
        assert asked.value.methods == ("sms", "backup_code")


def test_a_message_that_was_not_sent_is_said_at_once(issuer: Issuer, client: ZaltClient, slept: list[float]) -> None:
    issuer.answers["/v1/auth/mfa/sms/send"] = refusal(503, "SMS_SEND_FAILED", {"retry-after": "30"})
    for ask in (lambda: client.sms.send("half"), lambda: client.sms.send(access_token=TOKEN)):
        with pytest.raises(ServerError) as refused:
            ask()
        assert (refused.value.code, refused.value.retry_after) == ("SMS_SEND_FAILED", 30)
    assert len(issuer.requests) == 2 and slept == []


def test_an_account_is_made_with_tokens_or_without(issuer: Issuer, client: ZaltClient) -> None:
    answers(issuer, "/register", 201, user=USER, tokens=PAIR)
    made = client.register("ada@example.com", "the engine weaves algebra", {"first_name": "Ada", "last_name": None})
    assert made.tokens is not None and made.tokens.access_token == "a.b.c"
    body = {"email": "ada@example.com", "password": "the engine weaves algebra"}
    assert sent(issuer)[2] == {**body, "profile": {"first_name": "Ada", "last_name": None}}
    answers(issuer, "/register", 201, user=USER)
    assert client.register(**body, first_name="Ada").tokens is None
    assert sent(issuer)[2] == {**body, "profile": {"first_name": "Ada"}}
    client.register(**body)
    assert sent(issuer)[2] == body
    with pytest.raises(TypeError, match="a profile has no 'first'; it has first_name"):
        client.register(**body, first="Ada")


@pytest.mark.parametrize(
    ("ask", "request_", "said"),
    [
        (lambda c: c.refresh_token("gp_rt_1"), ("POST", "/refresh", {"refresh_token": "gp_rt_1"}), {"tokens": PAIR}),
        (lambda c: c.fetch_user(TOKEN), ("GET", "/me", None), {"user": USER}),
        (lambda c: c.logout(TOKEN), ("POST", "/logout", None), {"message": "Signed out."}),
        (
            lambda c: c.update_profile({"first_name": "A."}, access_token=TOKEN, phone_number=None),
            ("PATCH", "/me/profile", {"first_name": "A.", "phone_number": None}),
            {"user": USER},
        ),
        (
            lambda c: c.change_password("old", "new", access_token=TOKEN),
            ("POST", "/me/password", {"current_password": "old", "new_password": "new"}),
            {"message": "Changed."},
        ),
        (lambda c: c.request_password_reset("a@b.c"), ("POST", "/password/reset", {"email": "a@b.c"}), {"message": "Sent."}),
        (
            lambda c: c.confirm_password_reset("mailed", "new"),
            ("POST", "/password/reset/confirm", {"token": "mailed", "new_password": "new"}),
            {"message": "Set."},
        ),
        (
            lambda c: c.mfa.setup(access_token=TOKEN),
            ("POST", "/v1/auth/mfa/setup", {"method": "totp"}),
            {"secret": "GEZD", "otpauth_url": "otpauth://totp/x", "qr_code": "data:image/svg+xml;base64,"},
        ),
        (
            lambda c: c.mfa.verify("123456", access_token=TOKEN),
            ("POST", "/v1/auth/mfa/verify", {"code": "123456"}),
            {"success": True, "backup_codes": ["4KMQ-7TWX"]},
        ),
        (
            lambda c: c.mfa.disable("123456", access_token=TOKEN),
            ("POST", "/v1/auth/mfa/disable", {"code": "123456"}),
            {"success": True},
        ),
        (
            lambda c: c.mfa.get_status(access_token=TOKEN),
            ("GET", "/v1/auth/mfa/status", None),
            {"enabled": True, "methods": ["totp", "sms"], "backup_codes_remaining": 9, "phone_number": "•••56"},
        ),
        (
            lambda c: c.sms.setup("+4930123456", access_token=TOKEN),
            ("POST", "/v1/auth/mfa/sms/setup", {"phone_number": "+4930123456"}),
            {"phone_number": "•••56", "verification_required": True},
        ),
        (
            lambda c: c.sms.send(access_token=TOKEN),
            ("POST", "/v1/auth/mfa/sms/send", None),
            {"phone_number": "•••56", "verification_required": True},
        ),
        (
            lambda c: c.sms.send("half"),
            ("POST", "/v1/auth/mfa/sms/send", {"mfa_session_id": "half"}),
            {"phone_number": "•••56", "verification_required": True},
        ),
        (
            lambda c: c.sms.verify("123456", "half"),
            ("POST", "/v1/auth/mfa/sms/login/verify", {"mfa_session_id": "half", "code": "123456"}),
            {"user": USER, "tokens": PAIR},
        ),
        (
            lambda c: c.sms.verify("123456", access_token=TOKEN),
            ("POST", "/v1/auth/mfa/sms/verify", {"code": "123456"}),
            {"success": True, "backup_codes": []},
        ),
        (
            lambda c: c.sms.disable("123456", access_token=TOKEN),
            ("POST", "/v1/auth/mfa/sms/disable", {"code": "123456"}),
            {"success": True},
        ),
        (
            lambda c: c.sms.disable(password="the engine", access_token=TOKEN),
            ("POST", "/v1/auth/mfa/sms/disable", {"password": "the engine"}),
            {"success": True},
        ),
        (lambda c: c.sms.disable(access_token=TOKEN), ("POST", "/v1/auth/mfa/sms/disable", None), {"success": True}),
        (
            lambda c: c.sms.risk_warning(access_token=TOKEN),
            ("GET", "/v1/auth/mfa/sms/risk-warning", None),
            {"warning": "The weakest.", "recommended_methods": ["webauthn", "totp"], "sms_allowed": True},
        ),
    ],
)
def test_both_clients_ask_the_same_and_read_the_same(
    issuer: Issuer, client: ZaltClient, ask: Callable[[Any], Any], request_: tuple[str, str, Any], said: dict[str, Any]
) -> None:
    answers(issuer, request_[1], **said)
    waited = ask(client)
    assert sent(issuer) == request_
    awaited = asyncio.run(ask(ZaltAsyncClient(PUBLISHABLE, "acme", issuer.url)))
    assert sent(issuer) == request_ and awaited == waited
    for each in issuer.requests:
        is_open = each.path in OPEN or b"mfa_session_id" in each.body
        assert each.headers.get("Authorization") == (None if is_open else f"Bearer {TOKEN}")
        assert each.headers["X-API-Key"] == PUBLISHABLE


OPEN = {
    "/login",
    "/register",
    "/refresh",
    "/password/reset",
    "/password/reset/confirm",
}
"""Where nobody is signed in yet; nor is anybody where a sign-in waits."""


def test_what_is_to_be_seen_once_is_read_and_not_shown(issuer: Issuer, client: ZaltClient) -> None:
    answers(issuer, "/v1/auth/mfa/setup", secret="GEZD", otpauth_url="otpauth://totp/x?secret=GEZD", qr_code="data:,GEZD")
    set_up = client.mfa.setup(access_token=TOKEN)
    assert (set_up.secret, set_up.backup_codes) == ("GEZD", ()) and "GEZD" not in repr(set_up)
    answers(issuer, "/v1/auth/mfa/verify", success=True, backup_codes=["4KMQ-7TWX"])
    confirmed = client.mfa.verify("123456", access_token=TOKEN)
    assert isinstance(confirmed, MFAConfirmed) and confirmed.backup_codes == ("4KMQ-7TWX",)
    assert "4KMQ" not in repr(confirmed)


def test_a_client_remembers_nobody(issuer: Issuer, client: ZaltClient) -> None:
    answers(issuer, "/login", user=USER, tokens=PAIR)
    client.login("ada@example.com", "the engine weaves algebra")
    assert client.tokens is None
    asked = len(issuer.asked)
    for ask in (
        client.fetch_user,
        client.logout,
        client.mfa.setup,
        client.refresh_token,
        lambda: client.mfa.verify("1"),
        lambda: client.sms.setup("+4930123456"),
        lambda: client.sms.verify("1"),
        client.sms.send,
        client.sms.disable,
        client.sms.risk_warning,
    ):
        with pytest.raises(ZaltError, match="remembers nobody. For a program of one person: remember=True"):
            ask()
    assert len(issuer.asked) == asked


def test_a_program_of_one_person_goes_on_with_its_tokens(issuer: Issuer) -> None:
    client = ZaltClient(PUBLISHABLE, base_url=issuer.url, remember=True)
    with pytest.raises(ZaltError, match="nobody is signed in with this client: sign in first, or give access_token"):
        client.fetch_user()
    answers(issuer, "/register", 201, user=USER)
    client.register("ada@example.com", "the engine weaves algebra")
    assert client.tokens is None
    answers(issuer, "/login", user=USER, tokens=PAIR)
    client.login("ada@example.com", "the engine weaves algebra")
    answers(issuer, "/me", user=USER)
    assert client.fetch_user().id == "usr_ada"
    assert issuer.requests[-1].headers["Authorization"] == "Bearer a.b.c"
    answers(issuer, "/refresh", tokens={**PAIR, "access_token": "d.e.f", "refresh_token": "gp_rt_2"})
    client.refresh_token()
    assert sent(issuer)[2] == {"refresh_token": "gp_rt_1"}
    answers(issuer, "/logout")
    # Somebody else's is handed over, and changes nothing.
    client.logout(TOKEN)
    assert client.tokens is not None and client.tokens.access_token == "d.e.f"
    with pytest.raises(ZaltError, match="is no token"):
        client.fetch_user("")
    client.logout()
    assert issuer.requests[-1].headers["Authorization"] == "Bearer d.e.f" and client.tokens is None


def test_a_session_that_ended_before_is_forgotten_too(issuer: Issuer) -> None:
    client = ZaltClient(PUBLISHABLE, base_url=issuer.url, remember=True)
    answers(issuer, "/login", user=USER, tokens=PAIR)
    client.login("ada@example.com", "the engine weaves algebra")
    issuer.answers["/logout"] = refusal(500, "INTERNAL_ERROR", {"retry-after": "60"})
    with pytest.raises(ServerError):
        client.logout()
    assert client.tokens is not None  # It goes on there.
    issuer.answers["/logout"] = refusal(401, "INVALID_TOKEN")
    with pytest.raises(AuthenticationError):
        client.logout()
    assert client.tokens is None


@pytest.mark.parametrize("token", ["", "a b", "a\r\nX-Realm-ID: other", "ä", 7, b"a.b.c"])
def test_what_cannot_be_a_token_is_not_sent_and_not_repeated(issuer: Issuer, client: ZaltClient, token: Any) -> None:
    with pytest.raises(ZaltError, match="is no token") as refused:
        client.fetch_user(token)
    assert issuer.asked == [] and "X-Realm-ID" not in str(refused.value)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, ValidationError),
        (401, AuthenticationError),
        (403, PermissionDeniedError),
        (404, NotFoundError),
        (409, ConflictError),
        (423, ZaltAPIError),
    ],
)
def test_a_refusal_has_the_class_of_its_status(
    issuer: Issuer, client: ZaltClient, slept: list[float], status: int, kind: type[ZaltAPIError]
) -> None:
    issuer.answers["/login"] = refusal(status, "SOME_CODE", details={"errors": ["Too short."]})
    with pytest.raises(kind, match=f"the server answered {status} .SOME_CODE: No..") as refused:
        client.login("ada@example.com", "the engine weaves algebra")
    error = refused.value
    assert type(error) is kind and (error.status_code, error.code, error.message) == (status, "SOME_CODE", "No.")
    assert (error.details, error.request_id) == ({"errors": ["Too short."]}, "req_1")
    assert "algebra" not in str(error) and slept == []


def test_flat_refusals_and_those_that_are_none_are_read(issuer: Issuer, client: ZaltClient) -> None:
    issuer.answers["/me"] = Answer(b'{"error": "No.", "code": "FORBIDDEN"}', 403)
    with pytest.raises(PermissionDeniedError) as refused:
        client.fetch_user(TOKEN)
    assert (refused.value.code, refused.value.message) == ("FORBIDDEN", "No.")
    for body in (b"", b"<html>", b"[]", b'{"error": 7}', b"[" * 100_000):
        issuer.answers["/me"] = Answer(body, 404)
        with pytest.raises(NotFoundError, match="the server answered 404$"):
            client.fetch_user(TOKEN)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"<html>",
        b"{}",
        b'{"user": {"id": "usr_ada"}}',
        b'{"user": {"id": 7, "email": "ada@example.com"}}',
        b'{"user": {"id": "", "email": "ada@example.com"}}',
        b'{"user": {"id": "usr_ada", "email": null}}',
        b'{"data": {}, "user": {"id": "usr_ada", "email": "ada@example.com"}}',
    ],
)
def test_an_answer_without_an_account_is_nobody(issuer: Issuer, client: ZaltClient, body: bytes) -> None:
    issuer.answers["/me"] = Answer(body)
    with pytest.raises(ZaltError, match="the server's answer has no"):
        client.fetch_user(TOKEN)


def test_rights_that_are_no_list_are_none(issuer: Issuer, client: ZaltClient) -> None:
    answers(issuer, "/me", user={**USER, "roles": "not-admin", "permissions": [7, "a:b"], "email_verified": "yes", "tenants": {}})
    user = client.fetch_user(TOKEN)
    assert (user.roles, user.permissions, user.email_verified, user.tenants) == ((), ("a:b",), False, ())


def test_what_may_pass_is_asked_three_times_more(issuer: Issuer, client: ZaltClient, slept: list[float]) -> None:
    good = Answer(json.dumps({"user": USER}).encode())
    for status in (429, 500, 503):
        issuer.answers["/me"] = [refusal(status, "LATER"), refusal(status, "LATER"), refusal(status, "LATER"), good]
        assert client.fetch_user(TOKEN).id == "usr_ada"
    assert slept == [1, 2, 4] * 3
    issuer.answers["/me"] = refusal(503, "SERVICE_UNAVAILABLE")
    before = len(issuer.asked)
    for ask in (client.fetch_user, lambda token: asyncio.run(ZaltAsyncClient(PUBLISHABLE, base_url=issuer.url).fetch_user(token))):
        del slept[:]
        with pytest.raises(ServerError):
            ask(TOKEN)
        assert slept == [1, 2, 4]
    assert len(issuer.asked) == before + 8


def test_a_server_that_says_when_is_not_asked_before(issuer: Issuer, client: ZaltClient, slept: list[float]) -> None:
    issuer.answers["/login"] = refusal(429, "RATE_LIMITED", {"retry-after": "180"})
    with pytest.raises(RateLimitError) as refused:
        client.login("ada@example.com", "not the password")
    assert (refused.value.retry_after, slept, len(issuer.asked)) == (180, [], 1)
    good = Answer(json.dumps({"user": USER, "tokens": PAIR}).encode())
    issuer.answers["/login"] = [refusal(429, "RATE_LIMITED", {"retry-after": "3"}), good]
    assert client.login("ada@example.com", "the engine weaves algebra").user.id == "usr_ada"
    assert slept == [3]
    issuer.answers["/login"] = [refusal(429, "RATE_LIMITED", {"retry-after": "Fri, 27 Nov 2026 20:00:00 GMT"}), good]
    client.login("ada@example.com", "the engine weaves algebra")
    assert slept == [3, 1]


def test_a_server_that_is_not_there_or_too_slow_is_said_to_be(issuer: Issuer) -> None:
    with pytest.raises(NetworkError, match="cannot be fetched"):
        ZaltClient(PUBLISHABLE, base_url="http://127.0.0.1:9").login("ada@example.com", "the engine weaves algebra")
    stall = threading.Event()
    issuer.answers["/me"] = Answer(stall=stall)
    for ask in (
        lambda: ZaltClient(PUBLISHABLE, base_url=issuer.url, timeout=0.1).fetch_user(TOKEN),
        lambda: asyncio.run(ZaltAsyncClient(PUBLISHABLE, base_url=issuer.url, timeout=0.1).fetch_user(TOKEN)),
    ):
        with pytest.raises(NetworkError, match=r"did not answer within 0\.1 s"):
            ask()
    stall.set()


def test_a_server_that_drips_is_given_up_in_time() -> None:
    ended = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def drip() -> None:
            connection, _ = listening.accept()
            with connection, contextlib.suppress(OSError):
                connection.sendall(b"HTTP/1.1 200 OK\r\n")
                while not ended.wait(0.02):
                    connection.sendall(b"x: y\r\n")

        dripping = threading.Thread(target=drip)
        dripping.start()
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        with pytest.raises(NetworkError, match=r"did not answer within 0\.3 s"):
            ZaltClient(PUBLISHABLE, base_url=url, timeout=0.3).fetch_user(TOKEN)
        ended.set()
        dripping.join()


def test_a_token_follows_no_redirect(issuer: Issuer, other_issuer: Issuer, client: ZaltClient) -> None:
    issuer.answers["/me"] = Answer(status=307, headers={"location": f"{other_issuer.url}/me"})
    with pytest.raises(ZaltAPIError, match="the server answered 307"):
        client.fetch_user(TOKEN)
    assert other_issuer.asked == []


def test_a_task_that_is_given_up_lets_go_of_its_thread(issuer: Issuer) -> None:
    stall = threading.Event()
    answer = issuer.answers["/me"] = Answer(stall=stall)

    async def give_up() -> None:
        client = ZaltAsyncClient(PUBLISHABLE, base_url=issuer.url, timeout=60)
        asking = asyncio.create_task(client.fetch_user(TOKEN))
        await asyncio.to_thread(answer.asked.wait, 10)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking

    # It ends without the server: run() waits for the threads.
    asyncio.run(give_up())
    assert not stall.is_set()
    stall.set()
