"""What the routes share: the store, the text of a body, and the shape of a refusal."""

from __future__ import annotations

import json
from typing import Annotated, Any

from fastapi import Depends, HTTPException, Request
from fastapi.responses import JSONResponse

from fastapi_notes.store import Notes

LONGEST = 10_000
"""Characters a note may have."""

_LARGEST_ID = 2**63 - 1


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


def number_of(id: str) -> int:
    """The number of a note. What is no number names no note, so the path is text: 404 and not 422."""
    number = int(id) if id.isascii() and id.isdigit() and len(id) < 20 else 0
    return number if number <= _LARGEST_ID else 0


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
