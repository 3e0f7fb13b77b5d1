"""Who takes part, and the process that works for each."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import tempfile
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from benchmarks._case import Entrant

ROOT = Path(__file__).parents[1]
ENVIRONMENTS = ROOT / ".bench"
PEERS = Path(__file__).with_name("peers.toml")
PATIENCE = 900.0
"""Seconds that one answer may take."""

# glibc returns large blocks to the system on `free`, and touching fresh pages again costs more than most arithmetic.
KEPT = {"MALLOC_MMAP_MAX_": "0", "MALLOC_TRIM_THRESHOLD_": str(2**40), "MALLOC_TOP_PAD_": str(2**26)}

VARIANTS: dict[str, tuple[dict[str, str], dict[str, Any]]] = {
    "bfloat16": ({}, {"precision": "bfloat16"}),
    "compiled": ({}, {"compiled": True}),
    "int8": ({}, {"bits": 8}),
    "default memory": ({}, {"freed": "default"}),
    "kept memory": (KEPT, {}),
    "recomputed": ({}, {"recomputed": True}),
    "smallest": ({}, {"neurons": 10**4, "checked": 0}),
}
"""What a variant adds: to the process's environment, to the parameters of the case."""


class PeerError(Exception):
    """A peer could not do what it was asked; the record says why."""


@dataclass(frozen=True)
class Peer:
    """One line of ``peers.toml``: where a library lives and which module speaks for it."""

    name: str
    module: str
    family: str
    environment: str = ""
    python: str = ""

    @property
    def executable(self) -> Path:
        """The interpreter of its environment."""
        if not self.environment:
            return Path(sys.executable)
        return ENVIRONMENTS / self.environment / "bin" / "python"


def peers(path: Path = PEERS) -> dict[str, Peer]:
    """Read who takes part."""
    return {name: Peer(name, **entry) for name, entry in tomllib.loads(path.read_text()).items()}


class Process:
    """A worker: started, asked, ended.

    Parameters
    ----------
    peer : Peer
    entrant : Entrant
    threads : int
        Threads of every library; the process is held to as many processors.
    """

    def __init__(self, peer: Peer, entrant: Entrant, threads: int) -> None:
        self.peer, self.entrant = peer, entrant
        if not peer.executable.exists():
            raise PeerError(_missing(peer.environment))
        self._errors = tempfile.TemporaryFile("w+")  # noqa: SIM115 - closed with the process
        self._process = subprocess.Popen(
            [peer.executable, "-m", "benchmarks.worker", peer.module, str(threads)],
            cwd=ROOT,
            env=environment(entrant.variant, threads),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
        )
        self.versions: dict[str, str] = {}

    def ask(self, do: str, **about: object) -> dict[str, Any]:
        """Send one word and wait for its answer; PeerError if the worker fails, dies or takes too long."""
        try:
            self._process.stdin.write(json.dumps({"do": do, **about}).encode() + b"\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            raise PeerError(self._last_words()) from None
        return self._answer()

    def _answer(self) -> dict[str, Any]:
        ready, _, _ = select.select([self._process.stdout], [], [], PATIENCE)
        if not ready:
            self._process.kill()
            raise PeerError(f"no answer in {PATIENCE:.0f} s")
        line = self._process.stdout.readline()
        if not line:
            raise PeerError(self._last_words())
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            raise PeerError(answer["error"])
        return answer

    def _last_words(self) -> str:
        code = self._process.wait()
        self._errors.seek(0)
        words = self._errors.read().strip().splitlines()[-1:]
        return ": ".join([f"ended with code {code}", *words])

    def __enter__(self) -> Self:
        try:
            self.versions = self._answer()["versions"]
        except PeerError:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.communicate()
        self._errors.close()


def _missing(environment: str) -> str:
    failure = ENVIRONMENTS / f"{environment}.failed"
    if failure.exists():
        return f"could not be installed: {failure.read_text().strip()}"
    return f"there is no environment .bench/{environment}; `make bench-peers` makes it"


def parameters_of(entrant: Entrant, parameters: dict[str, Any]) -> dict[str, Any]:
    """Return a case's parameters with those of the variant."""
    merged = dict(parameters)
    for name in filter(None, entrant.variant.split("+")):
        merged |= VARIANTS[name][1]
    return merged


def environment(variant: str, threads: int) -> dict[str, str]:
    """Return a process's environment with what a variant adds; the driver's own settings do not leak in."""
    libraries = ("OMP", "MKL", "OPENBLAS", "NUMBA")
    own = ("PYTHONPATH", "MALLOC_")
    inherited = {key: value for key, value in os.environ.items() if not key.startswith(own)}
    counts = {f"{library}_NUM_THREADS": str(threads) for library in libraries}
    extra: dict[str, str] = {}
    for name in filter(None, variant.split("+")):
        extra |= VARIANTS[name][0]
    return {**inherited, **counts, **extra}
