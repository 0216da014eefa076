"""The examples people copy run as they stand."""

import base64
import hashlib
import json
import re
import time
from pathlib import Path
from typing import Any

import jwt
import pytest
from conftest import Issuer, token
from fastapi.testclient import TestClient

HERE = Path(__file__).resolve().parents[1]
ELSEWHERE = [HERE.parents[1] / page for page in ("README.md", "docs/guide/fastapi.md", "docs/guide/rights.md", "docs/guide/bound-tokens.md")]
PAGES = [HERE / "README.md", *(page for page in ELSEWHERE if page.is_file())]


def blocks(page: Path) -> list[str]:
    return re.findall(r"^```python\n(.*?)^```", page.read_text(), re.M | re.S)


GUARDS = [block for page in PAGES for block in blocks(page) if "Gatepost(" in block]


def run(block: str, issuer: Issuer, **names: Any) -> dict[str, Any]:
    issuer.exchanges()
    there = re.sub(r'Gatepost\("https?://[^"]*"', f'Gatepost("{issuer.url}"', block)
    assert there != block or "Gatepost(" not in block
    scope: dict[str, Any] = {"__name__": "readme", **names}
    exec(compile(there, "README.md", "exec"), scope)
    return scope


def bearer(issuer: Issuer, **claims: Any) -> dict[str, str]:
    return {"Authorization": f"Bearer {token(issuer.url, now=int(time.time()), **claims)}"}


@pytest.mark.parametrize("block", GUARDS, ids=lambda block: f"{len(block.splitlines())} lines")
def test_every_guard_in_a_readme_makes_an_app_that_refuses_strangers(block: str, issuer: Issuer) -> None:
    app = run(block, issuer)["app"]
    with TestClient(app) as client:
        assert issuer.key_fetches == 1
        if "/me" in block:
            assert client.get("/me").status_code == 401
            assert client.get("/me", headers=bearer(issuer)).status_code == 200


def test_the_first_example_does_what_its_comments_say(issuer: Issuer) -> None:
    client = TestClient(run(blocks(HERE / "README.md")[0], issuer)["app"])
    ada, admin = bearer(issuer), bearer(issuer, roles=["admin"])
    assert client.get("/me").status_code == 401
    assert client.get("/me", headers=ada).json() == "usr_ada"
    assert client.get("/feed").json() == "-"
    assert client.get("/feed", headers={"Authorization": "Bearer x"}).status_code == 401
    assert [client.get("/stats", headers=who).status_code for who in (ada, admin)] == [403, 200]
    assert [client.delete("/users/1", headers=who).status_code for who in (ada, admin)] == [403, 204]


def test_the_example_of_a_resource_does_what_its_comments_say(issuer: Issuer) -> None:
    block = next(block for block in blocks(HERE / "README.md") if "resource(" in block)
    client = TestClient(run(block, issuer)["app"])
    ada, bob = bearer(issuer, org_id="org_acme"), bearer(issuer, sub="usr_bob", org_id="org_acme")
    admin, foreign = bearer(issuer, sub="usr_bob", org_id="org_acme", roles=["admin"]), bearer(issuer, org_id="org_globex")
    assert [client.get("/notes/1", headers=who).status_code for who in ({}, ada, bob, admin, foreign)] == [401, 200, 403, 200, 403]
    assert client.get("/notes/2", headers=bob).status_code == 404
    assert [client.get("/team", headers=who).json() for who in (bob, foreign)] == [["engine"], []]
    assert client.get("/team", headers=bearer(issuer)).status_code == 403


def test_the_guides_example_of_a_resource_hides_what_is_not_the_callers(issuer: Issuer) -> None:
    block = next(block for block in blocks(HERE.parents[1] / "docs/guide/fastapi.md") if "resource(" in block)
    client = TestClient(run(block, issuer)["app"])
    ada, bob = bearer(issuer, org_id="org_acme"), bearer(issuer, sub="usr_bob", org_id="org_acme")
    strong = bearer(issuer, org_id="org_acme", amr=["pwd", "mfa"])
    assert [client.get("/notes/1", headers=who).status_code for who in ({}, ada, bob)] == [401, 200, 404]
    assert client.get("/notes/1", headers=bob).content == client.get("/notes/2", headers=bob).content
    assert [client.delete("/notes/1", headers=who).status_code for who in (ada, strong, strong)] == [401, 200, 404]
    assert client.get("/team", headers=ada).json() == "org_acme"


def test_the_example_of_rights_answers_as_its_table_says(issuer: Issuer) -> None:
    page = HERE.parents[1] / "docs/guide/rights.md"
    if not page.is_file():
        pytest.skip("the guide is not here")
    block = next(block for block in blocks(page) if "resource(" in block)
    client = TestClient(run(block, issuer)["app"])
    reads = {"permissions": ["notes:read"]}
    answers = [
        client.get(path, headers=who)
        for who, path in [
            ({}, "/notes/1"),
            (bearer(issuer), "/notes/1"),
            (bearer(issuer, **reads), "/notes/2"),
            (bearer(issuer, sub="usr_grace", **reads), "/notes/1"),
            (bearer(issuer, **reads), "/notes/1"),
            (bearer(issuer, sub="usr_grace", roles=["admin"], **reads), "/notes/1"),
        ]
    ]
    assert [answer.status_code for answer in answers] == [401, 403, 404, 403, 200, 200]
    assert [answers[at].json()["code"] for at in (1, 3)] == ["missing_permission", "not_yours"]


def test_the_offline_example_prints_why_a_token_is_refused(issuer: Issuer, capsys: pytest.CaptureFixture[str]) -> None:
    block = next(block for block in blocks(HERE / "README.md") if "Verifier(" in block)
    run(block, issuer, token=token("https://auth.example.com"))
    assert capsys.readouterr().out == "unknown_key\n"


def test_the_example_of_api_keys_does_what_its_comments_say(issuer: Issuer) -> None:
    page = HERE.parents[1] / "docs/guide/rights.md"
    if not page.is_file():
        pytest.skip("the guide is not here")
    block = next(block for block in blocks(page) if "api_keys=True" in block)
    client = TestClient(run(block, issuer)["app"])
    issuer.grant(token(issuer.url, now=int(time.time()), api_key="key_1", permissions=["notes:read"]))
    key = {"X-API-Key": "gp_key_000g40r40m30e209185gr38e1w8124gk2gahc5rr34d1p70x3rfj08924deqwbcv"}
    assert client.get("/notes", headers=key).json() == "api_key of usr_ada"
    assert client.delete("/notes", headers=key).json()["code"] == "wrong_credential"
    assert client.delete("/notes", headers=bearer(issuer)).status_code == 200


def test_the_guides_proof_opens_the_guides_api_with_a_token_that_is_bound_to_its_key(issuer: Issuer) -> None:
    page = HERE.parents[1] / "docs/guide/bound-tokens.md"
    if not page.is_file():
        pytest.skip("the guide is not here")
    guard, client = (run(block, issuer) for block in blocks(page))
    app, public, proof = guard["app"], client["public"], client["proof"]
    text = json.dumps(public, sort_keys=True, separators=(",", ":"))
    thumbprint = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
    bound = token(issuer.url, now=int(time.time()), cnf={"jkt": thumbprint})

    def asks(scheme: str, sent: str) -> int:
        headers = {"Authorization": f"{scheme} {bound}", "DPoP": sent}
        return TestClient(app).get("/me", headers=headers).status_code

    made = proof("GET", "https://api.example.com/me", bound)
    assert [asks("DPoP", made), asks("DPoP", made), asks("Bearer", proof("GET", "https://api.example.com/me", bound))] == [200, 401, 401]
    assert asks("DPoP", proof("GET", "https://api.example.com/other", bound)) == 401
    assert jwt.decode(proof("POST", "https://x", nonce="n"), options={"verify_signature": False})["nonce"] == "n"
