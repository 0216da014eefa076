"""The boards of organizations: every member reads, editors and owners write, and no organization sees another's."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request

from fastapi_notes.store import Notes, Posting
from fastapi_notes.web import BODY, Stored, number_of, read_text
from gatepost.fastapi import CurrentMember, User, require, resource

Editor = Annotated[User, require(organization=True, any_role=["owner", "editor"])]


def find_posting(id: str, notes: Stored) -> Posting | None:
    return notes.find_posting(number_of(id))


OnBoard = Annotated[Posting, resource(find_posting, organization="organization", hide=True)]
"""A note of the member's organization. What is on another's board is not there: 404."""


async def new_text(editor: Editor, request: Request) -> str:
    return await read_text(request)


def routes() -> APIRouter:
    """The member comes first: whoever is asked for behind it is who they are in that organization."""
    board = APIRouter(prefix="/board")

    @board.get("")
    def read_board(member: CurrentMember, notes: Stored) -> list[Posting]:
        return notes.board_of(member.organization.id)

    @board.post("", status_code=201, openapi_extra=BODY)
    def post(
        member: CurrentMember, editor: Editor, text: Annotated[str, Depends(new_text)], notes: Stored
    ) -> Posting:
        return notes.post(member.organization.id, member.id, text)

    @board.get("/{id}")
    def read(member: CurrentMember, posting: OnBoard) -> Posting:
        return posting

    @board.delete("/{id}", status_code=204)
    def take_down(member: CurrentMember, editor: Editor, posting: OnBoard, notes: Stored) -> None:
        notes.take_down(posting.id)

    return board
