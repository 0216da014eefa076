"""`gatepost.compat.scalekit` beside a stand-in server: both ways of calling, and what is refused."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from conftest import Answer, Issuer, Key, key, token

from gatepost import ExpiredToken, GatepostError, TokenError
from gatepost.compat.scalekit import AuthorizationUrlOptions, CodeAuthenticationOptions, ScalekitClient
from gatepost.compat.scalekit.common.exceptions import (
    ScalekitBadRequestException,
    ScalekitException,
    ScalekitServerException,
    ScalekitTooManyRequestsException,
    ScalekitUnauthorizedException,
    ScalekitUnknownException,
    ScalekitValidateTokenFailureException,
    WebhookVerificationError,
)
from gatepost.compat.scalekit.common.scalekit import LogoutUrlOptions, TokenValidationOptions

CALLBACK = "http://localhost:8000/auth/callback"
RSA = key("rsa-1", "RS256")


@pytest.fixture
def issuer(issuer: Issuer) -> Issuer:
    issuer.keys = [RSA]
    return issuer


@pytest.fixture
def client(issuer: Issuer) -> ScalekitClient:
    return ScalekitClient(env_url=issuer.url, client_id="skc_app", client_secret="s3cret")


def made(issuer: Issuer, *, by: Key = RSA, **claims: Any) -> str:
    """An access token as the server makes it for such a client."""
    now = int(time.time())
    usual = {"aud": ["skc_app"], "client_id": "skc_app", "scope": "openid email", "scopes": ["openid", "email"]}
    return token(issuer.url, by=by, now=now, **{**usual, **claims})


def id_token(issuer: Issuer, **claims: Any) -> str:
    usual = {"aud": ["skc_app"], "email": "ada@example.com", "email_verified": True, "name": "Ada", "amr": ["pwd"]}
    return token(issuer.url, by=RSA, typ="JWT", now=int(time.time()), **{**usual, **claims})


def answers(issuer: Issuer, status: int = 200, **members: Any) -> None:
    issuer.answers["/oauth/token"] = Answer(json.dumps(members).encode(), status)


def query(url: str) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(url).query, strict_parsing=True))


def test_nothing_is_asked_when_it_is_made() -> None:
    client = ScalekitClient("https://auth.example.com/", "skc_app", "s3cret", call_timeout_s=5.0)
    url = client.get_authorization_url(CALLBACK)
    assert url.startswith("https://auth.example.com/oauth/authorize?")
    # Nobody is there; it is said when something is needed.
    nobody = ScalekitClient("http://127.0.0.1:9", "skc_app", "s3cret")
    with pytest.raises(ScalekitException, match="cannot be fetched"):
        nobody.refresh_access_token("gp_rt_x")
    with pytest.raises(ScalekitException, match="cannot be fetched"):
        nobody.validate_access_token(token("http://127.0.0.1:9", by=RSA, aud="skc_app"))


@pytest.mark.parametrize("missing", ["env_url", "client_id", "client_secret"])
def test_a_variable_that_is_not_set_is_named(missing: str) -> None:
    settings: dict[str, Any] = {"env_url": "https://auth.example.com", "client_id": "a", "client_secret": "b", missing: None}
    with pytest.raises(GatepostError, match=f"{missing} is missing"):
        ScalekitClient(**settings)
    with pytest.raises(GatepostError, match="is not https"):
        ScalekitClient("http://auth.example.com", "a", "b")


def test_options_are_an_object_or_a_dict_in_either_spelling(client: ScalekitClient) -> None:
    options = AuthorizationUrlOptions()
    options.scopes, options.state, options.login_hint = ["openid"], "x&y", "ada@example.com"
    by_object = query(client.get_authorization_url(CALLBACK, options))
    assert by_object == {
        "response_type": "code",
        "client_id": "skc_app",
        "redirect_uri": CALLBACK,
        "scope": "openid",
        "state": "x&y",
        "login_hint": "ada@example.com",
    }
    for spelling in ("login_hint", "loginHint"):
        given = {"scopes": ["openid"], "state": "x&y", spelling: "ada@example.com"}
        assert query(client.get_authorization_url(redirect_uri=CALLBACK, options=given)) == by_object

    class Theirs:
        scopes = ["openid"]
        state = "x&y"
        login_hint = "ada@example.com"

    assert query(client.get_authorization_url(CALLBACK, Theirs())) == by_object  # type: ignore[arg-type]
    assert query(client.get_authorization_url(CALLBACK))["scope"] == "openid profile email"
    with pytest.raises(TypeError, match="there is no option 'scope'; there is connection_id"):
        client.get_authorization_url(CALLBACK, {"scope": "openid"})


def test_a_code_brings_what_is_read_as_items_and_as_attributes(issuer: Issuer, client: ScalekitClient) -> None:
    answers(
        issuer,
        access_token="a",
        id_token=id_token(issuer, oid="org_1", given_name="Ada"),
        refresh_token="r",
        expires_in=900,
        token_type="Bearer",
    )
    result = client.authenticate_with_code(code="c", redirect_uri=CALLBACK)
    assert (result.access_token, result["refresh_token"], result.expires_in) == ("a", "r", 900)
    assert (result.organization_id, result.connection_id) == ("org_1", "pwd")
    assert result.user.email == "ada@example.com" and result["user"]["emailVerified"] is True
    assert (result.user.sub, result.user["id"], result.user.givenName) == ("usr_ada", "usr_ada", "Ada")
    assert json.loads(json.dumps(result.user.__dict__))["sub"] == "usr_ada"
    assert "access_token" in repr(result) and "'a'" not in repr(result)
    assert not hasattr(result, "nothing") and dict(result)["id_token"] == result.id_token
    assert issuer.forms[-1] == {
        "grant_type": "authorization_code",
        "client_id": "skc_app",
        "client_secret": "s3cret",
        "code": "c",
        "redirect_uri": CALLBACK,
    }
    for options in (CodeAuthenticationOptions(code_verifier="v"), {"codeVerifier": "v"}):
        client.authenticate_with_code("c", CALLBACK, options)
        assert issuer.forms[-1]["code_verifier"] == "v"


@pytest.mark.parametrize(
    "wrong",
    [
        {"aud": ["another"]},
        {"iss": "https://evil.example"},
        {"exp": 1_000_000_000, "iat": 999_999_000},
        {"sub": None},
    ],
)
def test_an_id_token_that_is_not_good_signs_nobody_in(issuer: Issuer, client: ScalekitClient, wrong: dict[str, Any]) -> None:
    answers(issuer, access_token="a", id_token=id_token(issuer, **wrong), refresh_token="r", expires_in=900)
    with pytest.raises(ScalekitValidateTokenFailureException):
        client.authenticate_with_code("c", CALLBACK)


def test_an_access_token_is_no_id_token_and_an_id_token_is_no_access_token(issuer: Issuer, client: ScalekitClient) -> None:
    answers(issuer, access_token="a", id_token=made(issuer), refresh_token="r", expires_in=900)
    with pytest.raises(ScalekitValidateTokenFailureException):
        client.authenticate_with_code("c", CALLBACK)
    with pytest.raises(ScalekitValidateTokenFailureException):
        client.validate_access_token(id_token(issuer))
    answers(issuer, access_token="a")
    with pytest.raises(ScalekitValidateTokenFailureException, match="scope openid"):
        client.authenticate_with_code("c", CALLBACK)


def test_a_good_access_token_gives_its_claims(issuer: Issuer, client: ScalekitClient) -> None:
    good = made(issuer, roles=["admin"])
    for validate in (client.validate_access_token, client.validate_access_token_and_get_claims, client.validate_token):
        claims = validate(good)
        assert claims["roles"] == ["admin"] and claims["sub"] == "usr_ada"
    assert issuer.key_fetches == 1
    assert client.verify_scopes(good, ["email"])
    with pytest.raises(ScalekitValidateTokenFailureException, match="lacks scopes: admin"):
        client.verify_scopes(good, ["email", "admin"])


@pytest.mark.parametrize(
    "spoil",
    [
        lambda issuer: "garbage",
        lambda issuer: "",
        lambda issuer: "a.b.c",
        lambda issuer: None,
        lambda issuer: 7,
        lambda issuer: made(issuer)[:-4] + "AAAA",
        lambda issuer: made(issuer, exp=1_000_000_000, iat=999_999_000),
        lambda issuer: made(issuer, aud=["another"]),
        lambda issuer: made(issuer, iss="https://evil.example"),
        lambda issuer: made(issuer, by=key("rsa-2", "RS256")),
        lambda issuer: made(issuer, by=key("rsa-1", "ES256")),
        lambda issuer: "eyJhbGciOiJub25lIiwidHlwIjoiYXQrand0In0." + made(issuer).split(".")[1] + ".",
    ],
)
def test_what_is_not_good_raises_and_is_never_false(
    issuer: Issuer, client: ScalekitClient, spoil: Callable[[Issuer], Any]
) -> None:
    bad = spoil(issuer)
    for validate in (client.validate_access_token, client.validate_access_token_and_get_claims):
        with pytest.raises(ScalekitValidateTokenFailureException):
            validate(bad)
    with pytest.raises(ScalekitValidateTokenFailureException):
        client.verify_scopes(bad, [])


def test_the_reason_is_there_for_the_log(issuer: Issuer, client: ScalekitClient) -> None:
    with pytest.raises(ScalekitValidateTokenFailureException) as refused:
        client.validate_access_token(made(issuer, exp=1_000_000_000, iat=999_999_000))
    assert isinstance(refused.value.__cause__, ExpiredToken) and isinstance(refused.value.__cause__, TokenError)


def test_options_say_what_a_token_must_be(issuer: Issuer, client: ScalekitClient) -> None:
    of_api = made(issuer, aud=["orders-api"])
    options = TokenValidationOptions(audience=["notes-api", "orders-api"], issuer=[issuer.url], required_scopes=["email"])
    assert client.validate_access_token(of_api, options)["aud"] == ["orders-api"]
    assert client.validate_access_token(of_api, audience="orders-api")
    for wrong in (
        {"audience": ["notes-api"]},
        {"audience": ["orders-api"], "issuer": "https://other.example"},
        {"audience": ["orders-api"], "requiredScopes": ["admin"]},
    ):
        with pytest.raises(ScalekitValidateTokenFailureException):
            client.validate_access_token(of_api, wrong)


def test_keys_that_follow_are_found(issuer: Issuer, client: ScalekitClient, monkeypatch: pytest.MonkeyPatch) -> None:
    client.validate_access_token(made(issuer))
    new = key("rsa-2", "RS256")
    issuer.keys = [RSA, new]
    with pytest.raises(ScalekitValidateTokenFailureException):
        client.validate_access_token(made(issuer, by=new))  # It was fetched a moment ago.
    now = time.time() + 60
    monkeypatch.setattr(client._server, "_clock", lambda: now)
    for verifying in client._server._verifying.values():
        monkeypatch.setattr(verifying, "_clock", lambda: now)
    assert client.validate_access_token(made(issuer, by=new))


def test_a_refresh_brings_both_tokens(issuer: Issuer, client: ScalekitClient) -> None:
    answers(issuer, access_token="a2", refresh_token="r2", expires_in=900)
    result = client.refresh_access_token("r1")
    assert (result.access_token, result["refresh_token"], result.expires_in) == ("a2", "r2", 900)
    assert issuer.forms[-1]["refresh_token"] == "r1"


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, ScalekitBadRequestException),
        (401, ScalekitUnauthorizedException),
        (429, ScalekitTooManyRequestsException),
        (418, ScalekitUnknownException),
    ],
)
def test_a_refusal_has_the_class_of_its_status(
    issuer: Issuer, client: ScalekitClient, status: int, kind: type[ScalekitServerException]
) -> None:
    answers(issuer, status, error="invalid_grant", error_description="It is over.")
    with pytest.raises(kind, match=f"{status} .invalid_grant: It is over.") as refused:
        client.refresh_access_token("r1")
    assert (refused.value.http_status, refused.value.error_code) == (status, "invalid_grant")
    assert "s3cret" not in str(refused.value) and "r1" not in str(refused.value)


def test_an_answer_that_is_none_is_refused(issuer: Issuer, client: ScalekitClient) -> None:
    for body in (b"", b"[]", b"{", b'{"access_token": 7}', b"<html>"):
        issuer.answers["/oauth/token"] = Answer(body)
        with pytest.raises(ScalekitServerException):
            client.refresh_access_token("r1")


def test_a_client_gets_a_token_of_its_own(issuer: Issuer, client: ScalekitClient) -> None:
    answers(issuer, access_token="m", expires_in=900)
    assert client.get_client_access_token() == "m"
    assert issuer.forms[-1] == {"grant_type": "client_credentials", "client_id": "skc_app", "client_secret": "s3cret"}
    assert client.generate_client_token("m2m", "other", ["a", "b"]) == "m"
    assert (issuer.forms[-1]["client_id"], issuer.forms[-1]["scope"]) == ("m2m", "a b")


def test_signing_out_takes_options_or_names(client: ScalekitClient) -> None:
    by_name = client.get_logout_url(id_token_hint="h", post_logout_redirect_uri="http://localhost:8000")
    by_object = client.get_logout_url(LogoutUrlOptions("h", "http://localhost:8000"))
    assert by_name == by_object and urlsplit(by_name).path == "/oidc/logout"
    expected = {"id_token_hint": "h", "post_logout_redirect_uri": "http://localhost:8000", "client_id": "skc_app"}
    assert query(by_name) == expected
    without = client.get_logout_url({"postLogoutRedirectUri": "http://localhost:8000", "state": "s"})
    assert query(without) == {"post_logout_redirect_uri": "http://localhost:8000", "state": "s", "client_id": "skc_app"}
    assert query(client.get_logout_url(id_token_hint=None)) == {"client_id": "skc_app"}


def test_what_is_not_there_says_what_to_do(client: ScalekitClient) -> None:
    with pytest.raises(AttributeError, match="has no organization: it is administered by Gatepost's own API") as refused:
        client.organization
    assert "the vendor's own package (scalekit-sdk-python) in a program that runs without gatepost.compat" in str(refused.value)
    with pytest.raises(AttributeError, match="has no directory, and Gatepost answers nothing of it by gRPC"):
        client.directory
    with pytest.raises(AttributeError, match="has no anything$"):
        client.anything


def signed(secret: str, identifier: str, at: int, payload: str) -> str:
    mac = hmac.digest(base64.b64decode(secret.partition("_")[2]), f"{identifier}.{at}.{payload}".encode(), hashlib.sha256)
    return "v1," + base64.b64encode(mac).decode()


def test_a_payload_is_of_the_secret_and_of_now(client: ScalekitClient) -> None:
    secret = "whsec_" + base64.b64encode(bytes(range(32))).decode()
    payload, now = '{"type":"user.created"}', int(time.time())
    good = signed(secret, "evt_1", now, payload)
    headers = {"webhook-id": "evt_1", "Webhook-Timestamp": str(now), "webhook-signature": f"v1,AAAA v2,x {good}"}
    assert client.verify_webhook_payload(secret, headers, payload)
    assert client.verify_webhook_payload(secret, headers, payload.encode())
    interceptor = {name.lower().replace("webhook", "interceptor"): value for name, value in headers.items()}
    assert client.verify_interceptor_payload(secret, interceptor, payload)
    assert client.verify_interceptor_payload(secret, headers, payload)
    other = "whsec_" + base64.b64encode(bytes(32)).decode()
    late = {**headers, "Webhook-Timestamp": str(now - 301), "webhook-signature": signed(secret, "evt_1", now - 301, payload)}
    early = {**headers, "Webhook-Timestamp": str(now + 310), "webhook-signature": signed(secret, "evt_1", now + 310, payload)}
    for secret_, headers_, payload_ in [
        (other, headers, payload),
        (secret, headers, payload + " "),
        (secret, late, payload),
        (secret, early, payload),
        (secret, {**headers, "webhook-id": "evt_2"}, payload),
        (secret, {**headers, "Webhook-Timestamp": "soon"}, payload),
        (secret, {**headers, "webhook-signature": ""}, payload),
        (secret, {**headers, "webhook-signature": "v1,!!"}, payload),
        (secret, {}, payload),
        ("nothing", headers, payload),
        ("whsec_!!", headers, payload),
    ]:
        with pytest.raises(WebhookVerificationError):
            client.verify_webhook_payload(secret_, headers_, payload_)
