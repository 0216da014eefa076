"""A Gatepost of its own, on loopback, with the people of world.toml."""

import base64
import hashlib
import hmac
import json
import os
import pathlib
import re
import subprocess
import tempfile
import time
import urllib.parse
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
BIN = os.environ.get("GATEPOST_BIN", str(HERE.parent / "target/debug/gatepost"))
PASSWORD = "the engine weaves algebra"
ADA = "ada@example.com"
LONG = "wilhelmina.konstantinopoulou-featherstonehaugh@oceanography.tideline.example"

# Without a sandbox: the tests run as root in a container. Nothing but the pages is loaded.
CHROMIUM = {
    "executable_path": os.environ.get("CHROMIUM", "/usr/bin/chromium"),
    "args": ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
             "--disable-component-update", "--disable-sync", "--hide-scrollbars"],
}


class Server:
    """Runs while it is entered; `url` is where."""

    def __init__(self, realms: pathlib.Path = HERE / "world.toml") -> None:
        self.realms = realms

    def __enter__(self) -> "Server":
        self.folder = tempfile.TemporaryDirectory()
        data = ["--data-dir", self.folder.name, "--log-level", "warn"]
        # The colours and names are read by `serve` itself, and it says when it is ready.
        self.process = subprocess.Popen(
            [BIN, "serve", "--listen", "127.0.0.1:0", "--apply", str(self.realms), *data],
            stdout=subprocess.PIPE, text=True)
        for line in self.process.stdout:
            if found := re.search(r"gatepost ready on (http://\S+)", line):
                self.url = found[1]
                return self
        raise RuntimeError(f"{BIN} ended without saying where it is ready")

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        self.process.wait()
        self.folder.cleanup()


class Dev(Server):
    """`gatepost dev`, which keeps mail and shows it."""

    def __init__(self, *options: str) -> None:
        self.options = options or ("--listen", "127.0.0.1:0")

    def __enter__(self) -> "Dev":
        self.folder = tempfile.TemporaryDirectory()
        self.process = subprocess.Popen([BIN, "dev", "--log-level", "warn", *self.options], stdout=subprocess.PIPE, text=True)
        for line in self.process.stdout:
            if found := re.search(r"gatepost ready on (http://\S+)", line):
                self.url = found[1]
                return self
        raise RuntimeError(f"{BIN} ended without saying where it is ready")

    def data_dir(self) -> str:
        """Where everything is, as it says when it is ready."""
        return next(found[1] for line in self.process.stdout if (found := re.search(r"Everything is in (\S+), gone", line)))


def sign_in(page, url: str, username: str = ADA, base: str = "") -> None:
    """Signs in on the page, as a person does."""
    page.goto(f"{url}{base}/sign-in")
    page.fill("#username", username)
    page.fill("#password", PASSWORD)
    page.click("#login-submit")
    page.wait_for_url("**/account/profile")


def totp(key: str, steps: int = 0) -> str:
    """What an authenticator app shows, now or some steps later (RFC 6238)."""
    counter = int(time.time()) // 30 + steps
    mac = hmac.digest(base64.b32decode(key.replace(" ", "")), counter.to_bytes(8, "big"), "sha1")
    at = mac[-1] & 15
    return f"{(int.from_bytes(mac[at : at + 4], 'big') & 0x7FFFFFFF) % 1_000_000:06}"


def set_up_app(page, url: str) -> str:
    """Sets an authenticator app up for whoever has just signed in, and returns its key. The page shows the recovery codes then."""
    page.goto(f"{url}/account/security")
    page.click("#totp-begin")
    page.wait_for_url("**/account/totp")
    key = page.locator("#totp-key").text_content()
    page.fill("#code", totp(key, -1))
    page.click("#totp-submit")
    page.wait_for_selector("#codes")
    return key


VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"


def asking(redirect_uri: str, **more: str) -> str:
    """What the client of world.toml sends a browser to."""
    challenge = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
    return "/oauth/authorize?" + urllib.parse.urlencode({
        "response_type": "code", "client_id": "reef", "redirect_uri": redirect_uri, "state": "s-1", "code_challenge": challenge,
        "code_challenge_method": "S256", "scope": "openid profile email offline_access notes:read notes:write", **more})


def asked(url: str, path: str, **form: str) -> dict:
    """What the server answers the client itself."""
    with urllib.request.urlopen(url + path, urllib.parse.urlencode(form).encode()) as answer:
        return json.load(answer)


def device_code(url: str) -> str:
    """The code that a device shows."""
    return asked(url, "/oauth/device", client_id="reef", scope="openid email notes:read")["user_code"]
