"""The page about clients that register themselves: its lines for a shell run as they stand, top to bottom."""

from __future__ import annotations

import subprocess

from test_guide import ADDRESS, blocks, is_part_of_the_realm

PAGE = "registration.md"


def test_the_lines_of_the_page_run(server: str) -> None:
    lines = "\n".join(blocks(PAGE, "sh")).replace(ADDRESS, server)
    assert lines
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", lines], capture_output=True, text=True, timeout=30, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.split() == ["true"] * 3


def test_the_realm_of_the_page_is_the_one_they_run_in() -> None:
    assert all(map(is_part_of_the_realm, blocks(PAGE, "toml")))
