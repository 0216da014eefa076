"""What the boards of organizations answer. The sentences are those of the README."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass

import httpx
import pytest

from conftest import BINARY, Person
from issuers import Issuer
from test_api_keys import make
from test_notes import refused

pytestmark = pytest.mark.skipif(not BINARY, reason="organizations are a Gatepost server's: GATEPOST_BIN is not set")

_numbers = itertools.count(1)


@dataclass
class Board:
    """An organization with an owner, an editor and a viewer."""

    id: str
    owner: Person
    editor: Person
    viewer: Person

    def as_member(self, person: Person) -> dict[str, str]:
        return {"authorization": f"Bearer {person.token}", "x-organization-id": self.id}

    def post(self, person: Person, text: str) -> int:
        answer = person.post("/board", headers=self.as_member(person), json={"text": text})
        assert answer.status_code == 201, answer.text
        assert answer.json()["organization"] == self.id
        return answer.json()["id"]

    def texts(self, person: Person) -> list[str]:
        answer = person.get("/board", headers=self.as_member(person))
        assert answer.status_code == 200, answer.text
        return [posting["text"] for posting in answer.json()]


def asked(issuer: Issuer, method: str, path: str, person: Person, body: object = None) -> httpx.Response:
    headers = {"authorization": f"Bearer {person.token}"}
    answer = httpx.request(method, f"{issuer.url}/api/v1{path}", json=body, headers=headers, timeout=30)
    assert answer.is_success, answer.text
    return answer


@pytest.fixture
def founded(somebody: Callable[[], Person], administrator: Person, issuer: Issuer) -> Callable[[], Board]:
    """Makes organizations."""

    def found() -> Board:
        owner, editor, viewer = somebody(), somebody(), somebody()
        slug = f"board-{next(_numbers)}"
        made = asked(issuer, "POST", "/organizations", owner, {"name": slug, "slug": slug}).json()
        for person, role in (editor, "editor"), (viewer, "viewer"):
            members = f"/admin/organizations/{made['id']}/members"
            asked(issuer, "PUT", f"{members}/{person.id}", administrator, {"roles": [role]})
        return Board(made["id"], owner, editor, viewer)

    return found


def test_members_read_and_editors_and_owners_write(founded: Callable[[], Board]) -> None:
    board = founded()
    mine = board.post(board.owner, "engine")
    board.post(board.editor, "loom")
    viewer = board.as_member(board.viewer)
    refused(board.viewer.post("/board", headers=viewer, json={"text": "x"}), 403, "missing_role", None)
    refused(board.viewer.delete(f"/board/{mine}", headers=viewer), 403, "missing_role", None)
    assert board.texts(board.viewer) == ["loom", "engine"]
    assert board.viewer.get(f"/board/{mine}", headers=viewer).json()["author"] == board.owner.id
    taken_down = board.editor.delete(f"/board/{mine}", headers=board.as_member(board.editor))
    assert taken_down.status_code == 204
    refused(board.viewer.get(f"/board/{mine}", headers=viewer), 404, "not_found", None)
    assert board.texts(board.owner) == ["loom"]


def test_tn_02_who_is_no_member_sees_nothing(founded: Callable[[], Board], anybody: Person) -> None:
    acme, other = founded(), founded()
    mine = acme.post(acme.owner, "engine")
    stranger = other.owner
    named = {"authorization": f"Bearer {stranger.token}", "x-organization-id": acme.id}
    for method, path in ("GET", "/board"), ("POST", "/board"), ("GET", f"/board/{mine}"), ("DELETE", f"/board/{mine}"):
        refused(stranger.request(method, path, headers=named), 403, "organization_required", None)
        # Nobody in particular, and no organization in particular.
        assert anybody.request(method, path, headers={"x-organization-id": acme.id}).status_code == 401
        refused(acme.owner.request(method, path), 403, "organization_required", None)
    # An owner elsewhere is nobody here.
    own = other.as_member(stranger)
    refused(stranger.get(f"/board/{mine}", headers=own), 404, "not_found", None)
    refused(stranger.delete(f"/board/{mine}", headers=own), 404, "not_found", None)
    assert other.texts(stranger) == []
    assert acme.texts(acme.viewer) == ["engine"]


def test_a_session_that_switched_needs_no_header(founded: Callable[[], Board], issuer: Issuer) -> None:
    board = founded()
    board.post(board.owner, "engine")
    switched = asked(issuer, "POST", "/me/organization", board.viewer, {"organization": board.id}).json()
    headers = {"authorization": f"Bearer {switched['access_token']}"}
    assert [posting["text"] for posting in board.viewer.get("/board", headers=headers).json()] == ["engine"]
    refused(board.viewer.post("/board", headers=headers, json={"text": "x"}), 403, "missing_role", None)


def test_a_key_is_of_a_person_and_of_no_organization(founded: Callable[[], Board], issuer: Issuer) -> None:
    board = founded()
    key = make(board.owner, issuer)[0]
    with httpx.Client(base_url=str(board.owner.base_url), timeout=30) as client:
        for more in {}, {"x-organization-id": board.id}:
            answer = client.get("/board", headers={"x-api-key": key, **more})
            refused(answer, 403, "organization_required", None)
