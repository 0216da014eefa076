"""How every notes application starts and stops."""

from __future__ import annotations

import concurrent.futures
import socket
import threading
from pathlib import Path

import httpx
import pytest

from conftest import COMMAND, Person
from processes import NotReady, Program

WRITERS = 4


def test_it_prints_one_line_and_keeps_its_notes_over_a_restart(
    environment: dict[str, str], ada: Person, tmp_path: Path
) -> None:
    environment = {**environment, "NOTES_DATABASE": str(tmp_path / "own.db")}
    program = Program(COMMAND, tmp_path / "first.log", environment)
    with Person(program.url, ada.token) as client:
        id = client.write("kept")
    assert program.stop() == 0
    assert program.lines == [f"notes ready on {program.url}"]
    program = Program(COMMAND, tmp_path / "second.log", environment)
    with Person(program.url, ada.token) as client:
        assert client.get(f"/notes/{id}").json()["text"] == "kept"
    assert program.stop() == 0


def test_what_it_acknowledged_before_it_was_stopped_is_kept(
    environment: dict[str, str], ada: Person, tmp_path: Path
) -> None:
    environment = {**environment, "NOTES_DATABASE": str(tmp_path / "own.db")}
    program = Program(COMMAND, tmp_path / "first.log", environment)

    under_load = threading.Event()

    def write_until_it_stops(writer: int) -> int:
        acknowledged = 0
        with Person(program.url, ada.token) as client:
            try:
                while client.post("/notes", json={"text": f"by {writer}"}).status_code == 201:
                    acknowledged += 1
                    if acknowledged == 20:
                        under_load.set()
            except httpx.TransportError:
                pass
        return acknowledged

    with concurrent.futures.ThreadPoolExecutor(WRITERS) as pool:
        writers = [pool.submit(write_until_it_stops, writer) for writer in range(WRITERS)]
        assert under_load.wait(60)
        assert program.stop() == 0
        acknowledged = sum(writer.result() for writer in writers)
    program = Program(COMMAND, tmp_path / "second.log", environment)
    with Person(program.url, ada.token) as client:
        kept = len(client.get("/notes").json())
    assert program.stop() == 0
    assert acknowledged <= kept <= acknowledged + WRITERS, "each writer may have had one note under way"


def test_what_it_cannot_do_is_a_line_that_names_the_thing(environment: dict[str, str], tmp_path: Path) -> None:
    issuer = environment["NOTES_ISSUER"]
    with socket.create_server(("127.0.0.1", 0)) as taken, socket.create_server(("127.0.0.1", 0)) as silent:
        in_use, nobody = (f"127.0.0.1:{server.getsockname()[1]}" for server in (taken, silent))
        silent.close()
        for change, named in (
            ({"NOTES_LISTEN": in_use}, in_use),
            ({"NOTES_ISSUER": f"http://{nobody}"}, nobody),
            ({"NOTES_ISSUER": f"{issuer}/"}, issuer),
            ({"NOTES_DATABASE": str(tmp_path / "nowhere" / "notes.db")}, "nowhere"),
        ):
            with pytest.raises(NotReady) as refused:
                Program(COMMAND, tmp_path / "refused.log", {**environment, **change})
            said = str(refused.value).strip()
            assert named in said.splitlines()[-1], said
            assert "Traceback" not in said and "panicked" not in said, said
