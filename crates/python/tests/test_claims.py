"""Claims as a type of the developer's own."""

import dataclasses
from typing import Annotated, Any, Literal

import msgspec
import pytest
from conftest import Issuer
from fastapi import FastAPI
from fastapi.testclient import TestClient
from pydantic import BaseModel
from typing_extensions import TypedDict

from gatepost.fastapi import CurrentUser, claims

INVALID = 'Bearer error="invalid_token", error_description="The access token is not valid"'


class Plan(BaseModel):
    sub: str
    plan: Literal["free", "pro"]


@dataclasses.dataclass(frozen=True)
class PlanData:
    plan: Literal["free", "pro"]


class PlanDict(TypedDict):
    plan: Literal["free", "pro"]


class PlanStruct(msgspec.Struct):
    plan: Literal["free", "pro"]


@pytest.mark.parametrize("model", [Plan, PlanData, PlanDict, PlanStruct])
def test_claims_can_be_read_as_a_type_of_ones_own(
    app: FastAPI, client: TestClient, issuer: Issuer, model: type[Any], caplog: pytest.LogCaptureFixture
) -> None:
    @app.get("/plan")
    async def plan(mine: Annotated[Any, claims(model)]) -> str:
        assert model is PlanDict or isinstance(mine, model)
        return str(mine["plan"] if isinstance(mine, dict) else mine.plan)

    @app.get("/read")
    async def read(user: CurrentUser) -> str:
        user.read(model)
        return "read"

    assert client.get("/plan", headers=issuer.bearer(plan="pro")).json() == "pro"
    assert client.get("/read", headers=issuer.bearer(plan="pro")).json() == "read"
    caplog.set_level("INFO", "gatepost")
    for path in ["/plan", "/read"]:
        caplog.clear()
        refused = client.get(path, headers=issuer.bearer(plan="secret-plan"))
        assert (refused.status_code, refused.headers["www-authenticate"]) == (401, INVALID)
        assert "plan" in caplog.text and "secret-plan" not in caplog.text
    assert client.get("/plan").headers["www-authenticate"] == "Bearer"


def test_writing_to_claims_that_were_read_upgrades_no_later_request(
    app: FastAPI, client: TestClient, issuer: Issuer
) -> None:
    @app.get("/plan")
    async def plan(mine: Annotated[Plan, claims(Plan)]) -> str:
        before = mine.plan
        mine.plan = "pro"
        return before

    bearer = issuer.bearer(plan="free")
    assert [client.get("/plan", headers=bearer).json() for _ in range(3)] == ["free"] * 3
