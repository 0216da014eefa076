"""How keys are fetched, kept and given up. JWT-17, JWT-18, JWT-19, JWT-25."""

import asyncio
import json
import logging
import socket
import ssl
import threading
from collections.abc import Iterator
from typing import Any

import anyio
import pytest
from conftest import NOW, Answer, Clock, Issuer, key, token
from fastapi import FastAPI
from fastapi.testclient import TestClient

from gatepost import GatepostError, IssuerMismatch, IssuerUnreachable
from gatepost import _key_fetch as key_fetch
from gatepost import _key_source as key_source
from gatepost.fastapi import CurrentUser, Gatepost, OptionalUser

DISCOVERY = "/.well-known/openid-configuration"


@pytest.fixture
def me(app: FastAPI) -> FastAPI:
    @app.get("/me")
    async def me(user: CurrentUser) -> str:
        return user.id

    @app.get("/maybe")
    async def maybe(user: OptionalUser) -> str:
        return user.id if user else "-"

    @app.get("/open")
    async def open_route() -> str:
        return "open"

    return app


def landed(auth: Gatepost) -> None:
    """Waits for fetches that run beside the requests."""
    for source in auth.sources():
        flight = source._flight
        if flight is not None:
            asyncio.run(flight.landed())


def test_keys_are_fetched_with_the_first_token_and_not_before(me: FastAPI, client: TestClient, issuer: Issuer) -> None:
    assert client.get("/me").status_code == 401
    assert client.get("/me", headers={"Authorization": "Bearer nonsense"}).status_code == 401
    assert issuer.asked == []
    assert client.get("/me", headers=issuer.bearer()).status_code == 200
    assert client.get("/me", headers=issuer.bearer(jti="2")).status_code == 200
    assert issuer.asked == [DISCOVERY, "/keys"]


def test_keys_are_fetched_at_the_start_where_the_server_has_one(me: FastAPI, client: TestClient, issuer: Issuer) -> None:
    with client:
        assert issuer.asked == [DISCOVERY, "/keys"]
        assert client.get("/me", headers=issuer.bearer()).status_code == 200
    assert issuer.asked == [DISCOVERY, "/keys"]


def test_a_start_does_not_need_the_issuer(make_auth: Any) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # Bound and not listening: connections are refused.
        app = FastAPI()
        make_auth(f"http://127.0.0.1:{taken.getsockname()[1]}").install(app)
        with TestClient(app) as client:
            assert client.get("/docs").status_code == 200


def test_the_start_fails_if_another_issuer_answers(make_auth: Any, issuer: Issuer) -> None:
    issuer.discovery = {"issuer": "https://auth.example.com"}
    app = FastAPI()
    make_auth().install(app)
    with pytest.raises(IssuerMismatch, match="write Gatepost\\('https://auth.example.com', ...\\)"):
        with TestClient(app):
            raise AssertionError("it started")


@pytest.mark.parametrize(
    "named", ["{}/", "{}x", "https://auth.example.com", None, 1, ["{}"]], ids=["slash", "longer", "other", "none", "number", "list"]
)
def test_discovery_must_name_the_issuer_exactly(me: FastAPI, client: TestClient, issuer: Issuer, named: Any) -> None:
    issuer.discovery = {"issuer": named.format(issuer.url) if isinstance(named, str) else named}
    assert client.get("/me", headers=issuer.bearer()).status_code == 503
    assert issuer.key_fetches == 0


def test_while_keys_were_never_fetched_the_answer_is_503_and_when_to_come_back(
    me: FastAPI, client: TestClient, issuer: Issuer, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    issuer.answers["/keys"] = Answer(status=500)
    for path in ["/me", "/maybe"]:
        refused = client.get(path, headers=issuer.bearer())
        assert (refused.status_code, refused.json()["code"]) == (503, "issuer_unavailable")
        assert refused.headers["retry-after"] == "30"
        assert "www-authenticate" not in refused.headers
    assert client.get("/open").status_code == 200
    assert client.get("/maybe").json() == "-"
    assert issuer.key_fetches == 1
    assert f"{issuer.url}/keys answers 500" in caplog.text
    clock.advance(10)
    assert client.get("/me", headers=issuer.bearer()).headers["retry-after"] == "20"
    del issuer.answers["/keys"]
    clock.advance(20)
    assert client.get("/me", headers=issuer.bearer()).status_code == 200


def test_jwt_17_a_flood_of_tokens_with_random_keys_causes_one_fetch(
    me: FastAPI, client: TestClient, issuer: Issuer, clock: Clock
) -> None:
    assert client.get("/me", headers=issuer.bearer()).status_code == 200
    clock.advance(31)
    good = issuer.token()
    head, body, signature = good.split(".")
    from conftest import b64

    before = issuer.key_fetches
    for number in range(300):
        forged = b64(json.dumps({"alg": "ES256", "typ": "at+jwt", "kid": f"k{number}"}).encode())
        refused = client.get("/me", headers={"Authorization": f"Bearer {forged}.{body}.{signature}"})
        assert refused.status_code == 401
    print(f"fetches for 300 tokens: {issuer.key_fetches - before}")
    assert issuer.key_fetches - before == 1
    assert client.get("/me", headers={"Authorization": f"Bearer {good}"}).status_code == 200


def test_jwt_19_a_new_key_is_fetched_when_a_token_names_it(
    me: FastAPI, client: TestClient, issuer: Issuer, clock: Clock
) -> None:
    assert client.get("/me", headers=issuer.bearer()).status_code == 200
    issuer.keys.append(key("es-2"))
    clock.advance(30)
    for by in [key("es-2"), key("es-1"), key("es-2")]:
        assert client.get("/me", headers=issuer.bearer(by=by, now=clock.now)).status_code == 200
    assert issuer.asked == [DISCOVERY, "/keys", "/keys"]


def test_jwt_19_a_key_that_is_withdrawn_stops_with_the_next_fetch(
    me: FastAPI, client: TestClient, issuer: Issuer, clock: Clock, auth: Gatepost
) -> None:
    bearer = issuer.bearer(exp=NOW + 5000)
    assert client.get("/me", headers=bearer).status_code == 200
    issuer.keys[:] = [key("es-2")]
    clock.advance(600)
    # Answered with the keys at hand, while the new ones are fetched beside it.
    assert client.get("/me", headers=bearer).status_code == 200
    landed(auth)
    assert client.get("/me", headers=bearer).status_code == 401
    assert client.get("/me", headers=issuer.bearer(by=key("es-2"), now=clock.now)).status_code == 200


def test_stale_keys_serve_while_they_are_fetched_again(
    me: FastAPI, client: TestClient, issuer: Issuer, clock: Clock, auth: Gatepost
) -> None:
    assert client.get("/me", headers=issuer.bearer()).status_code == 200
    clock.advance(600)
    release = threading.Event()
    issuer.answers["/keys"] = Answer(stall=release, status=500)
    for _ in range(5):
        assert client.get("/me", headers=issuer.bearer(now=clock.now)).status_code == 200
    release.set()
    landed(auth)
    assert issuer.key_fetches == 2
    # The fetch failed: the last good keys stay, and it is tried again after the cooldown.
    assert client.get("/me", headers=issuer.bearer(now=clock.now)).status_code == 200
    clock.advance(31)
    del issuer.answers["/keys"]
    assert client.get("/me", headers=issuer.bearer(now=clock.now)).status_code == 200
    landed(auth)
    assert issuer.key_fetches == 3


def test_keys_that_could_not_be_fetched_again_for_a_day_are_given_up(
    me: FastAPI, client: TestClient, issuer: Issuer, clock: Clock, auth: Gatepost
) -> None:
    bearer = issuer.bearer(exp=NOW + 200_000)
    assert client.get("/me", headers=bearer).status_code == 200
    issuer.answers["/keys"] = Answer(status=500)
    clock.advance(24 * 3600)
    assert client.get("/me", headers=bearer).status_code == 200
    landed(auth)
    clock.advance(31)
    refused = client.get("/me", headers=bearer)
    assert (refused.status_code, refused.json()["code"]) == (503, "issuer_unavailable")
    del issuer.answers["/keys"]
    clock.advance(31)
    assert client.get("/me", headers=bearer).status_code == 200


def test_jwt_25_a_clock_that_is_set_back_stops_nothing(
    me: FastAPI, client: TestClient, issuer: Issuer, clock: Clock, auth: Gatepost
) -> None:
    assert client.get("/me", headers=issuer.bearer()).status_code == 200
    clock.advance(-86400)
    assert client.get("/me", headers=issuer.bearer(now=clock.now)).status_code == 200
    issuer.keys.append(key("es-2"))
    assert client.get("/me", headers=issuer.bearer(by=key("es-2"), now=clock.now)).status_code == 200


def broken_set(*keys: Any) -> bytes:
    return json.dumps({"keys": list(keys)}).encode()


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
        Answer(broken_set(*[{**key().jwk, "kid": f"k{n}"} for n in range(10_000)])[: 1024 * 1024]),
        Answer(broken_set(key().jwk, key().jwk)),
        Answer(broken_set({**key().jwk, "d": "AAAA"})),
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
    issuer.answers["/moved"] = Answer(broken_set(key().jwk))
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


async def call(app: FastAPI, headers: dict[str, str], path: str = "/me") -> int:
    """One request on the running event loop."""
    statuses: list[int] = []

    async def receive() -> Any:
        return {"type": "http.request", "body": b""}

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            statuses.append(message["status"])

    await app(
        {
            "type": "http",
            "method": "GET",
            "path": path,
            "root_path": "",
            "query_string": b"",
            "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
        },
        receive,
        send,
    )
    return statuses[0]


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_many_first_requests_wait_for_one_fetch_and_the_event_loop_goes_on(
    me: FastAPI, issuer: Issuer, backend: str
) -> None:
    release = threading.Event()
    issuer.answers["/keys"] = Answer(broken_set(key().jwk), stall=release)
    statuses: list[int] = []

    async def work() -> None:
        async def one(number: int) -> None:
            statuses.append(await call(me, issuer.bearer(jti=str(number))))

        async with anyio.create_task_group() as tasks:
            for number in range(50):
                tasks.start_soon(one, number)
            # The keys are withheld until another request was served, so a blocked loop would never get here.
            await anyio.to_thread.run_sync(issuer.answers["/keys"].asked.wait, 10)
            assert await call(me, {}, "/open") == 200
            assert statuses == []
            release.set()

    anyio.run(work, backend=backend)
    assert statuses == [200] * 50
    assert issuer.key_fetches == 1


def test_a_request_that_is_given_up_leaves_the_fetch_to_the_others(me: FastAPI, issuer: Issuer) -> None:
    release = threading.Event()
    issuer.answers["/keys"] = Answer(broken_set(key().jwk), stall=release)

    async def work() -> int:
        first = asyncio.create_task(call(me, issuer.bearer()))
        second = asyncio.create_task(call(me, issuer.bearer()))
        await asyncio.to_thread(issuer.answers["/keys"].asked.wait, 10)
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)
        release.set()
        return await second

    assert asyncio.run(work()) == 200


def test_a_fetch_outlives_the_event_loop_that_began_it(me: FastAPI, issuer: Issuer, auth: Gatepost) -> None:
    release = threading.Event()
    issuer.answers["/keys"] = Answer(broken_set(key().jwk), stall=release)

    async def give_up() -> None:
        task = asyncio.create_task(call(me, issuer.bearer()))
        await asyncio.to_thread(issuer.answers["/keys"].asked.wait, 10)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    asyncio.run(give_up())
    release.set()
    landed(auth)
    assert asyncio.run(call(me, issuer.bearer())) == 200
    assert issuer.key_fetches == 1


def test_a_forked_worker_does_not_wait_for_its_parents_fetch(
    me: FastAPI, issuer: Issuer, auth: Gatepost, clock: Clock
) -> None:
    source = auth.sources()[0]
    assert auth._core.should_fetch(0, "never", NOW)
    source._flight = key_source.Flight()
    source._flight.process = -1
    # The parent's attempt counts for the cooldown; nobody waits for it.
    assert asyncio.run(call(me, issuer.bearer())) == 503
    clock.advance(31)
    assert asyncio.run(call(me, issuer.bearer())) == 200


def test_a_defect_in_the_fetch_leaves_nobody_waiting(
    me: FastAPI, issuer: Issuer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(self: Any) -> Any:
        raise ZeroDivisionError

    monkeypatch.setattr(key_fetch.Fetch, "discover", broken)
    assert asyncio.run(call(me, issuer.bearer())) == 503
    assert any(record.levelno == logging.ERROR for record in caplog.records)


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


def test_a_program_that_must_not_start_without_keys_can_ask_for_them(
    make_auth: Any, issuer: Issuer, caplog: pytest.LogCaptureFixture
) -> None:
    asyncio.run(make_auth().ready())
    assert issuer.key_fetches == 1
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # Bound and not listening: connections are refused.
        auth = make_auth([issuer.url, f"http://127.0.0.1:{taken.getsockname()[1]}"])
        with pytest.raises(IssuerUnreachable, match="cannot be fetched: ConnectionRefusedError"):
            asyncio.run(auth.ready())
        with pytest.raises(IssuerUnreachable, match="ask again in 30 s"):
            asyncio.run(auth.ready())
    assert "cannot be fetched: ConnectionRefusedError" in caplog.text
    assert issubclass(IssuerUnreachable, GatepostError)
