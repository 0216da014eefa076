"""Serves the notes: `python -m fastapi_notes`. Settings come from the environment, see the README."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import socket
import sqlite3
import sys

import uvicorn

from fastapi_notes.app import notes_app
from fastapi_notes.store import Notes
from gatepost.fastapi import Gatepost, GatepostError


class CannotStart(Exception):
    """Says in one line what is missing."""


class Server(uvicorn.Server):
    """Says when it accepts connections."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started and sockets:
            host, port = sockets[0].getsockname()[:2]
            print(f"notes ready on http://{f'[{host}]' if ':' in host else host}:{port}", flush=True)


def setting(name: str) -> str:
    value = os.environ.get(name, "")
    if not value:
        raise CannotStart(f"{name} is not set")
    return value


def listen(address: str) -> socket.socket:
    host, colon, port = address.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not colon or not port.isdigit() or int(port) > 65535:
        raise CannotStart(f"NOTES_LISTEN={address!r} is not an address and a port, such as 127.0.0.1:8000")
    try:
        return socket.create_server((host, int(port)), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except OSError as error:
        raise CannotStart(f"cannot listen on {address}: {error.strerror or error}") from None


def open_notes(path: str) -> Notes:
    try:
        return Notes(path)
    except sqlite3.Error as error:
        raise CannotStart(f"cannot open the database {path}: {error}") from None


async def serve() -> None:
    # Where clients reach the application. Tokens that are bound to a key are taken then, too.
    public_url = os.environ.get("NOTES_PUBLIC_URL") or None
    auth = Gatepost(setting("NOTES_ISSUER"), audience=setting("NOTES_AUDIENCE"), api_keys=True, dpop=public_url)
    address = setting("NOTES_LISTEN")
    path = setting("NOTES_DATABASE")
    await auth.ready()
    logging.basicConfig(level=logging.WARNING)
    notes = open_notes(path)
    listening = listen(address)
    config = uvicorn.Config(notes_app(auth, notes), log_level="warning", access_log=False, timeout_graceful_shutdown=4)
    await Server(config).serve(sockets=[listening])


def main() -> int:
    # uvicorn finishes its requests on SIGTERM and then raises the signal once more; that is a good end, not a failure.
    signal.signal(signal.SIGTERM, lambda *_: None)
    signal.signal(signal.SIGINT, lambda *_: None)
    # Until it runs, what goes wrong is said once, by the line below.
    logging.getLogger("gatepost").addHandler(logging.NullHandler())
    try:
        asyncio.run(serve())
    except (CannotStart, GatepostError) as error:
        print(f"fastapi-notes: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
