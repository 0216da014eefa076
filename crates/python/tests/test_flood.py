"""Who floods an instance with what must be exchanged keeps out nobody whose credential is in use."""

import asyncio
import hashlib
import json
import threading
from collections.abc import Awaitable, Callable, Iterator
from typing import TypeVar

import pytest
from conftest import Answer, Clock, Issuer, call
from fastapi import FastAPI

from gatepost import _exchange as exchange
from gatepost import _key_fetch as key_fetch
from gatepost.fastapi import CurrentMember, CurrentUser, Gatepost

T = TypeVar("T")

FLOOD = 600
"""More than may wait in a lane."""


def made_up(number: int) -> str:
    """A key that nobody was given, with the right checksum."""
    body = number.to_bytes(36, "big")
    bits = int.from_bytes(body + hashlib.sha256(body).digest()[:4], "big")
    return "gp_key_" + "".join("0123456789abcdefghjkmnpqrstvwxyz"[bits >> 5 * at & 31] for at in reversed(range(64)))


KEY, OTHER = made_up(FLOOD), made_up(FLOOD + 1)


@pytest.fixture
def auth(issuer: Issuer, make_auth: Callable[..., Gatepost], monkeypatch: pytest.MonkeyPatch) -> Gatepost:
    for module in (exchange, key_fetch):
        monkeypatch.setattr(module, "FETCH_SECONDS", 60)
    issuer.exchanges()
    return make_auth(api_keys=True)


@pytest.fixture
def app(auth: Gatepost) -> FastAPI:
    app = FastAPI()
    auth.install(app)

    @app.get("/me")
    async def me(user: CurrentUser) -> None: ...

    @app.get("/member")
    async def member(member: CurrentMember) -> None: ...

    return app


@pytest.fixture
def stall(issuer: Issuer) -> Iterator[threading.Event]:
    """Until it is set, exchanges that were asked for meanwhile wait for their answer."""
    event = threading.Event()
    yield event
    event.set()


def of_key(app: FastAPI, key: str) -> Awaitable[int]:
    return call(app, {"X-API-Key": key})


def as_member(app: FastAPI, issuer: Issuer, user: str, organization: str) -> Awaitable[int]:
    return call(app, {**issuer.bearer(sub=user), "X-Organization-ID": organization}, "/member")


def grant_keys(issuer: Issuer, clock: Clock) -> None:
    issuer.grant(issuer.token(api_key="key_1", now=clock.now))


async def flooded(
    issuer: Issuer,
    stall: threading.Event,
    asking: list[Awaitable[int]],
    then: Callable[[], Awaitable[T]],
    at_once: int = 16,
) -> T:
    """What comes of `then` while the places of a lane are all taken."""
    issuer.answers["/oauth/token"] = Answer(json.dumps({"error": "invalid_request"}).encode(), 400, stall=stall)
    before = issuer.asked.count("/oauth/token")
    crowd = [asyncio.ensure_future(each) for each in asking]
    done, waiting = await asyncio.wait(crowd, return_when=asyncio.FIRST_COMPLETED)
    assert {each.result() for each in done} == {503}
    while issuer.asked.count("/oauth/token") < before + at_once:
        await asyncio.sleep(0)
    outcome = await then()
    stall.set()
    await asyncio.gather(*waiting)
    return outcome


def test_a_flood_of_made_up_keys_keeps_out_no_key_in_use(
    app: FastAPI, issuer: Issuer, clock: Clock, stall: threading.Event
) -> None:
    async def then() -> tuple[int, int]:
        grant_keys(issuer, clock)
        return await of_key(app, OTHER), await of_key(app, KEY)

    async def run() -> tuple[int, int]:
        grant_keys(issuer, clock)
        assert await of_key(app, KEY) == 200
        clock.advance(3600)
        return await flooded(issuer, stall, [of_key(app, made_up(number)) for number in range(FLOOD)], then)

    # Nothing tells the other from the made-up ones. The one in use has a token that is over, and is exchanged beside them.
    assert asyncio.run(run()) == (503, 200)


def test_a_flood_of_made_up_keys_keeps_out_no_member_of_an_organization(
    app: FastAPI, issuer: Issuer, stall: threading.Event
) -> None:
    async def then() -> int:
        issuer.grant(issuer.token(org_id="org_globex"))
        return await as_member(app, issuer, "usr_ada", "org_globex")

    flood = [of_key(app, made_up(number)) for number in range(FLOOD)]
    assert asyncio.run(flooded(issuer, stall, flood, then)) == 200


def test_a_key_that_was_refused_since_it_was_good_waits_with_the_unknown_ones(
    app: FastAPI, issuer: Issuer, clock: Clock, stall: threading.Event
) -> None:
    async def run() -> int:
        grant_keys(issuer, clock)
        assert await of_key(app, KEY) == 200
        clock.advance(60)
        issuer.refuse()
        assert await of_key(app, KEY) == 401
        clock.advance(60)
        flood = [of_key(app, made_up(number)) for number in range(FLOOD)]
        return await flooded(issuer, stall, flood, lambda: of_key(app, KEY))

    assert asyncio.run(run()) == 503


def test_a_user_who_names_organizations_without_end_keeps_out_no_other_user(
    app: FastAPI, issuer: Issuer, stall: threading.Event
) -> None:
    async def then() -> int:
        issuer.grant(issuer.token(org_id="org_globex"))
        return await as_member(app, issuer, "usr_ada", "org_globex")

    flood = [as_member(app, issuer, "usr_mallory", f"org_{number}") for number in range(FLOOD)]
    assert asyncio.run(flooded(issuer, stall, flood, then, at_once=8)) == 200
