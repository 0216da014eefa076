"""Answers that are read as mappings and as objects."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

_USER = {
    "sub": "id",
    "preferred_username": "username",
    "given_name": "givenName",
    "family_name": "familyName",
    "email_verified": "emailVerified",
    "phone_number": "phoneNumber",
    "phone_number_verified": "phoneNumberVerified",
    "birthdate": "birthDate",
    "zoneinfo": "zoneInfo",
    "updated_at": "updatedAt",
}
"""How the vendor's package calls claims of an ID token; those that are not here keep their names."""

_ALIKE = ("name", "email", "profile", "picture", "gender", "locale", "identities", "metadata")


class Answer(Mapping[str, Any]):
    """Its values are items and attributes. `vars()` of it is a dict that `json.dumps` takes."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self.__dict__.update(values)

    def __getitem__(self, name: str) -> Any:
        return self.__dict__[name]

    def __getattr__(self, name: str) -> Any:  # Only what is not there comes here.
        raise AttributeError(f"the server said nothing of {name!r}")

    def __iter__(self) -> Iterator[str]:
        return iter(self.__dict__)

    def __len__(self) -> int:
        return len(self.__dict__)

    def __repr__(self) -> str:
        # Tokens are among the values.
        return f"{type(self).__name__}({', '.join(self.__dict__)})"


def user_of(claims: Mapping[str, Any]) -> Answer:
    """The person of an ID token, under the names of the claims and under those of the vendor's package."""
    known = {name: claims[name] for name in (*_USER, *_ALIKE) if claims.get(name) is not None}
    known.setdefault("email", None)
    known.setdefault("email_verified", False)
    return Answer({**known, **{_USER[name]: value for name, value in known.items() if name in _USER}})
