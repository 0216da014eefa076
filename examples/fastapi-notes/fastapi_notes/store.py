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
"""


class Note(BaseModel):
    """A note, as stored and as answered."""

    id: int
    owner: str
    text: str
    created_at: str


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
        created_at = datetime.now(timezone.utc).isoformat(timespec="seconds").replace("+00:00", "Z")
        sql = "INSERT INTO notes (owner, text, created_at) VALUES (?, ?, ?) RETURNING id, owner, text, created_at"
        return self._notes(sql, owner, text, created_at)[0]

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

    def _notes(self, sql: str, *values: object) -> list[Note]:
        return [Note(id=row[0], owner=row[1], text=row[2], created_at=row[3]) for row in self._run(sql, *values)]

    def _run(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        with self._lock:
            return self._connection.execute(sql, values).fetchall()
