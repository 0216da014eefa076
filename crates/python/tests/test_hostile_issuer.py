"""Issuers that mean ill or are broken: what is fetched, from where, how much and for how long. JWT-18."""

import socket
import ssl
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from conftest import Answer, Clock, Issuer, key, key_set, landed, token
from fastapi import FastAPI
from fastapi.testclient import TestClient

from gatepost import IssuerMismatch
from gatepost import _key_fetch as key_fetch
from gatepost import _key_source as key_source
from gatepost.fastapi import CurrentUser, Gatepost

DISCOVERY = "/.well-known/openid-configuration"


@pytest.mark.parametrize(
    "answer",
    [
        Answer(b"<html>busy</html>"),
        Answer(b""),
        Answer(b"[]"),
        Answer(b"{}"),
        Answer(b'{"keys": "none"}'),
        Answer(b"\xff\xfe"),
        Answer(b'{"keys":' + b"[" * 100_000),
        Answer(b'{"keys": [' + b" " * (1024 * 1024) + b"]}"),
        Answer(key_set(*[{**key().jwk, "kid": f"k{n}"} for n in range(10_000)])[: 1024 * 1024]),
        Answer(key_set(key().jwk, key().jwk)),
        Answer(key_set({**key().jwk, "d": "AAAA"})),
        Answer(b"x", headers={"content-encoding": "gzip"}),
        Answer(b"x", status=500),
        Answer(b"x", status=404),
        Answer(status=204),
    ],
    ids=lambda answer: f"{answer.status}-{answer.body[:12]!r}-{len(answer.body)}",
)
def test_jwt_18_a_hostile_key_document_leaves_the_last_good_keys(
    me: FastAPI, client: TestClient, issuer: Issuer, clock: Clock, auth: Gatepost, answer: Answer
) -> None:
    assert client.get("/me", headers=issuer.bearer()).status_code == 200
    issuer.answers["/keys"] = answer
    clock.advance(600)
    for _ in range(2):
        assert client.get("/me", headers=issuer.bearer(now=clock.now)).status_code == 200
        landed(auth)
    assert issuer.key_fetches == 2


def test_jwt_18_redirects_are_followed_on_the_same_host_only(
    me: FastAPI, client: TestClient, issuer: Issuer, other_issuer: Issuer, clock: Clock
) -> None:
    issuer.answers["/keys"] = Answer(status=302, headers={"location": f"{other_issuer.url}/keys"})
    assert client.get("/me", headers=issuer.bearer()).status_code == 503
    assert other_issuer.asked == []
    for location in ["//127.0.0.1:1/keys", "file:///etc/passwd", "https://127.0.0.1/keys", "http://[", "/keys", ""]:
        issuer.answers["/keys"] = Answer(status=302, headers={"location": location})
        clock.advance(31)
        assert client.get("/me", headers=issuer.bearer(now=clock.now)).status_code == 503
    issuer.answers["/keys"] = Answer(status=307, headers={"location": "/moved"})
    issuer.answers["/moved"] = Answer(key_set(key().jwk))
    clock.advance(31)
    assert client.get("/me", headers=issuer.bearer(now=clock.now)).status_code == 200


@pytest.mark.parametrize(
    "jwks_uri", ["file:///etc/passwd", "ftp://127.0.0.1/keys", "http://auth.example.com/keys", "keys", "", None, 1, "http://u:p@127.0.0.1/"]
)
def test_jwt_18_keys_are_fetched_from_https_or_loopback_only(
    me: FastAPI, client: TestClient, issuer: Issuer, jwks_uri: Any
) -> None:
    issuer.discovery = {"jwks_uri": jwks_uri}
    assert client.get("/me", headers=issuer.bearer()).status_code == 503
    assert issuer.asked == [DISCOVERY]


def test_a_remote_issuer_may_not_send_us_to_this_machine() -> None:
    fetch = key_fetch.Fetch("https://auth.example.com")
    with pytest.raises(IssuerMismatch, match="is not https"):
        fetch._check_keys_url("http://127.0.0.1:8400/keys")
    fetch._check_keys_url("https://keys.example.net/keys")


@pytest.mark.parametrize("body", [b"<html>", b"[]", b"null", b'"x"', b"[" * 200_000, b"\xff"], ids=lambda body: str(body[:6]))
def test_jwt_18_a_hostile_discovery_document_is_no_issuer(
    me: FastAPI, client: TestClient, issuer: Issuer, body: bytes
) -> None:
    issuer.answers[DISCOVERY] = Answer(body)
    assert client.get("/me", headers=issuer.bearer()).status_code == 503


@pytest.fixture
def slow() -> Iterator[Any]:
    """A server that takes a connection and then does what the test says, in a thread."""
    listening = socket.create_server(("127.0.0.1", 0))
    ended = threading.Event()
    threads: list[threading.Thread] = []

    def serve(behave: Any) -> str:
        def run() -> None:
            connection, _ = listening.accept()
            with connection:
                try:
                    behave(connection, ended)
                except OSError:
                    pass

        threads.append(threading.Thread(target=run, daemon=True))
        threads[-1].start()
        return f"http://127.0.0.1:{listening.getsockname()[1]}"

    yield serve
    ended.set()
    listening.close()
    for thread in threads:
        thread.join(5)


def drip_headers(connection: socket.socket, ended: threading.Event) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\n")
    while not ended.wait(0.02):
        connection.sendall(b"x: y\r\n")


def drip_body(connection: socket.socket, ended: threading.Event) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n")
    while not ended.wait(0.02):
        connection.sendall(b" ")


def never_answer(connection: socket.socket, ended: threading.Event) -> None:
    ended.wait(20)


@pytest.mark.parametrize("behave", [drip_headers, drip_body, never_answer])
def test_jwt_18_an_issuer_that_drips_is_given_up_in_time(
    make_auth: Any, slow: Any, monkeypatch: pytest.MonkeyPatch, behave: Any
) -> None:
    monkeypatch.setattr(key_fetch, "FETCH_SECONDS", 0.3)
    monkeypatch.setattr(key_source, "FETCH_SECONDS", 0.3)
    app = FastAPI()
    url = slow(behave)
    make_auth(url).install(app)

    @app.get("/me")
    async def me(user: CurrentUser) -> str:
        return user.id

    with_token = {"Authorization": f"Bearer {token(url)}"}
    assert TestClient(app).get("/me", headers=with_token).status_code == 503


@pytest.fixture
def certificate(tmp_path: Any) -> tuple[str, str]:
    """A certificate for localhost that nobody trusts yet, and its key."""
    import datetime

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization

    private = key("tls").private
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    day = datetime.timedelta(days=1)
    now = datetime.datetime.now(datetime.timezone.utc)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private.public_key())
        .serial_number(1)
        .not_valid_before(now - day)
        .not_valid_after(now + day)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(private, hashes.SHA256())
    )
    files = tmp_path / "cert.pem", tmp_path / "key.pem"
    files[0].write_bytes(made.public_bytes(serialization.Encoding.PEM))
    files[1].write_bytes(
        private.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    return str(files[0]), str(files[1])


def test_jwt_18_a_certificate_must_be_trusted_and_be_the_hosts(
    make_auth: Any, issuer: Issuer, certificate: tuple[str, str], monkeypatch: pytest.MonkeyPatch, clock: Clock
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    issuer.server.socket = context.wrap_socket(issuer.server.socket, server_side=True, do_handshake_on_connect=False)
    port = issuer.server.server_port

    for host, trusted, status in [("localhost", False, 503), ("localhost", True, 200), ("127.0.0.1", True, 503)]:
        with monkeypatch.context() as environment:
            if trusted:
                environment.setenv("SSL_CERT_FILE", certificate[0])
            issuer.url = f"https://{host}:{port}"
            app = FastAPI()
            make_auth(issuer.url).install(app)

            @app.get("/me")
            async def me(user: CurrentUser) -> str:
                return user.id

            assert TestClient(app).get("/me", headers=issuer.bearer()).status_code == status


def test_no_proxy_of_the_environment_is_asked_for_keys(
    me: FastAPI, client: TestClient, issuer: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ["http_proxy", "HTTP_PROXY", "https_proxy", "all_proxy"]:
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    assert client.get("/me", headers=issuer.bearer()).status_code == 200
