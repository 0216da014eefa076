"""Options, as an object or as a dict, in either spelling."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from typing import Any, TypeVar

_T = TypeVar("_T")


def read(kind: type[_T], options: object) -> _T:
    """The options as `kind`. Absent and None are the same. A `TypeError` for a name in a dict that is none."""
    if options is None or isinstance(options, kind):
        return kind() if options is None else options
    fields = [field.name for field in dataclasses.fields(kind)]  # type: ignore[arg-type]
    values: dict[str, Any] = {}
    if isinstance(options, Mapping):
        for name, value in options.items():
            snake = re.sub(r"[A-Z]", lambda letter: f"_{letter[0].lower()}", str(name))
            if snake not in fields:
                raise TypeError(f"there is no option {name!r}; there is {', '.join(fields)}")
            values[snake] = value
    else:
        values = {name: getattr(options, name, None) for name in fields}
    return kind(**values)
