"""The page about clients that register themselves: its lines for a shell run as they stand, top to bottom."""

from __future__ import annotations

import subprocess

from test_guide import REALM, blocks

PAGE = "registration.md"


def test_the_lines_of_the_page_run(server: str) -> None:
    lines = "\n".join(blocks(PAGE, "sh")).replace("https://auth.example.com", server)
    assert lines
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", lines], capture_output=True, text=True, timeout=30, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.split() == ["true"] * 3


def test_the_realm_of_the_page_is_the_one_they_run_in() -> None:
    assert all(block.strip() in REALM for block in blocks(PAGE, "toml"))
