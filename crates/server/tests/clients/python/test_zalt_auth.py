"""`gatepost.compat.zalt_auth`, which stands in for a package that is in no index: its clients and its guards against a running server,
and the application of the document that imports it, with nothing changed but its settings.

The document is no part of this repository. It is read from the folder `GATEPOST_SEEDS`, or `shared/seeds` beside the repository.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests
from fastapi import Depends, FastAPI
from fastapi.testclient import TestClient
from test_seed_zalt import DOCUMENT, PASSWORD, REPOSITORY, bearer, free_port, totp, wait_for

sys.path.append(str(REPOSITORY / "examples/notes-http-tests"))

from processes import Program  # noqa: E402

from gatepost.compat.zalt_auth import (  # noqa: E402
    AuthenticationError,
    AuthResult,
    ConflictError,
    MFAConfirmed,
    MFARequiredError,
    NotFoundError,
    PermissionDeniedError,
    User,
    ValidationError,
    ZaltAsyncClient,
    ZaltClient,
)
from gatepost.compat.zalt_auth.integrations.fastapi import (  # noqa: E402
    ZaltFastAPI,
    get_current_user,
    get_optional_user,
    require_permissions,
)

OTHER_PASSWORD = "the loom weaves flowers and leaves"
REALMS = f"""
[[realm]]
name = "default"
profile = "zalt"
rate_limits = "off"
organization_roles = ["editor"]
[[realm.role]]
name = "editor"
permissions = ["settings:read"]
[[realm.user]]
email = "root@example.com"
password = "{PASSWORD}"
roles = ["editor"]
[[realm]]
name = "acme"
profile = "zalt"
[[realm]]
name = "careful"
profile = "zalt"
require_verified_email = true
[[realm]]
name = "modern"
profile = "zalt"
token_issuer = "{{url}}/r/modern"
audience = ["notes-api"]
"""


@dataclass(frozen=True)
class Realms:
    url: str
    data: Path

    def key(self, realm: str) -> str:
        """The publishable key that is printed."""
        command = [os.environ["GATEPOST_BIN"], "realm", "show", realm, "--data-dir", str(self.data), "--json"]
        shown = subprocess.run(command, capture_output=True, check=True, timeout=60)
        return str(json.loads(shown.stdout)["publishable_key"])


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Realms]:
    """A server of its own, whose realms speak the contract."""
    folder = tmp_path_factory.mktemp("zalt_auth")
    listen = f"127.0.0.1:{free_port()}"
    (folder / "realms.toml").write_text(REALMS.format(url=f"http://{listen}"))
    data = ["--data-dir", str(folder / "data"), "--apply", str(folder / "realms.toml")]
    program = Program([os.environ["GATEPOST_BIN"], "serve", "--listen", listen, *data], folder / "log")
    try:
        yield Realms(program.url, folder / "data")
    finally:
        program.stop()


@pytest.fixture(scope="module")
def client(server: Realms) -> ZaltClient:
    return ZaltClient(server.key("default"), base_url=server.url)


def app_of(**settings: Any) -> TestClient:
    """An application whose routes ask as the document's do."""
    app = FastAPI()
    ZaltFastAPI(app, **settings)

    @app.get("/profile")
    async def profile(user: User = Depends(get_current_user)) -> Any:
        return {"id": user.id, "email": user.email, "profile": user.profile, "realm": user.realm_id}

    @app.get("/content")
    async def content(user: User | None = Depends(get_optional_user)) -> Any:
        return user.email if user else "guest"

    @app.get("/settings")
    async def settings_(user: User = Depends(require_permissions("settings:read"))) -> Any:
        return user.email

    return TestClient(app)


@pytest.fixture(scope="module")
def app(server: Realms) -> TestClient:
    return app_of(realm_id="default", api_url=server.url)


def status(app: TestClient, path: str, token: str) -> int:
    return app.get(path, headers=bearer(token)).status_code


def test_somebody_registers_is_known_changes_and_signs_out(client: ZaltClient, app: TestClient) -> None:
    made = client.register("ada@example.com", PASSWORD, {"first_name": "Ada", "last_name": None})
    assert made.user.profile.first_name == "Ada" and made.tokens is not None
    with pytest.raises(ConflictError) as taken:
        client.register("ada@example.com", PASSWORD)
    assert taken.value.code == "USER_EXISTS"
    with pytest.raises(ValidationError) as weak:
        client.register("weak@example.com", "password")
    assert weak.value.code == "INVALID_PASSWORD" and weak.value.details["errors"] and weak.value.request_id
    with pytest.raises(AuthenticationError) as wrong:
        client.login("ada@example.com", "not the password")
    assert (wrong.value.status_code, wrong.value.code) == (401, "INVALID_CREDENTIALS")

    held = client.login("ada@example.com", PASSWORD)
    token = held.tokens.access_token
    assert held.user.id == made.user.id and held.tokens.expires_in == 900
    user = client.fetch_user(token)
    assert (user.id, user.email, user.realm_id, user.status) == (made.user.id, "ada@example.com", "default", "active")
    profile = app.get("/profile", headers=bearer(token))
    assert profile.status_code == 200, profile.text
    assert profile.json()["profile"]["first_name"] == "Ada" and profile.json()["id"] == user.id
    changed = client.update_profile(access_token=token, last_name="Lovelace", first_name="Augusta Ada")
    assert (changed.profile.first_name, changed.profile.last_name) == ("Augusta Ada", "Lovelace")
    assert app.get("/profile", headers=bearer(token)).json()["profile"]["last_name"] == "Lovelace"

    fresh = client.refresh_token(held.tokens.refresh_token)
    assert fresh.refresh_token != held.tokens.refresh_token
    assert client.fetch_user(fresh.access_token) == changed
    with pytest.raises(AuthenticationError):
        client.refresh_token("gp_rt_forged")

    with pytest.raises(AuthenticationError) as refused:
        client.change_password("not the password", OTHER_PASSWORD, access_token=token)
    assert refused.value.code == "INVALID_PASSWORD"
    client.change_password(PASSWORD, OTHER_PASSWORD, access_token=token)
    with pytest.raises(AuthenticationError):
        client.login("ada@example.com", PASSWORD)
    assert client.login("ada@example.com", OTHER_PASSWORD).user.id == user.id
    # The other sessions have ended, that of the registration among them.
    with pytest.raises(AuthenticationError):
        client.refresh_token(made.tokens.refresh_token)
    assert status(app, "/profile", made.tokens.access_token) == 401

    client.logout(fresh.access_token)
    with pytest.raises(AuthenticationError):
        client.logout(fresh.access_token)
    with pytest.raises(AuthenticationError):
        client.refresh_token(fresh.refresh_token)
    # The application notices at once, though the token has not expired.
    assert [status(app, path, token) for path in ("/profile", "/content")] == [401, 401]


def test_a_password_that_is_lost_is_asked_for_alike_whether_there_is_an_account(client: ZaltClient) -> None:
    client.request_password_reset("root@example.com")
    client.request_password_reset("nobody@example.com")
    with pytest.raises(ValidationError) as refused:
        client.confirm_password_reset("forged", OTHER_PASSWORD)
    assert refused.value.code == "INVALID_TOKEN"


def test_a_second_factor_is_set_up_asked_for_and_removed(client: ZaltClient, app: TestClient) -> None:
    made = client.register("grace@example.com", PASSWORD)
    assert made.tokens is not None
    mine = {"access_token": made.tokens.access_token}
    assert client.mfa.get_status(**mine).enabled is False
    set_up = client.mfa.setup(**mine)
    assert set_up.otpauth_url.startswith("otpauth://totp/") and set_up.qr_code.startswith("data:image/svg+xml;")
    with pytest.raises(ValidationError) as wrong:
        client.mfa.verify("000000", **mine)
    assert wrong.value.code == "INVALID_CODE"
    confirmed = client.mfa.verify(totp(set_up.secret), **mine)
    assert isinstance(confirmed, MFAConfirmed) and confirmed.success and len(confirmed.backup_codes) == 10
    known = client.mfa.get_status(**mine)
    assert known.enabled and "totp" in known.methods and known.backup_codes_remaining == 10

    with pytest.raises(MFARequiredError) as asked:
        client.login("grace@example.com", PASSWORD)
    half = asked.value.session_id
    assert set(asked.value.methods) == {"totp", "backup_code"} and asked.value.expires_in
    # What stands for the password alone signs nobody in.
    assert [status(app, path, half) for path in ("/profile", "/content")] == [401, 401]
    with pytest.raises(AuthenticationError) as nobodys:
        client.mfa.verify("000000", half)
    assert nobodys.value.code == "INVALID_MFA_CODE"
    with pytest.raises(AuthenticationError) as over:
        client.mfa.verify(confirmed.backup_codes[0], "forged")
    assert over.value.code == "MFA_SESSION_EXPIRED"
    held = client.mfa.verify(confirmed.backup_codes[0], half)
    assert isinstance(held, AuthResult) and held.user.mfa_enabled and held.backup_codes == ()
    assert status(app, "/profile", held.tokens.access_token) == 200
    with pytest.raises(MFARequiredError) as again:
        client.login("grace@example.com", PASSWORD)
    with pytest.raises(AuthenticationError):
        client.mfa.verify(confirmed.backup_codes[0], again.value.session_id)
    fresh = client.mfa.verify(confirmed.backup_codes[1], again.value.session_id)
    assert isinstance(fresh, AuthResult)
    mine = {"access_token": fresh.tokens.access_token}
    # Nobody sends text messages for this realm.
    with pytest.raises(PermissionDeniedError) as unsent:
        client.sms.setup("+4930123456", **mine)
    assert unsent.value.code == "SMS_NOT_ALLOWED"
    with pytest.raises(AuthenticationError):
        client.sms.verify("123456", half)
    with pytest.raises(AuthenticationError):
        client.mfa.disable("000000", **mine)
    with pytest.raises(AuthenticationError):
        client.mfa.disable(password="not the password", **mine)
    # The code of this step is used up by the set-up.
    client.mfa.disable(totp(set_up.secret, 1), **mine)
    assert client.mfa.get_status(**mine).enabled is False
    assert client.login("grace@example.com", PASSWORD).user.mfa_enabled is False


def test_the_client_for_asyncio_does_the_same(server: Realms) -> None:
    async def everything() -> None:
        client = ZaltAsyncClient(realm_id="acme", api_url=f"{server.url}/r/acme", remember=True)
        made = await client.register("bob@example.com", PASSWORD, first_name="Bob")
        assert made.user.realm_id == "acme" and client.tokens is not None
        both = await asyncio.gather(client.fetch_user(), client.update_profile(last_name="Byte"))
        assert [user.id for user in both] == [made.user.id] * 2
        before = client.tokens
        assert (await client.refresh_token()) == client.tokens != before
        await client.change_password(PASSWORD, OTHER_PASSWORD)
        set_up = await client.mfa.setup()
        assert isinstance(await client.mfa.verify(totp(set_up.secret)), MFAConfirmed)
        await client.logout()
        assert client.tokens is None
        with pytest.raises(MFARequiredError) as asked:
            await client.login("bob@example.com", OTHER_PASSWORD)
        assert client.tokens is None
        held = await client.mfa.verify(totp(set_up.secret, 1), asked.value.session_id)
        assert isinstance(held, AuthResult) and client.tokens == held.tokens
        assert (await client.fetch_user()).profile["last_name"] == "Byte"
        assert (await client.mfa.get_status()).enabled

    asyncio.run(everything())


def test_where_an_address_is_to_be_confirmed_nobody_is_signed_in_by_registering(server: Realms) -> None:
    client = ZaltClient(server.key("careful"), base_url=f"{server.url}/r/careful")
    assert client.register("ada@example.com", PASSWORD).tokens is None
    with pytest.raises(PermissionDeniedError) as refused:
        client.login("ada@example.com", PASSWORD)
    assert refused.value.code == "EMAIL_NOT_VERIFIED"


def test_a_key_or_a_name_of_another_realm_than_the_address_is_refused(server: Realms) -> None:
    acme = f"{server.url}/r/acme"
    for wrong in ({"publishable_key": server.key("default")}, {"realm_id": "default"}, {"realm_id": "nowhere"}):
        with pytest.raises(NotFoundError) as refused:
            ZaltClient(base_url=acme, **wrong).login("ada@example.com", PASSWORD)
        assert refused.value.code == "REALM_NOT_FOUND"
    # The one key names its realm at the root, too.
    ZaltClient(server.key("acme"), base_url=server.url).register("carol@example.com", PASSWORD)
    assert ZaltClient(realm_id="acme", api_url=acme).login("carol@example.com", PASSWORD).user.realm_id == "acme"


def test_both_shapes_of_the_constructor_guard_an_application(server: Realms, client: ZaltClient) -> None:
    token = client.login("root@example.com", PASSWORD).tokens.access_token
    shapes: list[dict[str, Any]] = [
        {"realm_id": "default", "api_url": server.url},
        {"publishable_key": server.key("default"), "realm_id": "default", "base_url": f"{server.url}/"},
        {"publishable_key": server.key("default"), "base_url": server.url, "public_paths": ["/content"], "debug": False},
    ]
    for shape in shapes:
        app = app_of(**shape)
        assert app.get("/profile", headers=bearer(token)).json()["email"] == "root@example.com"
        assert app.get("/settings", headers=bearer(token)).json() == "root@example.com"
        assert app.get("/content").json() == "guest"
        for bad in ("garbage", "a.b.c", "False", token[:-4] + "AAAA", server.key("default")):
            assert [status(app, path, bad) for path in ("/profile", "/content", "/settings")] == [401] * 3, bad
        assert app.get("/profile").status_code == app.get("/settings").status_code == 401
        assert app.get("/openapi.json").status_code == (401 if "public_paths" in shape else 200)
    # The key of another realm, whose accounts are others.
    assert status(app_of(publishable_key=server.key("acme"), base_url=server.url), "/profile", token) == 401


def test_a_token_of_another_realm_of_the_same_issuer_lets_nobody_in(server: Realms, app: TestClient) -> None:
    acme = ZaltClient(realm_id="acme", api_url=f"{server.url}/r/acme")
    made = acme.register("dan@example.com", PASSWORD)
    assert made.tokens is not None
    theirs = app_of(realm_id="acme", api_url=f"{server.url}/r/acme")
    assert theirs.get("/profile", headers=bearer(made.tokens.access_token)).json()["realm"] == "acme"
    assert [status(app, path, made.tokens.access_token) for path in ("/profile", "/content")] == [401, 401]


def test_a_permission_is_one_in_the_realm_or_in_the_active_organization(
    server: Realms, client: ZaltClient, app: TestClient
) -> None:
    made = client.register("eve@example.com", PASSWORD)
    assert made.tokens is not None
    token, refresh = made.tokens.access_token, made.tokens.refresh_token
    assert status(app, "/settings", token) == 403
    mine = {"headers": bearer(token), "timeout": 10}
    organizations = f"{server.url}/api/v1/organizations"
    org = requests.post(organizations, json={"name": "Engines", "slug": "engines"}, **mine).json()["id"]
    editor = {"roles": ["owner", "editor"]}
    given = requests.patch(f"{organizations}/{org}/members/{made.user.id}", json=editor, **mine)
    assert given.status_code == 200, given.text
    [tenant] = client.fetch_user(token).tenants
    assert (tenant.tenant_id, tenant.permissions) == (org, ("settings:read",))
    # It is theirs in an organization that they made themselves, and the token is for none.
    assert status(app, "/settings", token) == 403
    switched = requests.post(f"{server.url}/v1/auth/switch-organization", json={"org_id": org}, **mine).json()
    assert status(app, "/settings", switched["access_token"]) == 200
    within = client.refresh_token(refresh).access_token
    assert status(app, "/settings", within) == 200
    # It is taken: the token says so still, and the account does no more.
    taken = requests.patch(f"{organizations}/{org}/members/{made.user.id}", json={"roles": ["owner"]}, **mine)
    assert taken.status_code == 200, taken.text
    assert status(app, "/settings", within) == 403 and status(app, "/profile", within) == 200


def test_tokens_that_name_the_realms_address_are_taken_by_its_name(server: Realms) -> None:
    url = f"{server.url}/r/modern"
    made = ZaltClient(realm_id="modern", api_url=url).register("ada@example.com", PASSWORD)
    assert made.tokens is not None
    token = made.tokens.access_token
    assert status(app_of(realm_id="modern", api_url=url, issuer=url, audience="notes-api"), "/profile", token) == 200
    assert status(app_of(realm_id="modern", api_url=url), "/profile", token) == 401


def test_the_code_of_the_guide_runs(server: Realms, tmp_path: Path) -> None:
    page = (REPOSITORY / "docs/guide/coming-from-zalt.md").read_text()
    [block] = [block for block in re.findall(r"^```python\n(.*?)^```", page, re.M | re.S) if "zalt_auth" in block]
    assert block.count("https://auth.example.com/r/acme") == 2
    ask = f"""
from fastapi.testclient import TestClient
client.register("henry@example.com", {PASSWORD!r}, first_name="Henry")
headers = {{"Authorization": "Bearer " + sign_in("henry@example.com", {PASSWORD!r})}}
asking = TestClient(app)
print(asking.get("/profile", headers=headers).json()["first_name"], asking.get("/settings", headers=headers).status_code)
print(asking.get("/profile").status_code, asking.get("/profile", headers={{"Authorization": "Bearer x"}}).status_code)
"""
    (tmp_path / "main.py").write_text(block.replace("https://auth.example.com/r/acme", f"{server.url}/r/acme") + ask)
    done = subprocess.run([sys.executable, "main.py"], cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert done.stdout == "Henry 403\n401 401\n", done.stderr


def the_documents_application(settings: dict[str, str]) -> str:
    folder = Path(os.environ.get("GATEPOST_SEEDS", REPOSITORY.parent / "shared" / "seeds"))
    document = folder / DOCUMENT
    if not document.exists():
        pytest.skip(f"{document} is not there; set GATEPOST_SEEDS to its folder")
    blocks = re.findall(r"```python\n(.*?)```", document.read_text(), re.DOTALL)
    [code] = [block for block in blocks if "ZaltFastAPI(" in block]
    for before, after in settings.items():
        assert code.count(before) == 1, before
        code = code.replace(before, after)
    return code


@pytest.fixture
def started(server: Realms, tmp_path: Path) -> Iterator[Callable[[str, str], str]]:
    """Starts the document's application for a realm, as whoever brings it would, and says where it is."""
    running: list[subprocess.Popen[bytes]] = []

    def start(realm: str, url: str) -> str:
        code = the_documents_application({'"your-realm-id"': f'"{realm}"', '"https://api.zalt.io"': f'"{url}"'})
        (tmp_path / "main.py").write_text(code)
        port = str(free_port())
        command = [sys.executable, "-m", "gatepost.compat", "zalt_auth", "--", "uvicorn", "main:app", "--port", port]
        running.append(subprocess.Popen([*command, "--log-level", "warning"], cwd=tmp_path))
        wait_for(f"http://127.0.0.1:{port}/", running[-1])
        return f"http://127.0.0.1:{port}"

    try:
        yield start
    finally:
        for each in running:
            each.terminate()
            each.wait(10)


def test_the_application_of_the_document_runs_on_it(
    server: Realms, client: ZaltClient, started: Callable[[str, str], str]
) -> None:
    url = started("default", server.url)

    def get(path: str, token: str | None = None) -> requests.Response:
        return requests.get(f"{url}{path}", headers={} if token is None else bearer(token), timeout=10)

    root = client.login("root@example.com", PASSWORD)
    plain = client.register("plain@example.com", PASSWORD, first_name="Plain")
    assert plain.tokens is not None
    profile = get("/api/profile", plain.tokens.access_token)
    assert profile.status_code == 200, profile.text
    assert profile.json()["id"] == plain.user.id and profile.json()["email"] == "plain@example.com"
    assert profile.json()["profile"]["first_name"] == "Plain"
    assert get("/api/admin/settings", root.tokens.access_token).json() == {"settings": {}}
    assert get("/api/admin/settings", plain.tokens.access_token).status_code == 403
    for path in ("/api/profile", "/api/admin/settings"):
        assert get(path).status_code == 401
        for bad in ("garbage", "a.b.c", "None", root.tokens.access_token[:-4] + "AAAA", root.tokens.refresh_token):
            assert get(path, bad).status_code == 401, bad
        query = requests.get(f"{url}{path}", params={"authorization": f"Bearer {root.tokens.access_token}"}, timeout=10)
        assert query.status_code == 401
    client.logout(root.tokens.access_token)
    assert get("/api/admin/settings", root.tokens.access_token).status_code == 401
