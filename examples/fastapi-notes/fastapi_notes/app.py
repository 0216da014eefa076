"""The routes, and who may call them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Request, Response

from fastapi_notes import board
from fastapi_notes.store import Note, Notes
from fastapi_notes.web import BODY, Refused, Stored, answer, number_of, read_text
from gatepost.fastapi import CurrentUser, Gatepost, NotFound, OptionalUser, User, require, resource

Admin = Annotated[User, require(role="realm-admin")]

Person = Annotated[User, require(credential="token")]
"""Who signed in: API keys read, and write nothing."""


def find_note(id: str, notes: Stored) -> Note | None:
    return notes.find(number_of(id))


OwnNote = Annotated[Note, resource(find_note, owner="owner")]
"""The caller's note. First 401, then 404, then 403."""


async def new_text(user: Person, request: Request) -> str:
    return await read_text(request)


async def other_text(user: Person, note: OwnNote, request: Request) -> str:
    return await read_text(request)


def notes_app(auth: Gatepost, notes: Notes) -> FastAPI:
    """The application. It closes the notes when it ends."""

    @asynccontextmanager
    async def life(app: FastAPI) -> AsyncIterator[None]:
        yield
        notes.close()

    app = FastAPI(title="Notes", lifespan=life)
    app.state.notes = notes
    auth.install(app)
    app.add_exception_handler(Refused, answer)  # type: ignore[arg-type]

    @app.get("/")
    async def home(user: OptionalUser) -> dict[str, str | None]:
        return {"app": "notes", "user": user.id if user else None}

    @app.get("/health")
    def health(notes: Stored) -> dict[str, str]:
        notes.check()
        return {"status": "ok"}

    @app.get("/me")
    async def me(user: CurrentUser) -> dict[str, Any]:
        return {"id": user.id, "email": user.email, "name": user.name, "roles": user.roles}

    @app.get("/notes")
    def own_notes(user: CurrentUser, notes: Stored) -> list[Note]:
        return notes.of(user.id)

    @app.post("/notes", status_code=201, openapi_extra=BODY)
    def add(user: Person, text: Annotated[str, Depends(new_text)], notes: Stored, response: Response) -> Note:
        note = notes.add(user.id, text)
        response.headers["Location"] = f"/notes/{note.id}"
        return note

    @app.get("/notes/{id}")
    def read(note: OwnNote) -> Note:
        return note

    @app.put("/notes/{id}", openapi_extra=BODY)
    def rewrite(user: Person, note: OwnNote, text: Annotated[str, Depends(other_text)], notes: Stored) -> Note:
        changed = notes.rewrite(note.id, text)
        if changed is None:
            raise NotFound()  # Deleted meanwhile.
        return changed

    @app.delete("/notes/{id}", status_code=204)
    def remove(user: Person, note: OwnNote, notes: Stored) -> None:
        notes.remove(note.id)

    app.include_router(board.routes())

    @app.get("/admin/notes")
    def everybodys_notes(admin: Admin, notes: Stored) -> list[Note]:
        return notes.all()

    return app
