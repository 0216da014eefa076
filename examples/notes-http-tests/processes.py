"""Starts a program, waits for its ready line, stops it."""

from __future__ import annotations

import os
import queue
import re
import signal
import subprocess
import threading
from pathlib import Path

STARTED_WITHIN = 60
STOPPED_WITHIN = 5


class NotReady(Exception):
    """The program ended, or said nothing in time. The text is what it wrote on standard error."""


class Program:
    """A running program that printed `… ready on http://…`."""

    def __init__(self, command: list[str], log: Path, env: dict[str, str] | None = None) -> None:
        self.log = log
        self._errors = log.open("wb")
        self.process = subprocess.Popen(
            command, env={**os.environ, **(env or {})}, stdout=subprocess.PIPE, stderr=self._errors, text=True
        )
        self.lines: list[str] = []
        arriving: queue.Queue[str | None] = queue.Queue()
        self._reader = threading.Thread(target=self._read, args=(arriving,), daemon=True)
        self._reader.start()
        self.url = self._wait(arriving)

    def _read(self, arriving: queue.Queue[str | None]) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line.rstrip("\n"))
            arriving.put(line)
        arriving.put(None)

    def _wait(self, arriving: queue.Queue[str | None]) -> str:
        while True:
            try:
                line = arriving.get(timeout=STARTED_WITHIN)
            except queue.Empty:
                line = None
            if line is None:
                self.process.kill()
                self.process.wait()
                raise NotReady(self.log.read_text(errors="replace"))
            if found := re.search(r"ready on (https?://\S+)", line):
                return found[1]

    def stop(self) -> int:
        """SIGTERM; the exit code."""
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(STOPPED_WITHIN)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError(f"still running {STOPPED_WITHIN} s after SIGTERM") from None
        finally:
            self._reader.join()
            self._errors.close()
