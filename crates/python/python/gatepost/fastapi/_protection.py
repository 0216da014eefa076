"""Which paths `protect=` closes."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Sequence
from typing import Any, Literal
from urllib.parse import unquote

_UNUSUAL = re.compile(r"//|/\.|[;%\\A-Z]|[^\x21-\x7e]")


class Protection:
    """The closed prefixes of an app and the paths that stay open below them.

    A prefix closes itself and every path below it. An open path is that path and no other. Where a path is written in an
    unusual way (doubled slashes, dot segments, other case, percent signs, parameters), it is closed if any reading of it is,
    and open only as written.
    """

    def __init__(self, protect: Sequence[str] | Literal["all"], public: Sequence[str]) -> None:
        if isinstance(protect, str) and protect != "all":
            raise TypeError(f"protect={protect!r} is a sequence of letters; write protect=[{protect!r}], or protect='all'")
        if isinstance(public, str):
            raise TypeError(f"public={public!r} is a sequence of letters; write public=[{public!r}]")
        self._everything = protect == "all"
        self._prefixes = () if protect == "all" else tuple(_checked("protect", path) for path in protect)
        if "/" in self._prefixes:
            raise ValueError("protect=['/'] closes everything; write protect='all'")
        self._public = frozenset(_checked("public", path) for path in public)
        if self._public and not self:
            raise ValueError("public= is without effect where protect= closes nothing")
        unreachable = [] if self._everything else [path for path in self._public if not self._is_below(path)]
        if unreachable:
            raise ValueError(f"public={unreachable}: protect= does not close these paths, so they are open anyway")
        self._folded = tuple(prefix.casefold() for prefix in self._prefixes)

    def __bool__(self) -> bool:
        return self._everything or bool(self._prefixes)

    def closes(self, scope: Any) -> bool:
        """Whether the request of this ASGI scope needs a credential."""
        path: str = scope["path"]
        root: str = scope.get("root_path", "")
        if root and path.startswith(root) and path[len(root) : len(root) + 1] in ("", "/"):
            # Servers and FastAPI put a root path before the path, or only beside it.
            inner = path[len(root) :] or "/"
            if inner in self._public:
                return False
            return self._is_closed(inner) or self._is_closed(path)
        return path not in self._public and self._is_closed(path)

    def documents(self, path: str) -> bool:
        """Whether a path of the OpenAPI document is closed."""
        return path not in self._public and self._is_closed(path)

    def _is_closed(self, path: str) -> bool:
        return self._everything or self._is_below(path) or (_UNUSUAL.search(path) is not None and self._any_reading_is_below(path))

    def _is_below(self, path: str) -> bool:
        for prefix in self._prefixes:
            if path.startswith(prefix) and (len(path) == len(prefix) or path[len(prefix)] == "/"):
                return True
        return False

    def _any_reading_is_below(self, path: str) -> bool:
        # Decoded twice, since a proxy or a file server behind us may decode once more than we did.
        for reading in (path, unquote(path), unquote(unquote(path))):
            plain = re.sub(r";[^/]*", "", reading.replace("\\", "/"))
            for written in (plain, posixpath.normpath("/" + plain.lstrip("/"))):
                folded = re.sub(r"[\x00-\x20\x7f]|/(?=/)", "", written).casefold()
                for prefix in self._folded:
                    if folded == prefix or folded.startswith(prefix + "/"):
                        return True
        return False


def _checked(keyword: str, path: object) -> str:
    if not isinstance(path, str) or not path.startswith("/"):
        raise ValueError(f"{keyword}= takes paths that begin with a slash, such as '/api', and one of them is {path!r}")
    if path != "/" and path.endswith("/") and keyword == "protect":
        raise ValueError(f"protect={path!r}: write {path.rstrip('/')!r}, which closes the path and everything below it")
    if _UNUSUAL.search(re.sub(r"[A-Z]", "", path)):
        raise ValueError(f"{keyword}={path!r}: write the path plainly, as it stands in the route")
    return path
