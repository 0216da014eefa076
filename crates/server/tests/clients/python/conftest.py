"""The running server, and what it knows. scripts/test-clients starts it and says where."""

from __future__ import annotations

import datetime
import ipaddress
import os
import sys
import tempfile
import warnings
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

# requests-oauthlib's own word for "http on loopback is meant".
os.environ["OAUTHLIB_INSECURE_TRANSPORT"] = "1"

with warnings.catch_warnings():
    # It was written for an older pydantic, and says so at length.
    warnings.simplefilter("ignore")
    import scalekit  # noqa: F401


class Authority:
    """Certifies servers for the tests that take TLS, and is believed by them alone."""

    def __init__(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "The tests of Gatepost")])
        self.certificate = self._signed(self.name, self.key, x509.BasicConstraints(ca=True, path_length=0), critical=True)
        self.file = Path(self.folder.name) / "authority.pem"
        self.file.write_bytes(self.certificate.public_bytes(serialization.Encoding.PEM))

    def _signed(self, name: x509.Name, key: ec.EllipticCurvePrivateKey, says: x509.ExtensionType, critical: bool) -> x509.Certificate:
        now = datetime.datetime.now(datetime.timezone.utc)
        begun = x509.CertificateBuilder().subject_name(name).issuer_name(self.name).public_key(key.public_key())
        dated = begun.not_valid_before(now - datetime.timedelta(minutes=5)).not_valid_after(now + datetime.timedelta(days=1))
        return dated.serial_number(x509.random_serial_number()).add_extension(says, critical).sign(self.key, hashes.SHA256())

    def certify(self, host: str, folder: Path) -> tuple[Path, Path]:
        """The certificate of a server on this machine and its key, each in a file."""
        key = ec.generate_private_key(ec.SECP256R1())
        names = x509.SubjectAlternativeName([x509.DNSName(host), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, host)])
        certificate = self._signed(name, key, names, critical=False)
        files = (folder / "server.pem", folder / "server.key")
        files[0].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        kind = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        files[1].write_bytes(key.private_bytes(*kind))
        return files


# gRPC reads this once, before the first channel.
AUTHORITY = Authority()
os.environ["GRPC_DEFAULT_SSL_ROOTS_FILE_PATH"] = os.environ["REQUESTS_CA_BUNDLE"] = str(AUTHORITY.file)

# The browser of the examples.
sys.path.insert(0, str(Path(__file__).resolve().parents[5] / "examples"))


@dataclass(frozen=True)
class Client:
    id: str
    secret: str | None = None
    callback: str = ""


AUDIENCE = "notes-api"
MACHINE = Client("machine", "the machine keeps this to itself")
BROUGHT = Client("skc_app", "the application that was brought keeps this to itself", "http://localhost:8000/auth/callback")
WEB = Client("web", "the web server keeps this to itself", "http://localhost:8000/callback")


@dataclass(frozen=True)
class Person:
    username: str
    email: str
    name: str
    password: str


ADA = Person("ada", "ada@example.com", "Ada Lovelace", "the engine weaves algebra")


@pytest.fixture(scope="session")
def server() -> str:
    url = os.environ.get("GATEPOST_URL")
    assert url, "run scripts/test-clients, which starts the server"
    return url


@pytest.fixture(scope="session")
def metadata(server: str) -> dict[str, str]:
    answer = requests.get(f"{server}/.well-known/openid-configuration", timeout=10)
    answer.raise_for_status()
    return answer.json()


@pytest.fixture(scope="session")
def authority() -> Authority:
    return AUTHORITY
