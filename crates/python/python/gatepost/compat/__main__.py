"""`python -m gatepost.compat -- uvicorn app:app`: a command in which vendors' packages are the modules of this package.

So are they in every process that the command starts: reloaders, workers.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

from gatepost.compat import names, path_of

_USAGE = "usage: python -m gatepost.compat [NAME...] -- COMMAND [ARGUMENT...]"


def main(arguments: list[str]) -> int:
    """Runs the command in place of this process. The names are those of packages; all that there are if none is given."""
    packages, found, command = _parted(arguments)
    if not found or not command:
        return _refused(f"{_USAGE}\nThe names are {', '.join(names())}; all of them if none is given.")
    for package in packages:
        if package not in names():
            return _refused(f"gatepost.compat: there is no {package}; there is {', '.join(names())}")
    # Beside this interpreter first: that is where the application's packages are, on the path or not.
    beside = os.path.dirname(sys.executable)
    program = shutil.which(command[0], path=os.pathsep.join([beside, os.environ.get("PATH", os.defpath)]))
    if program is None:
        return _refused(f"gatepost.compat: {command[0]} is not there; is it installed beside {sys.executable}?")
    paths = [str(path_of(package)) for package in packages or names()]
    known = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = os.pathsep.join([*paths, *([known] if known else [])])
    if os.name == "nt":  # There the caller would not wait for what replaces this process.
        return subprocess.call([program, *command[1:]])
    sys.stdout.flush()
    sys.stderr.flush()
    # By its path: an interpreter that is told its name alone looks for itself, and finds another.
    os.execv(program, [program, *command[1:]])


def _parted(arguments: list[str]) -> tuple[list[str], bool, list[str]]:
    """What stands before and after the dashes, and whether they are there."""
    if "--" not in arguments:
        return arguments, False, []
    at = arguments.index("--")
    return arguments[:at], True, arguments[at + 1 :]


def _refused(message: str) -> int:
    print(message, file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
