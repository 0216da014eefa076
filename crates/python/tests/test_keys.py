"""How keys are fetched, kept and given up. JWT-17, JWT-19, JWT-25."""

import asyncio
import json
import logging
import socket
import threading
from typing import Any

import anyio
import pytest
from conftest import NOW, Answer, Clock, Issuer, b64, call, key, key_set, landed
from fastapi import FastAPI
from fastapi.testclient import TestClient

from gatepost import GatepostError, IssuerMismatch, IssuerUnreachable
from gatepost import _key_fetch as key_fetch
from gatepost import _key_source as key_source
from gatepost.fastapi import Gatepost

DISCOVERY = "/.well-known/openid-configuration"


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
    _, body, signature = good.split(".")
    before = issuer.key_fetches

    async def flood() -> set[int]:
        statuses = set()
        for number in range(10_000):
            forged = b64(json.dumps({"alg": "ES256", "typ": "at+jwt", "kid": f"k{number}"}).encode())
            statuses.add(await call(me, {"Authorization": f"Bearer {forged}.{body}.{signature}"}))
        return statuses

    assert asyncio.run(flood()) == {401}
    fetches = issuer.key_fetches - before
    print(f"fetches for 10,000 tokens: {fetches}")
    assert fetches == 1
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


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_many_first_requests_wait_for_one_fetch_and_the_event_loop_goes_on(
    me: FastAPI, issuer: Issuer, backend: str
) -> None:
    release = threading.Event()
    issuer.answers["/keys"] = Answer(key_set(key().jwk), stall=release)
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
    issuer.answers["/keys"] = Answer(key_set(key().jwk), stall=release)

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
    issuer.answers["/keys"] = Answer(key_set(key().jwk), stall=release)

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
