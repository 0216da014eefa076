"""`examples/guard-cases.json`: what every rule answers, here and in the Rust guard alike."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any
from collections.abc import Callable

import pytest
from conftest import Issuer
from proofs import PUBLIC_URL, ClientKey, Proof
from fastapi import FastAPI
from fastapi.testclient import TestClient

from gatepost.fastapi import Gatepost, require, resource, signed_in

CASES: list[dict[str, Any]] = json.loads((Path(__file__).resolve().parents[3] / "examples/guard-cases.json").read_text())


@dataclass
class Note:
    owner_id: str
    org_id: str


async def load_note(key: int) -> Note | None:
    return Note("usr_ada", "org_acme") if key == 1 else None


def guarded(app: FastAPI, rule: dict[str, Any]) -> None:
    if "resource" in rule:

        @app.get("/{key}")
        async def note(note: Annotated[Note, resource(load_note, **rule["resource"])]) -> None: ...

    else:

        @app.get("/{key}", dependencies=[signed_in if rule == {"signed_in": True} else require(**rule)])
        async def route() -> None: ...


def sent(case: dict[str, Any], issuer: Issuer) -> list[tuple[bytes, bytes]]:
    """The headers of the request."""
    headers = [("x-organization-id", value) for value in case.get("organization_header", [])]
    dpop = case.get("dpop")
    if dpop is None:
        if case["token"] is not None:
            headers.append(("authorization", issuer.bearer(**case["token"])["Authorization"]))
    else:
        own, other = ClientKey(), ClientKey()
        cnf = {"cnf": {"jkt": own.thumbprint}} if dpop.get("bound", True) else {}
        token = dpop.get("token", issuer.token(**case["token"], **cnf))
        scheme = dpop.get("scheme", "DPoP")
        if scheme is not None:
            headers.append(("authorization", f"{scheme} {token}"))
        for proof in dpop.get("proofs", [{}]):
            headers.append(("dpop", Proof(**proof).made(own, other, f"/{case.get('key', 0)}", token)))
        if "host" in dpop:
            headers.append(("host", dpop["host"]))
    return [(name.encode(), value.encode()) for name, value in headers]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_a_rule_answers_what_the_shared_table_says(
    make_auth: Callable[..., Gatepost], issuer: Issuer, case: dict[str, Any]
) -> None:
    app = FastAPI()
    dpop = case.get("dpop")
    taken = dpop.get("taken", "beside") if dpop is not None else "no"
    settings = {"no": {}, "beside": {"dpop": PUBLIC_URL}, "only": {"dpop": PUBLIC_URL, "dpop_only": True}}[taken]
    make_auth(**settings).install(app)
    guarded(app, case["rule"])
    headers = sent(case, issuer)
    client = TestClient(app)
    for _ in range(1, (dpop or {}).get("times", 1)):
        assert client.get(f"/{case.get('key', 0)}", headers=headers).status_code == 200
    answer = client.get(f"/{case.get('key', 0)}", headers=headers)
    code = None if answer.status_code == 200 else answer.json()["code"]
    assert (answer.status_code, code, answer.headers.get("www-authenticate")) == (
        case["status"],
        case.get("code"),
        case.get("challenge"),
    )
