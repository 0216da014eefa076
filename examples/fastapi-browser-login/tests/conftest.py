"""A server, the application beside it, and a browser."""

from __future__ import annotations

import os
import queue
import socket
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import uvicorn

HERE = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(HERE), str(HERE.parent), str(HERE.parent / "notes-http-tests")]

from browser import Browser  # noqa: E402
from browser_login.app import browser_login_app  # noqa: E402
from browser_login.logout_tokens import SignedOut  # noqa: E402
from browser_login.sessions import Sessions  # noqa: E402
from browser_login.settings import Settings  # noqa: E402
from processes import Program  # noqa: E402

SECRET = "only the diary and its server know"


class Diary:
    """The application, served by a thread of this process so that a test can reach its sessions."""

    def __init__(self, issuer: str, listening: socket.socket, url: str) -> None:
        self.url = url
        settings = Settings(issuer, "diary", SECRET, url, "32 characters that nobody guesses")
        self._app = browser_login_app(settings)
        self._told: queue.Queue[SignedOut] = queue.Queue()
        end_everywhere = self.sessions.end_everywhere

        def end_and_tell(signed_out: SignedOut) -> None:
            end_everywhere(signed_out)
            self._told.put(signed_out)

        self.sessions.end_everywhere = end_and_tell
        self._server = uvicorn.Server(uvicorn.Config(self._app, log_level="warning"))
        self._thread = threading.Thread(target=self._server.run, args=([listening],))
        self._thread.start()

    @property
    def sessions(self) -> Sessions:
        return self._app.state.sessions

    def let_tokens_expire(self) -> None:
        for session in self.sessions._kept.values():
            session.tokens["expires_at"] = 0

    def wait_until_told(self, session: str) -> None:
        """Until the server has said that this session is over, which it does in its own time."""
        while self._told.get(timeout=20).session != session:
            pass

    def stop(self) -> None:
        self._server.should_exit = True
        self._thread.join()


@pytest.fixture(scope="session")
def place() -> Iterator[tuple[socket.socket, str]]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening, f"http://localhost:{listening.getsockname()[1]}"


@pytest.fixture(scope="session")
def issuer(place: tuple[socket.socket, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("gatepost")
    realm = folder / "realm.toml"
    # As the page says, but for the port, which is a free one here.
    realm.write_text((HERE / "realm.toml").read_text().replace("http://localhost:8000", place[1]))
    data = ["--data-dir", str(folder / "data"), "--apply", str(realm)]
    # The application is on this machine, and is to be told of sign-outs.
    env = {"GATEPOST_OUTGOING__PRIVATE_ADDRESSES": "true"}
    command = [os.environ["GATEPOST_BIN"], "serve", "--listen", "127.0.0.1:0", *data]
    server = Program(command, folder / "gatepost.log", env)
    yield server.url
    server.stop()


@pytest.fixture(scope="session")
def diary(issuer: str, place: tuple[socket.socket, str]) -> Iterator[Diary]:
    diary = Diary(issuer, *place)
    yield diary
    diary.stop()


@pytest.fixture
def browser(issuer: str, diary: Diary) -> Browser:
    return Browser([issuer, diary.url])
