"""CPU that a guard adds to a FastAPI request, against the same route open, in one run.

    $(scripts/python-env --bench) bench/python/guard_cpu.py [--quick]

One process, no network: the ASGI app is called as a server would call it, on uvloop where there is one. Forms alternate in
rounds and the best round of each counts, since a slower one is the neighbours'. The token is seen before, except in the rows
"first sight", where every request brings a new one. Exits with 1 if a bar is missed.
"""

import argparse
import asyncio
import gc
import json
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, Any

import fastapi
import jose.jwt
import jwt
import oxyjwt
import starlette
from fastapi import Depends, FastAPI, HTTPException
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from jose import jwk as jose_jwk
from pydantic import BaseModel

from gatepost.fastapi import AuthedRequest, CurrentUser, Gatepost, OptionalUser, User, claims, require

sys.path.insert(0, str(Path(__file__).parent))
from verify import AUDIENCE, ISSUER, NOW, Case, alone, case, raw  # noqa: E402

DEPENDENCY, MIDDLEWARE, FIRST_SIGHT = 14.0, 9.0, 1.3
HEADERS = [
    (b"host", b"notes.example.com"),
    (b"user-agent", b"Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"),
    (b"accept", b"application/json"),
    (b"accept-language", b"en-GB,en;q=0.5"),
    (b"accept-encoding", b"gzip, deflate, br"),
    (b"connection", b"keep-alive"),
]


class Plan(BaseModel):
    """Claims as an application may read them."""

    sub: str
    roles: list[str]


Call = Callable[[str], Awaitable[None]]


async def receive() -> Any:
    return {"type": "http.request", "body": b"", "more_body": False}


def caller(app: Any, path: str) -> Call:
    """Calls the app with a token, as a server does."""
    raw_path = path.encode()

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            assert message["status"] == 200, (path, message)

    async def call(token: str) -> None:
        headers = [*HEADERS, (b"authorization", b"Bearer " + token.encode())]
        await app(
            {
                "type": "http",
                "asgi": {"version": "3.0", "spec_version": "2.3"},
                "http_version": "1.1",
                "server": ("127.0.0.1", 8000),
                "client": ("127.0.0.1", 50000),
                "scheme": "http",
                "method": "GET",
                "root_path": "",
                "path": path,
                "raw_path": raw_path,
                "query_string": b"",
                "headers": headers,
                "state": {},
            },
            receive,
            send,
        )

    return call


def guarded(of: Case, **protection: Any) -> tuple[FastAPI, Gatepost]:
    app = FastAPI()
    auth = Gatepost(ISSUER, audience=AUDIENCE, algorithms=[of.algorithm])
    auth.install(app, **protection)
    load_keys(auth, of)
    return app, auth


def load_keys(auth: Gatepost, of: Case) -> None:
    """Puts the keys where a fetch would."""
    assert auth._core.should_fetch(0, "never", NOW)
    auth._core.fetched(0, int(time.time()), json.dumps({"keys": [of.jwk]}).encode())


Route = tuple[FastAPI, str]


def ours(of: Case) -> dict[str, Route]:
    """Every form of guard, by the name of its row."""
    app, _ = guarded(of)
    Admin = Annotated[User, require(role="admin")]
    Ruled = Annotated[User, require(any_role=["owner", "admin"], scope="notes:read", realm="acme")]

    @app.get("/installed")
    async def installed() -> str:
        return "x"

    @app.get("/user")
    async def user(user: CurrentUser) -> str:
        return "x"

    @app.get("/optional")
    async def optional(user: OptionalUser) -> str:
        return "x"

    @app.get("/policy")
    async def policy(user: Admin) -> str:
        return "x"

    @app.get("/rules")
    async def rules(user: Ruled) -> str:
        return "x"

    @app.get("/two", dependencies=[require(role="admin")])
    async def two(user: CurrentUser) -> str:
        return "x"

    @app.get("/model")
    async def model(mine: Annotated[Any, claims(Plan)]) -> str:
        return "x"

    closed, _ = guarded(of, protect=["/api"])

    @closed.get("/api/user")
    async def authed(request: AuthedRequest) -> str:
        assert request.user.id
        return "x"

    return {
        "Gatepost installed, open route": (app, "/installed"),
        "CurrentUser": (app, "/user"),
        "OptionalUser": (app, "/optional"),
        "require(role=)": (app, "/policy"),
        "require(any_role=, scope=, realm=)": (app, "/rules"),
        "require(role=) and CurrentUser": (app, "/two"),
        "claims(Model)": (app, "/model"),
        "protect= and AuthedRequest": (closed, "/api/user"),
    }


def peers(of: Case) -> dict[str, Route]:
    """The usual ways to guard a route with other libraries: HTTPBearer, and a decode in an async dependency."""
    app = FastAPI()
    bearer = HTTPBearer()
    pem = of.pem.decode()
    jose_key = jose_jwk.construct(pem, of.algorithm) if of.algorithm != "EdDSA" else None
    oxy_key = oxyjwt.DecodingKey.from_jwk(json.dumps(of.jwk))

    def guard(decode: Callable[[str], Any]) -> Any:
        async def current(found: Annotated[HTTPAuthorizationCredentials, Depends(bearer)]) -> Any:
            try:
                return decode(found.credentials)
            except Exception:
                raise HTTPException(401) from None

        return Depends(current)

    rules: dict[str, Any] = {"audience": AUDIENCE, "issuer": ISSUER}
    routes = {
        "PyJWT": guard(lambda token: jwt.decode(token, of.public, [of.algorithm], **rules)),
        "oxyjwt": guard(lambda token: oxyjwt.decode(token, oxy_key, [of.algorithm], **rules)),
    }
    if jose_key is not None:
        routes["python-jose"] = guard(lambda token: jose.jwt.decode(token, jose_key, [of.algorithm], **rules))
    for name, dependency in routes.items():

        async def run(user: Any = dependency) -> str:
            return "x"

        app.get(f"/{name}")(run)
    return {f"{name} with HTTPBearer": (app, f"/{name}") for name in routes}


def unguarded() -> Route:
    """An app that knows nothing of us."""
    plain = FastAPI()

    @plain.get("/open")
    async def open_route() -> str:
        return "x"

    return plain, "/open"


async def cost(call: Call, tokens: list[str]) -> float:
    """CPU microseconds a request."""
    await call(tokens[0])  # Brings the code of this form back into the caches.
    began = time.process_time_ns()
    for token in tokens:
        await call(token)
    return (time.process_time_ns() - began) / len(tokens) / 1000


async def main() -> int:
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--quick", action="store_true", help="fewer rounds: for a look, not for a record")
    quick = arguments.parse_args().quick
    # Short batches, and many: one that no neighbour interrupts is what is looked for.
    rounds, requests = (60, 40) if quick else (400, 40)
    algorithm = "EdDSA"
    of = case(algorithm, requests)
    forms = {name: caller(*route) for name, route in {"open": unguarded(), **ours(of), **peers(of)}.items()}
    seen = [of.tokens[0]] * requests
    best = dict.fromkeys(forms, float("inf"))
    alone()
    gc.collect()
    gc.disable()
    for _ in range(rounds):
        for name, call in forms.items():
            best[name] = min(best[name], await cost(call, seen))

    # Every request a token that the guard has not seen, the signature alone beside it.
    check = raw(of)
    first = {"raw": float("inf"), "CurrentUser": float("inf"), "protect= and AuthedRequest": float("inf")}
    for _ in range(rounds // 4):
        gc.collect()
        began = time.process_time()
        check()
        first["raw"] = min(first["raw"], (time.process_time() - began) / requests * 1e6)
        fresh = {name: caller(*route) for name, route in ours(of).items()}
        for name in ("CurrentUser", "protect= and AuthedRequest"):
            await cost(fresh[name], of.tokens[:1] * 20)  # The first requests of an app build its middleware.
            first[name] = min(first[name], await cost(fresh[name], of.tokens[1:]))

    base = best["open"]
    missed = 0
    print(f"FastAPI {fastapi.__version__}, Starlette {starlette.__version__}, {type(asyncio.get_running_loop()).__module__}")
    print(f"{'us CPU a request':<52} {'total':>8} {'added':>8} {'bar':>8}")
    print(f"{'open route':<52} {base:>8.1f}")
    bars = {
        "CurrentUser": DEPENDENCY,
        "OptionalUser": DEPENDENCY,
        "require(role=)": DEPENDENCY,
        "protect= and AuthedRequest": MIDDLEWARE,
    }
    for name, total in best.items():
        if name == "open":
            continue
        bar = bars.get(name)
        verdict = "" if bar is None else f"<= {bar:g}".rjust(8) + (" ok" if total - base <= bar else " MISSED")
        missed += bar is not None and total - base > bar
        print(f"{name:<52} {total:>8.1f} {total - base:>8.1f} {verdict}")
    print(f"{algorithm + ': raw signature check':<52} {first['raw']:>8.1f}")
    for name in ("CurrentUser", "protect= and AuthedRequest"):
        over = first[name] - best[name]
        good = over <= FIRST_SIGHT * first["raw"]
        missed += not good
        ratio = over / first["raw"]
        print(f"{name + ', first sight: beyond a token seen / raw':<52} {over:>8.1f} {ratio:>8.2f} {f'<= {FIRST_SIGHT}':>8} {'ok' if good else 'MISSED'}")
    return 1 if missed else 0


def run() -> int:
    try:
        import uvloop
    except ImportError:
        print("SKIPPED: uvloop, which is not installed; asyncio's own loop runs", file=sys.stderr)
        return asyncio.run(main())
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(main())


if __name__ == "__main__":
    sys.exit(run())
