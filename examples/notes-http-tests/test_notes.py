"""What every notes application answers. The sentences are those of the README."""

from __future__ import annotations

import re
import socket
from urllib.parse import urlsplit

import httpx
import pytest

from conftest import Person

INVALID = 'Bearer error="invalid_token"'


def refused(answer: httpx.Response, status: int, code: str, challenge: str | None) -> None:
    """Status, code and challenge of a refusal; `challenge` is how the header starts, and `None` that there is none."""
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    assert answer.json()["detail"]
    header = answer.headers.get("www-authenticate")
    if challenge is None or header is None:
        assert header == challenge
    else:
        assert header.startswith(challenge), header
    sent = answer.request.headers.get("authorization", "").partition(" ")[2]
    assert not sent or sent not in answer.text + str(answer.headers), "no answer repeats the token"


def test_the_front_page_is_open_and_knows_who_is_there(anybody: Person, ada: Person) -> None:
    assert anybody.get("/").json() == {"app": "notes", "user": None}
    assert ada.get("/").json() == {"app": "notes", "user": ada.id}


def test_health_asks_for_no_credential_and_looks_at_none(anybody: Person) -> None:
    for headers in ({}, {"authorization": "Bearer garbage"}):
        answer = anybody.get("/health", headers=headers)
        assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


def test_me_says_who_is_calling(ada: Person, administrator: Person) -> None:
    me = ada.get("/me").json()
    assert set(me) == {"id", "email", "name", "roles"}
    assert (me["id"], me["roles"]) == (ada.id, [])
    assert me["email"] in (ada.email, None)
    assert administrator.get("/me").json()["roles"] == ["realm-admin"]


def test_a_note_is_written_read_rewritten_and_deleted(ada: Person) -> None:
    written = ada.post("/notes", json={"text": " the engine\n"})
    assert written.status_code == 201
    note = written.json()
    assert set(note) == {"id", "owner", "text", "created_at"}
    assert (type(note["id"]), note["owner"], note["text"]) == (int, ada.id, " the engine\n")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", note["created_at"]), note
    path = f"/notes/{note['id']}"
    assert urlsplit(written.headers["location"]).path == path
    assert ada.get(path).json() == note
    rewritten = ada.put(path, json={"text": "weaves"})
    assert (rewritten.status_code, rewritten.json()) == (200, {**note, "text": "weaves"})
    assert ada.get(path).json()["text"] == "weaves"
    deleted = ada.delete(path)
    assert (deleted.status_code, deleted.content) == (204, b"")
    for answer in (ada.get(path), ada.put(path, json={"text": "x"}), ada.delete(path)):
        refused(answer, 404, "not_found", None)


def test_the_list_has_the_callers_own_notes_newest_first(ada: Person, bob: Person) -> None:
    first, second = ada.write("first"), ada.write("second")
    bob.write("bob's")
    assert [note["id"] for note in ada.get("/notes").json()] == [second, first]
    assert [note["owner"] for note in bob.get("/notes").json()] == [bob.id]


def test_somebody_elses_note_is_forbidden_to_everybody_and_stays_as_it_is(
    ada: Person, bob: Person, administrator: Person
) -> None:
    path = f"/notes/{ada.write('mine')}"
    for stranger in (bob, administrator):
        refused(stranger.get(path), 403, "not_yours", None)
        refused(stranger.put(path, json={"text": "yours"}), 403, "not_yours", None)
        refused(stranger.delete(path), 403, "not_yours", None)
    assert ada.get(path).json()["text"] == "mine"


def test_only_the_administrator_sees_everybodys_notes(
    ada: Person, bob: Person, administrator: Person, anybody: Person
) -> None:
    by_ada, by_bob = ada.write("ada's"), bob.write("bob's")
    refused(anybody.get("/admin/notes"), 401, "unauthenticated", "Bearer")
    refused(ada.get("/admin/notes"), 403, "missing_role", None)
    listed = [note["id"] for note in administrator.get("/admin/notes").json()]
    assert listed.index(by_bob) < listed.index(by_ada)


@pytest.mark.parametrize("method,path", [
    ("GET", "/me"), ("GET", "/notes"), ("POST", "/notes"), ("GET", "/notes/1"), ("PUT", "/notes/1"), ("DELETE", "/notes/1"),
    ("GET", "/notes/987654321"), ("GET", "/admin/notes"),
])  # fmt: skip
def test_without_a_token_every_guarded_route_is_401_with_a_bare_challenge(
    anybody: Person, ada: Person, method: str, path: str
) -> None:
    body = {"json": {"text": "x"}} if method in ("POST", "PUT") else {}
    for headers, query in (({}, {}), ({"authorization": "Basic YWRhOnB3"}, {}), ({}, {"access_token": ada.token})):
        answer = anybody.request(method, path, headers=headers, params=query, **body)
        refused(answer, 401, "unauthenticated", "Bearer")
        assert answer.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize("path", ["/", "/me", "/notes", "/notes/1", "/admin/notes"])
def test_a_bad_token_is_401_everywhere_and_never_anonymous(anybody: Person, ada: Person, path: str) -> None:
    assert ada.token is not None
    head, claims, signature = ada.token.split(".")
    flipped = signature[:5] + ("A" if signature[5] != "A" else "B") + signature[6:]
    for bad in ("garbage", "a.b.c", "...", f"{head}.{claims}.", f"{head}.{claims}.{flipped}", f"{ada.token}, {ada.token}"):
        answer = anybody.get(path, headers={"authorization": f"Bearer {bad}"})
        refused(answer, 401, "invalid_token", INVALID)


def test_two_authorization_headers_are_401_even_if_both_are_good(anybody: Person, ada: Person) -> None:
    for other in (f"Bearer {ada.token}", "Basic YWRhOnB3"):
        headers = [("authorization", f"Bearer {ada.token}"), ("authorization", other)]
        refused(anybody.get("/me", headers=headers), 401, "invalid_token", INVALID)


def test_the_scheme_is_compared_without_regard_to_case(anybody: Person, ada: Person) -> None:
    for scheme in ("bearer", "BEARER"):
        assert anybody.get("/me", headers={"authorization": f"{scheme} {ada.token}"}).status_code == 200


def test_missing_comes_before_forbidden_and_both_before_the_body(ada: Person, bob: Person) -> None:
    path = f"/notes/{ada.write('mine')}"
    for bad in ({}, {"text": 1}):
        refused(bob.put("/notes/987654321", json=bad), 404, "not_found", None)
        refused(bob.put(path, json=bad), 403, "not_yours", None)
        assert ada.put(path, json=bad).status_code == 422
    assert ada.get(path).json()["text"] == "mine"


@pytest.mark.parametrize("id", ["0", "-1", "one", "1.5", "1e3", "0x1", "99999999999999999999", "%00", "1%3B", "987654321"])
def test_an_id_that_names_no_note_is_404(ada: Person, id: str) -> None:
    ada.write("one")
    refused(ada.get(f"/notes/{id}"), 404, "not_found", None)


@pytest.mark.parametrize(
    "body",
    [b"", b"text", b"{}", b"[]", b"null", b'{"text": 1}', b'{"text": null}', b'{"text": ["a"]}', b'{"text": ""}',
     b'{"text": " \\n\\t"}', b'{"text": "a', b'{"text": "\xff"}', b'{"text": "' + b"a" * 10_001 + b'"}'],
    ids=lambda body: body[:20].decode(errors="replace") or "empty",
)  # fmt: skip
def test_a_note_without_a_proper_text_is_422_and_nothing_is_kept(ada: Person, body: bytes) -> None:
    answer = ada.post("/notes", content=body, headers={"content-type": "application/json"})
    assert answer.status_code == 422, answer.text
    assert answer.json()["detail"]
    assert ada.get("/notes").json() == []


def test_the_longest_note_and_every_letter_come_back_as_sent(ada: Person) -> None:
    for text in ("ä" * 10_000, "\U0001f9ee  'quoted' \"double\" \\ <b> \u2028 ;--", "a\x00b"):
        id = ada.write(text)
        assert ada.get(f"/notes/{id}").json()["text"] == text


def test_a_head_full_of_credentials_is_refused(app, ada: Person) -> None:
    """A thousand headers: 400 or 431 where the server stops reading, 401 where the guard does. Never the page."""
    address = urlsplit(app.url)
    assert address.hostname and address.port
    head = f"GET /me HTTP/1.1\r\nhost: {address.netloc}\r\n" + f"authorization: Bearer {ada.token}\r\n" * 1000 + "\r\n"
    with socket.create_connection((address.hostname, address.port), timeout=30) as connection:
        try:
            connection.sendall(head.encode())
            status = connection.recv(1024).split(b" ")[1]
        except ConnectionError:
            return  # The server hung up before it had read everything.
    assert status in (b"400", b"401", b"431")
