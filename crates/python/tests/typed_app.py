"""An application as people write it. mypy --strict and pyright must find nothing in it; it is not run."""

from __future__ import annotations

import dataclasses
from collections.abc import AsyncIterator
from typing import Annotated, Any, Literal

from fastapi import APIRouter, BackgroundTasks, FastAPI, WebSocket
from pydantic import BaseModel
from typing_extensions import assert_type

import gatepost
from gatepost import jose
from gatepost.fastapi import (
    AuthedRequest,
    CurrentMember,
    CurrentUser,
    Forbidden,
    Gatepost,
    Member,
    NotAuthenticated,
    OptionalUser,
    Organization,
    User,
    claims,
    require,
    resource,
    signed_in,
)

app = FastAPI()
auth = Gatepost("https://auth.example.com", audience="notes-api")
auth.install(app, protect=["/api"], public=["/api/health"], errors="problem")
staff = Gatepost(["https://a.example.com", "https://b.example.com"], audience="notes-api", name="staff", leeway=5)
staff.install(app, errors="problem")


def is_pro(user: User) -> bool:
    return user.claims.get("plan") == "pro"


Admin = Annotated[User, require(role="admin")]
Writer = Annotated[User, require(permission="notes:write", scope="notes", realm="acme", fresh="10m", check=is_pro)]
StaffUser = Annotated[User, staff.user()]
StaffAdmin = Annotated[User, staff.require(any_role={"admin", "owner"}, all_permissions=["a:b"])]
MaybeStaff = Annotated[User | None, staff.optional_user()]
team = APIRouter(prefix="/team", dependencies=[signed_in, require(any_role=["admin", "owner"])])


class Plan(BaseModel):
    plan: Literal["free", "pro"]


@dataclasses.dataclass
class Seat:
    seat: int


MyPlan = Annotated[Plan, claims(Plan)]
Acme = Annotated[Member, require(organization="org_acme", mfa=True)]
Program = Annotated[User, require(credential="api_key")]
StaffMember = Annotated[Member, staff.member()]


@dataclasses.dataclass
class Note:
    owner_id: str
    org_id: str


async def load_note(note_id: int) -> Note | None: ...


def load_plainly(note_id: int) -> Note:
    return Note("usr_ada", "org_acme")


async def load_and_close(note_id: int) -> AsyncIterator[Note | None]:
    yield None


def is_mine(user: User, note: Note) -> bool:
    return note.owner_id == user.id


MyNote = Annotated[Note, resource(load_note, owner="owner_id", organization="org_id", or_role="admin", hide=True)]
PlainNote = Annotated[Note, resource(load_plainly, check=is_mine, or_permission="notes:read")]
OpenNote = Annotated[Note, resource(load_note, check=lambda user, note: note.owner_id == user.id)]
ClosedNote = Annotated[Note, resource(load_and_close, check=is_mine)]
StaffNote = Annotated[Note, staff.resource(load_note, check=is_mine)]


@app.get("/me")
async def me(user: CurrentUser) -> str:
    assert_type(user.id, str)
    assert_type(user.email, str | None)
    assert_type(user.roles, tuple[str, ...])
    assert_type(user.expires_at, int)
    assert_type(user.claims, dict[str, Any])
    assert_type(user.has_role("admin"), bool)
    assert_type(user.read(Seat), Seat)
    return user.id


@app.get("/feed")
async def feed(user: OptionalUser) -> str:
    assert_type(user, User | None)
    return user.id if user else "-"


@app.delete("/users/{id}", status_code=204)
async def delete(id: str, admin: Admin, writer: Writer, by: StaffUser, boss: StaffAdmin, maybe: MaybeStaff) -> None:
    assert_type(admin, User)
    assert_type(maybe, User | None)


@app.get("/plan")
async def plan(mine: MyPlan) -> str:
    assert_type(mine.plan, Literal["free", "pro"])
    return mine.plan


@app.get("/notes/{note_id}")
async def read(note: MyNote, plain: PlainNote, other: OpenNote, closed: ClosedNote, theirs: StaffNote) -> str:
    assert_type(note, Note)
    return note.owner_id


@app.get("/team")
async def team_notes(member: CurrentMember, acme: Acme, theirs: StaffMember, user: CurrentUser) -> str:
    assert_type(member.organization, Organization)
    assert_type(user.organization, Organization | None)
    assert_type(is_pro(member), bool)
    return member.organization.id


@app.get("/api/fast")
async def fast(request: AuthedRequest, tasks: BackgroundTasks) -> str:
    assert_type(request.user, User)
    tasks.add_task(is_pro, request.user)
    return request.user.id


@app.websocket("/ws")
async def ws(socket: WebSocket, user: CurrentUser) -> None:
    await socket.accept()
    await socket.send_text(user.id)


def refused(error: NotAuthenticated | Forbidden) -> tuple[int, str]:
    return error.status_code, error.code


verifier = gatepost.Verifier(
    issuer="https://auth.example.com", audience="notes-api", jwks={"keys": []}, algorithms=["ES256"], leeway=10
)


def offline(token: str) -> str | None:
    try:
        found = verifier.verify(token, now=1)
    except gatepost.ExpiredToken as expired:
        return expired.code
    except gatepost.TokenError as error:
        return f"{error.code}: {error.reason}"
    assert_type(found, gatepost.Claims)
    assert_type(jose.verify_compact(token, {"keys": []}, ["ES256"]), bytes)
    return found.name
