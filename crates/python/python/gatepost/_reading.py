"""Reads the claims of a token as a type of the developer's own."""

from __future__ import annotations

import re
import sys
from functools import lru_cache
from typing import Any

from gatepost.errors import ClaimsMismatch


def read(payload: str, model: Any) -> Any:
    """The payload as `model`.

    Made anew at each call: the claims of a token are shared by every request that brings it, and a handler that sets
    `plan.plan = "pro"` must not upgrade the next request.
    """
    if _is_struct(model):
        return _read_struct(payload, model)
    try:
        from pydantic import ValidationError
    except ImportError:
        raise TypeError("read() needs pydantic, or a msgspec.Struct as its model: pip install pydantic") from None
    try:
        return _adapter(model).validate_json(payload)
    except ValidationError as error:
        # Field names and kinds of error, never values: they are the caller's data.
        fields = ", ".join(f"{'.'.join(map(str, at['loc'])) or 'the payload'} ({at['type']})" for at in error.errors())
        raise ClaimsMismatch(reason=f"the claims are not a {_name_of(model)}: {fields}") from None


def _is_struct(model: Any) -> bool:
    # Nobody has a Struct without having imported msgspec.
    msgspec = sys.modules.get("msgspec")
    return msgspec is not None and isinstance(model, type) and issubclass(model, msgspec.Struct)


def _read_struct(payload: str, model: Any) -> Any:
    import msgspec

    try:
        return msgspec.json.decode(payload, type=model)
    except msgspec.ValidationError as error:
        # The message may repeat the value; what follows "at" is the field.
        field = re.search(r"at `\$\.?([^`]*)`$", str(error))
        where = field[1] if field and field[1] else "the payload"
        raise ClaimsMismatch(reason=f"the claims are not a {_name_of(model)}: {where}") from None


@lru_cache(maxsize=256)
def _adapter(model: Any) -> Any:
    from pydantic import TypeAdapter

    return TypeAdapter(model)


def _name_of(model: Any) -> str:
    return str(getattr(model, "__name__", model))
