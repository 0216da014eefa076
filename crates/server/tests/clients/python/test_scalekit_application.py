"""The application of the document that Gatepost was asked for with, unchanged but for addresses, id and secret: it runs on
`gatepost.compat`, signs people in, refreshes by itself, refuses a missing role, and signs out.

The document is no part of this repository. It is read from the folder `GATEPOST_SEEDS`, or `shared/seeds` beside the repository.
"""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests
from browser import Browser, Page

REPOSITORY = Path(__file__).resolve().parents[5]
sys.path.append(str(REPOSITORY / "examples/notes-http-tests"))

from processes import Program  # noqa: E402

SEEDS = Path(os.environ.get("GATEPOST_SEEDS", REPOSITORY.parent / "shared/seeds"))
SECRET = "test_the application of the document keeps it"
ADA, GRACE = ("ada@example.com", "the engine weaves algebra"), ("grace@example.com", "nanoseconds are this long")

REALM = """
[[realm]]
name = "default"
default = true
rate_limits = "off"
[[realm.role]]
name = "admin"
[[realm.client]]
id = "skc_12345"
name = "Scalekit Auth Demo"
secret = "{secret}"
redirect_uris = ["{app}/auth/callback"]
post_logout_redirect_uris = ["{app}"]
grants = ["authorization_code", "refresh_token", "client_credentials"]
scopes = ["openid", "profile", "email", "offline_access"]
token_format = "scalekit"
skip_consent = true
require_pkce = false
[[realm.user]]
email = "ada@example.com"
name = "Ada Lovelace"
password = "the engine weaves algebra"
email_verified = true
[[realm.user]]
email = "grace@example.com"
name = "Grace Hopper"
password = "nanoseconds are this long"
email_verified = true
roles = ["admin"]
"""


def document() -> str:
    found = sorted(SEEDS.glob("001_*.txt")) if SEEDS.is_dir() else []
    if not found:
        pytest.skip(f"there is no document 001 in {SEEDS}; GATEPOST_SEEDS says where it is")
    return found[0].read_text(errors="replace")


def assemble(folder: Path, settings: dict[str, str]) -> None:
    """Writes the files that the document shows, with these settings in its `.env`."""
    files = re.findall(r"^## File \d+: (\S+)\s+```\w*\n(.*?)^```", document(), re.M | re.S)
    names = [name for name, _ in files]
    assert {".env", "lib/scalekit.py", "middleware/auth.py", "app.py"} <= set(names), names
    for name, text in files:
        for variable, value in settings.items() if name == ".env" else ():
            text, count = re.subn(rf"^{variable}=.*$", f"{variable}={value}", text, flags=re.M)
            assert count == 1, variable
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    for package in ("lib", "middleware"):
        (folder / package / "__init__.py").touch()


@dataclass
class World:
    app: str
    server: str

    def browser(self) -> Browser:
        return Browser([self.app, self.server])

    def signed_in(self, who: tuple[str, str] = ADA) -> Browser:
        browser = self.browser()
        page = browser.sign_in(f"{self.app}/auth/login", *who)
        assert (page.url, page.status) == (f"{self.app}/dashboard", 200), page
        return browser


def cookies(browser: Browser) -> dict[str, str]:
    """Those of the application."""
    return browser._cookies["localhost"]


def get(browser: Browser, world: World, path: str) -> Page:
    return browser.go(f"{world.app}{path}")


def application(folder: Path, listening: socket.socket, environment: str) -> subprocess.Popen[bytes]:
    """The document's application on this socket, which signs its people in at `environment`."""
    app = address(listening)
    settings = {
        "SCALEKIT_ENVIRONMENT_URL": environment,
        "SCALEKIT_CLIENT_ID": "skc_12345",
        "SCALEKIT_CLIENT_SECRET": f"'{SECRET}'",
        "APP_URL": app,
        "CALLBACK_URL": f"{app}/auth/callback",
        "POST_LOGOUT_URL": app,
    }
    assemble(folder, settings)
    paths = os.pathsep.join([str(REPOSITORY / "crates/python/python"), os.environ.get("PYTHONPATH", "")])
    env = {**os.environ, "PYTHONPATH": paths, "PYTHONIOENCODING": "utf-8"}
    command = [sys.executable, "-m", "gatepost.compat", "--", "uvicorn", "app:app", "--log-level", "warning"]
    with (folder / "log").open("wb") as log:
        return subprocess.Popen(
            [*command, "--fd", str(listening.fileno())],
            cwd=folder, env=env, stdout=log, stderr=log, pass_fds=[listening.fileno()],
        )  # fmt: skip


def address(listening: socket.socket) -> str:
    return f"http://localhost:{listening.getsockname()[1]}"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    document()
    folder = tmp_path_factory.mktemp("application")
    listening = socket.create_server(("127.0.0.1", 0))
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    app = address(listening)
    # It is started before the server, which it asks nothing of until somebody comes.
    running = application(folder, listening, f"http://127.0.0.1:{port}")
    try:
        answer = requests.get(f"{app}/health", timeout=60)
        assert answer.json() == {"status": "healthy"}
        realm = folder / "realm.toml"
        realm.write_text(REALM.format(secret=SECRET, app=app))
        data = ["--data-dir", str(folder / "data"), "--apply", str(realm)]
        command = [os.environ["GATEPOST_BIN"], "serve", "--listen", f"127.0.0.1:{port}", *data]
        gatepost = Program(command, folder / "gatepost.log")
        try:
            yield World(app, gatepost.url)
        finally:
            gatepost.stop()
    finally:
        running.terminate()
        running.wait(20)
        listening.close()


def test_a_person_signs_in_and_is_known_in_cookies_and_claims(world: World) -> None:
    browser = world.browser()
    assert "You are not logged in" in get(browser, world, "/").html
    page = browser.go(f"{world.app}/auth/login")
    assert page.url.startswith(f"{world.server}/sign-in") and page.has("login-submit")
    page = browser.press(page, "login-submit", username=ADA[0], password=ADA[1])
    assert (page.url, page.status) == (f"{world.app}/dashboard", 200)
    assert ADA[0] in page.html and "usr_" in page.html
    set_by_app = {line.partition("=")[0]: line.lower() for line in browser.set_cookies}
    for name in ("accessToken", "refreshToken", "idToken"):
        assert "httponly" in set_by_app[name] and "samesite=strict" in set_by_app[name], set_by_app[name]
    assert "httponly" not in set_by_app["user"]
    assert f"Welcome, {ADA[0]}!" in get(browser, world, "/").html
    me = json.loads(get(browser, world, "/api/me").html)
    assert me["claims"]["email"] == ADA[0] and me["claims"]["email_verified"] is True
    assert me["claims"]["aud"] == ["skc_12345"] and me["claims"]["scope"].split() == me["claims"]["scopes"]
    assert get(browser, world, "/api/profile").status == 200


def test_garbage_in_the_cookie_signs_nobody_in(world: World) -> None:
    assert requests.get(f"{world.app}/api/me", timeout=20).status_code == 401
    for bad in ("garbage", "a.b.c", "False", cookies(world.signed_in())["idToken"]):
        answer = requests.get(f"{world.app}/api/me", cookies={"accessToken": bad}, timeout=20)
        assert (answer.status_code, answer.json()) == (401, {"error": "Session expired"}), bad
        answer = requests.get(f"{world.app}/api/me", cookies={"accessToken": bad, "refreshToken": "gp_rt_x"}, timeout=20)
        assert answer.status_code == 401, bad


def test_a_role_that_is_missing_is_refused_and_one_that_is_there_is_let_in(world: World) -> None:
    refused = get(world.signed_in(), world, "/api/admin")
    assert (refused.status, refused.html) == (403, '{"error":"Required role: admin"}')
    assert get(world.signed_in(GRACE), world, "/api/admin").status == 200


def test_the_application_refreshes_a_token_that_is_not_good_any_more(world: World) -> None:
    browser = world.signed_in()
    before = dict(cookies(browser))
    cookies(browser)["accessToken"] = before["accessToken"][:-4] + "AAAA"
    assert get(browser, world, "/api/profile").status == 200
    after = cookies(browser)
    assert after["accessToken"] not in (before["accessToken"], before["accessToken"][:-4] + "AAAA")
    assert after["refreshToken"] != before["refreshToken"]
    assert get(browser, world, "/dashboard").status == 200


def test_signing_out_ends_the_session_at_both(world: World) -> None:
    browser = world.signed_in()
    held = dict(cookies(browser))
    page = get(browser, world, "/auth/logout")
    assert page.url.rstrip("/") == world.app and "You are not logged in" in page.html
    assert not {"accessToken", "refreshToken", "idToken", "user"} & set(cookies(browser))
    assert browser.go(f"{world.server}/account/profile").has("login-submit")
    # Whoever copied the cookies goes on for no longer than the access token.
    copied = {"accessToken": "garbage", "refreshToken": held["refreshToken"]}
    assert requests.get(f"{world.app}/api/me", cookies=copied, timeout=20).status_code == 401


def test_signing_out_once_the_id_token_has_gone_asks_and_comes_back(world: World) -> None:
    browser = world.signed_in()
    del cookies(browser)["idToken"]
    page = get(browser, world, "/auth/logout")
    assert page.url.startswith(f"{world.server}/oidc/logout") and page.has("logout-confirm")
    page = browser.press(page, "logout-confirm")
    assert page.url.rstrip("/") == world.app and "You are not logged in" in page.html


def test_a_code_that_is_none_and_a_refusal_come_back_to_the_first_page(world: World) -> None:
    browser = world.browser()
    assert get(browser, world, "/auth/callback?code=garbage").url == f"{world.app}/?error=Authentication%20failed"
    assert get(browser, world, "/auth/callback?error=access_denied").url == f"{world.app}/?error=access_denied"
    assert get(browser, world, "/auth/callback").status == 400
