"""`examples/guard-cases.json`: what every rule answers, here and in the Rust guard alike."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import pytest
from conftest import Issuer
from fastapi import FastAPI
from fastapi.testclient import TestClient

from gatepost.fastapi import require, resource, signed_in

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


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_a_rule_answers_what_the_shared_table_says(app: FastAPI, issuer: Issuer, case: dict[str, Any]) -> None:
    guarded(app, case["rule"])
    headers = [(b"x-organization-id", value.encode()) for value in case.get("organization_header", [])]
    if case["token"] is not None:
        headers.append((b"authorization", issuer.bearer(**case["token"])["Authorization"].encode()))
    answer = TestClient(app).get(f"/{case.get('key', 0)}", headers=headers)
    code = None if answer.status_code == 200 else answer.json()["code"]
    assert (answer.status_code, code, answer.headers.get("www-authenticate")) == (
        case["status"],
        case.get("code"),
        case.get("challenge"),
    )
