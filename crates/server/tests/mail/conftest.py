"""A mail server that takes what it is given, over TLS, and a Gatepost that sends to it. Both on loopback, on ports of their own."""

import contextlib
import email
import email.policy
import json
import os
import pathlib
import re
import signal
import socket
import ssl
import subprocess
import threading
import urllib.error
import urllib.request

import pytest
import trustme
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

BIN = os.environ.get("GATEPOST_BIN", "target/debug/gatepost")
USER, SECRET = "gatepost@example.com", "p@ss/word"


class Mailbox:
    """Keeps every letter. `refuse` is answered to the next recipients, one each."""

    def __init__(self) -> None:
        self.letters: list[email.message.EmailMessage] = []
        self.recipients: list[str] = []
        self.over_tls: list[bool] = []
        self.greeted_as: list[str] = []
        self.refuse: list[str] = []
        self.arrived = threading.Condition()

    async def handle_EHLO(self, server, session, envelope, hostname, responses):
        session.host_name = hostname
        self.greeted_as.append(hostname)
        return responses

    async def handle_RCPT(self, server, session, envelope, address, options):
        with self.arrived:
            self.arrived.notify_all()
            if self.refuse:
                return self.refuse.pop(0)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        letter = email.message_from_bytes(envelope.original_content, policy=email.policy.default)
        with self.arrived:
            self.letters.append(letter)
            self.recipients.append(*envelope.rcpt_tos)
            self.over_tls.append(session.ssl is not None or server.transport.get_extra_info("sslcontext") is not None)
            self.arrived.notify_all()
        return "250 OK"

    def wait(self, what, seconds: float = 20) -> None:
        with self.arrived:
            assert self.arrived.wait_for(what, seconds), "in vain"


class Authority:
    """Certificates for localhost of an authority that nobody else trusts."""

    def __init__(self, folder: pathlib.Path) -> None:
        authority = trustme.CA()
        self.file = folder / "ca.pem"
        authority.cert_pem.write_to_path(self.file)
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("localhost").configure_cert(self.context)


@pytest.fixture(scope="session")
def authority(tmp_path_factory) -> Authority:
    return Authority(tmp_path_factory.mktemp("ca"))


def authenticate(server, session, envelope, mechanism, data):
    return AuthResult(success=(data.login, data.password) == (USER.encode(), SECRET.encode()))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextlib.contextmanager
def mail_server(authority: Authority, mode: str, port: int = 0):
    """`tls`: from the first byte; `starttls`: before anything is said; `plain`: in clear."""
    box = Mailbox()
    port = port or free_port()
    options = {"hostname": "127.0.0.1", "port": port}
    if mode == "tls":
        options |= {"ssl_context": authority.context, "authenticator": authenticate, "auth_required": True,
                    "auth_require_tls": False}
    if mode == "starttls":
        options |= {"tls_context": authority.context, "require_starttls": True, "authenticator": authenticate,
                    "auth_required": True}
    controller = Controller(box, **options)
    controller.start()
    try:
        box.port = port
        yield box
    finally:
        controller.stop()


class Gatepost:
    """A server while it is entered."""

    def __init__(self, folder: pathlib.Path, settings: dict[str, str]) -> None:
        self.folder, self.log = folder, folder / "log"
        self.environment = {**os.environ, "GATEPOST_PASSWORDS__MEMORY_KIB": "64", "GATEPOST_PASSWORDS__PASSES": "1", **settings}

    def __enter__(self) -> "Gatepost":
        command = [BIN, "serve", "--listen", "127.0.0.1:0", "--metrics-listen", "127.0.0.1:0", "--data-dir", str(self.folder / "data"),
                   "--log-level", "debug"]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=self.log.open("w"), text=True, env=self.environment)
        for line in self.process.stdout:
            if found := re.search(r"gatepost ready on (http://\S+)", line):
                self.url = found[1]
                return self
        raise RuntimeError(self.log.read_text())

    def __exit__(self, *_: object) -> None:
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()

    def post(self, path: str, **body: object) -> int:
        request = urllib.request.Request(self.url + path, json.dumps(body).encode(), {"content-type": "application/json"})
        try:
            with urllib.request.urlopen(request) as answer:
                return answer.status
        except urllib.error.HTTPError as refused:
            return refused.code

    def metrics(self) -> str:
        address = re.search(r"metrics on (http://\S+)", self.log.read_text())[1]
        with urllib.request.urlopen(address) as answer:
            return answer.read().decode()

    def doctor(self) -> subprocess.CompletedProcess:
        command = [BIN, "doctor", "--listen", "127.0.0.1:0", "--data-dir", str(self.folder / "data")]
        return subprocess.run(command, capture_output=True, text=True, env=self.environment, check=False)


@pytest.fixture
def gatepost(tmp_path):
    def make(url: str, **settings: str) -> Gatepost:
        return Gatepost(tmp_path, {"GATEPOST_MAIL__URL": url, "GATEPOST_MAIL__FROM": "Tideline <no-reply@example.com>", **settings})

    return make
