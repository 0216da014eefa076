"""The verifier of the FastAPI guide for Better Auth: its own code, put together from the seed documents, against Gatepost.

The documents are not part of the repository. Their folder is GATEPOST_SEEDS, or `shared/seeds` beside the repository.
"""

from __future__ import annotations

import os
import re
import types
import uuid
from pathlib import Path
from typing import Any

import jwt
import pytest
import requests

REPOSITORY = Path(__file__).resolve().parents[5]
SEEDS = Path(os.environ.get("GATEPOST_SEEDS", REPOSITORY / ".." / "shared" / "seeds"))


def verifier(url: str) -> Any:
    """The module `jwt_handler` of the document, with the settings that it asks for."""
    documents = [path.read_text() for path in sorted(SEEDS.glob("*.txt"))] if SEEDS.is_dir() else []
    blocks = [block for text in documents for block in re.findall(r"```python\n(.*?)```", text, re.S)]
    found = [block for block in blocks if "def verify_jwt(" in block and "PyJWKClient(jwks_url)" in block]
    if not found:
        pytest.skip(f"the seed documents are not in {SEEDS}; set GATEPOST_SEEDS to their folder")
    settings = types.SimpleNamespace(
        better_auth_url=url, jwt_algorithm="EdDSA", jwt_audience=url, jwt_issuer=url
    )
    source = found[0].replace("from src.config import settings", "")
    module = types.ModuleType("jwt_handler")
    module.__dict__["settings"] = settings
    exec(compile(source, "jwt_handler.py", "exec"), module.__dict__)
    return module


def sign_up(url: str, email: str) -> requests.Response:
    body = {"name": "Ada", "email": email, "password": "the engine weaves algebra"}
    answer = requests.post(f"{url}/api/auth/sign-up/email", json=body, timeout=10)
    assert answer.status_code == 200, answer.text
    return answer


def test_the_application_of_the_guide_verifies_our_tokens(server: str) -> None:
    handler = verifier(server)
    # The same server is asked once more with other versions of FastAPI.
    email = f"seed-4-{uuid.uuid4()}@example.com"
    answer = sign_up(server, email)
    bearer = {"Authorization": f"Bearer {answer.headers['set-auth-token']}"}
    token = requests.get(f"{server}/api/auth/token", headers=bearer, timeout=10).json()["token"]
    payload = handler.verify_jwt(token)
    assert payload["sub"] == answer.json()["user"]["id"]
    assert payload["iss"] == payload["aud"] == server
    assert handler.get_user_id_from_token(token) == payload["sub"]
    assert handler.get_user_email_from_token(token) == email
    assert handler.get_token_expiry(token) == payload["iat"] + 900
    head, body, signature = token.split(".")
    for forged in (f"{head}.{body}.{signature[:-4]}AAAA", f"{head}.{body}.", "garbage"):
        with pytest.raises(jwt.InvalidTokenError):
            handler.verify_jwt(forged)
