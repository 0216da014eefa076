"""What the Python package of Scalekit administers by gRPC, as it is: over TLS, on the port of everything else."""

from __future__ import annotations

import http.server
import json
import os
import queue
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from conftest import Authority
from scalekit import ScalekitClient
from scalekit.common.exceptions import (
    ScalekitBadRequestException,
    ScalekitConflictException,
    ScalekitForbiddenException,
    ScalekitNotFoundException,
    ScalekitNotImplementedException,
    WebhookVerificationError,
)
from scalekit.v1.clients.clients_pb2 import OrganizationClient
from scalekit.v1.commons.commons_pb2 import Role
from scalekit.v1.organizations.organizations_pb2 import CreateOrganization, UpdateOrganization
from scalekit.v1.roles.roles_pb2 import CreatePermission, CreateRole, UpdateRole
from scalekit.v1.users.users_pb2 import CreateMembership, CreateUser, CreateUserProfile, UpdateUser, UpdateUserProfile

SECRET = "the client that administers keeps this to itself"
PASSWORD = "the engine weaves algebra"
# The webhook is on this machine.
HERE = os.environ | {"GATEPOST_OUTGOING__PRIVATE_ADDRESSES": "true"}
REALM = f"""
[[realm]]
name = "default"
rate_limits = "off"
[[realm.client]]
id = "administering"
secret = "{SECRET}"
grants = ["client_credentials"]
token_format = "scalekit"
administers = ["users:*", "memberships:*", "organizations:*", "roles:*", "sessions:*", "clients:*"]
[[realm.client]]
id = "reading"
secret = "{SECRET}"
grants = ["client_credentials"]
token_format = "scalekit"
administers = ["users:read"]
[[realm.user]]
email = "ada@example.com"
name = "Ada Lovelace"
password = "{PASSWORD}"
email_verified = true
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("gatepost")


@pytest.fixture(scope="module")
def server(folder: Path, authority: Authority) -> Iterator[str]:
    (folder / "realm.toml").write_text(REALM)
    certificate, key = authority.certify("localhost", folder)
    command = [os.environ["GATEPOST_BIN"], "serve", "--listen", "127.0.0.1:0", "--data-dir", str(folder / "data")]
    command += ["--apply", str(folder / "realm.toml"), "--tls-cert", str(certificate), "--tls-key", str(key)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=HERE) as process:
        assert process.stdout is not None
        url = next(line for line in process.stdout if "ready on" in line).split("ready on ")[1].strip()
        yield url.replace("127.0.0.1", "localhost")
        process.terminate()


@pytest.fixture(scope="module")
def client(server: str) -> ScalekitClient:
    return ScalekitClient(server, "administering", SECRET)


@pytest.fixture(scope="module")
def acme(client: ScalekitClient) -> str:
    made = client.organization.create_organization(CreateOrganization(display_name="Acme", slug="acme"))
    # Every method answers what came, and the call that it came by.
    return str(made[0].organization.id)


def test_organizations(client: ScalekitClient, acme: str) -> None:
    assert client.organization.get_organization(acme)[0].organization.slug == "acme"
    changed = client.organization.update_organization(acme, UpdateOrganization(display_name="Acme Ltd"))
    assert changed[0].organization.display_name == "Acme Ltd"
    made = client.organization.create_organization(CreateOrganization(display_name="Gone tomorrow"))[0].organization
    first = client.organization.list_organizations(page_size=1)[0]
    second = client.organization.list_organizations(page_size=1, page_token=first.next_page_token)[0]
    assert {one.id for page in (first, second) for one in page.organizations} == {acme, made.id}
    with pytest.raises(ScalekitConflictException):
        client.organization.create_organization(CreateOrganization(display_name="Acme", slug="acme"))
    client.organization.delete_organization(made.id)
    with pytest.raises(ScalekitNotFoundException) as refused:
        client.organization.get_organization(made.id)
    assert refused.value.error_code == "not_found"


def test_users_and_what_they_are(client: ScalekitClient, acme: str) -> None:
    client.roles.create_role(CreateRole(name="editor", display_name="editor", permissions=["notes:write"]))
    profile = CreateUserProfile(given_name="Grace", family_name="Hopper")
    membership = CreateMembership(roles=[Role(name="editor")])
    wanted = CreateUser(email="grace@example.com", user_profile=profile, membership=membership)
    user = client.users.create_user_and_membership(acme, wanted)[0].user
    assert (user.user_profile.name, user.memberships[0].organization_id) == ("Grace Hopper", acme)
    assert [role.name for role in user.memberships[0].roles] == ["editor"]
    assert client.users.get_user(user.id)[0].user == user
    renamed = UpdateUser(user_profile=UpdateUserProfile(name="Amazing Grace"))
    assert client.users.update_user(user.id, renamed)[0].user.user_profile.name == "Amazing Grace"
    assert [one.id for one in client.users.list_organization_users(acme)[0].users] == [user.id]
    assert {one.email for one in client.users.list_users()[0].users} == {"ada@example.com", "grace@example.com"}
    assert [role.name for role in client.users.list_user_roles(acme, user.id)[0].roles] == ["editor"]
    assert [one.name for one in client.users.list_user_permissions(acme, user.id)[0].permissions] == ["notes:write"]
    client.users.delete_membership(acme, user.id)
    with pytest.raises(ScalekitNotFoundException):
        client.users.list_user_roles(acme, user.id)
    again = client.users.create_membership(acme, user.id, CreateMembership(roles=[Role(name="owner")]))[0].user
    assert [role.name for role in again.memberships[0].roles] == ["owner"]
    with pytest.raises(ScalekitConflictException):
        client.users.create_membership(acme, user.id, CreateMembership())
    with pytest.raises(ScalekitConflictException):
        client.users.create_user_and_membership(acme, wanted)
    client.users.update_user(user.id, UpdateUser(external_id="customer/7", metadata={"plan": "free"}))
    kept = client.users.get_user_by_external_id("customer/7")[0].user
    assert (kept.id, dict(kept.metadata)) == (user.id, {"plan": "free"})
    odd = UpdateUser(user_profile=UpdateUserProfile(custom_attributes={"shirt": "M"}))
    with pytest.raises(ScalekitBadRequestException):
        client.users.update_user(user.id, odd)


def test_roles_and_permissions(client: ScalekitClient) -> None:
    client.roles.create_role(CreateRole(name="reader", display_name="reader", permissions=["books:read"]))
    made = client.roles.create_role(CreateRole(name="writer", display_name="Writer", extends="reader"))[0].role
    assert (made.name, made.display_name, made.extends) == ("writer", "Writer", "reader")
    client.permissions.add_permissions_to_role("writer", ["books:write"])
    own = client.permissions.list_role_permissions("writer")[0].permissions
    every = client.permissions.list_effective_role_permissions("writer")[0].permissions
    assert ([one.name for one in own], [one.name for one in every]) == (["books:write"], ["books:read", "books:write"])
    assert "books:read" in [one.name for one in client.permissions.list_permissions()[0].permissions]
    changed = client.roles.update_role("writer", UpdateRole(permissions=["books:delete"]))[0].role
    assert [one.name for one in changed.permissions] == ["books:delete"]
    assert {"reader", "writer", "owner"} <= {role.name for role in client.roles.list_roles()[0].roles}
    client.roles.delete_role("writer")
    with pytest.raises(ScalekitNotFoundException):
        client.roles.get_role("writer")
    kept = client.permissions.create_permission(CreatePermission(name="x:y", description="Does y"))[0].permission
    assert client.permissions.get_permission("x:y")[0].permission == kept
    client.permissions.delete_permission("x:y")


def test_sessions(server: str, client: ScalekitClient) -> None:
    def sign_in() -> dict[str, Any]:
        body = {"email": "ada@example.com", "password": PASSWORD}
        return requests.post(f"{server}/api/v1/login", json=body, timeout=10).json()

    user = sign_in()["user"]["id"]
    sign_in()
    found = client.sessions.get_user_sessions(user, page_size=10)[0].sessions
    assert len(found) == 2 and client.sessions.get_session(found[0].session_id)[0].user_id == user
    assert client.sessions.revoke_session(found[0].session_id)[0].revoked_session.status == "REVOKED"
    assert client.sessions.revoke_all_user_sessions(user)[0].total_revoked == 1
    with pytest.raises(ScalekitNotFoundException):
        client.sessions.get_session(found[1].session_id)


def test_clients_of_an_organization(client: ScalekitClient, acme: str) -> None:
    wanted = OrganizationClient(name="Export", scopes=["notes:read"])
    made = client.m2m_client.create_organization_client(acme, wanted)[0]
    name = made.client.client_id
    token = client.generate_client_token(name, made.plain_secret, ["notes:read"])
    claims = client.validate_access_token_and_get_claims(token)
    assert (claims["sub"], claims["oid"], claims["scopes"]) == (name, acme, ["notes:read"])
    fresh = client.m2m_client.add_organization_client_secret(acme, name)[0]
    old = next(one.id for one in made.client.secrets)
    client.m2m_client.remove_organization_client_secret(acme, name, old)
    shown = client.m2m_client.get_organization_client(acme, name)[0].client
    assert [one.id for one in shown.secrets] == [fresh.secret.id]
    assert [one.client_id for one in client.m2m_client.list_organization_clients(acme)[0].clients] == [name]
    client.m2m_client.delete_organization_client(acme, name)
    with pytest.raises(ScalekitNotFoundException):
        client.m2m_client.get_organization_client(acme, name)


def test_a_client_does_what_it_was_given(server: str, acme: str) -> None:
    reading = ScalekitClient(server, "reading", SECRET)
    assert reading.users.list_users()[0].users
    with pytest.raises(ScalekitForbiddenException, match="organizations:write") as refused:
        reading.organization.delete_organization(acme)
    assert refused.value.error_code == "client_may_not"


def test_a_call_is_taken_if_one_of_its_two_tokens_is_good(client: ScalekitClient) -> None:
    """The channel sends the token that it began with to its end, beside the one of the call."""
    client.core_client.access_token, good = "garbage", client.core_client.access_token
    assert client.users.list_users()[0].users
    client.core_client.access_token = good


def test_what_is_not_served_says_so(client: ScalekitClient, acme: str) -> None:
    for call in (
        lambda: client.directory.list_directories(acme),
        lambda: client.organization.generate_portal_link(acme),
    ):
        with pytest.raises(ScalekitNotImplementedException):
            call()


class Receiver(http.server.ThreadingHTTPServer):
    """Where webhooks are sent, and an interceptor that lets nobody of elsewhere.example sign up."""

    def __init__(self) -> None:
        self.arrived: queue.Queue[tuple[dict[str, str], bytes]] = queue.Queue()
        super().__init__(("127.0.0.1", 0), self.Handler)

    class Handler(http.server.BaseHTTPRequestHandler):
        server: Receiver

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            self.server.arrived.put(({name.lower(): value for name, value in self.headers.items()}, body))
            if self.path == "/interceptor":
                answer = self.decision(json.loads(body)["interceptor_context"]["user_email"])
                self.send_response(200)
                self.send_header("content-length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)
            else:
                self.send_response(204)
                self.end_headers()

        @staticmethod
        def decision(email: str) -> bytes:
            if email.endswith("@elsewhere.example"):
                return json.dumps({"decision": "DENY", "error": {"message": "Nobody from elsewhere."}}).encode()
            return json.dumps({"decision": "ALLOW"}).encode()

        def log_message(self, *_: object) -> None:
            pass


def test_webhooks_in_its_own_form_are_verified_by_the_library(folder: Path, client: ScalekitClient) -> None:
    receiver = Receiver()
    threading.Thread(target=receiver.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{receiver.server_port}/hook"
    command = [os.environ["GATEPOST_BIN"], "webhook", "create", url, "--event", "organization.created", "--json"]
    command += ["--form", "scalekit"]
    environment = HERE | {"GATEPOST_STORE__DATA_DIR": str(folder / "data")}
    made = json.loads(subprocess.check_output(command, text=True, env=environment))
    wanted = CreateOrganization(display_name="Told of", external_id="told-of")
    organization = client.organization.create_organization(wanted)[0].organization
    headers, body = receiver.arrived.get(timeout=30)
    receiver.shutdown()
    assert client.verify_webhook_payload(made["secret"], headers, body) is True
    with pytest.raises(WebhookVerificationError):
        client.verify_webhook_payload(made["secret"], headers, body + b" ")
    told = json.loads(body)
    assert (told["spec_version"], told["type"], told["object"]) == ("1", "organization.created", "Organization")
    assert (told["id"], told["organization_id"]) == (headers["webhook-id"], organization.id)
    data = told["data"]
    assert (data["id"], data["display_name"], data["external_id"]) == (organization.id, "Told of", "told-of")


def test_interceptors_are_verified_by_the_library(folder: Path, server: str, client: ScalekitClient) -> None:
    receiver = Receiver()
    threading.Thread(target=receiver.serve_forever, daemon=True).start()
    file = folder / "interceptors.toml"
    url = f"http://127.0.0.1:{receiver.server_port}/interceptor"
    interceptor = f'[[realm]]\nname = "default"\n[[realm.interceptors]]\nevent = "pre_signup"\nurl = "{url}"\n'
    file.write_text(interceptor)
    command = [os.environ["GATEPOST_BIN"], "apply", str(file), "--json"]
    environment = HERE | {"GATEPOST_STORE__DATA_DIR": str(folder / "data")}
    applied = json.loads(subprocess.check_output(command, text=True, env=environment))
    secret = next(change["secret"] for change in applied["changes"] if "secret" in change)

    def sign_up(email: str) -> requests.Response:
        body = {"email": email, "password": PASSWORD}
        return requests.post(f"{server}/api/v1/register", json=body, timeout=10)

    # Another process notices within a second.
    for number in range(10_000):
        refused = sign_up(f"eve{number}@elsewhere.example")
        if refused.status_code != 201:
            break
    assert (refused.status_code, refused.json()["detail"]) == (403, "Nobody from elsewhere.")
    headers, body = receiver.arrived.get(timeout=30)
    assert client.verify_interceptor_payload(secret, headers, body) is True
    with pytest.raises(WebhookVerificationError):
        client.verify_interceptor_payload(secret, headers, body + b" ")
    assert json.loads(body)["trigger_point"] == "PRE_SIGNUP"
    assert sign_up("heidi@example.com").status_code == 201
    receiver.shutdown()
    file.write_text('[[realm]]\nname = "default"\ninterceptors = []\n')
    subprocess.check_call(command, env=environment, stdout=subprocess.DEVNULL)
