"""Where the tests' tokens come from: a Gatepost server, or a stand-in that knows the two calls the tests need."""

from __future__ import annotations

import base64
import hashlib
import http.server
import itertools
import json
import os
import threading
import time
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import parse_qsl

from processes import Program

AUDIENCE = "notes-api"
PASSWORD = "a weaver of algebraic patterns"
ADMINISTRATOR = "root@example.com"
WORKER_SECRET = "a program that works by itself: 123"


class Issuer(Protocol):
    url: str

    def stop(self) -> object: ...


class GatepostServer:
    """A server of its own data directory, with one administrator and open registration."""

    REALM = f"""
        [[realm]]
        name = "default"
        default = true
        audience = ["{AUDIENCE}"]
        registration = "open"
        rate_limits = "off"
        organization_roles = ["editor", "viewer"]
        api_key_scopes = ["notes"]

        [[realm.role]]
        name = "editor"
        inherits = ["viewer"]

        [[realm.role]]
        name = "viewer"

        [[realm.client]]
        id = "worker"
        secret = "{WORKER_SECRET}"
        grants = ["client_credentials"]
        scopes = ["notes"]

        [[realm.user]]
        email = "{ADMINISTRATOR}"
        name = "Root"
        password = "{PASSWORD}"
        email_verified = true
        roles = ["realm-admin"]
    """

    def __init__(self, binary: str, folder: Path) -> None:
        realm = folder / "realm.toml"
        realm.write_text(self.REALM)
        data = ["--data-dir", str(folder / "gatepost"), "--apply", str(realm)]
        self._program = Program([binary, "serve", "--listen", "127.0.0.1:0", *data], folder / "gatepost.log")
        self.url = self._program.url

    def stop(self) -> object:
        return self._program.stop()


class StandInIssuer:
    """Signs ES256 tokens for whoever registered. Not a server to imitate: passwords are compared, and nothing is stored."""

    def __init__(self) -> None:
        from cryptography.hazmat.primitives.asymmetric import ec

        self.key = ec.generate_private_key(ec.SECP256R1())
        self.users: dict[str, dict[str, Any]] = {}
        self._numbers = itertools.count(1)
        self.keys: dict[str, tuple[str, str]] = {}
        self._add(ADMINISTRATOR, PASSWORD, ["realm-admin"])
        issuer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self._answer(*issuer.document(self.path))

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                if self.path == "/oauth/token":
                    self._answer(*issuer.exchange(dict(parse_qsl(body.decode())), self.headers["dpop"]))
                elif self.path == "/api/v1/me/api-keys":
                    self._answer(*issuer.make_key(self.headers["authorization"]))
                else:
                    self._answer(*issuer.act(self.path, json.loads(body)))

            def do_DELETE(self) -> None:
                issuer.keys.pop(self.path.rpartition("/")[2], None)
                self._answer(200, {})

            def _answer(self, status: int, body: object) -> None:
                payload = json.dumps(body).encode()
                self.send_response(status)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(payload)))
                self.end_headers()
                self.wfile.write(payload)

            def log_message(self, *_: object) -> None: ...

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def stop(self) -> object:
        self._server.shutdown()
        return self._server.server_close()

    def _add(self, email: str, password: str, roles: list[str]) -> dict[str, Any]:
        user = {"id": f"usr_{next(self._numbers)}", "email": email, "name": None, "roles": roles}
        self.users[email] = {"password": password, "user": user}
        return user

    def document(self, path: str) -> tuple[int, object]:
        if path == "/.well-known/openid-configuration":
            return 200, {
                "issuer": self.url, "jwks_uri": f"{self.url}/.well-known/jwks.json", "token_endpoint": f"{self.url}/oauth/token",
            }  # fmt: skip
        if path == "/.well-known/jwks.json":
            point = self.key.public_key().public_numbers()
            x, y = (base64url(number.to_bytes(32, "big")) for number in (point.x, point.y))
            key = {"kty": "EC", "crv": "P-256", "x": x, "y": y, "kid": "stand-in", "alg": "ES256", "use": "sig"}
            return 200, {"keys": [key]}
        return 404, {"code": "not_found"}

    def act(self, path: str, body: dict[str, str]) -> tuple[int, object]:
        if path == "/api/v1/register":
            return 201, {"user": self._add(body["email"], body["password"], [])}
        known = self.users.get(body["email"])
        if path != "/api/v1/login" or known is None or known["password"] != body["password"]:
            return 401, {"code": "invalid_credentials"}
        user = known["user"]
        token = self._token(user["id"], 900, email=user["email"], roles=user["roles"])
        return 200, {"access_token": token, "token_type": "Bearer", "expires_in": 900, "refresh_token": "none", "user": user}

    def make_key(self, authorization: str) -> tuple[int, object]:
        claims = authorization.split(".")[1]
        owner = json.loads(base64.urlsafe_b64decode(claims + "=="))["sub"]
        body = os.urandom(36)
        number = int.from_bytes(body + hashlib.sha256(body).digest()[:4], "big")
        letters = ("0123456789abcdefghjkmnpqrstvwxyz"[number >> 5 * place & 31] for place in reversed(range(64)))
        id, key = f"key_{len(self.keys)}", "gp_key_" + "".join(letters)
        self.keys[id] = (key, owner)
        return 201, {"id": id, "key": key}

    def exchange(self, form: dict[str, str], proof: str | None) -> tuple[int, object]:
        if form["grant_type"] == "client_credentials" and proof is not None:
            header = json.loads(base64.urlsafe_b64decode(proof.split(".")[0] + "=="))
            text = json.dumps(header["jwk"], sort_keys=True, separators=(",", ":"))
            cnf = {"jkt": base64url(hashlib.sha256(text.encode()).digest())}
            token = self._token("worker", 900, client_id="worker", cnf=cnf)
            return 200, {"access_token": token, "token_type": "DPoP", "expires_in": 900}
        for id, (key, owner) in self.keys.items():
            if key == form["subject_token"]:
                return 200, {"access_token": self._token(owner, 60, api_key=id), "token_type": "Bearer", "expires_in": 60}
        return 400, {"error": "invalid_request"}

    def _token(self, subject: str, seconds: int, **more: Any) -> str:
        now = int(time.time())
        claims = {"iss": self.url, "aud": AUDIENCE, "sub": subject, "iat": now, "exp": now + seconds}
        return self.sign({**claims, "jti": f"{now}-{subject}", "client_id": "native", **more})

    def sign(self, claims: dict[str, Any]) -> str:
        from cryptography.hazmat.primitives import hashes
        from cryptography.hazmat.primitives.asymmetric import ec, utils

        header = {"alg": "ES256", "kid": "stand-in", "typ": "at+jwt"}
        text = ".".join(base64url(json.dumps(part).encode()) for part in (header, claims))
        r, s = utils.decode_dss_signature(self.key.sign(text.encode(), ec.ECDSA(hashes.SHA256())))
        return f"{text}.{base64url(r.to_bytes(32, 'big') + s.to_bytes(32, 'big'))}"


def base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
