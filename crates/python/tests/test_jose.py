"""`gatepost.jose.verify_compact`: the signature, and nothing else."""

from __future__ import annotations

from typing import Any

import jwt
import pytest
from conftest import key

import gatepost
from gatepost import jose

KEYS = {"keys": [key().jwk]}


def signed(payload: dict[str, Any]) -> str:
    return jwt.encode(payload, key().private, algorithm="ES256", headers={"kid": key().kid})


def test_the_payload_is_returned_as_it_was_signed() -> None:
    assert jose.verify_compact(signed({"a": 1}), KEYS, ["ES256"]) == b'{"a":1}'


def test_a_changed_text_is_refused() -> None:
    head, _, signature = signed({"a": 1}).split(".")
    with pytest.raises(gatepost.BadSignature):
        jose.verify_compact(f"{head}.{signed({'a': 2}).split('.')[1]}.{signature}", KEYS, ["ES256"])


def test_an_algorithm_must_be_named() -> None:
    with pytest.raises(gatepost.AlgorithmRefused):
        jose.verify_compact(signed({}), KEYS, ["RS256"])
    with pytest.raises(ValueError, match="name at least one"):
        jose.verify_compact(signed({}), KEYS, [])
    with pytest.raises(TypeError):
        jose.verify_compact(signed({}), KEYS)  # type: ignore[call-arg]


def test_keys_are_a_dict_and_nothing_else() -> None:
    secret: Any = "secret"
    with pytest.raises(TypeError, match="as a dict"):
        jose.verify_compact(signed({}), secret, ["HS256"])
