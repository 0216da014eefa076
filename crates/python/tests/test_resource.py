"""`resource(…)`: who gets what is in the path, and what those learn who do not."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Annotated, Any

import pytest
from conftest import Issuer, key, token
from fastapi import Depends, FastAPI, WebSocket
from fastapi.testclient import TestClient

from gatepost.fastapi import CurrentUser, Forbidden, Gatepost, NotFound, User, require, resource


@dataclass
class Note:
    id: int
    owner_id: str | None = "usr_ada"
    org_id: str | None = "org_acme"
    number: int = 7
    locked: bool = False


LOADED: list[int] = []


@pytest.fixture(autouse=True)
def nothing_loaded() -> None:
    LOADED.clear()


async def database() -> dict[int, Note]:
    LOADED.append(-1)
    return {1: Note(1), 3: Note(3, owner_id=None, org_id=None), 4: Note(4, org_id="org_globex"), 5: Note(5, locked=True)}


Db = Annotated[dict[int, Note], Depends(database)]


async def load_note(note_id: int, db: Db) -> Note | None:
    LOADED.append(note_id)
    return db.get(note_id)


def load_plainly(note_id: int, db: Db) -> Note | None:
    return db.get(note_id)


def load_and_close(note_id: int, db: Db) -> Iterator[Note | None]:
    yield db.get(note_id)


async def load_and_close_later(note_id: int, db: Db) -> AsyncIterator[Note | None]:
    yield db.get(note_id)


def is_open(user: User, note: Note) -> bool:
    return not note.locked


def routed(app: FastAPI, guard: Any) -> TestClient:
    @app.get("/notes/{note_id}")
    async def read(note: Annotated[Note, guard]) -> int:
        return note.id

    return TestClient(app)


def ask(client: TestClient, issuer: Issuer, note: object = 1, **claims: Any) -> Any:
    return client.get(f"/notes/{note}", headers=issuer.bearer(**claims))


@pytest.mark.parametrize("load", [load_note, load_plainly, load_and_close, load_and_close_later])
def test_its_owner_has_it_and_nobody_else(app: FastAPI, issuer: Issuer, load: Any) -> None:
    client = routed(app, resource(load, owner="owner_id"))
    assert (ask(client, issuer).status_code, ask(client, issuer).json()) == (200, 1)
    refused = ask(client, issuer, sub="usr_bob", roles=["admin"])
    assert (refused.status_code, refused.json()) == (403, {"detail": "This belongs to somebody else.", "code": "not_yours"})
    missing = ask(client, issuer, 2, sub="usr_bob")
    assert (missing.status_code, missing.json()) == (404, {"detail": "There is no such thing.", "code": "not_found"})
    for answer in (refused, missing):
        assert "www-authenticate" not in answer.headers


def test_without_a_good_token_nothing_is_loaded_and_no_path_is_judged(app: FastAPI, issuer: Issuer) -> None:
    client = routed(app, resource(load_note, owner="owner_id"))
    for note in [1, 2, "one"]:
        for headers in [{}, {"Authorization": "Bearer garbage"}, issuer.bearer(exp=1)]:
            assert client.get(f"/notes/{note}", headers=headers).status_code == 401
    assert LOADED == []
    # And the same for the rules of the resource that are about the caller alone.
    app.router.routes.clear()
    client = routed(app, resource(load_note, organization="org_id"))
    assert ask(client, issuer).json()["code"] == "organization_required"
    assert LOADED == []
    assert ask(client, issuer, org_id="org_acme").status_code == 200
    assert LOADED == [-1, 1]


def test_what_belongs_to_nobody_is_not_somebodys(app: FastAPI, issuer: Issuer) -> None:
    client = routed(app, resource(load_note, owner="owner_id"))
    for who in ["usr_ada", "None", "null"]:
        assert ask(client, issuer, 3, sub=who).status_code == 403


def test_tn_01_hidden_it_cannot_be_told_from_a_missing_one(app: FastAPI, issuer: Issuer) -> None:
    client = routed(app, resource(load_note, owner="owner_id", or_role="admin", hide=True))
    hidden, missing = ask(client, issuer, 1, sub="usr_bob"), ask(client, issuer, 2, sub="usr_bob")
    assert hidden.status_code == missing.status_code == 404
    assert (hidden.content, hidden.headers) == (missing.content, missing.headers)
    assert ask(client, issuer, 1, sub="usr_bob", roles=["admin"]).status_code == 200


def test_a_role_or_a_permission_can_stand_in_for_the_owner(app: FastAPI, issuer: Issuer) -> None:
    client = routed(app, resource(load_note, owner="owner_id", or_role="admin", or_permission="notes:read"))
    for claims in [{"roles": ["admin"]}, {"permissions": ["notes:read"]}, {"permissions": ["notes:*"]}]:
        assert ask(client, issuer, sub="usr_bob", **claims).status_code == 200, claims
        assert ask(client, issuer, 2, sub="usr_bob", **claims).status_code == 404
    for claims in [{"roles": ["Admin"]}, {"permissions": ["notes:write"]}, {"scope": "notes:read admin"}]:
        assert ask(client, issuer, sub="usr_bob", **claims).json()["code"] == "not_yours", claims


def test_tn_01_no_role_opens_what_is_another_organizations(app: FastAPI, issuer: Issuer) -> None:
    client = routed(app, resource(load_note, owner="owner_id", organization="org_id", or_role="admin"))
    assert ask(client, issuer, org_id="org_acme").status_code == 200
    assert ask(client, issuer, org_id="org_acme", sub="usr_bob").json()["code"] == "not_yours"
    assert ask(client, issuer, org_id="org_acme", sub="usr_bob", roles=["admin"]).status_code == 200
    for note, organization in [(1, "org_globex"), (4, "org_acme"), (3, "org_acme"), (3, "None")]:
        answer = ask(client, issuer, note, org_id=organization, roles=["admin"])
        assert answer.json()["code"] == "not_yours", (note, organization)
    headers = {**issuer.bearer(org_id="org_acme"), "X-Organization-ID": "org_globex"}
    assert client.get("/notes/4", headers=headers).json()["code"] == "organization_required"


def test_a_check_decides_about_user_and_resource(app: FastAPI, issuer: Issuer) -> None:
    client = routed(app, resource(load_note, check=is_open))
    assert ask(client, issuer, 1, sub="usr_bob").status_code == 200
    assert ask(client, issuer, 5).json()["code"] == "not_yours"
    app.router.routes.clear()
    client = routed(app, resource(load_note, owner="owner_id", check=is_open, or_role="admin"))
    assert [ask(client, issuer, note).status_code for note in (1, 5)] == [200, 403]
    assert ask(client, issuer, 1, sub="usr_bob").status_code == 403
    assert ask(client, issuer, 5, sub="usr_bob", roles=["admin"]).status_code == 200


def test_a_check_that_answers_an_awaitable_opens_nothing(app: FastAPI, issuer: Issuer) -> None:
    async def later(user: User, note: Note) -> bool:
        return True

    client = routed(app, resource(load_note, check=lambda user, note: later(user, note)))  # type: ignore[arg-type, return-value]
    with pytest.raises(TypeError, match="awaitable"):
        ask(client, issuer)


@pytest.mark.parametrize(
    ("guard", "error", "says"),
    [
        (resource(load_note, owner="ownr_id"), AttributeError, r"resource\(load_note\): owner='ownr_id', but Note has no such "
         "attribute; did you mean owner='owner_id'"),
        (resource(load_note, owner="ownr_id", or_role="admin"), AttributeError, "did you mean owner='owner_id'"),
        (resource(load_note, organization="orgid"), AttributeError, "did you mean organization='org_id'"),
        (resource(load_note, owner="zzzzzz", hide=True), AttributeError, "name the one that holds the identifier"),
        (resource(load_note, owner="number"), TypeError, "Note.number is int and identifiers are text"),
        (resource(lambda note_id: {"owner_id": "usr_ada"}, owner="owner_id"), AttributeError, r"it is a mapping: write check="),
    ],
)  # fmt: skip
def test_a_name_that_is_not_there_is_a_mistake_and_no_refusal(
    app: FastAPI, issuer: Issuer, guard: Any, error: type[Exception], says: str
) -> None:
    client = routed(app, guard)
    for claims in [{}, {"sub": "usr_bob"}, {"roles": ["admin"]}]:
        with pytest.raises(error, match=says):
            ask(client, issuer, org_id="org_acme", **claims)


async def async_check(user: User, note: Note) -> bool:
    return True


@pytest.mark.parametrize(
    ("load", "rules", "error", "says"),
    [
        (load_note, {}, TypeError, r"resource\(load_note\) would be for every signed-in user; write whose it is: owner='owner_id'"),
        (load_note, {"hide": True}, TypeError, "write whose it is"),
        (load_note, {"or_role": "admin"}, TypeError, "write whose it is"),
        (load_note, {"organization": "org_id", "or_role": "admin"}, TypeError, "write one of these too"),
        (load_note, {"organization": "org_id", "or_permission": "notes:read"}, TypeError, "write one of these too"),
        (load_note, {"owner": ""}, TypeError, "the name of an attribute"),
        (load_note, {"owner": "owner.id"}, TypeError, "the name of an attribute"),
        (load_note, {"owner": True}, TypeError, "the name of an attribute"),
        (load_note, {"organization": True}, TypeError, "the name of an attribute"),
        (load_note, {"owner": "owner_id", "or_role": ["admin"]}, TypeError, "or_role= takes one string"),
        (load_note, {"owner": "owner_id", "or_permission": "notes"}, ValueError, "resource:action"),
        (load_note, {"check": "owner_id"}, TypeError, "a function of the user and the resource"),
        (load_note, {"check": async_check}, TypeError, "plain function"),
        (load_note, {"ownr": "owner_id"}, TypeError, "ownr"),
        (Note(1), {"owner": "owner_id"}, TypeError, "takes the function that loads, not Note"),
    ],
)  # fmt: skip
def test_a_resource_that_cannot_be_meant_is_refused_where_it_is_written(
    load: Any, rules: dict[str, Any], error: type[Exception], says: str
) -> None:
    with pytest.raises(error, match=says):
        resource(load, **rules)
    with pytest.raises(error, match=says):
        Gatepost("https://auth.example.com", audience="notes-api").resource(load, **rules)


def test_it_stands_beside_other_guards_and_loads_once(app: FastAPI, client: TestClient, issuer: Issuer) -> None:
    MyNote = Annotated[Note, resource(load_note, owner="owner_id")]

    async def title(note: MyNote) -> str:
        return f"note {note.id}"

    @app.put("/notes/{note_id}", dependencies=[require(permission="notes:write")])
    async def rewrite(title: Annotated[str, Depends(title)], note: MyNote, user: CurrentUser) -> str:
        return f"{title} of {user.id}"

    @app.delete("/notes/{note_id}", dependencies=[resource(load_note, owner="owner_id")])
    async def delete() -> None: ...

    assert client.put("/notes/1", headers=issuer.bearer()).json()["code"] == "missing_permission"
    assert LOADED == []
    assert client.put("/notes/1", headers=issuer.bearer(permissions=["notes:write"])).json() == "note 1 of usr_ada"
    assert LOADED == [-1, 1]
    assert client.delete("/notes/1", headers=issuer.bearer()).status_code == 200
    assert client.delete("/notes/1", headers=issuer.bearer(sub="usr_bob")).status_code == 403


def test_an_instance_guards_with_its_own_issuer(make_auth: Any, issuer: Issuer, other_issuer: Issuer) -> None:
    app = FastAPI()
    make_auth().install(app)
    staff = make_auth(other_issuer.url, name="staff")
    staff.install(app)
    client = routed(app, staff.resource(load_note, owner="owner_id"))
    assert ask(client, issuer).status_code == 401
    assert LOADED == []
    headers = {"Authorization": f"Bearer {token(other_issuer.url, by=key('other-1'))}"}
    assert client.get("/notes/1", headers=headers).status_code == 200


def test_a_websocket_gets_it_too(app: FastAPI, client: TestClient, issuer: Issuer) -> None:
    @app.websocket("/notes/{note_id}/live")
    async def live(socket: WebSocket, note: Annotated[Note, resource(load_note, owner="owner_id")]) -> None:
        await socket.accept()
        await socket.send_text(str(note.id))

    with client.websocket_connect("/notes/1/live", headers=issuer.bearer()) as socket:
        assert socket.receive_text() == "1"


def test_refusals_are_problems_where_the_app_says_so_and_can_be_answered_oneself(make_auth: Any, issuer: Issuer) -> None:
    app = FastAPI()
    make_auth().install(app, errors="problem")
    client = routed(app, resource(load_note, owner="owner_id"))
    for note, who, status, code in [(1, "usr_bob", 403, "not_yours"), (2, "usr_ada", 404, "not_found")]:
        answer = ask(client, issuer, note, sub=who)
        assert (answer.status_code, answer.json()["type"].rsplit(":", 1)[1]) == (status, code)
        assert answer.headers["content-type"] == "application/problem+json"
    assert (NotFound().status_code, NotFound().code, Forbidden("not_yours").code) == (404, "not_found", "not_yours")


def test_the_document_says_what_is_refused_and_why(app: FastAPI) -> None:
    @app.get("/a/{note_id}")
    async def a(
        note: Annotated[Note, resource(load_note, owner="owner_id", organization="org_id", or_role="admin", check=is_open)],
    ) -> None:
        """Reads."""

    @app.get("/b/{note_id}")
    async def b(note: Annotated[Note, resource(load_note, owner="owner_id", or_permission="notes:read")]) -> None: ...

    @app.get("/c/{note_id}")
    async def c(note: Annotated[Note, resource(load_note, owner="owner_id", hide=True)]) -> None: ...

    paths = app.openapi()["paths"]
    first = paths["/a/{note_id}"]["get"]
    assert first["description"] == (
        "Reads.\n\n**Requires** an active organization; the resource is of that organization (`org_id`); "
        "the resource is the caller's own (`owner_id`) and check: is_open, or role: admin."
    )
    assert first["x-gatepost"] == {
        "organization": True,
        "resource": {"owner": "owner_id", "organization": "org_id", "or_role": "admin", "check": "is_open"},
    }
    assert first["security"] == [{"gatepost": []}, {"gatepostToken": []}]
    assert {"401", "403", "404"} <= set(first["responses"])
    second = paths["/b/{note_id}"]["get"]
    assert second["description"] == "**Requires** the resource is the caller's own (`owner_id`), or permission: notes:read."
    assert {"401", "403", "404"} <= set(second["responses"])
    hidden = paths["/c/{note_id}"]["get"]
    assert {"401", "404"} <= set(hidden["responses"]) and "403" not in hidden["responses"]
    for operation in (first, second, hidden):
        assert [each["name"] for each in operation["parameters"]] == ["note_id"]
