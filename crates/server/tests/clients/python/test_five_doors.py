"""One server, five realms, and the applications of the five documents at once, each unchanged but for addresses, ids and secrets.

The documents are no part of this repository: they are read from the folder `GATEPOST_SEEDS`, or `shared/seeds` beside it. Two of them
are applications that sign people in (Zalt, Scalekit), one is an API that verifies tokens (Better Auth), and two are servers of their own
(the runbook, module 04), whose clients are what has to go on working: of the runbook, the tests that the document has for it.
"""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import jwt
import pytest
import requests
import test_scalekit_application as scalekit
import test_seed_zalt as zalt
from browser import Browser
from test_scalekit_application import REPOSITORY, SEEDS

sys.path.append(str(REPOSITORY / "examples/notes-http-tests"))

from processes import Program  # noqa: E402

PASSWORD = "the engine weaves algebra"
REALMS = f"""
[[realm]]
name = "zalt"
profile = "zalt"
[[realm.role]]
name = "admin"
[[realm.user]]
email = "root@example.com"
password = "{PASSWORD}"
roles = ["admin"]

[[realm]]
name = "runbook"
profile = "runbook"

[[realm]]
name = "better"
session_idle_ttl = "7d"

[[realm]]
name = "module04"
profile = "module04"
cookie_domain = "example.com"
[[realm.role]]
name = "editor"
permissions = ["posts:read", "posts:write"]
[[realm.role]]
name = "admin"
inherits = ["editor"]
[[realm.user]]
email = "ada@example.com"
password = "{PASSWORD}"
roles = ["editor"]
[[realm.user]]
email = "root@example.com"
password = "{PASSWORD}"
roles = ["admin"]
"""


@dataclass
class World:
    server: str
    folder: Path
    scalekit: str


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    if not SEEDS.is_dir():
        pytest.skip(f"there are no documents in {SEEDS}; GATEPOST_SEEDS says where they are")
    folder = tmp_path_factory.mktemp("five")
    listening = socket.create_server(("127.0.0.1", 0))
    app = scalekit.address(listening)
    fifth = scalekit.REALM.format(secret=scalekit.SECRET, app=app)
    fifth = fifth.replace('name = "default"\ndefault = true', 'name = "scalekit"')
    (folder / "realms.toml").write_text(REALMS + fifth)
    data = ["--data-dir", str(folder / "data"), "--apply", str(folder / "realms.toml")]
    command = [program(), "serve", "--listen", "127.0.0.1:0", *data]
    server = Program(command, folder / "gatepost.log")
    try:
        (folder / "scalekit").mkdir()
        running = scalekit.application(folder / "scalekit", listening, f"{server.url}/r/scalekit")
        try:
            assert requests.get(f"{app}/health", timeout=60).json() == {"status": "healthy"}
            yield World(server.url, folder, app)
        finally:
            running.terminate()
            running.wait(20)
    finally:
        server.stop()
        listening.close()


def program() -> str:
    binary = os.environ.get("GATEPOST_BIN")
    assert binary, "run scripts/test-clients, which says where the program is"
    return binary


def of_zalt(world: World) -> None:
    """Registers, signs in, sets up a second factor and signs in with it, refreshes, meets a role, signs out."""
    server = f"{world.server}/r/zalt"
    process, app = zalt.application(world.folder / "zalt", server, "zalt")
    try:
        zalt.wait_for(f"{app}/health", process)
        ada = {"email": "ada@example.com", "password": PASSWORD, "first_name": "Ada", "last_name": "Lovelace"}
        assert zalt.post(f"{app}/auth/register", ada).status_code == 200
        held = zalt.sign_in(app, "ada@example.com")
        bearer = zalt.bearer(held["access_token"])
        secret = zalt.post(f"{server}/v1/auth/mfa/setup", {"method": "totp"}, headers=bearer).json()["secret"]
        code = {"code": zalt.totp(secret)}
        assert zalt.post(f"{server}/v1/auth/mfa/verify", code, headers=bearer).status_code == 200
        asked = zalt.post(f"{app}/auth/login", {"email": "ada@example.com", "password": PASSWORD}).json()
        half = {"mfa_session_id": asked["mfa_session_id"], "code": zalt.totp(secret, 1)}
        held = zalt.cookies(zalt.post(f"{app}/auth/mfa/verify", half))
        held = zalt.cookies(zalt.post(f"{app}/auth/refresh", cookies={"refresh_token": held["refresh_token"]}))
        root = zalt.sign_in(app, "root@example.com")
        for who, status in ((held, 403), (root, 200)):
            answer = requests.get(f"{app}/api/admin/users", headers=zalt.bearer(who["access_token"]), timeout=20)
            assert answer.status_code == status, answer.text
        signed_out = zalt.post(f"{server}/logout", headers=zalt.bearer(held["access_token"]))
        assert signed_out.status_code == 200
        refused = zalt.post(f"{app}/auth/refresh", cookies={"refresh_token": held["refresh_token"]})
        assert refused.status_code == 401
    finally:
        process.terminate()
        process.wait(10)


def of_scalekit(world: World) -> None:
    """Signs in at the pages of the realm, is known by cookies, meets a role, refreshes by itself, signs out at both."""
    server = f"{world.server}/r/scalekit"
    seen = scalekit.World(world.scalekit, server)
    browser = Browser([seen.app, world.server])
    page = browser.sign_in(f"{seen.app}/auth/login", *scalekit.ADA)
    assert (page.url, page.status) == (f"{seen.app}/dashboard", 200), page
    me = json.loads(scalekit.get(browser, seen, "/api/me").html)
    assert me["claims"]["email"] == scalekit.ADA[0] and me["claims"]["iss"] == server
    assert scalekit.get(browser, seen, "/api/admin").status == 403
    held = scalekit.cookies(browser)
    before = held["refreshToken"]
    held["accessToken"] = held["accessToken"][:-4] + "AAAA"
    assert scalekit.get(browser, seen, "/api/profile").status == 200
    after = dict(scalekit.cookies(browser))
    assert after["refreshToken"] != before
    chief = Browser([seen.app, world.server])
    chief.sign_in(f"{seen.app}/auth/login", *scalekit.GRACE)
    assert scalekit.get(chief, seen, "/api/admin").status == 200
    page = scalekit.get(browser, seen, "/auth/logout")
    assert "You are not logged in" in page.html
    copied = {"accessToken": "garbage", "refreshToken": after["refreshToken"]}
    assert requests.get(f"{seen.app}/api/me", cookies=copied, timeout=20).status_code == 401


def of_the_runbook(world: World) -> None:
    """The tests that the document has for it, whose client asks the realm."""
    server = f"{world.server}/r/runbook"
    blocks = re.findall(r"```python\n(.*?)```", next(SEEDS.glob("002_*.txt")).read_text(), re.S)
    source = next(block for block in blocks if "def test_register_and_login" in block)
    source = re.sub(r"^from .* import (TestClient|app)$", "", source, flags=re.M)

    class Client:
        def __init__(self, _app: object) -> None:
            pass

        def get(self, path: str, **more: object) -> requests.Response:
            return requests.get(server + path, timeout=20, **more)

        def post(self, path: str, **more: object) -> requests.Response:
            return requests.post(server + path, timeout=20, **more)

    tests: dict[str, object] = {"TestClient": Client, "app": None}
    exec(compile(source, "test_runbook.py", "exec"), tests)
    ran = [name for name in tests if name.startswith("test_")]
    for name in ran:
        test = tests[name]
        assert isinstance(test, Callable)
        test()
    assert ran == ["test_register_and_login", "test_unauthorized", "test_admin_required"]
    client = Client(None)
    pair = client.post("/token", data={"username": "testuser", "password": "testpass123"}).json()
    fresh = client.post("/token/refresh", params={"refresh_token": pair["refresh_token"]})
    assert fresh.status_code == 200 and set(fresh.json()) == {"access_token", "refresh_token", "token_type"}
    headers = {"Authorization": f"Bearer {fresh.json()['access_token']}"}
    assert client.get("/users/me", headers=headers).json()["email"] == "test@example.com"


# What the document's routes take from its other parts, which it does not show.
TODOS = """
from src.middleware.auth import get_current_user_payload


class Todo:
    user_id = ""


class Nothing:
    def query(self, _of):
        return self

    def filter(self, _by):
        return self

    def all(self):
        return []


db = Nothing()
"""


def of_better_auth(world: World) -> None:
    """Signs up with a cookie; the API of the document takes the token of the session, and none of another's; signs out."""
    server = f"{world.server}/r/better"
    text = next(SEEDS.glob("003_*.txt")).read_text()
    blocks = re.findall(r"```python\n(.*?)```", text, re.S)

    def block(part: str) -> str:
        return next(block for block in blocks if part in block)

    shown = next(block for block in blocks if block.startswith('@router.get("/profile")'))
    todos = TODOS + block("router = APIRouter()") + shown
    files = {
        "src/config.py": block("class Settings(BaseSettings)"),
        "src/auth/jwt_handler.py": block("def verify_jwt("),
        "src/middleware/auth.py": block("security = HTTPBearer()"),
        "src/routes/todos.py": todos,
        "src/main.py": block("app.include_router(todos.router"),
    }
    folder = world.folder / "better"
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).parent.joinpath("__init__.py").touch()
        (folder / name).write_text(content)
    port = zalt.free_port()
    env = {name: server for name in ("BETTER_AUTH_URL", "JWT_AUDIENCE", "JWT_ISSUER")}
    command = [sys.executable, "-m", "uvicorn", "src.main:app", "--port", str(port), "--log-level", "warning"]
    api = f"http://127.0.0.1:{port}/api"
    process = subprocess.Popen(command, cwd=folder, env={**os.environ, **env})
    try:
        zalt.wait_for(f"http://127.0.0.1:{port}/openapi.json", process)
        browser = requests.Session()
        body = {"name": "Ada", "email": "ada@example.com", "password": PASSWORD}
        signed_up = browser.post(f"{server}/api/auth/sign-up/email", json=body, timeout=20)
        assert signed_up.status_code == 200, signed_up.text
        assert "better-auth.session_token" in browser.cookies
        token = browser.get(f"{server}/api/auth/token", timeout=20).json()["token"]

        def profile(token: str) -> requests.Response:
            return requests.get(f"{api}/profile", headers={"Authorization": f"Bearer {token}"}, timeout=20)

        answer = profile(token)
        user = signed_up.json()["user"]["id"]
        assert answer.json() == {"user_id": user, "email": "ada@example.com", "name": "Ada"}
        headers = {"Authorization": f"Bearer {token}"}
        assert requests.get(f"{api}/todos", headers=headers, timeout=20).json() == {"user_id": user, "todos": []}
        # Without a token: 403 up to FastAPI 0.121, 401 since.
        assert requests.get(f"{api}/todos", timeout=20).status_code in (401, 403)
        login = {"email": body["email"], "password": PASSWORD}
        another = requests.post(f"{server}/api/v1/login", json=login, timeout=20)
        assert profile(another.json()["access_token"]).status_code == 401, "a token for our own API is none for this one"
        origin = {"Origin": world.server}
        assert browser.post(f"{server}/api/auth/sign-out", json={}, headers=origin, timeout=20).json() == {"success": True}
        assert browser.get(f"{server}/api/auth/token", timeout=20).status_code == 401
    finally:
        process.terminate()
        process.wait(10)


def of_module_04(world: World) -> None:
    """Scopes as far as the user may have them, administration, the cookie, and a refresh token that was used twice."""
    server = f"{world.server}/r/module04"

    def form(path: str, email: str, scope: str) -> requests.Response:
        data = {"username": email, "password": PASSWORD, "scope": scope}
        return requests.post(f"{server}{path}", data=data, timeout=20)

    def get(path: str, token: str) -> requests.Response:
        return requests.get(f"{server}{path}", headers={"Authorization": f"Bearer {token}"}, timeout=20)

    ada = form("/auth/token", "ada@example.com", "posts:read admin").json()
    root = form("/auth/token", "root@example.com", "posts:read admin").json()

    def scopes(pair: dict[str, str]) -> list[str]:
        found = jwt.decode(pair["access_token"], options={"verify_signature": False})["scopes"]
        assert isinstance(found, list)
        return found

    assert (scopes(ada), scopes(root)) == (["posts:read"], ["posts:read", "admin"])
    assert get("/users/me", ada["access_token"]).json()["email"] == "ada@example.com"
    refused = get("/admin/users", ada["access_token"])
    assert (refused.status_code, refused.json()) == (403, {"detail": "Missing scope: admin"})
    assert len(get("/admin/users", root["access_token"]).json()) == 2
    cookie = form("/auth/login", "ada@example.com", "")
    assert cookie.json() == {"message": "Login successful"}
    assert "Domain=example.com" in cookie.headers["set-cookie"] and "HttpOnly" in cookie.headers["set-cookie"]

    def refresh(token: str) -> requests.Response:
        return requests.post(f"{server}/auth/token/refresh", params={"refresh_token": token}, timeout=20)

    second = refresh(ada["refresh_token"]).json()
    third = refresh(second["refresh_token"])
    assert third.status_code == 200 and scopes(third.json()) == ["posts:read"]
    reused = refresh(ada["refresh_token"])
    assert (reused.status_code, reused.json()) == (401, {"detail": "Token revoked"})
    assert refresh(third.json()["refresh_token"]).status_code == 401


def test_one_server_serves_the_five_applications_at_once(world: World) -> None:
    applications = (of_zalt, of_scalekit, of_the_runbook, of_better_auth, of_module_04)
    together = threading.Barrier(len(applications))

    def run(application: Callable[[World], None]) -> str:
        together.wait(60)
        application(world)
        return application.__name__

    with ThreadPoolExecutor(len(applications)) as threads:
        done = [running.result() for running in [threads.submit(run, one) for one in applications]]
    assert done == [application.__name__ for application in applications]


def test_a_token_of_one_realm_is_none_in_another(world: World) -> None:
    server, body = world.server, {"username": "root@example.com", "password": PASSWORD}
    module = requests.post(f"{server}/r/module04/auth/token", data=body, timeout=20).json()
    login = {"email": "root@example.com", "password": PASSWORD}
    tokens = zalt.post(f"{server}/r/zalt/login", login).json()["tokens"]
    doors = {"zalt": "/me", "runbook": "/users/me", "module04": "/users/me", "better": "/api/v1/me"}
    for realm, path in doors.items():
        for home, token in (("module04", module["access_token"]), ("zalt", tokens["access_token"])):
            answer = requests.get(f"{server}/r/{realm}{path}", headers=zalt.bearer(token), timeout=20)
            assert answer.status_code == (200 if realm == home else 401), (realm, home, answer.text)
