"""The project's attack tokens, through the Python verifier. JWT-01 to JWT-16."""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

import gatepost
import pytest

ROOT = Path(__file__).resolve().parents[3]


def _file() -> Path | None:
    places = [ROOT / "crates/jose/tests/vectors/attack-tokens.json", ROOT.parent / "shared/vectors/attack-tokens.json"]
    if "GATEPOST_VECTORS" in os.environ:
        places.insert(0, Path(os.environ["GATEPOST_VECTORS"]) / "attack-tokens.json")
    return next((place for place in places if place.is_file()), None)


FILE = _file()
if FILE is None:
    print("SKIPPED: attack-tokens.json is not there; set GATEPOST_VECTORS to its folder", file=sys.stderr)
    DATA: dict[str, Any] = {"tests": []}
else:
    DATA = json.loads(FILE.read_text())


def _verifier() -> gatepost.Verifier:
    policy = DATA["policy"]
    return gatepost.Verifier(
        issuer=policy["issuer"],
        audience=policy["audience"],
        jwks=DATA["jwks"],
        algorithms=policy["allowed_algs"],
        leeway=policy["leeway_seconds"],
        typ=policy["required_typ"],
    )


def _outcome(verifier: gatepost.Verifier, case: dict[str, Any]) -> str:
    try:
        verifier.verify(case["token"], DATA["policy"]["now"])
    except gatepost.TokenError as refused:
        assert refused.code
        return "invalid"
    return "valid"


@pytest.mark.skipif(FILE is None, reason="the vectors are not there")
@pytest.mark.parametrize("case", DATA["tests"], ids=lambda case: f"{case['cat']}-{case['id']}")
def test_the_token_is_judged_as_it_must_be_at_first_sight_and_again(case: dict[str, Any]) -> None:
    verifier = _verifier()
    first = _outcome(verifier, case)
    assert _outcome(verifier, case) == first
    if case["expect"] != "either":
        assert first == case["expect"], case["why"]


@pytest.mark.skipif(FILE is None, reason="the vectors are not there")
def test_jwt_16_no_hostile_token_takes_long() -> None:
    verifier = _verifier()
    for case in DATA["tests"]:
        began = time.perf_counter()
        _outcome(verifier, case)
        # Generous, against a busy machine: the point is that nobody can make it seconds.
        assert time.perf_counter() - began < 0.5, case["id"]


@pytest.mark.skipif(FILE is None, reason="the vectors are not there")
def test_the_file_has_the_tokens_it_promises() -> None:
    expected = [case["expect"] for case in DATA["tests"]]
    assert (expected.count("invalid"), expected.count("valid"), expected.count("either")) == (202, 13, 10)
