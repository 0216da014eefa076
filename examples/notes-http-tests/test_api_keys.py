"""What every notes application answers to an API key. The sentences are those of the README."""

from __future__ import annotations

import httpx
import pytest

from conftest import Person
from issuers import Issuer
from test_notes import INVALID, refused


@pytest.fixture
def key(ada: Person, issuer: Issuer) -> str:
    """An API key of Ada's."""
    return make(ada, issuer)[0]


def make(person: Person, issuer: Issuer) -> tuple[str, str]:
    """A key and its id."""
    answer = httpx.post(
        f"{issuer.url}/api/v1/me/api-keys",
        json={"name": "reader", "scopes": ["notes"]},
        headers={"authorization": f"Bearer {person.token}"},
        timeout=30,
    )
    assert answer.status_code == 201, answer.text
    return answer.json()["key"], answer.json()["id"]


@pytest.mark.parametrize("name,form", [("x-api-key", "{}"), ("authorization", "Bearer {}"), ("authorization", "bearer {}")])
def test_a_key_reads_its_owners_notes(anybody: Person, ada: Person, bob: Person, key: str, name: str, form: str) -> None:
    headers = {name: form.format(key)}
    mine, other = ada.write("engine"), bob.write("bob's")
    assert anybody.get("/me", headers=headers).json()["id"] == ada.id
    assert anybody.get("/", headers=headers).json() == {"app": "notes", "user": ada.id}
    assert [note["id"] for note in anybody.get("/notes", headers=headers).json()] == [mine]
    assert anybody.get(f"/notes/{mine}", headers=headers).json()["text"] == "engine"
    refused(anybody.get(f"/notes/{other}", headers=headers), 403, "not_yours", None)


def test_a_key_writes_nothing_and_has_no_role(anybody: Person, ada: Person, key: str) -> None:
    headers = {"x-api-key": key}
    path = f"/notes/{ada.write('engine')}"
    refused(anybody.post("/notes", headers=headers, json={"text": "x"}), 403, "wrong_credential", None)
    for there in (path, "/notes/987654321"):
        refused(anybody.put(there, headers=headers, json={"text": "x"}), 403, "wrong_credential", None)
        refused(anybody.delete(there, headers=headers), 403, "wrong_credential", None)
    assert [note["text"] for note in ada.get("/notes").json()] == ["engine"]
    refused(anybody.get("/admin/notes", headers=headers), 403, "missing_role", None)


def test_ak_04_a_key_of_an_administrator_has_no_role_either(
    anybody: Person, administrator: Person, issuer: Issuer
) -> None:
    headers = {"x-api-key": make(administrator, issuer)[0]}
    refused(anybody.get("/admin/notes", headers=headers), 403, "missing_role", None)


@pytest.mark.parametrize("path", ["/", "/me", "/notes", "/notes/1"])
def test_a_bad_key_is_401_everywhere_and_never_anonymous(anybody: Person, key: str, path: str) -> None:
    made_up = "gp_key_000g40r40m30e209185gr38e1w8124gk2gahc5rr34d1p70x3rfj08924deqwbcv"
    for bad in ("", "garbage", "gp_key_", key[:-1], key + "0", key.upper(), made_up):
        refused(anybody.get(path, headers={"x-api-key": bad}), 401, "invalid_token", INVALID)
    refused(anybody.get(path, headers={"authorization": f"Bearer {made_up}"}), 401, "invalid_token", INVALID)


def test_ak_05_two_credentials_are_401_whichever_is_good(anybody: Person, ada: Person, key: str) -> None:
    good = f"Bearer {ada.token}"
    for headers in (
        [("authorization", good), ("x-api-key", key)],
        [("authorization", good), ("x-api-key", "garbage")],
        [("authorization", "Bearer garbage"), ("x-api-key", key)],
        [("authorization", f"Bearer {key}"), ("x-api-key", key)],
        [("x-api-key", key), ("x-api-key", key)],
    ):
        for path in ("/", "/me", "/notes"):
            refused(anybody.get(path, headers=headers), 401, "invalid_token", INVALID)


def test_a_key_that_is_revoked_before_its_first_use_is_401(
    anybody: Person, ada: Person, issuer: Issuer
) -> None:
    key, id = make(ada, issuer)
    deleted = httpx.delete(
        f"{issuer.url}/api/v1/me/api-keys/{id}", headers={"authorization": f"Bearer {ada.token}"}, timeout=30
    )
    assert deleted.status_code in (200, 204), deleted.text
    refused(anybody.get("/me", headers={"x-api-key": key}), 401, "invalid_token", INVALID)
