"""Requests a second of a guarded FastAPI route under uvicorn, against the same route open, in one run.

    $(scripts/python-env --bench) bench/python/guard_http.py [--quick]

One uvicorn worker (uvloop, httptools, no access log) on core 0, the driver of bench/ with 32 connections on core 1. Forms
alternate in rounds; the best round of each counts, and the median of the ratios of each round stands beside. The token is seen
before. What is compared to nothing but the open route has no bar; the aims are 0.72 for a dependency and 0.85 for `protect=`.
"""

import argparse
import asyncio
import os
import statistics
import subprocess
import sys
import threading
from pathlib import Path

import uvicorn

sys.path.insert(0, str(Path(__file__).parent))
from guard_cpu import Route, ours, peers, unguarded  # noqa: E402
from verify import Case, case  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]
DRIVER = os.environ.get("GATEPOST_BENCH", str(ROOT / "target/release/gatepost-bench"))
AIMS = {"CurrentUser": 0.72, "require(role=)": 0.72, "protect= and AuthedRequest": 0.85}


def serve(routes: dict[str, Route]) -> dict[str, int]:
    """Serves every app on a port of its own, from one thread tied to core 0. Ports by the name of the row."""
    apps = {id(app): app for app, _ in routes.values()}
    servers: dict[int, uvicorn.Server] = {}
    for number, app in apps.items():
        # The issuer is nobody: the keys are put into place, and are not fetched at the start.
        config = uvicorn.Config(app, port=0, loop="uvloop", http="httptools", access_log=False, lifespan="off", log_level="error")
        servers[number] = uvicorn.Server(config)

    async def run() -> None:
        os.sched_setaffinity(0, {0})
        await asyncio.gather(*(server.serve() for server in servers.values()))

    threading.Thread(target=lambda: asyncio.Runner(loop_factory=config.get_loop_factory()).run(run()), daemon=True).start()
    while not all(server.started for server in servers.values()):
        threading.Event().wait(0.01)
    ports = {number: server.servers[0].sockets[0].getsockname()[1] for number, server in servers.items()}
    return {name: ports[id(app)] for name, (app, _) in routes.items()}


def drive(port: int, path: str, token: str, seconds: float) -> float:
    """Requests a second."""
    told = subprocess.run([DRIVER, "drive", f"127.0.0.1:{port}", path, token, str(seconds)], capture_output=True, text=True, check=False)
    if told.returncode != 0:
        raise SystemExit(f"guard_http: {told.stderr.strip()}")
    return float(told.stdout)


def main(of: Case) -> None:
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--quick", action="store_true", help="fewer rounds: for a look, not for a record")
    rounds, seconds = (2, 0.5) if arguments.parse_args().quick else (9, 1.0)
    routes = {"open": unguarded(), **ours(of), **peers(of)}
    ports = serve(routes)
    rates: dict[str, list[float]] = {name: [] for name in routes}
    for _ in range(rounds):
        for name, (_, path) in routes.items():
            rates[name].append(drive(ports[name], path, of.tokens[0], seconds))
    print(f"{of.algorithm + ', token seen before: requests/s, 32 connections':<52} {'best':>8} {'ratio':>8} {'median':>8} {'aim':>8}")
    for name, measured in rates.items():
        ratio = max(measured) / max(rates["open"])
        median = statistics.median(one / base for one, base in zip(measured, rates["open"], strict=True))
        aim = f">= {AIMS[name]:g}" if name in AIMS else ""
        print(f"{name:<52} {max(measured):>8.0f} {ratio:>8.2f} {median:>8.2f} {aim:>8}")


if __name__ == "__main__":
    main(case("EdDSA", 1))
