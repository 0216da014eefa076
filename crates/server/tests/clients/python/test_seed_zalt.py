"""An application that was written for Zalt, run against Gatepost with nothing changed but its settings.

It is assembled here, when the tests run, from the blocks of the document it is published in, which is not part of this repository:
`GATEPOST_SEEDS` names its folder, and `../shared/seeds` beside the repository is looked into. What the document leaves out is supplied:
an import that its routes use, and the line that puts its routes into its application.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import re
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

REPOSITORY = Path(__file__).resolve().parents[5]
DOCUMENT = "000_3bd89e8de8fd8566.txt"
PASSWORD = "the engine weaves algebra"
REALMS = f"""
[[realm]]
name = "default"
profile = "zalt"
[[realm.role]]
name = "admin"
[[realm.user]]
email = "root@example.com"
password = "{PASSWORD}"
roles = ["admin"]
[[realm]]
name = "acme"
profile = "zalt"
"""
# The files of the application, as their first lines name them; a name that stands twice is taken the first time.
FILES = ("config.py", "auth/jwt.py", "auth/dependencies.py", "main.py", "routes/auth.py")


def blocks() -> dict[str, str]:
    """The files in the document, by the name in their first line."""
    folder = Path(os.environ.get("GATEPOST_SEEDS", REPOSITORY.parent / "shared" / "seeds"))
    document = folder / DOCUMENT
    if not document.exists():
        pytest.skip(f"{document} is not there; set GATEPOST_SEEDS to its folder")
    found: dict[str, str] = {}
    for block in re.findall(r"```python\n(.*?)```", document.read_text(), re.DOTALL):
        name, _, _ = block.partition("\n")
        found.setdefault(name.removeprefix("#").strip(), block)
    return {name: found[name] for name in FILES}


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def wait_for(url: str, process: subprocess.Popen[bytes]) -> None:
    for _ in range(300):
        try:
            requests.get(url, timeout=5)
            return
        except requests.ConnectionError:
            assert process.poll() is None, "it ended before it answered"
            time.sleep(0.1)
    raise AssertionError(f"{url} does not answer")


@pytest.fixture(scope="module")
def auth(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server of its own, whose realms speak the contract."""
    blocks()
    binary = os.environ.get("GATEPOST_BIN")
    assert binary, "run scripts/test-clients, which says where the program is"
    folder = tmp_path_factory.mktemp("zalt")
    (folder / "realms.toml").write_text(REALMS)
    listen = f"127.0.0.1:{free_port()}"
    command = [binary, "serve", "--listen", listen, "--data-dir", str(folder / "data"), "--apply", "realms.toml"]
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for(f"http://{listen}/health", process)
        yield f"http://{listen}"
    finally:
        process.terminate()
        process.wait(10)


def application(folder: Path, url: str, realm: str) -> tuple[subprocess.Popen[bytes], str]:
    """The document's application, with its settings, under a server of its own."""
    for name, text in blocks().items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        (path.parent / "__init__.py").touch()
        path.write_text(text)
    routes = folder / "routes" / "auth.py"
    routes.write_text("from fastapi import Request\n" + routes.read_text())
    with (folder / "main.py").open("a") as main:
        main.write("\nfrom routes.auth import router\napp.include_router(router)\n")
    port = free_port()
    command = [sys.executable, "-m", "uvicorn", "main:app", "--port", str(port), "--log-level", "warning"]
    settings = {"ZALT_REALM_ID": realm, "ZALT_API_URL": url, "ZALT_PUBLIC_KEY": "it asks for the keys"}
    process = subprocess.Popen(command, cwd=folder, env={**os.environ, **settings})
    return process, f"http://127.0.0.1:{port}"


@pytest.fixture(scope="module")
def app(auth: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    process, url = application(tmp_path_factory.mktemp("app"), auth, "default")
    try:
        wait_for(f"{url}/health", process)
        yield url
    finally:
        process.terminate()
        process.wait(10)


def totp(secret: str, steps: int = 0) -> str:
    """What an authenticator app shows so many steps from now (RFC 6238)."""
    step = int(time.time()) // 30 + steps
    digest = hmac.new(base64.b32decode(secret), struct.pack(">Q", step), hashlib.sha1).digest()
    at = digest[-1] & 15
    return f"{(int.from_bytes(digest[at : at + 4], 'big') & 0x7FFFFFFF) % 1_000_000:06}"


def post(url: str, body: Any = None, **more: Any) -> requests.Response:
    return requests.post(url, json=body, timeout=10, **more)


def cookies(answer: requests.Response) -> dict[str, str]:
    return dict(answer.cookies.items())


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def sign_in(app: str, email: str) -> dict[str, str]:
    answer = post(f"{app}/auth/login", {"email": email, "password": PASSWORD})
    assert answer.status_code == 200, answer.text
    assert answer.json()["user"]["email"] == email
    return cookies(answer)


def test_somebody_registers_signs_in_refreshes_and_signs_out(app: str, auth: str) -> None:
    ada = {"email": "ada@example.com", "password": PASSWORD, "first_name": "Ada", "last_name": "Lovelace"}
    answer = post(f"{app}/auth/register", ada)
    assert answer.status_code == 200, answer.text
    again = post(f"{app}/auth/register", ada)
    assert (again.status_code, again.json()["detail"]) == (409, "There is an account with this address.")
    wrong = post(f"{app}/auth/login", {"email": "ada@example.com", "password": "not the password"})
    assert (wrong.status_code, wrong.json()["detail"]) == (401, "The address or the password is not right.")

    held = sign_in(app, "ada@example.com")
    profile = requests.get(f"{app}/api/profile", headers=bearer(held["access_token"]), timeout=10)
    assert profile.status_code == 200, profile.text
    assert profile.json() | {"user_id": ""} == {
        "user_id": "", "email": "ada@example.com", "realm_id": "default", "roles": [],
    }
    content = requests.get(f"{app}/api/content", headers=bearer(held["access_token"]), timeout=10)
    assert content.json() == {"message": "Hello, ada@example.com!", "premium": True}
    mine = requests.get(f"{app}/api/tenant/default/data", headers=bearer(held["access_token"]), timeout=10)
    other = requests.get(f"{app}/api/tenant/acme/data", headers=bearer(held["access_token"]), timeout=10)
    assert (mine.status_code, other.status_code) == (200, 403)

    answer = post(f"{app}/auth/refresh", cookies={"refresh_token": held["refresh_token"]})
    assert answer.status_code == 200, answer.text
    fresh = cookies(answer)
    assert fresh["refresh_token"] != held["refresh_token"]
    refused = post(f"{app}/auth/refresh", cookies={"refresh_token": "gp_rt_forged"})
    assert (refused.status_code, refused.json()["detail"]) == (401, "Token refresh failed")

    # The application forgets its cookies; the session ends where it is kept.
    assert post(f"{app}/auth/logout").json() == {"message": "Logged out"}
    assert post(f"{auth}/logout", headers=bearer(fresh["access_token"])).status_code == 200
    assert post(f"{app}/auth/refresh", cookies={"refresh_token": fresh["refresh_token"]}).status_code == 401


def test_roles_open_what_they_open(app: str) -> None:
    root, eve = sign_in(app, "root@example.com"), "eve@example.com"
    assert post(f"{app}/auth/register", {"email": eve, "password": PASSWORD}).status_code == 200
    for held, status in ((root, 200), (sign_in(app, eve), 403)):
        answer = requests.get(f"{app}/api/admin/users", headers=bearer(held["access_token"]), timeout=10)
        assert answer.status_code == status, answer.text
    without = requests.get(f"{app}/api/admin/users", timeout=10)
    assert without.status_code in (401, 403), "which, is the framework's: 403 up to FastAPI 0.121"


def test_a_second_factor_is_asked_for(app: str, auth: str) -> None:
    grace = "grace@example.com"
    post(f"{app}/auth/register", {"email": grace, "password": PASSWORD})
    held = sign_in(app, grace)
    setup = post(f"{auth}/v1/auth/mfa/setup", {"method": "totp"}, headers=bearer(held["access_token"]))
    secret = setup.json()["secret"]
    confirmed = post(f"{auth}/v1/auth/mfa/verify", {"code": totp(secret)}, headers=bearer(held["access_token"]))
    assert confirmed.status_code == 200, confirmed.text

    asked = post(f"{app}/auth/login", {"email": grace, "password": PASSWORD})
    assert asked.json()["mfa_required"] is True and not cookies(asked), asked.text
    half = {"mfa_session_id": asked.json()["mfa_session_id"]}
    nobodys = post(f"{app}/auth/mfa/verify", half | {"code": "000000"})
    assert (nobodys.status_code, nobodys.json()["detail"]) == (401, "The code is not right.")
    # The code of this step is used up by the set-up.
    answer = post(f"{app}/auth/mfa/verify", half | {"code": totp(secret, 1)})
    assert answer.status_code == 200, answer.text
    token = cookies(answer)["access_token"]
    assert requests.get(f"{app}/api/profile", headers=bearer(token), timeout=10).json()["email"] == grace


def test_a_token_of_another_realm_of_the_same_issuer_is_refused(app: str, auth: str) -> None:
    body = {"email": "ada@example.com", "password": PASSWORD}
    answer = post(f"{auth}/r/acme/register", body)
    token = answer.json()["tokens"]["access_token"]
    refused = requests.get(f"{app}/api/profile", headers=bearer(token), timeout=10)
    assert (refused.status_code, refused.json()["detail"]) == (401, "Public key not found")
    assert requests.get(f"{app}/api/content", headers=bearer(token), timeout=10).json()["premium"] is False


def test_the_same_application_is_pointed_at_a_realm_by_its_url(
    auth: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    process, url = application(tmp_path_factory.mktemp("acme"), f"{auth}/r/acme", "acme")
    try:
        wait_for(f"{url}/health", process)
        bob = {"email": "bob@example.com", "password": PASSWORD}
        assert post(f"{url}/auth/register", bob).status_code == 200
        held = sign_in(url, "bob@example.com")
        profile = requests.get(f"{url}/api/profile", headers=bearer(held["access_token"]), timeout=10)
        assert profile.json()["realm_id"] == "acme"
        fresh = cookies(post(f"{url}/auth/refresh", cookies={"refresh_token": held["refresh_token"]}))
        assert requests.get(f"{url}/api/profile", headers=bearer(fresh["access_token"]), timeout=10).status_code == 200
    finally:
        process.terminate()
        process.wait(10)
