"""`gatepost.Verifier`: keys given, no network."""

from __future__ import annotations

import pickle
import threading
from typing import Any

import gatepost
import pytest
from conftest import AUDIENCE, NOW, key, token

ISSUER = "https://auth.example.com"


def verifier(**settings: Any) -> gatepost.Verifier:
    given: dict[str, Any] = {"issuer": ISSUER, "audience": AUDIENCE, "jwks": {"keys": [key().jwk]}, **settings}
    return gatepost.Verifier(**given)


def test_a_good_token_tells_who_is_calling() -> None:
    claims = verifier().verify(
        token(
            ISSUER,
            email="ada@example.com",
            email_verified=True,
            name="Ada",
            realm_id="acme",
            roles=["admin"],
            permissions=["notes:*"],
            scope="notes read",
            auth_time=NOW - 5,
            acr="urn:mace:silver",
            amr=["pwd", "otp"],
            nbf=NOW,
            plan="pro",
        ),
        NOW,
    )
    assert (claims.id, claims.issuer, claims.audience) == ("usr_ada", ISSUER, (AUDIENCE,))
    assert (claims.email, claims.email_verified, claims.name, claims.realm) == ("ada@example.com", True, "Ada", "acme")
    assert (claims.roles, claims.permissions, claims.scopes) == (("admin",), ("notes:*",), ("notes", "read"))
    assert (claims.issued_at, claims.expires_at, claims.not_before, claims.auth_time) == (NOW, NOW + 900, NOW, NOW - 5)
    assert (claims.token_id, claims.client_id, claims.session_id) == ("t1", "web", "ses_1")
    assert (claims.acr, claims.amr, claims.credential) == ("urn:mace:silver", ("pwd", "otp"), "token")
    assert claims.claims["plan"] == "pro"


def test_what_a_token_does_not_say_is_none_or_empty() -> None:
    claims = verifier().verify(token(ISSUER, jti=None, client_id=None, sid=None), NOW)
    missing = (claims.email, claims.email_verified, claims.name, claims.realm, claims.token_id, claims.client_id)
    assert set(missing) == {None}
    assert (claims.session_id, claims.not_before, claims.auth_time, claims.acr) == (None, None, None, None)
    assert (claims.roles, claims.permissions, claims.scopes, claims.amr) == ((), (), (), ())


def test_roles_permissions_and_scopes_are_asked_exactly() -> None:
    claims = verifier().verify(token(ISSUER, roles=["admin"], permissions=["notes:*", "users:read"], scope="notes"), NOW)
    assert claims.has_role("admin") and not claims.has_role("adm") and not claims.has_role("Admin")
    assert claims.can("notes:write") and claims.can("users:read") and not claims.can("users:write")
    assert not claims.can("note:write") and not claims.can("notes")
    assert claims.has_scope("notes") and not claims.has_scope("note")


@pytest.mark.parametrize("roles", ["admin,owner", "admin", {"admin": True}, ["admin", 1], [["admin"]], 1])
def test_az_02_roles_that_are_no_list_of_texts_are_refused(roles: Any) -> None:
    with pytest.raises(gatepost.ClaimInvalid):
        verifier().verify(token(ISSUER, roles=roles), NOW)


def test_claims_cannot_be_written_to_or_made() -> None:
    claims: Any = verifier().verify(token(ISSUER, roles=["member"]), NOW)
    with pytest.raises(AttributeError):
        claims.id = "usr_eve"
    with pytest.raises(AttributeError):
        claims.more = 1
    with pytest.raises(TypeError):
        gatepost.Claims()  # type: ignore[call-arg]
    with pytest.raises(TypeError):
        type("Mine", (gatepost.Claims,), {})


def test_writing_to_the_dict_of_claims_reaches_nobody_else() -> None:
    good = token(ISSUER, roles=["member"])
    checks = verifier()
    first = checks.verify(good, NOW)
    first.claims["roles"].append("admin")
    again = checks.verify(good, NOW)
    assert again.claims["roles"] == ["member"]
    assert again.roles == ("member",)


def payload_of(text: str) -> dict[str, Any]:
    """What the dict of claims makes of a payload that stands in the token exactly as written."""
    import jwt

    payload = f'{{"iss":"{ISSUER}","sub":"usr_ada","aud":"{AUDIENCE}","iat":{NOW},"exp":{NOW + 9},"said":{text}}}'
    signed = jwt.api_jws.encode(
        payload.encode(), key().private, algorithm="ES256", headers={"kid": key().kid, "typ": "at+jwt"}
    )
    return verifier().verify(signed, NOW).claims


@pytest.mark.parametrize(
    "text",
    [
        "null",
        "true",
        "false",
        "0",
        "-0",
        "-1",
        "1.5",
        "-2.5e-3",
        "1E2",
        "0.1",
        "9223372036854775807",
        "9223372036854775808",
        "18446744073709551616",
        "-9223372036854775809",
        "123456789012345678901234567890",
        '""',
        '"plain"',
        r'"\u00fc \ud83d\ude00 ü 😀 \n\t\"\\\/\b\f\r"',
        r'"ends in a backslash\\"',
        "[]",
        "[ ]",
        "{}",
        "{ }",
        "[1, 2,3 ,\t4\n]",
        r'{"a": {"b\u00fc": [1, {"c": null}]}, "iss": "inner"}',
        "[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]",
    ],
)
def test_the_dict_of_claims_is_what_pythons_own_json_reads(text: str) -> None:
    import json

    said, expected = payload_of(text)["said"], json.loads(text)
    assert said == expected
    assert repr(said) == repr(expected)  # 1 is not 1.0 and not True.


def test_repr_names_the_user_and_no_personal_data() -> None:
    claims = verifier().verify(token(ISSUER, email="ada@example.com"), NOW)
    assert repr(claims) == f'<Claims of "usr_ada" from "{ISSUER}">'


def test_now_is_the_machines_clock_when_it_is_not_given() -> None:
    import time

    assert verifier().verify(token(ISSUER, now=int(time.time()))).id == "usr_ada"
    with pytest.raises(gatepost.ExpiredToken):
        verifier().verify(token(ISSUER, now=int(time.time()) - 5000))


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"exp": NOW - 31}, gatepost.ExpiredToken),
        ({"exp": None}, gatepost.ClaimMissing),
        ({"exp": str(NOW)}, gatepost.ClaimInvalid),
        ({"nbf": NOW + 31}, gatepost.NotYetValid),
        ({"iat": NOW + 31}, gatepost.IssuedInFuture),
        ({"aud": "other-api"}, gatepost.WrongAudience),
        ({"aud": None}, gatepost.ClaimMissing),
        ({"iss": ISSUER + "/"}, gatepost.WrongIssuer),
        ({"sub": None}, gatepost.ClaimMissing),
        ({"typ": "JWT"}, gatepost.WrongType),
        ({"cnf": {"jkt": "x"}}, gatepost.ProofRequired),
        ({"by": key("es-2")}, gatepost.UnknownKey),
    ],
)
def test_every_refusal_is_an_exception_of_its_own(change: dict[str, Any], error: type[gatepost.TokenError]) -> None:
    changed = dict(change)
    refused = token(changed.pop("iss", ISSUER), **changed)
    with pytest.raises(gatepost.TokenError) as caught:
        verifier().verify(refused, NOW)
    assert type(caught.value) is error
    assert caught.value.code == error.code


def test_other_refusals_too() -> None:
    good = token(ISSUER)
    head, body, signature = good.split(".")
    for refused, error in [
        ("", gatepost.MalformedToken),
        ("a.b", gatepost.MalformedToken),
        (good + "\n", gatepost.MalformedToken),
        ("Bearer " + good, gatepost.MalformedToken),
        ("\ud800", gatepost.MalformedToken),
        (f"{head}.{body}.{'A' * len(signature)}", gatepost.BadSignature),
        ("a" * 16385, gatepost.TokenTooLarge),
    ]:
        with pytest.raises(error):
            verifier().verify(refused, NOW)
    with pytest.raises(gatepost.AlgorithmRefused):
        verifier(algorithms=["EdDSA"]).verify(good, NOW)
    with pytest.raises(gatepost.KeyIdMissing):
        from joserfc import jwk, jwt as other

        nameless = other.encode({"alg": "ES256", "typ": "at+jwt"}, {"iss": ISSUER}, jwk.ECKey.import_key(key().private))
        verifier(jwks={"keys": [key().jwk, key("es-2").jwk]}).verify(nameless, NOW)


def test_jwt_22_an_error_tells_the_caller_nothing_and_the_log_enough() -> None:
    refused = token(ISSUER, aud="other-api")
    with pytest.raises(gatepost.WrongAudience) as caught:
        verifier().verify(refused, NOW)
    assert str(caught.value) == "The access token is not valid"
    assert "aud" in caught.value.reason
    for part in refused.split("."):
        assert part not in repr(caught.value) + caught.value.reason
    with pytest.raises(gatepost.ExpiredToken, match="^The access token expired$"):
        verifier().verify(token(ISSUER, exp=NOW - 100), NOW)


def test_every_kind_of_refusal_has_one_code_and_one_class() -> None:
    kinds = gatepost.TokenError.__subclasses__()
    assert len({kind.code for kind in kinds}) == len(kinds)
    for kind in kinds:
        assert getattr(gatepost, kind.__name__) is kind
        assert kind.__name__ in gatepost.__all__
        assert kind.__doc__


def test_an_error_survives_a_trip_to_another_process() -> None:
    error = gatepost.WrongIssuer("sentence", "reason")
    copy = pickle.loads(pickle.dumps(error))
    assert (type(copy), str(copy), copy.reason, copy.code) == (gatepost.WrongIssuer, "sentence", "reason", "wrong_issuer")


def test_leeway_is_in_seconds_and_ends_exactly() -> None:
    edge = token(ISSUER, exp=NOW)
    assert verifier(leeway=10).verify(edge, NOW + 9).id == "usr_ada"
    with pytest.raises(gatepost.ExpiredToken):
        verifier(leeway=10).verify(edge, NOW + 10)


def test_a_token_remembered_is_refused_once_it_expires() -> None:
    checks = verifier()
    good = token(ISSUER)
    assert checks.verify(good, NOW) is checks.verify(good, NOW + 900)
    with pytest.raises(gatepost.ExpiredToken):
        checks.verify(good, NOW + 931)


def test_the_object_of_a_token_is_given_up_without_harm_when_many_tokens_pass() -> None:
    checks = verifier()
    tokens = [token(ISSUER, sub=f"usr_{n}") for n in range(200)]
    for _ in range(3):
        assert [checks.verify(each, NOW).id for each in tokens] == [f"usr_{n}" for n in range(200)]


def test_the_type_of_token_can_be_another() -> None:
    assert verifier(typ="JWT").verify(token(ISSUER, typ="JWT"), NOW).id == "usr_ada"
    with pytest.raises(gatepost.WrongType):
        verifier(typ="JWT").verify(token(ISSUER), NOW)


@pytest.mark.parametrize("wrong", [b"bytes", 1, None, ["a"]])
def test_a_token_that_is_no_text_is_a_mistake_of_the_program(wrong: Any) -> None:
    with pytest.raises(TypeError, match="a token is a str"):
        verifier().verify(wrong, NOW)


@pytest.mark.parametrize(
    ("settings", "error", "says"),
    [
        ({"issuer": ""}, ValueError, "issuer"),
        ({"audience": ""}, ValueError, "audience"),
        ({"typ": ""}, ValueError, "typ"),
        ({"algorithms": []}, ValueError, "name at least one"),
        ({"algorithms": ["none"]}, ValueError, "'none'|\"none\""),
        ({"algorithms": ["es256"]}, ValueError, "known are RS256"),
        ({"algorithms": "RS256"}, TypeError, "str"),
        ({"leeway": -1}, ValueError, "not negative"),
        ({"jwks": "{}"}, TypeError, "as a dict"),
        ({"jwks": b"-----BEGIN PUBLIC KEY-----"}, TypeError, "as a dict"),
        ({"jwks": {"keys": 1}}, gatepost.KeyRefused, "not an array"),
        ({"nonsense": 1}, TypeError, "nonsense"),
    ],
)
def test_settings_that_cannot_be_meant_are_refused(settings: Any, error: type[Exception], says: str) -> None:
    with pytest.raises(error, match=says):
        verifier(**settings)


def test_jwt_18_a_key_set_with_private_members_or_two_keys_of_one_name_is_refused() -> None:
    from joserfc import jwk

    private = jwk.ECKey.import_key(key().private).as_dict(private=True, kid="es-1", alg="ES256", use="sig")
    for keys, code in [([private], "private_members"), ([key().jwk, key("es-3").jwk | {"kid": "es-1"}], "duplicate_kid")]:
        with pytest.raises(gatepost.KeyRefused) as caught:
            verifier(jwks={"keys": keys})
        assert caught.value.code == code


def test_threads_may_share_a_verifier() -> None:
    checks = verifier()
    tokens = [token(ISSUER, sub=f"usr_{n}") for n in range(40)]
    seen: list[str] = []

    def work() -> None:
        for each in tokens * 20:
            seen.append(checks.verify(each, NOW).id)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(set(seen)) == sorted(f"usr_{n}" for n in range(40))
    assert len(seen) == 4 * 20 * 40
