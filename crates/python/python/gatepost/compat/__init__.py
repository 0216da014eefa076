"""Modules that other vendors' Python packages are imported as, over Gatepost.

Nothing here takes a vendor's name by itself. `install("scalekit")` gives it that name for the rest of the process, and
`python -m gatepost.compat -- uvicorn app:app` does so for a command and everything that it starts.
"""

from __future__ import annotations

import importlib
import pkgutil
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

from gatepost.errors import GatepostError

__all__ = ["install", "names"]

_HERE = Path(__file__).resolve().parent


def names() -> list[str]:
    """The packages that there is a module for."""
    # A package here, and beside it what a process imports that was started with the name on its path.
    return sorted(each.name for each in pkgutil.iter_modules([str(_HERE)]) if path_of(each.name).is_dir())


def install(*packages: str) -> None:
    """Makes `import scalekit`, and so on, mean the module of this name here, for the rest of the process.

    Call it before anything imports the package. A `GatepostError` if there is no such module, or if the vendor's own package was
    imported before. Calling it again changes nothing.
    """
    for package in packages:
        if package not in names():
            raise GatepostError(f"there is no gatepost.compat.{package}; there is {', '.join(names())}")
    for package in packages:
        ours = importlib.import_module(f"{__name__}.{package}")
        known = sys.modules.get(package)
        if known is not None and known is not ours and not _is_doorway(known):
            raise GatepostError(f"{package} has been imported already; call install({package!r}) before the first import of it")
        for name, module in _modules(ours):
            sys.modules[package + name] = module


def path_of(package: str) -> Path:
    """A folder in which the package can be found under the vendor's name."""
    return _HERE / "_names" / package


def _is_doorway(module: ModuleType) -> bool:
    file = getattr(module, "__file__", None)
    return file is not None and Path(file).resolve().parent.parent == _HERE / "_names"


def _modules(package: ModuleType) -> Iterator[tuple[str, ModuleType]]:
    """The package and everything in it, with what follows its name."""
    yield "", package
    prefix = f"{package.__name__}."
    for each in pkgutil.walk_packages(package.__path__, prefix):
        if each.name.rpartition(".")[2].startswith("_"):
            continue
        try:
            yield each.name[len(package.__name__) :], importlib.import_module(each.name)
        except ModuleNotFoundError as missing:
            # What a module of ours is for need not be installed. Whoever imports that module is told so.
            if (missing.name or __name__).partition(".")[0] == "gatepost":
                raise
