"""The notes, in a SQLite file."""

from __future__ import annotations

import sqlite3
import threading
from datetime import datetime, timezone
from typing import Any

from pydantic import BaseModel

_TABLE = """
CREATE TABLE IF NOT EXISTS notes (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    owner TEXT NOT NULL,
    text TEXT NOT NULL,
    created_at TEXT NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS notes_by_owner ON notes (owner, id);
CREATE TABLE IF NOT EXISTS board (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    organization TEXT NOT NULL,
    author TEXT NOT NULL,
    text TEXT NOT NULL,
    created_at TEXT NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS board_by_organization ON board (organization, id);
"""


class Note(BaseModel):
    """A note, as stored and as answered."""

    id: int
    owner: str
    text: str
    created_at: str


class Posting(BaseModel):
    """A note on the board of an organization."""

    id: int
    organization: str
    author: str
    text: str
    created_at: str


_POSTING = "id, organization, author, text, created_at"


def _now() -> str:
    return datetime.now(timezone.utc).isoformat(timespec="seconds").replace("+00:00", "Z")


class Notes:
    """Every note. One connection, used by one thread at a time."""

    def __init__(self, path: str) -> None:
        self._lock = threading.Lock()
        self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.executescript(_TABLE)

    def close(self) -> None:
        """Closes the file."""
        with self._lock:
            self._connection.close()

    def check(self) -> None:
        """Raises if the file cannot be read."""
        self._run("SELECT 1")

    def add(self, owner: str, text: str) -> Note:
        """A new note."""
        sql = "INSERT INTO notes (owner, text, created_at) VALUES (?, ?, ?) RETURNING id, owner, text, created_at"
        return self._notes(sql, owner, text, _now())[0]

    def find(self, id: int) -> Note | None:
        """The note of that number."""
        return next(iter(self._notes("SELECT id, owner, text, created_at FROM notes WHERE id = ?", id)), None)

    def of(self, owner: str) -> list[Note]:
        """Somebody's notes, newest first."""
        sql = "SELECT id, owner, text, created_at FROM notes WHERE owner = ? ORDER BY id DESC"
        return self._notes(sql, owner)

    def all(self) -> list[Note]:
        """Everybody's notes, newest first."""
        return self._notes("SELECT id, owner, text, created_at FROM notes ORDER BY id DESC")

    def rewrite(self, id: int, text: str) -> Note | None:
        """Changes the text. None if the note is gone meanwhile."""
        sql = "UPDATE notes SET text = ? WHERE id = ? RETURNING id, owner, text, created_at"
        return next(iter(self._notes(sql, text, id)), None)

    def remove(self, id: int) -> None:
        """Deletes the note, if it is still there."""
        self._run("DELETE FROM notes WHERE id = ?", id)

    def post(self, organization: str, author: str, text: str) -> Posting:
        """A new note on the board of an organization."""
        sql = f"INSERT INTO board (organization, author, text, created_at) VALUES (?, ?, ?, ?) RETURNING {_POSTING}"
        return self._postings(sql, organization, author, text, _now())[0]

    def board_of(self, organization: str) -> list[Posting]:
        """What is on its board, newest first."""
        sql = f"SELECT {_POSTING} FROM board WHERE organization = ? ORDER BY id DESC"
        return self._postings(sql, organization)

    def find_posting(self, id: int) -> Posting | None:
        """The one of that number."""
        return next(iter(self._postings(f"SELECT {_POSTING} FROM board WHERE id = ?", id)), None)

    def take_down(self, id: int) -> None:
        """Deletes it, if it is still there."""
        self._run("DELETE FROM board WHERE id = ?", id)

    def _postings(self, sql: str, *values: object) -> list[Posting]:
        rows = self._run(sql, *values)
        return [Posting(id=row[0], organization=row[1], author=row[2], text=row[3], created_at=row[4]) for row in rows]

    def _notes(self, sql: str, *values: object) -> list[Note]:
        return [Note(id=row[0], owner=row[1], text=row[2], created_at=row[3]) for row in self._run(sql, *values)]

    def _run(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        with self._lock:
            return self._connection.execute(sql, values).fetchall()
