"""A second Gatepost, by which people sign in to the first."""

import contextlib
import dataclasses
import os
import pathlib
import re
import socket
import subprocess

from server import BIN

SECRET = "what the two of us know of each other"
# Both are on this machine, which is nothing that is fetched from unless it is said so.
ENVIRONMENT = {**os.environ, "GATEPOST_OUTGOING__PRIVATE_ADDRESSES": "true"}

REALM = """
[[realm]]
name = "default"
display_name = "{name}"
[[realm.client]]
id = "{client}"
secret = "{secret}"
name = "{client_name}"
redirect_uris = ["{callback}"]
scopes = ["openid", "profile", "email"]
[[realm.user]]
email = "{email}"
name = "{person}"
password = "{password}"
email_verified = true
"""

CONNECTED = """
[[realm]]
name = "default"
[[realm.provider]]
id = "{id}"
name = "{name}"
issuer = "{issuer}"
client_id = "{client}"
client_secret = "{secret}"
trust_email = true
"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def serve(running: contextlib.ExitStack, folder: pathlib.Path, realm: str, *options: str) -> str:
    """Starts a server with a realm of its own, and returns where it is."""
    folder.mkdir()
    (folder / "realm.toml").write_text(realm)
    process = subprocess.Popen(
        [BIN, "serve", "--apply", str(folder / "realm.toml"), "--data-dir", str(folder / "data"), "--log-level", "warn", *options],
        stdout=subprocess.PIPE, text=True, env=ENVIRONMENT)
    running.callback(process.wait)
    running.callback(process.terminate)
    for line in process.stdout:
        if found := re.search(r"gatepost ready on (http://\S+)", line):
            return found[1]
    raise RuntimeError("the server ended without saying where it is ready")


@dataclasses.dataclass
class Provider:
    """What it is called there and here, who has an account in it, and which Gatepost is its client."""

    id: str
    name: str
    person: str
    email: str
    password: str
    client: str
    client_name: str
    # Of the two each has a host name of its own: a port does not keep cookies apart.
    host: str = "localhost"
    issuer: str = ""

    def start(self, running: contextlib.ExitStack, folder: pathlib.Path, url: str) -> None:
        """Starts it, for the Gatepost at `url`."""
        port = free_port()
        self.issuer = f"http://{self.host}:{port}"
        callback = f"{url}/sign-in/with/{self.id}/callback"
        realm = REALM.format(secret=SECRET, callback=callback, **dataclasses.asdict(self))
        serve(running, folder / self.id, realm, "--listen", f"127.0.0.1:{port}", "--public-url", self.issuer)

    def connected(self) -> str:
        """How the first declares it: any OpenID provider that is trusted with addresses."""
        return CONNECTED.format(secret=SECRET, **dataclasses.asdict(self))
