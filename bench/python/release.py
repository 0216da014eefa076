"""Whether letting the interpreter go around a signature check is worth it.

    $(scripts/python-env --bench) bench/python/release.py

Two threads that only verify, and one verifying thread beside a busy one, with the interpreter held and let go. The decision
(held) stands in crates/python/src/verifier.rs; run this before changing it.
"""

from __future__ import annotations

import threading
import time
from typing import Any

from gatepost import _native
from verify import case, unpad


def main() -> None:
    of = case("EdDSA", 200)
    signed = [(message.encode(), unpad(signature)) for message, signature in (token.rsplit(".", 1) for token in of.tokens)]
    native: Any = _native
    many = native.RawVerify("EdDSA", of.raw_key, signed)
    one = native.RawVerify("EdDSA", of.raw_key, signed[:1])
    for release in (False, True):
        print(f"{'let go' if release else 'held'}: {together(many, release):.0f} checks/s in two threads; {beside(one, release)}")


def together(checks: Any, release: bool) -> float:
    """Checks a second of two threads, best of five."""

    def work() -> None:
        for _ in range(40):
            checks.run(release=release)

    best = float("inf")
    for _ in range(5):
        threads = [threading.Thread(target=work) for _ in range(2)]
        began = time.perf_counter()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        best = min(best, time.perf_counter() - began)
    return 2 * 40 * 200 / best


def beside(check: Any, release: bool) -> str:
    """How long one check takes where another thread computes."""
    ended = threading.Event()

    def busy() -> None:
        while not ended.is_set():
            sum(range(1000))

    neighbour = threading.Thread(target=busy)
    neighbour.start()
    took = []
    for _ in range(1500):
        began = time.perf_counter()
        check.run(release=release)
        took.append((time.perf_counter() - began) * 1e6)
    ended.set()
    neighbour.join()
    took.sort()
    return f"beside a busy thread {took[750]:.0f} us median, {took[1485]:.0f} us p99"


if __name__ == "__main__":
    main()
