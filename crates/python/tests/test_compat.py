"""Vendors' names: taken on request, and never otherwise."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import gatepost.compat
from gatepost import GatepostError

PACKAGE = Path(gatepost.compat.__file__).resolve().parents[2]


def run(*arguments: str, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """An interpreter that knows this package and nothing of the vendor's."""
    known = {**os.environ, "PYTHONPATH": str(PACKAGE), **(env or {})}
    return subprocess.run([sys.executable, *arguments], env=known, capture_output=True, text=True, timeout=60)


def test_no_name_is_taken_unless_asked_for() -> None:
    code = "import gatepost, gatepost.compat, sys; print({'scalekit', 'zalt_auth'} & set(sys.modules))"
    assert run("-c", code).stdout == "set()\n"
    assert gatepost.compat.names() == ["scalekit", "zalt_auth"]


def test_install_gives_the_name_to_the_package_and_everything_in_it() -> None:
    code = """
import gatepost.compat
gatepost.compat.install("scalekit")
gatepost.compat.install("scalekit")
from scalekit import ScalekitClient
from scalekit.common.scalekit import TokenValidationOptions
import scalekit.common.exceptions
import gatepost.compat.scalekit as ours
print(scalekit is ours, scalekit.ScalekitClient is ScalekitClient is ours.ScalekitClient)
try:
    import scalekit.frameworks.fastapi
except ModuleNotFoundError as error:
    print(error)
"""
    done = run("-c", code)
    assert done.stdout == "True True\nNo module named 'scalekit.frameworks'\n", done.stderr


def test_what_guards_a_framework_comes_with_the_name() -> None:
    code = """
import gatepost.compat
gatepost.compat.install("zalt_auth")
from zalt_auth import User, ZaltClient
from zalt_auth.integrations.fastapi import ZaltFastAPI, get_current_user, get_optional_user, require_permissions
import gatepost.compat.zalt_auth as ours
import gatepost.compat.zalt_auth.integrations.fastapi as guards
print(User is ours.User, get_current_user is guards.get_current_user)
"""
    done = run("-c", code)
    assert done.stdout == "True True\n", done.stderr


def test_a_framework_that_is_not_installed_is_missed_by_whoever_imports_what_guards_it(tmp_path: Path) -> None:
    (tmp_path / "fastapi.py").write_text("raise ModuleNotFoundError(\"No module named 'fastapi'\", name='fastapi')")
    code = """
import gatepost.compat
gatepost.compat.install("zalt_auth")
from zalt_auth import ZaltClient
print(ZaltClient.__module__.partition("._")[0])
try:
    import zalt_auth.integrations.fastapi
except ModuleNotFoundError as error:
    print(error)
"""
    done = run("-c", code, env={"PYTHONPATH": f"{tmp_path}{os.pathsep}{PACKAGE}"})
    assert done.stdout == "gatepost.compat.zalt_auth\nNo module named 'fastapi'\n", done.stderr


def test_a_package_that_was_imported_before_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "scalekit.py").write_text("")
    code = """
import scalekit, sys, gatepost.compat
theirs = scalekit
try:
    gatepost.compat.install("scalekit")
except gatepost.GatepostError as error:
    print(sys.modules["scalekit"] is theirs, error)
"""
    done = run("-c", code, env={"PYTHONPATH": f"{tmp_path}{os.pathsep}{PACKAGE}"})
    assert done.stdout.startswith("True scalekit has been imported already; call install('scalekit')"), done.stderr


def test_what_there_is_no_module_for_is_refused_by_name() -> None:
    with pytest.raises(GatepostError, match="there is no gatepost.compat.auth0; there is scalekit"):
        gatepost.compat.install("auth0")
    with pytest.raises(GatepostError):
        gatepost.compat.install("_names")


def test_a_command_and_what_it_starts_find_the_name(tmp_path: Path) -> None:
    child = "import scalekit; print(scalekit.__name__)"
    program = tmp_path / "program.py"
    program.write_text(
        "import subprocess, sys\n"
        "from scalekit.common.scalekit import GrantType\n"
        "print(GrantType.__module__, sys.argv[1:], flush=True)\n"
        f"sys.exit(subprocess.call([sys.executable, '-c', {child!r}]))\n"
    )
    for names in ([], ["scalekit"]):
        done = run("-m", "gatepost.compat", *names, "--", "python", str(program), "--", "-m")
        expected = "gatepost.compat.scalekit.common.scalekit ['--', '-m']\ngatepost.compat.scalekit\n"
        assert (done.returncode, done.stdout) == (0, expected), done.stderr
    program.write_text("from zalt_auth.integrations.fastapi import ZaltFastAPI; print(ZaltFastAPI.__module__)")
    for names in ([], ["zalt_auth"]):
        done = run("-m", "gatepost.compat", *names, "--", "python", str(program))
        assert done.stdout == "gatepost.compat.zalt_auth.integrations.fastapi\n", done.stderr


def test_the_name_is_found_before_the_vendors_own(tmp_path: Path) -> None:
    (tmp_path / "scalekit.py").write_text("raise RuntimeError('the vendor')")
    code = "import scalekit; print(scalekit.__name__)"
    env = {"PYTHONPATH": f"{PACKAGE}{os.pathsep}{tmp_path}"}
    done = run("-m", "gatepost.compat", "--", "python", "-c", code, env=env)
    assert done.stdout == "gatepost.compat.scalekit\n", done.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "usage: python -m gatepost.compat [NAME...] -- COMMAND"),
        (["--"], "usage: "),
        (["uvicorn", "app:app"], "usage: "),
        (["auth0", "--", "python"], "there is no auth0; there is "),
        (["--", "no-such-command"], "no-such-command is not there"),
    ],
)
def test_a_command_line_that_is_none_is_refused(arguments: list[str], said: str) -> None:
    done = run("-m", "gatepost.compat", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr
