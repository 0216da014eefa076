"""The routes, and who may call them."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any

from fastapi import Depends, FastAPI, HTTPException, Request, Response
from fastapi.responses import JSONResponse

from fastapi_notes.store import Note, Notes
from gatepost.fastapi import CurrentUser, Gatepost, NotFound, OptionalUser, User, require, resource

LONGEST = 10_000
"""Characters a note may have."""

_LARGEST_ID = 2**63 - 1

Admin = Annotated[User, require(role="realm-admin")]

Person = Annotated[User, require(credential="token")]
"""Who signed in: API keys read, and write nothing."""


class Refused(HTTPException):
    """An answer with a code, in the shape that the guard's refusals have."""

    def __init__(self, status: int, code: str, detail: str) -> None:
        super().__init__(status, detail)
        self.code = code


async def answer(request: Request, refused: Refused) -> JSONResponse:
    return JSONResponse({"detail": refused.detail, "code": refused.code}, refused.status_code)


def stored(request: Request) -> Notes:
    notes: Notes = request.app.state.notes
    return notes


Stored = Annotated[Notes, Depends(stored)]


def find_note(id: str, notes: Stored) -> Note | None:
    """The note of that number. What is no number names no note, so the path is text here: 404 and not 422."""
    number = int(id) if id.isascii() and id.isdigit() and len(id) < 20 else 0
    return notes.find(number) if 0 < number <= _LARGEST_ID else None


OwnNote = Annotated[Note, resource(find_note, owner="owner")]
"""The caller's note. First 401, then 404, then 403."""


async def read_text(request: Request) -> str:
    """The text of the body.

    Read here and not as a model in the signature, since FastAPI reads those before it asks any guard: a stranger would be told
    about the body first.
    """
    try:
        body = json.loads(await request.body())
    except (ValueError, RecursionError):
        raise Refused(422, "invalid_body", "The body must be JSON.") from None
    text: Any = body.get("text") if isinstance(body, dict) else None
    if not isinstance(text, str) or not text.strip() or len(text) > LONGEST:
        raise Refused(422, "invalid_body", f'The body must be {{"text": "…"}} with 1 to {LONGEST} characters.')
    if any("\ud800" <= letter <= "\udfff" for letter in text):
        raise Refused(422, "invalid_body", "The text must be text: it has half a character.")
    return text


async def new_text(user: Person, request: Request) -> str:
    return await read_text(request)


async def other_text(user: Person, note: OwnNote, request: Request) -> str:
    return await read_text(request)


BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {
                    "type": "object",
                    "required": ["text"],
                    "properties": {"text": {"type": "string", "minLength": 1, "maxLength": LONGEST}},
                }
            }
        },
    }
}


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

    @app.get("/admin/notes")
    def everybodys_notes(admin: Admin, notes: Stored) -> list[Note]:
        return notes.all()

    return app
